// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { encode, ext, MSG } from '../../src/ipc/codec';
import { countConnections, walkConnections, type ConnFilter, type Prefix } from '../../src/ipc/messages/list';
import { MemoryDaemon, record, type MemoryDaemonOptions } from '../support/extension-daemon';
import { Twisted, type Twist } from '../support/twisted';
import { WithoutExtensions } from './suite';

const LIST = MSG.DS_MSG_LIST_CONNS;

function address(...bytes: number[]): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0);
}

function prefix(plen: number, ...bytes: number[]): Prefix {
  return { af: 2, addr: address(...bytes), plen };
}

/** Forty connections that differ in everything. */
function forty(options: MemoryDaemonOptions = {}): MemoryDaemon {
  const daemon = new MemoryDaemon({ extensions: true, maxPageConns: 7, ...options });
  for (let i = 0; i < 40; i += 1) {
    daemon.addConn({
      proto: i % 4 === 0 ? 17 : 6, caddr: address(100, 0, 0, i), cport: 1000 + i, vaddr: address(10, 0, 0, i % 3), vport: 80 + (i % 2),
      laddr: address(192, 168, 0, i % 5), lport: 2000 + i, daddr: address(172, 16, i % 2, i % 7), dport: 8000 + (i % 2),
      lcoreid: 1 + (i % 2), state: i % 3 === 0 ? 'FIN_WAIT' : 'ESTABLISHED', timeout: 90 + i,
    }); // prettier-ignore
  }
  daemon.addConn({ in_af: 10, out_af: 10, caddr: address(0x20, 1, 0xd, 0xb8), vaddr: address(0x20, 2), daddr: address(0x20, 3) });
  return daemon;
}

const FILTERS: Readonly<Record<string, ConnFilter>> = {
  nothing: {},
  family: { af: 10 },
  protocol: { proto: 17 },
  client: { client: prefix(30, 100, 0, 0, 5) },
  'port of the client': { cport: 1007 },
  'virtual address': { vip: prefix(32, 10, 0, 0, 1) },
  'virtual port': { vport: 81 },
  'local address': { laddr: prefix(32, 192, 168, 0, 4) },
  'local port': { lport: 2039 },
  server: { rs: prefix(24, 172, 16, 1, 0) },
  'port of the server': { rport: 8001 },
  state: { state: 'FIN_WAIT' },
  lcore: { lcore: 2 },
  'much at once': { proto: 6, vport: 81, lcore: 2, rs: prefix(16, 172, 16), state: 'ESTABLISHED' },
  'what is not there': { cport: 1 },
};

describe('connections', () => {
  it.each(Object.entries(FILTERS))('are the same whichever way they came, filtered by %s', (_what, filter) => {
    const daemon = forty();
    const extended = [...walkConnections(daemon, { filter })].flat();
    const legacy = [...walkConnections(new WithoutExtensions(daemon), { filter })].flat();
    expect(extended).toEqual(legacy);
    const counted = (transport: Parameters<typeof countConnections>[0]): bigint => countConnections(transport, filter).reduce((sum, { count }) => sum + count, 0n);
    expect(counted(daemon)).toBe(BigInt(extended.length));
    expect(countConnections(daemon, filter)).toEqual(countConnections(new WithoutExtensions(daemon), filter));
  });

  it('that no filter knows are forty and one', () => {
    expect([...walkConnections(forty())].flat()).toHaveLength(41);
  });

  it('are counted in groups, over pages', () => {
    const daemon = new MemoryDaemon({ extensions: true, maxPageConns: 2 });
    for (const last of [1, 1, 2, 1, 2]) daemon.addConn({ daddr: address(172, 16, 0, last) });
    expect(countConnections(daemon).map(({ count, daddr }) => [count, daddr[3]])).toEqual([[3n, 1], [2n, 2]]);
  });

  it('tell more when they are asked for it, if the daemon can', () => {
    const daemon = forty();
    const [first] = [...walkConnections(daemon, { more: true })].flat();
    expect(first?.more).toMatchObject({ left_ms: 90_000, in_bytes: 0xffff_ffff_ffff_ffffn });
    expect([...walkConnections(new WithoutExtensions(daemon), { more: true })].flat()[0]?.more).toBeNull();
  });

  it('are templates when these are meant', () => {
    expect([...walkConnections(forty(), { templates: true })].flat()).toEqual([]);
  });

  it('are fetched page by page', () => {
    const daemon = forty();
    const pages = walkConnections(daemon);
    pages.next();
    expect(daemon.asked.filter((id) => id === LIST)).toHaveLength(1);
  });
});

describe('a list of connections is refused', () => {
  const info = (members: Parameters<typeof encode<'ds_list_info'>>[1]): Buffer => record(ext.DS_TLV_LIST_INFO, encode('ds_list_info', members));
  const conns = record(ext.DS_TLV_CONNS, Buffer.alloc(104));
  const cursor = address(1);
  const cases: readonly (readonly [string, Twist, string])[] = [
    ['that does not describe itself', () => conns, 'does not start with its description'],
    ['with part of a connection', () => Buffer.concat([info({}), record(ext.DS_TLV_CONNS, Buffer.alloc(103))]), 'no multiple of 104'],
    ['with two lists', () => Buffer.concat([info({}), conns, conns]), 'two lists'],
    ['with more of other connections', () => Buffer.concat([info({}), conns]), '1 connections and more of 0'],
    ['that never ends', () => Buffer.concat([info({ flags: 1, cursor }), conns, record(ext.DS_TLV_CONNS_MORE, Buffer.alloc(48))]), 'in circles'],
    ['that is cut off', (body) => body.subarray(0, -3), 'too short'],
  ];

  it.each(cases)('%s', (_what, twist, message) => {
    const transport = new Twisted(forty(), { [LIST]: twist });
    expect(() => [...walkConnections(transport, { more: true })]).toThrow(message);
  });
});
