// SPDX-License-Identifier: Apache-2.0
// Configurations of every kind that a daemon can have and a rule can say, for property tests.
import fc from 'fast-check';
import { encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import type { MemoryDaemon } from '../../support/extension-daemon';

type Service = DeepPartial<Structs['dp_vs_service_compat']>;
type Dest = DeepPartial<Structs['dp_vs_dest_compat']>;
type Match = DeepPartial<Structs['dp_vs_match']>;

export interface AnyService {
  readonly service: Service;
  readonly dests: readonly Dest[];
  readonly laddrs: readonly { readonly af: number; readonly addr: Uint8Array }[];
  /** Addresses and ipsets. */
  readonly deny: readonly (Uint8Array | string)[];
  readonly allow: readonly (Uint8Array | string)[];
}

const HOST_MASK = { 2: 0xffffffff, 10: 128 } as const;
type Af = keyof typeof HOST_MASK;

const af = fc.constantFrom<Af>(2, 10);

function address(family: number): fc.Arbitrary<Uint8Array> {
  const byte = fc.oneof(fc.constantFrom(0, 1, 255), fc.nat(255));
  return fc.array(byte, { minLength: 16, maxLength: 16 }).map((bytes) => {
    const all = Uint8Array.from(bytes, (value, i) => (family === 10 || i < 4 ? value : 0));
    // The any-address is no address.
    return all.every((value) => value === 0) ? all.with(0, 1) : all;
  });
}

const flag = (bit: number): fc.Arbitrary<number> => fc.constantFrom(0, bit);
/** As they are typed: without blanks, and without what parts the fields of a rule. */
const device = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9._@=-]{0,14}$/).filter((name) => name !== 'ipvsadm');
const ipset = fc.stringMatching(/^[\x21-\x7e]{1,31}$/);

const noCheck = { types: 0, dest_down_notice_num: 0, dest_up_notice_num: 0, dest_down_wait: 0, dest_inhibit_min: 0, dest_inhibit_max: 0 };
const u8 = fc.integer({ min: 1, max: 255 });
const check = fc
  .tuple(fc.nat(31), u8, u8, u8, fc.boolean(), fc.tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 })))
  .map(([types, down, up, wait, full, [a, b]]) => {
    if ((types & 1) === 0) return { ...noCheck, types };
    const short = { ...noCheck, types, dest_down_notice_num: down, dest_down_wait: wait };
    return full ? { ...short, dest_up_notice_num: up, dest_inhibit_min: Math.min(a, b), dest_inhibit_max: Math.max(a, b) } : short;
  });

function ipv4Mask(length: number): number {
  const bytes = [0, 1, 2, 3].map((i) => 0xff & ~(0xff >> Math.min(8, Math.max(0, length - 8 * i))));
  return ((bytes[3] ?? 0) * 2 ** 24 + ((bytes[2] ?? 0) << 16) + ((bytes[1] ?? 0) << 8) + (bytes[0] ?? 0)) >>> 0;
}

const range = (family: number): fc.Arbitrary<Match['srange']> =>
  fc.oneof(
    fc.constant({}),
    fc.record({ min_addr: address(family), max_addr: address(family), min_port: fc.nat(65535), max_port: fc.nat(65535) }),
  );

type Kind = 'address' | 'mark' | 'match';

function anyService(number: number): fc.Arbitrary<Service> {
  return fc
    .record({ af, kind: fc.constantFrom<Kind>('address', 'address', 'address', 'mark', 'match'), proto: fc.constantFrom(6, 17, 132, 1, 58), persistent: fc.boolean() })
    .chain(({ af: family, kind, proto: typed, persistent }) => {
      const proto = kind === 'mark' ? 6 : typed;
      return fc
        .record({
          addr: address(family),
          sched_name: fc.constantFrom('rr', 'wrr', 'wlc', 'mh', 'conhash', 'fo'),
          timeout: fc.integer({ min: 1, max: 2678400 }),
          prefix: fc.integer({ min: 1, max: family === 10 ? 128 : 32 }),
          flags: fc.tuple(flag(8), flag(0x10), flag(0x800), proto === 17 || kind === 'mark' ? flag(4) : fc.constant(0)),
          qid: fc.boolean(),
          conn_timeout: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2678400 })),
          proxy_protocol: fc.constantFrom(0, 1, 2, 0x11, 0x12),
          check_conf: check,
          port: persistent ? fc.nat(65535) : fc.integer({ min: 1, max: 65535 }),
          srange: range(family),
          drange: range(family),
          iifname: device,
          oifname: fc.oneof(fc.constant(''), device),
        })
        .map((any) => {
          const hash = any.sched_name !== 'conhash' ? 0 : any.qid && proto === 17 && kind !== 'mark' ? 0x200 : 0x100;
          const mask = family === 10 ? any.prefix : ipv4Mask(any.prefix);
          const base: Service = {
            af: family, proto, sched_name: any.sched_name, conn_timeout: any.conn_timeout, proxy_protocol: any.proxy_protocol, check_conf: any.check_conf,
            flags: any.flags.reduce((sum, bit) => sum | bit, persistent ? 1 : 0) | hash | 2,
            timeout: persistent ? any.timeout : 0, netmask: persistent ? mask : HOST_MASK[family],
          }; // prettier-ignore
          if (kind === 'mark') return { ...base, fwmark: 1 + number };
          if (kind === 'address') return { ...base, addr: any.addr, port: any.port };
          const match = { af: family, srange: any.srange, drange: any.drange, iifname: any.iifname, oifname: any.oifname };
          return { ...base, flags: (base.flags ?? 0) | 0x400, match };
        });
    });
}

function anyDest(service: Service): fc.Arbitrary<Dest> {
  return af.chain((family) =>
    fc
      .record({
        addr: address(family), port: fc.nat(65535), weight: fc.nat(65535), fwdmode: fc.constantFrom(0, 2, 3, 5, 6),
        limits: fc.tuple(fc.oneof(fc.constant(0), fc.nat(2147483647)), fc.oneof(fc.constant(0), fc.nat(2147483647))),
      }) // prettier-ignore
      .map(({ limits, fwdmode, port, ...rest }) => {
        // Direct routing and tunnels have the port of the service, unless that is a mark.
        const forced = (fwdmode === 2 || fwdmode === 3) && (service.fwmark ?? 0) === 0;
        return { af: family, ...rest, fwdmode, conn_flags: fwdmode, port: forced ? (service.port ?? 0) : port, max_conn: Math.max(...limits), min_conn: Math.min(...limits) };
      }),
  );
}

function anyEntry(number: number): fc.Arbitrary<AnyService> {
  return anyService(number).chain((service) =>
    fc.record({
      service: fc.constant(service),
      dests: fc.array(anyDest(service), { maxLength: 3 }),
      laddrs: fc.array(af.chain((family) => address(family).map((addr) => ({ af: family, addr }))), { maxLength: 2 }),
      deny: fc.array(fc.oneof(address(service.af ?? 2), ipset), { maxLength: 2 }),
      allow: fc.array(fc.oneof(address(service.af ?? 2), ipset), { maxLength: 2 }),
    }),
  );
}

export const anyConfiguration: fc.Arbitrary<readonly AnyService[]> = fc.nat(5).chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => anyEntry(i))));

/** Puts a configuration into a daemon; what is there twice is there once. */
export function build(daemon: MemoryDaemon, configuration: readonly AnyService[]): void {
  const set = (id: number, body: Buffer): void => {
    try {
      daemon.request(id, 'set', body);
    } catch {
      // The same address, mark or server came by chance a second time.
    }
  };
  for (const { service, dests, laddrs, deny, allow } of configuration) {
    set(MSG.DPVS_SO_SET_ADD, encode('dp_vs_service_compat', service));
    for (const dest of dests) set(MSG.DPVS_SO_SET_ADDDEST, encode('dp_vs_service_dest', { svc: service, dest }));
    const { af: family = 2, proto = 6, addr: vaddr, port = 0, fwmark = 0, match } = service;
    for (const laddr of laddrs) {
      // Each address is that of one device.
      const ifname = `dpdk${laddr.addr[0] ?? 0}`;
      set(MSG.SOCKOPT_SET_IFADDR_ADD, encode('inet_addr_param', { ifa_entry: { ...laddr, ifname, plen: laddr.af === 10 ? 128 : 32, flags: 0x10000 } }));
      const key = { af_s: family, proto, vport: port, fwmark, af_l: laddr.af, laddr: laddr.addr, ifname };
      set(MSG.SOCKOPT_SET_LADDR_ADD, encode('dp_vs_laddr_conf', { ...key, ...(vaddr === undefined ? {} : { vaddr }), ...(match === undefined ? {} : { match }) }));
    }
    for (const [id, entries] of [[MSG.SOCKOPT_SET_BLKLST_ADD, deny], [MSG.SOCKOPT_SET_WHTLST_ADD, allow]] as const) {
      for (const entry of entries) {
        const subject = typeof entry === 'string' ? { ipset: entry } : { subject: entry };
        set(id, encode('dp_vs_blklst_conf', { af: family, proto, vport: port, ...(vaddr === undefined ? {} : { vaddr }), ...subject }));
      }
    }
  }
  daemon.requests.length = 0;
}

/** What a daemon is configured with, in an order of its own. */
export function stateOf(daemon: MemoryDaemon): unknown {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const { services, acls } = daemon;
  return {
    services: services
      .map(({ service, dests, laddrs }) => ({
        service: hex(encode('dp_vs_service_compat', service)),
        dests: dests.map((dest) => hex(encode('dp_vs_dest_compat', dest))).sort(),
        laddrs: laddrs.map(({ af: family, addr, ifname }) => `${family} ${hex(addr)} ${ifname}`).sort(),
      }))
      .sort((a, b) => (a.service < b.service ? -1 : 1)),
    deny: acls.deny.map((entry) => hex(encode('dp_vs_blklst_conf', entry))).sort(),
    allow: acls.allow.map((entry) => hex(encode('dp_vs_blklst_conf', entry))).sort(),
    addresses: daemon.configuration.addresses.map((entry) => hex(encode('inet_addr_entry', entry))).sort(),
  };
}
