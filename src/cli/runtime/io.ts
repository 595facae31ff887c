// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../../ipc/client';

/** Somewhere text goes. */
export interface Output {
  write(text: string): void;
  /** Sends what was collected; for output that is watched while it grows. */
  flush?(): void;
}

/** Which daemon a command line asks for; undefined: as the environment says. */
export interface TransportChoice {
  /** Of the socket, at most 107 bytes. */
  readonly path?: string | undefined;
  /** For each whole exchange. */
  readonly timeoutMs?: number | undefined;
}

/** In characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Everything a command gets from outside, so that tests can give it something else. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Standard input, piece by piece as it comes; each blocks until there is something. */
  stdin(): Iterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True when stdout is a terminal. */
  readonly isTTY: boolean;
  /** Of the terminal that stdout is, as it is now; null: it is none. */
  terminalSize(): TerminalSize | null;
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  /**
   * Shows what was written, and resolves after so many milliseconds. Ctrl-C meanwhile ends the process with status 130.
   * @param interrupted says the last word then
   */
  sleep(ms: number, interrupted?: () => void): Promise<void>;
  /** The control socket, the same for the same choice; nothing is opened before its first request. */
  transport(choice?: TransportChoice): Transport;
  /** Name of the program as it is printed in messages. */
  readonly argv0: string;
}

/**
 * A command. Gets its arguments without the program's name and gives its exit status. A promise is only given by
 * runs that look up names: everything else stays synchronous, because that is the fastest way through a short process.
 */
export type Main = (argv: string[], io: Io) => number | Promise<number>;

/** Another view of the same outside, with some of it replaced. */
export function deriveIo(io: Io, changes: Partial<Io>): Io {
  return {
    stdout: io.stdout,
    stderr: io.stderr,
    stdin: () => io.stdin(),
    env: io.env,
    // Asked for seldom, and not for nothing.
    get isTTY() {
      return io.isTTY;
    },
    terminalSize: () => io.terminalSize(),
    now: () => io.now(),
    sleep: (ms, interrupted) => io.sleep(ms, interrupted),
    transport: (choice) => io.transport(choice),
    argv0: io.argv0,
    ...changes,
  };
}
