// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, it } from 'vitest';
import { MSG } from '../../src/ipc/codec';
import { DaemonError, DpvsClient } from '../../src/index';
import { compareStatistics, StatisticsReader } from '../../src/api/statistics';
import { MemoryDaemon } from '../support/extension-daemon';
import { VectorTransport } from '../support/vector-transport';
import { loadVector } from '../support/vectors';
import { apiContract } from './api-suite';

describe('the API with a daemon of old', () => {
  let transport = new MemoryDaemon();
  beforeEach(() => void (transport = new MemoryDaemon()));
  apiContract(() => ({ transport, device: 'dpdk0', batches: false, acls: true, networks: false }));
});

describe('the API with a daemon that has all extensions', () => {
  let transport = new MemoryDaemon({ extensions: true });
  beforeEach(() => void (transport = new MemoryDaemon({ extensions: true })));
  apiContract(() => ({ transport, device: 'dpdk0', batches: true, acls: true, networks: true }));
});

const address = (...bytes: number[]): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0);

describe('the API', () => {
  it('reads connections of both families as text', () => {
    const daemon = new MemoryDaemon({ extensions: true });
    daemon.addConn({ caddr: address(100, 64, 0, 1), cport: 1234, vaddr: address(192, 0, 2, 1), vport: 80, laddr: address(10, 9, 0, 1), lport: 2345, daddr: address(10, 0, 0, 1), dport: 8080 });
    daemon.addConn({ in_af: 10, out_af: 10, caddr: address(0x20, 1, 0xd, 0xb8), proto: 17, lcoreid: 2 });
    const client = new DpvsClient({ transport: daemon });
    const [first, second] = [...client.connections({}, { details: true })];
    expect(first).toEqual({
      family: 'ipv4', protocol: 'tcp', client: { address: '100.64.0.1', port: 1234 }, virtual: { address: '192.0.2.1', port: 80 },
      local: { address: '10.9.0.1', port: 2345 }, server: { address: '10.0.0.1', port: 8080 }, state: 'ESTABLISHED', lcore: 1, timeout: 90,
      details: { inPackets: null, inBytes: null, outPackets: null, outBytes: null, age: null, left: 90_000 },
    }); // prettier-ignore
    expect(second).toMatchObject({ family: 'ipv6', protocol: 'udp', client: { address: '2001:db8::', port: 0 } });
    expect([...client.connections({ family: 'ipv6' })]).toHaveLength(1);
    expect([...client.connections({ client: '100.64.0.0/10', clientPort: 1234, server: '10.0.0.1', lcore: 1 })]).toHaveLength(1);
    expect(client.connectionSummary({ protocol: 'udp' })).toMatchObject([{ count: 1, protocol: 'udp', lcore: 2 }]);
    expect(client.drops()).toMatchObject([{ name: 'no-service', packets: 7n }]);
  });

  it.each([true, false])('computes rates from counters, and not from what was zeroed (extensions: %s)', (extensions) => {
    const daemon = new MemoryDaemon({ extensions });
    const client = new DpvsClient({ transport: daemon });
    const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
    client.addService(web);
    client.addServer(web, { address: '10.0.0.1' });
    const stats = daemon.services[0]?.dests[0]?.stats;
    if (stats === undefined) throw new Error('no server');
    const set = (conns: bigint, inbytes: bigint): void => void Object.assign(stats, { conns, inbytes });
    set(100n, 10n);
    const reader = new StatisticsReader(daemon);
    const before = { ...reader.read(), time: 1000 };
    set(150n, 4n);
    daemon.touch();
    const now = { ...reader.read(), time: 1500 };
    reader.close();
    const [service] = compareStatistics(now, before).services;
    expect(service?.rates).toEqual({ connections: 100, inPackets: 0, outPackets: 0, inBytes: 8, outBytes: 0 });
    expect(service?.servers[0]).toMatchObject({ rates: { connections: 100, inBytes: 8 }, counters: { connections: 150n } });
  });

  it('says what is wrong with a service whose servers cannot be had, and lists the others', () => {
    const daemon = new MemoryDaemon({
      before: (_self, { id, body }) => {
        if (id === MSG.DPVS_SO_GET_DESTS && body[15] === 1) throw new DaemonError(id, -2, 'no memory');
      },
    });
    const client = new DpvsClient({ transport: daemon });
    for (const last of [1, 2]) client.addService({ protocol: 'tcp', address: `192.0.2.${last}`, port: 80 });
    expect(client.services()).toMatchObject([{ address: '192.0.2.1', problem: { code: -2 } }, { address: '192.0.2.2', problem: null }]);
    expect(() => client.statistics()).toThrow('no memory');
  });
});

describe('devices, routes and neighbours', () => {
  const play = (area: string, name: string): DpvsClient => new DpvsClient({ transport: new VectorTransport(loadVector(area, name)) });

  it('are what DPVS answered', () => {
    expect(play('dpip-route', 'scripted/dpip-route-show').routes()).toEqual([
      { destination: '192.168.100.254/32', device: 'dpdk0', gateway: null, source: null, mtu: 1500, scope: 'host' },
      { destination: '192.168.100.0/24', device: 'dpdk0', gateway: null, source: '192.168.100.254', mtu: 1500, scope: 'global' },
      { destination: '192.168.100.1/32', device: 'dpdk0', gateway: null, source: null, mtu: 1500, scope: 'kernel' },
      { destination: '0.0.0.0/0', device: 'dpdk0', gateway: '192.168.100.1', source: null, mtu: 1500, scope: 'global' },
    ]);
    expect(play('dpip-route', 'real/026-dpip-6-route-show').routes('ipv6')).toContainEqual({
      destination: '2001:db8:1::/64', device: 'dpdk0', gateway: '2001:db8::1', source: null, mtu: 1500, scope: 'global',
    }); // prettier-ignore
    expect(play('dpip-neigh', 'scripted/dpip-neigh-show').neighbours()).toEqual([
      { address: '192.168.100.1', mac: '52:54:00:aa:00:01', device: 'dpdk0', static: true },
      { address: '2001:db8::1', mac: null, device: 'dpdk0', static: false },
    ]);
    expect(play('dpip-addr', 'real/014-dpip-addr-show').addresses()).toContainEqual({ address: '192.168.100.200/32', device: 'dpdk1', portPool: true });
  });

  it.each<[string, string, (client: DpvsClient) => void]>([
    ['dpip-route', 'scripted/dpip-route-add-net', (c) => c.addRoute({ destination: '10.0.0.0/24', device: 'dpdk1', source: '192.168.100.254' })],
    ['dpip-route', 'scripted/dpip-route-del', (c) => c.deleteRoute({ destination: '10.0.0.0/24', device: 'dpdk1' })],
    ['dpip-route', 'scripted/dpip-route6-add', (c) => c.addRoute({ destination: '2001:db8:1::/64', gateway: '2001:db8::1', device: 'dpdk0', mtu: 1400 })],
    ['dpip-neigh', 'real/029-dpip-neigh-add-192-168-100-2-lladdr-52-54-00-aa-00-01-dev-dp', (c) => c.addNeighbour({ address: '192.168.100.2', mac: '52:54:00:aa:00:01', device: 'dpdk0' })],
    ['dpip-neigh', 'scripted/dpip-neigh-del6', (c) => c.deleteNeighbour({ address: '2001:db8::1', device: 'dpdk0' })],
    ['dpip-addr', 'real/012-dpip-addr-add-192-168-100-200-32-dev-dpdk1-sapool', (c) => c.addAddress({ address: '192.168.100.200', device: 'dpdk1', portPool: true })],
  ])('are changed by the bytes that upstream sends: %s %s', (area, name, change) => {
    const transport = new VectorTransport(loadVector(area, name));
    change(new DpvsClient({ transport }));
    expect(transport.left).toBe(0);
  });
});
