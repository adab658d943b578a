// SPDX-License-Identifier: Apache-2.0
// The page when the daemon, the network, the cloud or the disk fails it. It says so, and comes back by itself.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as boards from './mock/boards.mjs';
import { now } from './mock/station.mjs';
import { connection_noise, eventually, set_scene, tile_in } from './support/scene.mjs';

const scene = set_scene();
const alarm = (sign) => scene.page.locator(`[data-alarm="${sign}"]`);

test('the daemon is killed: the page says so at once; it comes back: the page shows the truth within seconds', async () => {
  scene.expected = connection_noise;
  boards.plug(scene.station, 'A1');
  boards.plug(scene.station, 'A2');
  await tile_in(scene, 'A2', 'working');
  const killed = Date.now();
  await scene.station.kill();
  await alarm('link').waitFor({ timeout: 2000 });
  assert.ok(Date.now() - killed < 2000);
  // While nobody looks: one board fails, the other is gone; the new daemon counts from the beginning.
  Object.assign(scene.station.slot('A1'), { state: 'failed', failure_code: 'station-interrupted', attempt_id: 'x' });
  Object.assign(scene.station.slot('A2'), { state: 'empty', plugged: false, serial: '', attempt_id: '' });
  await new Promise((wait) => setTimeout(wait, 2500));
  const back = Date.now();
  await scene.station.start();
  assert.match(await tile_in(scene, 'A1', 'failed'), /The station stopped while it worked on this board/);
  await tile_in(scene, 'A2', 'empty');
  assert.ok(Date.now() - back < 4000, `took ${Date.now() - back} ms`);
  await alarm('link').waitFor({ state: 'detached' });
  boards.plug(scene.station, 'A3');
  await tile_in(scene, 'A3', 'working');
});

test('a feed that broke off goes on with the number it had, and misses nothing', async () => {
  scene.expected = connection_noise;
  boards.plug(scene.station, 'A1');
  await tile_in(scene, 'A1', 'working');
  scene.station.drop_pages();
  boards.pass(scene.station, 'A1');
  await tile_in(scene, 'A1', 'passed');
  const greetings = scene.station.requests.filter((r) => r.verb === 'LIVE');
  assert.match(greetings.at(-1).since, new RegExp(`^${scene.station.epoch}-\\d+$`));
});

test('a hole in the numbers makes the page ask for everything anew', async () => {
  await tile_in(scene, 'A1', 'empty');
  scene.station.seq += 3;
  Object.assign(scene.station.slot('A4'), { state: 'passed', plugged: true });
  boards.plug(scene.station, 'A1');
  await tile_in(scene, 'A4', 'passed');
  await tile_in(scene, 'A1', 'working');
});

test('the cloud is away: a loud bar with since when and why, and nothing when it is back', async () => {
  scene.station.put_station({ cloud: { connected: false, since: now(), trouble_code: 'cloud-unreachable', trouble: 'x', in_flight: 0, queued: 3 } });
  await eventually(async () => assert.match(await alarm('cloud').innerText(), /The cloud is away since \d\d:\d\d\.[^]*The cloud cannot be reached\./));
  assert.equal(await scene.page.locator('[data-health="cloud"]').getAttribute('data-good'), 'false');
  scene.station.put_station({ cloud: { connected: true, since: now(), trouble_code: '', trouble: '', in_flight: 0, queued: 0 } });
  await alarm('cloud').waitFor({ state: 'detached' });
});

test('the ledger cannot be written: loud, with what to do and the reason', async () => {
  scene.station.put_station({ ledger_writable: false, ledger_trouble: 'database or disk is full' });
  await eventually(async () => assert.match(await alarm('ledger').innerText(), /cannot write its record\.[^]*Stop the line[^]*disk is full/));
});

test('the station is being stopped: the page says not to plug', async () => {
  scene.station.put_station({ stopping: true });
  await scene.page.getByText('Do not plug in new boards.').waitFor();
});
