// SPDX-License-Identifier: Apache-2.0
// The benchmark takes its daemon with it when it is killed: a spinning worker must not stay behind.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../..');

/** Starts a daemon as the benchmark does, without its packet source, and says where it is. */
const SCRIPT = `
import { Director } from ${JSON.stringify(path.join(root, 'scripts/bench/director.mjs'))};
const director = new Director({ daemon: ${JSON.stringify(process.env['DPVS_BIN'] ?? path.join(root, 'dataplane/build/src/main/dpvs'))}, plugin: '' });
await director.start();
console.log(director.child.pid, director.dir);
setInterval(() => {}, 1000);
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test.each([['SIGTERM', 143], ['SIGINT', 130], ['SIGHUP', 129]] as const)('%s ends the daemon and removes its files', async (signal, status) => {
  const script = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await new Promise<string>((resolve) => script.stdout.once('data', (data: Buffer) => { resolve(data.toString()); })); // prettier-ignore
  const [pid, dir = ''] = said.trim().split(' ');
  expect([isAlive(Number(pid)), existsSync(dir)]).toEqual([true, true]);
  const ended = new Promise((resolve) => script.once('exit', resolve));
  script.kill(signal);
  expect(await ended).toBe(status);
  for (let i = 0; i < 100 && isAlive(Number(pid)); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect([isAlive(Number(pid)), existsSync(dir)]).toEqual([false, false]);
}, 30_000);
