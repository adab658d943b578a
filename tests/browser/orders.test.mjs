// SPDX-License-Identifier: Apache-2.0
// Work orders on the page: engineers open them, import lists and close them; others see how far they are.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as boards from './mock/boards.mjs';
import { grave_of } from './support/axe.mjs';
import { eventually, set_scene } from './support/scene.mjs';

const scene = set_scene({ station: { engineer_token: 'fl_engineer', role: 'engineer' } });
const posted = (path) => scene.station.requests.filter((r) => r.verb === 'POST' && r.path === `/api/v1${path}`);
const opened = () => posted('/orders').map((r) => JSON.parse(r.body));
const scans = () => posted('/scan').map((r) => JSON.parse(r.body));
const dialog = () => scene.page.locator('dialog[open]');
const row = (order) => scene.page.locator('.list--orders tbody tr').filter({ hasText: order });
const press = (...keys) => keys.reduce((before, key) => before.then(() => scene.page.keyboard.press(key)), Promise.resolve());
const field_of_focus = () => scene.page.evaluate(() => document.activeElement.dataset.field ?? document.activeElement.textContent);
const wedge = async (text) => {
  await scene.page.keyboard.type(text);
  await scene.page.keyboard.press('Enter');
};
const file = (name, text) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });

async function go() {
  await scene.page.goto(`${scene.station.url}#/orders`);
  await row('WO-1001').waitFor();
}

async function open_form() {
  await scene.page.getByRole('button', { name: 'Open a work order' }).click();
  await dialog().waitFor();
  await eventually(async () => assert.equal(await field_of_focus(), 'order'));
}

async function listed_order() {
  scene.station.put_station({ orders: [...scene.station.status.orders, { ...scene.station.status.orders[0], order: 'WO-7', quota: 3, passed: 0 }] });
  scene.station.listed['WO-7'] = { allow_list: true, listed: 0 };
  await go();
  await scene.page.getByRole('button', { name: 'Import a list for order WO-7' }).click();
  await dialog().waitFor();
}

test('the list tells done, quota, state and serial numbers, newest first', async () => {
  const [order] = scene.station.status.orders;
  scene.station.put_station({ orders: [{ ...order, passed: 500 }, { ...order, order: 'WO-1002', passed: 7, first_serial: 'SN001', last_serial: 'SN500', next_serial: 'SN008' },
    { ...order, order: 'WO-1003', quota: 0, passed: 2 }] });
  scene.station.listed['WO-1003'] = { allow_list: true, listed: 1200 };
  scene.station.closed = [{ ...scene.station.orders()[2], order: 'WO-9', open: false, passed: 480, closed_at: '2026-11-20T10:00:00.000Z', closed_by: 'kim' }];
  await go();
  assert.match(await row('WO-1001').innerText(), /complete\s+500 \/ 500[^]*any/);
  assert.match(await row('WO-1002').innerText(), /open\s+7 \/ 500[^]*SN001 – SN500[^]*next: SN008/);
  assert.match(await row('WO-1003').innerText(), /open\s+2[^]*1,200 on its list/);
  assert.match(await row('WO-9').innerText(), /closed\s+480 \/ 500[^]*2026[^]*kim/);
  assert.equal(await row('WO-9').getByRole('button').count(), 0);
  scene.station.put_station({ orders: scene.station.status.orders.map((o) => ({ ...o, passed: o.passed + 1 })) });
  await eventually(async () => assert.match(await row('WO-1002').innerText(), /8 \/ 500/));
});

test('the list fits on a tablet and on a phone, in each language', async () => {
  scene.station.put_station({ orders: [...scene.station.status.orders, { ...scene.station.status.orders[0], order: 'WO-1002', first_serial: 'SN240001', last_serial: 'SN240500', next_serial: 'SN240008' }] });
  scene.station.listed['WO-1001'] = { allow_list: true, listed: 1200 };
  scene.station.closed = [{ ...scene.station.orders()[0], order: 'WO-9', product: 'gateway-2', open: false, closed_at: '2026-11-20T10:00:00.000Z', closed_by: 'kim' }];
  await go();
  for (const language of ['en', 'ja', 'zh-CN']) {
    await scene.page.locator('.bar-select').selectOption(language);
    for (const [width, height] of [[1024, 768], [390, 844]]) {
      await scene.page.setViewportSize({ width, height });
      const view = await scene.page.locator('.view').evaluate((v) => [v.scrollWidth, v.clientWidth]);
      assert.equal(view[0], view[1], `${language} ${width}`);
    }
  }
  await scene.page.setViewportSize({ width: 1920, height: 1080 });
});

test('an order is opened by keyboard alone: Enter goes from field to field and never sends by itself', async () => {
  await go();
  await open_form();
  await scene.page.keyboard.type('WO-2000');
  await press('Enter');
  assert.equal(await field_of_focus(), 'quota');
  await scene.page.keyboard.type('250');
  await press('Enter');
  await press('Tab');
  assert.equal(await field_of_focus(), 'Open the order');
  assert.deepEqual(opened(), []);
  await press('Enter');
  await dialog().waitFor({ state: 'detached' });
  assert.deepEqual(opened(), [{ order: 'WO-2000', product: 'sensor-7', quota: 250 }]);
  await eventually(async () => assert.match(await row('WO-2000').innerText(), /open\s+0 \/ 250/));
});

test('an order with a range', async () => {
  await go();
  await open_form();
  await scene.page.getByLabel('Order number').fill('WO-2001');
  await scene.page.getByLabel('Serial numbers').selectOption('range');
  await dialog().getByRole('button', { name: 'Open the order' }).click();
  await dialog().getByText('A range has a first and a last serial number.').waitFor();
  await scene.page.getByLabel('First serial number').fill('SN1');
  await scene.page.getByLabel('Last serial number').fill('SN500');
  await dialog().getByRole('button', { name: 'Open the order' }).click();
  await dialog().waitFor({ state: 'detached' });
  assert.deepEqual(opened(), [{ order: 'WO-2001', product: 'sensor-7', first_serial: 'SN1', last_serial: 'SN500' }]);
});

test('of several products one is chosen', async () => {
  scene.station.put('A2', { product: 'gateway' });
  await go();
  await open_form();
  await scene.page.getByLabel('Order number').fill('WO-2002');
  await scene.page.getByLabel('Product').selectOption('sensor-7');
  await dialog().getByRole('button', { name: 'Open the order' }).click();
  await eventually(() => assert.deepEqual(opened(), [{ order: 'WO-2002', product: 'sensor-7' }]));
});

test('without a number, or with a quota that is none, nothing is sent; a refusal is told in the dialog', async () => {
  scene.expected = [/409/];
  await go();
  await open_form();
  await dialog().getByRole('button', { name: 'Open the order' }).click();
  await dialog().getByText('The order needs a number.').waitFor();
  await scene.page.getByLabel('Order number').fill('WO-2003');
  await scene.page.getByLabel('Number of boards').fill('12.5');
  await dialog().getByRole('button', { name: 'Open the order' }).click();
  await dialog().getByText('The number of boards is a whole number').waitFor();
  assert.deepEqual(opened(), []);
  scene.station.answers['POST /orders'] = () => scene.station.problem(409, 'order-open-already', 'A work order is open already.', 'Close the open work order first.', 'order WO-1001 is open for sensor-7');
  await scene.page.getByLabel('Number of boards').fill('12');
  await dialog().getByRole('button', { name: 'Open the order' }).click();
  await dialog().getByText('order WO-1001 is open for sensor-7').waitFor();
  assert.equal(await scene.page.getByLabel('Order number').inputValue(), 'WO-2003');
});

test('an order that takes a list asks for it at once; the file goes as it is', async () => {
  await go();
  await open_form();
  await scene.page.getByLabel('Order number').fill('WO-2004');
  await scene.page.getByLabel('Serial numbers').selectOption('list');
  await dialog().getByRole('button', { name: 'Open the order' }).click();
  await dialog().getByText('All lines or none').waitFor();
  assert.deepEqual(opened(), [{ order: 'WO-2004', product: 'sensor-7', allow_list: true }]);
  await scene.page.getByLabel('File').setInputFiles(file('list.csv', 'serial\r\nSN1\r\nSN2\r\n'));
  await dialog().getByRole('button', { name: 'Import', exact: true }).click();
  await dialog().getByText('serial numbers are on the list of order WO-2004').waitFor();
  assert.deepEqual(posted('/orders/WO-2004/serials').map((r) => [r.type, r.body]), [['text/csv', 'serial\r\nSN1\r\nSN2\r\n']]);
});

test('JSON Lines go as JSON Lines; what is no list, and no file, is not sent', async () => {
  await listed_order();
  await dialog().getByRole('button', { name: 'Import', exact: true }).click();
  await dialog().getByText('Choose a file.').waitFor();
  await scene.page.getByLabel('File').setInputFiles(file('list.xlsx', 'PK'));
  await dialog().getByRole('button', { name: 'Import', exact: true }).click();
  await dialog().getByText('must end in .csv').waitFor();
  assert.deepEqual(posted('/orders/WO-7/serials'), []);
  await scene.page.getByLabel('File').setInputFiles(file('list.jsonl', '"SN1"\n'));
  await dialog().getByRole('button', { name: 'Import', exact: true }).click();
  await eventually(() => assert.deepEqual(posted('/orders/WO-7/serials').map((r) => [r.type, r.body]), [['application/jsonl', '"SN1"\n']]));
});

const wrong_lines = { en: ['Nothing was imported. Wrong lines: 240', 'SN1 is in line 2 already.', 'The first 3 of 240 are shown.'],
  ja: ['何も取り込まれていません。誤りのある行：240', 'SN1 は 2 行目にもあります。', '240 件のうち最初の 3 件を表示しています。'],
  'zh-CN': ['什么都没有导入。错误行数：240', 'SN1 在第 2 行已出现。', '仅显示 240 行中的前 3 行。'] };

for (const [language, sentences] of Object.entries(wrong_lines)) {
  test(`a list with wrong lines: each is told with its number, nothing was imported, and axe finds nothing serious: ${language}`, async () => {
    scene.expected = [/400/];
    await scene.page.locator('.bar-select').selectOption(language);
    scene.station.put_station({ orders: [{ ...scene.station.status.orders[0], order: 'WO-7' }] });
    scene.station.listed['WO-7'] = { allow_list: true, listed: 0 };
    scene.station.answers['POST /orders/WO-7/serials'] = () => {
      const said = scene.station.problem(400, 'station-request-invalid', 'The request is not understood.', 'Correct it.', '240 lines are wrong');
      Object.assign(said.document, { error_count: 240, errors: [{ line: 3, text: 'serial SN1 is in line 2 already' },
        { line: 17, text: "'X9' is no serial number of the order's product" }, { line: 18, text: 'a quote is not closed' }] });
      return said;
    };
    await scene.page.goto(`${scene.station.url}#/orders`);
    await row('WO-7').getByRole('button').first().click();
    assert.deepEqual(await grave_of(scene.page), []);
    await dialog().locator('input[type=file]').setInputFiles(file('list.csv', 'SN1\nSN1\n'));
    await dialog().locator('button[type=submit]').click();
    for (const sentence of sentences) await dialog().getByText(sentence).waitFor();
    assert.deepEqual(await dialog().locator('tbody td.number').allInnerTexts(), ['3', '17', '18']);
    assert.deepEqual(await grave_of(scene.page), []);
    await scene.page.keyboard.press('Escape');
    await scene.page.locator('.view-head .button--main').click();
    await dialog().waitFor();
    assert.deepEqual(await grave_of(scene.page), []);
  });
}

test('closing asks first, and its first choice is to keep the order', async () => {
  await go();
  await row('WO-1001').getByRole('button', { name: 'Close order WO-1001' }).click();
  assert.match(await dialog().innerText(), /Close order WO-1001[^]*412 of 500 done[^]*at work are finished and counted/);
  await eventually(async () => assert.equal(await field_of_focus(), 'Keep it open'));
  assert.deepEqual(await grave_of(scene.page), []);
  await press('Enter');
  await dialog().waitFor({ state: 'detached' });
  assert.deepEqual(posted('/orders/WO-1001/close'), []);
  await row('WO-1001').getByRole('button', { name: 'Close order WO-1001' }).click();
  await dialog().getByRole('button', { name: 'Close the order' }).click();
  await dialog().waitFor({ state: 'detached' });
  assert.equal(posted('/orders/WO-1001/close').length, 1);
  await eventually(async () => assert.match(await row('WO-1001').innerText(), /closed/));
});

test('a label that is scanned over the question is a scan, and closes no order', async () => {
  await go();
  await row('WO-1001').getByRole('button', { name: 'Close order WO-1001' }).click();
  await dialog().getByRole('button', { name: 'Close the order' }).focus();
  await wedge('SN-240091');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240091' }]));
  await scene.page.getByText('SN-240091 taken.').waitFor();
  assert.deepEqual(posted('/orders/WO-1001/close'), []);
  assert.equal(await dialog().count(), 0);
});

test("an order's number may be scanned from paper; while a board waits for its label the page asks which it was", async () => {
  await go();
  await open_form();
  await wedge('WO-3000');
  assert.equal(await scene.page.getByLabel('Order number').inputValue(), 'WO-3000');
  assert.deepEqual(opened(), []);
  assert.deepEqual(scans(), []);
  boards.wait_for_scan(scene.station, 'A3');
  await scene.page.getByLabel('Order number').fill('');
  await scene.page.waitForFunction(() => document.activeElement.dataset.field === 'order');
  await eventually(async () => {
    await wedge('SN-240092');
    await scene.page.getByText('“SN-240092”: a label, or for this field?').waitFor({ timeout: 500 });
  });
  await press('Enter');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240092' }]));
  assert.equal(await dialog().count(), 0);
  assert.deepEqual(opened(), []);
});

test('an operator sees the orders and may sign in; the token goes with signing out and with production mode', async () => {
  scene.station.role = 'operator';
  await scene.page.reload();
  await go();
  await scene.page.getByText('needs the right of an engineer').waitFor();
  const buttons = () => scene.page.getByRole('button', { name: /work order|Close order|Import/ });
  assert.equal(await buttons().count(), 0);
  const sign_in = async () => {
    await scene.page.getByLabel('Token').fill('fl_engineer');
    await scene.page.getByRole('button', { name: 'Sign in' }).click();
    await scene.page.getByText('Signed in as kim (engineer).').waitFor();
    assert.equal(await buttons().count(), 2);
  };
  await sign_in();
  await scene.page.getByRole('button', { name: 'Sign out' }).click();
  await scene.page.getByLabel('Token').waitFor();
  assert.equal(await buttons().count(), 0);
  await sign_in();
  await scene.page.goto(`${scene.station.url}#/production`);
  await scene.page.getByRole('button', { name: 'Unlock' }).waitFor();
  assert.equal(await scene.page.getByRole('link', { name: 'Work orders' }).count(), 0);
  assert.equal(await scene.page.evaluate(() => sessionStorage.getItem('fleetline.token') ?? ''), '');
});
