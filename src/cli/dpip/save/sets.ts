// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../../../ipc/client';
import { listIpsets, type IpsetInfo, type IpsetMember } from '../../../ipc/messages/ipset';
import { AF_INET6 } from '../../parse/address';
import { formatIp } from '../../render/address';
import { elementText } from '../ipset/render';
import { findType, type SetType } from '../ipset/types';

function rangeOf({ af, bitmap }: IpsetInfo, set: SetType): string {
  if (bitmap === undefined) return '';
  const { range, cidr } = bitmap;
  if (set.parts[0] === 'port') return ` range ${range.min_port}-${range.max_port}`;
  const first = formatIp(af, range.min_addr);
  return ` range ${cidr === 0 ? `${first}-${formatIp(af, range.max_addr)}` : `${first}/${cidr}`}`;
}

function optionsOf(info: IpsetInfo, set: SetType): string {
  const sizes = set.kind === 'bitmap' ? rangeOf(info, set) : ` hashsize ${info.hash?.hashsize ?? 0} maxelem ${info.hash?.maxelem ?? 0}`;
  return `${sizes}${info.comment === 0 ? '' : ' comment'}`;
}

/** In quotes, as batches and Linux read them. */
function attributesOf({ nomatch, comment }: IpsetMember): string {
  return `${nomatch === 0 ? '' : ' nomatch'}${comment === '' ? '' : ` comment "${comment.replaceAll(/["\\]/g, '\\$&')}"`}`;
}

function* known(transport: Transport): Generator<[IpsetInfo, SetType]> {
  for (const info of listIpsets(transport, '')) {
    const set = findType(info.type);
    if (set !== undefined) yield [info, set];
  }
}

/** Members replace what is there. */
export function* setLines(transport: Transport): Generator<string> {
  for (const [info, set] of known(transport)) {
    yield `${info.af === AF_INET6 ? '-6 ' : ''}ipset create ${info.name} ${info.type}${optionsOf(info, set)}`;
    for (const member of info.members) yield `-F ipset add ${info.name} ${elementText(member, info.af, set)}${attributesOf(member)}`;
  }
}

/** create and add as ipset save of Linux prints them. */
export function* linuxSetLines(transport: Transport): Generator<string> {
  for (const [info, set] of known(transport)) {
    const family = set.kind === 'bitmap' ? '' : ` family inet${info.af === AF_INET6 ? '6' : ''}`;
    yield `create ${info.name} ${info.type}${family}${optionsOf(info, set)}`;
    for (const member of info.members) yield `add ${info.name} ${elementText(member, info.af, set)}${attributesOf(member)}`;
  }
}
