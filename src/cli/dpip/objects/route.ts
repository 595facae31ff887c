// SPDX-License-Identifier: Apache-2.0
import {
  addRoute4,
  addRoute6,
  deleteRoute4,
  deleteRoute6,
  flushRoutes4,
  flushRoutes6,
  listRoutes4,
  listRoutes6,
  routeFlags,
  setRoute4,
  type Route4,
  type Route4Spec,
  type Route6,
  type Route6Spec,
} from '../../../ipc/messages/route';
import { DaemonError, type Transport } from '../../../ipc/client';
import { listNeighbours, type Neighbour } from '../../../ipc/messages/neigh';
import { addressBits, AF_INET, AF_INET6, AF_UNSPEC, anyAddress, compareAddress, isAnyAddress, maskedAddress, parseIp, type Family, type IpAddress } from '../../parse/address';
import { formatIp } from '../../render/address';
import { CommandError, invalid, notSupported } from '../errors';
import { flag, free, key, required, unknownArgument, verb, type Call, type ObjectSpec, type Parse, type Values } from '../grammar';
import type { AnyFamily } from '../options';
import { renderNeighbour } from './neigh';
import { address, addressError, ifname, numberIn, oneOf, prefixOf, U32_MAX, type Prefix } from '../values';

const { RTF_FORWARD, RTF_KNI, RTF_LOCALIN } = routeFlags;
const MAX_MTU = 65535;

type Scope = 'host' | 'kni_host' | 'link' | 'global';

/** Bits for each scope; the daemon derives link and global from the gateway. */
const SCOPE_FLAGS: Readonly<Record<Scope, number>> = { host: RTF_LOCALIN, kni_host: RTF_KNI, link: 0, global: 0 };

/** "default" has no family of its own. */
type Destination = Prefix | 'default';

const destination: Parse<Destination> = (text, { options }) =>
  text === 'default' ? 'default' : prefixOf(text, options.family);

/** Of a list, where every other word is one without a place. */
const shownPrefix: Parse<Destination> = (text, context) => {
  if (text !== 'default' && parseIp(text.replace(/\/.*/, '')) === null) throw unknownArgument(text);
  return destination(text, context);
};

/** Taken for the sake of scripts; neither daemon nor request has a place for it. */
const ignored: Parse<string> = (text) => text;

const CHANGE_ARGS = {
  prefix: required(free('PREFIX', destination), 'missing prefix'),
  via: key('GW', address),
  dev: key('IF', ifname),
  src: key('ADDR', address),
  mtu: key('N', numberIn('mtu', 0, MAX_MTU)),
  metric: key('N', numberIn('metric', 0, U32_MAX)),
  scope: key('host|kni_host|link|global', oneOf('scope', { host: 'host', kni_host: 'kni_host', link: 'link', global: 'global' } as const)),
  local: flag(),
  onlink: flag(),
  tos: key('X', ignored),
  proto: key('X', ignored),
};

type Change = Values<typeof CHANGE_ARGS>;

/** The family of a route: as asked for, else that of its addresses, IPv4 when none tells. */
function familyOf(values: Change, asked: AnyFamily): Family {
  if (asked !== AF_UNSPEC) return asked;
  if (values.prefix !== 'default') return values.prefix.af;
  return values.via?.af ?? values.src?.af ?? AF_INET;
}

function sameFamily(of: IpAddress | undefined, af: Family): IpAddress {
  if (of === undefined) return anyAddress(af);
  if (of.af !== af) throw invalid([addressError(af, formatIp(of.af, of.bytes)), 'invalid family.']);
  return of;
}

/** Length 0 is the default route, whatever address stands before it. */
function targetOf(to: Destination, af: Family): { addr: Uint8Array; plen: number } {
  if (to === 'default' || to.plen === 0) return { addr: anyAddress(af).bytes, plen: 0 };
  return { addr: to.bytes, plen: to.plen ?? addressBits(af) };
}

function flagsOf(values: Change): number {
  const scope = SCOPE_FLAGS[values.scope ?? 'global'];
  return values.local === true ? scope | RTF_LOCALIN : scope;
}

function route4Of(values: Change): Route4Spec {
  const stray = (['onlink', 'tos', 'proto'] as const).find((name) => values[name] !== undefined);
  if (stray !== undefined) throw unknownArgument(stray);
  return {
    af: AF_INET,
    mtu: values.mtu ?? 0,
    flags: flagsOf(values) | RTF_FORWARD,
    metric: values.metric ?? 0,
    dst: targetOf(values.prefix, AF_INET),
    src: { addr: sameFamily(values.src, AF_INET).bytes },
    gateway: { addr: sameFamily(values.via, AF_INET).bytes },
    ifname: values.dev ?? '',
  };
}

function route6Of(values: Change): Route6Spec {
  return {
    dst: targetOf(values.prefix, AF_INET6),
    src: { addr: sameFamily(values.src, AF_INET6).bytes },
    ifname: values.dev ?? '',
    gateway: sameFamily(values.via, AF_INET6).bytes,
    mtu: values.mtu ?? 0,
    flags: flagsOf(values) || RTF_FORWARD,
  };
}

/** Shape that both listings and requests have; absent members are zero. */
interface Line4 {
  readonly flags?: number | undefined;
  readonly mtu?: number | undefined;
  readonly metric?: number | undefined;
  readonly dst?: { readonly addr?: Uint8Array | undefined; readonly plen?: number | undefined } | undefined;
  readonly src?: { readonly addr?: Uint8Array | undefined } | undefined;
  readonly gateway?: { readonly addr?: Uint8Array | undefined } | undefined;
  readonly ifname?: string | undefined;
}

type Line6 = Omit<Line4, 'gateway' | 'metric'> & { readonly gateway?: Uint8Array | undefined };

const NONE4 = anyAddress(AF_INET).bytes;
const NONE6 = anyAddress(AF_INET6).bytes;

export function scopeName(flags: number, hasGateway: boolean): Scope {
  if ((flags & RTF_LOCALIN) !== 0) return 'host';
  if ((flags & RTF_KNI) !== 0) return 'kni_host';
  return hasGateway ? 'global' : 'link';
}

/** One line, always with all fields; tos and proto are constants, the space at the end has always been there. */
export function renderRoute4(route: Line4): string {
  const gateway = route.gateway?.addr ?? NONE4;
  const scope = scopeName(route.flags ?? 0, !isAnyAddress(AF_INET, gateway));
  return (
    `inet ${formatIp(AF_INET, route.dst?.addr ?? NONE4)}/${route.dst?.plen ?? 0}` +
    ` via ${formatIp(AF_INET, gateway)} src ${formatIp(AF_INET, route.src?.addr ?? NONE4)} dev ${route.ifname ?? ''}` +
    ` mtu ${route.mtu ?? 0} tos 0 scope ${scope} metric ${route.metric ?? 0} proto auto \n`
  );
}

/** One line with the fields that are set. */
export function renderRoute6(route: Line6): string {
  const dst = route.dst?.addr ?? NONE6;
  const plen = route.dst?.plen ?? 0;
  const src = route.src?.addr ?? NONE6;
  const gateway = route.gateway ?? NONE6;
  const hasGateway = !isAnyAddress(AF_INET6, gateway);
  const target = plen === 0 && isAnyAddress(AF_INET6, dst) ? 'default' : `${formatIp(AF_INET6, dst)}/${plen}`;
  const via = hasGateway ? ` via ${formatIp(AF_INET6, gateway)}` : '';
  const from = isAnyAddress(AF_INET6, src) ? '' : ` src ${formatIp(AF_INET6, src)}`;
  const mtu = (route.mtu ?? 0) === 0 ? '' : ` mtu ${route.mtu}`;
  return `inet6 ${target}${via}${from} dev ${route.ifname ?? ''}${mtu} scope ${scopeName(route.flags ?? 0, hasGateway)}\n`;
}

interface Target {
  readonly dst: { readonly addr: Uint8Array; readonly plen: number };
}

/** Only the route of this very prefix, if one is asked for. */
function isWanted({ dst }: Target, only: Destination | undefined, af: Family): boolean {
  if (only === undefined) return true;
  const { addr, plen } = targetOf(only, af);
  return dst.plen === plen && compareAddress(af, maskedAddress(af, dst.addr, plen), maskedAddress(af, addr, plen)) === 0;
}

function show({ dev: device = '', prefix: only }: { readonly dev: string | undefined; readonly prefix: Destination | undefined }, { options, io, list }: Call): number {
  if (options.family === AF_INET6 || (only !== undefined && only !== 'default' && only.af === AF_INET6)) {
    const routes: Route6[] = listRoutes6(io.transport(), { ifname: device, flags: RTF_FORWARD });
    for (const route of routes) if (isWanted(route, only, AF_INET6)) list.record('route6', route, () => renderRoute6(route));
    return 0;
  }
  const routes: Route4[] = listRoutes4(io.transport(), device);
  for (const route of routes) if (isWanted(route, only, AF_INET)) list.record('route4', route, () => renderRoute4(route));
  return 0;
}

/** The route that a packet to an address takes: the longest prefix, then the smallest metric, then the first. */
function bestOf<R extends Target>(routes: readonly R[], to: IpAddress, metricOf: (route: R) => number): R {
  const holds = ({ dst }: R): boolean =>
    compareAddress(to.af, maskedAddress(to.af, dst.addr, dst.plen), maskedAddress(to.af, to.bytes, dst.plen)) === 0;
  const best = routes.filter(holds).reduce<R | undefined>((found, route) => {
    if (found === undefined || route.dst.plen > found.dst.plen) return route;
    return route.dst.plen === found.dst.plen && metricOf(route) < metricOf(found) ? route : found;
  }, undefined);
  if (best === undefined) throw new CommandError('not exist', { detail: [`no route to ${formatIp(to.af, to.bytes)}`] });
  return best;
}

interface Hop {
  readonly ifname: string;
  readonly gateway: Uint8Array;
}

/** A device may have none, and then some daemons say that it is not there. */
function neighboursOf(transport: Transport, dev: string): Neighbour[] {
  try {
    return listNeighbours(transport, dev);
  } catch (error) {
    if (error instanceof DaemonError) return [];
    throw error;
  }
}

/** The neighbour that gets the packet, as `neigh show` has it; nothing while it is not known. */
function showNeighbour(to: IpAddress, { ifname: dev, gateway }: Hop, { io, list }: Call): void {
  if (!list.isText) return;
  const next = isAnyAddress(to.af, gateway) ? to.bytes : gateway;
  const found = neighboursOf(io.transport(), dev).find(({ af, ip_addr: ip, ifname }) => af === to.af && ifname === dev && compareAddress(af, ip, next) === 0);
  if (found !== undefined) io.stdout.write(renderNeighbour(found));
}

type Send4 = typeof addRoute4;
type Send6 = typeof addRoute6;

/** @param send6 absent: IPv6 has no such operation */
function change(values: Change, { options, io }: Call, send4: Send4, send6: Send6 | undefined): number {
  if (familyOf(values, options.family) === AF_INET) {
    const route = route4Of(values);
    if (options.verbose) io.stdout.write(renderRoute4(route));
    send4(io.transport(), route);
    return 0;
  }
  if (send6 === undefined) throw notSupported();
  const route = route6Of(values);
  if (options.verbose) io.stdout.write(renderRoute6(route));
  send6(io.transport(), route);
  return 0;
}

const USAGE_6 = '[onlink] [tos X] [proto X]: with -6 only, without effect';
const options = '[-6] [-v]';

export const route: ObjectSpec = {
  name: 'route',
  summary: 'routes, those of IPv6 with -6',
  verbs: {
    show: verb({ args: { prefix: free('PREFIX', shownPrefix), dev: key('IF', ifname) }, options: '[-6]', run: show }),
    add: verb({ args: CHANGE_ARGS, options, run: (values, call) => change(values, call, addRoute4, addRoute6) }),
    del: verb({ args: CHANGE_ARGS, options, run: (values, call) => change(values, call, deleteRoute4, deleteRoute6) }),
    set: verb({ args: CHANGE_ARGS, options: '[-v]', run: (values, call) => change(values, call, setRoute4, undefined) }),
    get: verb({
      args: { address: required(free('ADDR', address), 'missing address') },
      run: ({ address: to }, call) => {
        const { io, list } = call;
        const transport = io.transport();
        if (to.af === AF_INET6) {
          const best = bestOf(listRoutes6(transport, { ifname: '', flags: RTF_FORWARD }), to, () => 0);
          list.record('route6', best, () => renderRoute6(best));
          showNeighbour(to, best, call);
          return 0;
        }
        const best = bestOf(listRoutes4(transport, ''), to, ({ metric }) => metric);
        list.record('route4', best, () => renderRoute4(best));
        showNeighbour(to, { ifname: best.ifname, gateway: best.gateway.addr }, call);
        return 0;
      },
    }),
    flush: verb({
      args: { dev: required(key('IF', ifname), 'no device specified') },
      options: '[-6]',
      run: (values, { options: { family }, io }) => {
        if (family === AF_INET6) flushRoutes6(io.transport(), { ifname: values.dev, flags: RTF_FORWARD });
        else flushRoutes4(io.transport(), values.dev);
        return 0;
      },
    }),
  },
  notes: [
    'get           the route that a packet to ADDR takes, and the neighbour that it goes to',
    'PREFIX        ADDR[/PLEN] or default; 0.0.0.0/0 and ::/0 are the default route too',
    'local         the same as scope host: packets to PREFIX are for this machine',
    USAGE_6,
    '-6            not needed when PREFIX or GW is an IPv6 address',
    '-v            print the route before it is sent',
  ],
};
