// SPDX-License-Identifier: Apache-2.0
// Today's figures and the last outcomes for the order header: asked for on connecting, then soon after an outcome.
import { signal } from '@preact/signals';
import { get_json, query } from './api.js';
import { on_connected } from './live.js';
import { connection, on_outcome, recent_kept, set_recent, station_now } from './store.js';

const after_outcome_ms = 1500;
const at_least_every_ms = 60000;

/** { first_pass_yield, units_per_hour } of today, or null while not known. */
export const today = signal(null);

let timer = 0;

/** Local midnight: the operator's day. */
function midnight() {
  const day = new Date(station_now());
  day.setHours(0, 0, 0, 0);
  return day.toISOString();
}

async function refresh() {
  clearTimeout(timer);
  timer = 0;
  if (connection.value === 'live') {
    try {
      const stats = await get_json(`/stats${query({ since: midnight() })}`);
      today.value = stats.total;
    } catch {
      today.value = null;
    }
  }
  timer = setTimeout(refresh, at_least_every_ms);
}

let asked_soon = 0;
function soon() {
  if (asked_soon) return;
  asked_soon = setTimeout(() => {
    asked_soon = 0;
    refresh();
  }, after_outcome_ms);
}

async function load_recent() {
  try {
    const answer = await get_json(`/attempts${query({ limit: recent_kept * 2 })}`);
    set_recent(answer.attempts);
  } catch {
    // The header then shows what happens from now on.
  }
}

export function start() {
  on_outcome(soon);
  on_connected(() => {
    refresh();
    load_recent();
  });
}
