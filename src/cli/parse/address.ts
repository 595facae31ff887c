// SPDX-License-Identifier: Apache-2.0

/** Address families as they are numbered on the wire (Linux). */
export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;

export type Family = typeof AF_INET | typeof AF_INET6;

/** An address: always 16 bytes in network order, IPv4 in the first four and zeros behind. */
export interface IpAddress {
  readonly af: Family;
  readonly bytes: Uint8Array;
}

const V4_BYTES = 4;
const V6_BYTES = 16;
const V6_GROUPS = 8;

function v4(value: number): IpAddress {
  const bytes = new Uint8Array(V6_BYTES);
  new DataView(bytes.buffer).setUint32(0, value);
  return { af: AF_INET, bytes };
}

/** The unspecified address, 0.0.0.0 or ::. */
export function anyAddress(af: Family): IpAddress {
  return { af, bytes: new Uint8Array(V6_BYTES) };
}

/** Four decimal numbers from 0 to 255, as inet_pton takes them; null for anything else. */
export function parseIpv4(text: string): IpAddress | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  let value = 0;
  for (const part of match.slice(1)) {
    const octet = Number(part);
    if (octet > 255 || (part.length > 1 && part.startsWith('0'))) return null;
    value = value * 256 + octet;
  }
  return v4(value);
}

function atonPart(text: string): number | null {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9]\d*$/.test(text) ? Number(text) : null;
}

/**
 * The forms of inet_aton: one to four parts, decimal, octal (leading 0) or hexadecimal (0x), the last one filling the
 * bytes that are left: 10.1 is 10.0.0.1.
 */
export function parseIpv4Loose(text: string): IpAddress | null {
  const parts = text.split('.').map(atonPart);
  if (parts.length > V4_BYTES) return null;
  let value = 0;
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1;
    const limit = last ? 256 ** (V4_BYTES - i) : 256;
    if (part === null || part >= limit) return null;
    value = last ? value * limit + part : value * 256 + part;
  }
  return v4(value);
}

/** Hexadecimal groups of one side of "::"; a dotted tail counts as two. */
function groupsOf(text: string, mayEndDotted: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const dotted = mayEndDotted && i === parts.length - 1 ? parseIpv4(part) : null;
    if (dotted === null) return null;
    const view = new DataView(dotted.bytes.buffer);
    groups.push(view.getUint16(0), view.getUint16(2));
  }
  return groups;
}

/** The forms of RFC 4291 section 2.2, without zone; null for anything else. */
export function parseIpv6(text: string): IpAddress | null {
  const gap = text.indexOf('::');
  const head = groupsOf(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const tail = gap < 0 ? [] : groupsOf(text.slice(gap + 2), true);
  if (head === null || tail === null) return null;
  const zeros = V6_GROUPS - head.length - tail.length;
  if (gap < 0 ? zeros !== 0 : zeros < 1) return null;

  const bytes = new Uint8Array(V6_BYTES);
  const view = new DataView(bytes.buffer);
  head.forEach((group, i) => {
    view.setUint16(2 * i, group);
  });
  tail.forEach((group, i) => {
    view.setUint16(2 * (V6_GROUPS - tail.length + i), group);
  });
  return { af: AF_INET6, bytes };
}

/** An IPv4 address in dotted form or an IPv6 address; null for anything else. */
export function parseIp(text: string): IpAddress | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Bits of a full prefix: 32 or 128. */
export function addressBits(af: Family): number {
  return af === AF_INET ? 8 * V4_BYTES : 8 * V6_BYTES;
}

/** The number that the four bytes of an IPv4 address make. */
export function ipv4Number(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** Ascending order of addresses of one family; bytes an IPv4 address does not have are not looked at. */
export function compareAddress(af: number, a: Uint8Array, b: Uint8Array): number {
  const length = af === AF_INET6 ? V6_BYTES : V4_BYTES;
  for (let i = 0; i < length; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The first `plen` bits of an address, zeros behind them. */
export function maskedAddress(af: Family, bytes: Uint8Array, plen: number): Uint8Array {
  const length = addressBits(af) / 8;
  return bytes.map((byte, i) => {
    const bits = Math.min(Math.max(plen - i * 8, 0), 8);
    return i < length ? byte & (0xff << (8 - bits)) : 0;
  });
}

/** True for 0.0.0.0 and ::. */
export function isAnyAddress(af: number, bytes: Uint8Array): boolean {
  return bytes.subarray(0, af === AF_INET6 ? V6_BYTES : V4_BYTES).every((byte) => byte === 0);
}
