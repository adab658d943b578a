// SPDX-License-Identifier: Apache-2.0
// Labels: a scanner types like a keyboard and ends with Enter, whatever the operator did before.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as boards from './mock/boards.mjs';
import { eventually, set_scene, tile_in } from './support/scene.mjs';

const scene = set_scene();
const scans = () => scene.station.requests.filter((r) => r.verb === 'POST' && r.path === '/api/v1/scan').map((r) => JSON.parse(r.body));
const wedge = async (text) => {
  await scene.page.keyboard.type(text);
  await scene.page.keyboard.press('Enter');
};

test('the scan field has the focus when the page opens, and a scan goes to the station', async () => {
  await wedge('SN-240017');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240017' }]));
  await scene.page.getByText('SN-240017 taken.').waitFor();
  assert.equal(await scene.page.locator('#scan').inputValue(), '');
});

test('a slot that awaits a scan says so, and the field takes the focus', async () => {
  await scene.page.getByRole('button', { name: 'Sound on' }).focus();
  boards.wait_for_scan(scene.station, 'A3');
  await tile_in(scene, 'A3', 'waiting-for-scan');
  await scene.page.getByText('Scan the label of the board in A3').waitFor();
  await eventually(async () => assert.equal(await scene.page.evaluate(() => document.activeElement.id), 'scan'));
  scene.station.answers['POST /scan'] = () => ({ slot: 'A3' });
  await wedge('SN-240018');
  await scene.page.getByText('SN-240018 goes to slot A3.').waitFor();
});

test('a scan is not lost when something else has the focus', async () => {
  await scene.tile('A5').locator('.tile__name').focus();
  await wedge('SN-240019');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240019' }]));
  assert.equal(await scene.page.locator('dialog[open]').count(), 0);
});

test("a slot's own label chooses that slot for the next scan", async () => {
  await wedge('A7');
  await scene.page.getByText('The next scan is for slot A7').first().waitFor();
  assert.deepEqual(scans(), []);
  await wedge('SN-240020');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240020', slot: 'A7' }]));
});

test('a label that does not match the board is refused in words that say both numbers', async () => {
  boards.plug(scene.station, 'A2', 'SN-240071');
  boards.refuse(scene.station, 'A2', 'order-serial-mismatch', 'The label says SN-240017, the board says SN-240071.');
  assert.match(await tile_in(scene, 'A2', 'refused'), /REFUSED[^]*SN-240017[^]*SN-240071/);
});

test('a scan that the station refuses is told in words with what to do', async () => {
  scene.expected = [/409/];
  scene.station.answers['POST /scan'] = () => scene.station.problem(409, 'order-not-on-list',
    'This serial number is not on the work order.', 'Put the board aside: it belongs to another order.', 'SN-9: not in WO-1001');
  await wedge('SN-9');
  const said = scene.page.locator('.scan__said');
  await eventually(async () => assert.match(await said.innerText(), /This serial number is not on the work order\. Put the board aside/));
  assert.match(await said.getAttribute('class'), /bad/);
});

test('a scan while the station is away is told, not lost in silence', async () => {
  scene.expected = [/net::ERR_/, /WebSocket connection/];
  await scene.station.kill();
  await wedge('SN-240021');
  await scene.page.getByText('The station was not reached.').waitFor();
  await scene.station.start();
});
