// SPDX-License-Identifier: Apache-2.0
// --complete: what may follow the words of a command line, for the completion of shells. Quick, and never an error.
import { IpcError, type Transport } from '../../../ipc/client';
import { listAddresses } from '../../../ipc/messages/addr';
import { listIpsets } from '../../../ipc/messages/ipset';
import { listLinks } from '../../../ipc/messages/link';
import { listNeighbours } from '../../../ipc/messages/neigh';
import { AF_UNSPEC } from '../../parse/address';
import { formatIp } from '../../render/address';
import type { Io } from '../../runtime';
import { VERB_ALIASES, VERBS, type Arg, type BoundVerb, type ObjectSpec, type Verb } from '../grammar';
import type { OptionRow } from '../getopt';
import { linkItemLabel, linkItemNames } from '../link/set';
import { OBJECTS } from '../objects';
import { OPTION_ROWS } from '../options';
import { KIND_WORDS } from '../tc/kinds';
import { typeNames } from '../ipset/types';
import { objectOf, verbOf } from '../words';

/** Milliseconds for each answer: whoever pressed TAB waits. */
const TIMEOUT_MS = 150;
/** Nobody reads through more; the next letter makes them fewer. */
const MAX_WORDS = 1000;
/** Words go into a command line: nothing that a shell would read as more than a word. */
const SAFE = /^[\w.:/,=@%+-]+$/;
/** What a script takes for "complete names of files". */
export const FILES = ':files';

const ROWS: readonly OptionRow[] = OPTION_ROWS;

type Ask = (transport: Transport) => readonly string[];

const devices: Ask = (transport) => listLinks(transport).map(({ name }) => name);
const sets: Ask = (transport) => listIpsets(transport, '').map(({ name }) => name);

/** What the daemon knows under the names that arguments have in the help. */
const LIVE: Readonly<Record<string, Ask>> = { IF: devices, NIC: devices, DEV: devices, PHYS: devices, BOND: devices, SET: sets };

/** Addresses that an object has: what may be removed or changed. */
const OWN: Readonly<Record<string, Ask>> = {
  addr: (transport) => listAddresses(transport, { af: AF_UNSPEC, ifname: '' }, { verbose: false, stats: false }).addresses.map(({ ifa_entry: { af, addr, plen } }) => `${formatIp(af, addr)}/${plen}`),
  neigh: (transport) => listNeighbours(transport, '').map(({ af, ip_addr }) => formatIp(af, ip_addr)),
};

/** Words of a label such as [seg|zone|ring|pool], without its brackets. */
function alternatives(label: string): string[] {
  return label.replaceAll(/[[\]{}()']/g, '').split(/[|,\s]+/).filter((word) => word !== '');
}

/** One that stands for something has capitals, but for names that do. */
function isLiteral(word: string): boolean {
  return /[a-z]/.test(word) && !/^[A-Z]/.test(word) && !/^\d+-\d+$/.test(word) && word !== 'cpuN';
}

class Completer {
  readonly #words = new Set<string>();

  constructor(
    readonly prefix: string,
    readonly transport: () => Transport,
  ) {}

  offer(words: Iterable<string>): void {
    for (const word of words) {
      if (word.startsWith(this.prefix) && SAFE.test(word) && this.#words.size < MAX_WORDS) this.#words.add(word);
    }
  }

  ask(source: Ask | undefined): void {
    if (source === undefined) return;
    try {
      this.offer(source(this.transport()));
    } catch (error) {
      // A prompt is no place for errors.
      if (!(error instanceof IpcError)) throw error;
    }
  }

  /** Words that a label in the help stands for. */
  label(text: string): void {
    for (const word of alternatives(text)) {
      if (isLiteral(word)) this.offer([word]);
      else this.ask(LIVE[word]);
    }
  }

  files(): void {
    this.#words.add(FILES);
  }

  get found(): readonly string[] {
    return [...this.#words].sort();
  }
}

function optionNames(): string[] {
  return ROWS.flatMap(({ short, long }) => [...(short === '' ? [] : [`-${short}`]), ...long.map((name) => `--${name}`)]);
}

/** The option that a word is, when its value is the next word. */
function awaiting(word: string | undefined): OptionRow | undefined {
  const row = word?.startsWith('--') === true ? ROWS.find(({ long }) => long.includes(word.slice(2))) : word?.startsWith('-') === true ? ROWS.find(({ short }) => short !== '' && word.endsWith(short)) : undefined;
  return row?.value !== undefined && row.optional !== true ? row : undefined;
}

function completeOption(to: Completer, row: OptionRow): void {
  if (row.value === 'FILE' || row.value === 'PATH') to.files();
  else to.label(row.value ?? '');
}

/** Words without options and their values. */
function plain(words: readonly string[]): string[] {
  return words.filter((word, i) => !word.startsWith('-') && awaiting(words[i - 1]) === undefined);
}

function verbWords(object: ObjectSpec): string[] {
  const own = VERBS.filter((verb) => object.verbs[verb] !== undefined);
  return [...own, ...Object.keys(VERB_ALIASES).filter((alias) => own.includes(VERB_ALIASES[alias] as Verb)), 'help'];
}

/** Of words that stand in an order of their own. */
function completeRest(to: Completer, object: ObjectSpec, verb: Verb, label: string, words: readonly string[]): void {
  if (object.name === 'link' && verb === 'set') {
    if (words.length === 0) to.ask(devices);
    else if (words.length === 1) to.offer(linkItemNames());
    else if (words.length === 2) to.label(linkItemLabel(words[1] ?? ''));
  } else if (label.includes('|')) {
    if (words.length === 0) to.label(label.split('|').map((one) => alternatives(one)[0] ?? '').join(' '));
    else if (words.length === 1 && object.name === 'link') to.offer(['status']);
  } else {
    to.label(label.split(' ')[words.length] ?? '');
  }
}

/** Whether a keyword is there already. */
function isGiven(name: string, arg: Arg<unknown>, words: readonly string[]): boolean {
  return [name, ...arg.aliases].some((word) => words.includes(word));
}

function completeValue(to: Completer, arg: Arg<unknown>): void {
  if (arg.label === 'FILE') to.files();
  else to.label(arg.label);
}

function completeArguments(to: Completer, object: ObjectSpec, name: Verb, verb: BoundVerb, words: readonly string[]): void {
  const args = Object.entries(verb.args);
  const [first] = args;
  if (first?.[1].kind === 'rest') {
    completeRest(to, object, name, first[1].label, words);
    return;
  }
  const last = words.at(-1) ?? '';
  const tail = args.find(([, arg]) => arg.kind === 'tail' && isGiven('', arg, words));
  const valued = args.find(([key, arg]) => arg.kind === 'key' && [key, ...arg.aliases].includes(last));
  if (valued !== undefined) {
    completeValue(to, valued[1]);
    return;
  }
  if (tail !== undefined) {
    to.offer(object.name === 'cls' ? [words.includes('ipset') ? 'match' : 'pattern', 'target'] : KIND_WORDS);
    if (last === 'match' && words.includes('ipset')) to.ask(sets);
    return;
  }
  for (const [key, arg] of args) {
    if (arg.kind === 'tail') to.offer(arg.aliases);
    else if (arg.kind === 'free') completeFree(to, object, name, arg, words);
    else if (!isGiven(key, arg, words)) to.offer([key]);
  }
}

function completeFree(to: Completer, object: ObjectSpec, verb: Verb, arg: Arg<unknown>, words: readonly string[]): void {
  if (arg.label === 'SET' && words.length > 0) return;
  if (arg.label === 'TYPE') to.offer(typeNames());
  else if (arg.label.startsWith('ADDR') && verb !== 'add') to.ask(OWN[object.name]);
  else to.label(arg.label);
}

function complete(to: Completer, before: readonly string[]): void {
  const option = awaiting(before.at(-1));
  if (option !== undefined) {
    completeOption(to, option);
    return;
  }
  if (to.prefix.startsWith('-')) {
    to.offer(optionNames());
    return;
  }
  const [objectWord, verbWord, ...words] = plain(before);
  if (objectWord === undefined) {
    to.offer([...OBJECTS.map(({ name }) => name), 'health', 'monitor', 'save', 'restore']);
    return;
  }
  const object = objectOf(objectWord);
  if (object === undefined) return;
  if (verbWord === undefined) {
    to.offer(verbWords(object));
    return;
  }
  const name = verbOf(verbWord, object);
  const verb = name === undefined || name === 'help' ? undefined : object.verbs[name];
  if (verb !== undefined) completeArguments(to, object, name as Verb, verb, words);
}

/** The socket that the words name, for the answer to be that daemon's. */
function socketOf(words: readonly string[]): string | undefined {
  const at = words.indexOf('--socket');
  return at >= 0 ? words[at + 1] : words.find((word) => word.startsWith('--socket='))?.slice('--socket='.length);
}

/**
 * Prints the words that may follow, one in a line.
 * @param words of the command line up to the cursor; the last one is what was typed of the word in question, maybe nothing
 * @returns 0 in any case
 */
export function printCompletions(words: readonly string[], io: Io): number {
  const before = words.slice(0, -1);
  const path = socketOf(before);
  const to = new Completer(words.at(-1) ?? '', () => io.transport({ timeoutMs: TIMEOUT_MS, ...(path === undefined ? {} : { path }) }));
  complete(to, before);
  for (const word of to.found) io.stdout.write(`${word}\n`);
  return 0;
}
