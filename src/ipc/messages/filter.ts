// SPDX-License-Identifier: Apache-2.0
// What of a list is wanted: sent to daemons that filter (struct ds_list_services, ds_list_conns), applied here for others.
import { af, ext, type DeepPartial, type Structs } from '../codec';
import type { Conn } from './conn';
import type { Dest } from './dest';
import type { Service } from './service';

/** An address with the number of its leading bits that count. */
export interface Prefix {
  /** 2 (IPv4) or 10 (IPv6). */
  readonly af: number;
  /** 16 bytes in network order; IPv4 in the first four. */
  readonly addr: Uint8Array;
  /** Bits, at most 32 or 128. */
  readonly plen: number;
}

/** Services that agree with all that is given; only those by address have vip and vport. With rs or rport only such servers, and services that have one. */
export interface ServiceFilter {
  readonly af?: number | undefined;
  readonly proto?: number | undefined;
  readonly vip?: Prefix | undefined;
  readonly vport?: number | undefined;
  readonly rs?: Prefix | undefined;
  readonly rport?: number | undefined;
  /** Name of a scheduler. */
  readonly sched?: string | undefined;
  /** 0: no service, for none has that mark. */
  readonly fwmark?: number | undefined;
}

/** Connections that agree with all that is given. */
export interface ConnFilter {
  /** Of the client's side. */
  readonly af?: number | undefined;
  readonly proto?: number | undefined;
  readonly client?: Prefix | undefined;
  readonly cport?: number | undefined;
  readonly vip?: Prefix | undefined;
  readonly vport?: number | undefined;
  readonly laddr?: Prefix | undefined;
  readonly lport?: number | undefined;
  readonly rs?: Prefix | undefined;
  readonly rport?: number | undefined;
  /** Name as connections are listed with, e.g. ESTABLISHED. */
  readonly state?: string | undefined;
  /** Id of an lcore. */
  readonly lcore?: number | undefined;
}

function bitsOf(pairs: readonly (readonly [value: unknown, bit: number])[]): number {
  return pairs.reduce((bits, [value, bit]) => (value === undefined ? bits : bits | bit), 0);
}

/** The members of struct ds_list_services that a filter fills. */
export function serviceFilterMembers(filter: ServiceFilter): DeepPartial<Structs['ds_list_services']> {
  const { af, proto, vip, vport, rs, rport, sched, fwmark } = filter;
  const bits = bitsOf([
    [af, ext.DS_FILTER_AF],
    [proto, ext.DS_FILTER_PROTO],
    [vip, ext.DS_FILTER_VIP],
    [vport, ext.DS_FILTER_VPORT],
    [rs, ext.DS_FILTER_RS],
    [rport, ext.DS_FILTER_RPORT],
    [sched, ext.DS_FILTER_SCHED],
    [fwmark, ext.DS_FILTER_FWMARK],
  ]);
  return { filter: bits, af, proto, vip, vport, rs, rport, sched_name: sched, fwmark };
}

/** The members of struct ds_list_conns that a filter fills. */
export function connFilterMembers(filter: ConnFilter): DeepPartial<Structs['ds_list_conns']> {
  const { af, proto, client, cport, vip, vport, laddr, lport, rs, rport, state, lcore } = filter;
  const bits = bitsOf([
    [af, ext.DS_FILTER_AF],
    [proto, ext.DS_FILTER_PROTO],
    [client, ext.DS_FILTER_CLIENT],
    [cport, ext.DS_FILTER_CPORT],
    [vip, ext.DS_FILTER_VIP],
    [vport, ext.DS_FILTER_VPORT],
    [laddr, ext.DS_FILTER_LADDR],
    [lport, ext.DS_FILTER_LPORT],
    [rs, ext.DS_FILTER_RS],
    [rport, ext.DS_FILTER_RPORT],
    [state, ext.DS_FILTER_STATE],
    [lcore, ext.DS_FILTER_LCORE],
  ]);
  return { filter: bits, af, proto, client, cport, vip, vport, laddr, lport, rs, rport, state, lcore };
}

/** True when an address lies in a prefix. */
export function inPrefix(prefix: Prefix, af: number, addr: Uint8Array): boolean {
  if (prefix.af !== af) return false;
  const whole = prefix.plen >> 3;
  for (let i = 0; i < whole; i += 1) if (prefix.addr[i] !== addr[i]) return false;
  const rest = prefix.plen & 7;
  return rest === 0 || (((prefix.addr[whole] ?? 0) ^ (addr[whole] ?? 0)) & (0xff << (8 - rest)) & 0xff) === 0;
}

function equals<T>(wanted: T | undefined, is: T): boolean {
  return wanted === undefined || wanted === is;
}

function within(wanted: Prefix | undefined, af: number, addr: Uint8Array): boolean {
  return wanted === undefined || inPrefix(wanted, af, addr);
}

/** What of a service a filter looks at; without a scheduler for whoever filters by none. */
type Selectable = Pick<Service, 'af' | 'proto' | 'addr' | 'port' | 'fwmark'> & { readonly sched_name?: string };

/** Services for firewall marks and matches have neither address nor port, whatever is asked for. */
function hasAddress({ fwmark, port, addr }: Selectable): boolean {
  return fwmark === 0 && (port !== 0 || addr.some((byte) => byte !== 0));
}

/** A filter that lets through a service and no other of its kind, except that all those by match pass together. */
export function filterOfService(service: Selectable): ServiceFilter {
  const { af: family, proto, addr, port, fwmark } = service;
  if (fwmark !== 0) return { af: family, proto, fwmark };
  if (!hasAddress(service)) return { af: family, proto };
  return { af: family, proto, vip: { af: family, addr, plen: family === af.AF_INET6 ? 128 : 32 }, vport: port };
}

/** What a filter says of a service; its servers are matchesDest's. */
export function matchesService(filter: ServiceFilter, service: Selectable): boolean {
  if ((filter.vip !== undefined || filter.vport !== undefined) && !hasAddress(service)) return false;
  return (
    equals(filter.af, service.af) &&
    equals(filter.proto, service.proto) &&
    equals(filter.vport, service.port) &&
    (filter.fwmark === undefined || (service.fwmark !== 0 && service.fwmark === filter.fwmark)) &&
    equals(filter.sched, service.sched_name) &&
    within(filter.vip, service.af, service.addr)
  );
}

/** True when a filter names servers. */
export function filtersDests(filter: ServiceFilter): boolean {
  return filter.rs !== undefined || filter.rport !== undefined;
}

export function matchesDest(filter: ServiceFilter, dest: Dest): boolean {
  return equals(filter.rport, dest.port) && within(filter.rs, dest.af, dest.addr);
}

export function matchesConn(filter: ConnFilter, conn: Conn): boolean {
  return (
    equals(filter.af, conn.in_af) &&
    equals(filter.proto, conn.proto) &&
    equals(filter.cport, conn.cport) &&
    equals(filter.vport, conn.vport) &&
    equals(filter.lport, conn.lport) &&
    equals(filter.rport, conn.dport) &&
    equals(filter.state, conn.state) &&
    equals(filter.lcore, conn.lcoreid) &&
    within(filter.client, conn.in_af, conn.caddr) &&
    within(filter.vip, conn.in_af, conn.vaddr) &&
    within(filter.laddr, conn.out_af, conn.laddr) &&
    within(filter.rs, conn.out_af, conn.daddr)
  );
}
