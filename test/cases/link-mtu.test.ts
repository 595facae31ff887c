// SPDX-License-Identifier: Apache-2.0
// The MTU of devices that run, and the counters of their queues.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { ethernet, ip, ipv4, udp, type Layer4 } from '../harness/frames';
import { CLIENTS, configureService, families, fromClient, mac, SERVERS, startWorld, v4, type Family } from './topology';

stopDaemonsAfterEach();

const PORT = 53;
const UOA_OFF = ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'];

function question(f: Family, ipLength: number): Layer4 {
  return udp({ sport: 5000, dport: PORT, payload: Buffer.alloc(ipLength - f.headerLength - 8, 7) });
}

function mtuOf(c: Case, device: string): number {
  return Number(/ mtu (\d+) /.exec(c.output(`dpip link show ${device}`))?.[1]);
}

describe.each(families)('$name', (f) => {
  test('DB-14 a narrower device at once, also for connections that are there, and back again', async () => {
    const c = await startWorld(f, { conf: { ipvs_defs: UOA_OFF } });
    configureService(c, f, { proto: 'udp', port: PORT });
    const send = (ipLength: number): void => {
      const ends = { src: f.client, dst: f.vip };
      const datagram = question(f, ipLength);
      c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, f === v4 ? ipv4({ ...ends, df: true }, datagram) : ip(ends, datagram)));
    };
    send(1450);
    expect(numberOf(c.collectOne(SERVERS), 'ip.length')).toBe(f === v4 ? 1450 : 1410);
    c.run('dpip link set test1 mtu 1300');
    expect([mtuOf(c, 'test0'), mtuOf(c, 'test1')]).toEqual([1500, 1300]);
    send(1450);
    expect(numberOf(c.collectOne(CLIENTS), 'icmp.type')).toBe(f === v4 ? 3 : 2);
    c.expectNothing();
    send(1300);
    c.collectOne(SERVERS);
    c.run('dpip link set test1 mtu 1500');
    send(1450);
    c.collectOne(SERVERS);
    c.expectNothing();
  });
});

test('DB-14 VLANs go with their device, and are never wider', async () => {
  const c = await startWorld(v4, { conf: { global_defs: ['kni on'] } });
  c.run(`
    dpip vlan add link test0 id 7
    dpip vlan add link test0 id 8
    dpip link set test0.8 mtu 1400
    dpip link set test0 mtu 1450`);
  expect(['test0', 'test0.7', 'test0.8'].map((name) => mtuOf(c, name))).toEqual([1450, 1450, 1400]);
  c.run('dpip link set test0 mtu 1280');
  expect(['test0', 'test0.7', 'test0.8'].map((name) => mtuOf(c, name))).toEqual([1280, 1280, 1280]);
  c.run('dpip link set test0 mtu 1500');
  expect(['test0', 'test0.7', 'test0.8'].map((name) => mtuOf(c, name))).toEqual([1500, 1500, 1500]);
});

test('DB-14 what cannot be leaves the MTU as it is', async () => {
  const c = await startWorld(v4, {});
  c.run(`
    dpip vlan add link test0 id 7
    dpip tunnel add tun0 mode ipip remote 10.0.1.9 local 10.0.1.1`);
  const tunnel = mtuOf(c, 'tun0');
  for (const [words, text] of [
    ['test0 mtu 67', 'invalid mtu: 67: 68 to 9000 bytes'],
    ['test0 mtu 9001', 'invalid mtu: 9001: 68 to 9000 bytes'],
    ['test0 mtu wide', 'invalid mtu: wide: 68 to 9000 bytes'],
    ['test0.7 mtu 1501', 'invalid parameter'],
    ['tun0 mtu 1000', 'not support'],
    ['test0 mtu 9000', 'not support'],
    ['nonesuch mtu 1500', 'no such device'],
  ] as const) {
    const { status, stderr } = c.command(`dpip link set ${words}`);
    expect([words, status]).toEqual([words, 1]);
    expect(stderr.toLowerCase()).toContain(text);
  }
  expect(['test0', 'test0.7', 'tun0'].map((name) => mtuOf(c, name))).toEqual([1500, 1500, tunnel]);
});

test('DB-14 counters of queues', async () => {
  const c = await startWorld(v4, { oneWorker: 'it counts packets of queues', queues: 2 });
  configureService(c, v4, { proto: 'udp', port: PORT });
  for (const queue of [0, 1, 1]) c.sendOn(CLIENTS, queue, fromClient(v4, question(v4, 100)));
  expect(c.collect(SERVERS)).toHaveLength(3);
  const table = c.output('dpip -s link show test0 queues').split('\n').slice(-4).map((line) => line.trim().split(/\s+/));
  expect(table[0]).toEqual(['queue', 'ipackets', 'ibytes', 'ierrors', 'opackets', 'obytes']);
  expect(table.slice(1, 3).map(([queue, packets]) => [queue, packets])).toEqual([['0', '1'], ['1', '2']]);
  expect(c.command('dpip link show test0 queues')).toMatchObject({ status: 1 });
  expect(c.command('dpip -s -i 1 link show test0 queues')).toMatchObject({ status: 1 });
});
