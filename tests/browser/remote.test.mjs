// SPDX-License-Identifier: Apache-2.0
// The page beyond loopback: the real daemon with TLS. A browser can only ask its user for a password, and a token is one.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { missing, start_line } from './support/line.mjs';
import { open_browser, open_page } from './support/browser.mjs';
import { eventually } from './support/scene.mjs';

let why_not = missing();
const wait_ms = 40000;
let line;
let token;

before(async () => {
  if (why_not) return;
  line = await start_line({ beyond_loopback: true });
  ({ token } = await line.tell({ do: 'token', name: 'tablet', role: 'operator' }));
});

after(async () => {
  await line?.stop();
  setTimeout(() => process.exit(), 5000).unref();
});

const check = (name, run) => test(name, (t) => (why_not ? t.skip(why_not) : run()));

/** `httpCredentials` answer the browser's question for a password, and nothing else. */
async function with_browser(password, run) {
  const httpCredentials = password ? { username: 'tablet', password } : undefined;
  const browser = await open_browser({ ignoreHTTPSErrors: true, httpCredentials });
  try {
    await run(browser.context);
  } finally {
    await browser.close();
  }
}

check('with a token for a password the page opens, and what it shows is live', () => with_browser(token, async (context) => {
  const page = await open_page(context, line.url);
  const tile = page.locator('.tile[data-slot="A1"]');
  await tile.waitFor({ timeout: wait_ms });
  await line.board('plug SN000001');
  await eventually(async () => assert.match(await tile.innerText(), /PASS\s+fleetline-SN000001/), wait_ms);
  await page.keyboard.type('SN000009');
  await page.keyboard.press('Enter');
  await page.getByText('No board waits for a label.').waitFor({ timeout: wait_ms });
  assert.deepEqual(page.complaints.filter((c) => !/409/.test(c)), []);
}));

check('without a token, or with a wrong one, there is nothing', async () => {
  for (const password of ['', 'flt_wrong']) {
    await with_browser(password, async (context) => {
      const page = await context.newPage();
      const answer = await page.goto(line.url).catch((trouble) => trouble);
      // A password that is wrong is asked for again, until the browser gives up.
      if (answer instanceof Error) assert.match(answer.message, /ERR_INVALID_AUTH_CREDENTIALS/);
      else assert.equal(answer.status(), 401);
      assert.equal(await page.locator('.tile, script').count(), 0);
    });
  }
});
