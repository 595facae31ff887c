// SPDX-License-Identifier: Apache-2.0
// The life of neighbours: ageing, confirmation by traffic, several workers, floods.
import { describe, expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect } from '../harness/dissect';
import { arp, ethernet, ipv4, tcp, udp } from '../harness/frames';
import { RS_ISN, startConnection } from './tcp-connection';
import { CLIENTS, configureAddresses, configureService, mac, SERVERS, v4 } from './topology';

stopDaemonsAfterEach();

const forwarding = { ipv4_defs: ['forwarding on'] };

function isAt(port: number, from: string, senderIp: string): Buffer {
  const target = mac.port[port] ?? '';
  return ethernet({ src: from, dst: target }, arp({ op: 'reply', senderMac: from, senderIp, targetMac: target, targetIp: v4.port[port] ?? '' }), 60);
}

/** State of a neighbour as all workers list it; empty: none. */
function state(c: Case, address: string): string {
  const found = [...c.output('dpip neigh show').matchAll(/^ip: (\S+) .* state: (\S+)/gm)].filter(([, ip]) => ip === address).map(([, , text]) => text);
  expect(new Set(found).size).toBeLessThanOrEqual(1);
  return found[0] ?? '';
}

function through(dst: string, id: number): Buffer {
  return ethernet({ src: mac.client, dst: mac.port[0] }, ipv4({ src: v4.client, dst, id }, udp({ sport: 1, dport: 2, payload: 'x' })));
}

describe('DPL-032', () => {
  test('a neighbour that nobody hears of ages, step by step', async () => {
    const c = await startCase();
    configureAddresses(c, v4);
    c.send(CLIENTS, isAt(CLIENTS, mac.client, v4.client));
    const seen = [state(c, v4.client)];
    for (let s = 0; s < 110; s++) {
      c.warp(1000);
      const now = state(c, v4.client);
      if (now !== seen.at(-1)?.split(' ')[0]) seen.push(`${now} ${s + 1}`);
    }
    // 60 s of reachable, 30 s of doubt, 2 s until it is forgotten; each a little more.
    expect(seen[0]).toBe('REACHABLE');
    expect(seen.slice(1).map((text) => text.split(' ')[0])).toEqual(['PROBE', 'NONE', '']);
    const at = seen.slice(1).map((text) => Number(text.split(' ')[1]));
    expect(at[0]).toBeGreaterThanOrEqual(60);
    expect(at[0]).toBeLessThanOrEqual(61);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(29);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeLessThanOrEqual(31);
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeLessThanOrEqual(3);
  });

  test('neigh_defs/timeout is the time for which it is reachable', async () => {
    const c = await startCase({ conf: { neigh_defs: ['timeout 10'] } });
    configureAddresses(c, v4);
    c.send(CLIENTS, isAt(CLIENTS, mac.client, v4.client));
    c.warp(9000);
    expect(state(c, v4.client)).toBe('REACHABLE');
    c.warp(2000);
    expect(state(c, v4.client)).toBe('PROBE');
  });

  test('acknowledgements of TCP keep both sides; datagrams of a client do not', async () => {
    const c = await startCase();
    configureAddresses(c, v4);
    c.run(`dpip addr add ${v4.lip}/32 dev test1`);
    const learn = (): void => {
      c.send(CLIENTS, isAt(CLIENTS, mac.client, v4.client));
      c.send(SERVERS, isAt(SERVERS, mac.server[0], v4.servers[0]));
      c.discard();
    };
    configureService(c, v4, { proto: 'tcp', port: 80 });
    learn();
    const t = startConnection(c, v4, 80, 5000);
    const both = (): string[] => [state(c, v4.client), state(c, v4.servers[0])];
    for (let i = 0; i < 10; i++) {
      c.warp(20_000);
      const data = { seq: t.delta, flags: 'PA', payload: 'x' };
      c.send(CLIENTS, t.clientFrame({ ...data, seq: 1_000_001 + i, ack: RS_ISN + 1 + i }));
      c.send(SERVERS, t.serverFrame({ ...data, seq: RS_ISN + 1 + i, ack: 1_000_002 + i + t.delta }));
      c.warp(1000);
    }
    expect(both()).toEqual(['REACHABLE', 'REACHABLE']);
    // The client goes on to send, but acknowledges nothing any more.
    for (let i = 0; i < 4; i++) {
      c.warp(20_000);
      c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, ipv4({ src: v4.client, dst: v4.vip }, tcp({ sport: 5001 + i, dport: 80, seq: 1, flags: 'S' }))));
      c.discard();
    }
    expect(state(c, v4.client)).not.toBe('REACHABLE');
  });
});

test('DPL-033 what one worker learns all workers know', async () => {
  const c = await startCase({ workers: 2, queues: 2, conf: forwarding });
  configureAddresses(c, v4);
  c.sendOn(SERVERS, 0, isAt(SERVERS, mac.server[0], v4.servers[0]));
  c.discard();
  for (const queue of [0, 1]) {
    c.sendOn(CLIENTS, queue, through(v4.servers[0], queue));
    expect(dissect(c.collectOne(SERVERS)).get('eth.dst')).toBe(mac.server[0]);
  }
  // And forgets likewise.
  c.sendOn(SERVERS, 1, isAt(SERVERS, mac.server[1], v4.servers[0]));
  c.warp(10);
  for (const queue of [0, 1]) {
    c.sendOn(CLIENTS, queue, through(v4.servers[0], queue));
    expect(dissect(c.collectOne(SERVERS)).get('eth.dst')).toBe(mac.server[1]);
  }
});

describe('floods', () => {
  test('packets for many hosts that do not answer leave room for one that does', async () => {
    const c = await startCase({ conf: { ...forwarding, neigh_defs: ['unres_queue_length 8192'] } });
    configureAddresses(c, v4);
    // Each of them alone could fill what waits in all.
    for (let round = 0; round < 60; round++) {
      c.send(CLIENTS, ...Array.from({ length: 200 }, (_, i) => through(`10.1.0.${20 + (i % 200)}`, round)));
    }
    expect(c.drops().get('neigh_queue_full')).toBeGreaterThan(0);
    c.discard();
    c.send(CLIENTS, ...[1, 2, 3].map((id) => through(v4.servers[0], id)));
    c.collectOne(SERVERS);
    c.send(SERVERS, isAt(SERVERS, mac.server[0], v4.servers[0]));
    expect(c.collect(SERVERS).map((frame) => dissect(frame).get('ip.id'))).toEqual([1, 2, 3]);
  });

  test('so many that the control lcore cannot follow do not keep answers from it', async () => {
    const c = await startCase({ conf: { ...forwarding, ctrl_defs: ['lcore_msg {', 'ring_size 256', '}'] } });
    configureAddresses(c, v4);
    c.send(CLIENTS, through(v4.servers[0], 1));
    c.discard();
    const [flood, answer] = [Array.from({ length: 1000 }, (_, i) => through(`10.1.0.${20 + (i % 200)}`, i)), isAt(CLIENTS, mac.client, v4.client)];
    c.send(CLIENTS, ...flood, answer);
    expect(state(c, v4.client)).toBe('REACHABLE');
  });

  test('hosts that nobody asked for are remembered to a limit, and only on their link', async () => {
    const c = await startCase();
    c.run('dpip addr add 10.0.0.1/16 dev test0');
    c.settle({ timers: true });
    c.discard();
    const target = mac.port[0];
    const fields = { op: 'reply', senderMac: mac.client, targetMac: target, targetIp: '10.0.0.1' } as const;
    const hello = (senderIp: string): Buffer => ethernet({ src: mac.client, dst: target }, arp({ ...fields, senderIp }), 60);
    for (let high = 1; high <= 20; high++) c.send(CLIENTS, ...Array.from({ length: 250 }, (_, low) => hello(`10.0.${high}.${low}`)));
    const known = new Set(c.output('dpip neigh show').match(/^ip: \S+/gm));
    expect(known.size).toBe(4096);
    expect(c.drops().get('neigh_table_full')).toBe(5000 - 4096);
    c.send(CLIENTS, hello('10.77.0.1'));
    expect(c.output('dpip neigh show')).not.toContain('10.77.0.1');
  });
});
