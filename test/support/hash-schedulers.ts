// SPDX-License-Identifier: Apache-2.0
// Maglev and consistent hashing as directors of LVS and DPVS compute them, written down a second time from their description:
// what schedulers of the daemon are compared to.
import { createHash } from 'node:crypto';

const MASK64 = (1n << 64n) - 1n;
const MASK32 = 0xffff_ffff;

export interface HashedServer {
  /** Address as text, and as 32 bits: IPv4 as it is, IPv6 the exclusive or of its words. */
  readonly text: string;
  readonly folded: number;
  readonly port: number;
  readonly weight: number;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK64;
}

/** SipHash-1-3 of one little-endian 32-bit number, its low 32 bits; both halves of the key are `key`. */
function siphash13(value: number, key: bigint): number {
  let [v0, v1, v2, v3] = [key ^ 0x736f6d6570736575n, key ^ 0x646f72616e646f6dn, key ^ 0x6c7967656e657261n, key ^ 0x7465646279746573n];
  const round = (): void => {
    v0 = (v0 + v1) & MASK64;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & MASK64;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK64;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK64;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const last = (4n << 56n) | BigInt(value >>> 0);
  v3 ^= last;
  round();
  v0 ^= last;
  v2 ^= 0xffn;
  for (let i = 0; i < 3; i++) round();
  return Number((v0 ^ v1 ^ v2 ^ v3) & BigInt(MASK32));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

const SLOTS = 4093;
const KEY1 = 2654435761n;
const KEY2 = 2654446892n;

export interface Maglev {
  readonly ports?: boolean;
  readonly fallback?: boolean;
  readonly usable?: (server: number) => boolean;
}

/** Index of the server for each client, -1 for none. Servers stand in the order that schedulers see: newest first. */
export function maglev(servers: readonly HashedServer[], clients: readonly { folded: number; port: number }[], options: Maglev = {}): number[] {
  const key = (folded: number, port: number, extra: number): number => (folded + port + extra) >>> 0;
  const divisor = servers.reduce((sum, { weight }) => gcd(sum, weight), 0);
  let shift = 0;
  while (Math.max(...servers.map(({ weight }) => weight)) / divisor >> shift >= 64) shift++;
  const walks = servers.map(({ folded, port, weight }) => ({
    at: siphash13(key(folded, port, 0), KEY1) % SLOTS,
    skip: (siphash13(key(folded, port, 0), KEY2) % (SLOTS - 1)) + 1,
    turns: weight === 0 ? 0 : Math.max(1, (weight / divisor) >> shift),
  }));
  const table = new Array<number>(SLOTS).fill(-1);
  for (let left = SLOTS, i = 0; left > 0; i = (i + 1) % walks.length) {
    const walk = walks[i];
    if (walk === undefined) throw new RangeError('no servers');
    for (let k = walk.turns; k > 0 && left > 0; k--, left--) {
      while (table[walk.at] !== -1) walk.at = (walk.at + walk.skip) % SLOTS;
      table[walk.at] = i;
    }
  }
  const usable = options.usable ?? ((): boolean => true);
  return clients.map((client) => {
    const port = options.ports === true ? client.port : 0;
    const first = siphash13(key(client.folded, port, 0), KEY1) % SLOTS;
    const choice = table[first] ?? -1;
    if (usable(choice)) return choice;
    for (let o = 0; options.fallback === true && o < SLOTS; o++) {
      const next = table[siphash13(key(client.folded, port, (o + first) % SLOTS), KEY1) % SLOTS] ?? -1;
      if (usable(next)) return next;
    }
    return -1;
  });
}

/** Arithmetic of 64 bits with a sign, as the mix wants it. */
function mix(sum: bigint): bigint {
  const shifted = (value: bigint, bits: bigint): bigint => BigInt.asUintN(64, BigInt.asIntN(64, value) >> bits);
  let a = BigInt.asUintN(64, sum);
  a = (a + 0x7ed55d16n + (a << 12n)) & MASK64;
  a = a ^ 0xc761c23cn ^ shifted(a, 19n);
  a = (a + 0x165667b1n + (a << 5n)) & MASK64;
  a = ((a + 0xd3a2646cn) & MASK64) ^ ((a << 9n) & MASK64);
  a = (a + 0xfd7046c5n + (a << 3n)) & MASK64;
  a = a ^ 0xb55a4f09n ^ shifted(a, 16n);
  return BigInt.asIntN(64, a * 3221225473n);
}

function place(text: string): bigint {
  const digest = createHash('md5').update(text).digest();
  return mix([0, 4, 8, 12].reduce((sum, at) => sum + BigInt(digest.readUInt32LE(at)), 0n));
}

function swap16(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8);
}

/** Index of the server for each text of a key (see sourceKey and idKey). */
export function conhash(servers: readonly HashedServer[], keys: readonly string[]): number[] {
  const divisor = servers.reduce((sum, { weight }) => gcd(sum, weight), 0);
  const circle = servers.flatMap(({ text, port, weight }, server) =>
    Array.from({ length: (weight / divisor) * 160 }, (_, i) => ({ at: place(`${text}${swap16(port)}-${String(i).padStart(3, '0')}`), server })),
  );
  circle.sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
  return keys.map((key) => {
    const at = place(key);
    return (circle.find((candidate) => candidate.at >= at) ?? circle[0])?.server ?? -1;
  });
}

/** The key of a client address: its 32 bits as they lie in memory, in decimal. */
export function sourceKey(folded: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(folded >>> 0);
  return String(bytes.readUInt32LE());
}

/** The key of a connection id of 8 bytes. */
export function idKey(id: Uint8Array): string {
  return String(Buffer.from(id).readBigUInt64LE());
}

/** An address as 32 bits. */
export function fold(bytes: Uint8Array): number {
  const buffer = Buffer.from(bytes);
  let folded = 0;
  for (let at = 0; at < buffer.length; at += 4) folded ^= buffer.readUInt32BE(at);
  return folded >>> 0;
}
