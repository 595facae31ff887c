// SPDX-License-Identifier: Apache-2.0
// What names a service: an address with a port, a firewall mark, or what its packets match.
import { AF_INET, anyAddress } from '../cli/parse/address';
import { hostMask } from '../cli/parse/netmask';
import { IPPROTO } from '../cli/parse/protocol';
import { isEmptyRange, parseRange, type AddressRange } from '../cli/parse/range';
import { filterOfService } from '../ipc/messages/filter';
import type { ServiceFilter } from '../ipc/messages/list';
import { svcFlags, type Match, type Service, type ServiceSpec } from '../ipc/messages/service';
import { addressOf, addressText, ArgumentError, familyName, familyOf, integerOf, MAX_U32, nameOf, portOf, protocolOf, protocolText, type Family, type Protocol } from './values'; // prettier-ignore

/** A service by its virtual address. */
export interface AddressKey {
  readonly protocol: Protocol;
  readonly address: string;
  /** 0: all ports, for persistent services. */
  readonly port: number;
}

/** A service by the mark that a firewall gives to packets. */
export interface MarkKey {
  /** From 1 on. */
  readonly fwmark: number;
  /** Default: ipv4. */
  readonly family?: Family | undefined;
}

/** A service by ranges and devices, for source NAT. At least one must be given. */
export interface MatchKey {
  readonly protocol: Protocol;
  readonly match: {
    /** Default: that of the ranges. */
    readonly family?: Family | undefined;
    /** 10.0.0.1-10.0.0.9:1024-2048 and parts of it; IPv6 in brackets: [2001:db8::1-2001:db8::9]:80. */
    readonly source?: string | undefined;
    readonly destination?: string | undefined;
    readonly inputDevice?: string | undefined;
    readonly outputDevice?: string | undefined;
  };
}

export type ServiceKey = AddressKey | MarkKey | MatchKey;

const IFNAME_BYTES = 16;
const ADDRESS_BYTES = 16;

function rangeOf(argument: string, text: string | undefined): AddressRange | null {
  if (text === undefined) return null;
  const range = parseRange(text);
  if (range === null) throw new ArgumentError(argument, 'a range ADDRESS[-ADDRESS][:PORT[-PORT]]', text);
  return range;
}

function matchOf({ family, source, destination, inputDevice, outputDevice }: MatchKey['match']): Match {
  const [src, dst] = [rangeOf('match.source', source), rangeOf('match.destination', destination)];
  const af = family === undefined ? (src?.af ?? dst?.af ?? AF_INET) : familyOf('match.family', family);
  for (const [argument, range] of [['match.source', src], ['match.destination', dst]] as const) {
    if (range !== null && range.af !== af) throw new ArgumentError(argument, `of family ${familyName(af)}`, argument === 'match.source' ? source : destination);
  }
  const any = anyAddress(af).bytes;
  const wire = (range: AddressRange | null): Match['srange'] => ({
    min_addr: range?.min ?? any, max_addr: range?.max ?? any, min_port: range?.minPort ?? 0, max_port: range?.maxPort ?? 0,
  }); // prettier-ignore
  const device = (argument: string, name: string | undefined): string => (name === undefined ? '' : nameOf(argument, name, IFNAME_BYTES));
  const match = { af, srange: wire(src), drange: wire(dst), iifname: device('match.inputDevice', inputDevice), oifname: device('match.outputDevice', outputDevice) };
  const empty = [src, dst].every((range) => range === null || isEmptyRange(range, af)) && match.iifname === '' && match.oifname === '';
  if (empty) throw new ArgumentError('match', 'of at least one address, port or device', JSON.stringify({ source, destination }));
  return match;
}

/** What names a service in requests. @throws ArgumentError */
export function keySpec(key: ServiceKey): ServiceSpec & { readonly af: number } {
  if ('fwmark' in key) {
    const af = familyOf('family', key.family ?? 'ipv4');
    return { af, proto: IPPROTO.tcp, fwmark: integerOf('fwmark', key.fwmark, 1, MAX_U32), netmask: hostMask(af) };
  }
  const proto = protocolOf(key.protocol);
  if ('match' in key) {
    const match = matchOf(key.match);
    return { af: match.af, proto, match, flags: svcFlags.IP_VS_SVC_F_MATCH, netmask: hostMask(match.af) };
  }
  const { af, bytes } = addressOf('address', key.address);
  return { af, proto, addr: bytes, port: portOf('port', key.port), netmask: hostMask(af) };
}

function rangeText(range: Match['srange'], af: number): string | undefined {
  const { min_addr: min, max_addr: max, min_port: minPort, max_port: maxPort } = range;
  if (isEmptyRange({ min, max, minPort, maxPort }, af)) return undefined;
  const addresses = `${addressText(af, min)}-${addressText(af, max)}`;
  return `${familyName(af) === 'ipv6' ? `[${addresses}]` : addresses}:${minPort}-${maxPort}`;
}

function matchKey({ af: serviceAf, proto, match }: Service): MatchKey {
  const af = match.af === 0 ? serviceAf : match.af;
  const named = (name: string): string | undefined => (name === '' ? undefined : name);
  return {
    protocol: protocolText(proto),
    match: {
      family: familyName(af),
      source: rangeText(match.srange, af),
      destination: rangeText(match.drange, af),
      inputDevice: named(match.iifname),
      outputDevice: named(match.oifname),
    },
  };
}

/** What names a service of a list. */
export function keyOf(service: Service): ServiceKey {
  const { af, proto, addr, port, fwmark, flags } = service;
  if (fwmark !== 0) return { fwmark, family: familyName(af) };
  if ((flags & svcFlags.IP_VS_SVC_F_MATCH) !== 0) return matchKey(service);
  if (port !== 0 || addr.some((byte) => byte !== 0)) return { protocol: protocolText(proto), address: addressText(af, addr), port };
  return matchKey(service);
}

/** A filter that lets a service through, and for addresses and marks no other. @throws ArgumentError */
export function keyFilter(key: ServiceKey): ServiceFilter {
  const { af, proto = 0, addr = new Uint8Array(ADDRESS_BYTES), port = 0, fwmark = 0 } = keySpec(key);
  return filterOfService({ af, proto, addr, port, fwmark });
}

/** A match to compare by: equal texts are equal matches. */
export function matchText(match: ServiceSpec['match']): string {
  return JSON.stringify(match, (_member, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
}
