// SPDX-License-Identifier: Apache-2.0
// Lcores that only receive: lcore 2 for queue 0 of both ports, the worker on lcore 1 polls queue 1 itself.
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { Daemon } from '../harness/daemon';
import { numberOf } from '../harness/dissect';
import { udp } from '../harness/frames';
import { holdWorker, inject } from '../harness/testmode';
import { listDrops } from '../../src/ipc/messages/drops';
import { CLIENTS, configureAddresses, configureNeighbours, configureService, families, fromClient, fromServer, SERVERS, toClient, toServer, v4 } from './topology';

stopDaemonsAfterEach();

const PORT = 53;
const RING = 1024;
const EAL = ['--no-huge', '--no-shconf', '--no-pci', '-m', '192', '--no-telemetry', '--lcores', '0@0,1@1,2@1'];

const port = (name: string): string =>
  `port ${name} {\n rx_queue_ids 0 1\n tx_queue_ids 0 1\n isol_rx_cpu_ids 2 x\n isol_rxq_ring_sz ${RING}\n }\n`;

const CONF = `global_defs {
 log_level INFO
 idle_mode sleep
 kni off
}
netif_defs {
 pktpool_size 8191
 device test0 {
 }
 device test1 {
 }
}
worker_defs {
 worker cpu0 {
  type master
  cpu_id 0
 }
 worker cpu1 {
  type slave
  cpu_id 1
  ${port('test0')}${port('test1')} }
}
ipv6_defs {
 addr_gen_mode none
}
ipvs_defs {
 conn {
  conn_pool_size 65535
 }
 udp {
  uoa_max_trail 0
 }
}
`;

async function start(): Promise<Case> {
  return startCase({ oneWorker: 'there is one with an isolated lcore', queues: 2, confText: CONF, eal: EAL });
}

describe.each(families)('$name', (f) => {
  test('DPL-010 what the isolated lcore receives is processed by the worker', async () => {
    const c = await start();
    configureAddresses(c, f);
    configureNeighbours(c, f);
    configureService(c, f, { proto: 'udp', port: PORT });
    for (const queue of [0, 1]) {
      const sport = 5000 + queue;
      c.sendOn(CLIENTS, queue, fromClient(f, udp({ sport, dport: PORT, payload: 'q' })));
      const request = c.collectOne(SERVERS);
      const lport = numberOf(request, 'udp.sport');
      expect(request.subarray(-1).toString()).toBe('q');
      c.sendOn(SERVERS, queue, fromServer(f, udp({ sport: PORT, dport: lport, payload: 'a' })));
      c.expectFrames(CLIENTS, toClient(f, udp({ sport: PORT, dport: sport, payload: 'a' })));
      c.sendOn(CLIENTS, queue, fromClient(f, udp({ sport, dport: PORT, payload: 'more' })));
      c.expectFrames(SERVERS, toServer(f, udp({ sport: lport, dport: PORT, payload: 'more' })));
    }
    c.expectNothing();
    expect(c.output('dpip -s link show cpu2')).toMatch(/ipackets\D+3\b/);
    expect(c.output('dpip -s link show cpu1')).toMatch(/ipackets\D+6\b/);
  });
});

test('DPL-010 the list of lcores shows the rings of isolated ones', async () => {
  const c = await start();
  expect(c.daemon.log()).toContain('worker 0 (lcore 1): test0: rx0 by lcore 2 rx1 tx0 tx1, test1: rx0 by lcore 2 rx1 tx0 tx1');
  expect(c.output('dpip link show cpu')).toContain(
    `<< Isolate RX Lcores >>\n3: cpu2: socket 0\n    queues ${`test0:rx0(0/${RING - 1})`.padEnd(32)}${`test1:rx0(0/${RING - 1})`.padEnd(32)}\n`,
  );
});

test('DPL-010 a full ring drops and counts what does not fit; the rest waits for the worker', async () => {
  const c = await start();
  configureAddresses(c, v4);
  const strangers = (n: number): void => {
    const frame = fromClient(v4, udp({ sport: 9, dport: 9 }), '10.0.0.77');
    inject(c.transport, Array.from({ length: n }, () => ({ port: CLIENTS, queue: 0, frame })));
  };
  const full = (): number => c.drops().get('isolated_full') ?? 0;
  holdWorker(c.transport, 0, true);
  strangers(RING + 100);
  await c.daemon.waitFor('drops', () => full() === 101, 10_000);
  expect(c.output('dpip link show cpu2')).toContain(`test0:rx0(${RING - 1}/0)`);
  expect(listDrops(c.transport, { perLcore: true }).filter(({ packets }) => packets > 0n).map(({ name, lcore }) => [name, lcore])).toEqual([['isolated_full', 2]]);
  holdWorker(c.transport, 0, false);
  c.settle();
  expect(full()).toBe(101);
  expect(c.drops().get('ip4_forward_off')).toBe(RING - 1);
});

test.each([
  ['7', 'is not among the lcores of the EAL: add it to -l or --lcores'],
  ['0', 'is the main lcore and controls: name another one'],
  ['1', 'is a worker: name another one'],
])('DPL-010 an isolated lcore that cannot be: %s', async (lcore, why) => {
  const daemon = new Daemon({ ports: 2, queues: 2, confText: CONF.replaceAll('isol_rx_cpu_ids 2', `isol_rx_cpu_ids ${lcore}`), eal: EAL });
  daemon.spawn();
  expect((await daemon.ended()).code).toBe(1);
  expect(daemon.log()).toContain(`worker cpu1 names lcore ${lcore} in isol_rx_cpu_ids, which ${why}`);
  rmSync(daemon.folder, { recursive: true, force: true });
});
