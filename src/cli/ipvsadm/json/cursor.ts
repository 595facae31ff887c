// SPDX-License-Identifier: Apache-2.0
// Reading JSON that people write: every mistake names the member and what it must be.
import { printable } from '../../render/text';
import { EXIT_INVALID, UsageError } from '../errors';

const MAX_SHOWN = 60;

/** A mistake at a member of a document. */
export class DocumentError extends UsageError {
  constructor(
    readonly where: string,
    readonly problem: string,
  ) {
    super(`${where}: ${problem}`, EXIT_INVALID);
  }
}

function shown(value: unknown): string {
  const text = printable(JSON.stringify(value) ?? 'nothing');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

function join(path: string, member: string): string {
  const plain = /^[A-Za-z_]\w*$/.test(member);
  if (plain) return path === '' ? member : `${path}.${member}`;
  return `${path}[${shown(member)}]`;
}

/** A value of a document and where it stands. */
export class Cursor {
  constructor(
    private readonly value: unknown,
    readonly path: string,
  ) {}

  get isAbsent(): boolean {
    return this.value === undefined;
  }

  /** True for null too. */
  get isNothing(): boolean {
    return this.value === undefined || this.value === null;
  }

  get where(): string {
    return this.path === '' ? 'the document' : this.path;
  }

  /** @throws DocumentError */
  fail(expected: string): never {
    throw new DocumentError(this.where, this.isAbsent ? `it is missing; require ${expected}` : `require ${expected}, not ${shown(this.value)}`);
  }

  /** @param known members that there may be */
  object(known: readonly string[]): Cursor {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) return this.fail('an object');
    const unknown = Object.keys(this.value).find((key) => !known.includes(key));
    if (unknown !== undefined) throw new DocumentError(join(this.path, unknown), 'there is no such member');
    return this;
  }

  member(name: string): Cursor {
    const { value } = this;
    const has = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
    return new Cursor(has ? (value as Record<string, unknown>)[name] : undefined, join(this.path, name));
  }

  *elements(): Generator<Cursor> {
    if (!Array.isArray(this.value)) return this.fail('an array');
    for (const [i, element] of (this.value as unknown[]).entries()) yield new Cursor(element, `${this.path}[${i}]`);
  }

  integer(min: number, max: number): number {
    const { value } = this;
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    return fits ? value : this.fail(`an integer from ${min} to ${max}`);
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.fail('true or false');
  }

  /** A text that `parse` understands. @param parse null: it does not */
  text<T>(expected: string, parse: (text: string) => T | null): T {
    const parsed = typeof this.value === 'string' ? parse(this.value) : null;
    return parsed ?? this.fail(expected);
  }

  /** What a member is when it is not given. */
  or<T>(otherwise: T, read: (cursor: Cursor) => T): T {
    return this.isNothing ? otherwise : read(this);
  }
}

/** Line and column of a place in a text. */
function placeOf(text: string, position: number): string {
  const before = text.slice(0, position).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

function syntaxError(text: string): SyntaxError | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof SyntaxError ? error : null;
  }
}

/** True when more text could make it a document. */
function couldGoOn(text: string): boolean {
  const message = syntaxError(text)?.message ?? '';
  return message === '' || /Unexpected end|Unterminated string/.test(message) || Number(positionIn(message) ?? -1) >= text.length;
}

function positionIn(message: string): string | undefined {
  return /at position (\d+)/.exec(message)?.[1];
}

/** Longer texts are not searched for the place of a mistake. */
const MAX_SEARCHED = 4 << 20;

/** Where the mistake is that JSON.parse does not always place; null: it cannot be said. */
function findMistake(text: string): number | null {
  if (text.length > MAX_SEARCHED || couldGoOn(text)) return null;
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (couldGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** @throws DocumentError for what is no JSON */
export function parseDocument(text: string): Cursor {
  try {
    return new Cursor(JSON.parse(text) as unknown, '');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const position = positionIn(error.message) ?? findMistake(text);
    const where = position === null ? 'the document' : placeOf(text, Number(position));
    const problem = printable(error.message.replace(/, (?:\.\.\.)?".*$| (?:in JSON )?at position \d+.*$/s, '').slice(0, MAX_SHOWN));
    throw new DocumentError(where, `no JSON: ${problem}`);
  }
}
