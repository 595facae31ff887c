// SPDX-License-Identifier: Apache-2.0
// Thresholds of real servers: when a server is overloaded, and when it gets connections again.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect } from '../harness/dissect';
import { tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, mac, SERVERS, startWorld, type Family } from './topology';
import { startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const PORT = 80;
const DNS = 53;
const ONE = { oneWorker: 'thresholds are shared among workers' };

function thresholds(f: Family, proto: 'tcp' | 'udp', port: number, x: number, y: number): string {
  return `ipvsadm -e -${proto === 'tcp' ? 't' : 'u'} ${endpoint(f.vip, port)} -r ${endpoint(f.servers[0], port)} -b -x ${x} -y ${y}`;
}

/** What the listing with thresholds and the one with details say of the only server. */
function listed(c: Case): { readonly thresholds: readonly string[]; readonly state: string } {
  const words = (line: string): string[] => {
    const row = c.command(line).stdout.split('\n').find((text) => text.includes('->') && !text.includes('Remote')) ?? '';
    return row.trim().split(/\s+/).slice(2);
  };
  return { thresholds: words('ipvsadm -ln --thresholds').slice(0, 2), state: words('ipvsadm -ln --details').at(-1) ?? '' };
}

describe.each(families)('$name', (f) => {
  const query = (sport: number): Buffer => fromClient(f, udp({ sport, dport: DNS, payload: 'q' }));

  /** Opens a UDP connection; it ends 300 s after its last packet. */
  function open(c: Case, sport: number): void {
    c.expectDrops({}, () => c.send(CLIENTS, query(sport)));
    c.collectOne(SERVERS);
  }

  function refused(c: Case, sport: number, reason: string): void {
    c.expectDrops({ [reason]: 1 }, () => c.send(CLIENTS, query(sport)));
    c.expectNothing();
  }

  /** Keeps connections and lets the others end. */
  function outlive(c: Case, kept: readonly number[]): void {
    c.warp(200_000, 20_000);
    c.send(CLIENTS, ...kept.map(query));
    c.warp(102_000, 20_000);
    c.discard();
  }

  test('DPL-059 -x 2: the third SYN is dropped; after one connection has ended one more is accepted', async () => {
    const c = await startWorld(f, ONE);
    configureService(c, f, { proto: 'tcp', port: PORT });
    c.run(thresholds(f, 'tcp', PORT, 2, 0));
    const syn = (sport: number): Buffer => fromClient(f, tcp({ sport, dport: PORT, seq: 1, flags: 'S' }));
    startConnection(c, f, PORT, 3000);
    c.expectDrops({}, () => c.send(CLIENTS, syn(3001)));
    const before = Object.fromEntries(dissect(c.collectOne(SERVERS)));
    expect(before).toMatchObject({ 'eth.dst': mac.server[0], 'tcp.flags': 'S', 'tcp.checksum': 'good' });
    expect(listed(c)).toEqual({ thresholds: ['2', '0'], state: 'up' });
    c.expectDrops({ dest_overload: 1 }, () => c.send(CLIENTS, syn(3002)));
    expect(listed(c).state).toBe('overload');
    c.expectDrops({ no_dest: 1 }, () => c.send(CLIENTS, syn(3003)));
    c.expectNothing();
    // The SYN that nobody answered ends first.
    c.warp(32_000);
    expect(listed(c).state).toBe('up');
    c.expectDrops({}, () => c.send(CLIENTS, syn(3004)));
    expect(Object.fromEntries(dissect(c.collectOne(SERVERS)))).toMatchObject({ 'eth.dst': mac.server[0], 'tcp.flags': 'S' });
    c.expectDrops({ dest_overload: 1 }, () => c.send(CLIENTS, syn(3005)));
  });

  test('DPL-059 -x 4 -y 2: an overloaded server rests until it has fewer than 2', async () => {
    const c = await startWorld(f, ONE);
    configureService(c, f, { proto: 'udp', port: DNS });
    c.run(thresholds(f, 'udp', DNS, 4, 2));
    for (const sport of [1, 2, 3, 4]) open(c, sport);
    refused(c, 5, 'dest_overload');
    outlive(c, [1, 2]);
    expect(listed(c)).toEqual({ thresholds: ['4', '2'], state: 'overload' });
    refused(c, 6, 'no_dest');
    outlive(c, [1]);
    expect(listed(c).state).toBe('up');
    for (const sport of [7, 8, 9]) open(c, sport);
    refused(c, 10, 'dest_overload');
    // Raised, it counts at once, although no connection has ended.
    c.run(thresholds(f, 'udp', DNS, 5, 2));
    expect(listed(c).state).toBe('up');
    open(c, 11);
    refused(c, 12, 'dest_overload');
    c.run(thresholds(f, 'udp', DNS, 0, 0));
    open(c, 13);
  });

  test('DPL-059 an overloaded server leaves connections to the others', async () => {
    const c = await startWorld(f, ONE);
    configureService(c, f, { proto: 'udp', port: DNS, servers: [{ index: 0, weight: 1 }, { index: 1, weight: 1 }] });
    c.run(thresholds(f, 'udp', DNS, 1, 0));
    c.send(CLIENTS, query(1), query(2), query(3), query(4), query(5));
    const targets = c.collect(SERVERS).map((frame) => dissect(frame).get('eth.dst'));
    expect(targets.filter((target) => target === mac.server[0])).toHaveLength(1);
    expect(targets.filter((target) => target === mac.server[1])).toHaveLength(3);
  });

  test('DPL-059 workers share a threshold; a threshold below their number is refused', async () => {
    const c = await startWorld(f, { workers: 2, queues: 2 });
    configureService(c, f, { proto: 'udp', port: DNS });
    c.run(thresholds(f, 'udp', DNS, 5, 3));
    const { status, stderr } = c.command(thresholds(f, 'udp', DNS, 1, 0));
    expect([status, stderr]).not.toEqual([0, '']);
    c.send(CLIENTS, ...Array.from({ length: 40 }, (_, i) => query(i + 1)));
    expect(c.collect(SERVERS)).toHaveLength(5);
    expect(listed(c)).toEqual({ thresholds: ['5', '3'], state: 'overload' });
  });
});
