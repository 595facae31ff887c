// SPDX-License-Identifier: Apache-2.0
// What the daemon tells about its ports and its memory, and what can be changed of a port at run time.
import { expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { udp } from '../harness/frames';
import { CLIENTS, fromClient, mac, quieten, SERVERS, v4, v6 } from './topology';

stopDaemonsAfterEach();

/** Numbers of the rows of a table of names and values in turn, by name. */
function numbers(text: string): Map<string, number> {
  const rows = text.split('\n').filter((line) => line.startsWith('    ')).map((line) => line.trim().split(/\s+/));
  return new Map(rows.flatMap((names, i) => (i % 2 === 1 ? [] : names.map((name, k): [string, number] => [name, Number(rows[i + 1]?.[k])]))));
}

/** Of `link show`: the two lines under the title, and the table of -s. */
function statistics(c: Case, what: string): Map<string, number> {
  const lines = c.output(`dpip -s link show ${what}`).split('\n');
  return numbers(lines.slice(what.startsWith('cpu') ? 2 : 3).join('\n'));
}

test('DPL-020 ports, lcores and extended statistics count what came and went', async () => {
  const c = await startCase({ oneWorker: 'counters of one lcore' });
  c.run(`
    dpip addr add ${v4.port[0]}/24 dev test0
    dpip addr add ${v4.port[1]}/24 dev test1
    dpip neigh add ${v4.servers[0]} lladdr ${mac.server[0]} dev test1
    ipvsadm -A -u ${v4.port[0]}:53 -s rr
    ipvsadm -P -u ${v4.port[0]}:53 -z ${v4.lip} -F test1
    ipvsadm -a -u ${v4.port[0]}:53 -r ${v4.servers[0]}:53 -b`);
  quieten(c, v4);
  const frames = Array.from({ length: 40 }, (_, i) => fromClient({ ...v4, vip: v4.port[0] }, udp({ sport: 1000 + i, dport: 53, payload: 'x'.repeat(100) })));
  const before = ['test0', 'test1', 'cpu1'].map((what) => statistics(c, what));
  c.send(CLIENTS, ...frames);
  const out = c.collect(SERVERS);
  expect(out).toHaveLength(40);
  const after = ['test0', 'test1', 'cpu1'].map((what) => statistics(c, what));
  const grown = (i: number, name: string): number => (after[i]?.get(name) ?? 0) - (before[i]?.get(name) ?? 0);
  const bytes = (list: readonly Uint8Array[]): number => list.reduce((sum, frame) => sum + frame.length, 0);
  expect([grown(0, 'ipackets'), grown(0, 'opackets'), grown(1, 'ipackets'), grown(1, 'opackets')]).toEqual([40, 0, 0, 40]);
  expect(['ipackets', 'ibytes', 'opackets', 'obytes'].map((name) => grown(2, name))).toEqual([40, bytes(frames), 40, bytes(out)]);
  // Every receive call is of one of the kinds; empty ones count as up to half full, too.
  expect(grown(2, 'pktburst')).toBe(['z2hpktburst', 'h2fpktburst', 'fpktburst'].reduce((sum, name) => sum + grown(2, name), 0));
  expect(grown(2, 'lcore_loop')).toBeGreaterThan(0);
  const pool = after[0];
  expect((pool?.get('mbuf-avail') ?? 0) + (pool?.get('mbuf-inuse') ?? 0)).toBe(8191);
  const extended = c.output('dpip -s -v link show test0').split('xstats list:\n')[1] ?? '';
  expect(extended).toMatch(new RegExp(`^ {8}\\d+ +rx_good_packets: ${after[0]?.get('ipackets') ?? ''}$`, 'm'));
  expect(extended).toMatch(new RegExp(`^ {8}\\d+ +rx_q0_packets: ${after[0]?.get('ipackets') ?? ''}$`, 'm'));
});

test('DPL-020 DP-053 the device block names driver, limits and who serves which queue', async () => {
  const c = await startCase({ workers: 2, queues: 2 });
  c.run(`dpip addr add ${v6.port[0]}/64 dev test0`);
  const text = c.output('dpip -v link show test0');
  expect(text).toMatch(/^ {4}pci_addr +driver_name +\n {4}vdev +net_ring +$/m);
  expect(text).toContain('    Queue Configuration:\n    rx0-tx0     cpu1-cpu1                \n    rx1-tx1     cpu2-cpu2                \n');
  expect(text).toContain('    HW mcast list:\n        link 33:33:ff:00:00:01 refcnt 1, synced ');
});

test('DPL-019 DP-060 link settings are made, read back and observed; what the driver lacks is refused', async () => {
  const c = await startCase();
  const state = (): string => c.output('dpip link show test0').split('\n').slice(1).join('\n');
  for (const item of ['promisc', 'allmulticast']) {
    c.run(`dpip link set test0 ${item} on`);
    expect(state()).toContain(`${item} `);
    c.run(`dpip link set test0 ${item} off`);
    expect(state()).not.toContain(item);
  }
  const refused = c.command('dpip link set test0 addr 02:00:00:00:77:01');
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('not support')]);
  expect(state()).toContain(`addr ${mac.port[0].toUpperCase()} `);
  c.run('dpip link set test0 link down');
  expect(state()).toMatch(/^ {4}DOWN /);
  c.run('dpip link set test0 link up');
  expect(state()).toMatch(/^ {4}UP /);
  expect(c.command('dpip link set nosuch promisc on').status).toBe(1);
});

test('DP-103 multicast groups and the filter of the device, with their users', async () => {
  const c = await startCase();
  c.run(`
    dpip addr add ${v6.port[0]}/64 dev test0
    dpip addr add 2001:db8:0:7::1/64 dev test0`);
  c.expectOutput('dpip maddr show dev test0', [
    'test0:',
    '\tlink 33:33:ff:00:00:01',
    '\tlink 33:33:00:00:00:01',
    '\tlink 33:33:00:00:00:02',
    '\tinet6 ff02::1:ff00:1',
    '\tinet6 ff02::1',
    '\tinet6 ff02::2',
  ]);
  // Both addresses end in the same bytes: one group, two users and the port itself.
  expect(c.output('dpip -v maddr show dev test0')).toContain('\tinet6 ff02::1:ff00:1\t\tflags 0x0\t\trefcnt 3\n');
  expect(c.output('dpip maddr show')).toContain('\n2:\ttest1\n');
  const none = c.command('dpip maddr show dev nosuch');
  expect([none.status, none.stdout]).toEqual([1, 'nosuch:\n']);
  c.run(`
    dpip addr del ${v6.port[0]}/64 dev test0
    dpip addr del 2001:db8:0:7::1/64 dev test0`);
  c.expectOutput('dpip maddr show dev test0', ['test0:']);
});

test('DP-108 segments, zones, rings and pools of DPDK', async () => {
  const c = await startCase();
  const rows = (table: string): string[][] => c.output(`dpip eal-mem show ${table}`).trimEnd().split('\n').map((line) => line.trim().split(/\s+/));
  const [segTitle, ...segments] = rows('seg');
  expect(segTitle).toEqual(['socket_id', 'iova(Hex)', 'virt_addr(Hex)', 'len(KB)', 'hugepage_size(KB)', 'nchannel', 'nrank', 'free_len(KB)']);
  // All the memory that the daemon was started with, whatever its pages are.
  expect(segments.reduce((sum, row) => sum + Number(row[3]), 0)).toBe(192 * 1024);
  expect(segments.length).toBeLessThanOrEqual(512);
  const free = Number(segments[0]?.[7]);
  expect(free).toBeGreaterThan(0);
  expect(free).toBeLessThan(192 * 1024);
  const [, ...zones] = rows('zone');
  expect(zones.map((row) => row[0])).toEqual(zones.map((_, i) => String(i)));
  expect(zones.some((row) => row[1]?.startsWith('MP_') === true)).toBe(true);
  const [, ...rings] = rows('ring');
  expect(rings.length).toBeGreaterThan(2);
  for (const [name, , size, consTail, consHead, prodTail, prodHead, used, avail] of rings) {
    expect([name, Number(used)]).toEqual([name, (Number(prodTail) - Number(consTail)) >>> 0]);
    expect([name, Number(used) + Number(avail)]).toEqual([name, Number(size) - 1]);
    expect([consHead, prodHead]).toEqual([consTail, prodTail]);
  }
  const [, ...pools] = rows('pool');
  const packets = pools.find((row) => row[6] === '8191');
  const [elt, header, trailer, , size] = (packets ?? []).slice(2).map(Number);
  expect(Number(packets?.[8])).toBe(Math.floor((((elt ?? 0) + (header ?? 0) + (trailer ?? 0)) * (size ?? 0)) / 1_048_576));
  expect(Number(packets?.[7])).toBeLessThan(4096);
});
