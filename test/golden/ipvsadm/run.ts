// SPDX-License-Identifier: Apache-2.0
// Runs ipvsadm inside this process against daemons made of recorded or written answers.
import { main } from '../../../src/cli/ipvsadm/main';
import { CommandError } from '../../../src/cli/runtime';
import { ClosedError, DaemonError, type RequestType, type Transport } from '../../../src/ipc/client';
import { decode, encode, MSG, sizeOf, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { collectingIo } from '../../support/io';
import { masked, replyBytes, requestBody, type Exchange, type Vector } from '../../support/vectors';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function ipvsadm(
  argv: readonly string[],
  transport: Transport,
  options: { readonly stdin?: string; readonly argv0?: string } = {},
): Promise<Result> {
  const io = collectingIo({ stdinText: () => options.stdin ?? '', transport: () => transport, argv0: options.argv0 ?? 'ipvsadm' });
  const out = io.printed;
  try {
    return { code: await main([...argv], io), ...out };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { code: error.exitCode, stdout: out.stdout, stderr: `${out.stderr}${error.message}\n` };
  }
}

export interface Request {
  readonly id: number;
  readonly type: RequestType;
  readonly body: Buffer;
}

/** What a written daemon answers: a body, or a negative code. */
export type Answer = Buffer | number;

/** A daemon of answers by message id; everything else is not supported. Keeps what it was asked. */
export class ScriptedDaemon implements Transport {
  readonly requests: Request[] = [];

  constructor(private readonly answers: Readonly<Record<number, (body: Buffer, count: number) => Answer>>) {}

  request(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): Buffer {
    const count = this.asked(id).length;
    this.requests.push({ id, type, body: Buffer.from(body) });
    const answer = this.answers[id]?.(Buffer.from(body), count) ?? -14;
    if (typeof answer !== 'number') return answer;
    throw new DaemonError(id, answer, TEXTS[answer] ?? 'some text');
  }

  asked(id: number): Request[] {
    return this.requests.filter((request) => request.id === id);
  }

  /** Ids in the order of the requests. */
  get ids(): number[] {
    return this.requests.map((request) => request.id);
  }
}

const TEXTS: Readonly<Record<number, string>> = {
  [-1]: 'invalid parameter',
  [-3]: 'already exist',
  [-4]: 'not exist',
  [-14]: 'not support',
  [-17]: 'no service',
  [-23]: 'msg callback failed',
};

export const OK = (): Answer => Buffer.alloc(0);

export function infoReply(services: number, workers = 2): Buffer {
  return encode('dp_vs_getinfo', { version: 0x010a02, num_services: services, num_lcores: workers });
}

export function servicesReply(services: readonly DeepPartial<Structs['dp_vs_service_compat']>[]): Buffer {
  return Buffer.concat([
    encode('dp_vs_services_front', { count: services.length }),
    ...services.map((service) => encode('dp_vs_service_compat', service)),
  ]);
}

export function destsReply(dests: readonly DeepPartial<Structs['dp_vs_dest_compat']>[]): Buffer {
  return Buffer.concat([
    encode('dp_vs_dest_table', { num_dests: dests.length }),
    ...dests.map((dest) => encode('dp_vs_dest_compat', dest)),
  ]);
}

export function address(...bytes: number[]): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0);
}

/** A service as daemons send it. */
export function tcpService(last: number, more: DeepPartial<Structs['dp_vs_service_compat']> = {}): DeepPartial<Structs['dp_vs_service_compat']> {
  return { af: 2, proto: 6, port: 80, addr: address(10, 0, 0, last), netmask: 0xffffffff, sched_name: 'rr', ...more };
}

/**
 * Plays the replies of a vector to whatever asks for them, in any order, and compares what is set with what upstream
 * set. Messages that upstream did not send are not supported.
 */
export class RecordedDaemon implements Transport {
  readonly differences: string[] = [];
  readonly #left: Exchange[];

  constructor(vector: Vector) {
    this.#left = [...vector.exchanges];
  }

  request(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): Buffer {
    const at = this.#left.findIndex((exchange) => exchange.id === id);
    const exchange = this.#left[at];
    if (exchange === undefined) throw new DaemonError(id, -14, 'not support');
    const repeats = this.#left.filter((other) => other.id === id).length > 1;
    if (repeats || exchange.type === 'set') this.#left.splice(at, 1);
    if (type !== exchange.type) this.differences.push(`${exchange.name} was sent as ${type}`);
    this.#compare(exchange, body);
    return play(exchange);
  }

  #compare(exchange: Exchange, body: Uint8Array): void {
    const want = masked(requestBody(exchange), exchange.requestDontCare).toString('hex');
    const got = masked(body, exchange.requestDontCare).toString('hex');
    // Lists of servers may be asked for in another order; all else is compared byte by byte.
    if (exchange.id !== MSG.DPVS_SO_GET_DESTS && exchange.id !== MSG.SOCKOPT_GET_LADDR_GETALL && got !== want) {
      this.differences.push(`${exchange.name}\n got ${got}\nwant ${want}`);
    }
  }

  /** Changes that upstream made and we did not. */
  get unsent(): string[] {
    return this.#left.filter((exchange) => exchange.type === 'set').map((exchange) => exchange.name);
  }
}

function play(exchange: Exchange): Buffer {
  const bytes = replyBytes(exchange);
  const headSize = sizeOf.dpvs_sock_msg_reply;
  if (bytes.length < headSize) throw new ClosedError(exchange.id, bytes.length, headSize, 'header');
  const head = decode('dpvs_sock_msg_reply', bytes);
  if (head.errcode !== 0) throw new DaemonError(exchange.id, head.errcode, head.errstr);
  return bytes.subarray(headSize, headSize + Number(head.len));
}
