// SPDX-License-Identifier: Apache-2.0
// The help, made from the tables with commander, which is loaded for nothing else: it would parse the command line by
// other rules than users of ipvsadm know.
import { Command, Help, Option } from 'commander';
import { COMMANDS, OPTIONS, valueKind, type CommandRow, type OptionRow } from './options';
import { USAGE } from './usage';
import { VERSION_LINE } from './version';

const COMMAND_GROUP = 'Commands:';
const OPTION_GROUP = 'Options:';
const EXTENSION_GROUP = 'Extensions:';

/** The long form stands first, because that is where people look for it. */
function flagsOf(row: CommandRow | OptionRow): string {
  const value = row.value === undefined ? '' : valueKind(row) === 'optional' ? ` [${row.value}]` : ` ${row.value}`;
  return `--${row.long}${row.short === undefined ? '' : `, -${row.short}`}${value}`;
}

function optionOf(row: CommandRow | OptionRow, group: string): Option {
  const value = row.value === undefined ? '' : valueKind(row) === 'optional' ? ` [${row.value}]` : ` <${row.value}>`;
  const option = new Option(`${row.short === undefined ? '' : `-${row.short}, `}--${row.long}${value}`, row.help);
  option.helpGroupHeading = group;
  return option;
}

/** The tables as commander knows them. */
export function toCommander(argv0: string): Command {
  const program = new Command(argv0).helpOption(false);
  const add = (row: CommandRow | OptionRow, group: string): void => {
    if (row.hidden !== true) program.addOption(optionOf(row, row.extension === true ? EXTENSION_GROUP : group));
  };
  for (const row of COMMANDS) add(row, COMMAND_GROUP);
  for (const row of OPTIONS as readonly OptionRow[]) add(row, OPTION_GROUP);
  return program;
}

function termOf(option: Option): string {
  const row = [...COMMANDS, ...(OPTIONS as readonly OptionRow[])].find(({ long }) => `--${long}` === option.long);
  return row === undefined ? option.flags : flagsOf(row);
}

/** One entry: further lines of the description stand under the first. */
function entry(option: Option, width: number): string {
  const lines = option.description.split('\n');
  return lines.map((line, i) => `  ${(i === 0 ? termOf(option) : '').padEnd(width)}  ${line}\n`).join('');
}

/** What -h prints. */
export function helpText(argv0: string): string {
  const options = new Help().visibleOptions(toCommander(argv0));
  const width = Math.max(...options.map((option) => termOf(option).length));
  const section = (group: string): string => {
    const members = options.filter((option) => option.helpGroupHeading === group);
    return `${group}\n${members.map((option) => entry(option, width)).join('')}`;
  };
  const usage = USAGE.map((line) => `  ${argv0} ${line}\n`).join('');
  return `${VERSION_LINE}Usage:\n${usage}${section(COMMAND_GROUP)}${section(OPTION_GROUP)}${section(EXTENSION_GROUP)}`;
}
