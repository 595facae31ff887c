// SPDX-License-Identifier: Apache-2.0
// Sets and their members as text.
import type { IpsetInfo, IpsetMember } from '../../../ipc/messages/ipset';
import { compareAddress } from '../../parse/address';
import { IPPROTO } from '../../parse/protocol';
import { formatIp } from '../../render/address';
import { familyName, formatMac } from '../text';
import { findType, hasNets, type SetType } from './types';

const PROTOCOLS: Readonly<Record<number, string>> = {
  [IPPROTO.tcp]: 'tcp',
  [IPPROTO.udp]: 'udp',
  [IPPROTO.icmp]: 'icmp',
  [IPPROTO.icmpv6]: 'icmp6',
};

function header(info: IpsetInfo, set: SetType | undefined): string {
  const comment = info.comment === 0 ? '' : 'comment';
  if (set?.kind !== 'bitmap') {
    const { hashsize = 0, maxelem = 0 } = info.hash ?? {};
    return `family ${familyName(info.af)}  hashsize ${hashsize}  maxelem ${maxelem}  ${comment}`;
  }
  const { bitmap } = info;
  if (bitmap === undefined) return `range   ${comment}`;
  const { range, cidr } = bitmap;
  const first = formatIp(info.af, range.min_addr);
  const addresses = cidr === 0 ? `${first}-${formatIp(info.af, range.max_addr)}` : `${first}/${cidr}`;
  const text = set.parts[0] === 'port' ? `tcp|udp:${range.min_port}-${range.max_port}` : addresses;
  return `range ${text}  ${comment}`;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** The parts of a member, joined by commas. */
export function elementText(member: IpsetMember, af: number, set: SetType): string {
  let nets = 0;
  let ports = 0;
  const texts = set.parts.map((part) => {
    switch (part) {
      case 'ip':
      case 'net': {
        nets += 1;
        const [bytes, cidr] = nets === 1 ? [member.addr, member.cidr] : [member.addr2, member.cidr2];
        return cidr === 0 ? formatIp(af, bytes) : `${formatIp(af, bytes)}/${cidr}`;
      }
      case 'port':
        ports += 1;
        return `${PROTOCOLS[member.proto] ?? 'unspec'}:${ports === 1 ? member.port : member.port2}`;
      case 'mac':
        return isZero(member.mac) ? '' : formatMac(member.mac).toUpperCase();
      case 'iface':
        return member.iface;
    }
  });
  return texts.filter((text, i) => text !== '' || set.parts[i] !== 'mac').join(',');
}

function memberLine(member: IpsetMember, af: number, set: SetType): string {
  const comment = member.comment === '' ? '' : `comment "${member.comment}"`;
  const element = elementText(member, af, set);
  // An address that should have a MAC but has none stands alone.
  if (set.name === 'bitmap:ip,mac' && isZero(member.mac)) return `${element}${comment === '' ? '' : `  ${comment}`}`;
  return `${element} ${member.nomatch === 0 ? '' : 'nomatch '} ${comment}`;
}

type Compare = (a: IpsetMember, b: IpsetMember, af: number) => number;

const byAddress: Compare = (a, b, af) => compareAddress(af, a.addr, b.addr);
const byAddress2: Compare = (a, b, af) => compareAddress(af, a.addr2, b.addr2);
const byCidr: Compare = (a, b) => b.cidr - a.cidr;
const byCidr2: Compare = (a, b) => b.cidr2 - a.cidr2;
const byPort: Compare = (a, b) => a.port - b.port || a.port2 - b.port2;
const byIface: Compare = (a, b) => (a.iface < b.iface ? -1 : Number(a.iface > b.iface));

/** What the members of a hash set are sorted by. */
function orderOf(set: SetType): readonly Compare[] {
  if (set.name === 'hash:ip,port,net') return [byAddress, byCidr2, byAddress2, byPort];
  if (!hasNets(set)) return [byAddress, byAddress2, byPort];
  return [byCidr, byCidr2, byAddress, byAddress2, byPort, byIface];
}

function sorted(info: IpsetInfo, set: SetType): readonly IpsetMember[] {
  const order = orderOf(set);
  return info.members.toSorted((a, b) => {
    for (const compare of order) {
      const result = compare(a, b, info.af);
      if (result !== 0) return result;
    }
    return 0;
  });
}

/** A set, its members and an empty line. @param sort members of hash sets by their value; else in the daemon's order */
export function renderIpset(info: IpsetInfo, sort: boolean): string {
  const set = findType(info.type);
  const members = set !== undefined && sort && set.kind === 'hash' ? sorted(info, set) : info.members;
  const lines = [
    `Name: ${info.name}`,
    `Type: ${info.type}`,
    `Header: ${header(info, set)}`,
    `Size in memory: ${info.size}`,
    `References: ${info.references}`,
    `Number of entries: ${info.entries}`,
    'Members:',
    ...(set === undefined ? [] : members.map((member) => memberLine(member, info.af, set))),
    '',
  ];
  return `${lines.join('\n')}\n`;
}
