// SPDX-License-Identifier: Apache-2.0
import { left } from '../../render/columns';

/** Title and value of a cell. */
export type Cell = readonly [title: string, value: string | number | bigint];

const INDENT = '    ';
const UNITS = ['', 'K', 'M', 'G', 'T', 'P', 'E'];

/** A counter as it is, or with four digits at most and a unit of a thousand. */
export function counter(value: number | bigint, human: boolean): string | number | bigint {
  if (!human || value < 10_000) return value;
  let scaled = Number(value);
  let unit = 0;
  while (scaled >= 999.5 && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${scaled >= 99.95 ? Math.round(scaled) : scaled.toFixed(1)}${UNITS[unit] ?? ''}`;
}

/** A line of titles and one of values, every cell `width` characters wide, spaces at the end included. */
export function cellLines(cells: readonly Cell[], width: number): string {
  const titles = cells.map(([title]) => left(title, width)).join('');
  const values = cells.map(([, value]) => left(value, width)).join('');
  return `${INDENT}${titles}\n${INDENT}${values}\n`;
}

/** Growth of a counter in a second; a counter that went backwards was reset and counts as still. */
export function rate(before: bigint, after: bigint, seconds: number): bigint {
  return after > before ? (after - before) / BigInt(seconds) : 0n;
}
