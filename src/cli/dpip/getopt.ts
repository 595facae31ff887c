// SPDX-License-Identifier: Apache-2.0
// Options as GNU getopt_long reads them, which is what users of dpip know: anywhere on the line, bundled, long names
// shortened to any unambiguous prefix.
import { InvocationError } from './errors';

export interface OptionRow {
  readonly id: string;
  /** Empty: it has only long names. */
  readonly short: string;
  /** Names without the dashes. */
  readonly long: readonly string[];
  /** What the value is called in the help; none: the option takes no value. */
  readonly value?: string;
  /** The value may be absent; then it stands behind an equals sign. */
  readonly optional?: boolean;
  /** Not of the original: a prefix means it only where it could mean no other. */
  readonly extension?: boolean;
  readonly help: string;
}

export type Scanned<Id extends string> =
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'option'; readonly id: Id; readonly value: string };

interface LongName<R> {
  readonly name: string;
  readonly row: R;
}

function findLong<R extends OptionRow>(prog: string, name: string, rows: readonly R[]): R {
  const all: LongName<R>[] = rows.flatMap((row) => row.long.map((long) => ({ name: long, row })));
  const exact = all.find((entry) => entry.name === name);
  if (exact !== undefined) return exact.row;
  const fits = all.filter((entry) => entry.name.startsWith(name));
  const original = fits.filter((entry) => entry.row.extension !== true);
  const matches = original.length > 0 ? original : fits;
  const first = matches[0];
  if (first === undefined) throw new InvocationError(`${prog}: unrecognized option '--${name}'`);
  // Two names of the same option are no ambiguity.
  if (matches.some((entry) => entry.row !== first.row)) {
    const list = matches.map((entry) => `'--${entry.name}'`).join(' ');
    throw new InvocationError(`${prog}: option '--${name}' is ambiguous; possibilities: ${list}`);
  }
  return first.row;
}

/**
 * Yields options and words in the order of the line. Lazily: what follows an option that ends the run is not looked at.
 * @param posix the first word ends the options
 * @throws InvocationError in getopt's words
 */
export function* scanOptions<const R extends OptionRow>(
  prog: string,
  argv: readonly string[],
  rows: readonly R[],
  posix: boolean,
): Generator<Scanned<R['id']>> {
  for (let at = 0; at < argv.length; at += 1) {
    const arg = argv[at] ?? '';
    if (arg === '--') return yield* restAsWords(argv, at + 1);
    if (arg === '-' || !arg.startsWith('-')) {
      if (posix) return yield* restAsWords(argv, at);
      yield { kind: 'word', word: arg };
    } else if (arg.startsWith('--')) {
      const equals = arg.indexOf('=');
      const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
      const row = findLong(prog, name, rows);
      const long = row.long.find((candidate) => candidate.startsWith(name)) ?? name;
      if (row.value === undefined || (row.optional === true && equals < 0)) {
        if (equals >= 0) throw new InvocationError(`${prog}: option '--${long}' doesn't allow an argument`);
        yield { kind: 'option', id: row.id, value: '' };
      } else if (equals >= 0) {
        yield { kind: 'option', id: row.id, value: arg.slice(equals + 1) };
      } else {
        at += 1;
        const value = argv[at];
        if (value === undefined) throw new InvocationError(`${prog}: option '--${long}' requires an argument`);
        yield { kind: 'option', id: row.id, value };
      }
    } else {
      for (let i = 1; i < arg.length; i += 1) {
        const letter = arg.charAt(i);
        const row = rows.find((candidate) => candidate.short === letter);
        if (row === undefined) throw new InvocationError(`${prog}: invalid option -- '${letter}'`);
        if (row.value === undefined || row.optional === true) {
          yield { kind: 'option', id: row.id, value: '' };
          continue;
        }
        const attached = arg.slice(i + 1);
        if (attached === '') at += 1;
        const value = attached === '' ? argv[at] : attached;
        if (value === undefined) throw new InvocationError(`${prog}: option requires an argument -- '${letter}'`);
        yield { kind: 'option', id: row.id, value };
        break;
      }
    }
  }
}

function* restAsWords(argv: readonly string[], from: number): Generator<{ kind: 'word'; word: string }> {
  for (const word of argv.slice(from)) yield { kind: 'word', word };
}
