// SPDX-License-Identifier: Apache-2.0
// Flow rules for the ports of local addresses, on ports that take them.
import { describe, expect, test } from 'vitest';
import { ipBytes, ipText } from '../harness/addresses';
import { startCase, stopDaemonsAfterEach, type Case, type CaseOptions } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { PROTO, udp } from '../harness/frames';
import { flowRules } from '../harness/testmode';
import { CLIENTS, configureService, families, fromClient, fromServer, SERVERS, startWorld, v4 } from './topology';

stopDaemonsAfterEach();

const PORT = 53;

const noUoa = { ipvs_defs: ['udp {', 'uoa_max_trail 0', '}'] };
const two: CaseOptions = { workers: 2, queues: 2, flows: true };

/** Rules as short text: port, protocol, value/mask and queue. */
function rules(c: Case): string[] {
  c.warp(500);
  return flowRules(c.transport).map((r) => `test${r.port} ${r.vlan} ${r.address} ${r.proto} ${r.value}/${r.mask} to ${r.queue}`).sort();
}

function expected(port: number, address: string, workers: number, vlan = 0): string[] {
  const ip = ipText(ipBytes(address));
  const each = Array.from({ length: workers }, (_, w) => w);
  return each.flatMap((w) => [PROTO.TCP, PROTO.UDP].map((proto) => `test${port} ${vlan} ${ip} ${proto} ${w}/${workers - 1} to ${w}`));
}

/** Packets that each worker has received from devices. */
function received(c: Case): number[] {
  return [...c.output('dpip -s link show cpu').matchAll(/ipackets .*\n\s*(\d+)/g)].slice(-2).map(([, n]) => Number(n));
}

describe.each(families)('$name', (f) => {
  test.each([2, 4])('DPL-054 a rule for each local address, worker and protocol; gone with the address, %i workers', async (n) => {
    const c = await startWorld(f, { workers: n, queues: n, flows: true });
    expect(rules(c)).toEqual([]);
    configureService(c, f, { proto: 'udp', port: PORT });
    expect(rules(c)).toEqual(expected(1, f.lip, n).sort());
    expect(flowRules(c.transport).every(({ fuzzy, priority }) => !fuzzy && priority === 1)).toBe(true);

    // A second service shares the address; another address has rules of its own.
    const other = f === v4 ? '10.1.0.201' : '2001:db8:1::201';
    const service = (port: number): string => `-u ${f === v4 ? `${f.vip}:${port}` : `[${f.vip}]:${port}`}`;
    c.run(`
      ipvsadm -A ${service(54)} -s rr
      ipvsadm -P ${service(54)} -z ${f.lip} -F test1
      ipvsadm -P ${service(54)} -z ${other} -F test1`);
    expect(rules(c)).toEqual([...expected(1, f.lip, n), ...expected(1, other, n)].sort());
    c.run(`ipvsadm -D ${service(PORT)}`);
    expect(rules(c)).toEqual([...expected(1, f.lip, n), ...expected(1, other, n)].sort());
    c.run(`ipvsadm -Q ${service(54)} -z ${f.lip} -F test1`);
    expect(rules(c)).toEqual(expected(1, other, n).sort());
    c.run('ipvsadm -C');
    expect(rules(c)).toEqual([]);
  });

  test.each([true, false])('DPL-054 replies come to the worker that has their connection whatever queue the device would choose: %s', async (on) => {
    const c = await startWorld(f, { ...two, conf: { ...noUoa, sa_pool: [`flow_enable ${on ? 'on' : 'off'}`] } });
    configureService(c, f, { proto: 'udp', port: PORT });
    expect(rules(c)).toHaveLength(on ? 4 : 0);
    const before = received(c);
    for (let i = 0; i < 8; i++) {
      c.sendOn(CLIENTS, i & 1, fromClient(f, udp({ sport: 5000 + i, dport: PORT, payload: 'q' })));
      const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
      expect(lport % 2).toBe(i & 1);
      c.sendOn(SERVERS, 0, fromServer(f, udp({ sport: PORT, dport: lport, payload: 'a' })));
      c.collectOne(CLIENTS);
    }
    expect(received(c).map((n, w) => n - (before[w] ?? 0))).toEqual(on ? [8, 8] : [12, 4]);
  });
});

test('DPL-054 signature: rules that may match more', async () => {
  const c = await startWorld(v4, { ...two, conf: { netif_defs: ['fdir_mode signature'] } });
  configureService(c, v4, { proto: 'udp', port: PORT });
  expect(rules(c)).toHaveLength(4);
  expect(flowRules(c.transport).every(({ fuzzy }) => fuzzy)).toBe(true);
});

test('DPL-054 none for three workers, whose ports devices cannot tell apart', async () => {
  const c = await startWorld(v4, { workers: 3, queues: 3, flows: true });
  configureService(c, v4, { proto: 'udp', port: PORT });
  expect(rules(c)).toEqual([]);
  expect(c.daemon.log()).toMatch(/flow rules need a number of workers that is a power of two, and there are 3/);
});

test('DPL-054 on a VLAN; they follow the address', async () => {
  const c = await startCase(two);
  c.run(`
    dpip vlan add link test1 id 100
    dpip addr add ${v4.vip}/32 dev test0
    ipvsadm -A -u ${v4.vip}:53 -s rr
    ipvsadm -P -u ${v4.vip}:53 -z ${v4.lip} -F test1.100`);
  expect(rules(c)).toEqual(expected(1, v4.lip, 2, 100).sort());
  c.run(`
    dpip addr del ${v4.lip}/32 dev test1.100
    dpip addr add ${v4.lip}/32 dev test1`);
  expect(rules(c)).toEqual(expected(1, v4.lip, 2).sort());
  c.run('dpip vlan del test1.100');
  expect(rules(c)).toEqual(expected(1, v4.lip, 2).sort());
});

test('DPL-054 a device that takes no rules: said once, and all works', async () => {
  const c = await startWorld(v4, { workers: 2, queues: 2, rss: true, conf: noUoa });
  configureService(c, v4, { proto: 'udp', port: PORT });
  c.warp(500);
  c.sendOn(CLIENTS, 1, fromClient(v4, udp({ sport: 5000, dport: PORT, payload: 'q' })));
  const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
  c.sendOn(SERVERS, 0, fromServer(v4, udp({ sport: PORT, dport: lport, payload: 'a' })));
  c.collectOne(CLIENTS);
  expect(c.daemon.log().match(/test1 does not take flow rules/g)).toHaveLength(1);
});
