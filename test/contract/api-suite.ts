// SPDX-License-Identifier: Apache-2.0
// The package's API with whatever daemon it is given.
import { beforeEach, describe, expect, it } from 'vitest';
import { ArgumentError, DaemonError, DpvsClient, UnsupportedError, type AddressKey, type ServiceKey, type Transport } from '../../src/index';

export interface ApiSubject {
  readonly transport: Transport;
  readonly device: string;
  readonly batches: boolean;
  readonly acls: boolean;
  /** Networks in access lists. */
  readonly networks: boolean;
}

const WEB: AddressKey = { protocol: 'tcp', address: '192.0.2.1', port: 80 };
const V6: ServiceKey = { protocol: 'udp', address: '2001:db8::1', port: 53 };
const MARK: ServiceKey = { fwmark: 7 };
const MATCH: ServiceKey = { protocol: 'tcp', match: { source: '10.0.0.0-10.0.0.255:1024-2048', outputDevice: 'dpdk1' } };

export function apiContract(subject: () => ApiSubject): void {
  let client: DpvsClient;
  beforeEach(() => {
    client = new DpvsClient({ transport: subject().transport });
    client.clear();
  });

  describe('services', () => {
    it.each([
      ['by address', WEB],
      ['of IPv6', V6],
      ['by mark', MARK],
      ['by match', MATCH],
    ])('%s are added, listed, changed and deleted by what names them', (_what, key) => {
      client.addService(key, { scheduler: 'wrr', persistence: 300, idleTimeout: 60 });
      const [listed] = client.services();
      expect(listed).toMatchObject({ ...key, scheduler: 'wrr', persistence: 300, idleTimeout: 60, quic: false, servers: [] });
      client.editService(key, { scheduler: 'rr', persistence: 0 });
      expect(client.service(key)).toMatchObject({ ...key, scheduler: 'rr', persistence: 0, idleTimeout: 60, deny: [], allow: [], localAddresses: [] });
      if (listed === undefined) throw new Error('nothing was listed');
      client.deleteService(listed);
      expect(client.services()).toEqual([]);
      expect(client.service(key)).toBeNull();
    });

    it('keep all their options', () => {
      const options = {
        scheduler: 'wrr', hashTarget: 'qid', persistence: 60, persistenceMask: '255.255.255.0', onePacket: true, synProxy: true, expireQuiescent: true,
        quic: true, idleTimeout: 7, proxyProtocol: 'v2-insecure',
      } as const; // prettier-ignore
      client.addService(WEB, options);
      expect(client.service(WEB)).toMatchObject(options);
      client.editService(WEB, { onePacket: false, hashTarget: null });
      expect(client.service(WEB)).toMatchObject({ ...options, onePacket: false, hashTarget: null });
    });

    it('that exist, or do not, are errors with the code of the daemon', () => {
      client.addService(WEB);
      expect(() => client.addService(WEB)).toThrow(expect.objectContaining({ name: 'DaemonError', code: -3, text: 'already exist' }));
      expect(() => client.deleteService(V6)).toThrow(DaemonError);
      expect(() => client.addService(V6, { scheduler: 'none' })).toThrow(expect.objectContaining({ code: -4 }));
    });

    it('are filtered', () => {
      for (const key of [WEB, V6, MARK]) client.addService(key);
      client.addServer(WEB, { address: '10.0.0.1', port: 8080 });
      client.addServer(WEB, { address: '10.0.1.1', port: 8080 });
      expect(client.services({ filter: { family: 'ipv6' } })).toMatchObject([V6]);
      expect(client.services({ filter: { address: '192.0.2.0/24', port: 80 } })).toMatchObject([WEB]);
      expect(client.services({ filter: { fwmark: 7 } })).toMatchObject([MARK]);
      expect(client.services({ filter: { server: '10.0.1.0/24' } })[0]?.servers).toMatchObject([{ address: '10.0.1.1' }]);
    });
  });

  describe('servers', () => {
    it('are added, changed and deleted', () => {
      client.addService(WEB);
      client.addServer(WEB, { address: '10.0.0.1', port: 8080, weight: 3, upperThreshold: 100, lowerThreshold: 10 });
      client.addServer(WEB, { address: '10.0.0.2' });
      const server = (address: string): unknown => client.service(WEB)?.servers.find((one) => one.address === address);
      expect(server('10.0.0.1')).toMatchObject({ port: 8080, weight: 3, forwarding: 'fullnat', upperThreshold: 100, lowerThreshold: 10, inhibited: false });
      expect(server('10.0.0.2')).toMatchObject({ port: 80, weight: 1 });
      client.editServer(WEB, { address: '10.0.0.1', port: 8080, weight: 0 });
      expect(server('10.0.0.1')).toMatchObject({ weight: 0, forwarding: 'fullnat', upperThreshold: 100, lowerThreshold: 10 });
      client.deleteServer(WEB, { address: '10.0.0.2' });
      expect(client.service(WEB)?.servers).toHaveLength(1);
      expect(() => client.editServer(WEB, { address: '10.0.0.2', weight: 1 })).toThrow(expect.objectContaining({ code: -4 }));
    });
  });

  describe('local addresses and access lists', () => {
    it('come and go', () => {
      const { device, acls } = subject();
      client.addService(WEB);
      client.addLocalAddress(WEB, { address: '10.9.0.1', device });
      client.addLocalAddress(WEB, { address: '10.9.0.2', device });
      expect(client.localAddresses(WEB)?.map(({ address }) => address)).toEqual(['10.9.0.1', '10.9.0.2']);
      expect(client.addresses(device)).toContainEqual({ address: '10.9.0.1/32', device, portPool: true });
      client.deleteLocalAddress(WEB, { address: '10.9.0.1' });
      expect(client.localAddresses(WEB)?.map(({ address }) => address)).toEqual(['10.9.0.2']);
      expect(client.localAddresses(V6)).toBeNull();
      if (!acls) return;
      client.addAccess(WEB, 'deny', { prefix: '9.9.9.9' });
      expect(client.accessList(WEB, 'deny')).toEqual([{ prefix: '9.9.9.9/32' }]);
      expect(client.accessList(WEB, 'allow')).toEqual([]);
      client.addAccess(WEB, 'deny', { prefix: '9.9.9.9' });
      client.deleteAccess(WEB, 'deny', { prefix: '9.9.9.9/32' });
      expect(client.accessList(WEB, 'deny')).toEqual([]);
      expect(() => client.deleteAccess(WEB, 'deny', { prefix: '9.9.9.9/32' })).toThrow(expect.objectContaining({ code: -4 }));
      const network = (): void => client.addAccess(WEB, 'allow', { prefix: '100.64.1.1/10' });
      if (!subject().networks) {
        expect(network).toThrow('the network 100.64.1.1/10 needs a daemon with networks in access lists');
        return;
      }
      network();
      expect(client.accessList(WEB, 'allow')).toEqual([{ prefix: '100.64.0.0/10' }]);
      client.deleteAccess(WEB, 'allow', { prefix: '100.64.0.0/10' });
      expect(client.accessList(WEB, 'allow')).toEqual([]);
    });
  });

  describe('batches', () => {
    it('tell what became of each change', () => {
      client.addService(WEB);
      const report = client.batch((changes) => {
        changes.addServer(WEB, { address: '10.0.0.1' });
        changes.addService(WEB);
        changes.addService(V6);
      });
      expect(report).toMatchObject({ applied: 2, failed: 1, committed: true });
      expect(report.outcomes).toEqual([null, expect.objectContaining({ name: 'DaemonError', code: -3 }), null]);
      expect(client.services()).toHaveLength(2);
    });

    it('bring addresses to devices that do not have them yet', () => {
      const { device, batches: atomic } = subject();
      const settings = { atomic };
      client.addService(WEB);
      client.addAddress({ address: '10.9.1.1', device, portPool: true });
      const report = client.batch((changes) => {
        changes.addService(V6);
        for (const address of ['10.9.1.1', '10.9.1.2']) changes.addLocalAddress(WEB, { address, device });
        changes.addService(MARK);
        changes.addLocalAddress(MARK, { address: '10.9.1.2', device });
      }, settings);
      expect(report).toMatchObject({ failed: 0, committed: true });
      expect(client.localAddresses(WEB)?.map(({ address }) => address)).toEqual(['10.9.1.1', '10.9.1.2']);
      expect(client.localAddresses(MARK)?.map(({ address }) => address)).toEqual(['10.9.1.2']);
      expect(client.addresses(device)).toContainEqual({ address: '10.9.1.2/32', device, portPool: true });
      client.clear();
      for (const address of ['10.9.1.1', '10.9.1.2']) client.deleteAddress({ address, device, portPool: true });
    });

    it('are all or nothing, where the daemon can do that', () => {
      const write = (): ReturnType<DpvsClient['batch']> =>
        client.batch((changes) => {
          changes.addService(WEB);
          changes.addService(WEB);
          changes.addService(V6);
        }, { atomic: true });
      if (!subject().batches) {
        expect(write).toThrow(UnsupportedError);
      } else {
        expect(write()).toMatchObject({ applied: 0, failed: 1, committed: false, outcomes: [null, { code: -3 }, 'skipped'] });
      }
      expect(client.services()).toEqual([]);
    });
  });

  describe('statistics', () => {
    it('have every service and server', () => {
      client.addService(WEB);
      client.addServer(WEB, { address: '10.0.0.1', port: 8080 });
      const counters = { connections: 0n, inPackets: 0n, outPackets: 0n, inBytes: 0n, outBytes: 0n };
      expect(client.statistics().services).toEqual([
        { service: WEB, counters, servers: [{ address: '10.0.0.1', port: 8080, activeConnections: 0, inactiveConnections: 0, counters }] },
      ]);
    });

    it('are watched, also while servers come and go, until it is enough', async () => {
      client.addService(WEB);
      client.addServer(WEB, { address: '10.0.0.1', port: 8080 });
      const stop = new AbortController();
      const seen: (readonly string[])[] = [];
      for await (const { services, elapsed } of client.watch({ interval: 5, signal: stop.signal })) {
        expect(elapsed).toBeGreaterThan(0);
        seen.push(services.flatMap(({ servers }) => servers.map(({ address }) => address)).sort());
        if (seen.length === 1) client.addServer(WEB, { address: '10.0.0.2', port: 8080 });
        if (seen.length === 3) stop.abort();
      }
      expect(seen).toEqual([['10.0.0.1'], ['10.0.0.1', '10.0.0.2'], ['10.0.0.1', '10.0.0.2']]);
    });
  });

  it('connections are an empty list without connections', () => {
    expect([...client.connections({ client: '10.0.0.0/8' })]).toEqual([]);
    expect(client.connectionSummary()).toEqual([]);
  });

  it('hello says who is there', () => {
    const { batches } = subject();
    expect(client.hello()).toMatchObject({ name: expect.stringMatching(/^dpvs/) as string, workers: 2, batches });
  });

  it.each<[string, (c: DpvsClient) => unknown, string]>([
    ['addresses', (c) => c.addService({ ...WEB, address: '192.0.2.256' }), "address must be an IPv4 or IPv6 address, not '192.0.2.256'"],
    ['ports', (c) => c.addService({ ...WEB, port: 65536 }), 'port must be an integer from 0 to 65535, not 65536'],
    ['protocols', (c) => c.addService({ ...WEB, protocol: 'http' as 'tcp' }), "protocol must be one of icmp, tcp, udp, icmpv6, sctp, not 'http'"],
    ['marks', (c) => c.addService({ fwmark: 0 }), 'fwmark must be an integer from 1 to 4294967295, not 0'],
    ['matches of nothing', (c) => c.addService({ protocol: 'tcp', match: {} }), 'match must be of at least one address, port or device'],
    ['ranges', (c) => c.addService({ protocol: 'tcp', match: { source: 'x' } }), 'match.source must be a range'],
    ['mixed families', (c) => c.addService({ protocol: 'tcp', match: { source: '10.0.0.1', destination: '[::1]' } }), 'match.destination must be of family ipv4'],
    ['schedulers', (c) => c.addService(WEB, { scheduler: 'sixteen-letters-' }), 'scheduler must be a name of 1 to 15 characters'],
    ['masks', (c) => c.addService(WEB, { persistenceMask: '255.0.255.0' }), 'persistenceMask must be a mask such as 255.255.255.0'],
    ['proxy protocols', (c) => c.addService(WEB, { proxyProtocol: 'v3' as 'v2' }), 'proxyProtocol must be one of off, v1, v2'],
    ['weights', (c) => c.addServer(WEB, { address: '10.0.0.1', weight: -1 }), 'weight must be an integer from 0 to 2147483647, not -1'],
    ['forwarding', (c) => c.addServer(WEB, { address: '10.0.0.1', forwarding: 'dr' as 'direct' }), 'forwarding must be one of nat, local, tunnel'],
    ['names of nothing that objects inherit', (c) => c.addServer(WEB, { address: '10.0.0.1', forwarding: 'toString' as 'nat' }), 'forwarding must be one of'],
    ['devices', (c) => c.addLocalAddress(WEB, { address: '10.0.0.1', device: 'a b' }), 'device must be a name of 1 to 15 characters without blanks'],
    ['prefixes', (c) => c.services({ filter: { address: '10.0.0.0/33' } }), "address must be an address or ADDRESS/BITS, not '10.0.0.0/33'"],
    ['clients of another family', (c) => c.addAccess(WEB, 'deny', { prefix: '::1' }), 'prefix must be an ipv4 address or network like the service'],
    ['intervals', (c) => c.watch({ interval: 0 }).next(), 'interval must be an integer from 1 to'],
    ['routes', (c) => c.addRoute({ destination: '10.0.0.0/8', device: 'dpdk0', gateway: '::1' }), 'gateway must be an ipv4 address like the destination'],
    ['Ethernet addresses', (c) => c.addNeighbour({ address: '10.0.0.1', mac: '00:11', device: 'dpdk0' }), 'mac must be six hexadecimal numbers'],
  ])('%s that are wrong reach no daemon', async (_what, call, message) => {
    const transport: Transport = {
      request: () => {
        throw new Error('something was sent');
      },
    };
    const failure = async (): Promise<unknown> => call(new DpvsClient({ transport }));
    await expect(failure()).rejects.toThrow(ArgumentError);
    await expect(failure()).rejects.toThrow(message);
  });
}
