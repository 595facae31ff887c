// SPDX-License-Identifier: Apache-2.0
// Runs commands as users do and says what they cost.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from '../lib/steps.mjs';

const USAGE = path.join(root, 'scripts/lib/usage.cjs');
const tool = (name) => path.join(root, 'bin', name);

/** @typedef {{wallMs: number, userMs: number, peakBytes: number, stdout: string}} Cost */

/** Runs a command to its end. stdout goes to `output`, a file, as it would in a script, or is thrown away. */
function execute(command, args, { env, input, output }) {
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r');
  const stdout = output === undefined ? 'ignore' : openSync(output, 'w');
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    const child = spawn(command, args, { env, stdio: [stdin, stdout, 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => void (stderr += stderr.length < 4096 ? text : ''));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const wallMs = Number(process.hrtime.bigint() - began) / 1e6;
      if (status === 0) resolve({ wallMs });
      else reject(new Error(`${path.basename(command)} ${args.join(' ')}: ${signal ?? `exit status ${status}`}\n${stderr.trimEnd()}`));
    });
    for (const fd of [stdin, stdout]) if (typeof fd === 'number') closeSync(fd);
  });
}

/**
 * Wall time of a command, and in a further run, which reports itself, CPU time and memory.
 * @param {{socket: string, input?: string, folder: string, runs?: number, repeatable?: boolean, before?: () => Promise<void>}} options
 *   input: a file; folder: for scratch files; before: is done before each run and not measured
 * @returns {Promise<Cost>} the best wall time
 */
export async function cost(name, args, { socket, input, folder, runs = 3, before = async () => {} }) {
  const env = { ...process.env, DPVS_IPC_FILE: socket };
  const output = path.join(folder, 'output');
  const command = name === 'node' ? process.execPath : tool(name);
  const walls = [];
  for (let i = 0; i < runs; i += 1) {
    await before();
    walls.push((await execute(command, args, { env, input, output })).wallMs);
  }
  const file = path.join(folder, 'usage');
  await before();
  await execute(command, args, { env: { ...env, USAGE_FILE: file, NODE_OPTIONS: `--require=${USAGE}` }, input, output });
  const { userMs, peakBytes } = JSON.parse(readFileSync(file, 'utf8'));
  const stdout = readFileSync(output, 'utf8');
  for (const scratch of [file, output]) rmSync(scratch);
  return { wallMs: Math.min(...walls), userMs, peakBytes, stdout };
}
