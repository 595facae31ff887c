// SPDX-License-Identifier: Apache-2.0
import { readSync, writeSync } from 'node:fs';
import type { Output } from './io';

/** The reader of our output went away. */
export class BrokenPipeError extends Error {}

const FLUSH_AT = 64 * 1024;
const READ_BYTES = 64 * 1024;
const RETRY_MS = 2;

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Pipes and terminals may be non-blocking because whoever shares them made them so. */
function waitBriefly(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}

function writeAll(fd: number, bytes: Buffer): void {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EPIPE') throw new BrokenPipeError();
      if (errno === 'EAGAIN') waitBriefly();
      else if (errno !== 'EINTR') throw error;
    }
  }
}

/** Collects text and writes it in large pieces. */
export class BufferedOutput implements Output {
  #pieces: string[] = [];
  #length = 0;

  constructor(private readonly fd: number) {}

  /** @throws BrokenPipeError, or the error of the write */
  write(text: string): void {
    this.#pieces.push(text);
    this.#length += text.length;
    if (this.#length >= FLUSH_AT) this.flush();
  }

  /** @throws BrokenPipeError, or the error of the write */
  flush(): void {
    if (this.#length === 0) return;
    const text = this.#pieces.join('');
    this.#pieces = [];
    this.#length = 0;
    writeAll(this.fd, Buffer.from(text));
  }
}

/** Writes at once, after what was collected for stdout, so that a terminal shows both in order. */
export class ErrorOutput implements Output {
  constructor(private readonly after: BufferedOutput) {}

  write(text: string): void {
    this.after.flush();
    try {
      writeAll(2, Buffer.from(text));
    } catch {
      // Nobody can be told that stderr is gone; the exit status still says what happened.
    }
  }
}

/** Bytes that are there; 0 at the end. */
function readSome(fd: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, into);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EOF') return 0;
      if (errno === 'EAGAIN') waitBriefly();
      else if (errno !== 'EINTR') throw error;
    }
  }
}

/** What there is to read from a descriptor, piece by piece. Each is the reader's to keep. */
export function* readPieces(fd: number): Generator<Buffer> {
  for (;;) {
    const piece = Buffer.allocUnsafe(READ_BYTES);
    const got = readSome(fd, piece);
    if (got === 0) return;
    yield piece.subarray(0, got);
  }
}
