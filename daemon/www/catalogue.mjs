// SPDX-License-Identifier: Apache-2.0
// The failure catalogue as the station has it, read from its source: the one place where its English words are written.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '../../lib/station/failure_catalogue.cpp');

const literal = String.raw`"(?:[^"\\]|\\.)*"`;
const words = String.raw`((?:${literal}\s*)+)`;
const entry = new RegExp(String.raw`failure_entry\{\s*${words},\s*${words},\s*${words},\s*(true|false)\s*\}`, 'g');

const joined = (literals) => [...literals.matchAll(new RegExp(literal, 'g'))].map((m) => JSON.parse(m[0])).join('');

/** → { code: { text, next, retry } } */
export async function read_catalogue() {
  const text = await readFile(source, 'utf8');
  const found = [...text.matchAll(entry)].map((m) => [joined(m[1]), { text: joined(m[2]), next: joined(m[3]), retry: m[4] === 'true' }]);
  if (found.length === 0 || found.length !== text.split('failure_entry{').length - 1)
    throw new Error(`${source}: only ${found.length} of its entries can be read`);
  return Object.fromEntries(found);
}
