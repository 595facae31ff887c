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
export function sortServices(services: readonly Service[]): Service[] {
  return [...services].sort(
    (a, b) =>
      a.fwmark - b.fwmark ||
      a.af - b.af ||
      a.proto - b.proto ||
      ruleRank(a) - ruleRank(b) ||
      compareAddress(a.af, a.addr, b.addr) ||
      a.port - b.port,
  );
}

/** By family (IPv4 first), address and port; all ascending. */
export function sortDests(dests: readonly Dest[]): Dest[] {
  return [...dests].sort((a, b) => a.af - b.af || compareAddress(a.af, a.addr, b.addr) || a.port - b.port);
}
