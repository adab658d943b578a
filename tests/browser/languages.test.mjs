// SPDX-License-Identifier: Apache-2.0
// English, Japanese and Simplified Chinese, by the browser's wish or by the switch.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { Station } from './mock/station.mjs';
import * as boards from './mock/boards.mjs';
import { open_browser, open_page, page_directory } from './support/browser.mjs';
import { eventually } from './support/scene.mjs';

const station = await new Station({ page: page_directory, slots: ['A1', 'A2'] }).start();
after(() => station.kill());
boards.plug(station, 'A1');
boards.pass(station, 'A1');
boards.plug(station, 'A2');
boards.fail(station, 'A2', 'device-no-answer');

const expected = {
  'en-GB': { lang: 'en', a1: /PASS/, a2: /FAIL[^]*The board does not answer\.[^]*Check that the board sits well/, retry: 'Retry' },
  'ja-JP': { lang: 'ja', a1: /合格/, a2: /不合格[^]*基板が応答しません。[^]*挿し直してください。/, retry: '再試行' },
  'zh-CN': { lang: 'zh-CN', a1: /通过/, a2: /失败[^]*电路板没有应答。[^]*然后重新插入。/, retry: '重试' },
};

async function check(page, { lang, a1, a2, retry }) {
  await eventually(async () => assert.equal(await page.evaluate(() => document.documentElement.lang), lang));
  const text = (slot) => page.locator(`.tile[data-slot="${slot}"]`).innerText();
  await eventually(async () => assert.match(await text('A1'), a1));
  await eventually(async () => assert.match(await text('A2'), a2));
  assert.ok((await text('A2')).includes(retry));
}

for (const [locale, words] of Object.entries(expected)) {
  test(`a browser that wants ${locale} gets ${words.lang}`, async () => {
    const { context, close } = await open_browser({ locale });
    try {
      await check(await open_page(context, station.url), words);
    } finally {
      await close();
    }
  });
}

test('the switch changes the language at once, and the browser remembers it', async () => {
  const { context, close } = await open_browser({ locale: 'de-DE' });
  try {
    const page = await open_page(context, station.url);
    await check(page, expected['en-GB']);
    await page.locator('.bar-select').selectOption('ja');
    await check(page, expected['ja-JP']);
    await page.locator('.bar-select').selectOption('zh-CN');
    await check(page, expected['zh-CN']);
    await page.reload();
    await check(page, expected['zh-CN']);
    assert.deepEqual(page.complaints, []);
  } finally {
    await close();
  }
});
