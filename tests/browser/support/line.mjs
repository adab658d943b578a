// SPDX-License-Identifier: Apache-2.0
// A real line behind the page: see line_driver.py.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { page_directory, root } from './browser.mjs';

const programs = process.env.FLEETLINE_BIN_DIR ?? join(root, 'build/release/bin');

/** Why there can be no line here, or nothing. */
export function missing() {
  const needed = ['fleetlined', 'fleetline-rehearsal-cloud', 'fleetline-rehearsal-board'].filter((p) => !existsSync(join(programs, p)));
  return needed.length ? `${needed.join(', ')} not built in ${programs}` : '';
}

export async function start_line(how = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'fleetline-line-'));
  await rm(directory, { recursive: true });
  const driver = spawn('python3', [join(dirname(fileURLToPath(import.meta.url)), 'line_driver.py'), programs, page_directory, directory],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: driver.stdout })[Symbol.asyncIterator]();
  const tell = async (command) => {
    driver.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await answers.next();
    const answer = done ? { error: 'the line has ended' } : JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  };
  const stop = async () => {
    const ended = new Promise((done) => driver.on('exit', done));
    driver.stdin.end();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const { url } = await tell({ do: 'start', ...how });
    return { url, directory, tell, stop, board: (say) => tell({ do: 'board', say }) };
  } catch (trouble) {
    await stop();
    throw trouble;
  }
}
