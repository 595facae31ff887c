// SPDX-License-Identifier: Apache-2.0
import { AF_INET6, addressBits, ipv4Number, parseIpv4, type Family } from './address';
import { parseDecimal } from './number';

/** The bytes of an IPv4 address as the number that they make on the machines of the protocol (little endian). */
function asStored(mask: number): number {
  return (((mask & 0xff) << 24) | ((mask & 0xff00) << 8) | ((mask >>> 8) & 0xff00) | (mask >>> 24)) >>> 0;
}

function prefixMask(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}

/** A mask that covers the whole address: one client. */
export function hostMask(af: number): number {
  return af === AF_INET6 ? 128 : 0xffffffff;
}

/**
 * A mask as it travels: for IPv4 the bytes of the mask, for IPv6 the length of the prefix. IPv4 masks are dotted and
 * without holes, or /length; IPv6 masks are a length from 1 on, with or without the slash.
 * @returns null for anything else
 */
export function parseNetmask(text: string, af: Family): number | null {
  if (af === AF_INET6) return parseDecimal(text.replace(/^\//, ''), 1, addressBits(af));
  if (text.startsWith('/')) {
    const length = parseDecimal(text.slice(1), 0, addressBits(af));
    return length === null ? null : asStored(prefixMask(length));
  }
  const dotted = parseIpv4(text);
  if (dotted === null) return null;
  const mask = ipv4Number(dotted.bytes);
  const length = mask.toString(2).padStart(32, '0').indexOf('0');
  return prefixMask(length < 0 ? 32 : length) === mask ? asStored(mask) : null;
}

/** A mask as it travels to text: dotted for IPv4, a length for IPv6. */
export function formatNetmask(mask: number, af: number): string {
  if (af === AF_INET6) return String(mask);
  return [mask, mask >>> 8, mask >>> 16, mask >>> 24].map((byte) => byte & 0xff).join('.');
}
