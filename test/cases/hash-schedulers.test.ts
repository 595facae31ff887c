// SPDX-License-Identifier: Apache-2.0
// Schedulers that hash: a thousand clients against tables of a reference, server by server.
import { describe, expect, test } from 'vitest';
import { ipBytes, ipText } from '../harness/addresses';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect } from '../harness/dissect';
import { ethernet, ip, udp } from '../harness/frames';
import { conhash, fold, idKey, maglev, sourceKey, type HashedServer } from '../support/hash-schedulers';
import { CLIENTS, configureService, endpoint, families, mac, SERVERS, startWorld, type Family } from './topology';

stopDaemonsAfterEach();

const PORT = 53;
const N = 1000;
const AT_ONCE = 32;
const WEIGHTS = [1, 2, 3];

function client(f: Family, i: number): string {
  return f.name === 'IPv4' ? `10.0.${100 + (i >> 8)}.${i & 255}` : `2001:db8:${(i * 7).toString(16)}::${(i + 1).toString(16)}`;
}

/** As schedulers see them: the newest first. */
function servers(f: Family): HashedServer[] {
  return f.servers.map((text, i) => ({ text, folded: fold(ipBytes(text)), port: PORT, weight: WEIGHTS[i] ?? 0 })).reverse();
}

async function start(f: Family, scheduler: string): Promise<Case> {
  const c = await startWorld(f, { oneWorker: 'frames are compared in the order in which they were sent' });
  configureService(c, f, { proto: 'udp', port: PORT, scheduler, servers: WEIGHTS.map((weight, index) => ({ index, weight })) });
  return c;
}

/** Index of the server (newest first) that each client's packet came to; -1 for those of clients that nobody served. */
function choices(c: Case, f: Family, payload: (i: number) => Uint8Array = () => Buffer.from('x'), first = 2000): number[] {
  const got = new Map<number, number>();
  for (let i = 0; i < N; i += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, N - i) }, (_, k) => i + k);
    c.send(CLIENTS, ...group.map((n) => ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: client(f, n), dst: f.vip }, udp({ sport: first + n, dport: PORT, payload: payload(n) })))));
    for (const frame of c.collect(SERVERS)) {
      const fields = dissect(frame);
      const at = f.servers.length - 1 - f.servers.findIndex((server) => ipText(ipBytes(server)) === fields.get('ip.dst'));
      got.set(Number(fields.get('uoa.port')), at);
    }
  }
  return Array.from({ length: N }, (_, n) => got.get(first + n) ?? -1);
}

const all = Array.from({ length: N }, (_, i) => i);

describe.each(families)('$name', (f) => {
  test('DPL-074 conhash by source address', async () => {
    const c = await start(f, 'conhash --hash-target sip');
    const wanted = conhash(servers(f), all.map((i) => sourceKey(fold(ipBytes(client(f, i))))));
    expect(choices(c, f)).toEqual(wanted);
    expect(new Set(wanted)).toEqual(new Set([0, 1, 2]));
  });

  test('DPL-075 DPL-132 conhash by connection id; packets without one by their source', async () => {
    const c = await start(f, 'conhash --hash-target qid');
    const id = (i: number): Buffer => Buffer.from(BigInt.asUintN(64, BigInt(i + 1) * 0x9e3779b97f4a7c15n).toString(16).padStart(16, '0'), 'hex');
    const has = (i: number): boolean => i % 4 !== 0;
    const payload = (i: number): Buffer => Buffer.concat([Buffer.from([has(i) ? 0x08 : 0x00]), id(i), Buffer.from('Q043')]);
    const wanted = conhash(servers(f), all.map((i) => (has(i) ? idKey(id(i)) : sourceKey(fold(ipBytes(client(f, i)))))));
    expect(choices(c, f, payload)).toEqual(wanted);
  });

  test.each([
    ['mh', { ports: false }],
    ['mh --sched-flags mh-port', { ports: true }],
  ])('DPL-076 %s', async (words, options) => {
    const c = await start(f, words);
    const wanted = maglev(servers(f), all.map((i) => ({ folded: fold(ipBytes(client(f, i))), port: 2000 + i })), options);
    expect(choices(c, f)).toEqual(wanted);
  });

  test('DPL-076 mh: a server that goes takes few others along; with fallback its clients are served', async () => {
    const c = await start(f, 'mh --sched-flags mh-fallback');
    const before = choices(c, f);
    c.run(`ipvsadm -e -u ${endpoint(f.vip, PORT)} -r ${endpoint(f.servers[0], PORT)} -b -x 1`);
    const clients = all.map((i) => ({ folded: fold(ipBytes(client(f, i))), port: 0 }));
    // One client is refused, which is how the server becomes overloaded.
    expect(choices(c, f, undefined, 8000).filter((server) => server === -1)).toHaveLength(1);
    const after = choices(c, f, undefined, 4000);
    expect(after).toEqual(maglev(servers(f), clients, { fallback: true, usable: (server) => server !== 2 }));
    const moved = before.filter((server, i) => server !== 2 && after[i] !== server).length;
    expect(moved).toBe(0);
    c.run(`ipvsadm -d -u ${endpoint(f.vip, PORT)} -r ${endpoint(f.servers[0], PORT)}`);
    const without = choices(c, f, undefined, 6000);
    expect(before.filter((server, i) => server !== 2 && without[i] !== server).length).toBeLessThan((2 * N) / 3);
    expect(without).toEqual(maglev(servers(f).slice(0, 2), clients));
  });
});
