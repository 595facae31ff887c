// SPDX-License-Identifier: Apache-2.0
// ipvsadm(8), ipvsadm-save(8) and ipvsadm-restore(8): what can be typed is from the option table, the rest from sections.mjs.
import { escape, inline, list, section } from './roff.mjs';
import { DETAILS, IPVSADM, RESTORE, SAVE } from './sections.mjs';

function header({ VERSION_DOCUMENT: { version, released } }, name) {
  const date = released.replaceAll('/', '-');
  return `.\\" SPDX-License-Identifier: Apache-2.0\n.\\" Written by scripts/generate-docs.mjs: change the option table or scripts/docs/sections.mjs, and run npm run docs.\n.TH ${name.toUpperCase()} 8 ${date} "dpvs-suite ${version}" "System Administration"\n`;
}

function nameSection(name, text) {
  return `.SH NAME\n${escape(name)} \\- ${inline(text)}\n`;
}

/** The word for a value, in italics. */
function valueOf(row, valueKind) {
  const kind = valueKind(row);
  if (kind === 'none') return '';
  const word = `\\fI${escape(row.value)}\\fR`;
  return kind === 'optional' ? ` [${word}]` : ` ${word}`;
}

/** Short and long names of a row with its value. */
function term(row, { COMMAND_ALIASES, valueKind }) {
  const aliases = Object.keys(COMMAND_ALIASES).filter((letter) => COMMAND_ALIASES[letter] === row.id);
  const names = [...(row.short === undefined ? [] : [row.short]), ...aliases].map((letter) => `\\fB\\-${escape(letter)}\\fR`);
  return `${[...names, `\\fB\\-\\-${escape(row.long)}\\fR`].join(', ')}${valueOf(row, valueKind)}`;
}

/** The help of a row as a sentence, and what there is to say beyond it. */
function texts(row) {
  const help = row.help.replaceAll('\n', ' ');
  const sentence = `${/^(?:[A-Z]|[a-z]+[A-Z]|-|rr|sip)/.test(help) ? help : help[0].toUpperCase() + help.slice(1)}.`;
  return [sentence, ...(DETAILS[row.long] ?? [])];
}

function rowList(rows, table) {
  return list(rows.map((row) => [term(row, table), texts(row)]));
}

function shown(rows, isExtension) {
  return rows.filter((row) => row.hidden !== true && (row.extension === true) === isExtension);
}

/** Which options a command takes, from the validity matrix. */
function combinations({ COMMANDS, OPTIONS }) {
  const nameOf = ({ short, long }) => (short === undefined ? `*--${long}*` : `*-${short}*`);
  // What every command takes is said once.
  const commands = COMMANDS.filter((row) => row.hidden !== true && row.id !== 'help' && row.id !== 'version');
  const common = OPTIONS.filter(({ column }) => column !== null && commands.every(({ cells }) => cells[column] !== undefined));
  const items = commands.map((command) => {
    const own = OPTIONS.filter((option) => option.column !== null && command.cells[option.column] !== undefined && !common.includes(option));
    const required = own.filter(({ column }) => command.cells[column] === '+');
    // All ways to name a service are one.
    const names = (options) => [...new Set(options.map((option) => (option.column === 'service-address' ? 'a service' : nameOf(option))))];
    const needs = names(required);
    const optional = names(own.filter((option) => !required.includes(option)));
    const text = `${needs.length === 0 ? '' : `Needs ${needs.join(', ')}. `}${optional.length === 0 ? (needs.length === 0 ? 'Nothing else.' : '') : `Takes ${optional.join(', ')}.`}`;
    return [inline(nameOf(command)), text.trim()];
  });
  return `${section('WHICH OPTION GOES WITH WHICH COMMAND', `Anything else is refused. Every command takes ${common.map(nameOf).join(', ')}. A service is one of *-t*, *-u*, *--sctp-service*, *-q*, *-1*, *-f* and *-H*.`)}${list(items)}`;
}

function synopsis(lines) {
  return `.SH SYNOPSIS\n.nf\n${lines.map(([name, rest]) => `\\fB${escape(name)}\\fR ${escape(rest)}\n`).join('')}.fi\n`;
}

function ipvsadm(table) {
  const { COMMANDS, OPTIONS, USAGE } = table;
  return [
    header(table, 'ipvsadm'),
    nameSection('ipvsadm', IPVSADM.purpose),
    synopsis(USAGE.map((line) => ['ipvsadm', line])),
    section('DESCRIPTION', IPVSADM.description),
    section('COMMANDS', IPVSADM.commands),
    rowList(shown(COMMANDS, false), table),
    section('OPTIONS', IPVSADM.options),
    rowList(shown(OPTIONS, false), table),
    section('EXTENSIONS', IPVSADM.extensions),
    rowList([...shown(COMMANDS, true), ...shown(OPTIONS, true)], table),
    combinations(table),
    section('OUTPUT', IPVSADM.output),
    section('EXIT STATUS', IPVSADM.status),
    list(IPVSADM.statusList.map(([code, text]) => [inline(`*${code}*`), text])),
    section('ENVIRONMENT', IPVSADM.environment),
    list(IPVSADM.environmentList.map(([name, text]) => [inline(`*${name}*`), text])),
    section('FILES', IPVSADM.files),
    list(IPVSADM.filesList.map(([name, text]) => [`\\fI${escape(name)}\\fR`, text])),
    section('EXAMPLES', IPVSADM.examples),
    section('DIFFERENCES', IPVSADM.differences),
    section('SEE ALSO', '*ipvsadm-save*(8), *ipvsadm-restore*(8), *dpip*(8)'),
  ].join('');
}

function wrapper(table, name, { purpose, synopsis: usage, description, status, examples }) {
  const other = name === 'ipvsadm-save' ? 'ipvsadm-restore' : 'ipvsadm-save';
  return [
    header(table, name),
    nameSection(name, purpose),
    synopsis([[name, usage]]),
    section('DESCRIPTION', description),
    section('EXIT STATUS', status),
    section('EXAMPLES', examples),
    section('SEE ALSO', `*ipvsadm*(8), *${other}*(8)`),
  ].join('');
}

/** Texts of the man pages by file name. */
export function manPages(table) {
  return {
    'man/man8/ipvsadm.8': ipvsadm(table),
    'man/man8/ipvsadm-save.8': wrapper(table, 'ipvsadm-save', SAVE),
    'man/man8/ipvsadm-restore.8': wrapper(table, 'ipvsadm-restore', RESTORE),
  };
}
