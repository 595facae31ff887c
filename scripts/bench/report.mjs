// SPDX-License-Identifier: Apache-2.0
// Results as text.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { run } from '../lib/steps.mjs';
import { usesHugepages } from './director.mjs';
import { MODES } from './network.mjs';

export const count = (n) => (n >= 1 << 20 ? `${n >> 20} M` : n >= 1024 ? `${n >> 10} k` : String(n));
export const WAYS = { in: 'from clients', out: 'from servers', both: 'both ways' };

function hugePagesOnRequest() {
  try {
    return /\[(madvise|always)\]/.test(readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8'));
  } catch {
    return false;
  }
}

/** What the numbers depend on. */
export function machine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    dpdk: run('pkg-config', ['--modversion', 'libdpdk']).trim(),
    compiler: run('cc', ['-dumpfullversion']).trim(),
    hugepages: usesHugepages(),
    transparentHugepages: hugePagesOnRequest(),
    loadAverage: os.loadavg()[0],
  };
}

export function printMachine(m) {
  process.stdout.write(`${m.cpu}, ${m.cores} cores, ${m.memoryGiB} GiB; ${m.kernel}; DPDK ${m.dpdk}; gcc ${m.compiler}; packet buffers ${
    m.hugepages ? 'in' : 'without'} huge pages, connections ${m.transparentHugepages ? 'in transparent' : 'without'} huge pages\n`);
  if (m.loadAverage > 0.5)
    process.stdout.write(`The machine is busy (load ${m.loadAverage.toFixed(1)}). Rounds in which the ceiling suffers are repeated; that takes time.\n`);
}

function row(cells, widths) {
  process.stdout.write(`${cells.map((cell, i) => (i < 2 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join('  ')}\n`);
}

const CASE_WIDTHS = [31, 13, 7, 7, 8, 8, 8, 15, 7, 10];

export function printCaseHeader() {
  process.stdout.write('\nOne worker, smallest frames (IPv4: 64 bytes with FCS); cycles of the time stamp counter per packet\n');
  row(['', 'packets', 'flows', 'Mpps', 'cycles', 'ceiling', 'above', 'of rounds', 'ratio', '× FullNAT'], CASE_WIDTHS);
}

export const caseName = (r) => `${MODES[r.mode].title} ${r.proto.toUpperCase()} ${r.proto === 'tcp' ? 'established ' : ''}IPv${r.af}`;

export function printCase(r) {
  row([caseName(r), WAYS[r.way], count(r.flows), r.mpps.toFixed(2), r.cycles.median.toFixed(0),
    r.ceiling.median.toFixed(0), r.above.median.toFixed(0), `${r.above.min.toFixed(0)}…${r.above.max.toFixed(0)}${r.calm ? '' : ' *'}`, r.ratio.toFixed(3),
    r.relative === undefined ? '' : r.relative.toFixed(2)], CASE_WIDTHS);
}

const RATE_WIDTHS = [22, 13, 7, 12, 10, 14];

export function printRateHeader() {
  process.stdout.write('\nNew connections; cycles per connection, its packets and the source included\n');
  row(['', 'packets each', 'life', 'expiry', 'total', 'per second'], RATE_WIDTHS);
}

export function printRate(r) {
  row([`${r.proto === 'udp' ? 'UDP new flow' : 'TCP SYN to FIN'} IPv${r.af}`, r.packets, r.life.median.toFixed(0), r.expiry.median.toFixed(0),
    (r.life.median + r.expiry.median).toFixed(0), `${Math.round(r.perSecond).toLocaleString('en')}${r.calm ? '' : ' *'}`], RATE_WIDTHS);
}

const SYN_WIDTHS = [22, 8, 8, 8, 15, 16];

export function printSynHeader() {
  process.stdout.write('\nA flood of SYNs through the SYN proxy; cycles per SYN, its answer included\n');
  row(['', 'cycles', 'ceiling', 'above', 'of rounds', 'SYNs per second'], SYN_WIDTHS);
}

export function printSyn(r) {
  row([`SYN answered IPv${r.af}`, r.cycles.median.toFixed(0), r.ceiling.median.toFixed(0), r.above.median.toFixed(0),
    `${r.above.min.toFixed(0)}…${r.above.max.toFixed(0)}${r.calm ? '' : ' *'}`, Math.round(r.perSecond).toLocaleString('en')], SYN_WIDTHS);
}

const FLOOD_WIDTHS = [10, 14, 6, 11, 14, 9, 9, 12, 9];

export function printFloodHeader() {
  process.stdout.write('\nA flood of new flows beside 64 k established connections: packets of these that were lost\n');
  row(['', 'new flows /s', 'times', 'known /s', 'without flood', 'on', 'most', 'admitted /s', 'off'], FLOOD_WIDTHS);
}

const percent = (part) => `${(part * 100).toFixed(3)} %`;

export function printFlood(r) {
  row([`${r.proto.toUpperCase()} IPv4`, Math.round(r.fresh).toLocaleString('en'), r.factor, r.known.toLocaleString('en'), percent(r.quiet), percent(r.on.loss), percent(r.on.most),
    Math.round(r.on.admitted).toLocaleString('en'), percent(r.off.loss)], FLOOD_WIDTHS);
}

/** Says what the asterisk means, if there was one. */
export function printCalm(results) {
  if ([...results.cases, ...results.rates, ...results.syns].some((r) => !r.calm))
    process.stdout.write('\n* too few calm rounds: the ceiling was more than 5 % above its best most of the time. Measure again on an idle machine.\n');
}

export function printMemory(memory) {
  process.stdout.write('\nMemory per connection, bytes\n');
  for (const m of memory)
    process.stdout.write(`${m.proto.toUpperCase()} IPv${m.af}: ${m.table} of tables by design (when all are in use), ${m.resident.toFixed(0)} resident per connection when a million were opened\n`);
}
