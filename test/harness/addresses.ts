// SPDX-License-Identifier: Apache-2.0
// Addresses as text and as bytes on the wire.
import { isIPv4, isIPv6 } from 'node:net';

/** 6 bytes of "02:00:00:00:00:01". */
export function macBytes(text: string): Buffer {
  const bytes = Buffer.from(text.split(':').map((part) => Number.parseInt(part, 16)));
  if (bytes.length !== 6) throw new Error(`not a MAC address: ${text}`);
  return bytes;
}

export function macText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function ip6Groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** 4 or 16 bytes. */
export function ipBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text)) throw new Error(`not an address: ${text}`);
  const [head = '', tail] = text.split('::');
  const left = ip6Groups(head);
  const right = tail === undefined ? [] : ip6Groups(tail);
  const zeroes = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => 0);
  const out = Buffer.alloc(16);
  for (const [i, group] of [...left, ...zeroes, ...right].entries()) out.writeUInt16BE(group, i * 2);
  return out;
}

/** Text of 4 or 16 bytes; IPv6 without "::", good enough to compare. */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const buf = Buffer.from(bytes);
  return Array.from({ length: 8 }, (_, i) => buf.readUInt16BE(i * 2).toString(16)).join(':');
}

/** Ethernet address of an IPv6 multicast group (RFC 2464). */
export function multicastMac(address: string): string {
  return `33:33:${macText(ipBytes(address).subarray(12))}`;
}

/** Solicited-node multicast group of an address (RFC 4291 2.7.1). */
export function solicitedNode(address: string): string {
  return ipText(Buffer.concat([ipBytes('ff02::1:ff00:0').subarray(0, 13), ipBytes(address).subarray(13)]));
}
