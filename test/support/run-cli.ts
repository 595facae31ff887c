// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../../src/ipc/client';
import { VectorTransport } from './vector-transport';
import type { Vector } from './vectors';

/** What a command gets from the outside; the shape of Io in src/cli/runtime. */
export interface FakeIo {
  readonly stdout: { write(text: string): void };
  readonly stderr: { write(text: string): void };
  stdinText(): string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
  transport(): Transport;
  readonly argv0: string;
}

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly argv0: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly isTTY?: boolean;
}

/** Runs the main function of a command inside this process and collects what it prints. */
export function runCli(
  main: (argv: string[], io: FakeIo) => number,
  argv: readonly string[],
  transport: Transport,
  options: CliOptions,
): CliResult {
  let stdout = '';
  let stderr = '';
  const io: FakeIo = {
    stdout: { write: (text) => void (stdout += text) },
    stderr: { write: (text) => void (stderr += text) },
    stdinText: () => options.stdin ?? '',
    env: options.env ?? {},
    isTTY: options.isTTY ?? false,
    transport: () => transport,
    argv0: options.argv0,
  };
  const exitCode = main([...argv], io);
  return { exitCode, stdout, stderr };
}

/** Runs the command line of a vector against its recorded replies; `unused` counts exchanges that were not asked for. */
export function runVector(
  main: (argv: string[], io: FakeIo) => number,
  vector: Vector,
  options: Partial<CliOptions> = {},
): CliResult & { readonly unused: number } {
  const [argv0 = '', ...argv] = vector.command;
  const transport = new VectorTransport(vector);
  const result = runCli(main, argv, transport, { argv0, ...options });
  return { ...result, unused: transport.left };
}
