// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import {
  af,
  decode,
  decodeArray,
  encode,
  ifaddrFlags,
  ifaddrOps,
  MSG,
  sizeOf,
  type DeepPartial,
  type Structs,
} from '../codec';
import type { ServiceSpec } from './service';

/** A local address of a service with its use. */
export type Laddr = Structs['dp_vs_laddr_entry'];

/** A local address as it is configured on a device. */
export interface PoolAddress {
  readonly af: number;
  readonly addr: Uint8Array;
  /** Device that owns the address. */
  readonly ifname: string;
}

function serviceKey(service: ServiceSpec): DeepPartial<Structs['dp_vs_laddr_conf']> {
  const { proto, addr, port, fwmark, match } = service;
  return { af_s: service.af, proto, vaddr: addr, vport: port, fwmark, match };
}

function laddrRequest(service: ServiceSpec, local: PoolAddress): Buffer {
  const { addr, ifname } = local;
  return encode('dp_vs_laddr_conf', { ...serviceKey(service), af_l: local.af, laddr: addr, ifname });
}

/** @throws as Transport.request */
export function addLaddr(transport: Transport, service: ServiceSpec, local: PoolAddress): void {
  transport.request(MSG.SOCKOPT_SET_LADDR_ADD, 'set', laddrRequest(service, local));
}

/** @throws as Transport.request */
export function deleteLaddr(transport: Transport, service: ServiceSpec, local: PoolAddress): void {
  transport.request(MSG.SOCKOPT_SET_LADDR_DEL, 'set', laddrRequest(service, local));
}

/** The local addresses of a service; `index` as in listServices. @throws as Transport.request, ShortReplyError */
export function listLaddrs(transport: Transport, service: ServiceSpec, index = 0): Laddr[] {
  const request = encode('dp_vs_laddr_conf', { ...serviceKey(service), index });
  const body = transport.request(MSG.SOCKOPT_GET_LADDR_GETALL, 'get', request);
  const { nladdrs } = decode('dp_vs_laddr_conf', body);
  return decodeArray('dp_vs_laddr_entry', body, sizeOf.dp_vs_laddr_conf, nladdrs);
}

/** The address as a host prefix with a pool of ports, which is what a service needs of its local addresses. */
function ifaddrRequest(ops: number, local: PoolAddress): Buffer {
  const { addr, ifname } = local;
  const plen = local.af === af.AF_INET6 ? 128 : 32;
  const entry = { af: local.af, addr, ifname, plen, flags: ifaddrFlags.IFA_F_SAPOOL };
  return encode('inet_addr_param', { ifa_ops: ops, ifa_entry: entry });
}

/** Puts a local address on its device. @throws as Transport.request */
export function addPoolAddress(transport: Transport, local: PoolAddress): void {
  transport.request(MSG.SOCKOPT_SET_IFADDR_ADD, 'set', ifaddrRequest(ifaddrOps.INET_ADDR_ADD, local));
}

/** Takes a local address from its device. @throws as Transport.request */
export function deletePoolAddress(transport: Transport, local: PoolAddress): void {
  transport.request(MSG.SOCKOPT_SET_IFADDR_DEL, 'set', ifaddrRequest(ifaddrOps.INET_ADDR_DEL, local));
}

/** All addresses with their devices, which the lists of local addresses do not name. @throws as Transport.request, ShortReplyError */
export function listPoolAddresses(transport: Transport): PoolAddress[] {
  const request = encode('inet_addr_param', { ifa_ops: ifaddrOps.INET_ADDR_GET, ifa_entry: { af: af.AF_INET } });
  const body = transport.request(MSG.SOCKOPT_GET_IFADDR_SHOW, 'get', request);
  const { naddr } = decode('inet_addr_data_array', body);
  const entries = decodeArray('inet_addr_data', body, sizeOf.inet_addr_data_array, naddr);
  return entries.map(({ ifa_entry }) => ({ af: ifa_entry.af, addr: ifa_entry.addr, ifname: ifa_entry.ifname }));
}
