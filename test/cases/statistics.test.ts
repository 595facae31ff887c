// SPDX-License-Identifier: Apache-2.0
// Numbers that are right to the packet, as the commands print them.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, fromServer, SERVERS, startWorld, v4, type Family } from './topology';
import { startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const PORT = 53;

/** Numbers behind the name of a row of `ipvsadm -ln`. */
function row(c: Case, line: string, name: string): number[] {
  const text = c.output(line).split('\n').find((candidate) => candidate.includes(name));
  return (text ?? '').slice((text ?? '').indexOf(name) + name.length).trim().split(/\s+/).map(Number);
}

/** Three questions of 20 bytes each and two answers of 100 bytes through one connection. */
function traffic(c: Case, f: Family): { readonly counters: number[] } {
  const question = fromClient(f, udp({ sport: 5000, dport: PORT, payload: Buffer.alloc(20) }));
  c.send(CLIENTS, question);
  const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
  c.send(CLIENTS, question, question);
  const answer = fromServer(f, udp({ sport: PORT, dport: lport, payload: Buffer.alloc(100) }));
  c.send(SERVERS, answer, answer);
  c.discard();
  return { counters: [1, 3, 2, 3 * (f.headerLength + 28), 2 * (f.headerLength + 108)] };
}

describe.each(families)('$name', (f) => {
  const service = endpoint(f.vip, PORT);
  const server = endpoint(f.servers[0], PORT);

  test('DPL-066 IA-091 service and server counters', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT });
    const { counters } = traffic(c, f);
    expect(row(c, 'ipvsadm -ln --stats --exact', service)).toEqual(counters);
    expect(row(c, 'ipvsadm -ln --stats --exact', `-> ${server}`)).toEqual(counters);
  });

  test('DPL-066 IA-063 --zero clears them and only them', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT });
    traffic(c, f);
    c.run('ipvsadm -Z');
    expect(row(c, 'ipvsadm -ln --stats --exact', service)).toEqual([0, 0, 0, 0, 0]);
    expect(row(c, 'ipvsadm -ln --stats --exact', `-> ${server}`)).toEqual([0, 0, 0, 0, 0]);
    c.send(CLIENTS, fromClient(f, udp({ sport: 5000, dport: PORT, payload: Buffer.alloc(20) })));
    expect(row(c, 'ipvsadm -ln --stats --exact', service)).toEqual([0, 1, 0, f.headerLength + 28, 0]);
  });

  test('IA-105 the service keeps what a deleted server has counted', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT });
    const { counters } = traffic(c, f);
    c.run(`ipvsadm -d -u ${service} -r ${server}`);
    expect(row(c, 'ipvsadm -ln --stats --exact', service)).toEqual(counters);
  });
});

test('IA-086 active and inactive connections', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'tcp', port: 80 });
  const name = `-> ${endpoint(v4.servers[0], 80)}`;
  const counts = (): string[] => {
    const text = c.output('ipvsadm -ln').split('\n').find((line) => line.includes(name)) ?? '';
    return text.trim().split(/\s+/).slice(-2);
  };
  const t = startConnection(c, v4, 80, 1000);
  startConnection(c, v4, 80, 1001);
  expect(counts()).toEqual(['2', '0']);
  c.send(CLIENTS, t.clientFrame({ seq: 1_000_001, ack: 5_000_001, flags: 'FA' }));
  expect(counts()).toEqual(['1', '1']);
  c.warp(8000);
  expect(counts()).toEqual(['1', '0']);
});

test('DPL-067 IA-094 rates rise with traffic and fall without', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: PORT });
  const question = fromClient(v4, udp({ sport: 5000, dport: PORT, payload: Buffer.alloc(72) }));
  for (let second = 0; second < 20; second++) {
    c.send(CLIENTS, ...Array.from({ length: 10 }, () => question));
    c.warp(1000);
  }
  const [cps = -1, inPps = 0, outPps = -1, inBps = 0] = row(c, 'ipvsadm -ln --rate', endpoint(v4.vip, PORT));
  expect(cps).toBe(0);
  expect(outPps).toBe(0);
  expect(inPps).toBeGreaterThanOrEqual(8);
  expect(inPps).toBeLessThanOrEqual(10);
  expect(inBps).toBeGreaterThanOrEqual(800);
  expect(inBps).toBeLessThanOrEqual(1000);
  c.warp(60_000, 2000);
  expect(row(c, 'ipvsadm -ln --rate', endpoint(v4.vip, PORT))).toEqual([0, 0, 0, 0, 0]);
});

test('IA-085 IA-086 the listing of services, to the column', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: PORT, scheduler: 'wlc', servers: [{ index: 0, weight: 3 }] });
  traffic(c, v4);
  const [version = ''] = c.output('ipvsadm -ln').split('\n');
  expect(version).toMatch(/^IP Virtual Server version \d+\.\d+\.\d+ \(size=0\)$/);
  c.expectOutput('ipvsadm -ln', [
    version,
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
    'UDP  10.0.0.100:53 wlc',
    `  -> ${'10.1.0.11:53'.padEnd(28)} FullNat ${'3'.padEnd(6)} ${expectedActive(c)}`,
  ]);
  c.expectOutput('ipvsadm -ln --stats', [
    version,
    `${'Prot LocalAddress:Port'.padEnd(33)} ${['Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'].map((t) => t.padStart(8)).join(' ')}`,
    '  -> RemoteAddress:Port',
    `${'UDP  10.0.0.100:53'.padEnd(33)}${['1', '3', '2', '144', '256'].map((t) => t.padStart(9)).join('')}`,
    `  -> ${'10.1.0.11:53'.padEnd(28)}${['1', '3', '2', '144', '256'].map((t) => t.padStart(9)).join('')}`,
  ]);
});

/** The last two columns; a UDP connection counts as active or inactive, but as exactly one. */
function expectedActive(c: Case): string {
  const text = c.output('ipvsadm -ln').split('\n').find((line) => line.includes('-> 10.1.0.11:53')) ?? '';
  const [active = '', inactive = ''] = text.trim().split(/\s+/).slice(-2);
  expect(Number(active) + Number(inactive)).toBe(1);
  return `${active.padEnd(10)} ${inactive.padEnd(10)}`;
}
