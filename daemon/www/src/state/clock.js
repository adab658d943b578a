// SPDX-License-Identifier: Apache-2.0
// One tick a second for everything that shows how long something has taken.
import { signal } from '@preact/signals';

export const tick = signal(Date.now());
setInterval(() => (tick.value = Date.now()), 1000);
