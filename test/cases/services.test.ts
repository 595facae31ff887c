// SPDX-License-Identifier: Apache-2.0
// Services as commands make, change and delete them, seen by packets: what is refused changes nothing.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect } from '../harness/dissect';
import { tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, SERVERS, startWorld, type Family } from './topology';

stopDaemonsAfterEach();

const PORT = 53;

describe.each(families)('$name', (f) => {
  const service = endpoint(f.vip, PORT);
  const server = (index: number): string => endpoint(f.servers[index] ?? '', PORT);
  const listing = (c: Case): string => c.output('ipvsadm -ln');

  function expectRefused(c: Case, line: string, wanted: number, text: string): void {
    const before = listing(c);
    const { status, stderr } = c.command(line);
    expect([status, stderr.trim().split('\n').at(-1)]).toEqual([wanted, text]);
    expect(listing(c)).toBe(before);
  }

  test('DPL-056 one service for each protocol, address and port', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT });
    expectRefused(c, `ipvsadm -A -u ${service} -s rr`, 253, 'Service already exists');
    expectRefused(c, `ipvsadm -A -u ${endpoint(f.vip, 54)} -s nonesuch`, 252, 'Scheduler or persistence engine not found');
    expectRefused(c, `ipvsadm -E -t ${service} -s rr`, 255, 'No such service');
    expectRefused(c, `ipvsadm -D -u ${endpoint(f.vip, 54)}`, 255, 'No such service');
    expectRefused(c, `ipvsadm -a -u ${endpoint(f.vip, 54)} -r ${server(0)} -b`, 255, 'Service not defined');
    expectRefused(c, `ipvsadm -a -u ${service} -r ${server(0)} -b`, 253, 'Destination already exists');
    expectRefused(c, `ipvsadm -d -u ${service} -r ${server(2)}`, 252, 'No such destination');
    c.run(`
      ipvsadm -A -t ${service} -s rr
      ipvsadm -A -u ${endpoint(f.vip, 54)} -s rr`);
    // Neither takes the other's packets.
    c.expectDrops({ no_dest: 1 }, () => c.send(CLIENTS, fromClient(f, tcp({ sport: 1, dport: PORT, seq: 1, flags: 'S' }))));
    c.expectDrops({ no_dest: 1 }, () => c.send(CLIENTS, fromClient(f, udp({ sport: 1, dport: 54 }))));
    c.send(CLIENTS, fromClient(f, udp({ sport: 1, dport: PORT })));
    c.collectOne(SERVERS);
  });

  test('DPL-056 edited, deleted, flushed', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT, scheduler: 'rr', servers: [{ index: 0, weight: 1 }, { index: 1, weight: 9 }] });
    const targets = (n: number, first: number): Set<unknown> =>
      new Set(Array.from({ length: n }, (_, i) => {
        c.send(CLIENTS, fromClient(f, udp({ sport: first + i, dport: PORT })));
        return dissect(c.collectOne(SERVERS)).get('ip.dst');
      }));
    expect(targets(4, 1000).size).toBe(2);
    c.run(`ipvsadm -E -u ${service} -s fo`);
    expect(targets(4, 2000).size).toBe(1);
    c.run(`ipvsadm -D -u ${service}`);
    c.expectDrops({ local_no_service: 1 }, () => c.send(CLIENTS, fromClient(f, udp({ sport: 3000, dport: PORT }))));
    configureService(c, f, { proto: 'udp', port: PORT });
    c.run('ipvsadm -C');
    expect(listing(c).trim().split('\n')).toHaveLength(3);
    c.expectDrops({ local_no_service: 1 }, () => c.send(CLIENTS, fromClient(f, udp({ sport: 3001, dport: PORT }))));
  });

  test('DPL-058 local addresses are used in turn', async () => {
    const c = await startWorld(f, { oneWorker: 'every worker goes round by itself' });
    configureService(c, f, { proto: 'udp', port: PORT, scheduler: 'lc' });
    const more = other(f);
    c.run(`ipvsadm -P -u ${service} -z ${more} -F test1`);
    c.warp(7000, 7000);
    c.discard();
    const sources = Array.from({ length: 8 }, (_, i) => {
      c.send(CLIENTS, fromClient(f, udp({ sport: 4000 + i, dport: PORT })));
      return String(dissect(c.collectOne(SERVERS)).get('ip.src'));
    });
    const counts = [...new Set(sources)].map((address) => sources.filter((source) => source === address).length);
    expect(counts).toEqual([4, 4]);
    expectRefused(c, `ipvsadm -P -u ${service} -z ${more} -F test1`, 253, 'Local address already exists');
    c.run(`ipvsadm -Q -u ${service} -z ${more} -F test1`);
    expect(c.command('ipvsadm -G').stdout).not.toContain(more);
  });
});

function other(f: Family): string {
  return f.name === 'IPv4' ? '10.1.0.201' : '2001:db8:1::201';
}
