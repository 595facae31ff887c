// SPDX-License-Identifier: Apache-2.0
// Help, written by commander from the tables that the parser reads. Loaded when somebody needs help, not before.
import { Command, Option, type Help } from 'commander';
import { usageOfVerb, VERB_ALIASES, type BoundVerb, type ObjectSpec, type Verb } from './grammar';
import type { OptionRow } from './getopt';
import { OBJECTS } from './objects';
import { OPTION_ROWS } from './options';

const WIDTH = 100;

function optionOf(row: OptionRow): Option {
  const short = row.short === '' ? [] : [`-${row.short}`];
  const names = [...short, ...row.long.slice(0, 1).map((name) => `--${name}`)].join(', ');
  const also = row.long.slice(1).map((name) => ` (also --${name})`);
  const value = row.optional === true ? `[${row.value ?? ''}]` : `<${row.value ?? ''}>`;
  return new Option(row.value === undefined ? names : `${names} ${value}`, row.help + also.join(''));
}

/** The word of a verb with the other words for it. */
function verbWords(name: string): string {
  const others = Object.keys(VERB_ALIASES).filter((alias) => VERB_ALIASES[alias] === name);
  return [name, ...others].join('|');
}

function verbsOf(object: ObjectSpec): [Verb, BoundVerb][] {
  return Object.entries(object.verbs) as [Verb, BoundVerb][];
}

function verbCommand(object: ObjectSpec, name: Verb, spec: BoundVerb): Command {
  const options = spec.options === undefined ? '' : `${spec.options} `;
  const grammar = usageOfVerb(spec);
  return new Command(verbWords(name)).usage(`dpip ${options}${object.name} ${verbWords(name)}${grammar === '' ? '' : ` ${grammar}`}`);
}

/** The parts of a grammar: words, and brackets with all that is in them. */
function partsOf(grammar: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let joined = '';
  for (const word of grammar.split(' ')) {
    joined = joined === '' ? word : `${joined} ${word}`;
    for (const letter of word) depth += { '[': 1, '{': 1, ']': -1, '}': -1 }[letter] ?? 0;
    if (depth > 0) continue;
    parts.push(joined);
    joined = '';
  }
  return joined === '' ? parts : [...parts, joined];
}

/** Breaks a grammar between its parts; lines after the first are indented. */
function wrap(grammar: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of partsOf(grammar)) {
    if (line !== '' && line.length + 1 + part.length > WIDTH) {
      lines.push(line);
      line = `        ${part}`;
    } else {
      line = line === '' ? part : `${line} ${part}`;
    }
  }
  return [...lines, line];
}

/** Objects list the grammar of their verbs, one below the other: two columns have no room for it. */
function formatObjectHelp(object: ObjectSpec): (command: Command, helper: Help) => string {
  return (command) => {
    const notes = typeof object.notes === 'function' ? object.notes() : (object.notes ?? []);
    const lines = [
      `dpip ${object.name}: ${command.description()}`,
      'Usage:',
      ...command.commands.flatMap((child) => wrap(child.usage())).map((line) => `    ${line}`),
      `    dpip ${object.name} help`,
      ...(notes.length === 0 ? [] : ['Where:', ...notes.map((note) => `    ${note}`)]),
    ];
    return `${lines.join('\n')}\n`;
  };
}

function objectCommand(object: ObjectSpec): Command {
  const command = new Command(object.name)
    .description(object.summary)
    .summary(`${verbsOf(object).map(([name]) => verbWords(name)).join(' ')} - ${object.summary}`)
    .usage('VERB')
    .helpOption(false)
    .helpCommand(false)
    .configureHelp({ formatHelp: formatObjectHelp(object) });
  for (const [name, spec] of verbsOf(object)) command.addCommand(verbCommand(object, name, spec));
  return command;
}

function program(): Command {
  const command = new Command('dpip')
    .usage('[OPTIONS] OBJECT VERB [ARGUMENTS]\n       dpip OBJECT help')
    .helpOption(false)
    .helpCommand(false)
    .configureHelp({ helpWidth: WIDTH, styleTitle: (title) => (title === 'Commands:' ? 'Objects and their verbs:' : title), subcommandTerm: (child) => child.name() });
  for (const row of OPTION_ROWS) command.addOption(optionOf(row));
  for (const object of OBJECTS) command.addCommand(objectCommand(object));
  return command.addHelpText(
    'after',
    '\ndpip health            does the daemon work: 0 yes, 1 in part, 2 no\ndpip monitor [OBJECT...]  what comes, changes and goes: addr, route, neigh, link\ndpip save [OBJECT...]  what the daemon was told, as commands\ndpip restore [FILE]    tells it again; standard input without FILE\n\nOptions may stand anywhere. DPVS_IPC_FILE names the control socket (default /var/run/dpvs.ipc).\n',
  );
}

/** Help of one object, or of all. */
export function helpText(object: ObjectSpec | undefined): string {
  const root = program();
  const command = object === undefined ? root : (root.commands.find((child) => child.name() === object.name) ?? root);
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}
