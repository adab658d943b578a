// SPDX-License-Identifier: Apache-2.0
// Production mode: the page shows the slots and takes scans and retries, nothing else, until it is unlocked. It keeps
// wrong hands from wandering; what somebody is allowed to do is the station's business (roles), not the page's.
// Opening the page at #/production/PIN locks it at once, for a kiosk; without a PIN anybody can unlock it.
import { effect, signal } from '@preact/signals';
import { sign_out } from './api.js';
import { go_instead, route } from './route.js';
import { read_setting, write_setting } from './settings.js';

export const production = signal(read_setting('production') !== null);

export function lock(pin) {
  write_setting('production', pin);
  sign_out();
  production.value = true;
}

/** False: the wrong PIN. */
export function unlock(pin) {
  if (pin !== (read_setting('production') ?? '')) return false;
  write_setting('production', null);
  production.value = false;
  return true;
}

/** What may be chosen as a PIN on the page. */
export const is_pin = (text) => /^\d{4,8}$/.test(text);

export const pin_needed = () => Boolean(read_setting('production'));

effect(() => {
  if (route.value.view === 'production' && !production.peek()) lock(route.value.id);
  if (production.value && route.value.view !== '') go_instead('#/'); // the PIN is not left behind
});
