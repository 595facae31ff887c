// SPDX-License-Identifier: Apache-2.0
// The rule of a SNAT service as it is typed and as it is printed.
import type { Match, ServiceSpec } from '../../ipc/messages/service';
import { AF_INET, AF_INET6, AF_UNSPEC, anyAddress, type Family } from '../parse/address';
import { protocolName, protocolNumber } from '../parse/protocol';
import { isEmptyRange, parseRange, type AddressRange } from '../parse/range';
import { formatIp } from '../render/address';
import { printable } from '../render/text';

export interface MatchRule {
  readonly af: Family;
  readonly proto: number;
  readonly match: Match;
}

export type WireRange = Match['srange'];

const MAX_TEXT = 255;
/** Names travel in 16 bytes with a NUL. */
const IFNAME = /^[\x21-\x7e]{1,15}$/;
const FAMILIES: Readonly<Record<string, Family | undefined>> = { ipv4: AF_INET, ipv6: AF_INET6 };

/** Fields as they are collected; undefined: not given, or given without a value. */
interface Fields {
  proto?: number;
  af?: Family;
  src?: AddressRange;
  dst?: AddressRange;
  iif?: string;
  oif?: string;
}

function setField(fields: Fields, key: string, value: string): boolean {
  const known = ['proto', 'af', 'src-range', 'dst-range', 'iif', 'oif'].includes(key);
  if (!known || value === '') return known;
  switch (key) {
    case 'proto': {
      const proto = protocolNumber(value);
      if (proto === null) return false;
      fields.proto = proto;
      return true;
    }
    case 'af': {
      const af = FAMILIES[value];
      if (af === undefined) return false;
      fields.af = af;
      return true;
    }
    case 'src-range':
    case 'dst-range': {
      const range = parseRange(value);
      if (range === null) return false;
      fields[key === 'src-range' ? 'src' : 'dst'] = range;
      return true;
    }
    default:
      if (!IFNAME.test(value)) return false;
      fields[key === 'iif' ? 'iif' : 'oif'] = value;
      return true;
  }
}

function wireRange(range: AddressRange | undefined, af: Family): WireRange {
  const any = anyAddress(af).bytes;
  if (range === undefined) return { min_addr: any, max_addr: any, min_port: 0, max_port: 0 };
  return { min_addr: range.min, max_addr: range.max, min_port: range.minPort, max_port: range.maxPort };
}

/**
 * Parses proto=...,af=...,src-range=...,dst-range=...,iif=...,oif=... in any order. The protocol is needed, and a range
 * or af, which say the family; both ranges must be of it.
 * @returns null for anything else
 */
export function parseMatch(text: string): MatchRule | null {
  if (text.length > MAX_TEXT) return null;
  const fields: Fields = {};
  for (const item of text.split(',')) {
    const equals = item.indexOf('=');
    if (equals < 0 || !setField(fields, item.slice(0, equals), item.slice(equals + 1))) return null;
  }
  const af = fields.af ?? fields.src?.af ?? fields.dst?.af;
  const { proto, src, dst, iif = '', oif = '' } = fields;
  if (af === undefined || proto === undefined) return null;
  if ([src, dst].some((range) => range !== undefined && range.af !== af)) return null;
  const match = { af, srange: wireRange(src, af), drange: wireRange(dst, af), iifname: iif, oifname: oif };
  return { af, proto, match };
}

/** True when a range names no addresses and ports. */
export function rangeIsEmpty(range: WireRange, af: number): boolean {
  return isEmptyRange({ min: range.min_addr, max: range.max_addr, minPort: range.min_port, maxPort: range.max_port }, af);
}

/** True when a rule names no addresses, ports or interfaces. */
export function isEmptyMatch(match: Match): boolean {
  const { af, srange, drange, iifname, oifname } = match;
  return rangeIsEmpty(srange, af) && rangeIsEmpty(drange, af) && iifname === '' && oifname === '';
}

function rangeText(range: WireRange, af: number): string {
  const addresses = `${formatIp(af, range.min_addr)}-${formatIp(af, range.max_addr)}`;
  const ports = `${range.min_port}-${range.max_port}`;
  return af === AF_INET6 ? `[${addresses}]:${ports}` : `${addresses}:${ports}`;
}

type PartialMatch = NonNullable<ServiceSpec['match']>;

/** A match with what a request left out. */
export function wholeMatch({ af = 0, srange, drange, iifname = '', oifname = '' }: PartialMatch, serviceAf: Family): Match {
  const any = anyAddress(serviceAf).bytes;
  const whole = ({ min_addr, max_addr, min_port = 0, max_port = 0 }: NonNullable<PartialMatch['srange']> = {}): WireRange => {
    return { min_addr: min_addr ?? any, max_addr: max_addr ?? any, min_port, max_port };
  };
  return { af, srange: whole(srange), drange: whole(drange), iifname, oifname };
}

/** Family of the addresses of a rule; daemons may leave it to the service. */
export function matchFamily(match: Match, serviceAf: number): number {
  return match.af === AF_UNSPEC ? serviceAf : match.af;
}

/** As services are listed: what is not set is left out. */
export function listedMatch(proto: number, match: Match, serviceAf: number): string {
  const af = matchFamily(match, serviceAf);
  const parts = [protocolName(proto) ?? '-'];
  if (!rangeIsEmpty(match.srange, af)) parts.push(`from=${rangeText(match.srange, af)}`);
  if (!rangeIsEmpty(match.drange, af)) parts.push(`to=${rangeText(match.drange, af)}`);
  if (match.iifname !== '') parts.push(`iif=${printable(match.iifname)}`);
  if (match.oifname !== '') parts.push(`oif=${printable(match.oifname)}`);
  return parts.join(',');
}

/** As services are saved: all fields, as parseMatch reads them. */
export function savedMatch(proto: number, match: Match, serviceAf: number): string {
  const af = matchFamily(match, serviceAf);
  const ranges = `src-range=${rangeText(match.srange, af)},dst-range=${rangeText(match.drange, af)}`;
  return `proto=${protocolName(proto) ?? ''},${ranges},iif=${printable(match.iifname)},oif=${printable(match.oifname)}`;
}
