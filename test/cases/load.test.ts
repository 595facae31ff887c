// SPDX-License-Identifier: Apache-2.0
// How busy lcores say they are.
import { expect, test } from 'vitest';
import { listLoads, type LcoreLoad } from '../../src/ipc/messages/load';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { sleep } from '../harness/daemon';
import { udp } from '../harness/frames';
import { holdWorker, inject } from '../harness/testmode';
import { arpRequest, CLIENTS, configureAddresses, fromClient, v4 } from './topology';

stopDaemonsAfterEach();

async function start(mode: string): Promise<Case> {
  return startCase({ oneWorker: 'its load', clockRuns: true, conf: { global_defs: [`idle_mode ${mode}`] } });
}

/** Two windows later, means are of this time alone. */
async function loadsAfter(c: Case, work: () => void): Promise<[LcoreLoad, LcoreLoad]> {
  const end = Date.now() + 2500;
  while (Date.now() < end) {
    work();
    await sleep(20);
  }
  const [control, worker] = listLoads(c.transport);
  if (control === undefined || worker === undefined) throw new Error('there are not two lcores');
  return [control, worker];
}

const idle = (): void => undefined;

test('DPL-016 a worker without packets polls by default and is not busy; asleep it leaves the CPU to others', async () => {
  const spinning = await start('spin');
  const [control, spin] = await loadsAfter(spinning, idle);
  await spinning.daemon.stop();
  expect([spin.lcore, spin.busy, spin.cycles, spin.pps]).toEqual([1, 0, 0, 0n]);
  expect(spin.bursts_empty).toBeGreaterThan(100_000n);
  expect(spin.window_ms).toBeGreaterThanOrEqual(1000);
  const [, asleep] = await loadsAfter(await start('sleep'), idle);
  expect(asleep.busy).toBe(0);
  // 1000 and some 60 on a machine that has nothing else to do.
  expect(spin.cpu).toBeGreaterThan(2 * asleep.cpu);
  expect(control.cpu).toBeLessThan(spin.cpu);
});

test('DPL-016 with packets it is busy, and they are counted by the bursts that they came in', async () => {
  const c = await start('sleep');
  configureAddresses(c, v4);
  const frame = fromClient(v4, udp({ sport: 9, dport: 9 }), '10.0.0.77');
  const before = listLoads(c.transport)[1];
  const [, worker] = await loadsAfter(c, () => {
    inject(c.transport, Array.from({ length: 500 }, () => ({ port: CLIENTS, queue: 0, frame })));
    c.settle();
  });
  expect(worker.busy_cycles - (before?.busy_cycles ?? 0n)).toBeGreaterThan(1000n * 20n);
  expect(worker.busy_cycles).toBeLessThan(worker.total_cycles);
  expect(worker.cycles).toBeGreaterThan(0);
  expect(worker.pps).toBeGreaterThan(100n);
  expect(worker.packets - (before?.packets ?? 0n)).toBeGreaterThan(1000n);
  expect(worker.bursts_full).toBeGreaterThan(20n);
  c.settle();
  expect(c.output('dpip -s lcore show cpu1')).toMatch(
    /^cpu1: worker busy \d+\.\d% cpu \d+\.\d% packets\/s \d+ cycles\/packet \d+ buffers \d+\/8191 free\n {4}bursts empty \d.*\n {4}ring punt {6}used 0 most \d+ size 4095\n/,
  );
});

test('DPL-016 the room of rings and buffers is seen', async () => {
  const c = await start('sleep');
  configureAddresses(c, v4);
  const [, before] = listLoads(c.transport);
  expect(before?.pool_size).toBe(8191);
  // ARP waits for the control lcore while it reads this request: the most that was in the ring stays for a second.
  inject(c.transport, Array.from({ length: 500 }, () => ({ port: CLIENTS, queue: 0, frame: arpRequest(CLIENTS, '10.0.0.9', v4.port[0]) })));
  holdWorker(c.transport, 0, true);
  inject(c.transport, Array.from({ length: 1000 }, () => ({ port: CLIENTS, queue: 0, frame: fromClient(v4, udp({ sport: 9, dport: 9 })) })));
  const [, held] = listLoads(c.transport);
  expect((before?.pool_free ?? 0) - (held?.pool_free ?? 0)).toBeGreaterThanOrEqual(1000);
  holdWorker(c.transport, 0, false);
});
