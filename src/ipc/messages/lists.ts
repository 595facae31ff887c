// SPDX-License-Identifier: Apache-2.0
import { decodeArray, ShortReplyError, sizeOf, type StructName, type Structs } from '../codec';
import { ProtocolError } from '../errors';

/** The parts of a reply contradict each other. */
export class CorruptReplyError extends ProtocolError {
  override readonly name = 'CorruptReplyError';
}

/**
 * Decodes the elements that follow the fixed part of a reply. A longer body is accepted: some daemons allocate for all
 * entries and fill in those that a filter lets through.
 * @param count as the reply gives it
 * @param offset of the first element
 * @throws CorruptReplyError for a negative count, ShortReplyError when the body ends before the last element
 */
export function elements<K extends StructName>(name: K, body: Uint8Array, offset: number, count: number): Structs[K][] {
  if (count < 0) throw new CorruptReplyError(`the reply announces ${count} entries of ${name}`);
  return decodeArray(name, body, offset, count);
}

/** As elements, for a reply that nothing filters: there must be no bytes behind the last element. */
export function exactElements<K extends StructName>(name: K, body: Uint8Array, offset: number, count: number): Structs[K][] {
  const list = elements(name, body, offset, count);
  const rest = body.length - offset - count * sizeOf[name];
  if (rest !== 0) throw new CorruptReplyError(`the reply has ${rest} bytes more than its ${count} entries of ${name}`);
  return list;
}

/**
 * Decodes a body that is nothing but elements.
 * @throws ShortReplyError when it ends within one
 */
export function wholeBody<K extends StructName>(name: K, body: Uint8Array): Structs[K][] {
  const size = sizeOf[name];
  const count = Math.ceil(body.length / size);
  if (count * size !== body.length) throw new ShortReplyError(name, count * size, body.length);
  return decodeArray(name, body, 0, count);
}

/** 32 bits in the byte order of the daemon, at the start of a body; counts of lists stand there. */
export function leadingCount(name: StructName, body: Buffer): number {
  if (body.length < 4) throw new ShortReplyError(name, 4, body.length);
  return body.readInt32LE(0);
}

/** A NUL terminated device name in a field of `size` bytes: the body of many requests. */
export function nameBody(name: string, size: number): Buffer {
  const body = Buffer.alloc(size);
  body.write(name, 0, size - 1, 'latin1');
  return body;
}
