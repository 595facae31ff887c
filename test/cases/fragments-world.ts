// SPDX-License-Identifier: Apache-2.0
// Datagrams that are longer than a frame, and what is expected of a director that puts them together.
import { expect } from 'vitest';
import type { Case, CaseOptions } from '../harness/case';
import { fragmentId, fragments, fragmentStep, type FragmentFields } from '../harness/fragments';
import { ethernet, type Layer3, type Layer4, type UdpFields } from '../harness/frames';
import { CLIENTS, mac, packet, SERVERS, type Family, type ServiceOptions } from './topology';

export const PORT = 53;
export const CPORT = 5000;
export const MTU = 1500;
export const ID = 0x1234;
export const UDP_SERVICE: ServiceOptions = { proto: 'udp', port: PORT };

export const UOA_OFF = ['udp {', 'uoa_max_trail 0', '}'];
export function reassembling(more: readonly string[] = UOA_OFF, fragmentKeys: readonly string[] = []): CaseOptions {
  return {
    conf: {
      ipvs_defs: ['fragment_mode reassemble', 'conn {', 'conn_pool_size 65535', '}', ...more],
      ipv4_defs: ['fragment {', ...fragmentKeys, '}'],
    },
  };
}

export function bytes(length: number, seed = 1): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + seed + (i >> 8)) & 0xff));
}

export const question: UdpFields = { sport: CPORT, dport: PORT, payload: bytes(4000) };
export const answer: UdpFields = { sport: PORT, dport: CPORT, payload: bytes(3500, 77) };

export function inFrames(port: number, src: string, layers: readonly Layer3[]): Buffer[] {
  return layers.map((layer) => packet(port, src, layer));
}

/** The client's fragments of a packet for the virtual address. */
export function clientFragments(f: Family, l4: Layer4, options: { readonly id?: number; readonly step?: number; readonly dst?: string } = {}): Buffer[] {
  const { id = ID, step = 1400, dst = f.vip } = options;
  return inFrames(CLIENTS, mac.client, fragments({ src: f.client, dst, id }, l4, step));
}

export function serverFragments(f: Family, l4: Layer4, dst: string, id = ID): Buffer[] {
  return inFrames(SERVERS, mac.server[0], fragments({ src: f.servers[0], dst, id }, l4, 1400));
}

/** What the director sent on a port (`got`) are exactly the fragments of this packet, with an id of its own. */
export function expectFragments(
  c: Case, port: number, to: string, fields: Omit<FragmentFields, 'id'>, l4: Layer4, mtu = MTU, got: readonly Buffer[] = c.collect(port),
): number {
  const id = fragmentId(got[0] ?? Buffer.alloc(64));
  const wanted = fragments({ ...fields, id }, l4, fragmentStep(fields.src, mtu)).map((layer) => ethernet({ src: mac.port[port] ?? '', dst: to }, layer));
  expect(wanted.length).toBeGreaterThan(1);
  expect(got.map((frame) => frame.toString('hex'))).toEqual(wanted.map((frame) => frame.toString('hex')));
  return id;
}

/** The local port of the one connection. */
export function localPort(c: Case, lip: string): number {
  const column = c.output('ipvsadm -lnc').trim().split(/\s+/)[5] ?? '';
  expect(column).toContain(lip);
  return Number(column.slice(column.lastIndexOf(':') + 1));
}
