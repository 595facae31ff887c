// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { decode, encode, MSG, sizeOf, type DeepPartial, type Structs } from '../codec';
import { elements } from './lists';
import type { ServiceSpec } from './service';

/** A local address of a service with its use. */
export type Laddr = Structs['dp_vs_laddr_entry'];

/** A local address as it is given to a service. */
export interface LocalAddress {
  readonly af: number;
  readonly addr: Uint8Array;
  /** Device that owns the address. */
  readonly ifname: string;
}

function serviceKey(service: ServiceSpec): DeepPartial<Structs['dp_vs_laddr_conf']> {
  const { proto, addr, port, fwmark, match } = service;
  return { af_s: service.af, proto, vaddr: addr, vport: port, fwmark, match };
}

function laddrRequest(service: ServiceSpec, local: LocalAddress): Buffer {
  const { addr, ifname } = local;
  return encode('dp_vs_laddr_conf', { ...serviceKey(service), af_l: local.af, laddr: addr, ifname });
}

/** @throws as Transport.request */
export function addLaddr(transport: Transport, service: ServiceSpec, local: LocalAddress): void {
  transport.request(MSG.SOCKOPT_SET_LADDR_ADD, 'set', laddrRequest(service, local));
}

/** @throws as Transport.request */
export function deleteLaddr(transport: Transport, service: ServiceSpec, local: LocalAddress): void {
  transport.request(MSG.SOCKOPT_SET_LADDR_DEL, 'set', laddrRequest(service, local));
}

/** Takes all local addresses from a service. @throws as Transport.request */
export function flushLaddrs(transport: Transport, service: ServiceSpec): void {
  transport.request(MSG.SOCKOPT_SET_LADDR_FLUSH, 'set', encode('dp_vs_laddr_conf', serviceKey(service)));
}

/** The local addresses of a service; `index` as in listServices. @throws as Transport.request, ShortReplyError */
export function listLaddrs(transport: Transport, service: ServiceSpec, index = 0): Laddr[] {
  const request = encode('dp_vs_laddr_conf', { ...serviceKey(service), index });
  const body = transport.request(MSG.SOCKOPT_GET_LADDR_GETALL, 'get', request);
  const { nladdrs } = decode('dp_vs_laddr_conf', body);
  return elements('dp_vs_laddr_entry', body, sizeOf.dp_vs_laddr_conf, nladdrs);
}
