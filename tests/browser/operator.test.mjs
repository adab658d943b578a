// SPDX-License-Identifier: Apache-2.0
// Signing on and off: by badge or by name, by keyboard alone, in each language.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as boards from './mock/boards.mjs';
import { eventually, set_scene, tile_in } from './support/scene.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const scene = set_scene();
const names = () => scene.station.requests.filter((r) => r.verb === 'POST' && r.path === '/api/v1/operator').map((r) => JSON.parse(r.body).name);
const button = () => scene.page.locator('.bar-button--named');
const dialog = () => scene.page.locator('dialog[open]');

test('a badge or a name, then Enter: the page shows who works here, without a mouse', async () => {
  await eventually(async () => assert.match(await button().innerText(), /Nobody signed on/));
  await button().focus();
  await scene.page.keyboard.press('Enter');
  await dialog().waitFor();
  await scene.page.keyboard.type('OP-17');
  await scene.page.keyboard.press('Enter');
  await dialog().waitFor({ state: 'detached' });
  await eventually(async () => assert.match(await button().innerText(), /OP-17/));
  assert.deepEqual(names(), ['OP-17']);
  await scene.page.getByText('OP-17 works here now.').waitFor();
});

test('signing off', async () => {
  scene.station.put_station({ operator: 'Kim' });
  await eventually(async () => assert.match(await button().innerText(), /Kim/));
  await button().click();
  await scene.page.getByRole('button', { name: 'Sign off Kim' }).click();
  await eventually(async () => assert.match(await button().innerText(), /Nobody signed on/));
  assert.deepEqual(names(), ['']);
});

test('nothing is sent for an empty name, and a refusal stays in the dialog with its words', async () => {
  scene.expected = [/503/];
  scene.station.answers['POST /operator'] = () => scene.station.problem(503, 'station-stopping',
    'The station is being stopped.', 'Wait until it is started again.');
  await button().click();
  await dialog().waitFor();
  await scene.page.keyboard.press('Enter');
  assert.deepEqual(names(), []);
  await scene.page.keyboard.type('Kim');
  await scene.page.keyboard.press('Enter');
  await dialog().getByText('The station is being stopped.').waitFor();
});

test('who signed on elsewhere is shown, and the next one signs on by name, in production mode too', async () => {
  await scene.page.goto(`${scene.station.url}#/production`);
  await scene.page.getByRole('button', { name: 'Unlock' }).waitFor();
  scene.station.put_station({ operator: '佐藤' });
  await scene.page.locator('.bar [data-operator="佐藤"]').waitFor();
  await button().click();
  await dialog().waitFor();
  await scene.page.keyboard.type('Kim');
  await scene.page.keyboard.press('Enter');
  await scene.page.locator('.bar [data-operator="Kim"]').waitFor();
  assert.deepEqual(names(), ['Kim']);
});

test('a form left open goes away when a label is awaited: the scan is a scan', async () => {
  await button().click();
  await dialog().waitFor();
  boards.wait_for_scan(scene.station, 'A1');
  await dialog().waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await scene.page.evaluate(() => document.activeElement.id), 'scan'));
  await scene.page.keyboard.type('SN-240001');
  await scene.page.keyboard.press('Enter');
  await eventually(() => assert.ok(scene.station.requests.some((r) => r.path === '/api/v1/scan')));
  assert.deepEqual(names(), []);
});

test('it stays open for whoever is typing', async () => {
  await button().click();
  await dialog().waitFor();
  await scene.page.keyboard.type('Ki');
  boards.wait_for_scan(scene.station, 'A1');
  await tile_in(scene, 'A1', 'waiting-for-scan');
  await scene.page.keyboard.type('m');
  await scene.page.keyboard.press('Enter');
  await scene.page.getByRole('button', { name: 'It is a name' }).click();
  await eventually(() => assert.deepEqual(names(), ['Kim']));
});

for (const [language, title] of [['ja', '作業者の登録'], ['zh-CN', '操作员签到']]) {
  test(`the form speaks ${language}, and axe finds nothing serious`, async () => {
    scene.station.put_station({ operator: 'Kim' });
    await scene.page.locator('.bar-select').selectOption(language);
    await button().click();
    await scene.page.getByRole('heading', { name: title }).waitFor();
    await scene.page.evaluate(axe);
    const found = await scene.page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
    assert.deepEqual(found.violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => v.id), []);
  });
}
