// SPDX-License-Identifier: Apache-2.0

/** Bytes being decoded, with both views that the fields need. */
export interface Source {
  readonly bytes: Buffer;
  readonly view: DataView;
}

export function sourceOf(buf: Uint8Array): Source {
  return {
    bytes: Buffer.isBuffer(buf) ? buf : Buffer.from(buf.buffer, buf.byteOffset, buf.byteLength),
    view: new DataView(buf.buffer, buf.byteOffset, buf.byteLength),
  };
}

/** Text up to the first NUL, one character for each byte. */
export function readText(bytes: Buffer, start: number, size: number): string {
  let end = start;
  while (end < start + size && bytes[end] !== 0) end += 1;
  return end === start ? '' : bytes.toString('latin1', start, end);
}

/** A copy, because one address must not keep a large reply alive. The loop beats slice() for 16 bytes. */
export function copyBytes(bytes: Buffer, start: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) out[i] = bytes[start + i] ?? 0;
  return out;
}

export function isZero(bytes: Buffer, start: number, size: number): boolean {
  for (let i = start; i < start + size; i += 1) if (bytes[i] !== 0) return false;
  return true;
}

/** Makes an object and what it contains read-only, except for bytes, which cannot be. */
export function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value) as unknown[]) {
    if (typeof part === 'object' && part !== null && !(part instanceof Uint8Array)) frozen(part);
  }
  return Object.freeze(value);
}
