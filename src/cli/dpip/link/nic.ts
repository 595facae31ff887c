// SPDX-License-Identifier: Apache-2.0
// What a device looks like in the listings: pure text from replies.
import type { BondStatus, LinkBasic, LinkDevice, LinkExtra, LinkStats, LinkXstat } from '../../../ipc/messages/link';
import { left } from '../../render/columns';
import { cellLines, counter, rate, type Cell } from './cells';

const STATS_WIDTH = 20;
const NARROW_WIDTH = 16;
const DRIVER_WIDTH = 32;

/** Words that are printed while the switch is on, in their order; the spelling is what scripts look for. */
export const SWITCHES = [
  ['promisc', 'promisc'],
  ['allmulticast', 'allmulticast'],
  ['fwd2kni', 'foward2kni'],
  ['tc_egress', 'tc-egress'],
  ['tc_ingress', 'tc-ingress'],
  ['lldp', 'lldp'],
] as const;

export const OFFLOADS = [
  ['ol_rx_ip_csum', 'OF_RX_IP_CSUM'],
  ['ol_tx_ip_csum', 'OF_TX_IP_CSUM'],
  ['ol_tx_tcp_csum', 'OF_TX_TCP_CSUM'],
  ['ol_tx_udp_csum', 'OF_TX_UDP_CSUM'],
  ['ol_tx_fast_free', 'OF_TX_FAST_FREE'],
] as const;

function wordsThatAreOn(
  nic: LinkBasic,
  words: readonly (readonly [(typeof SWITCHES | typeof OFFLOADS)[number][0], string])[],
): string {
  return words.map(([member, word]) => (nic[member] === 0 ? '' : `${word} `)).join('');
}

/** Three lines, the second and third with a space at their end. */
export function renderNic(nic: LinkBasic): string {
  return (
    `${nic.port_id + 1}: ${nic.name}: socket ${nic.socket_id} mtu ${nic.mtu} rx-queue ${nic.nrxq} tx-queue ${nic.ntxq}\n` +
    `    ${nic.link_status} ${nic.link_speed} Mbps ${nic.link_duplex} ${nic.link_autoneg} ${wordsThatAreOn(nic, SWITCHES)}\n` +
    `    addr ${nic.addr} ${wordsThatAreOn(nic, OFFLOADS)}\n`
  );
}

export function renderNicStats(stats: LinkStats, human = false): string {
  const shown = (name: 'ipackets' | 'opackets' | 'ibytes' | 'obytes' | 'ierrors' | 'oerrors' | 'imissed' | 'rx_nombuf'): Cell =>
    [name, counter(stats[name], human)];
  return (
    cellLines(
      [
        shown('ipackets'),
        shown('opackets'),
        shown('ibytes'),
        shown('obytes'),
      ],
      STATS_WIDTH,
    ) +
    cellLines(
      [
        shown('ierrors'),
        shown('oerrors'),
        shown('imissed'),
        shown('rx_nombuf'),
      ],
      STATS_WIDTH,
    ) +
    cellLines(
      [
        ['mbuf-avail', stats.mbuf_avail],
        ['mbuf-inuse', stats.mbuf_inuse],
      ],
      STATS_WIDTH,
    )
  );
}

/** A table of the queues. @param queues how many there are, at most 16 have counters */
export function renderQueueStats(stats: LinkStats, queues: number, human = false): string {
  const columns = [['ipackets', 'q_ipackets'], ['ibytes', 'q_ibytes'], ['ierrors', 'q_errors'], ['opackets', 'q_opackets'], ['obytes', 'q_obytes']] as const;
  const rows = Array.from({ length: Math.min(queues, stats.q_ipackets.length) }, (_, q) => [String(q), ...columns.map(([, member]) => String(counter(stats[member][q] ?? 0n, human)))]);
  return [['queue', ...columns.map(([title]) => title)], ...rows].map((cells) => `    ${cells.map((cell, i) => left(cell, i === 0 ? 8 : STATS_WIDTH)).join('')}\n`).join('');
}

/** Rates between two samples. @param seconds between them, at least 1 */
export function renderNicRates(before: LinkStats, after: LinkStats, seconds: number): string {
  const per = (name: 'ipackets' | 'opackets' | 'ibytes' | 'obytes' | 'ierrors' | 'oerrors' | 'imissed' | 'rx_nombuf'): bigint =>
    rate(before[name], after[name], seconds);
  return (
    cellLines(
      [
        ['ipackets/pps', per('ipackets')],
        ['opackets/pps', per('opackets')],
        ['ibytes/Bps', per('ibytes')],
        ['obytes/Bps', per('obytes')],
      ],
      NARROW_WIDTH,
    ) +
    cellLines(
      [
        ['ierrors/pps', per('ierrors')],
        ['oerrors/pps', per('oerrors')],
        ['imissed/pps', per('imissed')],
        ['rx_nombuf/pps', per('rx_nombuf')],
      ],
      NARROW_WIDTH,
    )
  );
}

export function renderXstats(xstats: readonly LinkXstat[]): string {
  const lines = xstats.map((entry) => `        ${left(entry.id, 6)}${entry.name}: ${entry.val}\n`);
  return `    xstats list:\n${lines.length === 0 ? '        not supported\n' : lines.join('')}`;
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16).toUpperCase()}`;
}

/** Rows of four cells, in the order of the listing. */
function deviceRows(dev: LinkDevice): readonly (readonly (readonly [string, string | number])[])[] {
  return [
    [
      ['if_index', dev.if_index],
      ['min_rx_bufsize', dev.min_rx_bufsize],
      ['max_rx_pktlen', dev.max_rx_pktlen],
      ['max_mac_addrs', dev.max_mac_addrs],
    ],
    [
      ['max_rx_queues', dev.max_rx_queues],
      ['max_tx_queues', dev.max_tx_queues],
      ['max_hash_addrs', dev.max_hash_mac_addrs],
      ['max_vfs', dev.max_vfs],
    ],
    [
      ['max_vmdq_pools', dev.max_vmdq_pools],
      ['rx_ol_capa', hex(dev.rx_offload_capa)],
      ['tx_ol_capa', hex(dev.tx_offload_capa)],
      ['reta_size', dev.reta_size],
    ],
    [
      ['hash_key_size', dev.hash_key_size],
      ['flowtype_rss_ol', hex(dev.flow_type_rss_offloads)],
      ['vmdq_que_base', dev.vmdq_queue_base],
      ['vmdq_que_num', dev.vmdq_queue_num],
    ],
    [
      ['rx_desc_max', dev.rx_desc_lim_nb_max],
      ['rx_desc_min', dev.rx_desc_lim_nb_min],
      ['rx_desc_align', dev.rx_desc_lim_nb_align],
      ['vmdq_pool_base', dev.vmdq_pool_base],
    ],
    [
      ['tx_desc_max', dev.tx_desc_lim_nb_max],
      ['tx_desc_min', dev.tx_desc_lim_nb_min],
      ['tx_desc_align', dev.tx_desc_lim_nb_align],
      ['speed_capa', dev.speed_capa],
    ],
  ];
}

/** Limits of the driver, then the daemon's own texts about queues and multicast addresses. */
export function renderNicExtra(extra: LinkExtra): string {
  const { device } = extra;
  const driver = cellLines(
    [
      ['pci_addr', device.pci_addr],
      ['driver_name', device.driver_name],
    ],
    DRIVER_WIDTH,
  );
  const rows = deviceRows(device).map((row) => cellLines(row, NARROW_WIDTH));
  const queues = extra.queues === '' ? '' : `    Queue Configuration:\n${extra.queues}`;
  const multicast = extra.multicast === '' ? '' : `    HW mcast list:\n${extra.multicast}`;
  return `${driver}${rows.join('')}${queues}${multicast}`;
}

export function renderBond(bond: BondStatus): string {
  const slaves = bond.slaves.map((slave) => {
    const active = slave.is_active === 0 ? 'inactive' : 'active';
    return `${slave.name}(${slave.macaddr}, ${active}${slave.is_primary === 0 ? '' : ', primary'}) `;
  });
  return (
    '    --- bonding status ---\n' +
    `    mode ${bond.mode} mac_addr ${bond.macaddr} xmit_policy ${bond.xmit_policy} link_monitor ${bond.link_monitor_interval}ms\n` +
    `    ative/slaves ${bond.active_nb}/${bond.slave_nb} link_down_prop_delay ${bond.link_down_prop_delay}ms` +
    ` link_up_prop_delay ${bond.link_up_prop_delay}ms\n` +
    `    slaves: ${slaves.join('')}\n`
  );
}
