// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../../../ipc/client';
import { listLinks } from '../../../ipc/messages/link';
import { listClses, listQschs, type Cls, type Qsch } from '../../../ipc/messages/tc';
import { formatHandle } from '../tc/handle';
import { formatPattern } from '../tc/pattern';

const PLAIN = { stats: false, verbose: false };
const PACKET_TYPES: Readonly<Record<number, string>> = { 0x0800: 'ipv4', 0x86dd: 'ipv6', 0x8100: 'vlan' };

function optionsOf({ kind, qopt }: Qsch): string {
  if (kind === 'pfifo' || kind === 'bfifo') return ` limit ${qopt.fifo?.limit ?? 0}`;
  if (kind !== 'tbf' || qopt.tbf === undefined) return '';
  const { rate, peakrate, buffer, mtu, limit } = qopt.tbf;
  return ` rate ${rate.rate} burst ${buffer} limit ${limit}${peakrate.rate === 0 ? '' : ` peakrate ${peakrate.rate} mtu ${mtu}`}`;
}

function placeOf({ handle, where }: Qsch): string {
  const name = formatHandle(handle);
  return name === 'root' || name === 'ingress' ? name : `handle ${name} parent ${formatHandle(where)}`;
}

/** Parents come before their children. */
export function* schedulerLines(transport: Transport): Generator<string> {
  for (const { name: dev } of listLinks(transport)) {
    for (const qsch of listQschs(transport, dev, {}, PLAIN)) yield `qsch replace dev ${dev} ${placeOf(qsch)} ${qsch.kind}${optionsOf(qsch)}`;
  }
}

function targetText({ drop, sch_id: to }: { readonly drop: number; readonly sch_id: number }): string {
  return drop === 0 ? formatHandle(to) : 'drop';
}

function kindText({ kind, copt }: Cls): string {
  if (kind === 'match' && copt.match !== undefined) {
    // Protocols are typed in lower case; one for any is left out.
    const pattern = formatPattern(copt.match).replace(/^[^,]+/, (proto) => (proto === 'unspec' ? '' : proto.toLowerCase().replace('icmpv6', 'icmp6')));
    return `match pattern ${pattern.replace(/^,/, '')} target ${targetText(copt.match.result)}`;
  }
  const { setname, dst_match: dst, result } = copt.set ?? { setname: '', dst_match: 0, result: { drop: 1, sch_id: 0 } };
  return `ipset match ${setname},${dst === 0 ? 'src' : 'dst'} target ${targetText(result)}`;
}

export function* classLines(transport: Transport): Generator<string> {
  for (const { name: dev } of listLinks(transport)) {
    for (const { handle } of listQschs(transport, dev, {}, PLAIN)) {
      for (const cls of listClses(transport, dev, { sch_id: handle, handle: 0 }, PLAIN)) {
        yield `cls replace dev ${dev} qsch ${formatHandle(handle)} handle ${formatHandle(cls.handle)} pkttype ${PACKET_TYPES[cls.pkt_type] ?? 'ipv4'} prio ${cls.priority} ${kindText(cls)}`;
      }
    }
  }
}
