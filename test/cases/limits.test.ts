// SPDX-License-Identifier: Apache-2.0
// Limits of a service: the proportion of packets that it lets pass, and its connections.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, SERVERS, startWorld } from './topology';
import { startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const DNS = 53;
const PORT = 80;

describe.each(families)('$name', (f) => {
  const query = fromClient(f, udp({ sport: 4000, dport: DNS, payload: 'q' }));

  function limitProportion(c: Case, percent: number): void {
    c.run(`ipvsadm -E -u ${endpoint(f.vip, DNS)} --limit-proportion ${percent}`);
  }

  /** Packets that get through of a thousand of one connection; all others are counted as dropped. */
  function passed(c: Case): number {
    const before = c.drops().get('limit_proportion') ?? 0;
    for (let i = 0; i < 20; i++) c.send(CLIENTS, ...new Array<Buffer>(50).fill(query));
    const through = c.collect(SERVERS).length;
    expect((c.drops().get('limit_proportion') ?? 0) - before).toBe(1000 - through);
    return through;
  }

  test('DPL-065 limit_proportion 50: about half is dropped, also of a connection that is there; what passes is counted', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: DNS });
    expect(passed(c)).toBe(1000);
    limitProportion(c, 50);
    // 490 are expected, with a standard deviation of 16.
    const half = passed(c);
    expect(Math.abs(half - 510)).toBeLessThan(100);
    const row = c.output(`ipvsadm -ln --stats --exact -u ${endpoint(f.vip, DNS)}`).split('\n').find((line) => line.includes('->') && line.includes(String(DNS))) ?? '';
    expect(row.trim().split(/\s+/)[3]).toBe(String(1000 + half));
    for (const percent of [99, 100, 0]) {
      limitProportion(c, percent);
      expect(passed(c)).toBe(1000);
    }
  });

  test('DPL-065 a connection opened under limit_proportion is limited until the service is gone', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: DNS });
    limitProportion(c, 10);
    expect(Math.abs(passed(c) - 110)).toBeLessThan(70);
    c.run(`ipvsadm -D -u ${endpoint(f.vip, DNS)}`);
    expect(passed(c)).toBe(1000);
  });

  const question = (sport: number, port = DNS): Buffer => fromClient(f, udp({ sport, dport: port, payload: 'q' }));

  /** UDP connections that open, of as many clients as are given. */
  function opened(c: Case, sports: readonly number[], refused: number): void {
    c.expectDrops(refused === 0 ? {} : { service_limit: refused }, () => c.send(CLIENTS, ...sports.map((sport) => question(sport))));
    expect(c.collect(SERVERS)).toHaveLength(sports.length - refused);
  }

  test('--conn-limit 3: the fourth connection is dropped, of any server; when one has ended there is room for one', async () => {
    const c = await startWorld(f, { oneWorker: 'limits are shared among workers' });
    configureService(c, f, { proto: 'udp', port: DNS, extra: '--conn-limit 3', servers: [{ index: 0, weight: 1 }, { index: 1, weight: 1 }] });
    opened(c, [1, 2, 3], 0);
    opened(c, [4, 5], 2);
    // Those that are there go on.
    opened(c, [1, 2, 3], 0);
    c.warp(200_000, 20_000);
    c.send(CLIENTS, question(1), question(2));
    c.warp(102_000, 20_000);
    c.discard();
    opened(c, [6, 7], 1);
    c.run(`ipvsadm -E -u ${endpoint(f.vip, DNS)} --conn-limit 5`);
    opened(c, [8, 9, 10], 1);
    // An edit of something else leaves it as it is.
    c.run(`ipvsadm -E -u ${endpoint(f.vip, DNS)} -s wrr`);
    opened(c, [11], 1);
    expect(c.output('ipvsadm -S -n')).toContain('--conn-limit 5\n');
    c.run(`ipvsadm -E -u ${endpoint(f.vip, DNS)} --conn-limit 0`);
    opened(c, [12, 13, 14], 0);
  });

  test('--conn-limit counts handshakes of TCP too, and each service for itself', async () => {
    const c = await startWorld(f, { oneWorker: 'limits are shared among workers' });
    configureService(c, f, { proto: 'tcp', port: PORT, extra: '--conn-limit 2' });
    configureService(c, f, { proto: 'udp', port: DNS, extra: '--conn-limit 1' });
    const syn = (sport: number): Buffer => fromClient(f, tcp({ sport, dport: PORT, seq: 1, flags: 'S' }));
    startConnection(c, f, PORT, 3000);
    c.expectDrops({}, () => c.send(CLIENTS, syn(3001)));
    c.collectOne(SERVERS);
    c.expectDrops({ service_limit: 1 }, () => c.send(CLIENTS, syn(3002)));
    c.expectNothing();
    opened(c, [1], 0);
    opened(c, [2], 1);
  });

  test('--conn-limit: workers share it; a restore brings it back', async () => {
    const c = await startWorld(f, { workers: 2, queues: 2 });
    configureService(c, f, { proto: 'udp', port: DNS, extra: '--conn-limit 5' });
    const ports = Array.from({ length: 40 }, (_, i) => i + 1);
    opened(c, ports, 35);
    const { status, stderr } = c.command(`ipvsadm -E -u ${endpoint(f.vip, DNS)} --conn-limit 1`);
    expect([status, stderr]).not.toEqual([0, '']);
    const rules = c.output('ipvsadm -S -n');
    c.run('ipvsadm -C');
    expect(c.command('ipvsadm -R --atomic', rules)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(c.output('ipvsadm -S -n')).toBe(rules);
    expect(rules).toContain(' --conn-limit 5\n');
  });
});
