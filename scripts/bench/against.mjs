// SPDX-License-Identifier: Apache-2.0
// Results beside those of another run (--json) of the same cases: what differs by more than the rounds of both do.
import { readFileSync } from 'node:fs';
import { StepError } from '../lib/steps.mjs';
import { caseName, count, WAYS } from './report.mjs';

/** @returns the results in a file that --json wrote */
export function readResults(file) {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8'));
    if (!Array.isArray(results.cases)) throw new Error('it has no cases');
    return results;
  } catch (error) {
    throw new StepError(`--against ${file} is no result of a benchmark`, error.message, 'write one with npm run bench -- --json FILE');
  }
}

const rateName = (r) => `${r.proto === 'udp' ? 'UDP new flow' : 'TCP SYN to FIN'} IPv${r.af}`;

/** Every figure by its name: median and range, cycles. */
function figures(results) {
  const entries = results.cases.map((r) => [`${caseName(r)}, ${WAYS[r.way]}, ${count(r.flows)}`, r.above]);
  for (const r of results.rates ?? []) entries.push([`${rateName(r)}, life`, r.life], [`${rateName(r)}, expiry`, r.expiry]);
  for (const r of results.syns ?? []) entries.push([`SYN proxy, IPv${r.af}`, r.above]);
  return new Map(entries);
}

/** Ranges that overlap say nothing. */
function verdict(before, after) {
  if (after.min > before.max) return 'slower';
  return after.max < before.min ? 'faster' : '';
}

/** Lines of the comparison. */
export function comparison(before, after) {
  const old = figures(before);
  const rows = [...figures(after)].filter(([name]) => old.has(name)).map(([name, now]) => {
    const was = old.get(name);
    const change = ((now.median / was.median - 1) * 100).toFixed(1);
    return [name, was.median.toFixed(0), `${was.min.toFixed(0)}…${was.max.toFixed(0)}`, now.median.toFixed(0), `${now.min.toFixed(0)}…${now.max.toFixed(0)}`, `${change} %`, verdict(was, now)];
  });
  const table = [['cycles above the ceiling', 'before', 'of rounds', 'now', 'of rounds', 'change', ''], ...rows];
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  return table.map((row) => row.map((cell, i) => (i === 0 || i === row.length - 1 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ').trimEnd());
}
