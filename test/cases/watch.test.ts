// SPDX-License-Identifier: Apache-2.0
// ipvsadm --watch with the daemon's statistics in memory: changes per second that are right to the packet.
import { expect, test } from 'vitest';
import { main } from '../../src/cli/ipvsadm/main';
import { MSG } from '../../src/ipc/codec';
import type { RequestType } from '../../src/ipc/client';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { udp } from '../harness/frames';
import { collectingIo } from '../support/io';
import { CLIENTS, configureService, endpoint, families, fromClient, fromServer, SERVERS, startWorld, type Family } from './topology';

stopDaemonsAfterEach();

const PORT = 53;
let sport = 5000;

/** A connection of its own: a question of 20 bytes and an answer of 100. */
function exchange(c: Case, f: Family): void {
  sport += 1;
  c.send(CLIENTS, fromClient(f, udp({ sport, dport: PORT, payload: Buffer.alloc(20) })));
  const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
  c.send(SERVERS, fromServer(f, udp({ sport: PORT, dport: lport, payload: Buffer.alloc(100) })));
  c.discard();
}

/** Runs a command whose seconds are those of the test. @param between what happens before list n + 1 */
async function watched(c: Case, line: string, between: (n: number) => void): Promise<{ lists: string[]; asked: number[] }> {
  let [now, n] = [0, 0];
  const asked: number[] = [];
  const transport = {
    request: (id: number, type: RequestType, body?: Uint8Array) => {
      asked.push(id);
      return c.transport.request(id, type, body);
    },
    requestFd: (id: number, type: RequestType, body?: Uint8Array) => c.transport.requestFd(id, type, body),
  };
  const io = collectingIo({
    now: () => now,
    sleep: (ms) => {
      now += ms;
      n += 1;
      between(n);
      return Promise.resolve();
    },
    transport: () => transport,
  });
  expect([await main(line.split(' '), io), io.printed.stderr]).toEqual([0, '']);
  return { lists: io.printed.stdout.split('\n\n'), asked };
}

function row(list: string | undefined, name: string): number[] {
  const line = list?.split('\n').find((each) => each.includes(name)) ?? '';
  return line.slice(line.indexOf(name) + name.length).trim().split(/\s+/).map(Number);
}

test.each(families)('IB-04 $name: changes per second of servers and services', async (f) => {
  const c = await startWorld(f);
  configureService(c, f, { proto: 'udp', port: PORT });
  exchange(c, f);
  const service = endpoint(f.vip, PORT);
  const server = `-> ${endpoint(f.servers[0], PORT)}`;
  const one = [1, 1, 1, f.headerLength + 28, f.headerLength + 108];
  const { lists, asked } = await watched(c, '-ln --stats --exact --watch=0.5 --count=4', (n) => {
    if (n === 2) for (let i = 0; i < 3; i += 1) exchange(c, f);
  });
  for (const name of [service, server]) {
    expect(row(lists[0], name)).toEqual(one);
    expect(row(lists[1], name)).toEqual([0, 0, 0, 0, 0]);
    expect(row(lists[2], name)).toEqual(one.map((value) => value * 6));
    expect(row(lists[3], name)).toEqual([0, 0, 0, 0, 0]);
  }
  // Services are fetched once; the rest is read from memory.
  expect(asked.filter((id) => id === MSG.DS_MSG_LIST_SERVICES)).toHaveLength(1);
});

test.each(families)('IB-04 $name: connections as they are, and servers that come', async (f) => {
  const c = await startWorld(f);
  configureService(c, f, { proto: 'udp', port: PORT });
  const { lists } = await watched(c, '-ln --watch=1 --count=3', (n) => {
    exchange(c, f);
    if (n === 2) c.run(`ipvsadm -a -u ${endpoint(f.vip, PORT)} -r ${endpoint(f.servers[0], PORT + 1)} -b -w 0`);
  });
  const connections = (list: string | undefined): number => {
    const fields = (list?.split('\n')[4] ?? '').trim().split(/\s+/).slice(-2).map(Number);
    return fields.reduce((sum, each) => sum + each, 0);
  };
  expect(lists.map(connections)).toEqual([0, 1, 2]);
  expect(lists.map((list) => list.trimEnd().split('\n').length)).toEqual([5, 5, 6]);
});
