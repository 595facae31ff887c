// SPDX-License-Identifier: Apache-2.0
// Limits of a service: the proportion of packets that it lets pass.
import { describe, expect, test } from 'vitest';
import { editService, listServices } from '../../src/ipc/messages/service';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, SERVERS, startWorld } from './topology';

stopDaemonsAfterEach();

const DNS = 53;

function limitProportion(c: Case, percent: number): void {
  const [service] = listServices(c.transport).services;
  if (service === undefined) throw new Error('there is no service');
  editService(c.transport, { ...service, limit_proportion: percent });
}

describe.each(families)('$name', (f) => {
  const query = fromClient(f, udp({ sport: 4000, dport: DNS, payload: 'q' }));

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
});
