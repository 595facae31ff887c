// SPDX-License-Identifier: Apache-2.0
// Which real server gets a connection.
import { expect, test } from 'vitest';
import { walkConnections } from '../../src/ipc/messages/list';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect } from '../harness/dissect';
import { udp } from '../harness/frames';
import { CLIENTS, configureAddresses, configureNeighbours, configureService, endpoint, fromClient, SERVERS, startWorld, v4 } from './topology';
import { startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const oneWorker = 'every worker has its own order';
const PORT = 53;

/** Letters of the servers that the connections of `n` new clients go to: A is the first one that was added. */
function servers(c: Case, n: number, firstPort = 10_000): string {
  const letters: string[] = [];
  for (let i = 0; i < n; i++) {
    c.send(CLIENTS, fromClient(v4, udp({ sport: firstPort + i, dport: PORT, payload: 'x' })));
    const dst = String(dissect(c.collectOne(SERVERS)).get('ip.dst'));
    letters.push('ABC'[v4.servers.findIndex((server) => server === dst)] ?? '?');
  }
  return letters.join('');
}

const all = (...weights: readonly number[]): { index: number; weight: number }[] =>
  weights.map((weight, index) => ({ index, weight }));

test('DPL-070 IA-041 rr takes the newest first and goes round', async () => {
  const c = await startWorld(v4, { oneWorker });
  configureService(c, v4, { proto: 'udp', port: PORT, scheduler: 'rr', servers: all(1, 5, 9) });
  expect(servers(c, 9)).toBe('BACBACBAC');
});

test('rr leaves out servers of weight 0', async () => {
  const c = await startWorld(v4, { oneWorker });
  configureService(c, v4, { proto: 'udp', port: PORT, scheduler: 'rr', servers: all(1, 0, 1) });
  expect(servers(c, 4)).toBe('ACAC');
});

test('DPL-071 IA-041 wrr 3:2:1', async () => {
  const c = await startWorld(v4, { oneWorker });
  configureService(c, v4, { proto: 'udp', port: PORT, scheduler: 'wrr', servers: all(3, 2, 1) });
  // The first partial pass ignores weights; then 3 A, 2 B, 1 C in each cycle of 6.
  expect(servers(c, 14)).toBe('BAABACBAABACBA');
});

test('DPL-072 IA-041 wlc follows connections and weights', async () => {
  const c = await startWorld(v4, { oneWorker });
  configureService(c, v4, { proto: 'udp', port: PORT, scheduler: 'wlc', servers: all(1, 1, 2) });
  // Newest first on a tie; C takes twice as many.
  const got = servers(c, 8);
  expect([...got].filter((letter) => letter === 'C')).toHaveLength(4);
  expect([...got].filter((letter) => letter === 'A')).toHaveLength(2);
  expect(got[0]).toBe('C');
});

test('DPL-072 wlc counts an active connection more than idle ones', async () => {
  const c = await startWorld(v4, { oneWorker });
  configureService(c, v4, { proto: 'tcp', port: 80, scheduler: 'wlc', servers: all(1, 1) });
  startConnection(c, v4, 80, 1000, 1, 1);
  for (let i = 0; i < 5; i++) {
    const t = startConnection(c, v4, 80, 2000 + i, 1, i === 0 ? 0 : i % 2);
    expect(t.lport).toBeGreaterThan(0);
  }
  const rows = c.output('ipvsadm -ln').split('\n').filter((line) => line.includes('->') && line.includes('FullNat'));
  expect(rows.map((line) => Number(line.trim().split(/\s+/)[4])).sort()).toEqual([3, 3]);
});

test('DPL-073 fo: only the greatest weight, and the next when that rests', async () => {
  const c = await startWorld(v4, { oneWorker });
  configureService(c, v4, { proto: 'udp', port: PORT, scheduler: 'fo', servers: all(3, 9, 5) });
  expect(servers(c, 4)).toBe('BBBB');
  c.run(`ipvsadm -e -u ${endpoint(v4.vip, PORT)} -r ${endpoint(v4.servers[1], PORT)} -b -w 0`);
  expect(servers(c, 4, 20_000)).toBe('CCCC');
  c.run(`ipvsadm -e -u ${endpoint(v4.vip, PORT)} -r ${endpoint(v4.servers[1], PORT)} -b -w 6`);
  expect(servers(c, 2, 30_000)).toBe('BB');
});

test('DPL-077 workers do not all begin with the same server', async () => {
  const c = await startCase({ workers: 4, queues: 4 });
  configureAddresses(c, v4);
  configureNeighbours(c, v4);
  configureService(c, v4, { proto: 'udp', port: PORT, scheduler: 'rr', servers: all(1, 1, 1) });
  const letters = servers(c, 32, 5000);
  // Which worker has the connection of each client, in the order in which they came.
  const owners = new Map([...walkConnections(c.transport, { more: true })].flat().map(({ cport, lcoreid }) => [cport, lcoreid]));
  const first = new Map<number, string>();
  for (const [i, letter] of [...letters].entries()) {
    const lcore = owners.get(5000 + i) ?? 0;
    if (!first.has(lcore)) first.set(lcore, letter);
  }
  // Three servers, newest first: worker i of 4, counted from 1, begins behind place i mod 3.
  expect([...first].sort(([a], [b]) => a - b)).toEqual([[1, 'A'], [2, 'C'], [3, 'B'], [4, 'A']]);
});

test('a change of weights takes effect at once', async () => {
  const c = await startWorld(v4, { oneWorker });
  configureService(c, v4, { proto: 'udp', port: PORT, scheduler: 'rr', servers: all(1, 1, 1) });
  servers(c, 3);
  const service = endpoint(v4.vip, PORT);
  c.run(`
    ipvsadm -e -u ${service} -r ${endpoint(v4.servers[1], PORT)} -b -w 0
    ipvsadm -e -u ${service} -r ${endpoint(v4.servers[2], PORT)} -b -w 0`);
  expect(servers(c, 3, 20_000)).toBe('AAA');
});

test('no usable server: the packet is dropped by name', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: PORT, servers: all(0) });
  c.expectDrops({ no_dest: 1 }, () => c.send(CLIENTS, fromClient(v4, udp({ sport: 1, dport: PORT }))));
});

test('IA-067 the upper threshold of a server holds', async () => {
  const c = await startWorld(v4, { oneWorker });
  configureService(c, v4, { proto: 'udp', port: PORT, servers: [] });
  c.run(`ipvsadm -a -u ${endpoint(v4.vip, PORT)} -r ${endpoint(v4.servers[0], PORT)} -b -x 3`);
  expect(servers(c, 3)).toBe('AAA');
  const before = c.drops();
  c.send(CLIENTS, fromClient(v4, udp({ sport: 9, dport: PORT })), fromClient(v4, udp({ sport: 10, dport: PORT })));
  c.expectNothing();
  const after = c.drops();
  const dropped = ['dest_overload', 'no_dest'].map((name) => (after.get(name) ?? 0) - (before.get(name) ?? 0));
  expect(dropped.reduce((sum, n) => sum + n, 0)).toBe(2);
});
