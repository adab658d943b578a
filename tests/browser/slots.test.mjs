// SPDX-License-Identifier: Apache-2.0
// What the operator sees of a slot, from plug to the next plug.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as boards from './mock/boards.mjs';
import { eventually, set_scene, tile_in } from './support/scene.mjs';

const scene = set_scene();
const background = (slot) => scene.tile(slot).evaluate((tile) => getComputedStyle(tile).backgroundColor);
/** The shape is a picture: what it shows is in its data. */
const shape = async (slot) => {
  const picture = await scene.tile(slot).locator('.tile__shape').evaluate((e) => getComputedStyle(e).backgroundImage);
  return Object.keys(shapes).find((name) => decodeURIComponent(picture).includes(shapes[name]));
};
const shapes = { passed: '<circle', failed: 'M15.3 3h17.4', refused: 'M24 1.5L46.5', abandoned: 'M24 3L46 43H2z' };

test('an empty slot says that it is empty', async () => {
  assert.match(await tile_in(scene, 'A1', 'empty'), /A1\s+Empty/);
});

test('a board that is plugged shows its serial number, the step and the seconds', async () => {
  const serial = boards.plug(scene.station, 'A1');
  boards.at_step(scene.station, 'A1', 'register');
  await eventually(async () => assert.match(await scene.tile('A1').innerText(), /Registering\s+\d+ s/));
  assert.match(await scene.tile('A1').innerText(), new RegExp(serial));
  assert.match(await scene.tile('A1').locator('.steps').getAttribute('class'), /steps--4$/);
  await eventually(async () => assert.match(await scene.tile('A1').innerText(), /[2-9] s/));
});

test('PASS fills the tile in colour, word and shape, and stays until the next plug', async () => {
  const serial = boards.plug(scene.station, 'A1');
  boards.pass(scene.station, 'A1');
  assert.match(await tile_in(scene, 'A1', 'passed'), new RegExp(`PASS\\s+fleetline-${serial} · 6.2 s\\s+Take the board out`));
  assert.equal(await background('A1'), 'rgb(10, 107, 59)');
  assert.equal(await shape('A1'), 'passed');
  boards.unplug(scene.station, 'A1');
  await eventually(async () => assert.match(await scene.tile('A1').innerText(), /PASS[^]*Ready for the next board/));
  boards.plug(scene.station, 'A1');
  await tile_in(scene, 'A1', 'working');
  assert.doesNotMatch(await scene.tile('A1').innerText(), /PASS/);
});

test('FAIL fills the tile with the plain words, the next action and a retry', async () => {
  boards.plug(scene.station, 'A2');
  boards.fail(scene.station, 'A2', 'device-no-answer');
  const text = await tile_in(scene, 'A2', 'failed');
  assert.match(text, /FAIL/);
  assert.match(text, /The board does not answer\./);
  assert.match(text, /Check that the board sits well and has power, then plug it again\./);
  assert.equal(await background('A2'), 'rgb(179, 18, 29)');
  assert.equal(await shape('A2'), 'failed');
  await scene.tile('A2').getByRole('button', { name: 'Retry slot A2' }).click();
  await eventually(() => assert.ok(scene.station.requests.some((r) => r.verb === 'POST' && r.path === '/api/v1/slots/A2/retry')));
  await scene.page.getByText('Slot A2 tries again.').waitFor();
});

test('a refused board says why, looks different from a failed one, and offers no retry that cannot help', async () => {
  boards.plug(scene.station, 'A3');
  boards.refuse(scene.station, 'A3', 'already-provisioned');
  assert.match(await tile_in(scene, 'A3', 'refused'), /REFUSED[^]*This board has passed already\.[^]*Put it with the finished boards/);
  assert.equal(await shape('A3'), 'refused');
  assert.equal(await scene.tile('A3').locator('.retry').count(), 0);
});

test('a board that is pulled out too early says so', async () => {
  boards.plug(scene.station, 'A4');
  boards.abandon(scene.station, 'A4');
  assert.match(await tile_in(scene, 'A4', 'abandoned'), /UNPLUGGED[^]*Plug the board again/);
});

test('a board that waits for the cloud says since when', async () => {
  boards.plug(scene.station, 'A5');
  boards.wait_for_cloud(scene.station, 'A5');
  assert.match(await tile_in(scene, 'A5', 'waiting-for-cloud'), /Waiting for cloud\s+since \d\d:\d\d · \d+ s/);
});

test('the order header shows product, done of quota, yield, units per hour and the last twenty outcomes', async () => {
  const header = scene.page.getByRole('region', { name: 'Work order' });
  await eventually(async () => assert.match(await header.innerText(), /sensor-7\s+Order WO-1001\s+412\s*\/ 500/));
  await eventually(async () => assert.match(await header.innerText(), /First-pass yield today\s+[\d.]+%\s+Units per hour\s+\d+/));
  await eventually(async () => assert.equal(await header.locator('.mark').count(), 20));
  boards.plug(scene.station, 'A6');
  boards.fail(scene.station, 'A6', 'device-no-answer');
  await eventually(async () => assert.match(await header.locator('.mark').last().getAttribute('class'), /mark--failed/));
  assert.equal(await header.locator('.mark').count(), 20);
});

test('an order whose quota is reached says that it is complete, and the next board is refused in words', async () => {
  scene.station.put_station({ orders: [{ order: 'WO-1001', product: 'sensor-7', quota: 500, passed: 500 }] });
  await scene.page.getByText('Complete', { exact: true }).waitFor();
  boards.plug(scene.station, 'A7');
  boards.refuse(scene.station, 'A7', 'order-quota-reached');
  assert.match(await tile_in(scene, 'A7', 'refused'), /The work order is complete\.[^]*Ask for the next work order\./);
});

test('an order that hands out serial numbers shows the next one and the last, and says when none is left', async () => {
  const order = { order: 'WO-1001', product: 'sensor-7', quota: 500, passed: 2, first_serial: 'SN000100', last_serial: 'SN000599' };
  scene.station.put_station({ orders: [{ ...order, next_serial: 'SN000102' }] });
  await scene.page.getByText('Next serial SN000102, up to SN000599').waitFor();
  scene.station.put_station({ orders: [{ ...order, next_serial: '' }] });
  await scene.page.getByText('No serial number left up to SN000599').waitFor();
  scene.station.put_station({ orders: [{ ...order, first_serial: '', last_serial: '', next_serial: '' }] });
  await scene.page.locator('.order__serials').waitFor({ state: 'detached' });
});

test('without an order the header says so', async () => {
  scene.station.put_station({ orders: [] });
  await scene.page.getByText('No work order is open').waitFor();
});

test('what a board or the cloud says is shown as text, never run as HTML', async () => {
  boards.plug(scene.station, 'A8', '<img src=x onerror=alert(1)><b>SN</b>');
  await eventually(async () => assert.match(await scene.tile('A8').locator('.tile__serial').innerText(), /<img src=x/));
  assert.equal(await scene.tile('A8').locator('img, b').count(), 0);
});

test('pass and fail are heard differently, many at once as one, and not at all when muted', async () => {
  await scene.page.evaluate(() => {
    window.heard = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) {
      window.heard.push(this.frequency.value);
      return start.apply(this, when);
    };
  });
  const heard = () => scene.page.evaluate(() => window.heard);
  boards.plug(scene.station, 'A1');
  boards.pass(scene.station, 'A1');
  await eventually(async () => assert.deepEqual(await heard(), [880, 1320]));
  for (const slot of ['A2', 'A3', 'A4']) boards.plug(scene.station, slot);
  boards.pass(scene.station, 'A2');
  boards.fail(scene.station, 'A3', 'device-no-answer');
  boards.pass(scene.station, 'A4');
  await eventually(async () => assert.deepEqual(await heard(), [880, 1320, 165, 131]));
  await scene.page.getByRole('button', { name: 'Sound on' }).click();
  boards.plug(scene.station, 'A5');
  boards.pass(scene.station, 'A5');
  await tile_in(scene, 'A5', 'passed');
  await scene.page.waitForTimeout(300);
  assert.equal((await heard()).length, 4);
});
