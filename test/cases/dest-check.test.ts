// SPDX-License-Identifier: Apache-2.0
// Passive destination check: servers that refuse or do not answer are inhibited for a while.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, fromServer, mac, SERVERS, startWorld, v4, type Family } from './topology';
import { CLIENT_ISN, RS_ISN, startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const PORT = 80;
const DNS = 53;
/** SYN_RECV lasts 30 s, and a timeout may come a second late. */
const SILENCE_MS = 31_500;
const BOTH = [{ index: 0, weight: 3 }, { index: 1, weight: 3 }];

/** Weight and what stands behind the counters, of each server in the order of their addresses. */
function servers(c: Case): string[] {
  c.settle({ timers: true });
  const rows = c.output('ipvsadm -ln').split('\n').filter((line) => line.includes('FullNat'));
  return rows.map((row) => row.trim().split(/\s+/)).map(([, , , weight, , , note = '']) => `${weight ?? ''} ${note}`.trim());
}

function syn(f: Family, sport: number): Buffer {
  return fromClient(f, tcp({ sport, dport: PORT, seq: CLIENT_ISN, flags: 'S' }));
}

/** The client connects, the server refuses. */
function refused(c: Case, f: Family, sport: number): void {
  c.send(CLIENTS, syn(f, sport));
  const frame = c.collectOne(SERVERS);
  const index = mac.server.indexOf(String(dissect(frame).get('eth.dst')) as (typeof mac.server)[number]);
  const reset = tcp({ sport: PORT, dport: numberOf(frame, 'tcp.sport'), seq: 0, ack: numberOf(frame, 'tcp.seq') + 1, flags: 'RA' });
  c.send(SERVERS, fromServer(f, reset, index));
  c.collectOne(CLIENTS);
}

/** The next inhibition of the only server lasts this long, give or take half a second. */
function expectInhibited(c: Case, seconds: number, weight: number): void {
  expect(servers(c)).toEqual(['0 inhibited']);
  c.warp(seconds * 1000 - 600);
  expect(servers(c)).toEqual(['0 inhibited']);
  c.warp(1200);
  expect(servers(c)).toEqual([String(weight)]);
}

describe.each(families)('$name', (f) => {
  test('DPL-131 a server that refuses is inhibited, restored after its time, and longer each time; accepted connections shorten that', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT, extra: '--dest-check 1,1,3s,10-60s', servers: [{ index: 0, weight: 5 }] });
    expect(c.output('ipvsadm -ln')).toContain('dest-check internal:1,1,3s,10-60s');
    let sport = 2000;
    for (const seconds of [10, 20, 40, 60, 60]) {
      refused(c, f, sport++);
      c.expectDrops({ no_dest: 1 }, () => {
        expect(servers(c)).toEqual(['0 inhibited']);
        c.send(CLIENTS, syn(f, sport++));
      });
      expectInhibited(c, seconds, 5);
    }
    startConnection(c, f, PORT, sport++);
    expect(servers(c)).toEqual(['5']);
    refused(c, f, sport++);
    expectInhibited(c, 30, 5);
  });

  test('DPL-131 three silent connections within the time inhibit a server, not two; connections go to the others', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT, extra: '--dest-check 3,1,5s,10-60s', servers: [{ index: 0, weight: 3 }] });
    c.send(CLIENTS, syn(f, 1001), syn(f, 1002));
    c.warp(SILENCE_MS);
    expect(servers(c)).toEqual(['3']);
    c.warp(5000);
    c.send(CLIENTS, syn(f, 1003), syn(f, 1004), syn(f, 1005));
    c.discard();
    c.warp(SILENCE_MS);
    c.run(`ipvsadm -a -t ${endpoint(f.vip, PORT)} -r ${endpoint(f.servers[1], PORT)} -b -w 3`);
    expect(servers(c)).toEqual(['0 inhibited', '3']);
    for (let sport = 1010; sport < 1014; sport++) {
      c.send(CLIENTS, syn(f, sport));
      expect(dissect(c.collectOne(SERVERS)).get('eth.dst')).toBe(mac.server[1]);
    }
  });

  test('DPL-131 a client that does not go on after the answer of the server is no sign against the server', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT, extra: '--dest-check default' });
    c.send(CLIENTS, syn(f, 1001));
    const frame = c.collectOne(SERVERS);
    const answer = tcp({ sport: PORT, dport: numberOf(frame, 'tcp.sport'), seq: RS_ISN, ack: numberOf(frame, 'tcp.seq') + 1, flags: 'SA' });
    c.send(SERVERS, fromServer(f, answer));
    c.collectOne(CLIENTS);
    c.send(CLIENTS, fromClient(f, tcp({ sport: 1001, dport: PORT, seq: CLIENT_ISN + 1, flags: 'R' })));
    c.warp(SILENCE_MS);
    expect(servers(c)).toEqual(['1']);
  });

  test('DPL-131 UDP: a question without answer inhibits, one with an answer does not', async () => {
    const c = await startWorld(f, { conf: { ipvs_defs: ['udp {', 'uoa_max_trail 0', 'timeout {', 'oneway 4', '}', '}'] } });
    configureService(c, f, { proto: 'udp', port: DNS, extra: '--dest-check 1,1,3s,10-60s' });
    const ask = (sport: number): number => {
      c.send(CLIENTS, fromClient(f, udp({ sport, dport: DNS, payload: 'q' })));
      return numberOf(c.collectOne(SERVERS), 'udp.sport');
    };
    c.send(SERVERS, fromServer(f, udp({ sport: DNS, dport: ask(1000), payload: 'a' })));
    c.collectOne(CLIENTS);
    c.warp(400_000, 20_000);
    expect(servers(c)).toEqual(['1']);
    ask(1001);
    c.warp(5500, 500);
    expect(servers(c)).toEqual(['0 inhibited']);
    c.warp(10_600);
    expect(servers(c)).toEqual(['1']);
  });
});

test('DPL-131 down only: inhibited until somebody edits the server', async () => {
  const c = await startWorld(v4, { oneWorker: 'servers in turn' });
  configureService(c, v4, { proto: 'tcp', port: PORT, extra: '--dest-check 2,5s', servers: BOTH });
  // In turn, the first one twice.
  for (let sport = 1000; sport < 1003; sport++) refused(c, v4, sport);
  expect(servers(c)).toEqual(['0 inhibited', '3']);
  c.warp(2 * 3600_000, 600_000);
  expect(servers(c)).toEqual(['0 inhibited', '3']);
  for (const server of v4.servers.slice(0, 2)) c.run(`ipvsadm -e -t ${endpoint(v4.vip, PORT)} -r ${endpoint(server, PORT)} -b -w 4`);
  expect(servers(c)).toEqual(['4', '4']);
});

test('DPL-131 without the option anymore, what it had inhibited is restored at once', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'tcp', port: PORT, extra: '--dest-check default', servers: [{ index: 0, weight: 5 }] });
  refused(c, v4, 1000);
  expect(servers(c)).toEqual(['0 inhibited']);
  c.run(`ipvsadm -E -t ${endpoint(v4.vip, PORT)} --dest-check disable`);
  expect(servers(c)).toEqual(['5']);
});

test('DPL-131 what is saved is the configuration: an inhibited server has its weight there, and is not touched by applying it', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'tcp', port: PORT, extra: '--dest-check 1,1,3s,10-60s', servers: [{ index: 0, weight: 5 }] });
  const saved = ['', ' --json'].map((format) => c.command(`ipvsadm -Sn${format}`).stdout.replace(/"generation":\d+/, ''));
  refused(c, v4, 1000);
  expect(servers(c)).toEqual(['0 inhibited']);
  expect(['', ' --json'].map((format) => c.command(`ipvsadm -Sn${format}`).stdout.replace(/"generation":\d+/, ''))).toEqual(saved);
  expect(c.command('ipvsadm --apply -', saved[0])).toMatchObject({ status: 0, stderr: '' });
  expectInhibited(c, 10, 5);
});

test('DPL-131 a drained server stays drained when its inhibition would be over', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'tcp', port: PORT, extra: '--dest-check default', servers: [{ index: 0, weight: 5 }] });
  refused(c, v4, 1000);
  expect(servers(c)).toEqual(['0 inhibited']);
  c.command(`ipvsadm --drain -t ${endpoint(v4.vip, PORT)} --deadline 0`);
  c.warp(20_000);
  expect(servers(c)).toEqual(['0']);
});

test('DPL-131 signs of all workers are counted together', async () => {
  const c = await startWorld(v4, { workers: 2, queues: 2 });
  configureService(c, v4, { proto: 'tcp', port: PORT, extra: '--dest-check 16,1,5s,10-60s', servers: [{ index: 0, weight: 5 }] });
  for (let i = 0; i < 15; i++) c.sendOn(CLIENTS, i & 1, syn(v4, 3000 + i));
  c.warp(SILENCE_MS);
  expect(servers(c)).toEqual(['5']);
  c.warp(5000);
  // Which worker has a flow is a matter of its hash: among so many both have some.
  for (let i = 0; i < 16; i++) c.sendOn(CLIENTS, i & 1, syn(v4, 4000 + i));
  const list = c.output('ipvsadm -lnc');
  const lcores = new Set(list.split('\n').filter((line) => line.includes('tcp')).map((line) => line.slice(0, line.indexOf(']'))));
  expect(lcores.size, list).toBe(2);
  c.warp(SILENCE_MS);
  expect(servers(c)).toEqual(['0 inhibited']);
});
