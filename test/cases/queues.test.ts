// SPDX-License-Identifier: Apache-2.0
// Which worker serves which queue: packets of every queue are forwarded, by its worker.
import { expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach } from '../harness/case';
import { udp } from '../harness/frames';
import { CLIENTS, configureAddresses, configureNeighbours, configureService, families, fromClient, SERVERS } from './topology';

stopDaemonsAfterEach();

const PORT = 53;
const QUEUES = 4;

test.each([
  { workers: 1, queues: ['test0:rx0 test0:tx0 test0:rx1 -- test0:rx2 -- test0:rx3 --'] },
  { workers: 2, queues: ['test0:rx0 test0:tx0 test0:rx2 --', 'test0:rx1 test0:tx1 test0:rx3 --'] },
  { workers: 4, queues: ['test0:rx0 test0:tx0', 'test0:rx1 test0:tx1', 'test0:rx2 test0:tx2', 'test0:rx3 test0:tx3'] },
])('DPL-009 four queues, $workers workers', async ({ workers, queues }) => {
  const c = await startCase({ workers, queues: QUEUES, rss: true });
  const shown = c.output('dpip link show cpu').replaceAll(/ +/g, ' ');
  for (const [i, text] of queues.entries()) expect(shown).toContain(`cpu${i + 1}: socket 0\n queues ${text} test1:rx${i}`);
  for (const f of families) {
    configureAddresses(c, f);
    configureNeighbours(c, f);
    configureService(c, f, { proto: 'udp', port: PORT });
    for (let queue = 0; queue < QUEUES; queue++) {
      c.sendOn(CLIENTS, queue, fromClient(f, udp({ sport: 5000 + queue, dport: PORT, payload: 'q' })));
      expect(c.collect(SERVERS)).toHaveLength(1);
    }
  }
  // Connections stay on the worker whose queue they came in by: a queue is its by number modulo workers.
  const owners = c.output('ipvsadm -lnc').trim().split('\n').map((line) => [/:(500\d)/.exec(line)?.[1], /^\[(\d+)\]/.exec(line)?.[1]]);
  expect(owners).toHaveLength(2 * QUEUES);
  for (const [sport, lcore] of owners) expect([sport, lcore]).toEqual([sport, `${(Number(sport) % QUEUES % workers) + 1}`]);
});
