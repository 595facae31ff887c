// SPDX-License-Identifier: Apache-2.0
// What an lcore looks like in the listings: pure text from replies.
import type { LcoreBasic, LcoreStats } from '../../../ipc/messages/lcore';
import { cellLines, counter, rate, type Cell } from './cells';

const STATS_WIDTH = 20;
const RATE_WIDTH = 16;

type Counter = Exclude<keyof LcoreStats, 'lcore_id'>;

/** Counters line by line, with the unit of their rates. */
const LINES: readonly (readonly (readonly [Counter, string])[])[] = [
  [
    ['lcore_loop', 'lps'],
    ['pktburst', 'nps'],
    ['zpktburst', 'nps'],
    ['fpktburst', 'nps'],
  ],
  [
    ['z2hpktburst', 'nps'],
    ['h2fpktburst', 'nps'],
    ['dropped', 'nps'],
  ],
  [
    ['ipackets', 'pps'],
    ['ibytes', 'Bps'],
    ['opackets', 'pps'],
    ['obytes', 'Bps'],
  ],
];

export function renderCpu(id: number, cpu: LcoreBasic): string {
  return `${id + 1}: cpu${id}: socket ${cpu.socket}\n    queues ${cpu.queues === '' ? 'none' : cpu.queues}\n`;
}

export function renderCpuStats(stats: LcoreStats, human = false): string {
  return LINES.map((line) => {
    const cells = line.map(([name]): Cell => [name, counter(stats[name], human)]);
    return cellLines(cells, STATS_WIDTH);
  }).join('');
}

/** Rates between two samples. @param seconds between them, at least 1 */
export function renderCpuRates(before: LcoreStats, after: LcoreStats, seconds: number): string {
  return LINES.map((line) => {
    const cells = line.map(([name, unit]): Cell => [`${name}/${unit}`, rate(before[name], after[name], seconds)]);
    return cellLines(cells, RATE_WIDTH);
  }).join('');
}
