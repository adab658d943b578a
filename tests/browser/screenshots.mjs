// SPDX-License-Identifier: Apache-2.0
// The README's pictures of the page, from a made-up line:  node screenshots.mjs [DIRECTORY [NAME]...]
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Station } from './mock/station.mjs';
import * as boards from './mock/boards.mjs';
import { open_browser, open_page, page_directory, root } from './support/browser.mjs';
import { light_png } from './support/light_png.mjs';
import { row } from './support/scene.mjs';

const target = resolve(process.argv[2] ?? join(root, 'packaging/screenshots'));
const slots = row(16);
await mkdir(target, { recursive: true });

/** A shift in full swing: every state at once. */
function every_state(station) {
  for (const slot of slots.slice(0, 14)) boards.plug(station, slot);
  for (const slot of ['A1', 'A5', 'A7', 'B2', 'B6']) boards.pass(station, slot);
  boards.unplug(station, 'A5');
  boards.fail(station, 'A2', 'device-no-answer', 'no prompt within 5 s');
  boards.refuse(station, 'A6', 'already-provisioned');
  boards.abandon(station, 'A8');
  for (const [slot, step] of [['A3', 'register'], ['A4', 'deliver'], ['B1', 'csr'], ['B3', 'prove'], ['B5', 'issue']]) boards.at_step(station, slot, step);
  boards.wait_for_cloud(station, 'B4');
}

const wanted = process.argv.slice(3);

async function picture(name, { width = 1920, height = 1080, scale = 0.5, language = 'en', hash = '', role = 'operator', prepare = async () => {} }) {
  if (wanted.length && !wanted.includes(name)) return;
  const station = await new Station({ page: page_directory, slots, role }).start();
  station.ledger.fill(1600, { slots });
  const serials = { first_serial: 'SN240001', last_serial: 'SN240500', next_serial: 'SN240429' };
  station.put_station({ operator: 'Lin', orders: station.status.orders.map((order) => ({ ...order, ...serials })) });
  const { context, close } = await open_browser({ width, height, deviceScaleFactor: scale });
  const page = await open_page(context, station.url);
  await page.evaluate((l) => localStorage.setItem('fleetline.language', l), language);
  await page.goto(`${station.url}${hash}`);
  await page.reload();
  await page.waitForTimeout(600);
  await prepare(station, page);
  await page.waitForTimeout(900);
  const path = join(target, `${name}.png`);
  const light = light_png(await page.screenshot());
  await writeFile(path, light);
  console.log(`${path}: ${Math.round(light.length / 1024)} kB`);
  await close();
  await station.kill();
}

await picture('slots', { prepare: async (station) => every_state(station) });
await picture('slots-ja', { language: 'ja', prepare: async (station) => every_state(station) });
await picture('cloud-away', { prepare: async (station) => {
  every_state(station);
  station.put_station({ cloud: { ...station.status.cloud, connected: false, trouble_code: 'cloud-unreachable', since: new Date().toISOString() } });
} });
await picture('scan-awaited', { prepare: async (station) => {
  every_state(station);
  boards.wait_for_scan(station, 'A1');
} });
await picture('mismatch', { prepare: async (station) => {
  every_state(station);
  boards.mismatch(station, 'A6', 'SN-240017', 'SN-240071');
} });
await picture('production', { hash: '#/production', prepare: async (station) => every_state(station) });
await picture('orders', { hash: '#/orders', role: 'engineer', height: 720, prepare: async (station, page) => {
  const [order] = station.status.orders;
  station.put_station({ orders: [order, { ...order, product: 'gateway-2', order: 'WO-1002', quota: 1200, passed: 340, first_serial: '', last_serial: '', next_serial: '' }] });
  station.listed['WO-1002'] = { allow_list: true, listed: 1200 };
  station.closed = [{ ...station.orders()[1], order: 'WO-998', open: false, passed: 500, next_serial: '', opened_at: '2026-11-18T06:02:00.000Z', closed_at: '2026-11-20T13:41:00.000Z', closed_by: 'kim' }];
  station.answers['POST /orders/WO-1002/serials'] = () => {
    const said = station.problem(400, 'station-request-invalid', 'The request is not understood.', 'Correct it.');
    const errors = [{ line: 118, text: 'serial SN240117 is in line 117 already' }, { line: 640, text: "'240639' is no serial number of the order's product" }];
    Object.assign(said.document, { error_count: 2, errors });
    return said;
  };
  await page.getByRole('button', { name: 'Import a list for order WO-1002' }).click();
  await page.locator('dialog input').setInputFiles({ name: 'WO-1002.csv', mimeType: 'text/csv', buffer: Buffer.from('SN1') });
  await page.locator('dialog button[type=submit]').click();
} });
await picture('rework', { role: 'engineer', prepare: async (station, page) => {
  every_state(station);
  await page.getByRole('button', { name: 'Rework the board in slot A6' }).first().click();
  await page.getByLabel('Reason').fill('Antenna replaced');
} });
await picture('statistics', { hash: '#/statistics', height: 1000 });
await picture('attempt', { hash: '#/attempts', height: 1000, prepare: async (station, page) => {
  await page.goto(`${station.url}#/attempts/${station.ledger.attempts.find((a) => a.outcome === 'passed').attempt_id}`);
} });
await picture('phone-zh', { language: 'zh-CN', width: 390, height: 844, scale: 0.75, prepare: async (station) => every_state(station) });
process.exit(0);
