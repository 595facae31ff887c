// SPDX-License-Identifier: Apache-2.0
// --batch: one command a line, from a file or standard input.
import { readFileSync } from 'node:fs';
import type { Io, Main } from '../runtime';
import { InvocationError } from './errors';

/** More than any list of commands has; a device that never ends would. */
const MAX_BYTES = 256 * 1024 * 1024;

/** What a file has, or standard input (`-`). @throws InvocationError */
export function textOf(file: string, io: Io): string {
  if (file !== '-') {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new InvocationError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (const piece of io.stdin()) {
    length += piece.length;
    if (length > MAX_BYTES) throw new InvocationError(`more than ${MAX_BYTES} bytes`);
    pieces.push(Uint8Array.from(piece));
  }
  return Buffer.concat(pieces).toString('utf8');
}

/**
 * Words as a shell has them: blanks part them, quotes keep them together, a backslash takes what follows as it is, # at the start of
 * a word begins a comment. Nothing is expanded.
 * @throws InvocationError for a quote that does not end
 */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const letter = line.charAt(at);
    if (quote !== '') {
      if (letter === quote) quote = '';
      else if (letter === '\\' && quote === '"' && /["\\]/.test(line.charAt(at + 1))) word = (word ?? '') + line.charAt((at += 1));
      else word = (word ?? '') + letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (letter === '\\') {
      word = (word ?? '') + line.charAt((at += 1));
    } else if (/\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (letter === '#' && word === null) {
      break;
    } else {
      word = (word ?? '') + letter;
    }
  }
  if (quote !== '') throw new InvocationError(`a quote (${quote}) does not end`);
  return word === null ? words : [...words, word];
}

/**
 * Runs the commands of a file until one fails.
 * @param main runs one of them
 * @param goOn after a failure, too; the exit status tells of it all the same
 */
export async function runBatch(file: string, goOn: boolean, io: Io, main: Main): Promise<number> {
  let status = 0;
  for (const [i, line] of textOf(file, io).split('\n').entries()) {
    let failed: boolean;
    try {
      const words = splitLine(line);
      if (words[0] === 'dpip') words.shift();
      if (words.length === 0) continue;
      if (words.some((word) => word === '-b' || word.startsWith('--batch'))) throw new InvocationError('a batch in a batch');
      failed = (await main(words, io)) !== 0;
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error;
      io.stderr.write(`${error.message}\n`);
      failed = true;
    }
    if (!failed) continue;
    status = 1;
    io.stderr.write(`${file === '-' ? 'standard input' : file}, line ${i + 1}: ${line.trim()}\n`);
    if (!goOn) break;
  }
  return status;
}
