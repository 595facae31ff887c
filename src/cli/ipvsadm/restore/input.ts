// SPDX-License-Identifier: Apache-2.0
// What -R and --apply read, piece by piece, with limits: files of rules come from anywhere.
import { printable } from '../../render/text';
import { CommandError } from '../../runtime/errors';
import { EXIT_INVALID, invalid, UsageError } from '../errors';

/** A command line of a file. */
export interface RuleLine {
  /** From 1 on, as editors count. */
  readonly number: number;
  readonly words: readonly string[];
  /** As it stands there. */
  readonly text: string;
}

export interface Limits {
  /** Of all input. */
  readonly bytes: number;
  readonly lineBytes: number;
}

const MAX_WORD = 4096;
const PROGRAM = 'ipvsadm';
const MIB = 1 << 20;
const MAX_DOCUMENT = 256 * MIB;
const LIMITS: Limits = { bytes: 1024 * MIB, lineBytes: MIB };
const NEWLINE = 10;
const OPEN_BRACE = 0x7b;
const BLANKS: readonly number[] = [0x09, 0x0a, 0x0d, 0x20];
/** All but tabs, which part words, and carriage returns, which some editors leave. */
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

function sizeText(bytes: number): string {
  return bytes >= MIB ? `${bytes / MIB} MiB` : `${bytes} bytes`;
}

/** The same pieces, up to a limit. */
function* limited(pieces: Iterable<Uint8Array>, limit: number): Generator<Uint8Array> {
  let total = 0;
  for (const piece of pieces) {
    total += piece.length;
    if (total > limit) throw new CommandError(`the input has more than ${sizeText(limit)}`, EXIT_INVALID);
    yield piece;
  }
}

/** Whole lines, many at once, in pieces that end with a newline but for the last. */
function* lineGroups(pieces: Iterable<Uint8Array>, lineBytes: number): Generator<{ readonly text: string; readonly isTooLong: boolean }> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for (const piece of pieces) {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield { text: Buffer.concat([...rest, piece.subarray(0, end)]).toString(), isTooLong: false };
      rest = [];
      restBytes = 0;
    }
    if (end === piece.length) continue;
    rest.push(piece.subarray(end));
    restBytes += piece.length - end;
    if (restBytes <= lineBytes) continue;
    yield { text: '', isTooLong: true };
    return;
  }
  if (restBytes > 0) yield { text: Buffer.concat(rest).toString(), isTooLong: false };
}

/** How a line is named in messages. */
export function lineName(number: number): string {
  return `line ${number}`;
}

/** Words of a line; null: there is no command in it. @throws UsageError */
function wordsOf(line: string): string[] | null {
  const words = line.split(/[ \t\r]+/).filter((word) => word !== '');
  if (words.length === 0 || words[0]?.startsWith('#') === true) return null;
  if (CONTROL.test(line)) throw invalid('there are control characters in it; is this a file of rules?');
  if (line.length > MAX_WORD && words.some((word) => word.length > MAX_WORD)) throw invalid(`a word has more than ${MAX_WORD} characters`);
  const argv = words.filter((word) => word !== PROGRAM);
  return argv.length > 0 ? argv : null;
}

/**
 * Splits rules into command lines: words at blanks, without quoting. Comments, empty lines and the program's name are
 * left out.
 * @param wrong is told of lines that cannot be split; it may throw
 * @throws CommandError when there is too much of it
 */
export function* ruleLines(
  pieces: Iterable<Uint8Array>,
  wrong: (error: UsageError, line: RuleLine) => void,
  limits: Limits = LIMITS,
): Generator<RuleLine> {
  let number = 0;
  for (const { text, isTooLong } of lineGroups(limited(pieces, limits.bytes), limits.lineBytes)) {
    if (isTooLong) throw new CommandError(`${lineName(number + 1)}: it has more than ${sizeText(limits.lineBytes)}`, EXIT_INVALID);
    const lines = text.split('\n');
    if (text.endsWith('\n')) lines.pop();
    for (const line of lines) {
      number += 1;
      let words: string[] | null = null;
      try {
        words = wordsOf(line);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        wrong(error, { number, words: [], text: line });
      }
      if (words !== null) yield { number, words, text: line };
    }
  }
}

const MAX_SHOWN = 200;

/** A line as it is shown again: printable, in one piece, not too long. */
export function shownLine(text: string): string {
  const line = printable(text.slice(0, MAX_SHOWN + 1).replace(/\t/g, ' ')).trim();
  return text.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}...` : line;
}

/** Input that was looked at: the first byte that says something, and all of it again. */
export interface Peeked {
  readonly isJson: boolean;
  readonly pieces: Iterable<Uint8Array>;
}

/** Finds out whether the input is a JSON document, which starts with a brace. */
export function peek(input: Iterable<Uint8Array>): Peeked {
  const iterator = input[Symbol.iterator]();
  const seen: Uint8Array[] = [];
  let first: number | undefined;
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    seen.push(next.value);
    first = next.value.find((byte) => !BLANKS.includes(byte));
    if (first !== undefined) break;
  }
  function* all(): Generator<Uint8Array> {
    yield* seen;
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value;
  }
  return { isJson: first === OPEN_BRACE, pieces: all() };
}

/** All of a document. @throws CommandError when there is too much of it */
export function wholeText(pieces: Iterable<Uint8Array>): string {
  return Buffer.concat([...limited(pieces, MAX_DOCUMENT)]).toString();
}
