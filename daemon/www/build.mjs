// SPDX-License-Identifier: Apache-2.0
// Bundles the page into build/www (or the directory given): index.html, one script, one style sheet, an icon.
// File names carry a digest of their content, so that a browser may keep them for ever and never shows an old page.
//
//     node build.mjs [--watch] [DIRECTORY]
import { build, context } from 'esbuild';
import { read_catalogue } from './catalogue.mjs';
import { mkdir, readFile, rm, writeFile, copyFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);
const watch = words.includes('--watch');
const target = resolve(words.find((w) => !w.startsWith('--')) ?? join(here, '../../build/www'));

/** Writes index.html once the digests are known. */
const write_index = {
  name: 'index',
  setup(bundler) {
    bundler.onEnd(async (result) => {
      if (result.errors.length > 0) return;
      const made = Object.keys(result.metafile.outputs).map((path) => path.split('/').pop());
      const named = (ending) => made.find((name) => name.endsWith(ending));
      const template = await readFile(join(here, 'src/index.html'), 'utf8');
      await writeFile(
        join(target, 'index.html'),
        template.replace('page.js', named('.js')).replace('page.css', named('.css')),
      );
      await copyFile(join(here, 'src/icon.svg'), join(target, 'icon.svg'));
    });
  },
};

/** `import … from 'fleetline:catalogue'`: the failure codes with their English words. */
const catalogue = {
  name: 'catalogue',
  setup(bundler) {
    bundler.onResolve({ filter: /^fleetline:catalogue$/ }, () => ({ path: 'catalogue', namespace: 'fleetline' }));
    bundler.onLoad({ filter: /.*/, namespace: 'fleetline' }, async () => ({
      contents: JSON.stringify(await read_catalogue()), loader: 'json',
    }));
  },
};

const options = {
  entryPoints: { page: join(here, 'src/main.jsx') },
  outdir: target,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  format: 'esm',
  target: ['chrome109', 'firefox115', 'safari16'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'dataurl' },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  absWorkingDir: here,
  plugins: [catalogue, write_index],
};

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
if (watch) {
  await (await context(options)).watch();
} else {
  await build(options);
}
