// SPDX-License-Identifier: Apache-2.0
// dpip(8) and a page for each object: what can be typed is from the tables of dpip, the rest from dpip-sections.mjs.
import { DPIP, OBJECTS as SECTIONS } from './dpip-sections.mjs';
import { escape, inline, list, section } from './roff.mjs';

function header({ VERSION_DOCUMENT: { version, released } }, name) {
  const date = released.replaceAll('/', '-');
  return `.\\" SPDX-License-Identifier: Apache-2.0\n.\\" Written by scripts/generate-docs.mjs: change the tables of dpip or scripts/docs/dpip-sections.mjs, and run npm run docs.\n.TH ${escape(name.toUpperCase())} 8 ${date} "dpvs-suite ${version}" "System Administration"\n.SH NAME\n`;
}

const indented = (lines) => lines.map((line) => `    ${line}`).join('\n');

function optionTerm({ short, long, value, optional }) {
  const names = [...(short === '' ? [] : [`\\fB\\-${escape(short)}\\fR`]), ...long.map((name) => `\\fB\\-\\-${escape(name)}\\fR`)].join(', ');
  if (value === undefined) return names;
  const word = `\\fI${escape(value)}\\fR`;
  return optional === true ? `${names}[=${word}]` : `${names} ${word}`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

function seeAlso(names) {
  return section('SEE ALSO', names.map((name) => `*${name}*(8)`).join(', '));
}

/** The word of a verb with the other words for it. */
function verbWords(name, { VERB_ALIASES }) {
  return [name, ...Object.keys(VERB_ALIASES).filter((alias) => VERB_ALIASES[alias] === name)].join('|');
}

function synopsis(object, table) {
  const lines = Object.entries(object.verbs).map(([name, verb]) => {
    const words = [verb.options ?? '', `${object.name} ${verbWords(name, table)}`, table.usageOfVerb(verb)].filter((word) => word !== '').join(' ');
    return `.HP\n\\fBdpip\\fR ${escape(words)}\n`;
  });
  return `.SH SYNOPSIS\n${lines.join('')}`;
}

function notesOf({ notes }) {
  const lines = typeof notes === 'function' ? notes() : (notes ?? []);
  return lines.length === 0 ? '' : section('WORDS', indented(lines));
}

function page(object, table) {
  const { text, examples, see } = SECTIONS[object.name];
  const name = `dpip-${object.name}`;
  return [
    header(table, name),
    `${escape(name)} \\- ${inline(object.summary)}\n`,
    synopsis(object, table),
    section('DESCRIPTION', text),
    notesOf(object),
    section('EXAMPLES', indented(examples.split('\n'))),
    seeAlso(['dpip', ...see]),
  ].join('');
}

function main(table) {
  const { OBJECTS, OPTION_ROWS } = table;
  return [
    header(table, 'dpip'),
    `dpip \\- ${inline(DPIP.purpose)}\n`,
    '.SH SYNOPSIS\n.nf\n\\fBdpip\\fR [OPTIONS] OBJECT VERB [ARGUMENTS]\n\\fBdpip\\fR OBJECT help\n\\fBdpip\\fR health\n\\fBdpip\\fR monitor [OBJECT...]\n\\fBdpip\\fR save [OBJECT...]\n\\fBdpip\\fR restore [FILE]\n\\fBdpip\\fR \\-\\-batch FILE\n.fi\n',
    section('DESCRIPTION', DPIP.description),
    '.SH OBJECTS\n',
    list(OBJECTS.map((object) => [inline(`*dpip-${object.name}*(8)`), sentence(object.summary)])),
    '.SH OPTIONS\n',
    list(OPTION_ROWS.map((row) => [optionTerm(row), sentence(row.help)])),
    section('EXIT STATUS', DPIP.status),
    '.SH ENVIRONMENT\n',
    list(DPIP.environment.map(([name, text]) => [inline(`*${name}*`), text])),
    section('EXAMPLES', DPIP.examples),
    seeAlso(['ipvsadm', ...OBJECTS.map(({ name }) => `dpip-${name}`)]),
  ].join('');
}

/** Texts of the man pages by file name. */
export function dpipPages(table) {
  const pages = table.OBJECTS.map((object) => [`man/man8/dpip-${object.name}.8`, page(object, table)]);
  return { 'man/man8/dpip.8': main(table), ...Object.fromEntries(pages) };
}
