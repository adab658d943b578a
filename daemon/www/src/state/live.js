// SPDX-License-Identifier: Apache-2.0
// The live feed: a snapshot, then numbered changes. Whatever happens to the daemon, the network or the tab, the page
// says so and comes back by itself with the truth.
import { base, get_json, signed_out } from './api.js';
import * as store from './store.js';

const first_wait_ms = 300;
const longest_wait_ms = 2000;
const silence_ms = 6000;

let socket = null;
let epoch = '';
let last_seq = null;
let last_heard = 0;
let wait_ms = first_wait_ms;
let timer = 0;
const connected_listeners = new Set();

/** Called when the feed is up again: time to ask for what it does not carry. */
export const on_connected = (listener) => connected_listeners.add(listener);

/** With the number of the last message, so that a page that slept gets what it missed. */
function address() {
  const url = new URL(`${base}/live`, location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  if (last_seq !== null) url.searchParams.set('since', `${epoch}-${last_seq}`);
  return url;
}

/** A number that is missing means that something is not known: only a new snapshot is the truth then. */
function receive(message) {
  last_heard = Date.now();
  if (message.now) store.clock_offset.value = Date.parse(message.now) - Date.now();
  if (message.type === 'change') {
    if (message.seq !== last_seq + 1) {
      last_seq = null;
      reconnect(0);
      return;
    }
    store.apply_change(message);
  } else {
    epoch = message.epoch;
    if (message.type === 'snapshot') store.apply_snapshot(message.status);
    live();
  }
  last_seq = message.seq;
}

function live() {
  wait_ms = first_wait_ms;
  if (store.connection.value === 'live') return;
  store.set_connection('live');
  for (const listener of connected_listeners) listener();
}

function close() {
  const old = socket;
  socket = null;
  if (!old) return;
  old.onmessage = old.onclose = null;
  old.close();
}

function reconnect(after_ms) {
  close();
  clearTimeout(timer);
  timer = setTimeout(connect, after_ms);
}

function lost() {
  if (store.connection.value === 'live') store.set_connection('lost');
  reconnect(wait_ms);
  wait_ms = Math.min(wait_ms * 1.5, longest_wait_ms);
}

function connect() {
  close();
  socket = new WebSocket(address());
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = lost;
  last_heard = Date.now();
}

/** A cable that was pulled closes nothing: silence is questioned, and a handshake that hangs is given up. */
async function watch() {
  if (signed_out.value || Date.now() - last_heard < silence_ms) return;
  last_heard = Date.now();
  if (store.connection.value !== 'live') {
    lost();
    return;
  }
  try {
    await get_json('/status', { timeout_ms: 3000 });
  } catch {
    lost();
  }
}

export function start() {
  connect();
  setInterval(watch, 1500);
  const now = () => {
    if (store.connection.value !== 'live') reconnect(0);
  };
  addEventListener('online', now);
  document.addEventListener('visibilitychange', () => document.hidden || now());
}
