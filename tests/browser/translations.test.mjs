// SPDX-License-Identifier: Apache-2.0
// Nothing that an operator reads is missing in any of the three languages. Needs no browser.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { read_catalogue } from '../../daemon/www/catalogue.mjs';
import { code_texts } from './mock/boards.mjs';

const read = async (name) => JSON.parse(await readFile(new URL(`../../daemon/www/src/lang/${name}.json`, import.meta.url)));

test('every failure code of the catalogue has Japanese and Chinese words', async () => {
  const catalogue = await read_catalogue();
  for (const language of ['ja', 'zh-CN']) {
    const codes = await read(`${language}.codes`);
    const missing = Object.keys(catalogue).filter((code) => !codes[code]?.text || !codes[code]?.next);
    assert.deepEqual(missing, [], `daemon/www/src/lang/${language}.codes.json lacks codes of lib/station/failure_catalogue.cpp`);
  }
});

test('the advice in Japanese and Chinese is the catalogue\'s', async () => {
  // Not a translation checked, but that none tells people to do something else.
  const terms = [
    { en: /engineer/, ja: /技術者/, 'zh-CN': /工程师/ },
    { en: /scan/i, ja: /スキャン/, 'zh-CN': /扫/ },
    { en: /aside/, ja: /別に置/, 'zh-CN': /另放/ },
    { en: /\blabel/, ja: /ラベル/, 'zh-CN': /标签/ },
  ];
  const catalogue = await read_catalogue();
  for (const language of ['ja', 'zh-CN']) {
    const codes = await read(`${language}.codes`);
    for (const [code, { next }] of Object.entries(catalogue))
      for (const term of terms) assert.equal(term[language].test(codes[code].next), term.en.test(next), `${language} ${code}: ${codes[code].next}`);
  }
});

test('the made-up station speaks the catalogue\'s words', async () => {
  const catalogue = await read_catalogue();
  for (const [code, words] of Object.entries(code_texts)) assert.deepEqual(words, [catalogue[code].text, catalogue[code].next], code);
});

test('every text of the page is there in all languages, with the same things to fill in', async () => {
  const english = await read('en');
  const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map((m) => m[0]).sort().join();
  for (const language of ['ja', 'zh-CN']) {
    const texts = await read(language);
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(english).sort(), language);
    for (const [key, text] of Object.entries(english)) assert.equal(holes(texts[key]), holes(text), `${language} ${key}`);
  }
});

test('the commands that the page names are those of the manual page', async () => {
  const manual = await readFile(new URL('../../packaging/man/fleetline.1', import.meta.url), 'utf8');
  const commands = [...manual.matchAll(/^\.It Cm ([a-z -]+?)(?= (?:Ar|Fl|O[op]|\|)|$)/gm)].map((m) => m[1]);
  const named = [];
  for (const name of ['en', 'ja', 'zh-CN', 'ja.codes', 'zh-CN.codes']) named.push(JSON.stringify(await read(name)));
  named.push(JSON.stringify(await read_catalogue()));
  const found = named.flatMap((text) => [...text.matchAll(/fleetline ([a-z][a-z -]*?)(?: --[a-z-]+)?[”」']/g)].map((m) => m[1]));
  assert.ok(found.length > 5);
  assert.deepEqual(found.filter((each) => !commands.includes(each)), []);
});

test('Japanese and Chinese are really translated', async () => {
  for (const language of ['ja', 'zh-CN']) {
    const texts = { ...(await read(language)), ...Object.fromEntries(Object.entries(await read(`${language}.codes`)).map(([k, v]) => [k, v.text + v.next])) };
    const latin = Object.entries(texts).filter(([, text]) => !/[\u3040-\u30ff\u4e00-\u9fff]/.test(text));
    assert.deepEqual(latin, [], language);
  }
});
