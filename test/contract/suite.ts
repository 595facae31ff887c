// SPDX-License-Identifier: Apache-2.0
// What every daemon owes its clients, run against the daemon in memory (test/contract) and dpvs (test/daemon). Features
// that a daemon lacks are said where it is started.
import { beforeEach, describe, expect, it } from 'vitest';
import { ClosedError, DaemonError, type FdTransport, type RequestType, type Transport } from '../../src/ipc/client';
import { EDPVS, ext, MSG } from '../../src/ipc/codec';
import { sendInBatches } from '../../src/ipc/messages/batch-split';
import { BatchRecorder, BATCH_SKIPPED, BatchTooLargeError, sendBatch, type BatchItem } from '../../src/ipc/messages/batch';
import { capabilities, UnsupportedError } from '../../src/ipc/messages/capabilities';
import { addAclEntry, changeAcl, flushAcl } from '../../src/ipc/messages/acl';
import { addDest, type DestSpec } from '../../src/ipc/messages/dest';
import { addLaddr } from '../../src/ipc/messages/laddr';
import { fetchInventory, type Inventory, type Prefix, type ServiceFilter, type Wanted } from '../../src/ipc/messages/list';
import { StatSegment, type DestCounters } from '../../src/ipc/messages/segment';
import { addService, deleteService, flushServices, type ServiceSpec } from '../../src/ipc/messages/service';
import { formatIp } from '../../src/cli/render/address';
import { parseIp } from '../../src/cli/parse/address';

export interface Subject {
  readonly transport: FdTransport;
  /** A device for local addresses. */
  readonly device: string;
  readonly lists: boolean;
  readonly batches: boolean;
  readonly segment: boolean;
  readonly acls: boolean;
}

/** A transport to the same daemon that says, as daemons of old do, that it knows no extensions. */
export class WithoutExtensions implements Transport {
  constructor(private readonly to: Transport) {}

  request(id: number, type: RequestType, body?: Uint8Array): Buffer {
    if (id >= ext.DS_MSG_FIRST) throw new ClosedError(id, 0, 88, 'header');
    return this.to.request(id, type, body);
  }
}

const EVERYTHING: Wanted = { dests: true, laddrs: true, acls: true };
const FULLNAT = 5;

function bytes(text: string): { readonly af: number; readonly addr: Uint8Array } {
  const address = parseIp(text);
  if (address === null) throw new Error(`bad address ${text}`);
  return { af: address.af, addr: address.bytes };
}

function prefix(text: string, plen: number): Prefix {
  return { ...bytes(text), plen };
}

export function serviceSpec(vip: string, port: number, more: ServiceSpec = {}): ServiceSpec {
  const { af, addr } = bytes(vip);
  return { af, addr, port, proto: 6, sched_name: 'wrr', netmask: af === 10 ? 128 : 0xffff_ffff, ...more };
}

export function destSpec(rs: string, port: number, more: DestSpec = {}): DestSpec {
  const { af, addr } = bytes(rs);
  return { af, addr, port, proto: 6, weight: 1, fwdmode: FULLNAT, ...more };
}

/** An inventory in words, without order, without what only some daemons tell. */
function words({ services }: Inventory): string[] {
  return services
    .map(({ service: s, dests, laddrs, deny, allow, problem }) => {
      const servers = dests.map((d) => `${formatIp(d.af, d.addr)}:${d.port} w${d.weight} f${d.fwdmode} ${d.max_conn}/${d.min_conn} a${d.actconns}`);
      const locals = laddrs?.map((l) => `${formatIp(l.af, l.addr)} ${l.nconns}`);
      const entries = [deny, allow].map((list) => list?.map(({ subject, ipset }) => `${formatIp(subject.af, subject.addr)}/${subject.plen} ${ipset}`).sort());
      const head = `${s.af} ${s.proto} ${formatIp(s.af, s.addr)}:${s.port} mark ${s.fwmark} ${s.sched_name} ${s.num_dests}/${s.num_laddrs} ${s.flags} ${s.timeout}`;
      return JSON.stringify([head, servers.sort(), locals?.sort(), ...entries, problem?.message ?? '']);
    })
    .sort();
}

/** Three services with servers of both families. */
function configure({ transport, device, acls }: Subject): void {
  const web = serviceSpec('10.0.0.1', 80);
  const secure = serviceSpec('10.0.1.1', 443, { sched_name: 'rr' });
  const v6 = serviceSpec('2001:db8::1', 80, { sched_name: 'wlc' });
  const name = serviceSpec('10.0.0.1', 53, { proto: 17 });
  for (const service of [web, secure, v6, name, serviceSpec('0.0.0.0', 0, { fwmark: 7 })]) addService(transport, service);
  for (const last of [1, 2, 3]) addDest(transport, web, destSpec(`172.16.0.${last}`, 8000 + last, { weight: last, max_conn: 100, min_conn: 10 }));
  addDest(transport, secure, destSpec('172.16.0.1', 8001));
  addDest(transport, v6, destSpec('2001:db8:1::1', 8080));
  for (const last of [1, 2]) addLaddr(transport, web, { ...bytes(`192.168.0.${last}`), ifname: device });
  if (acls) addAclEntry(transport, 'deny', { af: 2, proto: 6, vaddr: bytes('10.0.0.1').addr, vport: 80, subject: bytes('9.9.9.9').addr });
}

const FILTERS: Readonly<Record<string, ServiceFilter>> = {
  nothing: {},
  family: { af: 10 },
  protocol: { proto: 17 },
  'a virtual address': { vip: prefix('10.0.0.1', 32) },
  'a virtual network': { vip: prefix('10.0.0.128', 24) },
  'an odd prefix': { vip: prefix('10.0.0.0', 15) },
  'an IPv6 network': { vip: prefix('2001:db8:ffff::', 33) },
  'a virtual port': { vport: 80 },
  'port and protocol': { vport: 53, proto: 6 },
  'a server': { rs: prefix('172.16.0.1', 32) },
  'a network of servers': { rs: prefix('172.16.0.2', 31) },
  "a server's port": { rport: 8001 },
  'a server on a port': { rs: prefix('172.16.0.1', 32), rport: 8002 },
  'a scheduler': { sched: 'rr' },
  'a mark': { fwmark: 7 },
  'no mark': { fwmark: 0 },
  'no port': { vport: 0 },
  'all addresses': { vip: prefix('0.0.0.0', 0) },
  'what is not there': { vport: 1 },
};

function describeLists(subject: () => Subject): void {
  describe('lists', () => {
    it.each(Object.entries(FILTERS))('are the same whichever way they came, filtered by %s', (_what, filter) => {
      const { transport } = subject();
      configure(subject());
      const extended = fetchInventory(transport, { wanted: EVERYTHING, filter });
      const legacy = fetchInventory(new WithoutExtensions(transport), { wanted: EVERYTHING, filter });
      expect(words(extended)).toEqual(words(legacy));
      expect(extended.total).toBe(5);
      expect(legacy).toMatchObject({ total: 5, generation: null });
    });

    it('of servers have all that were added', () => {
      configure(subject());
      const { services } = fetchInventory(subject().transport, { wanted: { dests: true }, filter: { vport: 80, af: 2 } });
      const dests = services.flatMap((one) => one.dests.map(({ port, weight, max_conn, min_conn }) => [port, weight, max_conn, min_conn]));
      expect(dests.sort()).toEqual([[8001, 1, 100, 10], [8002, 2, 100, 10], [8003, 3, 100, 10]]);
      expect(services.map(({ laddrs, deny, destsMore }) => [laddrs, deny, destsMore])).toEqual([[null, null, null]]);
    });

    it('of lcores that do not exist are refused', () => {
      configure(subject());
      expect(() => fetchInventory(subject().transport, { index: 60, wanted: { dests: true } })).toThrow(DaemonError);
    });

    it('of access lists have networks, which the messages of old leave out', (context) => {
      const { lists, acls, transport } = subject();
      if (!lists || !acls) return context.skip();
      configure(subject());
      const key = { af: 2, proto: 6, vaddr: bytes('10.0.0.1').addr, vport: 80 };
      changeAcl(transport, 'deny', 'add', key, { addr: bytes('100.64.9.9').addr, plen: 10 });
      changeAcl(transport, 'deny', 'add', key, { addr: bytes('9.9.9.9').addr, plen: 32 });
      const denied = (to: Transport): string[] | undefined =>
        fetchInventory(to, { wanted: { acls: true }, filter: { vip: prefix('10.0.0.1', 32), proto: 6 } })
          .services[0]?.deny?.map(({ subject: { af, addr, plen } }) => `${formatIp(af, addr)}/${plen}`)
          .sort();
      expect(denied(transport)).toEqual(['100.64.0.0/10', '9.9.9.9/32']);
      expect(denied(new WithoutExtensions(transport))).toEqual(['9.9.9.9/32']);
      flushAcl(transport, 'deny', key);
      expect(denied(transport)).toEqual([]);
    });

    it('tell more to who wants it', (context) => {
      const { lists, transport, acls } = subject();
      if (!lists) return context.skip();
      configure(subject());
      const { services, generation } = fetchInventory(transport, { wanted: { dests: true, laddrs: true, more: true } });
      expect(generation).toBeTypeOf('bigint');
      for (const one of services) expect(one.destsMore).toHaveLength(one.dests.length);
      expect(new Set(services.map(({ more }) => more?.serial)).size).toBe(5);
      const web = services.find(({ dests }) => dests.length === 3);
      expect(web?.more).toMatchObject({ deny: acls ? 1 : 0, allow: 0 });
      expect(web?.laddrs?.map(({ ifname }) => ifname)).toEqual([subject().device, subject().device]);
    });

    it('have a generation that grows with every change', (context) => {
      const { lists, transport } = subject();
      if (!lists) return context.skip();
      const generation = (): bigint => fetchInventory(transport, { wanted: {} }).generation ?? -1n;
      const before = generation();
      addService(transport, serviceSpec('10.0.0.1', 80));
      const after = generation();
      expect(after).toBeGreaterThan(before);
      expect(generation()).toBe(after);
    });
  });
}

function recorded(write: (recorder: BatchRecorder) => void): BatchItem[] {
  const recorder = new BatchRecorder();
  write(recorder);
  return recorder.items;
}

function ports(transport: Transport): number[] {
  return fetchInventory(transport, { wanted: {} }).services.map(({ service }) => service.port).sort((a, b) => a - b);
}

/** The second and the fourth of five cannot be done. */
function fiveItems(): BatchItem[] {
  return recorded((to) => {
    addService(to, serviceSpec('10.0.0.1', 1));
    addService(to, serviceSpec('10.0.0.1', 1));
    addService(to, serviceSpec('10.0.0.1', 2));
    deleteService(to, serviceSpec('10.0.0.1', 99));
    addDest(to, serviceSpec('10.0.0.1', 2), destSpec('172.16.0.1', 80));
  });
}

const { EDPVS_EXIST, EDPVS_INVAL } = EDPVS;

function describeBatches(subject: () => Subject): void {
  describe('batches', () => {
    it('do what goes and tell what does not', () => {
      const { transport } = subject();
      const result = sendBatch(transport, fiveItems());
      expect([...result.codes]).toEqual([0, EDPVS_EXIST, 0, EDPVS_INVAL, 0]);
      expect(result).toMatchObject({ applied: 3, failed: 2, firstFailed: 1, committed: true, repeated: false });
      expect(ports(transport)).toEqual([1, 2]);
    });

    it('stop at the first failure if told so', () => {
      const { transport } = subject();
      const result = sendBatch(transport, fiveItems(), { stop: true });
      expect([...result.codes]).toEqual([0, EDPVS_EXIST, BATCH_SKIPPED, BATCH_SKIPPED, BATCH_SKIPPED]);
      expect(result).toMatchObject({ applied: 1, failed: 1, firstFailed: 1, committed: true });
      expect(ports(transport)).toEqual([1]);
    });

    it('of nothing do nothing', () => {
      expect(sendBatch(subject().transport, [])).toMatchObject({ applied: 0, failed: 0, firstFailed: null });
      expect(sendInBatches(subject().transport, [])).toMatchObject({ applied: 0, failed: 0, firstFailed: null });
    });

    it('go on from one message to the next', () => {
      const { transport } = subject();
      const items = recorded((to) => {
        for (let port = 1; port <= 1000; port += 1) addService(to, serviceSpec('10.0.0.1', port));
        addService(to, serviceSpec('10.0.0.1', 1));
      });
      const result = sendInBatches(transport, items);
      expect(result).toMatchObject({ applied: 1000, failed: 1, firstFailed: 1000, committed: true });
      expect(ports(transport)).toHaveLength(1000);
    });

    it('are all or nothing if told so, where the daemon can do that', () => {
      const { transport, batches } = subject();
      if (!batches) {
        expect(() => sendBatch(transport, fiveItems(), { atomic: true })).toThrow(UnsupportedError);
        expect(ports(transport)).toEqual([]);
        return;
      }
      const result = sendBatch(transport, fiveItems(), { atomic: true });
      expect([...result.codes]).toEqual([0, EDPVS_EXIST, BATCH_SKIPPED, BATCH_SKIPPED, BATCH_SKIPPED]);
      expect(result).toMatchObject({ applied: 0, failed: 1, firstFailed: 1, committed: false });
      expect(ports(transport)).toEqual([]);
      const good = fiveItems().filter((_item, i) => i !== 1 && i !== 3);
      expect(sendBatch(transport, good, { atomic: true })).toMatchObject({ applied: 3, failed: 0, firstFailed: null, committed: true });
      expect(ports(transport)).toEqual([1, 2]);
    });

    it('say what they would do', (context) => {
      const { transport, batches } = subject();
      if (!batches) return context.skip();
      const good = fiveItems().filter((_item, i) => i !== 1 && i !== 3);
      expect(sendBatch(transport, good, { dryRun: true })).toMatchObject({ applied: 3, failed: 0, committed: false });
      expect(sendBatch(transport, fiveItems(), { dryRun: true })).toMatchObject({ failed: 1, firstFailed: 1, committed: false });
      expect(ports(transport)).toEqual([]);
    });

    it('are refused when the configuration is another one', (context) => {
      const { transport, batches } = subject();
      if (!batches) return context.skip();
      const generation = fetchInventory(transport, { wanted: {} }).generation ?? capabilities(transport).hello?.generation ?? 0n;
      const [item] = fiveItems();
      const items = item === undefined ? [] : [item];
      const stale = (): unknown => sendBatch(transport, items, { generation: generation + 1n });
      expect(stale).toThrow(expect.objectContaining({ code: EDPVS.EDPVS_BUSY }));
      expect(ports(transport)).toEqual([]);
      const result = sendBatch(transport, items, { generation });
      expect(result).toMatchObject({ applied: 1, committed: true });
      expect(result.generation).toBeGreaterThan(generation);
    });

    it('are not executed again when they are repeated', (context) => {
      const { transport, batches } = subject();
      if (!batches) return context.skip();
      const token = Uint8Array.from({ length: 16 }, () => Math.floor(Math.random() * 256));
      const items = recorded((to) => addService(to, serviceSpec('10.0.0.1', 5)));
      expect(sendBatch(transport, items, { token })).toMatchObject({ applied: 1, repeated: false });
      const again = sendBatch(transport, items, { token });
      expect(again).toMatchObject({ applied: 1, failed: 0, repeated: true });
      expect([...again.codes]).toEqual([0]);
      expect(ports(transport)).toEqual([5]);
    });

    it('are too large before they are sent', (context) => {
      const { transport, batches } = subject();
      const limits = batches ? capabilities(transport).limits : null;
      if (limits === null) return context.skip();
      const body = new Uint8Array(1 << 16);
      const items = Array.from({ length: Math.ceil(limits.maxBatchBytes / body.length) }, () => ({ id: MSG.DPVS_SO_SET_ADD, body }));
      expect(() => sendBatch(transport, items)).toThrow(BatchTooLargeError);
    });

    it('have no gets and no batches inside', (context) => {
      const { transport, batches } = subject();
      if (!batches) return context.skip();
      const items = [MSG.DPVS_SO_GET_INFO, MSG.DS_MSG_BATCH, 0x7fff_ffff].map((id) => ({ id, body: new Uint8Array(32) }));
      expect([...sendBatch(transport, items).codes]).toEqual(items.map(() => EDPVS.EDPVS_NOTSUPP));
    });
  });
}

/** Counters of all servers, of a list and a segment that belong together: servers of earlier tests may just be forgotten. */
function oneEpoch(transport: FdTransport, segment: StatSegment): { readonly counters: DestCounters[]; readonly generation: bigint | null } {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const { services, generation } = fetchInventory(transport, { wanted: { dests: true, more: true } });
    const stats = services.flatMap(({ destsMore }) => destsMore?.map(({ stat }) => stat) ?? []);
    expect(new Set(stats).size).toBe(5);
    const { epoch } = segment;
    segment.refresh();
    if (segment.epoch !== epoch) continue;
    const counters = stats.map((stat) => segment.findDest(stat)).filter((one) => one !== null);
    if (counters.length === stats.length) return { counters, generation };
  }
  throw new Error('the statistics change all the time');
}

function describeSegment(subject: () => Subject): void {
  describe('shared statistics', () => {
    it('have the counters of every server', (context) => {
      const { transport, segment: has } = subject();
      if (!has) {
        expect(() => StatSegment.open(transport)).toThrow(UnsupportedError);
        return context.skip();
      }
      configure(subject());
      const segment = StatSegment.open(transport);
      try {
        const { counters, generation } = oneEpoch(transport, segment);
        expect(segment.generation).toBe(generation);
        expect(segment.bootId).toBe(capabilities(transport).hello?.bootId);
        expect(counters).toHaveLength(5);
        for (const one of counters) expect(one).toMatchObject({ conns: 0n, inBytes: 0n, active: 0 });
        expect(segment.findDest(segment.dests)).toBeNull();
        expect(segment.workers().length).toBeGreaterThan(0);
        const { epoch } = segment;
        addDest(transport, serviceSpec('10.0.1.1', 443), destSpec('172.16.0.9', 8009));
        segment.refresh();
        expect(segment.epoch).toBeGreaterThan(epoch);
      } finally {
        segment.dispose();
      }
    });
  });
}

/** Runs the contract. `subject` gives the daemon, which is empty before each test afterwards. */
export function clientContract(subject: () => Subject): void {
  beforeEach(() => {
    flushServices(subject().transport);
  });
  describeLists(subject);
  describeBatches(subject);
  describeSegment(subject);
}
