// SPDX-License-Identifier: Apache-2.0
import { DaemonError, type Transport } from '../../../ipc/client';
import { getLink, listLinks } from '../../../ipc/messages/link';
import { listTunnels, tunnelFlags, type Tunnel } from '../../../ipc/messages/tunnel';
import { listVlans } from '../../../ipc/messages/vlan';
import { AF_INET } from '../../parse/address';
import { formatIp } from '../../render/address';

const ETHER_8021AD = 0x88a8;

/** Parents come before what is made of them: devices are listed in the order in which they were made. */
export function* vlanLines(transport: Transport): Generator<string> {
  for (const { name } of listLinks(transport)) {
    for (const { ifname, real_dev: parent, vlan_proto: proto, vlan_id: id } of vlansNamed(transport, name)) {
      yield `vlan add ${ifname} link ${parent} proto ${proto === ETHER_8021AD ? '802.1ad' : '802.1q'} id ${id}`;
    }
  }
}

/** Daemons refuse the name of a device that is no VLAN. */
function vlansNamed(transport: Transport, ifname: string): ReturnType<typeof listVlans> {
  try {
    return listVlans(transport, { ifname }).filter((vlan) => vlan.ifname === ifname);
  } catch (error) {
    if (error instanceof DaemonError) return [];
    throw error;
  }
}

function address(number: number): string {
  return formatIp(AF_INET, Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number));
}

function direction(letter: 'i' | 'o', flags: number, key: number): string {
  const { TUNNEL_F_CSUM, TUNNEL_F_KEY, TUNNEL_F_SEQ } = tunnelFlags;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  return `${has(TUNNEL_F_KEY) ? ` ${letter}key ${key}` : ''}${has(TUNNEL_F_CSUM) ? ` ${letter}csum` : ''}${has(TUNNEL_F_SEQ) ? ` ${letter}seq` : ''}`;
}

function tunnelLine({ ifname, kind, link, iph, i_flags: inFlags, o_flags: outFlags, i_key: inKey, o_key: outKey }: Tunnel): string {
  const end = (name: string, number: number): string => (number === 0 ? '' : ` ${name} ${address(number)}`);
  const ttl = iph.ttl === 0 ? '' : ` ttl ${iph.ttl}`;
  const tos = iph.tos === 0 ? '' : ` tos ${iph.tos === 1 ? 'inherit' : iph.tos}`;
  const dev = link === '' ? '' : ` dev ${link}`;
  return `tunnel add ${ifname} mode ${kind}${end('remote', iph.daddr)}${end('local', iph.saddr)}${direction('i', inFlags, inKey)}${direction('o', outFlags, outKey)}${ttl}${tos}${dev}`;
}

export function* tunnelLines(transport: Transport): Generator<string> {
  for (const tunnel of listTunnels(transport, {})) yield tunnelLine(tunnel);
}

/** Switches that are on; those that are off are off from the start. */
export function* linkLines(transport: Transport): Generator<string> {
  for (const { name } of listLinks(transport)) {
    const nic = getLink(transport, name);
    const switches = { promisc: nic.promisc, allmulticast: nic.allmulticast, forward2kni: nic.fwd2kni, 'tc-egress': nic.tc_egress, 'tc-ingress': nic.tc_ingress, lldp: nic.lldp };
    for (const [item, on] of Object.entries(switches)) if (on !== 0) yield `link set ${name} ${item} on`;
  }
}
