// SPDX-License-Identifier: Apache-2.0
// A worker that does not come back: commands do not wait for it, and it learns everything when it goes on.
import { describe, expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { udp } from '../harness/frames';
import { holdWorker } from '../harness/testmode';
import { CLIENTS, configureAddresses, configureNeighbours, endpoint, fromClient, SERVERS, v4 } from '../cases/topology';

stopDaemonsAfterEach();

const WORKERS = 3;
/** A command takes some ten milliseconds; upstream's daemon would wait for each worker and give up with an error. */
const PROMPT_MS = 2000;

async function start(): Promise<Case> {
  const c = await startCase({ workers: WORKERS, queues: WORKERS, rss: true });
  configureAddresses(c, v4);
  configureNeighbours(c, v4);
  c.settle();
  return c;
}

function timed(c: Case, lines: string): void {
  const began = Date.now();
  c.run(lines);
  expect(Date.now() - began).toBeLessThan(PROMPT_MS);
}

const request = (sport: number, port: number): Buffer => fromClient(v4, udp({ sport, dport: port, payload: 'q' }));

describe('with three workers, one of them stuck', () => {
  test('DPL-014 a service is added, shown and deleted at once, the others forward', async () => {
    const c = await start();
    holdWorker(c.transport, 1, true);
    timed(c, `
      ipvsadm -A -u ${endpoint(v4.vip, 53)} -s rr
      ipvsadm -P -u ${endpoint(v4.vip, 53)} -z ${v4.lip} -F test1
      ipvsadm -a -u ${endpoint(v4.vip, 53)} -r ${endpoint(v4.servers[0], 53)} -b`);
    expect(c.output('ipvsadm -ln')).toContain(`UDP  ${v4.vip}:53 rr`);
    c.discard();
    for (const queue of [0, 2]) {
      c.sendOn(CLIENTS, queue, request(4000 + queue, 53));
      expect(c.collect(SERVERS)).toHaveLength(1);
    }
    // Listings gather connections of all workers, the stuck one too.
    expect(c.output('ipvsadm -lnc').trim().split('\n')).toHaveLength(2);
    expect(c.output('dpip -s link show cpu')).toContain('cpu2');
    timed(c, `ipvsadm -D -u ${endpoint(v4.vip, 53)}`);
    c.sendOn(CLIENTS, 0, request(4010, 53));
    expect(c.collect(SERVERS)).toHaveLength(0);
    holdWorker(c.transport, 1, false);
  });

  test('DPL-014 the stuck one has every change when it goes on', async () => {
    const c = await start();
    holdWorker(c.transport, 1, true);
    for (let port = 1000; port < 1050; port++) {
      timed(c, `
        ipvsadm -A -u ${endpoint(v4.vip, port)} -s rr
        ipvsadm -P -u ${endpoint(v4.vip, port)} -z ${v4.lip} -F test1
        ipvsadm -a -u ${endpoint(v4.vip, port)} -r ${endpoint(v4.servers[0], 53)} -b`);
      if (port < 1040) timed(c, `ipvsadm -D -u ${endpoint(v4.vip, port)}`);
    }
    holdWorker(c.transport, 1, false);
    c.settle();
    c.discard();
    for (let port = 1030; port < 1050; port++) {
      c.sendOn(CLIENTS, 1, request(4000, port));
      expect([port, c.collect(SERVERS).length]).toEqual([port, port < 1040 ? 0 : 1]);
    }
  });
});
