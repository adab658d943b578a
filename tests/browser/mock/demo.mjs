// SPDX-License-Identifier: Apache-2.0
// The page with a made-up line behind it, to look at:  node mock/demo.mjs [SLOTS] [PORT]
import { Station } from './station.mjs';
import { page_directory } from '../support/browser.mjs';
import { at_step, fail, pass, plug, unplug } from './boards.mjs';

const count = Number(process.argv[2] ?? 16);
const names = slot_names(count);
const station = new Station({ page: page_directory, slots: names });
station.port = Number(process.argv[3] ?? 8089);
station.ledger.fill(800, { slots: names });
await station.start();
console.log(`${station.url} with ${count} slots; end with Ctrl-C`);

export function slot_names(n) {
  const row = n > 64 ? 16 : 8;
  return Array.from({ length: n }, (_, i) => `${String.fromCharCode(65 + Math.floor(i / row))}${(i % row) + 1}`);
}

const steps = ['csr', 'issue', 'register', 'deliver', 'prove', 'finish'];
setInterval(() => {
  const name = names[Math.floor(Math.random() * names.length)];
  const slot = station.slot(name);
  if (!slot.plugged) plug(station, name);
  else if (slot.state !== 'working') unplug(station, name);
  else {
    const next = steps[steps.indexOf(slot.step) + 1];
    if (!next) pass(station, name);
    else if (Math.random() < 0.02) fail(station, name, 'device-no-answer');
    else at_step(station, name, next);
  }
}, 4000 / count);
