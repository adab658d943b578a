// SPDX-License-Identifier: Apache-2.0
// The page on the real daemon: simulated boards on the rehearsal's line, plugged, refused, pulled out, tried again; the
// daemon killed, the cloud gone. In this order: one line, one shift.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { missing, start_line } from './support/line.mjs';
import { open_browser, open_page } from './support/browser.mjs';
import { eventually } from './support/scene.mjs';

let why_not = missing();
const wait_ms = 40000;
let line;
let browser;
let page;

before(async () => {
  if (why_not) return;
  line = await start_line();
  if ((await fetch(line.url)).status !== 200) {
    why_not = 'this fleetlined serves no page';
    return;
  }
  browser = await open_browser();
  page = await open_page(browser.context, line.url);
});

after(async () => {
  await browser?.close();
  await line?.stop();
  setTimeout(() => process.exit(), 5000).unref();
});

const check = (name, run) => test(name, (t) => (why_not ? t.skip(why_not) : run()));
const tile = (slot) => page.locator(`.tile[data-slot="${slot}"]`);

async function shows(slot, states, text) {
  await eventually(async () => {
    assert.match(await tile(slot).getAttribute('data-state'), states);
    if (text) assert.match(await tile(slot).innerText(), text);
  }, wait_ms);
}

check('the daemon serves the page, and the page shows its empty slots', async () => {
  await eventually(async () => assert.equal(await page.locator('.tile[data-state="empty"]').count(), 5), wait_ms);
  assert.match(await page.locator('[data-health="cloud"]').innerText(), /OK/);
});

check('a board that is plugged passes, and its tile says which thing it became', async () => {
  await line.board('plug SN000001');
  await shows('A1', /^passed$/, /PASS\s+fleetline-SN000001/);
  await eventually(async () => assert.match(await page.locator('.mark').last().getAttribute('class'), /mark--passed/), wait_ms);
});

check('PASS stays when the board is taken out, and the same board is refused when it comes back', async () => {
  await line.board('unplug SN000001');
  await eventually(async () => assert.match(await tile('A1').innerText(), /PASS[^]*Ready for the next board/), wait_ms);
  await line.board('plug SN000001');
  await shows('A1', /^refused$/, /REFUSED[^]*This board has passed already\./);
});

check('a board that fails says why and what to do; a retry on the page brings it through', async () => {
  await line.board('fault SN000002 keygen-fails');
  await line.board('plug SN000002');
  await shows('A2', /^failed$/, /FAIL[^]*The board could not make its key\.[^]*Plug the board again/);
  await line.board('clear-faults SN000002');
  await tile('A2').getByRole('button', { name: 'Retry slot A2' }).click();
  await shows('A2', /^passed$/);
});

check('a board that is pulled out in the middle says so, and passes when it is plugged again', async () => {
  await line.board('unplug-at SN000003 pki');
  await line.board('plug SN000003');
  await shows('A3', /^(abandoned|failed)$/, /The board was unplugged before it was done\./);
  await line.board('plug SN000003');
  await shows('A3', /^passed$/);
});

check("a label that is not the board's is refused with both numbers; scanned without a click, the right one passes", async () => {
  const scan = async (text) => {
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
  };
  await line.board('plug SN000005');
  await shows('B1', /^waiting-for-scan$/);
  await scan('SN000099');
  await shows('B1', /^refused$/, /The label says SN000099, the board says SN000005\.\s+Scan the right label, or put the board aside\./);
  assert.doesNotMatch(await tile('B1').innerText(), /Admitting|order-serial-mismatch/);
  await page.locator('.bar-select').selectOption('ja');
  await shows('B1', /^refused$/, /ラベルは SN000099、基板は SN000005 です。/);
  await page.locator('.bar-select').selectOption('en');
  await scan('SN000005');
  await shows('B1', /^passed$/, /PASS\s+fleetline-SN000005/);
});

check('an engineer signs in and has the board that passed done again: it passes with a new certificate', async () => {
  const { token } = await line.tell({ do: 'token', name: 'kim', role: 'engineer' });
  assert.equal(await page.getByRole('button', { name: 'Rework the board in slot A1' }).count(), 0);
  await page.goto(`${line.url}#/orders`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Signed in as kim (engineer).').waitFor();
  await page.goto(`${line.url}#/`);
  await shows('A1', /^refused$/);
  await tile('A1').getByRole('button', { name: 'Rework the board in slot A1' }).click();
  await page.getByLabel('Reason').fill('antenna replaced');
  await page.getByRole('button', { name: 'Authorise the rework' }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Retry slot A1' }).click();
  await shows('A1', /^passed$/);
  const { attempts } = await (await fetch(`${line.url}api/v1/attempts?serial=SN000001&outcome=passed`)).json();
  assert.equal(attempts[0].replaces_certificate_id, attempts[1].certificate_id);
});

check('work orders: opened, a list with wrong lines refused as a whole, a good one taken, closed', async () => {
  const dialog = page.locator('dialog[open]');
  const row = page.locator('.list--orders tbody tr').filter({ hasText: 'WO-17' });
  const list = async (text) => {
    await dialog.getByLabel('File').setInputFiles({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  };
  await page.goto(`${line.url}#/orders`);
  await page.getByRole('button', { name: 'Open a work order' }).click();
  await page.getByLabel('Order number').fill('WO-17');
  await page.getByLabel('Product').selectOption('labelled-board');
  await page.getByLabel('Number of boards').fill('40');
  await page.getByLabel('Serial numbers').selectOption('list');
  await dialog.getByRole('button', { name: 'Open the order' }).click();
  await dialog.getByText('All lines or none').waitFor();
  await list('serial\nSN000101\nSN 102\nSN000101\n"SN\n');
  for (const text of ['Wrong lines: 3', 'SN000101 is in line 2 already.', 'A quote is not closed.']) await dialog.getByText(text).waitFor();
  assert.deepEqual(await dialog.locator('tbody td.number').allInnerTexts(), ['3', '4', '5']);
  await list('serial\nSN000101\nSN000102\n');
  await dialog.getByText('2 serial numbers are on the list of order WO-17.').waitFor();
  await page.keyboard.press('Enter');
  await eventually(async () => assert.match(await row.innerText(), /labelled-board\s+open\s+0 \/ 40\s+2 on its list[^]*kim/), wait_ms);
  await row.getByRole('button', { name: 'Close order WO-17' }).click();
  await dialog.getByRole('button', { name: 'Close the order' }).click();
  await eventually(async () => assert.match(await row.innerText(), /closed/), wait_ms);
  await page.goto(`${line.url}#/`);
});

check('the daemon is killed and comes back: the page says so, recovers by itself and shows the truth', async () => {
  await line.tell({ do: 'kill' });
  await page.locator('[data-alarm="link"]').waitFor({ timeout: 5000 });
  await line.board('unplug SN000002');
  await line.tell({ do: 'start-daemon' });
  await page.locator('[data-alarm="link"]').waitFor({ state: 'detached', timeout: 5000 });
  await eventually(async () => {
    const answer = await (await fetch(`${line.url}api/v1/status`)).json();
    const shown = await page.locator('.tile').evaluateAll((tiles) => tiles.map((each) => each.dataset.state));
    assert.deepEqual(shown, answer.slots.map((s) => s.state));
  }, wait_ms);
});

check("the attempt's page tells what the ledger knows", async () => {
  await page.goto(`${line.url}#/attempts`);
  const rows = page.locator('table.list tbody tr');
  const search = async (label, text, shown) => {
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByLabel(label, { exact: true }).fill(text);
    await page.getByRole('button', { name: 'Search' }).click();
    await eventually(async () => {
      const found = await rows.allInnerTexts();
      assert.ok(found.length > 0 && found.every((each) => shown.test(each)), `${label} ${text}: ${found}`);
    }, wait_ms);
  };
  await search('Failure code', 'device-key-failed', /SN000002\s[^]*could not make its key/);
  await search('Slot', 'A3', /SN000003/);
  await search('Part of a serial number or thing', 'NE-sn00000', /SN00000/);
  await search('Part of a serial number or thing', 'N000001', /SN000001/);
  await page.getByRole('link', { name: 'SN000001' }).last().click();
  await page.getByRole('heading', { name: 'SN000001' }).waitFor();
  await eventually(async () => assert.match(await page.locator('main').innerText(), /fleetline-SN000001[^]*attempt-finished/), wait_ms);
  await page.goto(`${line.url}#/statistics`);
  await page.getByText('The board could not make its key.').waitFor();
});

check('the cloud goes away: the page says so, and a board that is plugged waits for it', async () => {
  await page.goto(`${line.url}#/`);
  await line.tell({ do: 'stop-cloud' });
  await page.locator('[data-alarm="cloud"]').waitFor({ timeout: wait_ms });
  await line.board('plug SN000004');
  await shows('A4', /^waiting-for-cloud$/, /Waiting for cloud\s+since \d\d:\d\d/);
});

check('nothing broke the content security policy or threw on the way', () => {
  assert.deepEqual(page.complaints.filter((c) => !/WebSocket|net::ERR_|40[013]/.test(c)), []);
});
