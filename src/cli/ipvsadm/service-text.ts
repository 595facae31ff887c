// SPDX-License-Identifier: Apache-2.0
// How a service is called and what is said about it.
import { proxyProtocol, svcFlags, type Service } from '../../ipc/messages/service';
import { AF_INET, AF_INET6 } from '../parse/address';
import { formatNetmask, hostMask } from '../parse/netmask';
import { IPPROTO, protocolName } from '../parse/protocol';
import { formatEndpoint } from '../render/address';
import { cut } from '../render/columns';
import type { Names } from '../render/names';
import { printable } from '../render/text';
import { destCheckValues } from './dest-check';
import { isEmptyMatch, listedMatch } from './match';
import { schedFlagNames } from './sched-flags';

const MAX_ENDPOINT = 59;
const MAX_IPV4_SERVICE = 33;
const PROTOCOLS = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP', icmp: 'ICMP', icmpv6: 'ICMPv6' } as const;

export type ServiceKind = 'address' | 'fwmark' | 'match';

/** A protocol at the start of a line; "-" for one that services cannot have. */
export function protocolText(proto: number): string {
  const known = protocolName(proto);
  return known === null ? '-' : PROTOCOLS[known];
}

/** What tells a service from others. */
export type ServiceIdentity = Pick<Service, 'af' | 'proto' | 'addr' | 'port' | 'fwmark' | 'flags' | 'match'>;

/** Which of the three ways to select packets a service uses. */
export function serviceKind(service: ServiceIdentity): ServiceKind {
  if (service.fwmark !== 0) return 'fwmark';
  const isMatch = (service.flags & svcFlags.IP_VS_SVC_F_MATCH) !== 0 || !isEmptyMatch(service.match);
  return isMatch ? 'match' : 'address';
}

/** Address and port, cut as upstream cuts them. */
export function endpointText(af: number, addr: Uint8Array, port: number, proto: number, names: Names): string {
  return cut(formatEndpoint(af, addr, port, proto, names), MAX_ENDPOINT);
}

/** The first words of a service's line: TCP  10.0.0.1:80, FWM  7, MATCH tcp,from=... */
export function serviceName(service: ServiceIdentity, names: Names): string {
  const { af, proto, addr, port, fwmark, match } = service;
  switch (serviceKind(service)) {
    case 'fwmark':
      return `FWM  ${fwmark}${af === AF_INET6 ? ' IPv6' : ''}`;
    case 'match':
      return `MATCH ${listedMatch(proto, match, af)}`;
    case 'address': {
      const text = `${protocolText(proto)}  ${endpointText(af, addr, port, proto, names)}`;
      return af === AF_INET ? cut(text, MAX_IPV4_SERVICE) : text;
    }
  }
}

/** disable for none, else v1, v2, with -insecure. */
export function proxyProtocolText(bits: number): string {
  const version = bits & proxyProtocol.PROXY_PROTOCOL_VERSION_MASK;
  if (version === proxyProtocol.PROXY_PROTOCOL_DISABLE) return 'disable';
  const insecure = (bits & proxyProtocol.PROXY_PROTOCOL_F_INSECURE) !== 0;
  return `v${version}${insecure ? '-insecure' : ''}`;
}

export function hasFlag(service: Service, flag: number): boolean {
  return (service.flags & flag) !== 0;
}

/** True for the mask that makes each address a client of its own. */
export function isHostMask(service: Service): boolean {
  return service.netmask === hostMask(service.af);
}

function persistenceWords(service: Service): string[] {
  if (!hasFlag(service, svcFlags.IP_VS_SVC_F_PERSISTENT)) return [];
  const words = ['persistent', String(service.timeout)];
  return isHostMask(service) ? words : [...words, 'mask', formatNetmask(service.netmask, service.af)];
}

function destCheckWords(service: Service): string[] {
  const { internal, external } = destCheckValues(service.check_conf);
  if (internal === null && external.length === 0) return [];
  return [
    'dest-check',
    ...(internal === null ? [] : [`internal:${internal}`]),
    ...(external.length === 0 ? [] : [`external:${external.join(',')}`]),
  ];
}

function limitWords({ conn_limit: connections = 0 }: Service): string[] {
  return connections === 0 ? [] : ['conn-limit', String(connections)];
}

/** Scheduler and attributes, in the order of upstream. */
export function serviceWords(service: Service): string {
  const flagged = (flag: number, word: string): string[] => (hasFlag(service, flag) ? [word] : []);
  const proxied = service.proxy_protocol !== proxyProtocol.PROXY_PROTOCOL_DISABLE;
  const schedulerFlags = schedFlagNames(service.flags, service.sched_name);
  return [
    printable(service.sched_name),
    ...(schedulerFlags.length === 0 ? [] : [`(${schedulerFlags.join(',')})`]),
    ...flagged(svcFlags.IP_VS_SVC_F_SIP_HASH, 'sip'),
    ...flagged(svcFlags.IP_VS_SVC_F_QID_HASH, 'qid'),
    ...persistenceWords(service),
    ...flagged(svcFlags.IP_VS_SVC_F_ONEPACKET, 'ops'),
    ...flagged(svcFlags.IP_VS_SVC_F_SYNPROXY, 'synproxy'),
    ...(service.conn_timeout === 0 ? [] : ['conn-timeout', String(service.conn_timeout)]),
    ...limitWords(service),
    ...(proxied ? [`pp${proxyProtocolText(service.proxy_protocol)}`] : []),
    ...flagged(svcFlags.IP_VS_SVC_F_EXPIRE_QUIESCENT, 'expire-quiescent'),
    ...(service.proto === IPPROTO.udp ? flagged(svcFlags.IP_VS_SVC_F_QUIC, 'quic') : []),
    ...destCheckWords(service),
  ].join(' ');
}
