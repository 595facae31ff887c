// SPDX-License-Identifier: Apache-2.0
// A local address has 64,511 ports towards a real server. What happens at the last one, and what helps.
import { expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, fromClient, quieten, SERVERS, startWorld, v4 } from './topology';

stopDaemonsAfterEach();

const PORT = 53;
const PORTS = 65535 - 1025 + 1;
const AT_ONCE = 512;

/** Packets of so many new clients; the number that came to the server. */
function open(c: Case, first: number, n: number): number {
  let served = 0;
  for (let i = 0; i < n; i += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, n - i) }, (_, k) => first + i + k);
    c.send(CLIENTS, ...group.map((k) => fromClient(v4, udp({ sport: 1 + (k % 65535), dport: PORT }), v4.vip)));
    served += c.collect(SERVERS).length;
  }
  return served;
}

/** Column "conflicts" of the local address. */
function misses(c: Case): number {
  const row = c.command('ipvsadm -G').stdout.split('\n').find((line) => line.includes(v4.lip)) ?? '';
  return Number(row.trim().split(/\s+/)[1]);
}

test('DPL-087 when all ports are in use, connections are refused and counted; another address helps', async () => {
  const c = await startWorld(v4, { oneWorker: 'all ports are those of one worker', conf: { ipvs_defs: ['conn {', 'conn_pool_size 131071', '}'] } });
  configureService(c, v4, { proto: 'udp', port: PORT });
  expect(open(c, 0, PORTS)).toBe(PORTS);
  expect(misses(c)).toBe(0);
  c.expectDrops({ no_lport: 100 }, () => expect(open(c, PORTS, 100)).toBe(0));
  expect(misses(c)).toBe(100);
  c.run(`ipvsadm -P -u ${endpoint(v4.vip, PORT)} -z 10.1.0.201 -F test1`);
  quieten(c, v4);
  expect(open(c, PORTS, 100)).toBe(100);
  // All end at their time, and all ports are free again.
  // Workers look at so many connections each turn.
  c.warp(302_000, 100_000);
  c.warp(40_000);
  expect(c.output('ipvsadm -lnc')).toBe('');
  expect(open(c, 0, 1000)).toBe(1000);
}, 120_000);
