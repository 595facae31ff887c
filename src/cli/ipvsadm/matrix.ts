// SPDX-License-Identifier: Apache-2.0
import { invalid } from './errors';
import { COLUMNS, type Column, type CommandRow } from './options';

/**
 * Checks which options a command was given; the first column that is violated is reported.
 * @throws UsageError
 */
export function checkMatrix(command: CommandRow, given: ReadonlySet<Column>): void {
  let chosen: Column | null = null;
  for (const column of COLUMNS) {
    const cell = command.cells[column];
    if (!given.has(column)) {
      if (cell === '+') throw invalid(`You need to supply the '${column}' option for the '${command.name}' command`);
      continue;
    }
    if (cell === undefined) throw invalid(`Illegal '${column}' option with the '${command.name}' command`);
    if (cell !== '1') continue;
    if (chosen !== null) {
      throw invalid(`The option '${column}' conflicts with the '${chosen}' option in the '${command.name}' command`);
    }
    chosen = column;
  }
}
