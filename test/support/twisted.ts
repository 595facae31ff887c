// SPDX-License-Identifier: Apache-2.0
import type { FdTransport, RequestType } from '../../src/ipc/client';

/** Changes the reply to request number `count` (from 0) of an id, or throws in its place. */
export type Twist = (reply: Buffer, count: number, request: Buffer) => Buffer;

/** A transport whose replies to some messages are tampered with after the daemon did what it was asked. */
export class Twisted implements FdTransport {
  readonly #counts = new Map<number, number>();

  constructor(
    private readonly to: FdTransport,
    private readonly twists: Readonly<Record<number, Twist>>,
  ) {}

  request(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): Buffer {
    const reply = this.to.request(id, type, body);
    return this.#twist(id, reply, body);
  }

  requestFd(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): { readonly body: Buffer; readonly fd: number } {
    const reply = this.to.requestFd(id, type, body);
    return { ...reply, body: this.#twist(id, reply.body, body) };
  }

  #twist(id: number, reply: Buffer, body: Uint8Array): Buffer {
    const count = this.#counts.get(id) ?? 0;
    this.#counts.set(id, count + 1);
    return this.twists[id]?.(Buffer.from(reply), count, Buffer.from(body)) ?? reply;
  }
}
