// SPDX-License-Identifier: Apache-2.0
// An lcore of its own for the interfaces in the kernel.
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { Daemon } from '../harness/daemon';
import { ethernet, ip, raw, tcp, udp } from '../harness/frames';
import { collectWhileBusy, flowRules, KERNEL } from '../harness/testmode';
import { listDrops } from '../../src/ipc/messages/drops';
import { CLIENTS, configureService, families, fromClient, mac, SERVERS, startWorld, v4, v6, type Family } from './topology';

stopDaemonsAfterEach();

const BUSY_MS = 300;
const OSPF = 89;

function start(f: Family, { workers = 1, kernelLcore = true, flows = false } = {}): Promise<Case> {
  return startWorld(f, { kernelLcore, workers, queues: workers, flows, conf: { global_defs: ['kni on'] } });
}

function hex(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString('hex'));
}

/** Packets that the lcore has given to devices. */
function sentBy(c: Case, lcore: number): number {
  return Number(/opackets.*\n\s*\d+\s+\d+\s+(\d+)/.exec(c.output(`dpip -s link show cpu${lcore}`))?.[1]);
}

describe.each(families)('$name', (f) => {
  const ssh = (n: number): Buffer => ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: f.client, dst: f.port[0] }, tcp({ sport: 1000 + n, dport: 22, seq: 1, flags: 'S' })));
  const ospf = ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: f.client, dst: f.port[0] }, raw(OSPF, Buffer.from('hello'))));

  test('DPL-011 packets go to the kernel and come from there while the control lcore is busy', async () => {
    const c = await start(f);
    const there = collectWhileBusy(c.transport, BUSY_MS, KERNEL | CLIENTS, [ospf, ssh(1)].map((frame) => ({ port: CLIENTS, queue: 0, frame })));
    expect(hex(there).sort()).toEqual(hex([ospf, ssh(1)]).sort());
    const answer = ethernet({ src: mac.port[0], dst: mac.client }, ip({ src: f.port[0], dst: f.client }, tcp({ sport: 22, dport: 1001, seq: 1, flags: 'SA' })));
    expect(hex(collectWhileBusy(c.transport, BUSY_MS, CLIENTS, [{ port: KERNEL | CLIENTS, queue: 0, frame: answer }]))).toEqual(hex([answer]));
    // Without such an lcore they wait.
    const without = await start(f, { kernelLcore: false });
    expect(collectWhileBusy(without.transport, BUSY_MS, KERNEL | CLIENTS, [{ port: CLIENTS, queue: 0, frame: ssh(1) }])).toEqual([]);
    without.settle();
    expect(hex(without.collectFromKernel(CLIENTS))).toEqual(hex([ssh(1)]));
  });

  test('DPL-011 flows of addresses come to its own queue, past the workers', async () => {
    const c = await start(f, { workers: 2, flows: true });
    c.run(`dpip flow add type kni ${f.port[0]} dev test0`);
    expect(flowRules(c.transport)).toMatchObject([{ port: 0, proto: 0, queue: 2 }]);
    const frames = [1, 2, 3, 4, 5].map(ssh);
    for (const [i, frame] of frames.entries()) c.sendOn(CLIENTS, i % 2, frame);
    expect(hex(c.collectFromKernel(CLIENTS))).toEqual(hex(frames));
    expect(c.output('dpip -s link show cpu3')).toMatch(/ipackets\D+5\b/);
    expect(c.output('dpip -s link show cpu1')).toMatch(/ipackets\D+0\b/);
    expect(c.output('dpip -s link show cpu2')).toMatch(/ipackets\D+0\b/);
    // What is served is not for the kernel, and the rule is gone with the command.
    c.run('dpip flow flush type kni');
    c.send(CLIENTS, ssh(1));
    expect(hex(c.collectFromKernel(CLIENTS))).toEqual(hex([ssh(1)]));
    expect(c.output('dpip -s link show cpu3')).toMatch(/ipackets\D+5\b/);
  });

  test('DPL-011 what a scheduler or a VLAN has to see leaves through a worker', async () => {
    const c = await start(f, { workers: 2 });
    c.run('dpip vlan add link test0 id 7');
    const frame = fromKernel(f);
    c.sendFromKernel(CLIENTS, frame);
    expect(hex(c.collect(CLIENTS))).toEqual(hex([frame]));
    expect(sentBy(c, 3)).toBe(1);
    c.run(`
      dpip link set test0 tc-egress on
      dpip qsch add dev test0 root bfifo limit 100000`);
    c.sendFromKernel(CLIENTS, frame);
    expect(hex(c.collect(CLIENTS))).toEqual(hex([frame]));
    expect(c.output('dpip -s qsch show dev test0')).toMatch(/Sent \d+ bytes 1 pkts/);
    expect(sentBy(c, 3)).toBe(1);
  });
});

function fromKernel(f: Family): Buffer {
  return ethernet({ src: mac.port[0], dst: mac.client }, ip({ src: f.port[0], dst: f.client }, udp({ sport: 53, dport: 5000, payload: 'x' })));
}

test('DPL-011 it shows what it does, and services are none of its business', async () => {
  const c = await start(v4, { workers: 2 });
  configureService(c, v4, { proto: 'udp', port: 53 });
  c.send(CLIENTS, fromClient(v4, udp({ sport: 5000, dport: 53, payload: 'q' })));
  c.collectOne(SERVERS);
  expect(c.output('dpip link show cpu')).toMatch(/cpu3/);
  expect(c.output('dpip lcore show')).toMatch(/^cpu3: kernel busy /m);
  expect(c.output('dpip -s lcore show cpu3')).toMatch(/ring kernel +used 0 most \d+ size 1023/);
  expect(listDrops(c.transport, { perLcore: true }).some(({ lcore }) => lcore === 3)).toBe(true);
  expect(c.daemon.log()).toContain('lcore 3 serves the interfaces in the kernel: 2 rx queues');
  // A device that goes while frames for it are on their way.
  for (let i = 0; i < 20; i++) {
    c.run('dpip vlan add link test0 id 7');
    c.sendFromKernel(CLIENTS, fromKernel(v6));
    c.run('dpip vlan del test0.7');
  }
  expect(c.collect(CLIENTS)).toHaveLength(20);
});

test.each([
  ['cpu_id 2', 'cpu_id 1', 'two worker blocks name cpu_id 1 (the second is cpu2)'],
  ['cpu_id 2', 'cpu_id 7', 'worker cpu2 names cpu_id 7, which is not among the lcores of the EAL: add it to -l or --lcores'],
  ['type slave', 'type kni', 'workers cpu1 and cpu2 are of type kni, but only one lcore serves the kernel'],
  ['type kni\ncpu_id 2', 'type kni\ncpu_id 0', 'worker cpu2 names cpu_id 0, which is the main lcore and controls'],
  ['tx_queue_ids 1', 'tx_queue_ids 0', 'tx queue 0 of port test0 is named twice, the second time by worker cpu2'],
])('DPL-011 a kernel lcore that cannot be: %s → %s', async (what, instead, why) => {
  const daemon = new Daemon({ ports: 1, kernelLcore: true });
  const text = daemon.configuration();
  expect(text).toContain(what);
  daemon.writeConf(text.replace(what, instead));
  daemon.spawn();
  expect((await daemon.ended()).code).toBe(1);
  expect(daemon.log()).toContain(why);
  rmSync(daemon.folder, { recursive: true, force: true });
});
