// SPDX-License-Identifier: Apache-2.0
// Runs our commands: inside this process, which costs a millisecond, or as the process that users start.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { main as dpip } from '../../src/cli/dpip/main';
import { main as ipvsadm } from '../../src/cli/ipvsadm/main';
import type { Main } from '../../src/cli/runtime';
import type { Transport } from '../../src/ipc/client';
import { collectingIo } from '../support/io';

const root = path.resolve(import.meta.dirname, '../..');
const COMMAND_MS = 60_000;

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const mains: Readonly<Record<string, Main>> = { dpip, ipvsadm };

function words(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** Runs a command line in this process. Words are split at blanks. Only for runs without name look-ups. */
export function runInside(line: string, transport: Transport, stdin = ''): CommandResult {
  const [argv0 = '', ...argv] = words(line);
  const main = mains[argv0];
  if (main === undefined) throw new Error(`no command ${argv0}`);
  const io = collectingIo({ stdinText: () => stdin, transport: () => transport, argv0 });
  const status = main(argv, io);
  if (typeof status !== 'number') throw new Error(`${line} does not end at once: use numeric output`);
  return { status, ...io.printed };
}

/** Runs a command line as users do, through bin/. */
export function runProcess(line: string, socket: string, stdin = ''): CommandResult {
  const [tool = '', ...args] = words(line);
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [path.join(root, 'bin', tool), ...args], {
    env: { PATH: process.env['PATH'], DPVS_IPC_FILE: socket },
    input: stdin,
    encoding: 'utf8',
    timeout: COMMAND_MS,
  });
  if (error !== undefined) throw error;
  return { status: status ?? -1, stdout, stderr };
}
