// SPDX-License-Identifier: Apache-2.0
// The tables of docs/ipvsadm.md, between two marks.
import { DIALECTS, LVS_ONLY } from './dialects.mjs';

const BEGIN = '<!-- begin: written by npm run docs from the option table -->';
const END = '<!-- end -->';

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function row(...cells) {
  return `| ${cells.map(cell).join(' | ')} |\n`;
}

function nameOf(each, { valueKind }) {
  const kind = valueKind(each);
  const value = kind === 'none' ? '' : kind === 'optional' ? ` [${each.value}]` : ` ${each.value}`;
  return `\`--${each.long}${each.short === undefined ? '' : `, -${each.short}`}${value}\``;
}

/** Rows that the other tools know, too. */
function shared(rows, table) {
  return rows
    .filter((each) => each.hidden !== true && each.extension !== true)
    .map((each) => {
      const dialect = DIALECTS[each.long];
      if (dialect === undefined) throw new Error(`scripts/docs/dialects.mjs does not say what others make of --${each.long}`);
      const [lvs, dpvs, note] = dialect;
      return row(nameOf(each, table), each.help, lvs, dpvs, note);
    })
    .join('');
}

function extensions(rows, table) {
  const takers = ({ column }) =>
    table.COMMANDS.filter(({ cells, hidden, id }) => hidden !== true && id !== 'help' && id !== 'version' && column !== undefined && cells[column] !== undefined);
  const all = table.COMMANDS.filter(({ hidden, id }) => hidden !== true && id !== 'help' && id !== 'version').length;
  return rows
    .filter((each) => each.hidden !== true && each.extension === true)
    .map((each) => {
      const commands = takers(each);
      const names = commands.map(({ short, long }) => `\`${short === undefined ? `--${long}` : `-${short}`}\``);
      return row(nameOf(each, table), each.help, each.column === undefined ? 'a command' : commands.length === all ? 'every command' : names.join(' '));
    })
    .join('');
}

function reference(table) {
  const { COMMANDS, OPTIONS } = table;
  const known = new Set([...COMMANDS, ...OPTIONS].filter((each) => each.extension !== true).map(({ long }) => long));
  const stale = Object.keys(DIALECTS).find((long) => !known.has(long));
  if (stale !== undefined) throw new Error(`scripts/docs/dialects.mjs speaks of --${stale}, which does not exist`);
  const head = '| | does | LVS | DPVS | here |\n| --- | --- | --- | --- | --- |\n';
  return `### Commands

${head}${shared(COMMANDS, table)}
### Options

${head}${shared(OPTIONS, table)}
### Of LVS only

Refused here, as by DPVS.

| | what it is |
| --- | --- |
${LVS_ONLY.map(([name, text]) => row(`\`${name}\``, text)).join('')}
### Extensions

| | does | with |
| --- | --- | --- |
${extensions([...COMMANDS, ...OPTIONS], table)}`;
}

/** The document with its generated part anew. */
export function withReference(document, table) {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/ipvsadm.md has no lines '${BEGIN}' and '${END}'`);
  return `${document.slice(0, begin)}${BEGIN}\n\n${reference(table)}\n${document.slice(end)}`;
}
