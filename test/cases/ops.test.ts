// SPDX-License-Identifier: Apache-2.0
// One-packet scheduling: each packet of a UDP service finds its server alone, and nothing is kept of it.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { ethernet, ip, udp, type UdpFields } from '../harness/frames';
import {
  CLIENTS, configureService, endpoint, families, fromClient, fromServer, mac, quieten, SERVERS, serviceWord, startWorld, toServer, v4,
} from './topology'; // prettier-ignore

stopDaemonsAfterEach();

const PORT = 53;
const CPORT = 4000;
const ONE_WORKER = { oneWorker: 'the scheduler goes round on each worker' };
const BOTH = [0, 1].map((index) => ({ index, weight: 1 }));
const question: UdpFields = { sport: CPORT, dport: PORT, payload: 'question' };

function conf(...lines: readonly string[]): { ipvs_defs: readonly string[] } {
  return { ipvs_defs: ['conn {', 'conn_pool_size 65535', ...lines, '}', 'udp {', 'uoa_max_trail 0', '}'] };
}

function connections(c: Case, options = ''): string[] {
  return c.output(`ipvsadm -lnc ${options}`).split('\n').filter((line) => line !== '');
}

function row(c: Case, what: string, target: string): string[] {
  const line = c.output(`ipvsadm -ln ${what}`).split('\n').find((text) => text.includes(target)) ?? '';
  return line.trim().split(/\s+/);
}

describe.each(families)('$name', (f) => {
  test('DPL-084 two packets of one client go to two servers, and nothing stays', async () => {
    const c = await startWorld(f, { ...ONE_WORKER, conf: conf('conn_accounting on') });
    configureService(c, f, { proto: 'udp', port: PORT, servers: BOTH, extra: '-o' });
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      c.send(CLIENTS, fromClient(f, udp(question)));
      const frame = c.collectOne(SERVERS);
      const index = BOTH.findIndex((_, k) => frame.subarray(0, 6).equals(Buffer.from((mac.server[k] ?? '').replaceAll(':', ''), 'hex')));
      const wanted = toServer(f, udp({ ...question, sport: numberOf(frame, 'udp.sport') }), index);
      expect(frame.toString('hex')).toBe(wanted.toString('hex'));
      seen.push(index);
    }
    expect(seen[0]).not.toBe(seen[1]);
    expect(seen.slice(2)).toEqual(seen.slice(0, 2));
    expect(connections(c)).toEqual([]);
    const size = f.headerLength + 8 + 'question'.length;
    expect(row(c, '--stats --exact', endpoint(f.vip, PORT)).slice(2)).toEqual(['4', '4', '0', String(4 * size), '0']);
    for (const { index } of BOTH) expect(row(c, '', `-> ${endpoint(f.servers[index] ?? '', PORT)}`).slice(3)).toEqual(['1', '0', '0']);
    expect(c.output('dpip -s addr show dev test1')).toContain('sa_used 0');
  });

  test('DPL-084 answers are nobody\'s', async () => {
    const c = await startWorld(f, { conf: conf() });
    configureService(c, f, { proto: 'udp', port: PORT, extra: '-o' });
    c.send(CLIENTS, fromClient(f, udp(question)));
    const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
    c.expectDrops({ local_no_service: 1 }, () => c.send(SERVERS, fromServer(f, udp({ sport: PORT, dport: lport, payload: 'answer' }))));
    expect(c.collect(CLIENTS)).toEqual([]);
  });

  test.each([['-m', 'NAT'], ['-g', 'direct routing']])('DPL-084 %s: %s', async (mode) => {
    const c = await startWorld(f, ONE_WORKER);
    const word = serviceWord(f, { proto: 'udp', port: PORT });
    c.run(`
      ipvsadm -A ${word} -s rr -o
      ${[0, 1].map((k) => `ipvsadm -a ${word} -r ${endpoint(f.servers[k] ?? '', PORT)} ${mode}`).join('\n')}`);
    quieten(c, f);
    c.send(CLIENTS, fromClient(f, udp(question)), fromClient(f, udp(question)));
    const wanted = [0, 1].map((k) => {
      const dst = mode === '-m' ? (f.servers[k] ?? '') : f.vip;
      return ethernet({ src: mac.port[1], dst: mac.server[k] ?? '' }, ip({ src: f.client, dst }, udp(question))).toString('hex');
    });
    expect(new Set(c.collect(SERVERS).map((frame) => frame.toString('hex')))).toEqual(new Set(wanted));
    expect(connections(c)).toEqual([]);
  });

  test('DPL-084 every packet is the first: each carries the client\'s address', async () => {
    const c = await startWorld(f, ONE_WORKER);
    configureService(c, f, { proto: 'udp', port: PORT, extra: '-o' });
    for (let i = 0; i < 8; i++) {
      c.send(CLIENTS, fromClient(f, udp(question)));
      expect(numberOf(c.collectOne(SERVERS), 'uoa.port')).toBe(CPORT);
    }
  });

  test('with persistence a client stays with its server for as long as it sends', async () => {
    const c = await startWorld(f, ONE_WORKER);
    configureService(c, f, { proto: 'udp', port: PORT, servers: BOTH, extra: '-o -p 60' });
    const server = (): unknown => {
      c.send(CLIENTS, fromClient(f, udp(question)));
      return dissect(c.collectOne(SERVERS)).get('ip.dst');
    };
    const first = server();
    for (let i = 0; i < 3; i++) {
      c.warp(50_000, 5000);
      expect(server()).toBe(first);
    }
    expect(connections(c)).toEqual([]);
    expect(connections(c, '--persistent-conn')).toHaveLength(1);
    c.warp(62_000, 2000);
    expect(connections(c, '--persistent-conn')).toEqual([]);
    expect(server()).not.toBe(first);
  });

  test('a server with weight 0 gets no more, with expire-quiescent too', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT, extra: '-o --expire-quiescent' });
    c.send(CLIENTS, fromClient(f, udp(question)));
    c.collectOne(SERVERS);
    c.run(`ipvsadm -e ${serviceWord(f, { proto: 'udp', port: PORT })} -r ${endpoint(f.servers[0], PORT)} -b -w 0`);
    c.expectDrops({ no_dest: 1 }, () => c.send(CLIENTS, fromClient(f, udp(question))));
  });
});

test('DPL-084 more packets than there are local ports', async () => {
  const c = await startWorld(v4, { conf: conf() });
  configureService(c, v4, { proto: 'udp', port: PORT, extra: '-o' });
  const burst = Array.from({ length: 1024 }, () => fromClient(v4, udp({ sport: CPORT, dport: PORT })));
  for (let i = 0; i < 66; i++) {
    c.send(CLIENTS, ...burst);
    expect(c.collect(SERVERS)).toHaveLength(burst.length);
  }
}, 60_000);
