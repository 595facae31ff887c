// SPDX-License-Identifier: Apache-2.0
import type { Dest } from '../../ipc/messages/dest';
import type { Service } from '../../ipc/messages/service';
import { compareAddress } from '../parse/address';
import { serviceKind } from './service-text';

/** 0 for services with an address, 1 for rules, which have none and follow those of their protocol. */
function ruleRank(service: Service): number {
  return serviceKind(service) === 'match' ? 1 : 0;
}

/** By mark, family, protocol, address and port; all ascending. */
function compareServices(a: Service, b: Service): number {
  return (
    a.fwmark - b.fwmark ||
    a.af - b.af ||
    a.proto - b.proto ||
    ruleRank(a) - ruleRank(b) ||
    compareAddress(a.af, a.addr, b.addr) ||
    a.port - b.port
  );
}

/** Things that are about services, in the order of lists. */
export function sortServices<T extends { readonly service: Service }>(entries: readonly T[]): T[] {
  return [...entries].sort((a, b) => compareServices(a.service, b.service));
}

/** By family (IPv4 first), address and port; all ascending. */
function compareDests(a: Dest, b: Dest): number {
  return a.af - b.af || compareAddress(a.af, a.addr, b.addr) || a.port - b.port;
}

/** Indexes of servers in the order of lists; null when they are in it. */
export function destOrder(dests: readonly Dest[]): number[] | null {
  const isSorted = dests.every((dest, i) => i === 0 || compareDests(dests[i - 1] as Dest, dest) <= 0);
  if (isSorted) return null;
  return [...dests.keys()].sort((a, b) => compareDests(dests[a] as Dest, dests[b] as Dest));
}
