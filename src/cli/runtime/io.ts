// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../../ipc/client';

/** Somewhere text goes. */
export interface Output {
  write(text: string): void;
  /** Sends what was collected; for output that is watched while it grows. */
  flush?(): void;
}

/** Everything a command gets from outside, so that tests can give it something else. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** All of standard input; blocks until its end. */
  stdinText(): string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True when stdout is a terminal. */
  readonly isTTY: boolean;
  /** The control socket; nothing is opened before its first request. */
  transport(): Transport;
  /** Name of the program as it is printed in messages. */
  readonly argv0: string;
}

/**
 * A command. Gets its arguments without the program's name and gives its exit status. A promise is only given by
 * runs that look up names: everything else stays synchronous, because that is the fastest way through a short process.
 */
export type Main = (argv: string[], io: Io) => number | Promise<number>;
