// SPDX-License-Identifier: Apache-2.0
// axe-core finds no serious violation (WCAG 2.1 A and AA) in any view, state or language.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as boards from './mock/boards.mjs';
import { connection_noise, set_scene, tile_in } from './support/scene.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const scene = set_scene();

async function check(name) {
  // Through the debugger, as the page's policy lets no script in.
  await scene.page.evaluate(axe);
  const found = await scene.page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
  const grave = found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  assert.deepEqual(grave.map((v) => `${name}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`), []);
  assert.ok(found.passes.length > 10, 'axe looked at the page');
}

async function every_state() {
  for (const slot of ['A1', 'A2', 'A3', 'A4', 'A5', 'A6']) boards.plug(scene.station, slot);
  boards.pass(scene.station, 'A1');
  boards.fail(scene.station, 'A2', 'device-no-answer');
  boards.refuse(scene.station, 'A3', 'already-provisioned');
  boards.abandon(scene.station, 'A4');
  boards.wait_for_cloud(scene.station, 'A5');
  boards.wait_for_scan(scene.station, 'A7');
  await tile_in(scene, 'A7', 'waiting-for-scan');
}

test('the slots in every state, in three languages', async () => {
  await every_state();
  for (const language of ['en', 'ja', 'zh-CN']) {
    await scene.page.locator('.bar-select').selectOption(language);
    await check(`slots ${language}`);
  }
});

test('the slots on a tablet and on a phone', async () => {
  await every_state();
  for (const [width, height] of [[1024, 768], [390, 844]]) {
    await scene.page.setViewportSize({ width, height });
    await scene.page.waitForTimeout(200);
    await check(`slots ${width}`);
  }
  await scene.page.setViewportSize({ width: 1920, height: 1080 });
});

test('the alarms', async () => {
  scene.expected = connection_noise;
  await every_state();
  scene.station.put_station({ ledger_writable: false, ledger_trouble: 'disk is full', stopping: true,
    cloud: { connected: false, since: new Date().toISOString(), trouble_code: 'cloud-unreachable', trouble: '', in_flight: 0, queued: 0 } });
  await scene.page.locator('[data-alarm="ledger"]').waitFor();
  await scene.station.kill();
  await scene.page.locator('[data-alarm="link"]').first().waitFor();
  await check('alarms');
  await scene.station.start();
});

test("a slot's dialog and the lock's", async () => {
  await every_state();
  await scene.tile('A2').locator('.tile__name').click();
  await check('slot dialog');
  await scene.page.keyboard.press('Escape');
  await scene.page.getByRole('button', { name: 'Lock' }).click();
  await check('lock dialog');
});

for (const view of ['attempts', 'statistics', 'report']) {
  test(`the ${view} view`, async () => {
    await scene.page.goto(`${scene.station.url}#/${view}`);
    await scene.page.getByRole('heading', { level: 1 }).waitFor();
    await scene.page.waitForTimeout(300);
    await check(view);
  });
}

test('one attempt with its transcript', async () => {
  scene.station.role = 'engineer';
  await scene.page.goto(`${scene.station.url}#/attempts/${scene.station.ledger.attempts[0].attempt_id}`);
  await scene.page.getByRole('button', { name: 'Show the transcript' }).click();
  await scene.page.locator('pre.transcript').last().waitFor();
  await check('attempt');
});
