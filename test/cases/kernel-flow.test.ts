// SPDX-License-Identifier: Apache-2.0
// Flow rules that bring packets for an address of the host to one queue: dpip flow.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { ethernet, ip, raw, tcp } from '../harness/frames';
import { flowRules } from '../harness/testmode';
import { CLIENTS, families, mac, startWorld, v4 } from './topology';

stopDaemonsAfterEach();

/** Packets that each worker has received from devices. */
function received(c: Case): number[] {
  return [...c.output('dpip -s link show cpu').matchAll(/ipackets .*\n\s*(\d+)/g)].slice(-2).map(([, n]) => Number(n));
}

describe.each(families)('$name', (f) => {
  test('DPL-027 all packets of the address come to one worker, which gives them to the kernel', async () => {
    const c = await startWorld(f, { workers: 2, queues: 2, flows: true, conf: { global_defs: ['kni on'] } });
    const [address] = f.port;
    const frames = [1, 2, 3, 4].flatMap((n) => [
      ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: f.client, dst: address }, tcp({ sport: n, dport: 22, seq: 1, flags: 'S' }))),
      ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: f.client, dst: address }, raw(112, Buffer.from(`vrrp ${n}`)))),
    ]);
    const send = (): readonly number[] => {
      const before = received(c);
      for (const [i, frame] of frames.entries()) c.sendOn(CLIENTS, i % 2, frame);
      expect(c.collectFromKernel(CLIENTS)).toHaveLength(frames.length);
      return received(c).map((n, i) => n - (before[i] ?? 0));
    };
    expect(send()).toEqual([4, 4]);
    c.run(`dpip flow add type kni ${address} dev test0`);
    c.expectOutput('dpip flow show type kni', [`kni addr flow ${address} dev test0`]);
    expect(flowRules(c.transport)).toMatchObject([{ port: 0, proto: 0, queue: 0, priority: 2 }]);
    expect(send()).toEqual([8, 0]);
    // What is there, and what is not.
    expect(c.command(`dpip flow add type kni ${address} dev test0`)).toMatchObject({ status: 1, stderr: expect.stringContaining('already exist') as string });
    expect(c.command(`dpip flow del type kni ${f.vip} dev test0`)).toMatchObject({ status: 1, stderr: expect.stringContaining('not exist') as string });
    expect(c.command(`dpip flow add type kni ${address} dev nonesuch`).status).toBe(1);
    c.run(`dpip flow del type kni ${address} dev test0`);
    expect(send()).toEqual([4, 4]);
    c.run(`
      dpip flow add type kni ${address} dev test0
      dpip flow add type kni ${f.vip} dev test0
      dpip flow add type kni ${f.port[1]} dev test1
      dpip flow flush type kni dev test0`);
    c.expectOutput('dpip flow show type kni', [`kni addr flow ${f.port[1]} dev test1`]);
    c.run('dpip flow flush type kni');
    expect(flowRules(c.transport)).toEqual([]);
  });
});

test('DPL-027 a device without rules or without interface in the kernel has no such flows', async () => {
  const without = await startWorld(v4, { conf: { global_defs: ['kni on'] } });
  expect(without.command(`dpip flow add type kni ${v4.port[0]} dev test0`)).toMatchObject({ status: 1, stderr: expect.stringContaining('not support') as string });
  without.expectOutput('dpip flow show type kni', []);
  const off = await startWorld(v4, { workers: 2, queues: 2, flows: true });
  expect(off.command(`dpip flow add type kni ${v4.port[0]} dev test0`).status).toBe(1);
  // A VLAN takes its flows along.
  const vlan = await startWorld(v4, { workers: 2, queues: 2, flows: true, conf: { global_defs: ['kni on'] } });
  vlan.run(`
    dpip vlan add link test0 id 5
    dpip flow add type kni 10.9.0.1 dev test0.5`);
  expect(flowRules(vlan.transport)).toMatchObject([{ vlan: 5, proto: 0 }]);
  vlan.run('dpip vlan del test0.5');
  expect(flowRules(vlan.transport)).toEqual([]);
});
