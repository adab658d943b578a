// SPDX-License-Identifier: Apache-2.0
// As what the station takes us. It decides what is done; the page shows people only what they may do.
import { computed, effect, signal } from '@preact/signals';
import { get_json, sign_ins, signed_in } from './api.js';
import { on_connected } from './live.js';
import { production } from './production.js';

/** { role, name }; no role while it is not known. */
export const who = signal({ role: '', name: '' });

/** May open work orders and release boards, here and now. */
export const engineer = computed(() => who.value.role === 'engineer' && !production.value);

async function ask() {
  try {
    who.value = await get_json('/me');
  } catch (problem) {
    // A station older than this question: what may not be done is refused when it is tried.
    if (problem.status === 404) who.value = { role: signed_in() ? 'engineer' : 'operator', name: '' };
    else if (problem.status !== 0) who.value = { role: '', name: '' };
  }
}

export function start() {
  on_connected(ask);
  effect(() => {
    if (sign_ins.value > 0) ask();
  });
}
