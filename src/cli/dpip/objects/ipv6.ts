// SPDX-License-Identifier: Apache-2.0
import { getIp6Stats, type Ip6Counters } from '../../../ipc/messages/ip6stats';
import { parseDecimal } from '../../parse/number';
import { left } from '../../render/columns';
import { invalid } from '../errors';
import { missingValue, rest, verb, type ObjectSpec } from '../grammar';

const MAX_LCORE = 63;

/** Names of the counters, in the order of the listing. */
export const COUNTERS: readonly (readonly [name: string, member: keyof Ip6Counters])[] = [
  ['InReceives', 'inpkts'],
  ['InOctets', 'inoctets'],
  ['InDelivers', 'indelivers'],
  ['OutForwDatagrams', 'outforwdatagrams'],
  ['OutRequests', 'outpkts'],
  ['OutOctets', 'outoctets'],
  ['InHdrErrors', 'inhdrerrors'],
  ['InTooBigErrors', 'intoobigerrors'],
  ['InNoRoutes', 'innoroutes'],
  ['InAddrErrors', 'inaddrerrors'],
  ['InUnknownProtos', 'inunknownprotos'],
  ['InTruncatedPkts', 'intruncatedpkts'],
  ['InDiscards', 'indiscards'],
  ['OutDiscards', 'outdiscards'],
  ['OutNoRoutes', 'outnoroutes'],
  ['ReasmTimeout', 'reasmtimeout'],
  ['ReasmReqds', 'reasmreqds'],
  ['ReasmOKs', 'reasmoks'],
  ['ReasmFails', 'reasmfails'],
  ['FragOKs', 'fragoks'],
  ['FragFails', 'fragfails'],
  ['FragCreates', 'fragcreates'],
  ['InMcastPkts', 'inmcastpkts'],
  ['OutMcastPkts', 'outmcastpkts'],
  ['InBcastPkts', 'inbcastpkts'],
  ['OutBcastPkts', 'outbcastpkts'],
  ['InMcastOctets', 'inmcastoctets'],
  ['OutMcastOctets', 'outmcastoctets'],
  ['InBcastOctets', 'inbcastoctets'],
  ['OutBcastOctets', 'outbcastoctets'],
  ['InCsumErrors', 'csumerrors'],
  ['InNoECTPkts', 'noectpkts'],
  ['InECT1Pkts', 'ect1pkts'],
  ['InECT0Pkts', 'ect0pkts'],
  ['InCEPkts', 'cepkts'],
];

type Which = 'total' | 'all' | number;

/** The last word wins. */
function whichOf(words: readonly string[]): Which {
  let which: Which = 'total';
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === 'total' || word === 'all') {
      which = word;
    } else if (word === 'cpu') {
      at += 1;
      const text = words[at];
      if (text === undefined) throw missingValue('cpu');
      const id = parseDecimal(text, 0, MAX_LCORE);
      if (id === null) throw invalid(`bad cpu id \`${text}'`);
      which = id;
    } else {
      throw invalid(`unknow argument \`${word}'`);
    }
  }
  return which;
}

export function renderCounters(counters: Ip6Counters, indent: string): string {
  return COUNTERS.map(([name, member]) => `${indent}${left(`${name}:`, 18)} ${counters[member]}\n`).join('');
}

export const ipv6: ObjectSpec = {
  name: 'ipv6',
  summary: 'IPv6 counters',
  stages: ['parse'],
  verbs: {
    show: verb({
      args: { words: rest('[total | all | cpu N]') },
      run: ({ words }, { io, list }) => {
        const which = whichOf(words);
        const { total, lcores } = getIp6Stats(io.transport());
        const all = { lcore: null, counters: total };
        if (which === 'total') list.record('ipv6', all, ({ counters }) => renderCounters(counters, ''));
        if (which === 'all') list.record('ipv6', all, ({ counters }) => `All\n${renderCounters(counters, '    ')}`);
        for (const [id, counters] of lcores.entries()) {
          if (which !== 'all' && which !== id) continue;
          list.record('ipv6', { lcore: id, counters }, (shown) => `cpu ${id}\n${renderCounters(shown.counters, '    ')}`);
        }
        return 0;
      },
    }),
  },
};
