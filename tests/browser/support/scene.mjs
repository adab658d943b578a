// SPDX-License-Identifier: Apache-2.0
// A station and a browser for a test file; a page for each test.
import { after, before, beforeEach, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { Station } from '../mock/station.mjs';
import { open_browser, open_page, page_directory } from './browser.mjs';

export const row = (count) => Array.from({ length: count }, (_, i) => `${String.fromCharCode(65 + Math.floor(i / 8))}${(i % 8) + 1}`);

/**
 * Fills `scene` with station, context and page for each test. A page that complained (an uncaught error, a breach of the
 * content security policy, anything red in the console) fails its test, unless the test put a pattern for it into
 * `scene.expected`.
 */
export function set_scene({ slots = row(8), browser = {}, fill = 60, station: settings = {} } = {}) {
  const scene = {};
  let close;
  before(async () => {
    const opened = await open_browser(browser);
    scene.context = opened.context;
    close = opened.close;
  });
  after(async () => {
    await close?.();
    // Whatever a broken test left open must not hold up the others.
    setTimeout(() => process.exit(), 5000).unref();
  });
  beforeEach(async () => {
    scene.expected = [];
    scene.station = await new Station({ page: page_directory, slots, ...settings }).start();
    scene.station.ledger.fill(fill, { slots });
    scene.page = await open_page(scene.context, scene.station.url);
    await scene.page.locator('.tile').first().waitFor();
  });
  afterEach(async () => {
    const { complaints } = scene.page;
    await scene.page.evaluate(() => {
      localStorage.clear();
      sessionStorage.clear();
    }).catch(() => {});
    await scene.page.close();
    await scene.station.kill();
    const unexpected = complaints.filter((c) => !scene.expected.some((pattern) => pattern.test(c)));
    assert.deepEqual(unexpected, [], 'the page complained');
  });
  scene.tile = (slot) => scene.page.locator(`.tile[data-slot="${slot}"]`);
  return scene;
}

/** What the browser itself says of a connection that was refused or broken off. */
export const connection_noise = [/WebSocket connection to .* failed/, /net::ERR_/];

/** Waits until `check` does not throw; the page needs a moment. */
export async function eventually(check, within_ms = 5000) {
  const end = Date.now() + within_ms;
  for (;;) {
    try {
      return await check();
    } catch (trouble) {
      if (Date.now() > end) throw trouble;
      await new Promise((go_on) => setTimeout(go_on, 25));
    }
  }
}

/** The tile's text, once it has the state. */
export async function tile_in(scene, slot, state) {
  await scene.page.locator(`.tile[data-slot="${slot}"][data-state="${state}"]`).waitFor({ timeout: 5000 });
  return scene.tile(slot).innerText();
}
