// SPDX-License-Identifier: Apache-2.0
// Services and what belongs to them as command lines that make them again.
import type { AclKind } from '../../ipc/messages/acl';
import { fwdMode, type Dest } from '../../ipc/messages/dest';
import type { LocalAddress } from '../../ipc/messages/laddr';
import type { AclSubjectEntry } from '../../ipc/messages/list';
import { proxyProtocol, svcFlags, type Service } from '../../ipc/messages/service';
import { AF_INET6 } from '../parse/address';
import { formatNetmask } from '../parse/netmask';
import { protocolName } from '../parse/protocol';
import { formatIp } from '../render/address';
import type { Names } from '../render/names';
import { printable } from '../render/text';
import { isConhash } from './checks';
import { destCheckValues } from './dest-check';
import { savedMatch } from './match';
import { schedFlagNames } from './sched-flags';
import { subjectName } from './subject';
import { endpointText, hasFlag, isHostMask, proxyProtocolText, serviceKind } from './service-text';

const SERVICE_OPTIONS = { tcp: '-t', udp: '-u', sctp: '--sctp-service', icmp: '-q', icmpv6: '-1' } as const;

/** The percentage from which on all packets pass. */
const ALL_PASS = 99;

const FORWARDING: Readonly<Record<number, string | undefined>> = {
  [fwdMode.DPVS_FWD_MASQ]: '-m',
  [fwdMode.DPVS_FWD_LOCALNODE]: '-g',
  [fwdMode.DPVS_FWD_MODE_TUNNEL]: '-i',
  [fwdMode.DPVS_FWD_MODE_DR]: '-g',
  [fwdMode.DPVS_FWD_MODE_FNAT]: '-b',
  [fwdMode.DPVS_FWD_MODE_SNAT]: '-J',
};

/** The option that names a service. */
export function serviceOption(service: Service, names: Names): string {
  const { af, proto, addr, port, fwmark, match } = service;
  switch (serviceKind(service)) {
    case 'fwmark':
      return `-f ${fwmark}${af === AF_INET6 ? ' -6' : ''}`;
    case 'match':
      return `-H ${savedMatch(proto, match, af)}`;
    case 'address':
      return `${SERVICE_OPTIONS[protocolName(proto) ?? 'tcp']} ${endpointText(af, addr, port, proto, names)}`;
  }
}

/** True for a proportion that drops packets; others set 100 where they mean nothing by it. */
function limits({ limit_proportion: percent }: Service): boolean {
  return percent > 0 && percent < ALL_PASS;
}

/** What upstream leaves out. */
function moreAttributes(service: Service): string[] {
  const flagged = (flag: number, ...words: string[]): string[] => (hasFlag(service, flag) ? words : []);
  const { internal, external } = destCheckValues(service.check_conf);
  const checks = [...(internal === null ? [] : [internal]), ...external].flatMap((value) => ['--dest-check', value]);
  const schedulerFlags = schedFlagNames(service.flags, service.sched_name);
  const proxied = service.proxy_protocol !== proxyProtocol.PROXY_PROTOCOL_DISABLE;
  return [
    ...flagged(svcFlags.IP_VS_SVC_F_SYNPROXY, '-j', 'enable'),
    // conhash alone means that addresses are hashed.
    ...(isConhash(service.sched_name) ? flagged(svcFlags.IP_VS_SVC_F_QID_HASH, '--hash-target', 'qid') : []),
    ...(schedulerFlags.length === 0 ? [] : ['--sched-flags', schedulerFlags.join(',')]),
    ...flagged(svcFlags.IP_VS_SVC_F_EXPIRE_QUIESCENT, '--expire-quiescent'),
    ...flagged(svcFlags.IP_VS_SVC_F_QUIC, '--quic'),
    ...(service.conn_timeout === 0 ? [] : ['--conn-timeout', String(service.conn_timeout)]),
    ...((service.conn_limit ?? 0) === 0 ? [] : ['--conn-limit', String(service.conn_limit)]),
    ...(limits(service) ? ['--limit-proportion', String(service.limit_proportion)] : []),
    ...(proxied ? ['--proxy-protocol', proxyProtocolText(service.proxy_protocol)] : []),
    ...checks,
  ];
}

/** @param complete with what upstream leaves out */
export function serviceLine(service: Service, names: Names, complete: boolean): string {
  const persistent = hasFlag(service, svcFlags.IP_VS_SVC_F_PERSISTENT);
  const mask = persistent && !isHostMask(service) ? ['-M', formatNetmask(service.netmask, service.af)] : [];
  const words = [
    '-A',
    serviceOption(service, names),
    '-s',
    printable(service.sched_name),
    ...(persistent ? ['-p', String(service.timeout), ...mask] : []),
    ...(hasFlag(service, svcFlags.IP_VS_SVC_F_ONEPACKET) ? ['--ops'] : []),
    ...(complete ? moreAttributes(service) : []),
  ];
  return `${words.join(' ')}\n`;
}

/** @param complete with what upstream leaves out */
export function destLine(service: Service, dest: Dest, names: Names, complete: boolean): string {
  const words = [
    '-a',
    serviceOption(service, names),
    '-r',
    endpointText(dest.af, dest.addr, dest.port, service.proto, names),
    FORWARDING[dest.fwdmode] ?? '-g',
    '-w',
    String(dest.weight),
    ...(complete && dest.max_conn > 0 ? ['-x', String(dest.max_conn)] : []),
    ...(complete && dest.min_conn > 0 ? ['-y', String(dest.min_conn)] : []),
  ];
  return `${words.join(' ')}\n`;
}

export function laddrLine(service: Service, local: LocalAddress, names: Names): string {
  return `-P ${serviceOption(service, names)} -z ${formatIp(local.af, local.addr)} -F ${printable(local.ifname)}\n`;
}

export function aclLine(kind: AclKind, service: Service, entry: AclSubjectEntry, names: Names): string {
  return `${kind === 'deny' ? '-U' : '-O'} ${serviceOption(service, names)} ${kind === 'deny' ? '-k' : '-2'} ${subjectName(entry)}\n`;
}
