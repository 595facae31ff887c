// SPDX-License-Identifier: Apache-2.0
// Link layer discovery: what leaves every 30 seconds, what neighbours say, and who asks for neither.
import os from 'node:os';
import { expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { ethernet } from '../harness/frames';
import { mac } from './topology';

stopDaemonsAfterEach();

const GROUP = '01:80:c2:00:00:0e';
const ON = { global_defs: ['lldp on'] };

function tlv(type: number, ...body: (number | string | Buffer)[]): Buffer {
  const bytes = Buffer.concat(body.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as string))));
  return Buffer.concat([Buffer.from([(type << 1) | (bytes.length >> 8), bytes.length & 0xff]), bytes]);
}

const MAC = Buffer.from('02dd00000001', 'hex');

/** A data unit of a switch. */
function pdu(options: { readonly ttl?: number; readonly name?: string; readonly more?: readonly Buffer[] } = {}): Buffer {
  const { ttl = 120, name = 'switch-7', more = [] } = options;
  return Buffer.concat([tlv(1, 4, MAC), tlv(2, 5, 'eth1/7'), tlv(3, ttl >> 8, ttl & 0xff), tlv(5, name), ...more, tlv(0)]);
}

function frame(bytes: Buffer, dst = GROUP): Buffer {
  return ethernet({ src: '02:dd:00:00:00:01', dst }, { etherType: 0x88cc, bytes });
}

function sent(c: Case, port: number): Buffer[] {
  return c.collect(port).filter((one) => one.readUInt16BE(12) === 0x88cc);
}

/** The clock moves on, and what that makes the daemon send is there. */
function wait(c: Case, ms: number): void {
  c.warp(ms, 1000);
}

test('DPL-052 every device tells who it is, every 30 seconds', async () => {
  const c = await startCase({ conf: ON });
  c.run('dpip addr add 192.0.2.1/24 dev test0\ndpip addr add 10.0.0.1/24 dev test1');
  wait(c, 100);
  const first = [sent(c, 0), sent(c, 1)];
  expect(first.map((frames) => frames.length)).toEqual([1, 1]);
  const [one = Buffer.alloc(0)] = first[0] ?? [];
  const head = Buffer.concat([tlv(1, 4, Buffer.from('020000000001', 'hex')), tlv(2, 5, 'test0'), tlv(3, 0, 120), tlv(4, 'DPVS Server Port: Interface test0, Index 0, Kni None'), tlv(5, os.hostname())]);
  const start = ethernet({ src: mac.port[0], dst: GROUP }, { etherType: 0x88cc, bytes: head });
  expect(one.subarray(0, start.length).toString('hex')).toBe(start.toString('hex'));
  wait(c, 29_000);
  expect([sent(c, 0), sent(c, 1)]).toEqual([[], []]);
  wait(c, 2000);
  const again = sent(c, 0);
  expect(again).toHaveLength(1);
  // The address was there by then.
  const tail = Buffer.concat([tlv(7, 0, 0x80, 0, 0x80), tlv(8, 5, 1, Buffer.from([192, 0, 2, 1]), 1, Buffer.alloc(5)), tlv(0)]);
  expect(again[0]?.subarray(-tail.length).toString('hex')).toBe(tail.toString('hex'));
  const local = c.output('dpip lldp show dev test0');
  expect(local).toContain('-*-*-*- Local LLDP Message on Port test0 -*-*-*-\nChassis ID TLV (1)\n\tMAC: 02:00:00:00:00:01\nPort ID TLV (2)\n\tInterface Name: test0\n');
  expect(local).toContain('Management Address TLV (8)\n\tIPv4: 192.0.2.1\n\tUnknown interface subtype(1): 0\nEnd of LLDPDU TLV\n');
  expect(c.output('dpip maddr show dev test0')).toContain(GROUP);
  expect(c.output('dpip link show test0').split('\n')[1]).toMatch(/ lldp $/);
});

test('DPL-052 a neighbour is remembered for as long as it said', async () => {
  const c = await startCase({ conf: ON });
  wait(c, 100);
  c.discard();
  const show = (): string => c.output('dpip lldp show neigh dev test1');
  expect(c.command('dpip lldp show neigh dev test1').stderr).toContain('not exist(-4)');
  c.send(1, frame(pdu({ name: '100% switch' })));
  c.settle({ timers: true });
  expect(show()).toBe(
    '-*-*-*- Neighbour LLDP Message on Port test1 -*-*-*-\nChassis ID TLV (1)\n\tMAC: 02:dd:00:00:00:01\nPort ID TLV (2)\n\tInterface Name: eth1/7\n' +
      'Time to Live TLV (3)\n\t120\nSystem Name TLV (5)\n\t100% switch\nEnd of LLDPDU TLV\n',
  );
  expect(c.command('dpip lldp show neigh dev test0').status).toBe(1);
  wait(c, 119_000);
  expect(show()).toContain('100% switch');
  wait(c, 2000);
  expect(c.command('dpip lldp show neigh dev test1').status).toBe(1);
  // One that leaves says so.
  c.send(1, frame(pdu()));
  c.settle({ timers: true });
  expect(show()).toContain('switch-7');
  c.send(1, frame(pdu({ ttl: 0 })));
  c.settle({ timers: true });
  expect(c.command('dpip lldp show neigh dev test1').status).toBe(1);
});

test('DPL-052 what 802.1AB does not allow changes nothing', async () => {
  const c = await startCase({ conf: ON });
  wait(c, 100);
  c.send(1, frame(pdu()));
  c.settle({ timers: true });
  const cut = pdu({ name: 'evil' }).subarray(0, 25);
  const wrong = [cut, tlv(0), Buffer.alloc(0), Buffer.concat([tlv(2, 5, 'x'), tlv(1, 4, MAC)]), pdu({ name: 'evil', more: [tlv(3, 0, 9)] })];
  for (const one of [...wrong.map((bytes) => frame(bytes)), frame(pdu({ name: 'evil' }), mac.port[1])]) {
    c.expectDrops({ lldp_malformed: 1 }, () => {
      c.send(1, one);
      c.settle({ timers: true });
    });
  }
  expect(c.output('dpip lldp show neigh dev test1')).toContain('switch-7');
});

test('DPL-052 switches: of a device, and of the configuration', async () => {
  const c = await startCase({ conf: ON });
  wait(c, 100);
  c.discard();
  c.run('dpip link set test0 lldp off');
  wait(c, 100);
  // The neighbour is told.
  const [leaving] = sent(c, 0);
  expect(leaving?.subarray(14 + 9 + 8).subarray(0, 4).toString('hex')).toBe('06020000');
  wait(c, 31_000);
  expect([sent(c, 0).length, sent(c, 1).length]).toEqual([0, 1]);
  expect(c.output('dpip maddr show dev test0')).not.toContain(GROUP);
  expect(c.command('dpip lldp show dev test0').status).toBe(1);
  c.run('dpip link set test0 lldp on');
  wait(c, 100);
  expect(sent(c, 0)).toHaveLength(1);
  expect(c.command('dpip vlan add link test0 id 5').status).toBe(0);
  expect(c.command('dpip link set test0.5 lldp on').stderr).toContain('not support');
  expect(c.command('dpip lldp show dev nobody').stderr).toContain('(-27)');
});

test('DPL-052 off unless the configuration says otherwise', async () => {
  const c = await startCase({});
  wait(c, 31_000);
  expect(sent(c, 0)).toEqual([]);
  expect(c.command('dpip link set test0 lldp on').stderr).toContain('disabled');
  c.expectDrops({ no_handler: 1 }, () => {
    c.send(1, frame(pdu()));
  });
});
