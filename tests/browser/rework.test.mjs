// SPDX-License-Identifier: Apache-2.0
// A board that has passed, or failed too often: operators are sent to an engineer, an engineer gives a reason. A scanner is
// no engineer.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as boards from './mock/boards.mjs';
import { grave_of } from './support/axe.mjs';
import { eventually, set_scene, tile_in } from './support/scene.mjs';

const scene = set_scene({ station: { role: 'engineer' } });
const posted = (path) => scene.station.requests.filter((r) => r.verb === 'POST' && r.path === `/api/v1${path}`);
const reworks = () => posted('/rework').map((r) => JSON.parse(r.body));
const scans = () => posted('/scan').map((r) => JSON.parse(r.body));
const dialog = () => scene.page.locator('dialog[open]');
const focused = () => scene.page.evaluate(() => document.activeElement.id);
const wedge = async (text) => {
  await scene.page.keyboard.type(text);
  await scene.page.keyboard.press('Enter');
};

async function refused(slot = 'A2', code = 'already-provisioned') {
  const serial = boards.plug(scene.station, slot);
  boards.refuse(scene.station, slot, code);
  await tile_in(scene, slot, 'refused');
  return serial;
}

async function opened(slot = 'A2') {
  await scene.tile(slot).getByRole('button', { name: /the board in slot/ }).click();
  await dialog().waitFor();
}

test('an engineer has a board that passed done again: what will happen, a reason, then the retry', async () => {
  const serial = await refused();
  await opened();
  assert.match(await dialog().innerText(), new RegExp(`${serial}[^]*new certificate[^]*old certificate then becomes superseded`));
  await eventually(async () => assert.equal(await scene.page.evaluate(() => document.activeElement.tagName), 'TEXTAREA'));
  await scene.page.keyboard.type('antenna', { delay: 90 });
  await scene.page.getByLabel('Reason').fill('  antenna\treplaced ');
  await dialog().getByRole('button', { name: 'Authorise the rework' }).click();
  await dialog().getByText('It is still in slot A2').waitFor();
  assert.deepEqual(reworks(), [{ serial, reason: 'antenna replaced' }]);
  assert.equal(posted('/slots/A2/retry').length, 0);
  await scene.page.keyboard.press('Enter');
  await dialog().waitFor({ state: 'detached' });
  await eventually(() => assert.equal(posted('/slots/A2/retry').length, 1));
  await eventually(async () => assert.equal(await focused(), 'scan'));
});

test('a board that failed too often is released, with words of its own', async () => {
  const serial = await refused('A3', 'order-retest-limit');
  await opened('A3');
  assert.match(await dialog().innerText(), /Release this board[^]*failed too often[^]*counted anew/);
  await scene.page.getByLabel('Reason').fill('new jig');
  await dialog().getByRole('button', { name: 'Release the board' }).click();
  await eventually(() => assert.deepEqual(reworks(), [{ serial, reason: 'new jig' }]));
});

test('without a reason, or with a blank one, nothing is sent', async () => {
  await refused();
  await opened();
  for (const blank of ['', '   ', '\u3000']) {
    await scene.page.getByLabel('Reason').fill(blank);
    await dialog().getByRole('button', { name: 'Authorise the rework' }).click();
    await dialog().getByText('Write why.').waitFor();
  }
  assert.deepEqual(reworks(), []);
});

test('what the station refuses is told in the dialog, and the reason stays', async () => {
  scene.expected = [/400/];
  scene.station.answers['POST /rework'] = () => scene.station.problem(400, 'station-request-invalid', 'The request is not understood.', 'Correct it.', 'it needs none');
  await refused();
  await opened();
  await scene.page.getByLabel('Reason').fill('antenna replaced');
  await dialog().getByRole('button', { name: 'Authorise the rework' }).click();
  await dialog().getByText('it needs none').waitFor();
  assert.equal(await scene.page.getByLabel('Reason').inputValue(), 'antenna replaced');
});

test('a scan is no reason: it closes the dialog and goes to the station', async () => {
  await refused();
  await opened();
  await scene.page.getByLabel('Reason').focus();
  await wedge('SN-240077');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240077' }]));
  await dialog().waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await focused(), 'scan'));
  assert.deepEqual(reworks(), []);
});

test('not even a slow scanner sends the reason, and its Enter makes no second line', async () => {
  await refused();
  await opened();
  await scene.page.getByLabel('Reason').focus();
  await scene.page.keyboard.type('SN-24', { delay: 120 });
  await scene.page.keyboard.press('Enter', { delay: 200 });
  assert.equal(await scene.page.getByLabel('Reason').inputValue(), 'SN-24');
  assert.deepEqual(reworks(), []);
});

test('a scan while a button of the dialog has the focus is a scan', async () => {
  await refused();
  await opened();
  await dialog().getByRole('button', { name: 'Authorise the rework' }).focus();
  await wedge('SN-240078');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240078' }]));
  assert.deepEqual(reworks(), []);
});

test('Escape gives the focus back to the scan field, and a label that is awaited takes an empty dialog away', async () => {
  await refused();
  await opened();
  await scene.page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await focused(), 'scan'));
  await opened();
  boards.wait_for_scan(scene.station, 'A4');
  await dialog().waitFor({ state: 'detached' });
});

test('by keyboard alone, from the tile', async () => {
  const serial = await refused();
  await scene.tile('A2').locator('.tile__name').focus();
  await scene.page.keyboard.press('Enter');
  await dialog().waitFor();
  for (let i = 0; i < 9 && (await scene.page.evaluate(() => document.activeElement.textContent)) !== 'Rework …'; ++i) await scene.page.keyboard.press('Tab');
  await scene.page.keyboard.press('Enter');
  await dialog().getByLabel('Reason').waitFor();
  await scene.page.keyboard.type('new antenna', { delay: 80 });
  await scene.page.keyboard.press('Tab');
  await scene.page.keyboard.press('Enter');
  await eventually(() => assert.deepEqual(reworks(), [{ serial, reason: 'new antenna' }]));
});

test('an operator is sent to an engineer, and so is everybody in production mode', async () => {
  scene.station.role = 'operator';
  await scene.page.reload();
  await refused();
  await scene.tile('A2').locator('.tile__name').click();
  await dialog().getByText('Ask an engineer').waitFor();
  assert.equal(await scene.page.getByRole('button', { name: /Rework|Release/ }).count(), 0);
  scene.station.role = 'engineer';
  await scene.page.goto(`${scene.station.url}#/production`);
  await scene.page.reload();
  await scene.page.getByRole('button', { name: 'Unlock' }).waitFor();
  await scene.tile('A2').locator('.tile__name').click();
  await dialog().getByText('Ask an engineer').waitFor();
  assert.equal(await scene.page.getByRole('button', { name: /Rework|Release/ }).count(), 0);
});

test('from the attempt; a scan there goes to the slots', async () => {
  const attempt = scene.station.ledger.attempts.find((a) => a.outcome === 'passed');
  await scene.page.goto(`${scene.station.url}#/attempts/${attempt.attempt_id}`);
  await scene.page.getByRole('button', { name: 'Rework …' }).click();
  await scene.page.getByLabel('Reason').fill('antenna replaced');
  await dialog().getByRole('button', { name: 'Authorise the rework' }).click();
  await dialog().getByText('Plug the board in.').waitFor();
  assert.deepEqual(reworks(), [{ serial: attempt.serial, reason: 'antenna replaced' }]);
  await wedge('SN-240079');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240079' }]));
  await scene.page.getByText('SN-240079 taken.').waitFor();
  assert.equal(await dialog().count(), 0);
});

for (const [language, title] of [['en', 'Do this board again'], ['ja', 'この基板を再作業する'], ['zh-CN', '返工此电路板']]) {
  test(`the dialog speaks ${language}, and axe finds nothing serious`, async () => {
    await scene.page.locator('.bar-select').selectOption(language);
    await refused();
    await scene.tile('A2').locator('.tile__line .retry').click();
    await scene.page.getByRole('heading', { name: title }).waitFor();
    assert.deepEqual(await grave_of(scene.page), []);
  });
}
