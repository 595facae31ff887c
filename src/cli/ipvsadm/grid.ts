// SPDX-License-Identifier: Apache-2.0
// Tables with a column for each lcore.
import { left, right } from '../render/columns';
import { FIRST_WIDTH } from './table';

const NAME_WIDTH = 11;
const CELL_WIDTH = 9;

/** Writes blocks of lines whose first column stands in the first of them only. */
export class LcoreGrid {
  constructor(private readonly cell: (value: bigint | number) => string) {}

  title(first: string, workers: number): string {
    const cells = Array.from({ length: workers + 1 }, (_, i) => right(i === 0 ? 'All' : `cpu${i}`, CELL_WIDTH));
    return `${left(first, FIRST_WIDTH)} ${left('', NAME_WIDTH)}${cells.join('')}\n`;
  }

  /** @param values of all, then of each lcore; null: unknown there */
  line(start: string, name: string, values: readonly (bigint | number | null)[]): string {
    const cells = values.map((value) => (value === null ? right('-', CELL_WIDTH) : this.cell(value)));
    return `${left(start, FIRST_WIDTH)} ${left(name, NAME_WIDTH)}${cells.join('')}\n`;
  }
}
