// SPDX-License-Identifier: Apache-2.0
// 256 slots that change ten times a second on one open page: 30 frames a second at least, on two cores that also run
// the browser's drawing without a GPU and the station that sends.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { row, set_scene, eventually } from './support/scene.mjs';

const slots = row(256).map((_, i) => `S${i + 1}`);
const scene = set_scene({ slots });
const steps = ['identify', 'admit', 'csr', 'issue', 'register', 'deliver', 'prove', 'finish'];
const seconds = 6;

/** Ten times a second every slot changes: the step, and now and then a PASS, a FAIL, a new board. */
function churn(round) {
  scene.station.put_many(slots.map((slot, i) => {
    const at = (round + i) % 12;
    if (at < 8) return [slot, { state: 'working', plugged: true, step: steps[at], serial: `SN-${i}-${round - at}`, attempt_id: `${i}-${round - at}`, failure_code: '', since: new Date().toISOString() }];
    if (at < 10) return [slot, { state: i % 16 === 0 ? 'failed' : 'passed', failure_code: i % 16 === 0 ? 'device-no-answer' : '', thing_name: `thing-${i}` }];
    return [slot, { state: 'empty', plugged: false, serial: '' }];
  }));
}

test('256 slots changing ten times a second keep 30 frames a second', async () => {
  await eventually(async () => assert.equal(await scene.page.locator('.tile').count(), 256));
  let round = 0;
  const timer = setInterval(() => churn(round++), 100);
  await scene.page.waitForTimeout(1000);
  const frames = await scene.page.evaluate((ms) => new Promise((done) => {
    const times = [];
    const begin = performance.now();
    const step = (now) => {
      times.push(now);
      if (now - begin < ms) requestAnimationFrame(step);
      else done(times);
    };
    requestAnimationFrame(step);
  }), seconds * 1000);
  clearInterval(timer);
  const rate = (frames.length - 1) / ((frames.at(-1) - frames[0]) / 1000);
  const gaps = frames.slice(1).map((f, i) => f - frames[i]).sort((a, b) => a - b);
  console.log(`frames a second: ${rate.toFixed(1)}; longest gap ${gaps.at(-1).toFixed(0)} ms, 95 % under ${gaps[Math.floor(gaps.length * 0.95)].toFixed(0)} ms`);
  assert.ok(rate >= 30, `${rate.toFixed(1)} frames a second`);
  const last = scene.station.slot('S17').state;
  await eventually(async () => assert.equal(await scene.tile('S17').getAttribute('data-state'), last));
});
