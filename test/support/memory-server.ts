// SPDX-License-Identifier: Apache-2.0
// The daemon in memory behind a socket, for commands that run as processes. One exchange for each connection, as DPVS has it.
import { createServer, type Server } from 'node:net';
import { ClosedError, DaemonError } from '../../src/ipc/client';
import { encode, sizeOf } from '../../src/ipc/codec';
import type { MemoryDaemon } from './extension-daemon';

const HEADER = sizeOf.dpvs_sock_msg;
const VERSION = 0x10000;
const SET = 1;

/** Header and body of what a daemon answers; null: it closes the connection. */
function answer(daemon: MemoryDaemon, id: number, type: number, request: Buffer): Buffer | null {
  const head = { version: VERSION, id, type, errcode: 0, errstr: 'OK' };
  try {
    const body = daemon.request(id, type === SET ? 'set' : 'get', request);
    return Buffer.concat([encode('dpvs_sock_msg_reply', { ...head, len: BigInt(body.length) }), body]);
  } catch (error) {
    if (error instanceof ClosedError) return null;
    if (!(error instanceof DaemonError)) throw error;
    return encode('dpvs_sock_msg_reply', { ...head, errcode: error.code, errstr: error.text, len: 0n });
  }
}

/** Answers to gets since the last set: whoever measures commands does not want to measure this daemon. */
class Answers {
  readonly #known = new Map<string, Buffer>();

  constructor(private readonly daemon: MemoryDaemon) {}

  of(id: number, type: number, request: Buffer): Buffer | null {
    this.daemon.requests.length = 0;
    if (type === SET) {
      this.#known.clear();
      return answer(this.daemon, id, type, request);
    }
    const key = `${id} ${request.toString('latin1')}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = answer(this.daemon, id, type, request);
    if (made !== null) this.#known.set(key, made);
    return made;
  }
}

/** Serves until the server is closed; resolves when it can be asked. */
export function serveMemory(daemon: MemoryDaemon, path: string): Promise<Server> {
  const answers = new Answers(daemon);
  const server = createServer((socket) => {
    let received: Buffer = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      if (received.length < HEADER) return;
      const len = Number(received.readBigUInt64LE(HEADER - 8));
      if (received.length < HEADER + len) return;
      const reply = answers.of(received.readUInt32LE(4), received.readInt32LE(8), received.subarray(HEADER, HEADER + len));
      if (reply === null) socket.destroy();
      else socket.end(reply);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog: 1024 }, () => {
      resolve(server);
    });
  });
}
