// SPDX-License-Identifier: Apache-2.0
// Headers of the PROXY protocol, versions 1 and 2, and datagrams and segments that carry them.
import { ipBytes } from './addresses';

export interface ProxyEnds {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

export function proxyV1(ends: ProxyEnds): Buffer {
  const family = ends.src.includes(':') ? 'TCP6' : 'TCP4';
  return Buffer.from(`PROXY ${family} ${ends.src} ${ends.dst} ${ends.sport} ${ends.dport}\r\n`);
}

export interface ProxyV2Options {
  /** Transport byte says datagrams. */
  readonly udp?: boolean;
  /** LOCAL: no addresses. */
  readonly local?: boolean;
  /** Type-length-value bytes behind the addresses. */
  readonly tlvs?: Uint8Array;
}

export function proxyV2(ends: ProxyEnds, options: ProxyV2Options = {}): Buffer {
  const { udp = false, local = false, tlvs = Buffer.alloc(0) } = options;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(ends.sport, 0);
  ports.writeUInt16BE(ends.dport, 2);
  const addresses = local ? Buffer.alloc(0) : Buffer.concat([ipBytes(ends.src), ipBytes(ends.dst), ports]);
  const family = ends.src.includes(':') ? 0x20 : 0x10;
  const length = addresses.length + tlvs.length;
  const head = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, local ? 0x20 : 0x21]);
  const rest = Buffer.from([local ? 0 : family + (udp ? 2 : 1), length >> 8, length & 0xff]);
  return Buffer.concat([head, rest, addresses, tlvs]);
}
