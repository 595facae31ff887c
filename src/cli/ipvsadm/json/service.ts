// SPDX-License-Identifier: Apache-2.0
// Services and what belongs to them as JSON (docs/json.md): attributes are called as the options that set them.
import { destFlags, fwdMode, type Dest } from '../../../ipc/messages/dest';
import type { AclSubjectEntry, ListedLaddr } from '../../../ipc/messages/list';
import { destCheckTypes, svcFlags, type Service } from '../../../ipc/messages/service';
import { addressBits, AF_INET6, type Family } from '../../parse/address';
import { formatNetmask } from '../../parse/netmask';
import { protocolName } from '../../parse/protocol';
import { formatIp } from '../../render/address';
import { printable } from '../../render/text';
import { destCheckValues } from '../dest-check';
import { matchFamily, rangeIsEmpty, type WireRange } from '../match';
import { schedFlagNames } from '../sched-flags';
import { hasFlag, proxyProtocolText, serviceKind, type ServiceIdentity } from '../service-text';
import type { Counters, Rates } from '../totals';
import { count, type JsonObject } from '../../runtime/document';

/** Forwarding modes by the options that choose them; local and bypass have none. */
const FORWARDING: Readonly<Record<number, string | undefined>> = {
  [fwdMode.DPVS_FWD_MASQ]: 'masquerading',
  [fwdMode.DPVS_FWD_LOCALNODE]: 'local',
  [fwdMode.DPVS_FWD_MODE_TUNNEL]: 'ipip',
  [fwdMode.DPVS_FWD_MODE_DR]: 'gatewaying',
  [fwdMode.DPVS_FWD_MODE_BYPASS]: 'bypass',
  [fwdMode.DPVS_FWD_MODE_FNAT]: 'fullnat',
  [fwdMode.DPVS_FWD_MODE_SNAT]: 'snat',
};

export function forwardingName(mode: number): string {
  return FORWARDING[mode] ?? 'unknown';
}

export function familyName(af: number): string {
  return af === AF_INET6 ? 'ipv6' : 'ipv4';
}

/** Name of a protocol, or its number as text. */
export function protocolText(proto: number): string {
  return protocolName(proto) ?? String(proto);
}

function rangeJson(range: WireRange, af: number): JsonObject | null {
  if (rangeIsEmpty(range, af)) return null;
  return {
    first_address: formatIp(af, range.min_addr),
    last_address: formatIp(af, range.max_addr),
    first_port: range.min_port,
    last_port: range.max_port,
  };
}

/** What tells a service from others. */
export function serviceIdentity(service: ServiceIdentity): JsonObject {
  const { af, proto, match } = service;
  const kind = serviceKind(service);
  const family = matchFamily(match, af);
  return {
    kind,
    family: familyName(af),
    protocol: protocolText(proto),
    address: kind === 'address' ? formatIp(af, service.addr) : null,
    port: kind === 'address' ? service.port : null,
    fwmark: kind === 'fwmark' ? service.fwmark : null,
    match:
      kind === 'match'
        ? {
            src_range: rangeJson(match.srange, family),
            dst_range: rangeJson(match.drange, family),
            iif: match.iifname === '' ? null : printable(match.iifname),
            oif: match.oifname === '' ? null : printable(match.oifname),
          }
        : null,
  };
}

function hashTarget(service: Service): string | null {
  if (hasFlag(service, svcFlags.IP_VS_SVC_F_QID_HASH)) return 'qid';
  return hasFlag(service, svcFlags.IP_VS_SVC_F_SIP_HASH) ? 'sip' : null;
}

function destCheckJson({ check_conf: check }: Service): JsonObject {
  const passive = (check.types & destCheckTypes.DEST_HC_PASSIVE) !== 0;
  return {
    internal: passive
      ? {
          down_retry: check.dest_down_notice_num,
          up_confirm: check.dest_up_notice_num,
          down_wait_seconds: check.dest_down_wait,
          inhibit_min_seconds: check.dest_inhibit_min,
          inhibit_max_seconds: check.dest_inhibit_max,
        }
      : null,
    external: destCheckValues(check).external,
  };
}

/** What options set of a service. */
export function serviceAttributes(service: Service): JsonObject {
  const has = (flag: number): boolean => hasFlag(service, flag);
  return {
    scheduler: printable(service.sched_name),
    hash_target: hashTarget(service),
    scheduler_flags: schedFlagNames(service.flags, service.sched_name),
    persistent_seconds: has(svcFlags.IP_VS_SVC_F_PERSISTENT) ? service.timeout : null,
    netmask: formatNetmask(service.netmask, service.af),
    ops: has(svcFlags.IP_VS_SVC_F_ONEPACKET),
    synproxy: has(svcFlags.IP_VS_SVC_F_SYNPROXY),
    conn_timeout_seconds: service.conn_timeout,
    conn_limit: service.conn_limit ?? 0,
    limit_proportion_percent: service.limit_proportion,
    proxy_protocol: proxyProtocolText(service.proxy_protocol),
    expire_quiescent: has(svcFlags.IP_VS_SVC_F_EXPIRE_QUIESCENT),
    quic: has(svcFlags.IP_VS_SVC_F_QUIC),
    dest_check: destCheckJson(service),
  };
}

/** What names a server, and what options set of it. */
export function serverAttributes(dest: Dest): JsonObject {
  return {
    family: familyName(dest.af),
    address: formatIp(dest.af, dest.addr),
    port: dest.port,
    forwarding: forwardingName(dest.fwdmode),
    weight: dest.weight,
    u_threshold: dest.max_conn,
    l_threshold: dest.min_conn,
  };
}

/** What a server is doing. */
export function serverState(dest: Dest): JsonObject {
  return {
    inhibited: (dest.flags & destFlags.DPVS_DEST_F_INHIBITED) !== 0,
    overloaded: (dest.flags & destFlags.DPVS_DEST_F_OVERLOAD) !== 0,
    ...connectionCounts(dest),
  };
}

export function connectionCounts(dest: Dest): JsonObject {
  return {
    active_connections: dest.actconns,
    inactive_connections: dest.inactconns,
    persistent_connections: dest.persistconns,
  };
}

/** Sums since the counters were last zeroed. */
export function countersJson(stats: Counters): JsonObject {
  return {
    connections: count(stats.conns),
    in_packets: count(stats.inpkts),
    out_packets: count(stats.outpkts),
    in_bytes: count(stats.inbytes),
    out_bytes: count(stats.outbytes),
  };
}

const BITS = 8n;

/** Moving averages of the last seconds. @param bits also in bits */
export function ratesJson(rates: Rates, bits: boolean): JsonObject {
  return {
    connections_per_second: count(rates.cps),
    in_packets_per_second: count(rates.inpps),
    out_packets_per_second: count(rates.outpps),
    in_bytes_per_second: count(rates.inbps),
    out_bytes_per_second: count(rates.outbps),
    in_bits_per_second: bits ? count(BigInt(rates.inbps) * BITS) : undefined,
    out_bits_per_second: bits ? count(BigInt(rates.outbps) * BITS) : undefined,
  };
}

/** A local address and its use. */
export function laddrJson({ af, addr, ifname, conflicts, nconns }: ListedLaddr): JsonObject {
  return {
    family: familyName(af),
    address: formatIp(af, addr),
    ifname: ifname === '' ? null : printable(ifname),
    port_conflicts: count(conflicts),
    connections: nconns,
  };
}

/** Whom an entry of a deny or allow list is about: an address with the bits of it that count, or an ipset. */
export function subjectJson({ subject: { af, addr, plen }, ipset }: AclSubjectEntry): JsonObject {
  if (ipset !== '') return { address: null, prefix_length: null, ipset: printable(ipset) };
  return { address: formatIp(af, addr), prefix_length: Math.min(plen, addressBits(af as Family)), ipset: null };
}
