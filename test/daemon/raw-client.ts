// SPDX-License-Identifier: Apache-2.0
// A client that misbehaves as it is told: it speaks bytes, not messages.
import { connect, type Socket } from 'node:net';

/** What came back until the connection ended or the time was up. */
export interface Conversation {
  readonly bytes: Buffer;
  /** The server closed. */
  readonly closed: boolean;
  /** The backlog of the socket was full: nobody is connected. */
  readonly turnedAway: boolean;
  readonly milliseconds: number;
}

export const REPLY_HEAD = 88;
const VERSION = 0x00010000;
const RETRY_MS = 20;

/** Header of a request, 24 bytes. */
export function requestHead(id: number, type: number, len: bigint | number, version = VERSION): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(version, 0);
  head.writeUInt32LE(id >>> 0, 4);
  head.writeInt32LE(type, 8);
  head.writeBigUInt64LE(BigInt(len), 16);
  return head;
}

export function errcodeOf({ bytes }: Conversation): number {
  return bytes.length >= REPLY_HEAD ? bytes.readInt32LE(12) : Number.NaN;
}

export function bodyLengthOf({ bytes }: Conversation): number {
  return Number(bytes.readBigUInt64LE(80));
}

export class RawClient {
  readonly #socket: Socket;
  readonly #parts: Buffer[] = [];
  #length = 0;
  readonly #start = Date.now();
  #closed = false;
  #turnedAway = false;
  #wake: () => void = () => undefined;

  constructor(path: string) {
    this.#socket = connect({ path, allowHalfOpen: true });
    this.#socket.on('data', (part: Buffer) => {
      this.#parts.push(part);
      this.#length += part.length;
      this.#wake();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => void (this.#turnedAway ||= error.code === 'EAGAIN'));
    for (const event of ['end', 'error', 'close'] as const) {
      this.#socket.on(event, () => {
        this.#closed = true;
        this.#wake();
      });
    }
  }

  write(bytes: Uint8Array): this {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
    return this;
  }

  /** No more will be sent. */
  finish(): this {
    this.#socket.end();
    return this;
  }

  /** Stops taking bytes from the socket. */
  stall(): this {
    this.#socket.pause();
    return this;
  }

  resume(): this {
    this.#socket.resume();
    return this;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Waits for a whole reply, the end of the connection or the time. */
  async reply(timeoutMs = 5000): Promise<Conversation> {
    const end = Date.now() + timeoutMs;
    while (!this.#whole() && !this.#closed && Date.now() < end) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, end - Date.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return { bytes: Buffer.concat(this.#parts), closed: this.#closed, turnedAway: this.#turnedAway, milliseconds: Date.now() - this.#start };
  }

  #whole(): boolean {
    if (this.#length < REPLY_HEAD) return false;
    return this.#length >= REPLY_HEAD + Number(Buffer.concat(this.#parts).readBigUInt64LE(80));
  }
}

/** Sends bytes, says that this was all, and waits for what comes. Comes back when the backlog is full, as clients must. */
export async function converse(path: string, bytes: Uint8Array, timeoutMs = 5000): Promise<Conversation> {
  const start = Date.now();
  for (;;) {
    const client = new RawClient(path).write(bytes).finish();
    const conversation = await client.reply(timeoutMs - (Date.now() - start));
    client.close();
    const milliseconds = Date.now() - start;
    if (!conversation.turnedAway || milliseconds > timeoutMs) return { ...conversation, milliseconds };
    await new Promise((resolve) => void setTimeout(resolve, RETRY_MS));
  }
}
