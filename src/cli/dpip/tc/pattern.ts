// SPDX-License-Identifier: Apache-2.0
// Patterns of classifiers: tcp,from=RANGE,to=RANGE,iif=IF,oif=IF.
import type { Cls } from '../../../ipc/messages/tc';
import { AF_INET6, AF_UNSPEC, anyAddress, type Family } from '../../parse/address';
import { IPPROTO, protocolName } from '../../parse/protocol';
import { isEmptyRange, parseRange, type AddressRange } from '../../parse/range';
import { formatIp } from '../../render/address';
import { invalid } from '../errors';

export type Pattern = Omit<NonNullable<Cls['copt']['match']>, 'result'>;

/** The word for ICMPv6 is not the one of services. */
const PROTOCOLS: Readonly<Record<string, number>> = {
  tcp: IPPROTO.tcp,
  udp: IPPROTO.udp,
  sctp: IPPROTO.sctp,
  icmp: IPPROTO.icmp,
  icmp6: IPPROTO.icmpv6,
};

const MAX_IFNAME = 15;

interface Fields {
  proto: number;
  from?: AddressRange;
  to?: AddressRange;
  iif: string;
  oif: string;
}

function setRange(fields: Fields, name: 'from' | 'to', text: string): boolean {
  const range = parseRange(text);
  if (range === null) return false;
  fields[name] = range;
  return true;
}

function setItem(fields: Fields, item: string): boolean {
  const proto = Object.hasOwn(PROTOCOLS, item) ? PROTOCOLS[item] : undefined;
  if (proto !== undefined) {
    fields.proto = proto;
    return true;
  }
  const equals = item.indexOf('=');
  const [name, value] = [item.slice(0, Math.max(equals, 0)), item.slice(equals + 1)];
  if (name === 'from' || name === 'to') return setRange(fields, name, value);
  if ((name !== 'iif' && name !== 'oif') || !/^[\x21-\x7e]+$/.test(value) || value.length > MAX_IFNAME) return false;
  fields[name] = value;
  return true;
}

function wire(range: AddressRange | undefined, af: Family): Pattern['match']['srange'] {
  const any = anyAddress(af).bytes;
  if (range === undefined) return { min_addr: any, max_addr: any, min_port: 0, max_port: 0 };
  return { min_addr: range.min, max_addr: range.max, min_port: range.minPort, max_port: range.maxPort };
}

/** @throws CommandError */
export function parsePattern(text: string): Pattern {
  const fields: Fields = { proto: 0, iif: '', oif: '' };
  for (const item of text.split(',')) {
    if (!setItem(fields, item)) throw invalid(`invalid pattern: ${item}`);
  }
  const { from, to, iif, oif } = fields;
  if (from === undefined && to === undefined && iif === '' && oif === '') throw invalid('invalid match pattern.', 'check');
  if (from !== undefined && to !== undefined && from.af !== to.af) throw invalid(`invalid pattern: ${text} mixes families`);
  const af = from?.af ?? to?.af;
  return {
    proto: fields.proto,
    match: {
      af: af ?? AF_UNSPEC,
      srange: wire(from, af ?? 2),
      drange: wire(to, af ?? 2),
      iifname: iif,
      oifname: oif,
    },
  };
}

function rangeText(af: number, range: Pattern['match']['srange']): string {
  const addresses = `${formatIp(af, range.min_addr)}-${formatIp(af, range.max_addr)}`;
  const ports = `${range.min_port}-${range.max_port}`;
  return af === AF_INET6 ? `[${addresses}]:${ports}` : `${addresses}:${ports}`;
}

function isSet(af: number, range: Pattern['match']['srange']): boolean {
  return !isEmptyRange({ min: range.min_addr, max: range.max_addr, minPort: range.min_port, maxPort: range.max_port }, af);
}

export function formatPattern({ proto, match }: Pattern): string {
  const parts = [protocolName(proto)?.toUpperCase() ?? 'unspec'];
  if (isSet(match.af, match.srange)) parts.push(`from=${rangeText(match.af, match.srange)}`);
  if (isSet(match.af, match.drange)) parts.push(`to=${rangeText(match.af, match.drange)}`);
  if (match.iifname !== '') parts.push(`iif=${match.iifname}`);
  if (match.oifname !== '') parts.push(`oif=${match.oifname}`);
  return parts.join(',');
}
