// SPDX-License-Identifier: Apache-2.0
// The engineer's views: find an attempt, understand it, see how the line does, take the report away.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { eventually, set_scene } from './support/scene.mjs';

const scene = set_scene({ fill: 400, station: { engineer_token: 'fl_engineer' } });

async function sign_in(token) {
  await scene.page.getByLabel('Token').fill(token);
  await scene.page.getByRole('button', { name: 'Sign in' }).click();
}

const go = (hash) => scene.page.goto(`${scene.station.url}#/${hash}`);
const rows = () => scene.page.locator('table.list tbody tr');

test('attempts are listed newest first, and searched by part of a serial number or thing, outcome, code, operator and slot', async () => {
  await go('attempts');
  await eventually(async () => assert.equal(await rows().count(), 100));
  await scene.page.getByLabel('Outcome').selectOption('failed');
  await scene.page.getByRole('button', { name: 'Search' }).click();
  const failed = scene.station.ledger.attempts.filter((a) => a.outcome === 'failed').length;
  await eventually(async () => assert.equal(await rows().count(), failed));
  assert.match(scene.page.url(), /outcome=failed/);
  await scene.page.getByRole('button', { name: 'Clear' }).click();
  await eventually(async () => assert.equal(await rows().count(), 100));
  await scene.page.getByRole('button', { name: 'Show more' }).click();
  await eventually(async () => assert.equal(await rows().count(), 200));
  const search = async (label, text, count, shown) => {
    await scene.page.getByRole('button', { name: 'Clear' }).click();
    await scene.page.getByLabel(label, { exact: true }).fill(text);
    await scene.page.getByRole('button', { name: 'Search' }).click();
    await eventually(async () => assert.equal(await rows().count(), count, `${label} ${text}`));
    for (const each of await rows().allInnerTexts()) assert.match(each, shown);
  };
  const { attempts } = scene.station.ledger;
  const of = (check) => Math.min(100, attempts.filter(check).length);
  attempts[150].operator = 'Lin';
  await search('Part of a serial number or thing', 'n-23995', 10, /SN-23995\d/);
  await search('Part of a serial number or thing', 'FLEETLINE-sn-239951', 1, /SN-239951/);
  await search('Failure code', 'device-no-answer', of((a) => a.failure_code === 'device-no-answer'), /does not answer/);
  await search('Operator', 'Lin', 1, /Lin/);
  await search('Slot', 'A3', of((a) => a.slot === 'A3'), /A3/);
  await search('Since', new Date(Date.now() - 600000).toISOString().slice(0, 16), of((a) => a.started_at >= `${new Date(Date.now() - 600000).toISOString().slice(0, 16)}:00.000Z`), /SN-/);
  await go('attempts?serial=SN-239950');
  await eventually(async () => assert.equal(await rows().count(), 1));
});

test('an attempt is shown whole; before its transcript an operator is asked to sign in', async () => {
  scene.expected = [/40[13]/];
  const attempt = scene.station.ledger.attempts.find((a) => a.outcome === 'passed');
  await go(`attempts/${attempt.attempt_id}`);
  await scene.page.getByRole('button', { name: 'Show the transcript' }).click();
  await scene.page.getByText('This view needs the right of an engineer').waitFor();
  await sign_in('fl_wrong');
  await scene.page.getByText('This view needs the right of an engineer').waitFor();
  await sign_in('fl_engineer');
  await scene.page.getByRole('heading', { name: attempt.serial }).waitFor();
  const text = await scene.page.locator('main').innerText();
  assert.match(text, new RegExp(`Thing\\s+${attempt.thing_name}`));
  assert.match(text, new RegExp(attempt.certificate_sha256));
  assert.match(text, /Board proved|The board proved that it holds the credential: yes \(readback\)/);
  assert.equal(await scene.page.locator('.timeline tr').count(), 8);
  assert.match(text, /registration-requested/);
  await eventually(async () => assert.match(await scene.page.locator('pre.transcript').last().innerText(), /pki generate key/));
});

test('a token is kept for the tab, not for the machine', async () => {
  scene.expected = [/403/];
  await go(`attempts/${scene.station.ledger.attempts[0].attempt_id}`);
  await scene.page.getByRole('button', { name: 'Show the transcript' }).click();
  await sign_in('fl_engineer');
  await scene.page.locator('pre.transcript').last().waitFor();
  assert.equal(await scene.page.evaluate(() => JSON.stringify(localStorage).includes('fl_engineer')), false);
});

test('statistics: yields, output, time per step and failures by code, over the time that is chosen', async () => {
  await go('statistics');
  await scene.page.getByRole('heading', { name: 'Failures by code' }).waitFor();
  // Charts are drawn once the figures have come.
  await eventually(async () => assert.equal(await scene.page.locator('.chart canvas').count(), 2));
  assert.equal(await scene.page.locator('.bars').first().locator('tr').count(), 8);
  await scene.page.getByText('device-no-answer').first().waitFor();
  const way = await scene.page.getByRole('link', { name: 'The board does not answer.' }).getAttribute('href');
  assert.match(way, /^#\/attempts\?failure_code=device-no-answer&since=\d/);
  await scene.page.locator('.filters select').first().selectOption('7d');
  await eventually(() => assert.ok(scene.station.requests.filter((r) => r.path === '/api/v1/stats' && !r.query.by).length >= 8));
});

test('the report is downloaded as a file with a name that says what it is', async () => {
  scene.expected = [/403/];
  await go('report');
  await scene.page.getByRole('button', { name: 'Download' }).click();
  await sign_in('fl_engineer');
  await scene.page.getByText('This view needs').waitFor({ state: 'detached' });
  const formats = scene.page.locator('.filters select').first();
  assert.deepEqual(await formats.locator('option').allInnerTexts(), ['CSV', 'JSONL', 'XLSX', 'PDF']);
  await formats.selectOption('xlsx');
  const workbook = scene.page.waitForEvent('download');
  await scene.page.getByRole('button', { name: 'Download' }).click();
  assert.match((await workbook).suggestedFilename(), /\.xlsx$/);
  assert.ok(scene.station.requests.some((r) => r.path === '/api/v1/report' && r.query.format === 'xlsx'));
  await formats.selectOption('csv');
  const download = scene.page.waitForEvent('download');
  await scene.page.getByRole('button', { name: 'Download' }).click();
  const file = await download;
  assert.match(file.suggestedFilename(), /^fleetline-station-1-\d{4}-\d\d-\d\d\.csv$/);
  assert.match(await readFile(await file.path(), 'utf8'), /^attempt_id,station,slot,serial/);
});
