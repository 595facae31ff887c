// SPDX-License-Identifier: Apache-2.0
// Documents of -S --json and -L --json as configurations (docs/rules.md).
import { fwdMode, type DestSpec } from '../../../ipc/messages/dest';
import type { LocalAddress } from '../../../ipc/messages/laddr';
import type { AclSubjectEntry } from '../../../ipc/messages/list';
import { proxyProtocol, svcFlags, type ServiceSpec } from '../../../ipc/messages/service';
import { addressBits, AF_INET, AF_INET6, AF_UNSPEC, anyAddress, compareAddress, maskedAddress, parseIp, type Family, type IpAddress } from '../../parse/address'; // prettier-ignore
import { hostMask, parseNetmask } from '../../parse/netmask';
import { IPPROTO, protocolNumber } from '../../parse/protocol';
import { MAX_SECONDS } from '../arguments';
import { DEFAULT_SCHEDULER, isConhash } from '../checks';
import { addEntry, addLaddrTo, addServer, Wanted, type WantedService } from '../config/wanted';
import { addDestCheck, NO_CHECK, type DestCheck } from '../dest-check';
import { isEmptyMatch } from '../match';
import type { WholeService } from '../requests';
import { schedFlagsOf } from '../sched-flags';
import { DocumentError, parseDocument, type Cursor } from './cursor';

const MAX_INT = 0x7fffffff;
const MAX_MARK = 0xffffffff;
const MAX_WEIGHT = 65535;
const MAX_PORT = 65535;
const MAX_PERCENT = 100;
const MAX_NAME = 15;
const MAX_IPSET = 31;

const DOCUMENT = ['version', 'generation', 'connection_table_size', 'workers', 'lcore_index', 'services'];
/** What changes by itself, or what options cannot set, and is not looked at. */
const IGNORED = ['counters', 'rates', 'lcores', 'limit_mbps', 'local_address_count', 'error'];
const SERVICE = [
  'kind', 'family', 'protocol', 'address', 'port', 'fwmark', 'match', 'scheduler', 'hash_target', 'scheduler_flags', 'persistent_seconds', 'netmask', 'ops',
  'synproxy', 'conn_timeout_seconds', 'conn_limit', 'limit_proportion_percent', 'proxy_protocol', 'expire_quiescent', 'quic', 'dest_check', 'servers',
  'local_addresses', 'deny', 'allow', ...IGNORED,
]; // prettier-ignore
const SERVER = [
  'family', 'address', 'port', 'forwarding', 'weight', 'u_threshold', 'l_threshold', 'inhibited', 'overloaded', 'active_connections',
  'inactive_connections', 'persistent_connections', ...IGNORED,
]; // prettier-ignore
const LOCAL_ADDRESS = ['family', 'address', 'ifname', 'port_conflicts', 'connections', 'lcores'];
const SUBJECT = ['address', 'prefix_length', 'ipset'];

const FORWARDING: Readonly<Record<string, number | undefined>> = {
  masquerading: fwdMode.DPVS_FWD_MASQ,
  // As -S saves it.
  local: fwdMode.DPVS_FWD_MODE_DR,
  ipip: fwdMode.DPVS_FWD_MODE_TUNNEL,
  gatewaying: fwdMode.DPVS_FWD_MODE_DR,
  fullnat: fwdMode.DPVS_FWD_MODE_FNAT,
  snat: fwdMode.DPVS_FWD_MODE_SNAT,
};
const FAMILIES: Readonly<Record<string, Family | undefined>> = { ipv4: AF_INET, ipv6: AF_INET6 };
const { PROXY_PROTOCOL_V1, PROXY_PROTOCOL_V2, PROXY_PROTOCOL_F_INSECURE } = proxyProtocol;
const PROXY: Readonly<Record<string, number | undefined>> = {
  disable: proxyProtocol.PROXY_PROTOCOL_DISABLE,
  v1: PROXY_PROTOCOL_V1,
  v2: PROXY_PROTOCOL_V2,
  'v1-insecure': PROXY_PROTOCOL_V1 | PROXY_PROTOCOL_F_INSECURE,
  'v2-insecure': PROXY_PROTOCOL_V2 | PROXY_PROTOCOL_F_INSECURE,
};

function choice<T>(cursor: Cursor, choices: Readonly<Record<string, T | undefined>>): T {
  return cursor.text(`one of ${Object.keys(choices).join(', ')}`, (text) => (Object.hasOwn(choices, text) ? (choices[text] ?? null) : null));
}

function name(cursor: Cursor, max: number): string {
  return cursor.text(`a name of at most ${max} characters`, (text) => (text.length <= max && /^[\x21-\x7e]+$/.test(text) ? text : null));
}

/** An address whose family is the one that stands beside it, if one does. */
function address(owner: Cursor): IpAddress {
  const parsed = owner.member('address').text('an IPv4 or IPv6 address', parseIp);
  const family = owner.member('family').or(parsed.af, (cursor) => choice(cursor, FAMILIES));
  if (family !== parsed.af) owner.member('family').fail(`the family of the address, ${parsed.af === AF_INET6 ? 'ipv6' : 'ipv4'}`);
  return parsed;
}

function protocol(service: Cursor): number {
  return service.member('protocol').text(`one of ${Object.keys(IPPROTO).join(', ')}`, protocolNumber);
}

type WireRange = NonNullable<NonNullable<ServiceSpec['match']>['srange']>;

function range(cursor: Cursor, af: Family): WireRange | undefined {
  if (cursor.isNothing) return undefined;
  cursor.object(['first_address', 'last_address', 'first_port', 'last_port']);
  const end = (member: string): Uint8Array => {
    const expected = `an ${af === AF_INET6 ? 'IPv6' : 'IPv4'} address`;
    return cursor.member(member).text(expected, (text) => (parseIp(text)?.af === af ? (parseIp(text)?.bytes ?? null) : null));
  };
  const port = (member: string): number => cursor.member(member).or(0, (each) => each.integer(0, MAX_PORT));
  return { min_addr: end('first_address'), max_addr: end('last_address'), min_port: port('first_port'), max_port: port('last_port') };
}

function matchIdentity(service: Cursor): ServiceSpec {
  const match = service.member('match').object(['src_range', 'dst_range', 'iif', 'oif']);
  const af = choice(service.member('family'), FAMILIES);
  const device = (member: string): string => match.member(member).or('', (each) => name(each, MAX_NAME));
  const any = anyAddress(af).bytes;
  const wide = { min_addr: any, max_addr: any, min_port: 0, max_port: 0 };
  const [src, dst] = [range(match.member('src_range'), af), range(match.member('dst_range'), af)];
  const wire = { af, srange: { ...wide, ...src }, drange: { ...wide, ...dst }, iifname: device('iif'), oifname: device('oif') };
  return { af, addr: any, port: 0, fwmark: 0, proto: protocol(service), flags: svcFlags.IP_VS_SVC_F_MATCH, match: wire };
}

const KINDS = { address: 'address', fwmark: 'fwmark', match: 'match' } as const;

/** What tells a service from others. */
function identity(service: Cursor): ServiceSpec & { readonly af: Family } {
  const kind = service.member('kind').or<keyof typeof KINDS>('address', (cursor) => choice(cursor, KINDS));
  if (kind === 'match') return matchIdentity(service) as ServiceSpec & { readonly af: Family };
  if (kind === 'fwmark') {
    const af = service.member('family').or(AF_INET as Family, (cursor) => choice(cursor, FAMILIES));
    return { af, proto: IPPROTO.tcp, addr: anyAddress(af).bytes, port: 0, fwmark: service.member('fwmark').integer(1, MAX_MARK), flags: 0 };
  }
  const { af, bytes } = address(service);
  return { af, proto: protocol(service), addr: bytes, port: service.member('port').integer(0, MAX_PORT), fwmark: 0, flags: 0 };
}

function hashFlags(service: Cursor, scheduler: string, proto: number): number {
  const target = service.member('hash_target');
  if (target.isNothing) return isConhash(scheduler) ? svcFlags.IP_VS_SVC_F_SIP_HASH : 0;
  const flag = choice(target, { sip: svcFlags.IP_VS_SVC_F_SIP_HASH, qid: svcFlags.IP_VS_SVC_F_QID_HASH });
  if (!isConhash(scheduler)) target.fail('null, as only conhash has one');
  if (flag === svcFlags.IP_VS_SVC_F_QID_HASH && proto !== IPPROTO.udp) target.fail('sip, as only UDP services can have qid');
  return flag;
}

function schedulerFlags(service: Cursor, scheduler: string): number {
  const flags = service.member('scheduler_flags');
  if (flags.isNothing) return 0;
  const own = schedFlagsOf(scheduler);
  return [...flags.elements()].reduce((bits, flag) => bits | choice(flag, own), 0);
}

function destCheck(service: Cursor): DestCheck {
  const check = service.member('dest_check');
  if (check.isNothing) return NO_CHECK;
  check.object(['internal', 'external']);
  let wanted = NO_CHECK;
  const internal = check.member('internal');
  if (!internal.isNothing) {
    internal.object(['down_retry', 'up_confirm', 'down_wait_seconds', 'inhibit_min_seconds', 'inhibit_max_seconds']);
    const number = (member: string): number => internal.member(member).or(0, (cursor) => cursor.integer(0, MAX_PORT));
    const [down, up, wait] = [number('down_retry'), number('up_confirm'), number('down_wait_seconds')];
    const [min, max] = [number('inhibit_min_seconds'), number('inhibit_max_seconds')];
    const text = up === 0 && min === 0 && max === 0 ? `${down},${wait}s` : `${down},${up},${wait}s,${min}-${max}s`;
    wanted = addDestCheck(wanted, text) ?? internal.fail('numbers that --dest-check takes');
  }
  const external = check.member('external');
  if (external.isNothing) return wanted;
  for (const each of external.elements()) {
    const before = wanted;
    wanted = each.text('one of tcp, udp, sctp, ping', (text) => (['tcp', 'udp', 'sctp', 'ping'].includes(text) ? addDestCheck(before, text) : null));
  }
  return wanted;
}

function netmask(service: Cursor, af: Family): number {
  const expected = af === AF_INET6 ? 'the length of a prefix from 1 to 128, as text' : 'a netmask such as 255.255.255.0';
  return service.member('netmask').or(hostMask(af), (cursor) => cursor.text(expected, (text) => parseNetmask(text, af)));
}

/** The service of an element, with defaults for what is not given. */
function wholeService(service: Cursor): WholeService {
  const key = identity(service);
  const { af, proto = 0, fwmark = 0, port = 0 } = key;
  const scheduler = service.member('scheduler').or(DEFAULT_SCHEDULER, (cursor) => name(cursor, MAX_NAME));
  const flag = (member: string, bit: number): number => (service.member(member).or(false, (cursor) => cursor.boolean()) ? bit : 0);
  const seconds = service.member('persistent_seconds').or(null, (cursor) => cursor.integer(1, MAX_SECONDS));
  const isWhole = key.match === undefined ? fwmark === 0 && port === 0 : isEmptyMatch(key.match as Parameters<typeof isEmptyMatch>[0]);
  if (isWhole && seconds === null) {
    service.member(key.match === undefined ? 'port' : 'match').fail('a port, a range or a device, as the service is not persistent');
  }
  const ops = flag('ops', svcFlags.IP_VS_SVC_F_ONEPACKET);
  if (ops !== 0 && fwmark === 0 && proto !== IPPROTO.udp) service.member('ops').fail('false, as the service is not UDP');
  return {
    ...key,
    flags:
      (key.flags ?? 0) | ops | hashFlags(service, scheduler, fwmark === 0 ? proto : 0) | schedulerFlags(service, scheduler) |
      (seconds === null ? 0 : svcFlags.IP_VS_SVC_F_PERSISTENT) |
      flag('synproxy', svcFlags.IP_VS_SVC_F_SYNPROXY) |
      flag('expire_quiescent', svcFlags.IP_VS_SVC_F_EXPIRE_QUIESCENT) |
      flag('quic', svcFlags.IP_VS_SVC_F_QUIC),
    timeout: seconds ?? 0,
    netmask: netmask(service, af),
    sched_name: scheduler,
    conn_timeout: service.member('conn_timeout_seconds').or(0, (cursor) => cursor.integer(0, MAX_SECONDS)),
    conn_limit: service.member('conn_limit').or(0, (cursor) => cursor.integer(0, MAX_INT)),
    limit_proportion: service.member('limit_proportion_percent').or(0, (cursor) => cursor.integer(0, MAX_PERCENT)),
    proxy_protocol: service.member('proxy_protocol').or(0, (cursor) => choice(cursor, PROXY)),
    check_conf: destCheck(service),
  }; // prettier-ignore
}

const KEEPS_PORT: readonly number[] = [fwdMode.DPVS_FWD_MODE_DR, fwdMode.DPVS_FWD_MODE_TUNNEL];

function server(cursor: Cursor, { port: servicePort = 0, fwmark = 0 }: ServiceSpec): DestSpec {
  cursor.object(SERVER);
  const { af, bytes } = address(cursor);
  const port = cursor.member('port').or(servicePort, (each) => each.integer(0, MAX_PORT));
  const mode = cursor.member('forwarding').or<number>(fwdMode.DPVS_FWD_MODE_DR, (each) => choice(each, FORWARDING));
  if (KEEPS_PORT.includes(mode) && fwmark === 0 && port !== servicePort) cursor.member('port').fail(`${servicePort}, the port of the service, with this forwarding`);
  const threshold = (member: string): number => cursor.member(member).or(0, (each) => each.integer(0, MAX_INT));
  return {
    af, addr: bytes, port, fwdmode: mode, conn_flags: mode, weight: cursor.member('weight').or(1, (each) => each.integer(0, MAX_WEIGHT)),
    max_conn: threshold('u_threshold'), min_conn: threshold('l_threshold'),
  }; // prettier-ignore
}

function localAddress(cursor: Cursor): LocalAddress {
  cursor.object(LOCAL_ADDRESS);
  const { af, bytes } = address(cursor);
  return { af, addr: bytes, ifname: name(cursor.member('ifname'), MAX_NAME) };
}

function subject(cursor: Cursor, { af: family }: ServiceSpec): AclSubjectEntry {
  cursor.object(SUBJECT);
  const ipset = cursor.member('ipset');
  if (!ipset.isNothing) {
    if (!cursor.member('address').isNothing) cursor.member('address').fail('null, as there is an ipset');
    return { subject: { af: AF_UNSPEC, addr: new Uint8Array(16), plen: 0 }, ipset: name(ipset, MAX_IPSET) };
  }
  const expected = `an ${family === AF_INET6 ? 'IPv6' : 'IPv4'} address, as the service has`;
  const { af, bytes } = cursor.member('address').text(expected, (text) => {
    const parsed = parseIp(text);
    return parsed?.af === family ? parsed : null;
  });
  const plen = cursor.member('prefix_length').or(addressBits(af), (each) => each.integer(0, addressBits(af)));
  if (compareAddress(af, maskedAddress(af, bytes, plen), bytes) !== 0) cursor.member('address').fail(`an address whose bits behind the first ${plen} are 0`);
  return { subject: { af, addr: bytes, plen }, ipset: '' };
}

function refuseTwice(where: string, before: string | null): void {
  if (before !== null) throw new DocumentError(where, `the same as ${before}`);
}

function addMembers(cursor: Cursor, service: WantedService): void {
  const each = (member: string, add: (element: Cursor) => string | null): void => {
    const list = cursor.member(member);
    if (list.isNothing) return;
    for (const element of list.elements()) refuseTwice(element.where, add(element));
  };
  each('servers', (element) => addServer(service, element.where, server(element, service.service)));
  each('local_addresses', (element) => addLaddrTo(service, element.where, localAddress(element)));
  for (const kind of ['deny', 'allow'] as const) each(kind, (element) => addEntry(service, kind, element.where, subject(element, service.service)));
}

/**
 * The configuration of a document. Lists of a service that are not given are not managed.
 * @throws DocumentError for the first thing that is wrong
 */
export function parseConfiguration(text: string): Wanted {
  const document = parseDocument(text).object(DOCUMENT);
  const wanted = new Wanted();
  for (const element of document.member('services').elements()) {
    element.object(SERVICE);
    const managed = {
      servers: !element.member('servers').isNothing,
      laddrs: !element.member('local_addresses').isNothing,
      deny: !element.member('deny').isNothing,
      allow: !element.member('allow').isNothing,
    };
    const service = wanted.addService(element.where, wholeService(element), managed);
    if (typeof service === 'string') throw new DocumentError(element.where, `the same service as ${service}`);
    addMembers(element, service);
  }
  return wanted;
}
