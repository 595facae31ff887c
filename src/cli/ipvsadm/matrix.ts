// SPDX-License-Identifier: Apache-2.0
import { invalid } from './errors';
import { COLUMNS, type Column, type CommandRow } from './options';

/** Columns that commands need. */
const NEEDED = new Map<CommandRow, readonly Column[]>();

function neededBy(command: CommandRow): readonly Column[] {
  let needed = NEEDED.get(command);
  if (needed === undefined) {
    needed = COLUMNS.filter((column) => command.cells[column] === '+');
    NEEDED.set(command, needed);
  }
  return needed;
}

/** True when nothing is wrong; what is wrong is found out column by column. */
function fits(command: CommandRow, given: ReadonlySet<Column>): boolean {
  let chosen = 0;
  for (const column of given) {
    const cell = command.cells[column];
    if (cell === undefined) return false;
    if (cell === '1') chosen += 1;
  }
  return chosen <= 1 && neededBy(command).every((column) => given.has(column));
}

/**
 * Checks which options a command was given; the first column that is violated is reported.
 * @throws UsageError
 */
export function checkMatrix(command: CommandRow, given: ReadonlySet<Column>): void {
  if (fits(command, given)) return;
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
