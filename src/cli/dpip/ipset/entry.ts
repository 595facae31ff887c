// SPDX-License-Identifier: Apache-2.0
// Entries of sets and the range of a bitmap, from their text to what the request takes.
import type { IpsetSpec } from '../../../ipc/messages/ipset';
import { addressBits, AF_INET, AF_INET6, compareAddress, ipv4Number, type Family, type IpAddress } from '../../parse/address';
import { parseDecimal } from '../../parse/number';
import { IPPROTO } from '../../parse/protocol';
import { invalid } from '../errors';
import { addressOf, ifname, parseMac, prefixOf } from '../values';
import type { Part, SetType } from './types';

const MAX_RANGE = 65536;
const MIN_CIDR = 16;
const MAX_PORT = 65535;

/** Addresses from min to max, or a prefix: then both are its address. */
export interface Net {
  readonly af: Family;
  readonly min: Uint8Array;
  readonly max: Uint8Array;
  /** 0: no prefix. */
  readonly cidr: number;
}

export interface Ports {
  /** 0: any protocol. */
  readonly proto: number;
  readonly min: number;
  readonly max: number;
}

const PORT_PROTOCOLS: Readonly<Record<string, number>> = {
  tcp: IPPROTO.tcp,
  udp: IPPROTO.udp,
  icmp: IPPROTO.icmp,
  icmp6: IPPROTO.icmpv6,
};

function rangeOf(min: IpAddress, max: IpAddress): Net {
  if (min.af === AF_INET6 || max.af === AF_INET6) throw invalid('ipv6 range is not supported', 'check');
  if (compareAddress(AF_INET, min.bytes, max.bytes) > 0) throw invalid('invalid ipv4 range', 'check');
  return { af: min.af, min: min.bytes, max: max.bytes, cidr: 0 };
}

/** IP, IP/PLEN or IP-IP. @throws CommandError */
export function parseNet(text: string): Net {
  const dash = text.indexOf('-');
  if (dash >= 0) return rangeOf(addressOf(text.slice(0, dash), 0), addressOf(text.slice(dash + 1), 0));
  const { af, bytes, plen } = prefixOf(text, 0);
  return { af, min: bytes, max: bytes, cidr: plen ?? 0 };
}

/** [tcp:|udp:|icmp:|icmp6:]N[-N]. @throws CommandError */
export function parsePorts(text: string): Ports {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  const proto = colon < 0 ? 0 : Object.hasOwn(PORT_PROTOCOLS, name) ? PORT_PROTOCOLS[name] : undefined;
  const [first = '', last = first, ...more] = text.slice(colon + 1).split('-');
  const min = parseDecimal(first, 0, MAX_PORT);
  const max = parseDecimal(last, 0, MAX_PORT);
  if (proto === undefined || min === null || max === null || max < min || more.length > 0) throw invalid(`invalid port: ${text}`);
  return { proto, min, max };
}

/** An ip of a hash set is stored address by address; keep somebody from storing millions. */
function checkIps(net: Net): void {
  if (net.cidr !== 0 && net.cidr < addressBits(net.af)) {
    if (net.af === AF_INET6) throw invalid('ipv6 cidr is not supported by the set type', 'check');
    if (net.cidr < MIN_CIDR) throw invalid(`ipv4 cidr shouldn't be less than ${MIN_CIDR}`, 'check');
  }
  if (net.af === AF_INET && ipv4Number(net.max) - ipv4Number(net.min) >= MAX_RANGE) {
    throw invalid(`ip range shouldn't be greater than ${MAX_RANGE}`, 'check');
  }
}

interface Draft {
  nets: Net[];
  ports: Ports[];
  mac: Uint8Array | undefined;
  iface: string;
}

function addPart(draft: Draft, part: Part, text: string, set: SetType): void {
  switch (part) {
    case 'ip':
    case 'net': {
      const net = parseNet(text);
      if (part === 'ip' && set.kind === 'hash') checkIps(net);
      draft.nets.push(net);
      return;
    }
    case 'port':
      draft.ports.push(parsePorts(text));
      return;
    case 'mac': {
      const mac = parseMac(text);
      if (mac === null) throw invalid(`invalid mac: ${text}`);
      draft.mac = mac;
      return;
    }
    case 'iface':
      draft.iface = ifname(text, { options: NO_OPTIONS });
  }
}

/** Names of devices are read the same whatever the options. */
const NO_OPTIONS = {} as Parameters<typeof ifname>[1]['options'];

function checkDraft({ nets, ports }: Draft, set: SetType): void {
  const [first, second] = nets;
  if (first !== undefined && second !== undefined && first.af !== second.af) {
    throw invalid('the addresses are of different families', 'check');
  }
  const [port, otherPort] = ports;
  if (port !== undefined && otherPort !== undefined && port.proto !== otherPort.proto) {
    throw invalid("Error: port protocol doesn't match", 'check');
  }
  if (set.name === 'bitmap:port' && port?.proto !== IPPROTO.tcp && port?.proto !== IPPROTO.udp) {
    throw invalid('bitmap:port should specified protocol tcp or udp', 'check');
  }
}

function wire(net: Net | undefined, ports: Ports | undefined): NonNullable<IpsetSpec['range']> {
  return {
    ...(net === undefined ? {} : { min_addr: net.min, max_addr: net.max }),
    min_port: ports?.min ?? 0,
    max_port: ports?.max ?? 0,
  };
}

/** An entry as members of the request. @throws CommandError */
export function parseEntry(text: string, set: SetType): IpsetSpec {
  const texts = text.split(',');
  if (texts.length < set.needed || texts.length > set.parts.length) {
    throw invalid(`invalid entry '${text}': ${set.name} takes ${set.parts.join(',')}`);
  }
  const draft: Draft = { nets: [], ports: [], mac: undefined, iface: '' };
  for (const [i, part] of texts.entries()) addPart(draft, set.parts[i] ?? 'ip', part, set);
  checkDraft(draft, set);
  const { nets, ports } = draft;
  return {
    option: { family: nets[0]?.af ?? AF_INET },
    proto: ports[0]?.proto ?? 0,
    cidr: nets[0]?.cidr ?? 0,
    range: wire(nets[0], ports[0]),
    cidr2: nets[1]?.cidr ?? 0,
    range2: wire(nets[1], ports[1]),
    iface: draft.iface,
    ...(draft.mac === undefined ? {} : { mac: draft.mac }),
  };
}

/** The range that a bitmap covers. @throws CommandError */
export function parseBitmapRange(text: string | undefined, set: SetType): Pick<IpsetSpec, 'range' | 'cidr' | 'proto'> {
  if (set.parts[0] === 'port') {
    if (text === undefined) throw invalid("bitmap's port range MUST be specified", 'check');
    const ports = parsePorts(text);
    return { range: wire(undefined, ports), proto: ports.proto };
  }
  if (text === undefined) throw invalid("bitmap's IP range MUST be specified", 'check');
  const net = parseNet(text);
  if (net.af === AF_INET6) throw invalid("bitmap doesn't support ipv6", 'check');
  return { range: wire(net, undefined), cidr: net.cidr };
}
