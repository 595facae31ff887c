// SPDX-License-Identifier: Apache-2.0
// How long a connection lives in each state, on a clock that the test moves.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { ethernet, ip, ipv4, tcp, udp, type Layer3, type Layer4 } from '../harness/frames';
import {
  CLIENTS, configureService, endpoint, families, fromClient, fromServer, mac, SERVERS, serviceWord, sides, startSides, startWorld, v4,
} from './topology'; // prettier-ignore
import { CLIENT_ISN, RS_ISN, startConnection, type TcpConnection } from './tcp-connection';

stopDaemonsAfterEach();

const PORT = 80;

/** A packet of our own: IPv4 must not be fragmented. */
function unfragmented(src: string, dst: string, l4: Layer4): Layer3 {
  return src.includes(':') ? ip({ src, dst }, l4) : ipv4({ src, dst, df: true }, l4);
}

function connections(c: Case): string[] {
  return c.output('ipvsadm -lnc').split('\n').filter((line) => line !== '');
}

/** Timeouts may come up to a second late, so that many do not come at once; never early. */
function expectLifetime(c: Case, seconds: number): void {
  c.warp(seconds * 1000 - 100, 5000);
  expect(connections(c)).toHaveLength(1);
  c.warp(1600, 200);
  expect(connections(c)).toHaveLength(0);
}

describe('TCP', () => {
  test('DPL-079 SYN_RECV 30 s', async () => {
    const c = await startWorld(v4);
    configureService(c, v4, { proto: 'tcp', port: PORT });
    c.send(CLIENTS, fromClient(v4, tcp({ sport: 1, dport: PORT, seq: 1, flags: 'S' })));
    expect(connections(c)[0]).toMatch(/tcp 30s +SYN_RECV /);
    c.discard();
    expectLifetime(c, 30);
    c.expectNothing();
  });

  test('DPL-079 DPL-107 ESTABLISHED 90 s, then both ends are reset', async () => {
    const c = await startWorld(v4);
    configureService(c, v4, { proto: 'tcp', port: PORT });
    const t = startConnection(c, v4, PORT, 1000);
    expect(connections(c)[0]).toMatch(/tcp 90s +TCP_EST /);
    expectLifetime(c, 90);
    const toServer = c.collectOne(SERVERS);
    const toClient = c.collectOne(CLIENTS);
    expect(Object.fromEntries(dissect(toServer))).toMatchObject({
      'eth.dst': '02:bb:00:00:00:01',
      'ip.src': v4.lip,
      'ip.dst': v4.servers[0],
      'ip.checksum': 'good',
      'tcp.sport': t.lport,
      'tcp.dport': PORT,
      'tcp.flags': 'R',
      'tcp.seq': (CLIENT_ISN + 1 + t.delta) >>> 0,
      'tcp.checksum': 'good',
    });
    expect(Object.fromEntries(dissect(toClient))).toMatchObject({
      'eth.dst': '02:aa:00:00:00:01',
      'ip.src': v4.vip,
      'ip.dst': v4.client,
      'tcp.sport': PORT,
      'tcp.dport': 1000,
      'tcp.flags': 'R',
      'tcp.seq': RS_ISN + 1,
      'tcp.checksum': 'good',
    });
  });

  test.each(sides)('DPL-107 FullNAT $name: resets as either end would have sent them', async (side) => {
    const c = await startSides(side, { proto: 'tcp', port: PORT });
    const t = startConnection(c, side, PORT, 1000);
    t.serverSends(
      { seq: RS_ISN + 1, ack: CLIENT_ISN + 1 + t.delta, flags: 'PA', payload: 'answer' },
      { seq: RS_ISN + 1, ack: CLIENT_ISN + 1, flags: 'PA', payload: 'answer' },
    );
    expectLifetime(c, 90);
    const { clients, servers } = side;
    const toServer = tcp({ ...t.toServer, seq: CLIENT_ISN + 1 + t.delta, flags: 'R', window: 0 });
    c.expectFrames(SERVERS, ethernet({ src: mac.port[1], dst: mac.server[0] }, unfragmented(servers.lip, servers.servers[0], toServer)));
    const toClient = tcp({ sport: PORT, dport: 1000, seq: RS_ISN + 7, flags: 'R', window: 0 });
    c.expectFrames(CLIENTS, ethernet({ src: mac.port[0], dst: mac.client }, unfragmented(clients.vip, clients.client, toClient)));
  });

  test.each(families)('DPL-107 NAT $name: resets as either end would have sent them', async (f) => {
    const c = await startWorld(f);
    const word = serviceWord(f, { proto: 'tcp', port: PORT });
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], 8080)} -m`);
    const client = { sport: 1000, dport: PORT };
    const answer = tcp({ sport: 8080, dport: 1000, seq: RS_ISN, ack: CLIENT_ISN + 1, flags: 'SA' });
    c.send(CLIENTS, fromClient(f, tcp({ ...client, seq: CLIENT_ISN, flags: 'S' })));
    c.send(SERVERS, ethernet({ src: mac.server[0], dst: mac.port[1] }, ip({ src: f.servers[0], dst: f.client }, answer)));
    c.send(CLIENTS, fromClient(f, tcp({ ...client, seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'A' })));
    c.discard();
    expectLifetime(c, 90);
    const toServer = tcp({ sport: 1000, dport: 8080, seq: CLIENT_ISN + 1, flags: 'R', window: 0 });
    c.expectFrames(SERVERS, ethernet({ src: mac.port[1], dst: mac.server[0] }, unfragmented(f.client, f.servers[0], toServer)));
    const toClient = tcp({ sport: PORT, dport: 1000, seq: RS_ISN + 1, flags: 'R', window: 0 });
    c.expectFrames(CLIENTS, ethernet({ src: mac.port[0], dst: mac.client }, unfragmented(f.vip, f.client, toClient)));
  });

  test('traffic keeps a connection', async () => {
    const c = await startWorld(v4);
    configureService(c, v4, { proto: 'tcp', port: PORT });
    const t = startConnection(c, v4, PORT, 1000);
    for (let i = 0; i < 3; i++) {
      c.warp(80_000, 10_000);
      c.send(SERVERS, t.serverFrame({ seq: RS_ISN + 1, ack: CLIENT_ISN + 1 + t.delta, flags: 'A' }));
    }
    expect(t.state()).toBe('TCP_EST');
    expectLifetime(c, 90);
  });

  test('DPL-115 IA-052 conn_timeout of the service replaces ESTABLISHED, and no other state', async () => {
    const c = await startWorld(v4);
    configureService(c, v4, { proto: 'tcp', port: PORT, extra: '--conn-timeout 20' });
    c.send(CLIENTS, fromClient(v4, tcp({ sport: 1, dport: PORT, seq: 1, flags: 'S' })));
    expect(connections(c)[0]).toMatch(/tcp 30s +SYN_RECV /);
    expectLifetime(c, 30);
    c.discard();
    startConnection(c, v4, PORT, 1000);
    expect(connections(c)[0]).toMatch(/tcp 20s +TCP_EST /);
    expectLifetime(c, 20);
  });

  test.each([
    ['CLOSE_WAIT', 7, (t: TcpConnection) => [t.clientFrame({ seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'FA' })]],
    ['TCP_CLOSE', 3, (t: TcpConnection) => [t.clientFrame({ seq: CLIENT_ISN + 1, flags: 'R' })]],
  ] as const)('DPL-079 %s %i s', async (state, seconds, frames) => {
    const c = await startWorld(v4);
    configureService(c, v4, { proto: 'tcp', port: PORT });
    const t = startConnection(c, v4, PORT, 1000);
    c.send(CLIENTS, ...frames(t));
    c.discard();
    expect(t.state()).toBe(state);
    expectLifetime(c, seconds);
    c.expectNothing();
  });

  test('DPL-079 FIN_WAIT 7 s', async () => {
    const c = await startWorld(v4);
    configureService(c, v4, { proto: 'tcp', port: PORT });
    const t = startConnection(c, v4, PORT, 1000);
    c.send(SERVERS, t.serverFrame({ seq: RS_ISN + 1, ack: CLIENT_ISN + 1 + t.delta, flags: 'FA' }));
    c.discard();
    expect(t.state()).toBe('FIN_WAIT');
    expectLifetime(c, 7);
  });

  test('timeouts come from the configuration', async () => {
    const tcpSection = ['tcp {', 'timeout {', 'established 40', '}', '}'];
    const c = await startWorld(v4, { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', ...tcpSection] } });
    configureService(c, v4, { proto: 'tcp', port: PORT });
    startConnection(c, v4, PORT, 1000);
    expect(connections(c)[0]).toMatch(/tcp 40s +TCP_EST /);
    expectLifetime(c, 40);
  });
});

test('DPL-079 DPL-124 UDP 300 s in either state', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: 53 });
  c.send(CLIENTS, fromClient(v4, udp({ sport: 1, dport: 53 })));
  const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
  c.warp(299_000, 10_000);
  c.send(SERVERS, fromServer(v4, udp({ sport: 53, dport: lport })));
  expect(connections(c)[0]).toMatch(/udp 300s +UDP_NORM /);
  expectLifetime(c, 300);
});

test('DPL-115 conn_timeout of a UDP service holds with and without answer', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: 53, extra: '--conn-timeout 25' });
  c.send(CLIENTS, fromClient(v4, udp({ sport: 1, dport: 53 })));
  const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
  expect(connections(c)[0]).toMatch(/udp 25s +UDP_ONEWAY /);
  c.warp(20_000, 5000);
  c.send(SERVERS, fromServer(v4, udp({ sport: 53, dport: lport })));
  expect(connections(c)[0]).toMatch(/udp 25s +UDP_NORM /);
  expectLifetime(c, 25);
});

describe('IA-079 IA-080 ipvsadm --set', () => {
  test('holds for connections from their next change of state on; 0 leaves a timeout as it is', async () => {
    const c = await startWorld(v4);
    configureService(c, v4, { proto: 'tcp', port: PORT });
    configureService(c, v4, { proto: 'udp', port: 53 });
    expect(c.output('ipvsadm -L --timeout')).toBe('Timeout (tcp tcpfin udp): 90 7 300\n');
    const early = startConnection(c, v4, PORT, 1000);
    c.command('ipvsadm --set 40 15 0');
    expect(c.output('ipvsadm -L --timeout')).toBe('Timeout (tcp tcpfin udp): 40 15 300\n');
    expect(connections(c)[0]).toMatch(/tcp 90s +TCP_EST /);
    c.send(SERVERS, early.serverFrame({ seq: RS_ISN + 1, ack: CLIENT_ISN + 1 + early.delta, flags: 'FA' }));
    c.discard();
    expect(connections(c)[0]).toMatch(/tcp 15s +FIN_WAIT /);
    expectLifetime(c, 15);
    startConnection(c, v4, PORT, 1001);
    expect(connections(c)[0]).toMatch(/tcp 40s +TCP_EST /);
    expectLifetime(c, 40);
    c.discard();
    c.command('ipvsadm --set 0 0 20');
    expect(c.output('ipvsadm -L --timeout')).toBe('Timeout (tcp tcpfin udp): 40 15 20\n');
    c.send(CLIENTS, fromClient(v4, udp({ sport: 1, dport: 53 })));
    expect(connections(c)[0]).toMatch(/udp 20s +UDP_ONEWAY /);
    expectLifetime(c, 20);
  });
});

test('a local port is used again after its connection has ended', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: 53 });
  c.send(CLIENTS, fromClient(v4, udp({ sport: 1, dport: 53 })));
  c.discard();
  const usage = (): string => c.output('dpip -s addr show dev test1').match(/sa_used (\d+)/)?.[1] ?? '';
  expect(usage()).toBe('1');
  c.warp(302_000, 10_000);
  expect(usage()).toBe('0');
  expect(c.output(`ipvsadm -ln -u ${endpoint(v4.vip, 53)}`)).toMatch(/FullNat 1 +0 +0 +\n$/);
});
