// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { encode } from '../../src/ipc/codec';
import { replyBytes, type Vector } from './vectors';

/** What the daemon does with one connection. */
export interface Step {
  /** Header and body of the reply; without it the daemon closes without one. */
  readonly reply?: Uint8Array;
  /** Instead of `reply`: replies by message id; other ids are closed without one. */
  readonly byId?: Readonly<Record<number, Uint8Array>>;
  /** Bytes of the reply that are sent. */
  readonly cut?: number;
  /** Bytes for each write, a millisecond apart. */
  readonly chunk?: number;
  /** Milliseconds before the reply. */
  readonly delayMs?: number;
  /** Keep the connection open afterwards. */
  readonly stall?: boolean;
  /** Answer as soon as the header of the request is there, and close without reading the rest. */
  readonly ignoreBody?: boolean;
  /** Close before reading anything. */
  readonly closeAtOnce?: boolean;
}

/** A request as the daemon saw it. */
export interface SeenRequest {
  readonly version: number;
  readonly id: number;
  readonly type: number;
  readonly len: number;
  readonly body: Uint8Array;
}

export interface FakeDaemonOptions {
  /** Start over when all steps are used up; otherwise further connections are closed. */
  readonly repeat?: boolean;
  readonly backlog?: number;
}

/** A daemon on a real socket that plays what it is told. HELLO does not use up a step that answers something else. */
export class FakeDaemon {
  readonly path: string;
  readonly #folder: string;
  readonly #worker: Worker;

  private constructor(folder: string, socket: string, worker: Worker) {
    this.#folder = folder;
    this.path = socket;
    this.#worker = worker;
  }

  /** Resolves when the socket accepts connections. */
  static async start(steps: readonly Step[], options: FakeDaemonOptions = {}): Promise<FakeDaemon> {
    const folder = mkdtempSync(path.join(tmpdir(), 'fake-daemon-'));
    const socket = path.join(folder, 'dpvs.ipc');
    const file = path.join(import.meta.dirname, 'fake-daemon-main.mjs');
    const worker = new Worker(file, { workerData: { fakeDaemon: { path: socket, steps, ...options } } });
    await nextMessage(worker);
    return new FakeDaemon(folder, socket, worker);
  }

  /** Plays the replies of a vector, one for each connection. */
  static async playing(vector: Pick<Vector, 'exchanges'>, options: FakeDaemonOptions = {}): Promise<FakeDaemon> {
    return FakeDaemon.start(vector.exchanges.map((exchange) => ({ reply: replyBytes(exchange) })), options);
  }

  /** What arrived so far. */
  async requests(): Promise<readonly SeenRequest[]> {
    const answer = nextMessage(this.#worker);
    this.#worker.postMessage('requests');
    const { requests } = (await answer) as { requests: SeenRequest[] };
    return requests;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

export interface ReplyOptions {
  readonly id: number;
  readonly type?: 'get' | 'set';
  readonly version?: number;
  readonly errcode?: number;
  readonly errstr?: string;
  readonly body?: Uint8Array;
  /** Announced length when it shall differ from the body's. */
  readonly len?: bigint;
}

/** Header and body of a reply. */
export function makeReply(options: ReplyOptions): Buffer {
  const { id, type = 'get', version = 0x10000, errcode = 0, errstr = 'OK', body = new Uint8Array() } = options;
  const len = options.len ?? BigInt(body.length);
  const head = encode('dpvs_sock_msg_reply', { version, id, type: type === 'set' ? 1 : 0, errcode, errstr, len });
  return Buffer.concat([head, body]);
}
