// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../../../ipc/client';
import { ifaddrFlags, listAddresses, type AddressRecord } from '../../../ipc/messages/addr';
import { listNeighbours, neighFlags } from '../../../ipc/messages/neigh';
import { listRoutes4, listRoutes6, routeFlags } from '../../../ipc/messages/route';
import { AF_INET, AF_INET6, AF_UNSPEC, compareAddress, isAnyAddress, maskedAddress, type Family } from '../../parse/address';
import { formatIp } from '../../render/address';
import { scopeName as addressScope } from '../objects/addr';
import { scopeName as routeScope } from '../objects/route';
import { formatMac } from '../text';

type Entry = AddressRecord['ifa_entry'];

function addresses(transport: Transport): Entry[] {
  const { addresses: records } = listAddresses(transport, { af: AF_UNSPEC, ifname: '' }, { verbose: false, stats: false });
  return records.map(({ ifa_entry: entry }) => entry);
}

function lifetime(name: string, seconds: number): string {
  return seconds === 0 ? '' : ` ${name} ${seconds}`;
}

/** Replaced rather than added: link-local addresses are there from the start. */
export function* addressLines(transport: Transport): Generator<string> {
  for (const { af, addr, plen, ifname, scope, bcast, valid_lft: valid, prefered_lft: preferred, flags } of addresses(transport)) {
    const broadcast = af === AF_INET && !isAnyAddress(AF_INET, bcast) ? ` broadcast ${formatIp(af, bcast)}` : '';
    const pool = (flags & ifaddrFlags.IFA_F_SAPOOL) === 0 ? '' : ' sapool';
    yield `addr replace ${formatIp(af, addr)}/${plen} dev ${ifname}${broadcast} scope ${addressScope(scope)}${lifetime('valid_lft', valid)}${lifetime('preferred_lft', preferred)}${pool}`;
  }
}

/** Those that were set. */
export function* neighbourLines(transport: Transport): Generator<string> {
  const seen = new Set<string>();
  for (const { af, ip_addr: ip, eth_addr: mac, ifname, flag } of listNeighbours(transport, '')) {
    const line = `neigh replace ${formatIp(af, ip)} lladdr ${formatMac(mac.ether_addr_octet)} dev ${ifname}`;
    // Every lcore has them.
    if ((flag & neighFlags.NEIGHBOUR_STATIC) !== 0 && !seen.has(line)) yield line;
    seen.add(line);
  }
}

interface Route {
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: number;
  readonly dst: { readonly addr: Uint8Array; readonly plen: number };
  readonly src: { readonly addr: Uint8Array };
  readonly via: Uint8Array;
  readonly metric: number;
}

/** It came with an address, and so it will again. */
function isImplied(af: Family, { dst, ifname, via }: Route, own: readonly Entry[]): boolean {
  return (
    isAnyAddress(af, via) &&
    own.some(
      (entry) =>
        entry.af === af &&
        entry.ifname === ifname &&
        dst.plen >= entry.plen &&
        compareAddress(af, maskedAddress(af, entry.addr, dst.plen), maskedAddress(af, dst.addr, dst.plen)) === 0,
    )
  );
}

function routeLine(af: Family, { dst, ifname, via, src, mtu, metric, flags }: Route): string {
  const gateway = isAnyAddress(af, via) ? '' : ` via ${formatIp(af, via)}`;
  const scope = routeScope(flags, gateway !== '');
  const special = scope === 'host' || scope === 'kni_host' ? ` scope ${scope}` : '';
  const from = isAnyAddress(af, src.addr) ? '' : ` src ${formatIp(af, src.addr)}`;
  return `${af === AF_INET6 ? '-6 ' : ''}route add ${formatIp(af, dst.addr)}/${dst.plen}${gateway} dev ${ifname}${from}${mtu === 0 ? '' : ` mtu ${mtu}`}${metric === 0 ? '' : ` metric ${metric}`}${special}`;
}

/** Routes to networks on a device's link before those that have gateways there. */
export function* routeLines(transport: Transport): Generator<string> {
  const own = addresses(transport);
  const four: Route[] = listRoutes4(transport, '').map((route) => ({ ...route, via: route.gateway.addr }));
  const six: Route[] = listRoutes6(transport, { ifname: '', flags: routeFlags.RTF_FORWARD }).map((route) => ({ ...route, via: route.gateway, metric: 0 }));
  for (const [af, routes] of [[AF_INET, four], [AF_INET6, six]] as const) {
    const told = routes.filter((route) => !isImplied(af, route, own));
    for (const isDirect of [true, false]) {
      for (const route of told) if (isAnyAddress(af, route.via) === isDirect) yield routeLine(af, route);
    }
  }
}
