// SPDX-License-Identifier: Apache-2.0
// Production mode: the page shows the slots and takes scans and retries, nothing else, until it is unlocked. It keeps
// wrong hands from wandering; what somebody is allowed to do is the station's business (roles), not the page's.
// Opening the page at #/production locks it at once, for a kiosk.
import { effect, signal } from '@preact/signals';
import { go, route } from './route.js';
import { read_setting, write_setting } from './settings.js';

export const production = signal(read_setting('production') !== null);

export function lock(pin) {
  write_setting('production', pin);
  production.value = true;
  go('#/');
}

/** False: the wrong PIN. */
export function unlock(pin) {
  if (pin !== (read_setting('production') ?? '')) return false;
  write_setting('production', null);
  production.value = false;
  return true;
}

export const pin_needed = () => Boolean(read_setting('production'));

effect(() => {
  if (route.value.view === 'production' && !production.peek()) lock('');
  else if (production.value && route.value.view !== '') go('#/');
});
