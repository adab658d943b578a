// SPDX-License-Identifier: Apache-2.0
// What the page knows of the station. Fed by live.js; read by the parts, each of which draws again only when the
// signal it reads has changed: a change of one slot costs one tile.
import { batch, computed, signal } from '@preact/signals';

/** The states in which a slot keeps what became of its board. */
export const ended = new Set(['passed', 'failed', 'refused', 'abandoned']);
export const recent_kept = 20;

export const station = signal({ station: '', operator: '', started_at: '', stopping: false });
export const cloud = signal(null);
export const ledger = signal({ writable: true, trouble: '' });
export const orders = signal([]);
export const slot_names = signal([]);
/** The last outcomes, newest first: { key, outcome, slot, serial, attempt, failure_code }. */
export const recent = signal([]);
/** 'connecting' before the first answer, 'live', or 'lost' since `connection_since`. */
export const connection = signal('connecting');
export const connection_since = signal(Date.now());
/** The station's clock minus the browser's, in milliseconds. */
export const clock_offset = signal(0);

const slots = new Map();
const listeners = new Set();

const nothing = Object.freeze({ slot: '', state: 'empty', plugged: false });

/** The signal of one slot; made on first use, kept for the page's life. */
export function slot_signal(name) {
  let found = slots.get(name);
  if (!found) {
    found = signal({ ...nothing, slot: name });
    slots.set(name, found);
  }
  return found;
}

/** The slots whose boards wait for their labels. */
export const awaited = computed(() => slot_names.value.filter((name) => slot_signal(name).value.state === 'waiting-for-scan'));

/** `listener(slot_status)` is called for each outcome that is seen to happen (not for those found on connecting). */
export function on_outcome(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A slot's status does not say whether the same board was tried again: the attempt does, else since when. */
const outcome_key = (status) => status.attempt_id || `${status.slot} ${status.since}`;

// The header does not draw again for each of many outcomes.
const gather_ms = 150;
let gathered = [];
let gathering = 0;

function show_gathered() {
  gathering = 0;
  const keys = new Set(gathered.map((e) => e.key));
  recent.value = [...gathered, ...recent.value.filter((e) => !keys.has(e.key))].slice(0, recent_kept);
  gathered = [];
}

function note_outcome(status) {
  const entry = {
    key: outcome_key(status),
    outcome: status.state,
    slot: status.slot,
    serial: status.serial ?? '',
    attempt: status.attempt_id ?? '',
    failure_code: status.failure_code ?? '',
  };
  gathered = [entry, ...gathered.filter((e) => e.key !== entry.key)].slice(0, recent_kept);
  if (!gathering) gathering = setTimeout(show_gathered, gather_ms);
  for (const listener of listeners) listener(status);
}

/** The newest attempts as the ledger has them, on connecting. */
export function set_recent(attempts) {
  recent.value = attempts
    .filter((a) => ended.has(a.outcome))
    .slice(0, recent_kept)
    .map((a) => ({
      key: a.attempt_id,
      outcome: a.outcome,
      slot: a.slot,
      serial: a.serial ?? '',
      attempt: a.attempt_id,
      failure_code: a.failure_code ?? '',
    }));
}

/** The whole truth, after connecting. */
export function apply_snapshot(status) {
  batch(() => {
    apply_station(status);
    const names = (status.slots ?? []).map((s) => s.slot);
    if (names.join('\n') !== slot_names.value.join('\n')) slot_names.value = names;
    for (const each of status.slots ?? []) put_slot(each);
  });
}

function put_slot(status) {
  latest.set(status.slot, status);
  waiting.delete(status.slot);
  replace(slot_signal(status.slot), status);
}

/** What was last heard of each slot; the signals may be a few frames behind. */
const latest = new Map();
const waiting = new Map();

// The page keeps its frames where it can: a frame takes as many changed slots as the last frames had time for, the oldest
// change first; a slot that changes again while it waits is drawn once. But none waits much longer than half a second,
// whatever that costs in frames.
const frame_goal_ms = 24;
const longest_wait_ms = 500;
const fewest_slots = 4;
const most_slots = 256;
let slots_a_frame = 64;
let last_frame = 0;
let scheduled = false;

function flush(frame_time) {
  scheduled = false;
  const took = frame_time - last_frame;
  last_frame = frame_time;
  if (took > frame_goal_ms && took < 1000) slots_a_frame = Math.max(fewest_slots, Math.floor(slots_a_frame * 0.7));
  else slots_a_frame = Math.min(most_slots, slots_a_frame + 2);
  batch(() => {
    const owed = Math.ceil((waiting.size * Math.min(took, longest_wait_ms)) / longest_wait_ms);
    let left = document.hidden ? Infinity : Math.max(slots_a_frame, owed);
    for (const [name, status] of waiting) {
      if (left-- <= 0) break;
      waiting.delete(name);
      slot_signal(name).value = status;
    }
  });
  if (waiting.size > 0) schedule();
}

/** A hidden page gets no frames; it must not grow old for that. */
function schedule() {
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(() => flush(performance.now()), 200);
  else requestAnimationFrame(flush);
}

function change_slot(status) {
  if (!latest.has(status.slot)) slot_names.value = [...slot_names.value, status.slot];
  const before = latest.get(status.slot);
  latest.set(status.slot, status);
  waiting.set(status.slot, status);
  const is_new =
    ended.has(status.state) &&
    (!before || before.state !== status.state || outcome_key(before) !== outcome_key(status));
  if (is_new) note_outcome(status);
  schedule();
}

/** Everything of the station but its slots. Parts that did not change are left as they are: nobody draws again. */
function apply_station(status) {
  replace(station, {
    station: status.station, operator: status.operator ?? '', started_at: status.started_at, stopping: Boolean(status.stopping),
  });
  replace(cloud, status.cloud ?? null);
  replace(ledger, { writable: status.ledger_writable !== false, trouble: status.ledger_trouble ?? '' });
  replace(orders, status.orders ?? []);
}

function replace(target, value) {
  if (JSON.stringify(target.value) !== JSON.stringify(value)) target.value = value;
}

/** One message after the snapshot. What the page does not know it leaves alone. */
export function apply_change(message) {
  batch(() => {
    if (message.station) apply_station(message.station);
    message.slots?.forEach(change_slot);
  });
}

export function set_connection(state) {
  if (connection.value === state) return;
  batch(() => {
    connection.value = state;
    connection_since.value = Date.now();
  });
}

/** The station's time now, in milliseconds since 1970. */
export const station_now = () => Date.now() + clock_offset.value;
