// SPDX-License-Identifier: Apache-2.0
// Counts of connections by what people ask for.
import type { ConnCount } from '../../ipc/messages/list';
import { compareAddress } from '../parse/address';

/** Counts that agree in something, with one of them to say in what. */
export interface Group {
  readonly of: ConnCount;
  count: bigint;
}

/** What is counted, in the order of printing. */
export interface Summary {
  readonly total: bigint;
  readonly states: readonly Group[];
  readonly servers: readonly Group[];
  readonly lcores: readonly Group[];
}

function compareServer(a: ConnCount, b: ConnCount): number {
  return (
    a.in_af - b.in_af ||
    a.proto - b.proto ||
    compareAddress(a.in_af, a.vaddr, b.vaddr) ||
    a.vport - b.vport ||
    a.out_af - b.out_af ||
    compareAddress(a.out_af, a.daddr, b.daddr) ||
    a.dport - b.dport
  );
}

function groupBy(counts: readonly ConnCount[], compare: (a: ConnCount, b: ConnCount) => number): Group[] {
  const groups: Group[] = [];
  for (const of of [...counts].sort(compare)) {
    const last = groups.at(-1);
    if (last !== undefined && compare(last.of, of) === 0) last.count += of.count;
    else groups.push({ of, count: of.count });
  }
  return groups;
}

function compareState(a: ConnCount, b: ConnCount): number {
  if (a.proto !== b.proto) return a.proto - b.proto;
  return a.state < b.state ? -1 : Number(a.state > b.state);
}

export function summarise(counts: readonly ConnCount[]): Summary {
  return {
    total: counts.reduce((total, { count }) => total + count, 0n),
    states: groupBy(counts, compareState),
    servers: groupBy(counts, compareServer),
    lcores: groupBy(counts, (a, b) => a.lcore - b.lcore),
  };
}
