// SPDX-License-Identifier: Apache-2.0
// Runs dpip inside this process against daemons made of recorded or written answers.
import { main } from '../../../src/cli/dpip/main';
import { DaemonError, type RequestType, type Transport } from '../../../src/ipc/client';
import { errorTexts } from '../../../src/ipc/codec';
import { collectingIo } from '../../support/io';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Arguments as a shell would split them at spaces. */
export function words(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

/** For command lines that must not ask the daemon anything. */
export const noDaemon: Transport = {
  request: (id) => {
    throw new Error(`unexpected request ${id}`);
  },
};

/** @param argv without the name of the program; a text is split at spaces */
export async function dpip(
  argv: string | readonly string[],
  transport: Transport = noDaemon,
  options: { readonly argv0?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Result> {
  const io = collectingIo({ env: options.env ?? {}, transport: () => transport, argv0: options.argv0 ?? 'dpip' });
  const code = await main(typeof argv === 'string' ? words(argv) : [...argv], io);
  return { code, ...io.printed };
}

/** A body, a negative error code, or something to throw. */
export type Answer = Uint8Array | number | Error;

/** A daemon of answers by message id; what is not there is not supported. Keeps what it was asked. */
export class Scripted implements Transport {
  readonly requests: { readonly id: number; readonly type: RequestType; readonly body: Buffer }[] = [];

  constructor(private readonly answers: Readonly<Record<number, Answer | ((body: Buffer) => Answer)>> = {}) {}

  request(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): Buffer {
    const copy = Buffer.from(body);
    this.requests.push({ id, type, body: copy });
    const known = this.answers[id] ?? -14;
    const answer = typeof known === 'function' ? known(copy) : known;
    if (answer instanceof Error) throw answer;
    if (typeof answer === 'number') throw new DaemonError(id, answer, errorTexts[answer] ?? '<unknow>');
    return Buffer.from(answer);
  }

  /** Bodies of the requests with an id. */
  sent(id: number): Buffer[] {
    return this.requests.filter((request) => request.id === id).map((request) => request.body);
  }
}

/** A daemon that takes every change. */
export function accepting(...ids: number[]): Scripted {
  return new Scripted(Object.fromEntries(ids.map((id) => [id, new Uint8Array()])));
}
