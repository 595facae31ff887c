// SPDX-License-Identifier: Apache-2.0
// Each kind of record as data: the names and units of docs/json.md. What other forms than text are made of.
import { ifaddrFlags } from '../../../ipc/messages/addr';
import type { LcoreLoad } from '../../../ipc/messages/load';
import { hwAddrFlags } from '../../../ipc/messages/maddr';
import { neighFlags, neighState } from '../../../ipc/messages/neigh';
import { routeFlags } from '../../../ipc/messages/route';
import { tunnelFlags } from '../../../ipc/messages/tunnel';
import { AF_INET, AF_INET6, isAnyAddress } from '../../parse/address';
import { protocolName } from '../../parse/protocol';
import { formatIp } from '../../render/address';
import { count, type JsonObject, type JsonValue } from '../../runtime/document';
import { printable } from '../../render/text';
import { elementText } from '../ipset/render';
import { findType } from '../ipset/types';
import { OFFLOADS, SWITCHES } from '../link/nic';
import type { Kind, NicRecord, Records } from '../listing';
import { scopeName as addressScope } from '../objects/addr';
import { COUNTERS } from '../objects/ipv6';
import { ringsOf, roleOf } from '../objects/lcore';
import { STATES } from '../objects/neigh';
import { scopeName as routeScope } from '../objects/route';
import { formatHandle } from '../tc/handle';
import { formatPattern } from '../tc/pattern';
import { formatMac } from '../text';

/** A family as documents name it. */
function familyName(af: number): 'ipv4' | 'ipv6' {
  return af === AF_INET6 ? 'ipv6' : 'ipv4';
}

/** Bits of a mask by name, with the number that they are made of. */
function mask(value: number | bigint, names: Readonly<Record<string, number>>): JsonObject {
  const bits = BigInt(value);
  return {
    names: Object.keys(names).filter((name) => (bits & BigInt(names[name] ?? 0)) !== 0n).map((name) => name.replace(/^[A-Z]+_(F_)?/, '').toLowerCase()),
    value: count(bits),
  };
}

/** null: not set. */
function addressOrNull(af: number, bytes: Uint8Array): string | null {
  return isAnyAddress(af === AF_INET6 ? AF_INET6 : AF_INET, bytes) ? null : formatIp(af, bytes);
}

/** Names of counters that both ends have shortened, as members. */
function counters<T extends object>(from: T, names: Readonly<Record<string, keyof T>>): JsonObject {
  return Object.fromEntries(Object.entries(names).map(([name, member]) => [name, count(from[member] as bigint)]));
}

const NIC_COUNTERS = {
  in_packets: 'ipackets', out_packets: 'opackets', in_bytes: 'ibytes', out_bytes: 'obytes',
  in_errors: 'ierrors', out_errors: 'oerrors', in_missed: 'imissed', in_no_buffer: 'rx_nombuf',
} as const; // prettier-ignore

const QUEUE_COUNTERS = {
  in_packets: 'q_ipackets', out_packets: 'q_opackets', in_bytes: 'q_ibytes', out_bytes: 'q_obytes', errors: 'q_errors',
} as const; // prettier-ignore

const LOAD_COUNTERS = {
  turns: 'turns', packets: 'packets', busy_cycles: 'busy_cycles', total_cycles: 'total_cycles',
  bursts_empty: 'bursts_empty', bursts_up_to_half: 'bursts_low', bursts_over_half: 'bursts_high', bursts_full: 'bursts_full',
} as const; // prettier-ignore

/** Means over about a second; null until one has passed. */
function loadMeans(load: LcoreLoad): JsonObject {
  const known = load.window_ms > 0;
  return {
    busy_percent: known ? load.busy / PERMILLE_OF_PERCENT : null,
    cpu_percent: known ? load.cpu / PERMILLE_OF_PERCENT : null,
    packets_per_second: known ? count(load.pps) : null,
    cycles_per_packet: known && load.cycles > 0 ? load.cycles : null,
  };
}

const PERMILLE_OF_PERCENT = 10;

const LCORE_COUNTERS = {
  loops: 'lcore_loop', bursts: 'pktburst', bursts_empty: 'zpktburst', bursts_full: 'fpktburst',
  bursts_up_to_half: 'z2hpktburst', bursts_over_half: 'h2fpktburst', dropped: 'dropped',
  in_packets: 'ipackets', in_bytes: 'ibytes', out_packets: 'opackets', out_bytes: 'obytes',
} as const; // prettier-ignore

/** Names of the text that are misspelt, as what they mean. */
const SWITCH_NAMES: Readonly<Record<string, string>> = { 'foward2kni': 'forward2kni' };

function queueCounters(stats: NonNullable<NicRecord['stats']>, queues: number): JsonValue {
  return Array.from({ length: Math.min(queues, stats.q_ipackets.length) }, (_, queue) => ({
    queue,
    ...Object.fromEntries(Object.entries(QUEUE_COUNTERS).map(([name, member]) => [name, count(stats[member][queue] ?? 0n)])),
  }));
}

function nicDetails({ basic, stats, xstats, extra, bond }: NicRecord): JsonObject {
  return {
    ...(stats === undefined ? {} : {
      counters: counters(stats, NIC_COUNTERS),
      buffers: { available: stats.mbuf_avail, in_use: stats.mbuf_inuse },
      queues: queueCounters(stats, Math.max(basic.nrxq, basic.ntxq)),
    }),
    ...(xstats === undefined ? {} : { extended: xstats.map(({ id, name, val }) => ({ id: count(id), name: printable(name), value: count(val) })) }),
    ...(extra === undefined ? {} : {
      driver: Object.fromEntries(
        Object.entries(extra.device).filter(([, value]) => typeof value !== 'object')
          .map(([name, value]) => [name, typeof value === 'string' ? printable(value) : count(value as number | bigint)]),
      ),
      queue_lcores: lines(extra.queues),
      multicast: lines(extra.multicast),
    }),
    ...(bond === undefined ? {} : {
      bonding: {
        mode: bond.mode,
        mac: printable(bond.macaddr),
        xmit_policy: printable(bond.xmit_policy).toLowerCase(),
        link_monitor_milliseconds: bond.link_monitor_interval,
        link_down_delay_milliseconds: bond.link_down_prop_delay,
        link_up_delay_milliseconds: bond.link_up_prop_delay,
        members: bond.slaves.map((slave) => ({
          name: printable(slave.name), mac: printable(slave.macaddr), active: slave.is_active !== 0, primary: slave.is_primary !== 0,
        })),
      },
    }),
  }; // prettier-ignore
}

/** Lines of a text that the daemon made, without the blanks around them. */
function lines(text: string): string[] {
  return text.split('\n').map((line) => printable(line.trim())).filter((line) => line !== '');
}

const TUNNEL_FLAGS = { csum: tunnelFlags.TUNNEL_F_CSUM, key: tunnelFlags.TUNNEL_F_KEY, seq: tunnelFlags.TUNNEL_F_SEQ };

function ipv4Text(number: number): string {
  return formatIp(AF_INET, Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number));
}

function target({ drop, sch_id }: { readonly drop: number; readonly sch_id: number }): string {
  return drop === 0 ? formatHandle(sch_id) : 'drop';
}

function clsRule({ kind, copt }: Records['cls']['cls']): JsonObject {
  if (kind === 'match' && copt.match !== undefined) return { pattern: formatPattern(copt.match), target: target(copt.match.result) };
  if (copt.set === undefined) return {};
  const { setname, dst_match: destination, result } = copt.set;
  return { set: printable(setname), direction: destination === 0 ? 'src' : 'dst', target: target(result) };
}

function qschOptions({ kind, qopt }: Records['qsch']['qsch']): JsonObject {
  if ((kind === 'bfifo' || kind === 'pfifo') && qopt.fifo !== undefined) {
    return kind === 'bfifo' ? { limit_bytes: qopt.fifo.limit } : { limit_packets: qopt.fifo.limit };
  }
  if (kind === 'pfifo_fast' && qopt.prio !== undefined) return { bands: qopt.prio.bands, priomap: Array.from(qopt.prio.priomap) };
  if (kind !== 'tbf' || qopt.tbf === undefined) return {};
  const { rate, peakrate, buffer, mtu, limit } = qopt.tbf;
  return {
    rate_bytes_per_second: rate.rate, burst_bytes: buffer, limit_bytes: limit,
    peakrate_bytes_per_second: peakrate.rate === 0 ? null : peakrate.rate, minburst_bytes: peakrate.rate === 0 ? null : mtu,
  }; // prettier-ignore
}

function markEnd(af: number, end: Records['mark']['src']): JsonObject {
  return {
    prefix: end.plen === 0 ? null : `${formatIp(af, end.addr)}/${end.plen}`,
    ports: end.port_max === 0 ? null : [end.port_min, end.port_max],
  };
}

function routeJson(af: number, route: Pick<Records['route4'], 'dst' | 'src' | 'ifname' | 'mtu' | 'flags'>, gateway: Uint8Array): JsonObject {
  const via = addressOrNull(af, gateway);
  return {
    family: familyName(af),
    prefix: `${formatIp(af, route.dst.addr)}/${route.dst.plen}`,
    gateway: via,
    source: addressOrNull(af, route.src.addr),
    device: printable(route.ifname),
    mtu: route.mtu,
    scope: routeScope(route.flags, via !== null),
    flags: mask(route.flags, routeFlags),
  };
}

/** Each kind as data. */
export const RECORDS: { readonly [K in Kind]: (record: Records[K]) => JsonObject } = {
  addr: ({ record: { ifa_entry: entry, ifa_stats: stats }, lcore, pools }) => ({
    ...(lcore ? { lcore: entry.cid } : {}),
    family: familyName(entry.af),
    address: formatIp(entry.af, entry.addr),
    prefix_length: entry.plen,
    broadcast: addressOrNull(entry.af, entry.bcast),
    scope: addressScope(entry.scope),
    device: printable(entry.ifname),
    valid_seconds: entry.valid_lft === 0 ? null : entry.valid_lft,
    preferred_seconds: entry.prefered_lft === 0 ? null : entry.prefered_lft,
    flags: mask(entry.flags, ifaddrFlags),
    ...(pools && (entry.flags & ifaddrFlags.IFA_F_SAPOOL) !== 0
      ? { ports: { used: count(stats.sa_used), free: count(stats.sa_free), missed: count(stats.sa_miss) } }
      : {}),
  }),
  route4: (route) => ({ ...routeJson(AF_INET, route, route.gateway.addr), metric: route.metric }),
  route6: (route) => routeJson(AF_INET6, route, route.gateway),
  neigh: (entry) => ({
    family: familyName(entry.af),
    address: formatIp(entry.af, entry.ip_addr),
    mac: entry.state < neighState.DPVS_NUD_S_REACHABLE ? null : formatMac(entry.eth_addr.ether_addr_octet),
    state: (STATES[entry.state] ?? String(entry.state)).toLowerCase(),
    device: printable(entry.ifname),
    lcore: entry.cid,
    static: (entry.flag & neighFlags.NEIGHBOUR_STATIC) !== 0,
  }),
  link: (nic) => {
    const { basic } = nic;
    return {
      id: basic.port_id,
      name: printable(basic.name),
      socket: basic.socket_id,
      mtu: basic.mtu,
      rx_queues: basic.nrxq,
      tx_queues: basic.ntxq,
      link: printable(basic.link_status).toLowerCase(),
      speed_mbps: basic.link_speed,
      duplex: printable(basic.link_duplex),
      autoneg: printable(basic.link_autoneg),
      mac: printable(basic.addr),
      switches: SWITCHES.filter(([member]) => basic[member] !== 0).map(([, word]) => SWITCH_NAMES[word] ?? word),
      offloads: OFFLOADS.filter(([member]) => basic[member] !== 0).map(([, word]) => word.replace(/^OF_/, '').toLowerCase()),
      ...nicDetails(nic),
    };
  },
  cpu: ({ id, role, basic, stats }) => ({
    lcore: id,
    ...(role === null ? {} : { role }),
    socket: basic.socket,
    queues: printable(basic.queues.trim()),
    ...(stats === undefined ? {} : { counters: counters(stats, LCORE_COUNTERS) }),
  }),
  vlan: (vlan) => ({
    name: printable(vlan.ifname),
    link: printable(vlan.real_dev),
    protocol: vlan.vlan_proto === 0x88a8 ? '802.1ad' : '802.1q',
    id: vlan.vlan_id,
  }),
  tunnel: ({ ifname, kind, link, i_flags, o_flags, i_key, o_key, iph }) => ({
    name: printable(ifname),
    kind: printable(kind),
    remote: iph.daddr === 0 ? null : ipv4Text(iph.daddr),
    local: iph.saddr === 0 ? null : ipv4Text(iph.saddr),
    device: link === '' ? null : printable(link),
    ttl: iph.ttl === 0 ? 'inherit' : iph.ttl,
    tos: (iph.tos & 1) === 0 ? iph.tos : 'inherit',
    input: { flags: mask(i_flags, TUNNEL_FLAGS), key: (i_flags & TUNNEL_FLAGS.key) === 0 ? null : i_key },
    output: { flags: mask(o_flags, TUNNEL_FLAGS), key: (o_flags & TUNNEL_FLAGS.key) === 0 ? null : o_key },
  }),
  qsch: ({ qsch, dev, stats, lcore }) => ({
    ...(lcore ? { lcore: qsch.cid } : {}),
    kind: printable(qsch.kind),
    handle: formatHandle(qsch.handle),
    device: dev,
    parent: formatHandle(qsch.where),
    flags: qsch.flags,
    classifiers: qsch.cls_cnt,
    options: qschOptions(qsch),
    ...(stats
      ? {
          counters: { bytes: count(qsch.bstats.bytes), packets: qsch.bstats.packets, dropped: qsch.qstats.drops, overlimits: qsch.qstats.overlimits, requeues: qsch.qstats.requeues },
          backlog: { bytes: qsch.qstats.backlog, packets: qsch.qstats.qlen },
        }
      : {}),
  }),
  cls: ({ cls, dev, lcore }) => ({
    ...(lcore ? { lcore: cls.cid } : {}),
    kind: printable(cls.kind),
    handle: formatHandle(cls.handle),
    device: dev,
    qsch: formatHandle(cls.sch_id),
    packet_type: `0x${cls.pkt_type.toString(16).padStart(4, '0')}`,
    priority: cls.priority,
    ...clsRule(cls),
  }),
  ipset: (info) => {
    const set = findType(info.type);
    return {
      name: printable(info.name),
      type: printable(info.type),
      family: familyName(info.af),
      comment: info.comment !== 0,
      hash_size: info.hash === undefined || set?.kind === 'bitmap' ? null : info.hash.hashsize,
      max_elements: info.hash === undefined || set?.kind === 'bitmap' ? null : info.hash.maxelem,
      size_bytes: info.size,
      references: info.references,
      entries: info.entries,
      members: info.members.map((member) => ({
        element: set === undefined ? null : printable(elementText(member, info.af, set)),
        nomatch: member.nomatch !== 0,
        comment: member.comment === '' ? null : printable(member.comment),
      })),
    };
  },
  membership: ({ set, entry, isMember }) => ({ set, entry, member: isMember }),
  flow: ({ af, addr, ifname }) => ({ type: 'kni', family: familyName(af), address: formatIp(af, addr), device: printable(ifname) }),
  maddr: ({ device, link, ip }) => ({
    device: printable(device),
    link: link.map((entry) => ({
      mac: printable(entry.addr), users: entry.refcnt, from_kernel: (entry.flags & hwAddrFlags.HW_ADDR_F_FROM_KNI) !== 0, synced: entry.sync_cnt,
    })),
    groups: ip.map((entry) => ({ family: familyName(entry.af), address: formatIp(entry.af, entry.maddr), flags: entry.flags, users: entry.refcnt })),
  }), // prettier-ignore
  lldp: ({ device, who, text }) => ({ device, message: who === 'local' ? 'local' : 'neighbour', lines: lines(text) }),
  ipv6: ({ lcore, counters: all }) => ({
    lcore,
    counters: Object.fromEntries(COUNTERS.map(([name, member]) => [name, count(all[member])])),
  }),
  iftraf: ({ talker, rank }) => ({
    rank,
    device: printable(talker.ifname),
    protocol: protocolName(talker.proto) ?? String(talker.proto),
    source: { address: formatIp(talker.af, talker.saddr), port: talker.sport },
    destination: { address: formatIp(talker.af, talker.daddr), port: talker.dport },
    received: talker.total_recv,
    sent: talker.total_sent,
  }),
  seg: (row) => ({
    socket: row.socket_id, iova: `0x${row.iova.toString(16)}`, virtual_address: `0x${row.virt_addr.toString(16)}`,
    length_bytes: count(row.len), page_bytes: count(row.hugepage_sz), channels: row.nchannel, ranks: row.nrank, free_bytes: count(row.free_seg_len),
  }), // prettier-ignore
  zone: (row) => ({
    name: printable(row.name), socket: row.socket_id, iova: `0x${row.iova.toString(16)}`, virtual_address: `0x${row.virt_addr.toString(16)}`,
    length_bytes: count(row.len), page_bytes: count(row.hugepage_sz),
  }), // prettier-ignore
  ring: (row) => ({
    name: printable(row.name), flags: row.flags, size: row.size, used: row.used, available: row.avail,
    consumer: { head: row.cons_head, tail: row.cons_tail }, producer: { head: row.prod_head, tail: row.prod_tail },
  }), // prettier-ignore
  pool: (row) => ({
    name: printable(row.name), flags: row.flags, size: row.size, used: row.size - row.count, available: row.count,
    element_bytes: row.elt_size, header_bytes: row.header_size, trailer_bytes: row.trailer_size, private_bytes: row.private_data_size,
  }), // prettier-ignore
  drop: (entry) => ({
    ...(entry.lcore === null ? {} : { lcore: entry.lcore }),
    name: printable(entry.name), layer: printable(entry.layer), packets: count(entry.packets), text: printable(entry.text),
  }), // prettier-ignore
  lcore: (load) => ({
    lcore: load.lcore,
    role: roleOf(load),
    socket: load.node,
    ...loadMeans(load),
    buffers: load.pool_size === 0 ? null : { size: load.pool_size, free: load.pool_free },
    counters: counters(load, LOAD_COUNTERS),
    cycles_per_second: count(load.hz),
    rings: ringsOf(load),
  }),
  mark: (rule) => ({
    mark: rule.mark,
    family: familyName(rule.af),
    protocol: rule.proto === 0 ? null : (protocolName(rule.proto) ?? String(rule.proto)),
    from: markEnd(rule.af, rule.src),
    to: markEnd(rule.af, rule.dst),
    device: rule.iifname === '' ? null : printable(rule.iifname),
  }),
};
