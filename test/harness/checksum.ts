// SPDX-License-Identifier: Apache-2.0
// Internet checksums (RFC 1071), computed the slow and obvious way so that they can vouch for the fast one.

/** One's complement sum of 16-bit words; an odd last byte counts as the high half of a word. */
function sum(bytes: Uint8Array): number {
  let total = 0;
  for (const [i, byte] of bytes.entries()) total += i % 2 === 0 ? byte * 256 : byte;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 65536);
  return total;
}

/** Checksum field for bytes in which that field is zero. */
export function checksum(...parts: readonly Uint8Array[]): number {
  return 0xffff - sum(Buffer.concat(parts));
}

/** CRC32c (RFC 9260 appendix A), a bit at a time. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** Pseudo header of a transport packet between two addresses of one family (RFC 793, RFC 8200 8.1). */
export function pseudoHeader(src: Uint8Array, dst: Uint8Array, proto: number, length: number): Buffer {
  const tail = Buffer.alloc(src.length === 4 ? 4 : 8);
  if (src.length === 4) {
    tail.writeUInt8(proto, 1);
    tail.writeUInt16BE(length, 2);
  } else {
    tail.writeUInt32BE(length, 0);
    tail.writeUInt8(proto, 7);
  }
  return Buffer.concat([src, dst, tail]);
}
