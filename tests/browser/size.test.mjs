// SPDX-License-Identifier: Apache-2.0
// What the built page weighs, and that it keeps to itself. Needs no browser.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { page_directory } from './support/browser.mjs';

const files = await Promise.all((await readdir(page_directory)).map(async (name) => [name, await readFile(join(page_directory, name))]));

test('the page is under 150 kB compressed', () => {
  const bytes = files.reduce((sum, [, content]) => sum + gzipSync(content, { level: 9 }).length, 0);
  console.log(`page: ${bytes} bytes compressed`);
  assert.ok(bytes < 150000, `${bytes} bytes`);
});

test('the page names no other host and runs no text as code', () => {
  for (const [name, content] of files) {
    const text = content.toString();
    const hosts = [...text.matchAll(/https?:\/\/([^"'`/\s)]+)/g)].map((m) => m[1]).filter((h) => h !== 'www.w3.org' && !h.startsWith('${'));
    assert.deepEqual(hosts, [], name);
    assert.doesNotMatch(text, /\beval\(|new Function\(/, name);
  }
});

test('index.html has no inline script and no inline style', () => {
  const html = files.find(([name]) => name === 'index.html')[1].toString();
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=/);
});
