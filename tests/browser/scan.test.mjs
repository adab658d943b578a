// SPDX-License-Identifier: Apache-2.0
// Labels: a scanner types like a keyboard and ends with Enter, whatever the operator did before.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as boards from './mock/boards.mjs';
import { connection_noise, eventually, set_scene, tile_in } from './support/scene.mjs';

const scene = set_scene();
const scans = () => scene.station.requests.filter((r) => r.verb === 'POST' && r.path === '/api/v1/scan').map((r) => JSON.parse(r.body));
const focused = () => scene.page.evaluate(() => document.activeElement.id);
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

test('a fixture read by mistake does not take every label: another fixture, a refusal or half a minute ends the choice', async () => {
  const chosen = (slot) => scene.page.locator('.scan__label').getByText(`The next scan is for slot ${slot}`);
  await wedge('A7');
  await chosen('A7').waitFor();
  await wedge('A6');
  await chosen('A6').waitFor();
  scene.expected = [/409/];
  scene.station.answers['POST /scan'] = () => scene.station.problem(409, 'order-scan-unexpected',
    'No board waits for a label.', 'Plug the board, then scan its label.', 'slot A6 does not wait for a label');
  await wedge('SN-240041');
  await chosen('A6').waitFor({ state: 'detached' });
  delete scene.station.answers['POST /scan'];
  await wedge('SN-240042');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240041', slot: 'A6' }, { serial: 'SN-240042' }]));
  await scene.page.clock.install();
  await wedge('A7');
  await chosen('A7').waitFor();
  await scene.page.clock.fastForward(31000);
  await chosen('A7').waitFor({ state: 'detached' });
});

test("a fixture's label read before the answer to the last scan came is for the next one; a scan that never arrived keeps its fixture", async () => {
  let answer;
  const held = new Promise((go_on) => (answer = go_on));
  scene.station.answers['POST /scan'] = async () => (await held, {});
  await wedge('SN-240043');
  await eventually(() => assert.equal(scans().length, 1));
  await wedge('A7');
  await scene.page.getByText('The next scan is for slot A7').first().waitFor();
  answer();
  await scene.page.getByText('SN-240043 taken.').waitFor();
  scene.expected = connection_noise;
  await scene.page.route('**/api/v1/scan', (asked) => asked.abort());
  await wedge('SN-240044');
  await scene.page.getByText('The station was not reached.').waitFor();
  await scene.page.unroute('**/api/v1/scan');
  await wedge('SN-240044');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240043' }, { serial: 'SN-240044', slot: 'A7' }]));
});

test("a scan while a slot's dialog is open is taken, and the dialog goes", async () => {
  await scene.tile('A5').locator('.tile__name').click();
  await scene.page.locator('dialog[open]').waitFor();
  await wedge('SN-240050');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240050' }]));
  assert.equal(await scene.page.locator('dialog[open]').count(), 0);
});

test("a slot's dialog goes away when a label is awaited", async () => {
  await scene.tile('A5').locator('.tile__name').click();
  await scene.page.locator('dialog[open]').waitFor();
  boards.wait_for_scan(scene.station, 'A3');
  await scene.page.locator('dialog[open]').waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await focused(), 'scan'));
});

test('after a language was chosen the next scan is a scan', async () => {
  const list = scene.page.locator('.bar-select');
  await list.focus();
  await list.selectOption('ja');
  assert.notEqual(await scene.page.evaluate(() => document.activeElement.className), 'bar-select');
  await list.selectOption('en');
  await list.focus(); // looked at, and nothing chosen
  await wedge('jig-7');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'jig-7' }]));
  assert.equal(await list.inputValue(), 'en');
});

test('a scan never becomes the PIN, and one that is awaited is taken', async () => {
  await scene.page.getByRole('button', { name: 'Lock' }).click();
  await scene.page.getByLabel('PIN', { exact: true }).focus();
  await wedge('SN-240051');
  await scene.page.getByText('That is no PIN').waitFor();
  await wedge('240051');
  await eventually(async () => assert.equal(await scene.page.getByLabel('PIN, once more').evaluate((e) => e === document.activeElement), true));
  await wedge('240052');
  await scene.page.getByText('The two are not the same.').waitFor();
  assert.deepEqual(scans(), []);
  await scene.page.keyboard.press('Escape');

  boards.wait_for_scan(scene.station, 'A3');
  await tile_in(scene, 'A3', 'waiting-for-scan');
  await scene.page.getByRole('button', { name: 'Lock' }).click();
  await scene.page.getByLabel('PIN', { exact: true }).focus();
  await wedge('SN-240053');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240053' }]));
  assert.equal(await scene.page.locator('dialog[open]').count(), 0);
  assert.equal(await scene.page.locator('nav').count(), 1);
});

test('a label scanned into the form for signing on is no name: the page asks', async () => {
  boards.wait_for_scan(scene.station, 'A3');
  await tile_in(scene, 'A3', 'waiting-for-scan');
  await scene.page.locator('.bar-button--named').click();
  await scene.page.getByLabel('Badge or name').waitFor();
  await wedge('SN-240054');
  await scene.page.getByText('“SN-240054”: a label or a name? A board waits for its label: A3.').waitFor();
  assert.equal(scene.station.requests.some((r) => r.path === '/api/v1/operator'), false);
  await scene.page.keyboard.press('Enter');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240054' }]));
  assert.equal(await scene.page.locator('dialog[open]').count(), 0);
});

test('a badge that is scanned as a label is says who works here now', async () => {
  scene.station.answers['POST /scan'] = () => ({ slot: '', operator: 'OP-17' });
  await wedge('OP-17');
  await scene.page.getByText('OP-17 works here now.').waitFor();
});

test('an input method that is on makes full-width letters of a label: it is the same label', async () => {
  const input = await scene.page.context().newCDPSession(scene.page);
  const typed = async (text) => {
    await input.send('Input.insertText', { text });
    await scene.page.keyboard.press('Enter');
  };
  await typed('ＳＮー２４００６０');
  await typed('Ａ７');
  await scene.page.getByText('The next scan is for slot A7').first().waitFor();
  await typed('ＳＮ－２４００６１');
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN-240060' }, { serial: 'SN-240061', slot: 'A7' }]));
});

test('an input method that takes the Enter for itself does not keep the label', async () => {
  const input = await scene.page.context().newCDPSession(scene.page);
  await input.send('Input.imeSetComposition', { text: 'ＳＮ２４００６２', selectionStart: 8, selectionEnd: 8 });
  await input.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', windowsVirtualKeyCode: 229, code: 'Enter', key: 'Process' });
  await input.send('Input.insertText', { text: 'ＳＮ２４００６２' });
  await eventually(() => assert.deepEqual(scans(), [{ serial: 'SN240062' }]));
  assert.equal(await scene.page.locator('#scan').inputValue(), '');
});

const sentences = {
  en: (label, board) => `The label says ${label}, the board says ${board}.`,
  ja: (label, board) => `ラベルは ${label}、基板は ${board} です。`,
  'zh-CN': (label, board) => `标签是 ${label}，电路板是 ${board}。`,
};
const pairs = { usual: ['SN-240017', 'SN-240071'], long: [`SN-${'1234567890'.repeat(3)}7`, `SN-${'1234567890'.repeat(3)}1`],
  longest: ['W'.repeat(63) + '1', 'W'.repeat(63) + '2'] };

for (const language of Object.keys(sentences)) {
  test(`a label that is not the board's is refused in one sentence with both numbers, large and whole: ${language}`, async () => {
    await scene.page.locator('.bar-select').selectOption(language);
    const what = scene.tile('A2').locator('.tile__what');
    for (const [name, numbers] of Object.entries(pairs)) {
      boards.plug(scene.station, 'A2', numbers[1]);
      boards.mismatch(scene.station, 'A2', ...numbers);
      await tile_in(scene, 'A2', 'refused');
      await eventually(async () => assert.equal(await what.innerText(), sentences[language](...numbers)));
      assert.doesNotMatch(await scene.tile('A2').innerText(), /Admitting|order-serial/);
      const seen = await what.evaluate((p) => {
        const words = p.getBoundingClientRect();
        const tile = p.closest('.tile').getBoundingClientRect();
        const next = p.parentElement.querySelector('.tile__next');
        return { size: parseFloat(getComputedStyle(p).fontSize), plain: parseFloat(getComputedStyle(next).fontSize),
          inside: words.top >= tile.top && words.bottom <= tile.bottom && words.left >= tile.left && words.right <= tile.right,
          whole: p.scrollHeight <= p.clientHeight + 1 && p.scrollWidth <= p.clientWidth + 1,
          advice: next.getBoundingClientRect().bottom <= tile.bottom && next.scrollHeight <= next.clientHeight + 1 };
      });
      assert.ok(seen.inside && seen.whole && seen.advice, `${name}: ${JSON.stringify(seen)}`);
      // A capital of 24 pixels is 5 mm high on a line's screen: the least to be read at two metres.
      if (name === 'usual') assert.ok(seen.size >= 24, `${name}: ${seen.size}`);
    }
  });
}

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
