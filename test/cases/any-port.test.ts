// SPDX-License-Identifier: Apache-2.0
// Services of port 0: all ports of an address that have no service of their own.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { ethernet, ip, tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, fromServer, mac, packet, quieten, SERVERS, startWorld, toClient, type Family } from './topology';

stopDaemonsAfterEach();

const SERVICE_PORTS = [80, 443, 8080];

function configureAny(c: Case, f: Family, proto: 't' | 'u', mode: string, servers: readonly number[], extra = '-p 60'): void {
  const word = `-${proto} ${endpoint(f.vip, 0)}`;
  c.run(`
    ipvsadm -A ${word} -s rr ${extra}
    ${mode === '-b' ? `ipvsadm -P ${word} -z ${f.lip} -F test1` : ''}
    ${servers.map((i) => `ipvsadm -a ${word} -r ${f.servers[i] ?? ''} ${mode}`).join('\n')}`);
  quieten(c, f);
}

describe.each(families)('$name', (f) => {
  test('DPL-062 FullNAT: every port goes to the same port of the same server, and back', async () => {
    const c = await startWorld(f);
    configureAny(c, f, 'u', '-b', [0, 1]);
    const seen = new Set<unknown>();
    for (const [i, port] of SERVICE_PORTS.entries()) {
      c.send(CLIENTS, fromClient(f, udp({ sport: 4000 + i, dport: port, payload: 'q' })));
      const fields = dissect(c.collectOne(SERVERS));
      expect(fields.get('udp.dport')).toBe(port);
      seen.add(fields.get('eth.dst'));
      const at = mac.server.findIndex((address) => address === fields.get('eth.dst'));
      c.send(SERVERS, fromServer(f, udp({ sport: port, dport: Number(fields.get('udp.sport')), payload: 'a' }), at));
      c.expectFrames(CLIENTS, toClient(f, udp({ sport: port, dport: 4000 + i, payload: 'a' })));
    }
    expect(seen.size).toBe(1);
  });

  test('DPL-062 a service of the port itself comes first', async () => {
    const c = await startWorld(f);
    configureAny(c, f, 't', '-b', [0]);
    configureService(c, f, { proto: 'tcp', port: 443, servers: [{ index: 2, weight: 1 }] });
    const syn = (port: number, sport: number): string => {
      c.send(CLIENTS, fromClient(f, tcp({ sport, dport: port, seq: 1, flags: 'S' })));
      return `${String(dissect(c.collectOne(SERVERS)).get('eth.dst'))}`;
    };
    expect([syn(80, 1), syn(443, 2), syn(22, 3)]).toEqual([mac.server[0], mac.server[2], mac.server[0]]);
    c.run(`ipvsadm -D -t ${endpoint(f.vip, 443)}`);
    expect(syn(443, 4)).toBe(mac.server[0]);
    c.run(`ipvsadm -D -t ${endpoint(f.vip, 0)}`);
    c.expectDrops({ local_no_service: 1 }, () => c.send(CLIENTS, fromClient(f, tcp({ sport: 5, dport: 443, seq: 1, flags: 'S' }))));
  });

  test('DPL-062 direct routing and NAT: the port stays', async () => {
    const c = await startWorld(f);
    configureAny(c, f, 'u', '-g', [1]);
    const dr = udp({ sport: 7, dport: 5353, payload: 'x' });
    c.send(CLIENTS, fromClient(f, dr));
    c.expectFrames(SERVERS, ethernet({ src: mac.port[1], dst: mac.server[1] }, ip({ src: f.client, dst: f.vip }, dr)));
    c.run(`ipvsadm -D -u ${endpoint(f.vip, 0)}`);
    configureAny(c, f, 'u', '-m', [1]);
    c.send(CLIENTS, fromClient(f, udp({ sport: 8, dport: 5354, payload: 'x' })));
    const fields = dissect(c.collectOne(SERVERS));
    expect([fields.get('udp.dport'), fields.get('udp.sport')]).toEqual([5354, 8]);
  });

  test('a server of port 0 beside the same server with a port: no two connections have the same replies', async () => {
    const c = await startWorld(f, { oneWorker: 'all local ports are those of one worker' });
    configureAny(c, f, 'u', '-b', [0], '-p 60');
    configureService(c, f, { proto: 'udp', port: 53 });
    c.run(`ipvsadm -d -u ${endpoint(f.vip, 53)} -r ${endpoint(f.servers[0], 53)}`);
    c.run(`ipvsadm -a -u ${endpoint(f.vip, 53)} -r ${endpoint(f.servers[0], 54)} -b`);
    const tuples = new Set<string>();
    let n = 0;
    // Port 54 of the server is reached in both ways.
    for (let i = 0; i < 300; i++) {
      for (const dport of [53, 54]) {
        c.send(CLIENTS, fromClient(f, udp({ sport: 1000 + i, dport, payload: 'x' })));
        tuples.add(String(numberOf(c.collectOne(SERVERS), 'udp.sport')));
        n++;
      }
    }
    expect(tuples.size).toBe(n);
  });
});

test('without persistence there is no service of port 0', async () => {
  const f = families[0];
  const c = await startWorld(f);
  expect(c.command(`ipvsadm -A -t ${endpoint(f.vip, 0)} -s rr`)).toMatchObject({ status: 2 });
});

test('DPL-062 two workers: all of a client on one, replies of NAT servers find it', async () => {
  const f = families[0];
  const c = await startWorld(f, { workers: 2, queues: 2 });
  configureAny(c, f, 'u', '-m', [0, 1, 2]);
  const servers = new Set<unknown>();
  for (let i = 0; i < 24; i++) {
    c.sendOn(CLIENTS, i & 1, fromClient(f, udp({ sport: 5000 + i, dport: 100 + i, payload: 'q' })));
    const fields = dissect(c.collectOne(SERVERS));
    servers.add(fields.get('ip.dst'));
    const at = f.servers.findIndex((server) => server === fields.get('ip.dst'));
    const reply = ip({ src: f.servers[at] ?? '', dst: f.client }, udp({ sport: 100 + i, dport: 5000 + i, payload: 'a' }));
    c.sendOn(SERVERS, 1 - (i & 1), packet(SERVERS, mac.server[at] ?? '', reply));
    c.expectFrames(CLIENTS, toClient(f, udp({ sport: 100 + i, dport: 5000 + i, payload: 'a' })));
  }
  expect(servers.size).toBe(1);
});
