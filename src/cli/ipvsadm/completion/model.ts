// SPDX-License-Identifier: Apache-2.0
// The option table as completions of shells need it.
import { COMMAND_ALIASES, COMMANDS, OPTIONS, valueKind, type CommandRow, type Live, type OptionRow, type ValueKind } from '../options';

/** Where the words for a value are from. */
export type Choices = { readonly from: 'words'; readonly words: readonly string[] } | { readonly from: 'daemon'; readonly what: Live } | { readonly from: 'files' | 'nowhere' };

export interface CompletedRow {
  /** Single letters, without the dash. */
  readonly short: readonly string[];
  readonly long: string;
  /** One line. */
  readonly help: string;
  readonly value: ValueKind;
  readonly choices: Choices;
}

export interface CompletedOption extends CompletedRow {
  /** Typed names of which one excludes all: its own, or those of all ways to name a service. Empty: it may be repeated. */
  readonly group: readonly string[];
  /** Names a service. */
  readonly isService: boolean;
}

export interface CompletedCommand extends CompletedRow {
  readonly options: readonly CompletedOption[];
}

/** Options of all commands, among them some that a command must not see twice. */
export interface Completed {
  readonly commands: readonly CompletedCommand[];
  readonly options: readonly CompletedOption[];
}

function choicesOf({ choices }: Pick<OptionRow, 'choices'>): Choices {
  if (choices === undefined) return { from: 'nowhere' };
  if (choices === 'files') return { from: 'files' };
  return typeof choices === 'string' ? { from: 'daemon', what: choices } : { from: 'words', words: choices };
}

function rowOf(row: CommandRow | OptionRow, short: readonly string[]): CompletedRow {
  return { short, long: row.long, help: row.help.replaceAll('\n', ' '), value: valueKind(row), choices: choicesOf(row) };
}

function shortOf({ short }: Pick<OptionRow, 'short'>): string[] {
  return short === undefined ? [] : [short];
}

function optionOf(row: OptionRow): CompletedOption {
  const repeatable = row.column === null || row.repeatable === true;
  const group = repeatable ? [] : (OPTIONS as readonly OptionRow[]).filter(({ column }) => column === row.column);
  const names = group.flatMap(({ short, long }) => [...(short === undefined ? [] : [`-${short}`]), `--${long}`]);
  return { ...rowOf(row, shortOf(row)), group: names, isService: row.column === 'service-address' };
}

/** Everything that people may type; what is hidden is for scripts. */
export function completed(): Completed {
  const rows = (OPTIONS as readonly OptionRow[]).filter((row) => row.hidden !== true).map((row) => ({ row, option: optionOf(row) }));
  const commands = COMMANDS.filter((row) => row.hidden !== true).map((command) => {
    const aliases = Object.keys(COMMAND_ALIASES).filter((letter) => COMMAND_ALIASES[letter] === command.id);
    // Nothing follows the help and the version.
    const isLast = command.id === 'help' || command.id === 'version';
    const belongs = ({ column, long }: OptionRow): boolean =>
      column === null ? isColumnless(command, long) : command.cells[column] !== undefined;
    const options = isLast ? [] : rows.filter(({ row }) => belongs(row)).map(({ option }) => option);
    return { ...rowOf(command, [...shortOf(command), ...aliases]), options };
  });
  return { commands, options: rows.map(({ option }) => option) };
}

/** -6 belongs to marks, --sort to lists; both are accepted everywhere. */
function isColumnless({ cells, id }: CommandRow, long: string): boolean {
  return long === 'ipv6' ? cells['service-address'] !== undefined : id === 'list';
}

/** The names of a row as they are typed. */
export function typedNames({ short, long }: CompletedRow): string[] {
  return [...short.map((letter) => `-${letter}`), `--${long}`];
}

export const HEADER = 'written from its table of options by ipvsadm --completion';
