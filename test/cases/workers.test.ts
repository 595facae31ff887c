// SPDX-License-Identifier: Apache-2.0
// Two workers: a packet may arrive at the one that does not own its connection.
import { describe, expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { udp } from '../harness/frames';
import { CLIENTS, configureAddresses, configureNeighbours, configureService, endpoint, families, fromClient, fromServer, SERVERS, toClient, type Family } from './topology';

stopDaemonsAfterEach();

const PORT = 53;

async function start(f: Family, queues: number): Promise<Case> {
  const c = await startCase({ workers: 2, queues });
  configureAddresses(c, f);
  configureNeighbours(c, f);
  configureService(c, f, { proto: 'udp', port: PORT });
  return c;
}

describe.each(families)('$name', (f) => {
  test('DPL-085 two queues: answers are translated whichever queue they come in on', async () => {
    const c = await start(f, 2);
    for (let sport = 5000; sport < 5032; sport++) {
      c.sendOn(CLIENTS, sport & 1, fromClient(f, udp({ sport, dport: PORT, payload: 'q' })));
      const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
      for (const queue of [0, 1]) {
        c.sendOn(SERVERS, queue, fromServer(f, udp({ sport: PORT, dport: lport, payload: 'a' })));
        c.expectFrames(CLIENTS, toClient(f, udp({ sport: PORT, dport: sport, payload: 'a' })));
      }
    }
    c.expectNothing();
    const lcores = new Set(c.output('ipvsadm -lnc').match(/^\[\d+\]/gm));
    expect(lcores).toEqual(new Set(['[1]', '[2]']));
  });

  test('a server that is also behind NAT, for another service: answers to local addresses find their worker', async () => {
    const c = await start(f, 2);
    c.run(`
      ipvsadm -A -u ${endpoint(f.vip, 5353)} -s rr
      ipvsadm -a -u ${endpoint(f.vip, 5353)} -r ${endpoint(f.servers[0], PORT)} -m`);
    for (let sport = 5000; sport < 5016; sport++) {
      c.sendOn(CLIENTS, sport & 1, fromClient(f, udp({ sport, dport: PORT, payload: 'q' })));
      const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
      c.sendOn(SERVERS, 0, fromServer(f, udp({ sport: PORT, dport: lport, payload: 'a' })));
      c.expectFrames(CLIENTS, toClient(f, udp({ sport: PORT, dport: sport, payload: 'a' })));
    }
  });

  test('one queue for both: flows are spread in software', async () => {
    const c = await start(f, 1);
    for (let sport = 6000; sport < 6032; sport++) {
      c.sendOn(CLIENTS, 0, fromClient(f, udp({ sport, dport: PORT, payload: 'q' })));
      const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
      c.sendOn(SERVERS, 0, fromServer(f, udp({ sport: PORT, dport: lport, payload: 'a' })));
      c.expectFrames(CLIENTS, toClient(f, udp({ sport: PORT, dport: sport, payload: 'a' })));
    }
    const lines = c.output('ipvsadm -lnc').trim().split('\n');
    expect(lines).toHaveLength(32);
    expect(new Set(lines.map((line) => line.slice(0, 3)))).toEqual(new Set(['[1]', '[2]']));
  });

  test('DPL-069 counters add up over workers', async () => {
    const c = await start(f, 2);
    for (const queue of [0, 1]) {
      const frame = fromClient(f, udp({ sport: 7000 + queue, dport: PORT, payload: Buffer.alloc(12) }));
      c.sendOn(CLIENTS, queue, frame, frame);
    }
    const line = c.output('ipvsadm -ln --stats --exact').split('\n').find((text) => text.includes(endpoint(f.vip, PORT))) ?? '';
    const numbers = line.trim().split(/\s+/).slice(-5).map(Number);
    expect(numbers).toEqual([2, 4, 0, 4 * (f.headerLength + 20), 0]);
  });

  test('DPL-086 no two connections share a local port', async () => {
    const c = await start(f, 2);
    const seen = new Set<unknown>();
    for (let i = 0; i < 40; i++) c.sendOn(CLIENTS, i % 2, fromClient(f, udp({ sport: 8000 + i, dport: PORT })));
    for (const frame of c.collect(SERVERS)) seen.add(dissect(frame).get('udp.sport'));
    expect(seen.size).toBe(40);
  });
});
