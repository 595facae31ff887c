// SPDX-License-Identifier: Apache-2.0
// Services and real servers as people write and read them.
import { AF_INET6, type Family as WireFamily } from '../cli/parse/address';
import { formatNetmask, hostMask, parseNetmask } from '../cli/parse/netmask';
import { destFlags, fwdMode, type Dest, type DestSpec } from '../ipc/messages/dest';
import type { AclSubjectEntry, ListedLaddr, ListedService, ServiceFilter as WireFilter } from '../ipc/messages/list';
import { proxyProtocol as PROXY, svcFlags, type Service as WireService } from '../ipc/messages/service';
import { keyOf, type ServiceKey } from './key';
import { addressOf, addressText, ArgumentError, choiceOf, familyOf, given, integerOf, MAX_I32, MAX_U32, nameOf, portOf, prefixOf, prefixText, protocolOf, type Family, type Protocol } from './values'; // prettier-ignore

/** Sums since the counters were last zeroed. */
export interface Counters {
  readonly connections: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
}

/** Averages of the last seconds, per second. */
export interface Rates {
  readonly connections: number;
  readonly inPackets: number;
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
}

export type ProxyProtocol = 'off' | 'v1' | 'v2' | 'v1-insecure' | 'v2-insecure';

/** What can be chosen for a service. */
export interface ServiceOptions {
  /** Name of a scheduler the daemon has. Default: wlc. */
  readonly scheduler: string;
  /** What conhash looks at. Default: sip for conhash. */
  readonly hashTarget: 'sip' | 'qid' | null;
  /** Seconds for which a client keeps its server; 0: no persistence. */
  readonly persistence: number;
  /** Clients that count as one: a mask (255.255.255.0) or, for IPv6, a number of bits. Default: each for itself. */
  readonly persistenceMask: string;
  /** Datagrams are balanced one by one. */
  readonly onePacket: boolean;
  readonly synProxy: boolean;
  /** Connections of servers of weight 0 end at once. */
  readonly expireQuiescent: boolean;
  readonly quic: boolean;
  /** Seconds after which an idle established connection ends; 0: the daemon's default. */
  readonly idleTimeout: number;
  readonly proxyProtocol: ProxyProtocol;
}

export type Forwarding = 'nat' | 'local' | 'tunnel' | 'direct' | 'bypass' | 'fullnat' | 'snat';

/** What names a server of a service. */
export interface ServerKey {
  readonly address: string;
  /** Default in requests: that of the service. */
  readonly port?: number | undefined;
}

/** What can be chosen for a server. */
export interface ServerOptions {
  /** 0: no new connections. Default: 1. */
  readonly weight: number;
  /** Default: fullnat. */
  readonly forwarding: Forwarding;
  /** Connections from which on it gets no new ones; 0: none. */
  readonly upperThreshold: number;
  /** Connections below which it gets new ones again. */
  readonly lowerThreshold: number;
}

/** A server as it is now. */
export interface Server extends ServerOptions {
  readonly address: string;
  readonly port: number;
  /** Taken out by a health check. */
  readonly inhibited: boolean;
  /** Above its upper threshold. */
  readonly overloaded: boolean;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
  readonly counters: Counters;
  readonly rates: Rates;
}

/** A local address of a service and its use. */
export interface LocalAddress {
  readonly address: string;
  /** null when the daemon does not tell. */
  readonly device: string | null;
  readonly connections: number;
  /** Connections that found no free port. */
  readonly conflicts: bigint;
}

/** Whom an entry of a deny or allow list is about: an address or network (192.0.2.1/32), or an ipset by its name. */
export type AccessEntry = { readonly prefix: string } | { readonly ipset: string };

/** What a service is and does. */
export interface ServiceState extends ServiceOptions {
  /** In the daemon's order; with a filter for servers only those. */
  readonly servers: readonly Server[];
  /** null unless asked for, as with the next two. */
  readonly localAddresses: readonly LocalAddress[] | null;
  readonly deny: readonly AccessEntry[] | null;
  readonly allow: readonly AccessEntry[] | null;
  /** Of its servers and of those it had before. */
  readonly counters: Counters;
  readonly rates: Rates;
  /** Daemons without extended lists only: why its servers could not be fetched. */
  readonly problem: Error | null;
}

export type VirtualService = ServiceKey & ServiceState;

/** Services that agree with all that is given. Prefixes are ADDRESS or ADDRESS/BITS. */
export interface ServiceFilter {
  readonly family?: Family | undefined;
  readonly protocol?: Protocol | undefined;
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly fwmark?: number | undefined;
  readonly scheduler?: string | undefined;
  /** Only such servers, and services that have one; so with the next. */
  readonly server?: string | undefined;
  readonly serverPort?: number | undefined;
}

const SCHED_BYTES = 16;
const { IP_VS_SVC_F_PERSISTENT, IP_VS_SVC_F_ONEPACKET, IP_VS_SVC_F_SYNPROXY, IP_VS_SVC_F_EXPIRE_QUIESCENT, IP_VS_SVC_F_QUIC } = svcFlags;
const { IP_VS_SVC_F_SIP_HASH, IP_VS_SVC_F_QID_HASH } = svcFlags;

const PROXY_BITS: Readonly<Record<ProxyProtocol, number>> = {
  off: PROXY.PROXY_PROTOCOL_DISABLE,
  v1: PROXY.PROXY_PROTOCOL_V1,
  v2: PROXY.PROXY_PROTOCOL_V2,
  'v1-insecure': PROXY.PROXY_PROTOCOL_V1 | PROXY.PROXY_PROTOCOL_F_INSECURE,
  'v2-insecure': PROXY.PROXY_PROTOCOL_V2 | PROXY.PROXY_PROTOCOL_F_INSECURE,
};

const FORWARDING: Readonly<Record<Forwarding, number>> = {
  nat: fwdMode.DPVS_FWD_MASQ,
  local: fwdMode.DPVS_FWD_LOCALNODE,
  tunnel: fwdMode.DPVS_FWD_MODE_TUNNEL,
  direct: fwdMode.DPVS_FWD_MODE_DR,
  bypass: fwdMode.DPVS_FWD_MODE_BYPASS,
  fullnat: fwdMode.DPVS_FWD_MODE_FNAT,
  snat: fwdMode.DPVS_FWD_MODE_SNAT,
};

const HASH_BITS = { sip: IP_VS_SVC_F_SIP_HASH, qid: IP_VS_SVC_F_QID_HASH } as const;

/** Of a service that is added; the hash target depends on the scheduler. */
export const DEFAULTS: Omit<ServiceOptions, 'hashTarget'> = {
  scheduler: 'wlc', persistence: 0, persistenceMask: '', onePacket: false, synProxy: false, expireQuiescent: false,
  quic: false, idleTimeout: 0, proxyProtocol: 'off',
}; // prettier-ignore

export const SERVER_DEFAULTS: ServerOptions = { weight: 1, forwarding: 'fullnat', upperThreshold: 0, lowerThreshold: 0 };

/** The members of a service that options make. */
export type Attributes = Pick<WireService, 'flags' | 'timeout' | 'conn_timeout' | 'netmask' | 'sched_name' | 'proxy_protocol'>;

function maskOf(text: string, af: WireFamily): number {
  if (text === '') return hostMask(af);
  const mask = parseNetmask(text, af);
  if (mask === null) throw new ArgumentError('persistenceMask', af === AF_INET6 ? 'a number of bits from 1 to 128' : 'a mask such as 255.255.255.0', text);
  return mask;
}

function switched(flags: number, bit: number, on: boolean | undefined): number {
  if (on === undefined) return flags;
  return on ? flags | bit : flags & ~bit;
}

/** Puts options on top of `before`; what is not given stays. @throws ArgumentError */
export function withOptions(before: Attributes, af: WireFamily, options: Partial<ServiceOptions>): Attributes {
  const { scheduler, persistence, persistenceMask, idleTimeout, proxyProtocol } = options;
  let { flags } = before;
  flags = switched(flags, IP_VS_SVC_F_ONEPACKET, options.onePacket);
  flags = switched(flags, IP_VS_SVC_F_SYNPROXY, options.synProxy);
  flags = switched(flags, IP_VS_SVC_F_EXPIRE_QUIESCENT, options.expireQuiescent);
  flags = switched(flags, IP_VS_SVC_F_QUIC, options.quic);
  flags = switched(flags, IP_VS_SVC_F_PERSISTENT, given(persistence, (seconds) => integerOf('persistence', seconds, 0, MAX_I32) > 0));
  const target = options.hashTarget === undefined && scheduler !== undefined ? (scheduler === 'conhash' ? 'sip' : null) : options.hashTarget;
  if (target !== undefined) {
    flags &= ~(IP_VS_SVC_F_SIP_HASH | IP_VS_SVC_F_QID_HASH);
    if (target !== null) flags |= choiceOf('hashTarget', target, HASH_BITS);
  }
  return {
    flags: flags >>> 0,
    timeout: persistence ?? before.timeout,
    conn_timeout: given(idleTimeout, (seconds) => integerOf('idleTimeout', seconds, 0, MAX_I32)) ?? before.conn_timeout,
    netmask: given(persistenceMask, (text) => maskOf(text, af)) ?? before.netmask,
    sched_name: given(scheduler, (name) => nameOf('scheduler', name, SCHED_BYTES)) ?? before.sched_name,
    proxy_protocol: given(proxyProtocol, (value) => choiceOf('proxyProtocol', value, PROXY_BITS)) ?? before.proxy_protocol,
  };
}

function nameIn<T extends string>(names: Readonly<Record<T, number>>, value: number, otherwise: T): T {
  return (Object.keys(names) as T[]).find((name) => names[name] === value) ?? otherwise;
}

function optionsOf(service: WireService): ServiceOptions {
  const { af, flags, netmask } = service;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  return {
    scheduler: service.sched_name,
    hashTarget: has(IP_VS_SVC_F_QID_HASH) ? 'qid' : has(IP_VS_SVC_F_SIP_HASH) ? 'sip' : null,
    persistence: has(IP_VS_SVC_F_PERSISTENT) ? service.timeout : 0,
    persistenceMask: formatNetmask(netmask, af),
    onePacket: has(IP_VS_SVC_F_ONEPACKET),
    synProxy: has(IP_VS_SVC_F_SYNPROXY),
    expireQuiescent: has(IP_VS_SVC_F_EXPIRE_QUIESCENT),
    quic: has(IP_VS_SVC_F_QUIC),
    idleTimeout: service.conn_timeout,
    proxyProtocol: nameIn(PROXY_BITS, service.proxy_protocol, 'off'),
  };
}

type WireStats = WireService['stats'];
type WireRates = Readonly<Record<'cps' | 'inpps' | 'outpps' | 'inbps' | 'outbps', number | bigint>>;

export function countersOf({ conns, inpkts, outpkts, inbytes, outbytes }: WireStats): Counters {
  return { connections: conns, inPackets: inpkts, outPackets: outpkts, inBytes: inbytes, outBytes: outbytes };
}

export function sumOf(a: Counters, b: Counters): Counters {
  return {
    connections: a.connections + b.connections,
    inPackets: a.inPackets + b.inPackets,
    outPackets: a.outPackets + b.outPackets,
    inBytes: a.inBytes + b.inBytes,
    outBytes: a.outBytes + b.outBytes,
  };
}

function ratesOf({ cps, inpps, outpps, inbps, outbps }: WireRates): Rates {
  return { connections: Number(cps), inPackets: Number(inpps), outPackets: Number(outpps), inBytes: Number(inbps), outBytes: Number(outbps) };
}

function serverOf(dest: Dest, rates: WireRates | undefined): Server {
  return {
    address: addressText(dest.af, dest.addr),
    port: dest.port,
    weight: dest.weight,
    forwarding: nameIn(FORWARDING, dest.fwdmode, 'nat'),
    upperThreshold: dest.max_conn,
    lowerThreshold: dest.min_conn,
    inhibited: (dest.flags & destFlags.DPVS_DEST_F_INHIBITED) !== 0,
    overloaded: (dest.flags & destFlags.DPVS_DEST_F_OVERLOAD) !== 0,
    activeConnections: dest.actconns,
    inactiveConnections: dest.inactconns,
    persistentConnections: dest.persistconns,
    counters: countersOf(dest.stats),
    rates: ratesOf(rates ?? dest.stats),
  };
}

export function localAddressOf({ af, addr, ifname, nconns, conflicts }: ListedLaddr): LocalAddress {
  return { address: addressText(af, addr), device: ifname === '' ? null : ifname, connections: nconns, conflicts };
}

export function accessEntryOf({ subject, ipset }: AclSubjectEntry): AccessEntry {
  return ipset === '' ? { prefix: prefixText(subject) } : { ipset };
}

/** A service of a list. */
export function serviceOf(listed: ListedService): VirtualService {
  const { service, more, destsMore, laddrs, deny, allow, problem } = listed;
  const servers = listed.dests.map((dest, i) => serverOf(dest, destsMore?.[i]?.rates));
  return {
    ...keyOf(service),
    ...optionsOf(service),
    servers,
    localAddresses: laddrs?.map(localAddressOf) ?? null,
    deny: deny?.map(accessEntryOf) ?? null,
    allow: allow?.map(accessEntryOf) ?? null,
    counters: servers.reduce((sum, { counters }) => sumOf(sum, counters), countersOf(service.stats)),
    rates: ratesOf(more?.rates ?? service.stats),
    problem,
  };
}

/** What names a server in requests. @throws ArgumentError */
export function serverKeySpec({ address, port }: ServerKey, servicePort: number): DestSpec & { readonly af: number } {
  const { af, bytes } = addressOf('address', address);
  return { af, addr: bytes, port: portOf('port', port ?? servicePort) };
}

/** A server as requests describe it. @throws ArgumentError */
export function serverSpec(key: ServerKey, servicePort: number, options: ServerOptions): DestSpec {
  const mode = choiceOf('forwarding', options.forwarding, FORWARDING);
  return {
    ...serverKeySpec(key, servicePort),
    weight: integerOf('weight', options.weight, 0, MAX_I32),
    fwdmode: mode,
    conn_flags: mode,
    max_conn: integerOf('upperThreshold', options.upperThreshold, 0, MAX_U32),
    min_conn: integerOf('lowerThreshold', options.lowerThreshold, 0, MAX_U32),
  };
}

/** @throws ArgumentError */
export function filterSpec(filter: ServiceFilter): WireFilter {
  const { family, protocol, address, port, fwmark, scheduler, server, serverPort } = filter;
  return {
    af: given(family, (value) => familyOf('family', value)),
    proto: given(protocol, protocolOf),
    vip: given(address, (value) => prefixOf('address', value)),
    vport: given(port, (value) => portOf('port', value)),
    fwmark: given(fwmark, (value) => integerOf('fwmark', value, 1, MAX_U32)),
    sched: given(scheduler, (value) => nameOf('scheduler', value, SCHED_BYTES)),
    rs: given(server, (value) => prefixOf('server', value)),
    rport: given(serverPort, (value) => portOf('serverPort', value)),
  };
}
