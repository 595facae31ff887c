// SPDX-License-Identifier: Apache-2.0
// Devices, addresses, routes and neighbours: what dpip shows and changes.
import { AF_INET6, anyAddress, isAnyAddress, type Family as WireFamily } from '../cli/parse/address';
import type { Transport } from '../ipc/client';
import { addAddress, deleteAddress, ifaddrFlags, listAddresses, type AddressSpec } from '../ipc/messages/addr';
import { getLink, getLinkStats, listLinks } from '../ipc/messages/link';
import { addNeighbour, deleteNeighbour, listNeighbours, neighFlags, neighState, type NeighbourSpec } from '../ipc/messages/neigh';
import { addRoute4, addRoute6, deleteRoute4, deleteRoute6, listRoutes4, listRoutes6, routeFlags, type Route4Spec, type Route6Spec } from '../ipc/messages/route'; // prettier-ignore
import { addressOf, addressText, ArgumentError, choiceOf, familyName, integerOf, MAX_U16, nameOf, prefixOf, prefixText, type Family } from './values';

/** A device and what passed it. */
export interface Link {
  readonly name: string;
  readonly id: number;
  /** Ethernet address. */
  readonly mac: string;
  readonly up: boolean;
  readonly mtu: number;
  /** Megabits per second; 0: unknown. */
  readonly speed: number;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  /** Packets lost because no worker came for them. */
  readonly missed: bigint;
  readonly inErrors: bigint;
  readonly outErrors: bigint;
}

export interface DeviceAddress {
  /** ADDRESS/BITS; whole addresses need no bits in requests. */
  readonly address: string;
  readonly device: string;
  /** It has a pool of ports for FullNAT. Default: false. */
  readonly portPool?: boolean | undefined;
}

export type RouteScope = 'global' | 'host' | 'kernel';

export interface Route {
  /** ADDRESS/BITS. */
  readonly destination: string;
  readonly device: string;
  /** null: the destination is on the link. */
  readonly gateway?: string | null | undefined;
  /** Source of packets that the balancer sends itself; null: chosen by device. */
  readonly source?: string | null | undefined;
  /** Bytes; 0: that of the device. */
  readonly mtu?: number | undefined;
  /** global: to others; host: to this machine; kernel: to the kernel of this machine. Default: global. */
  readonly scope?: RouteScope | undefined;
}

export interface NeighbourEntry {
  readonly address: string;
  /** Ethernet address; null: not known yet. */
  readonly mac: string | null;
  readonly device: string;
  readonly static: boolean;
}

const IFNAME_BYTES = 16;
const PLAIN = { verbose: false, stats: false };
const { RTF_FORWARD, RTF_LOCALIN, RTF_KNI } = routeFlags;
const SCOPES: Readonly<Record<RouteScope, number>> = { global: 0, host: RTF_LOCALIN, kernel: RTF_KNI };

export function links(transport: Transport): Link[] {
  return listLinks(transport).map(({ name, id }) => {
    const basic = getLink(transport, name);
    const stats = getLinkStats(transport, name);
    return {
      name, id, mac: basic.addr, up: basic.link_status === 'UP', mtu: basic.mtu, speed: basic.link_speed,
      inPackets: stats.ipackets, outPackets: stats.opackets, inBytes: stats.ibytes, outBytes: stats.obytes,
      missed: stats.imissed, inErrors: stats.ierrors, outErrors: stats.oerrors,
    }; // prettier-ignore
  });
}

export function addresses(transport: Transport, device?: string): DeviceAddress[] {
  const ifname = device === undefined ? '' : nameOf('device', device, IFNAME_BYTES);
  return listAddresses(transport, { ifname }, PLAIN).addresses.map(({ ifa_entry: { af, addr, plen, ifname: name, flags } }) => ({
    address: prefixText({ af, addr, plen }),
    device: name,
    portPool: (flags & ifaddrFlags.IFA_F_SAPOOL) !== 0,
  }));
}

/** @throws ArgumentError */
export function addressSpec({ address, device, portPool = false }: DeviceAddress): AddressSpec {
  const { af, addr, plen } = prefixOf('address', address);
  return { af, addr, plen, ifname: nameOf('device', device, IFNAME_BYTES), flags: portPool ? ifaddrFlags.IFA_F_SAPOOL : 0 };
}

export { addAddress, deleteAddress };

function optional(af: WireFamily, bytes: Uint8Array): string | null {
  return isAnyAddress(af, bytes) ? null : addressText(af, bytes);
}

function scopeOf(flags: number): RouteScope {
  if ((flags & RTF_LOCALIN) !== 0) return 'host';
  return (flags & RTF_KNI) === 0 ? 'global' : 'kernel';
}

function routes4(transport: Transport, device: string): Route[] {
  return listRoutes4(transport, device).map(({ dst, gateway, src, ifname, mtu, flags }) => ({
    destination: prefixText({ af: 2, addr: dst.addr, plen: dst.plen }),
    device: ifname,
    gateway: optional(2, gateway.addr),
    source: optional(2, src.addr),
    mtu,
    scope: scopeOf(flags),
  }));
}

function routes6(transport: Transport, device: string): Route[] {
  return listRoutes6(transport, { ifname: device, flags: RTF_FORWARD }).map(({ dst, gateway, src, ifname, mtu, flags }) => ({
    destination: prefixText({ af: AF_INET6, addr: dst.addr, plen: dst.plen }),
    device: ifname,
    gateway: optional(AF_INET6, gateway),
    source: optional(AF_INET6, src.addr),
    mtu,
    scope: scopeOf(flags),
  }));
}

export function routes(transport: Transport, family: Family, device?: string): Route[] {
  const ifname = device === undefined ? '' : nameOf('device', device, IFNAME_BYTES);
  return family === 'ipv6' ? routes6(transport, ifname) : routes4(transport, ifname);
}

function sameFamily(argument: string, text: string | null | undefined, af: WireFamily): Uint8Array {
  if (text === undefined || text === null) return anyAddress(af).bytes;
  const address = addressOf(argument, text);
  if (address.af !== af) throw new ArgumentError(argument, `an ${familyName(af)} address like the destination`, text);
  return address.bytes;
}

interface RouteParts {
  readonly af: WireFamily;
  readonly dst: { readonly addr: Uint8Array; readonly plen: number };
  readonly gateway: Uint8Array;
  readonly src: { readonly addr: Uint8Array };
  readonly ifname: string;
  readonly mtu: number;
  /** Flags of its scope. */
  readonly scope: number;
}

function routeParts({ destination, device, gateway, source, mtu = 0, scope = 'global' }: Route): RouteParts {
  const { af: family, addr, plen } = prefixOf('destination', destination);
  const af = family as WireFamily;
  return {
    af,
    dst: { addr, plen },
    gateway: sameFamily('gateway', gateway, af),
    src: { addr: sameFamily('source', source, af) },
    ifname: nameOf('device', device, IFNAME_BYTES),
    mtu: integerOf('mtu', mtu, 0, MAX_U16),
    scope: choiceOf('scope', scope, SCOPES),
  };
}

/** Sends a route with the function for its family. @throws ArgumentError */
export function changeRoute(transport: Transport, route: Route, action: 'add' | 'delete'): void {
  const { af, dst, gateway, src, ifname, mtu, scope } = routeParts(route);
  if (af === AF_INET6) {
    const spec: Route6Spec = { dst, gateway, src, ifname, mtu, flags: scope || RTF_FORWARD };
    (action === 'add' ? addRoute6 : deleteRoute6)(transport, spec);
    return;
  }
  const spec: Route4Spec = { af, dst, gateway: { addr: gateway }, src, ifname, mtu, flags: scope | RTF_FORWARD };
  (action === 'add' ? addRoute4 : deleteRoute4)(transport, spec);
}

const hexPair = (byte: number): string => byte.toString(16).padStart(2, '0');

/** Each neighbour once, though every lcore may know it. */
export function neighbours(transport: Transport, device?: string): NeighbourEntry[] {
  const ifname = device === undefined ? '' : nameOf('device', device, IFNAME_BYTES);
  const found = new Map<string, NeighbourEntry>();
  for (const entry of listNeighbours(transport, ifname)) {
    const address = addressText(entry.af, entry.ip_addr);
    const mac = entry.state < neighState.DPVS_NUD_S_REACHABLE ? null : [...entry.eth_addr.ether_addr_octet].map(hexPair).join(':');
    const name = `${entry.ifname} ${address}`;
    const known = found.get(name);
    const isStatic = (entry.flag & neighFlags.NEIGHBOUR_STATIC) !== 0;
    found.set(name, { address, mac: mac ?? known?.mac ?? null, device: entry.ifname, static: isStatic || known?.static === true });
  }
  return [...found.values()];
}

/** @throws ArgumentError */
export function neighbourSpec({ address, mac, device }: { readonly address: string; readonly mac?: string; readonly device: string }): NeighbourSpec {
  const { af, bytes } = addressOf('address', address);
  const octets = /^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(mac ?? '0:0:0:0:0:0') ? (mac ?? '0:0:0:0:0:0').split(':') : null;
  if (octets === null) throw new ArgumentError('mac', 'six hexadecimal numbers separated by colons', mac);
  return {
    af,
    ip_addr: bytes,
    eth_addr: { ether_addr_octet: Uint8Array.from(octets, (octet) => Number.parseInt(octet, 16)) },
    ifname: nameOf('device', device, IFNAME_BYTES),
  };
}

export { addNeighbour, deleteNeighbour };
