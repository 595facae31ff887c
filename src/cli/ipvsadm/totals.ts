// SPDX-License-Identifier: Apache-2.0
// What is said of a service as a whole.
import type { Dest } from '../../ipc/messages/dest';
import type { Entry } from './inventory';

/** Sums since the counters were last zeroed. */
export interface Counters {
  readonly conns: bigint;
  readonly inpkts: bigint;
  readonly outpkts: bigint;
  readonly inbytes: bigint;
  readonly outbytes: bigint;
}

/** Per second; bytes, not bits. */
export interface Rates {
  readonly cps: bigint | number;
  readonly inpps: bigint | number;
  readonly outpps: bigint | number;
  readonly inbps: bigint | number;
  readonly outbps: bigint | number;
}

type Sums = { -readonly [K in keyof Counters]: bigint };

/** A service has counted what its servers have, and what those had that are gone. */
export function serviceCounters({ service, dests, partial }: Entry): Counters {
  const { conns, inpkts, outpkts, inbytes, outbytes } = service.stats;
  const sums: Sums = partial
    ? { conns: 0n, inpkts: 0n, outpkts: 0n, inbytes: 0n, outbytes: 0n }
    : { conns, inpkts, outpkts, inbytes, outbytes };
  for (const { stats } of dests) {
    sums.conns += stats.conns;
    sums.inpkts += stats.inpkts;
    sums.outpkts += stats.outpkts;
    sums.inbytes += stats.inbytes;
    sums.outbytes += stats.outbytes;
  }
  return sums;
}

/** Rates of a server, with all their bits if the daemon sent them. */
export function serverRates({ dests, destsMore }: Pick<Entry, 'dests' | 'destsMore'>, i: number): Rates {
  return destsMore?.[i]?.rates ?? (dests[i] as Dest).stats;
}

/** Rates of a service are the daemon's, which knows servers that are gone too; of some servers they are the sum. */
export function serviceRates(entry: Entry): Rates {
  if (!entry.partial) return entry.more?.rates ?? entry.service.stats;
  const rates = entry.dests.map((_dest, i) => serverRates(entry, i));
  const sum = (member: keyof Rates): bigint => rates.reduce((total, each) => total + BigInt(each[member]), 0n);
  return { cps: sum('cps'), inpps: sum('inpps'), outpps: sum('outpps'), inbps: sum('inbps'), outbps: sum('outbps') };
}
