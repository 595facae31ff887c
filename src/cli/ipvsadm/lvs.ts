// SPDX-License-Identifier: Apache-2.0
// What lists look like in the ipvsadm of LVS, where that of DPVS differs (--lvs-format).
import { svcFlags, type Service } from '../../ipc/messages/service';
import { formatNetmask } from '../parse/netmask';
import { IPPROTO, protocolName } from '../parse/protocol';
import { cut } from '../render/columns';
import { printable } from '../render/text';
import { hasFlag, isHostMask, protocolText, serviceKind, serviceName } from './service-text';
import type { Dialect } from './table';

/** "TCP  address", "SCTP address": the protocol fills four characters. */
function lvsName(service: Service, names: Parameters<Dialect['name']>[1]): string {
  const name = serviceName(service, names);
  const protocol = protocolText(service.proto);
  const isLong = serviceKind(service) === 'address' && protocol.length >= 4;
  return isLong ? name.replace(`${protocol}  `, `${protocol} `) : name;
}

/** Only words that LVS has. */
function lvsWords(service: Service): string {
  const words = [printable(service.sched_name)];
  if (hasFlag(service, svcFlags.IP_VS_SVC_F_PERSISTENT)) {
    words.push('persistent', String(service.timeout));
    if (!isHostMask(service)) words.push('mask', formatNetmask(service.netmask, service.af));
  }
  if (hasFlag(service, svcFlags.IP_VS_SVC_F_ONEPACKET)) words.push('ops');
  return words.join(' ');
}

export const LVS: Dialect = { name: lvsName, words: lvsWords, suffix: () => '' };

/** Names of the kernel by those of DPVS, where they are not the same. */
const STATES: Readonly<Record<string, string | undefined>> = {
  TCP_NONE: 'NONE',
  TCP_EST: 'ESTABLISHED',
  TCP_CLOSE: 'CLOSE',
  TCP_UNKOWN: 'NONE',
  SCTP_UNKNOWN: 'NONE',
  UNKOWN: 'NONE',
};

/** States of SCTP in the kernel; DPVS cuts them after 15 characters with SCTP_ in front. */
const SCTP_STATES = [
  'NONE', 'INIT1', 'INIT', 'COOKIE_SENT', 'COOKIE_REPLIED', 'COOKIE_WAIT', 'COOKIE', 'COOKIE_ECHOED', 'ESTABLISHED',
  'SHUTDOWN_SENT', 'SHUTDOWN_RECEIVED', 'SHUTDOWN_ACK_SENT', 'REJECTED', 'CLOSED',
] as const; // prettier-ignore
const DPVS_STATE_LENGTH = 15;
const SCTP = 'SCTP_';

function sctpState(state: string): string | undefined {
  return SCTP_STATES.find((name) => cut(`${SCTP}${name}`, DPVS_STATE_LENGTH) === state);
}

/** The state of a connection as the kernel calls it. @param state as DPVS calls it */
export function lvsState(state: string, proto: number): string {
  if (proto === IPPROTO.udp) return 'UDP';
  if (proto === IPPROTO.icmp || proto === IPPROTO.icmpv6) return 'ICMP';
  return STATES[state] ?? sctpState(state) ?? printable(state);
}

/** What is left of a connection's life as minutes and seconds, both at least two digits. */
export function lvsExpire(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}

/** Upper case name of a protocol; its number if it has none here. */
export function lvsProtocol(proto: number): string {
  return protocolName(proto)?.toUpperCase() ?? String(proto);
}
