// SPDX-License-Identifier: Apache-2.0
import type { Io } from '../../src/cli/runtime';

export interface CollectingIo extends Io {
  /** What was printed so far. */
  readonly printed: { stdout: string; stderr: string };
}

/** What a test gives in place of the usual outside. */
export interface IoChanges extends Partial<Io> {
  /** All of standard input. */
  readonly stdinText?: () => string;
}

/** The outside of a command that a test runs in its own process: collects what is printed, has no terminal and no daemon. */
export function collectingIo({ stdinText = () => '', ...changes }: IoChanges = {}): CollectingIo {
  const printed = { stdout: '', stderr: '' };
  return {
    printed,
    stdout: { write: (text) => void (printed.stdout += text) },
    stderr: { write: (text) => void (printed.stderr += text) },
    stdin: () => [Buffer.from(stdinText())],
    env: {},
    isTTY: false,
    terminalSize: () => null,
    now: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    transport: () => ({
      request: (id) => {
        throw new Error(`unexpected request ${id}`);
      },
    }),
    argv0: 'ipvsadm',
    ...changes,
  };
}
