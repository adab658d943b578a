// SPDX-License-Identifier: Apache-2.0
// What axe-core finds grave (WCAG 2.1 A and AA) on a page as it is now.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function grave_of(page) {
  await page.evaluate(axe); // through the debugger, as the page's policy lets no script in
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
  if (found.passes.length < 10) throw new Error('axe did not look at the page');
  return found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
}
