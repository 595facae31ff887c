// SPDX-License-Identifier: Apache-2.0
// Takes frames apart, for tests that need a value from one and for messages about two that differ.
import { ipText, macText } from './addresses';
import { checksum, crc32c, pseudoHeader } from './checksum';
import { ETHERTYPE, PROTO, TCP_FLAGS } from './frames';

/** Everything that was recognised, by dotted names such as "ip.src" and "tcp.seq"; numbers are decimal. */
export type Fields = ReadonlyMap<string, string | number>;

/** A frame with something missing ends early; what was read until then stays. */
class Dissector {
  readonly fields = new Map<string, string | number>();
  #src: Uint8Array = new Uint8Array();
  #dst: Uint8Array = new Uint8Array();

  constructor(frame: Buffer) {
    try {
      this.#ethernet(frame);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.fields.set('truncated', 1);
    }
  }

  #ethernet(frame: Buffer): void {
    this.fields.set('eth.dst', macText(frame.subarray(0, 6)));
    this.fields.set('eth.src', macText(frame.subarray(6, 12)));
    const type = frame.readUInt16BE(12);
    this.fields.set('eth.type', `0x${type.toString(16).padStart(4, '0')}`);
    const rest = frame.subarray(14);
    if (type === ETHERTYPE.ARP) this.#arp(rest);
    else if (type === ETHERTYPE.IPV4) this.#ipv4(rest);
    else if (type === ETHERTYPE.IPV6) this.#ipv6(rest);
    else this.#payload(rest);
  }

  #arp(b: Buffer): void {
    this.fields.set('arp.op', b.readUInt16BE(6));
    this.fields.set('arp.sender.mac', macText(b.subarray(8, 14)));
    this.fields.set('arp.sender.ip', ipText(b.subarray(14, 18)));
    this.fields.set('arp.target.mac', macText(b.subarray(18, 24)));
    this.fields.set('arp.target.ip', ipText(b.subarray(24, 28)));
    this.fields.set('padding', b.length - 28);
  }

  #ipv4(b: Buffer): void {
    const headLength = (b.readUInt8(0) & 0xf) * 4;
    const total = b.readUInt16BE(2);
    this.fields.set('ip.tos', b.readUInt8(1));
    this.fields.set('ip.length', total);
    this.fields.set('ip.id', b.readUInt16BE(4));
    this.fields.set('ip.df', (b.readUInt8(6) >> 6) & 1);
    this.fields.set('ip.mf', (b.readUInt8(6) >> 5) & 1);
    this.fields.set('ip.offset', (b.readUInt16BE(6) & 0x1fff) * 8);
    this.fields.set('ip.ttl', b.readUInt8(8));
    this.fields.set('ip.proto', b.readUInt8(9));
    this.fields.set('ip.checksum', checksum(b.subarray(0, headLength)) === 0 ? 'good' : 'bad');
    this.#addresses(b.subarray(12, 16), b.subarray(16, 20));
    if (headLength > 20) this.fields.set('ip.options', b.subarray(20, headLength).toString('hex'));
    this.fields.set('padding', b.length - total);
    const body = b.subarray(headLength, total);
    if ((b.readUInt16BE(6) & 0x1fff) !== 0) this.#payload(body);
    else this.#layer4(b.readUInt8(9), body, (b.readUInt8(6) & 0x20) !== 0);
  }

  #ipv6(b: Buffer): void {
    const length = b.readUInt16BE(4);
    this.fields.set('ip.class', (b.readUInt16BE(0) >> 4) & 0xff);
    this.fields.set('ip.flow', b.readUInt32BE(0) & 0xfffff);
    this.fields.set('ip.length', length);
    this.fields.set('ip.proto', b.readUInt8(6));
    this.fields.set('ip.ttl', b.readUInt8(7));
    this.#addresses(b.subarray(8, 24), b.subarray(24, 40));
    this.fields.set('padding', b.length - 40 - length);
    this.#layer4(b.readUInt8(6), b.subarray(40, 40 + length), false);
  }

  #addresses(src: Uint8Array, dst: Uint8Array): void {
    this.#src = src;
    this.#dst = dst;
    this.fields.set('ip.src', ipText(src));
    this.fields.set('ip.dst', ipText(dst));
  }

  #layer4(proto: number, b: Buffer, fragment: boolean): void {
    if (proto === PROTO.TCP) this.#tcp(b, fragment);
    else if (proto === PROTO.UDP) this.#udp(b, fragment);
    else if (proto === PROTO.SCTP && !fragment) this.#sctp(b);
    else if (proto === PROTO.UOA) this.#uoa(b);
    else if (proto === PROTO.ICMP || proto === PROTO.ICMPV6) this.#icmp(proto, b, fragment);
    else this.#payload(b);
  }

  #l4Checksum(name: string, proto: number, b: Buffer, fragment: boolean): void {
    if (fragment) return;
    const good = checksum(pseudoHeader(this.#src, this.#dst, proto, b.length), b) === 0;
    this.fields.set(name, good ? 'good' : 'bad');
  }

  #udp(b: Buffer, fragment: boolean): void {
    this.fields.set('udp.sport', b.readUInt16BE(0));
    this.fields.set('udp.dport', b.readUInt16BE(2));
    this.fields.set('udp.length', b.readUInt16BE(4));
    if (b.readUInt16BE(6) === 0) this.fields.set('udp.checksum', 'none');
    else this.#l4Checksum('udp.checksum', PROTO.UDP, b, fragment);
    this.#payload(b.subarray(8));
  }

  #sctp(b: Buffer): void {
    const blank = Buffer.from(b);
    blank.fill(0, 8, 12);
    this.fields.set('sctp.sport', b.readUInt16BE(0));
    this.fields.set('sctp.dport', b.readUInt16BE(2));
    this.fields.set('sctp.tag', b.readUInt32BE(4));
    this.fields.set('sctp.checksum', b.readUInt32LE(8) === crc32c(blank) ? 'good' : 'bad');
    this.#payload(b.subarray(12));
  }

  #uoa(b: Buffer): void {
    const length = b.readUInt16BE(2);
    this.fields.set('uoa.version', b.readUInt8(0) >> 4);
    this.fields.set('uoa.length', length);
    this.fields.set('uoa.port', b.readUInt16BE(6));
    this.fields.set('uoa.address', ipText(b.subarray(8, length)));
    this.#udp(b.subarray(length), false);
  }

  #tcp(b: Buffer, fragment: boolean): void {
    const flags = b.readUInt8(13);
    const headLength = (b.readUInt8(12) >> 4) * 4;
    this.fields.set('tcp.sport', b.readUInt16BE(0));
    this.fields.set('tcp.dport', b.readUInt16BE(2));
    this.fields.set('tcp.seq', b.readUInt32BE(4));
    this.fields.set('tcp.ack', b.readUInt32BE(8));
    const names = Object.entries(TCP_FLAGS).filter(([, bit]) => (flags & bit) !== 0);
    this.fields.set('tcp.flags', names.map(([name]) => name).join(''));
    this.fields.set('tcp.window', b.readUInt16BE(14));
    this.#l4Checksum('tcp.checksum', PROTO.TCP, b, fragment);
    this.fields.set('tcp.options', b.subarray(20, headLength).toString('hex'));
    this.#payload(b.subarray(headLength));
  }

  #icmp(proto: number, b: Buffer, fragment: boolean): void {
    this.fields.set('icmp.type', b.readUInt8(0));
    this.fields.set('icmp.code', b.readUInt8(1));
    if (proto === PROTO.ICMPV6) this.#l4Checksum('icmp.checksum', proto, b, fragment);
    else if (!fragment) this.fields.set('icmp.checksum', checksum(b) === 0 ? 'good' : 'bad');
    this.#payload(b.subarray(4));
  }

  #payload(b: Buffer): void {
    this.fields.set('payload', b.toString('hex'));
  }
}

export function dissect(frame: Uint8Array): Fields {
  return new Dissector(Buffer.from(frame)).fields;
}

/** A number that must be in the frame. */
export function numberOf(frame: Uint8Array, name: string): number {
  const value = dissect(frame).get(name);
  if (typeof value !== 'number') throw new Error(`the frame has no number ${name}:\n${describe(frame)}`);
  return value;
}

/** One line for each field, then the bytes. */
export function describe(frame: Uint8Array): string {
  const fields = [...dissect(frame)].map(([name, value]) => `  ${name} ${value}`);
  return [...fields, `  ${Buffer.from(frame).toString('hex')}`].join('\n');
}

/** What differs between two frames, in words; empty when they are equal. */
export function difference(expected: Uint8Array, actual: Uint8Array): string {
  if (Buffer.from(expected).equals(Buffer.from(actual))) return '';
  const want = dissect(expected);
  const got = dissect(actual);
  const names = new Set([...want.keys(), ...got.keys()]);
  const lines = [...names]
    .filter((name) => want.get(name) !== got.get(name))
    .map((name) => `  ${name}: expected ${want.get(name) ?? '-'}, got ${got.get(name) ?? '-'}`);
  const first = expected.findIndex((byte, i) => byte !== actual[i]);
  return [
    ...lines,
    `  first different byte: ${first < 0 ? expected.length : first}`,
    `  expected ${Buffer.from(expected).toString('hex')}`,
    `  got      ${Buffer.from(actual).toString('hex')}`,
  ].join('\n');
}
