// SPDX-License-Identifier: Apache-2.0
// Splits a command line by the rules of popt, as users of ipvsadm know them.
import { badToken, invalid, tryHelp, UsageError } from './errors';
import { findLong, findShort, valueKind, type CommandRow, type Found, type OptionId, type OptionRow } from './options';
import { suggestLong } from './suggest';

/** An option with its value; null when it has none. */
export interface OptionToken {
  readonly kind: 'option';
  readonly row: OptionRow & { readonly long: OptionId };
  readonly value: string | null;
  /** The word that the option came in. */
  readonly word: string;
}

export type Token =
  | { readonly kind: 'command'; readonly row: CommandRow; readonly value: string | null }
  | OptionToken
  | { readonly kind: 'word'; readonly word: string };

/** Words of the command line and how far they have been read. */
class Words {
  #next = 0;

  constructor(private readonly argv: readonly string[]) {}

  take(): string | undefined {
    const word = this.argv[this.#next];
    this.#next += 1;
    return word;
  }

  peek(): string | undefined {
    return this.argv[this.#next];
  }
}

/** Value of an option that was not attached to it. */
function followingValue(found: Found, word: string, words: Words): string | null {
  switch (valueKind(found.row)) {
    case 'none':
      return null;
    case 'optional':
      return words.peek() === undefined || words.peek()?.startsWith('-') === true ? null : (words.take() ?? null);
    case 'required': {
      const value = words.take();
      if (value === undefined) throw badToken(word, 'missing argument');
      return value;
    }
  }
}

/** What somebody may have meant, as a line for people. */
function hintFor(name: string): string | undefined {
  const meant = suggestLong(name);
  return meant === null ? undefined : `Did you mean --${meant}?`;
}

function* longOption(word: string, words: Words): Generator<[Found, string | null]> {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const found = findLong(name);
  if (found === null) throw badToken(word, 'unknown option', hintFor(name));
  if (equals < 0) {
    yield [found, followingValue(found, word, words)];
    return;
  }
  if (valueKind(found.row) === 'none') throw badToken(word, 'option does not take an argument');
  yield [found, word.slice(equals + 1)];
}

/** One word of single letters: flags in a row, the last one may have the rest as its value, after "=" or not. */
function* shortOptions(word: string, words: Words): Generator<[Found, string | null]> {
  for (let i = 1; i < word.length; i += 1) {
    const found = findShort(word.charAt(i));
    if (found === null) throw badToken(word, 'unknown option');
    const rest = word.slice(i + 1);
    if (valueKind(found.row) === 'none') {
      if (rest.startsWith('=')) throw badToken(word, 'option does not take an argument');
      yield [found, null];
      continue;
    }
    const attached = rest.startsWith('=') ? rest.slice(1) : rest;
    yield [found, rest === '' ? followingValue(found, word, words) : attached];
    return;
  }
}

function* rawTokens(argv: readonly string[]): Generator<{ word: string; found: Found | null; value: string | null }> {
  const words = new Words(argv);
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === '--') {
      for (let rest = words.take(); rest !== undefined; rest = words.take()) yield { word: rest, found: null, value: null };
    } else if (word === '-' || !word.startsWith('-')) {
      yield { word, found: null, value: null };
    } else {
      const options = word.startsWith('--') ? longOption(word, words) : shortOptions(word, words);
      for (const [found, value] of options) yield { word, found, value };
    }
  }
}

/**
 * Tokens from left to right, found lazily, so that the first error is the one that is reported. The first option is the
 * command, and the only one.
 * @throws UsageError
 */
export function* tokenise(argv: readonly string[], argv0: string): Generator<Token> {
  let started = false;
  const tokens = rawTokens(argv);
  for (;;) {
    let next;
    try {
      next = tokens.next();
    } catch (error) {
      // Whatever is wrong with the first option, it is no command.
      throw started ? error : tryHelp(argv0, error instanceof UsageError ? error.hint : undefined);
    }
    if (next.done === true) break;
    const { word, found, value } = next.value;
    if (found === null) {
      yield { kind: 'word', word };
    } else if (found.kind === 'command') {
      if (started) throw invalid(`invalid option \`${word}'`);
      started = true;
      yield { kind: 'command', row: found.row, value };
    } else {
      if (!started) throw tryHelp(argv0);
      yield { kind: 'option', row: found.row, value, word };
    }
  }
  if (!started) throw tryHelp(argv0);
}
