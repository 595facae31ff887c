// SPDX-License-Identifier: Apache-2.0
// Fragments of IP packets.
import { ipBytes } from './addresses';
import { ipv4, ipv6, raw, type Layer3, type Layer4 } from './frames';

const IP6_FRAGMENT = 44;

export interface FragmentFields {
  readonly src: string;
  readonly dst: string;
  readonly id: number;
  readonly ttl?: number;
}

/** One fragment: `bytes` of the datagram's payload from `offset` on. */
export function fragment(fields: FragmentFields, proto: number, offset: number, bytes: Uint8Array, more: boolean): Layer3 {
  if (!fields.src.includes(':')) return ipv4({ ...fields, fragmentOffset: offset, mf: more }, raw(proto, bytes));
  const { src, dst, ttl } = fields;
  const head = Buffer.alloc(8);
  head.writeUInt8(proto, 0);
  head.writeUInt16BE(offset + (more ? 1 : 0), 2);
  head.writeUInt32BE(fields.id, 4);
  return ipv6({ src, dst, ...(ttl === undefined ? {} : { hopLimit: ttl }) }, raw(IP6_FRAGMENT, Buffer.concat([head, bytes])));
}

/** A packet in fragments of at most `step` bytes of payload. */
export function fragments(fields: FragmentFields, l4: Layer4, step: number): Layer3[] {
  const whole = l4.bytes(ipBytes(fields.src), ipBytes(fields.dst));
  const starts = Array.from({ length: Math.ceil(whole.length / step) }, (_, i) => i * step);
  return starts.map((at) => fragment(fields, l4.proto, at, whole.subarray(at, at + step), at + step < whole.length));
}

/** Payload of a fragment of a packet that is cut for an MTU. */
export function fragmentStep(src: string, mtu: number): number {
  const header = src.includes(':') ? 48 : 20;
  return (mtu - header) & ~7;
}

/** Identification of a frame with an IPv4 fragment, or an IPv6 one whose fragment header stands first. */
export function fragmentId(frame: Buffer): number {
  return frame.readUInt16BE(12) === 0x0800 ? frame.readUInt16BE(18) : frame.readUInt32BE(58);
}
