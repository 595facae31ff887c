// SPDX-License-Identifier: Apache-2.0
import { left } from '../../render/columns';

/** Title and value of a cell. */
export type Cell = readonly [title: string, value: string | number | bigint];

const INDENT = '    ';

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
