// SPDX-License-Identifier: Apache-2.0
import { COMMANDS, OPTIONS, type OptionRow } from './options';

/** Letters that are added, missing, different or swapped with their neighbour between two words. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed, swapped));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? Infinity;
}

/** One letter in three may be wrong. */
const LETTERS_FOR_ONE_ERROR = 3;
const MIN_PREFIX = 2;
const MAX_LENGTH = 40;

/**
 * The long option that somebody may have meant.
 * @param name without dashes
 * @returns null if nothing is near, or too much
 */
export function suggestLong(name: string): string | null {
  if (name.length < MIN_PREFIX || name.length > MAX_LENGTH) return null;
  const typed = name.toLowerCase().replaceAll('_', '-');
  const rows = [...COMMANDS, ...(OPTIONS as readonly OptionRow[])].filter((row) => row.hidden !== true);
  const names = rows.map((row) => row.long);
  if (names.includes(typed)) return typed;
  const begins = names.filter((each) => each.startsWith(typed));
  if (begins.length === 1) return begins[0] ?? null;
  const allowed = Math.floor(typed.length / LETTERS_FOR_ONE_ERROR);
  const near = names.map((each) => ({ each, far: distance(typed, each) })).filter(({ far }) => far <= allowed);
  near.sort((a, b) => a.far - b.far);
  const [first, second] = near;
  return first === undefined || first.far === second?.far ? null : first.each;
}
