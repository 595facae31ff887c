// SPDX-License-Identifier: Apache-2.0
// What an object understands is declared once, as rows of arguments for each verb. The rows parse the words of a command
// and write the object's help.
import type { Io } from '../runtime';
import type { Listing } from './listing';
import { CommandError, invalid, refused, type Stage } from './errors';
import type { Options } from './options';

export const VERBS = [
  'add', 'del', 'set', 'show', 'replace', 'flush', 'create', 'destroy', 'test', 'enable', 'disable', 'get',
] as const; // prettier-ignore

export type Verb = (typeof VERBS)[number];

/** Other words for verbs. */
export const VERB_ALIASES: Readonly<Record<string, Verb>> = { change: 'set', list: 'show' };

/** What a value is read with besides its text. */
export interface ParseContext {
  readonly options: Options;
}

export type Parse<T> = (text: string, context: ParseContext) => T;

/**
 * One argument of a verb.
 * - free: a word that is no keyword; there is one place for each, in the order of the rows
 * - key: a keyword and its value
 * - flag: a keyword alone
 * - tail: a word out of `aliases` and all that follow it, for what has a grammar of its own
 * - rest: all words, keywords included; must be the only row
 */
export interface Arg<T, Required extends boolean = boolean> {
  readonly kind: 'free' | 'key' | 'flag' | 'tail' | 'rest';
  /** How the help calls the value, or writes the row. */
  readonly label: string;
  readonly parse: Parse<T>;
  /** Other spellings of a keyword; words that start a tail. */
  readonly aliases: readonly string[];
  /** Set: the argument must be there, and this is what is said when it is not. */
  readonly missing: Required extends true ? string : string | undefined;
}

export type Args = Readonly<Record<string, Arg<unknown>>>;

/** What the words of a command mean, keyed like the rows. Absent optional arguments are undefined. */
export type Values<A extends Args> = {
  readonly [K in keyof A]: A[K] extends Arg<infer T, infer R> ? (R extends true ? T : T | undefined) : never;
};

export interface Call {
  readonly options: Options;
  readonly io: Io;
  /** What show verbs show. */
  readonly list: Listing;
}

/** Exit status. */
export type Outcome = number;

/** @param first the word that took the place, if there is one */
export type Surplus = (word: string, first: string | undefined) => CommandError;

export interface VerbSpec<A extends Args = Args> {
  readonly args: A;
  /** Options that mean something here, for the help. */
  readonly options?: string;
  /** Grammar for the help, instead of the one made of the rows. */
  readonly usage?: string;
  /** Error for a word without a place, when it is not "unknown argument". */
  readonly surplus?: Surplus;
  run(values: Values<A>, call: Call): Outcome | Promise<Outcome>;
}

/** A VerbSpec whose rows and values fit each other; keeps them apart from those of other verbs. */
export interface BoundVerb {
  readonly args: Args;
  readonly options?: string | undefined;
  readonly usage?: string | undefined;
  run(words: readonly string[], call: Call): Outcome | Promise<Outcome>;
}

export interface ObjectSpec {
  readonly name: string;
  /** One line for the general help. */
  readonly summary: string;
  readonly verbs: Readonly<Partial<Record<Verb, BoundVerb>>>;
  /** Stages that are named before the text of an error. */
  readonly stages?: readonly Stage[];
  /** Error for a verb that the object does not have, when it is not "not support". */
  readonly unknownVerb?: () => CommandError;
  /** More lines for the help: what the words stand for. */
  readonly notes?: readonly string[] | (() => readonly string[]);
  /** -i and -c mean something for this object. */
  readonly interval?: boolean;
}

const NO_ALIASES: readonly string[] = [];

/** A word without keyword, such as an address. */
export function free<T>(label: string, parse: Parse<T>): Arg<T, false> {
  return { kind: 'free', label, parse, aliases: NO_ALIASES, missing: undefined };
}

/** A keyword with a value. */
export function key<T>(label: string, parse: Parse<T>, aliases: readonly string[] = NO_ALIASES): Arg<T, false> {
  return { kind: 'key', label, parse, aliases, missing: undefined };
}

/** A keyword without value. */
export function flag(): Arg<true, false> {
  return { kind: 'flag', label: '', parse: () => true, aliases: NO_ALIASES, missing: undefined };
}

/** The words from one of `starts` on. */
export function tail(label: string, starts: readonly string[]): Arg<readonly string[], false> {
  return { kind: 'tail', label, parse: () => [], aliases: starts, missing: undefined };
}

/** All words, for grammars that rows cannot express. */
export function rest(label: string): Arg<readonly string[], true> {
  return { kind: 'rest', label, parse: () => [], aliases: NO_ALIASES, missing: '' };
}

/** The same argument, but it must be there. */
export function required<T>(arg: Arg<T, false>, missing: string): Arg<T, true> {
  return { ...arg, missing };
}

/** Binds a verb's rows to the function that takes their values. */
export function verb<const A extends Args>(spec: VerbSpec<A>): BoundVerb {
  return {
    args: spec.args,
    options: spec.options,
    usage: spec.usage,
    run: (words, call) => spec.run(parseWords(spec.args, words, { options: call.options }, spec.surplus), call),
  };
}

function findKeyword(args: Args, word: string): string | undefined {
  const own = Object.hasOwn(args, word) ? args[word] : undefined;
  if (own?.kind === 'key' || own?.kind === 'flag') return word;
  return Object.keys(args).find((name) => args[name]?.aliases.includes(word));
}

/** The error for a keyword at the end of the line. */
export function missingValue(keyword: string, options: { help?: boolean } = {}): CommandError {
  const detail = [`missing argument for \`${keyword}'`];
  return new CommandError('invalid parameter', { detail, stage: 'parse', ...options });
}

/** The error for a word that the grammar has no place for. */
export function unknownArgument(word: string): CommandError {
  return invalid(`unknown argument '${word}'`);
}

/**
 * Reads the words after the verb.
 * @throws CommandError when a word has no place, a value is malformed, or a required argument is absent
 */
export function parseWords<A extends Args>(
  args: A,
  words: readonly string[],
  context: ParseContext,
  surplus: Surplus = unknownArgument,
): Values<A> {
  const values: Record<string, unknown> = {};
  const names = Object.keys(args);
  const restName = names.find((name) => args[name]?.kind === 'rest');
  if (restName !== undefined) return { [restName]: words } as Values<A>;
  let firstFree: string | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const name = findKeyword(args, word) ?? names.find((free) => args[free]?.kind === 'free' && !(free in values));
    const arg = name === undefined ? undefined : args[name];
    if (name === undefined || arg === undefined) throw surplus(word, firstFree);
    if (arg.kind === 'tail') {
      values[name] = words.slice(at);
      break;
    }
    let text = word;
    if (arg.kind === 'free') firstFree = word;
    if (arg.kind === 'key') {
      at += 1;
      const value = words[at];
      if (value === undefined) throw missingValue(word);
      text = value;
    }
    values[name] = arg.parse(text, context);
  }
  const absent = names.find((name) => args[name]?.missing !== undefined && !(name in values));
  if (absent !== undefined) throw refused(args[absent]?.missing ?? '');
  return values as Values<A>;
}

function usageOf(name: string, arg: Arg<unknown>): string {
  if (arg.kind === 'free' || arg.kind === 'rest' || arg.kind === 'tail') return arg.label;
  return arg.kind === 'flag' ? name : `${name} ${arg.label}`;
}

/** The arguments of a verb as its help writes them. */
export function usageOfVerb(spec: BoundVerb): string {
  if (spec.usage !== undefined) return spec.usage;
  const parts = Object.entries(spec.args).map(([name, arg]) => {
    const usage = usageOf(name, arg);
    return arg.missing === undefined ? `[${usage}]` : usage;
  });
  return parts.join(' ');
}
