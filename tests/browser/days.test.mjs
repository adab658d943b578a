// SPDX-License-Identifier: Apache-2.0
// Charts by the day of the plant, not of Greenwich.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { eventually, set_scene } from './support/scene.mjs';

const zone = 'Asia/Tokyo';
const scene = set_scene({ fill: 0, browser: { timezoneId: zone } });

/** The station's made-up attempts: some in each of these moments. */
function fill(moments) {
  scene.station.ledger.fill(moments.reduce((sum, [, count]) => sum + count, 0));
  const { attempts } = scene.station.ledger;
  let at = 0;
  for (const [when, count] of moments) for (let i = 0; i < count; ++i) Object.assign(attempts[at++], { outcome: 'passed', failure_code: '', started_at: when });
  attempts.sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
}

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: zone });
const numbers = () => scene.page.locator('.list tbody tr').evaluateAll((rows) => rows.map((r) => [r.cells[0].innerText, r.cells[1].innerText]));

/** An hour of a day in Tokyo, some days ago. */
function tokyo(days_ago, hour) {
  const today = Math.floor((Date.now() + 9 * 3600000) / 86400000);
  return new Date((today - days_ago) * 86400000 + (hour - 9) * 3600000).toISOString();
}

test('an early shift and a late one of the same day are one day, though UTC begins a new one between them', async () => {
  fill([[tokyo(1, 7), 3], [tokyo(1, 22), 4], [tokyo(3, 8), 5]]);
  await scene.page.goto(`${scene.station.url}#/statistics`);
  await scene.page.locator('.filters select').first().selectOption('7d');
  await scene.page.getByText(`Days and hours are those of this browser: ${zone}.`).waitFor();
  await scene.page.locator('summary').click();
  await eventually(async () => assert.deepEqual(await numbers(), [[day.format(new Date(tokyo(3, 8))), '5'], [day.format(new Date(tokyo(1, 7))), '7']]));
  assert.match(await scene.page.locator('.figures--card').innerText(), /Units passed\s+12/);
});

test('each day is asked for from midnight to midnight, and the first and last of a chosen time are cut', async () => {
  fill([[tokyo(2, 7), 2]]);
  await scene.page.goto(`${scene.station.url}#/statistics`);
  await scene.page.locator('.filters select').first().selectOption('chosen');
  const local = (days, hour) => new Date(Date.parse(tokyo(days, hour)) + 9 * 3600000).toISOString().slice(0, 16);
  await scene.page.getByLabel('Since').fill(local(3, 6));
  await scene.page.getByLabel('Until').fill(local(1, 18));
  scene.station.requests.length = 0;
  await scene.page.locator('.filters select').nth(1).selectOption('day');
  const asked = () => scene.station.requests.filter((r) => r.path === '/api/v1/stats' && !r.query.by).map((r) => [r.query.since, r.query.until]).sort();
  await eventually(() => assert.deepEqual(asked(), [[tokyo(3, 6), tokyo(1, 18)], [tokyo(3, 6), tokyo(2, 0)], [tokyo(2, 0), tokyo(1, 0)], [tokyo(1, 0), tokyo(1, 18)]].sort()));
});
