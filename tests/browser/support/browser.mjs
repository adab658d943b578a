// SPDX-License-Identifier: Apache-2.0
// Debian's chromium, headless, with a fresh profile each time and nothing that talks to the outside.
import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
export const page_directory = process.env.FLEETLINE_PAGE ?? join(root, 'build/www');

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const chromium_path = candidates.find((path) => path && existsSync(path));

/** → { context, close }. `close` also removes the profile. */
export async function open_browser({ width = 1920, height = 1080, locale = 'en-GB', ...rest } = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'fleetline-page-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromium_path,
    headless: true,
    viewport: { width, height },
    locale,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
    ...rest,
  });
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context, close };
}

/** A new tab on the station's page. What its console complains of is collected in `page.complaints`. */
export async function open_page(context, url) {
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
  await page.goto(url);
  return page;
}
