// SPDX-License-Identifier: Apache-2.0
// Everything by keyboard alone; production mode.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as boards from './mock/boards.mjs';
import { eventually, set_scene, tile_in } from './support/scene.mjs';

const scene = set_scene({ slots: ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8'] });
const focused = () => scene.page.evaluate(() => document.activeElement.closest('[data-slot]')?.dataset.slot ?? document.activeElement.id ?? '');
const press = (...keys) => keys.reduce((before, key) => before.then(() => scene.page.keyboard.press(key)), Promise.resolve());

/** Tab until `reached` holds. */
async function tab_to(reached, key = 'Tab') {
  for (let i = 0; i < 60; ++i) {
    if (await reached()) return;
    await press(key);
  }
  assert.fail('not reachable by Tab');
}
const text_of_focus = () => scene.page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);

test('Tab reaches the tiles as one stop, arrows move among them, Enter opens and Escape closes', async () => {
  boards.plug(scene.station, 'A2');
  boards.fail(scene.station, 'A2', 'device-no-answer', 'no prompt within 5 s');
  await tile_in(scene, 'A2', 'failed');
  await tab_to(async () => (await focused()) === 'A1');
  await press('ArrowRight');
  assert.equal(await focused(), 'A2');
  await press('End');
  assert.equal(await focused(), 'A8');
  await press('Home', 'ArrowRight', 'Enter');
  const dialog = scene.page.locator('dialog[open]');
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /Slot A2[^]*The board does not answer\.[^]*no prompt within 5 s/);
  await press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await focused(), 'A2');
});

test('a retry by keyboard', async () => {
  boards.plug(scene.station, 'A2');
  boards.fail(scene.station, 'A2', 'device-no-answer');
  await tile_in(scene, 'A2', 'failed');
  await tab_to(async () => (await text_of_focus()) === 'Retry slot A2');
  await press('Enter');
  await eventually(() => assert.ok(scene.station.requests.some((r) => r.path === '/api/v1/slots/A2/retry')));
});

test('every view is reached by keyboard', async () => {
  await tab_to(async () => (await text_of_focus()) === 'Statistics', 'Shift+Tab');
  await press('Enter');
  await scene.page.getByRole('heading', { name: 'Yield', exact: true }).waitFor();
});

test('the focus can be seen', async () => {
  await tab_to(async () => (await text_of_focus()) === 'Attempts', 'Shift+Tab');
  const outline = await scene.page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
  assert.equal(outline, '3px');
});

test('production mode locks everything but scan, retry and signing on, survives a reload, and opens with its PIN', async () => {
  boards.plug(scene.station, 'A2');
  boards.fail(scene.station, 'A2', 'device-no-answer');
  await tile_in(scene, 'A2', 'failed');
  await scene.page.getByRole('button', { name: 'Lock' }).click();
  await scene.page.getByLabel('PIN', { exact: true }).fill('4711');
  await press('Enter');
  await scene.page.getByLabel('PIN, once more').fill('4711');
  await press('Enter');
  await scene.page.getByRole('button', { name: 'Unlock' }).waitFor();
  await scene.page.reload();
  await tile_in(scene, 'A2', 'failed');
  assert.equal(await scene.page.locator('nav, .bar-select, .recent a').count(), 0);
  const buttons = await scene.page.locator('button:visible').allInnerTexts();
  assert.deepEqual(buttons.filter((b) => !/^A\d$/.test(b.trim())).map((b) => b.trim()).sort(), ['Enter', 'Nobody signed on', 'Retry', 'Unlock']);
  await scene.page.goto(`${scene.station.url}#/attempts`);
  await eventually(() => assert.match(scene.page.url(), /#\/$/));
  await scene.page.locator('#scan').focus();
  await scene.page.keyboard.type('SN-1');
  await press('Enter');
  await eventually(() => assert.ok(scene.station.requests.some((r) => r.path === '/api/v1/scan')));
  await scene.tile('A2').locator('.retry').click();
  await eventually(() => assert.ok(scene.station.requests.some((r) => r.path === '/api/v1/slots/A2/retry')));
  await scene.page.getByRole('button', { name: 'Unlock' }).click();
  await scene.page.getByLabel('PIN').fill('1234');
  await press('Enter');
  await scene.page.getByText('That is not the PIN.').waitFor();
  await scene.page.getByLabel('PIN').fill('4711');
  await press('Enter');
  await scene.page.getByRole('link', { name: 'Attempts' }).waitFor();
});

test('a kiosk opens locked with the PIN of its address, which is not left behind', async () => {
  await scene.page.goto(`${scene.station.url}#/production/4711`);
  await scene.page.getByRole('button', { name: 'Unlock' }).click();
  assert.equal(new URL(scene.page.url()).hash, '#/');
  await scene.page.getByLabel('PIN').fill('4712');
  await press('Enter');
  await scene.page.getByText('That is not the PIN.').waitFor();
  await scene.page.getByLabel('PIN').fill('4711');
  await press('Enter');
  await scene.page.getByRole('link', { name: 'Attempts' }).waitFor();
  await scene.page.goBack();
  assert.doesNotMatch(scene.page.url(), /4711/);
});

test('a kiosk opens locked at #/production', async () => {
  await scene.page.goto(`${scene.station.url}#/production`);
  await scene.page.getByRole('button', { name: 'Unlock' }).waitFor();
  assert.equal(await scene.page.locator('nav').count(), 0);
});
