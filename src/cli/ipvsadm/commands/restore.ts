// SPDX-License-Identifier: Apache-2.0
// -R
import { CommandError } from '../../runtime/errors';
import { deriveIo, type Io, type Output } from '../../runtime/io';
import { invalid, tryHelp, UsageError } from '../errors';

/** Runs one command line; what -R does for each of its lines. */
export type Execute = (argv: readonly string[], io: Io) => number | Promise<number>;

export interface RuleLine {
  /** From 1 on, as editors count. */
  readonly number: number;
  readonly words: readonly string[];
}

const MAX_WORD = 4096;
const PROGRAM = 'ipvsadm';

/**
 * Splits rules into command lines: words at blanks, without quoting. Comments, empty lines and the program's name are
 * left out.
 * @throws UsageError for a word that is too long
 */
export function* ruleLines(text: string): Generator<RuleLine> {
  for (const [i, line] of text.split('\n').entries()) {
    const words = line.split(/[ \t\r]+/).filter((word) => word !== '');
    if (words[0]?.startsWith('#') === true) continue;
    if (words.some((word) => word.length > MAX_WORD)) throw invalid(`line ${i + 1}: a word has more than ${MAX_WORD} characters`);
    const argv = words.filter((word) => word !== PROGRAM);
    if (argv.length > 0) yield { number: i + 1, words: argv };
  }
}

/** Puts the number of the line before each message. */
class NumberedOutput implements Output {
  #atStart = true;

  constructor(
    private readonly to: Output,
    private readonly prefix: string,
  ) {}

  write(text: string): void {
    for (const line of text.split(/(?<=\n)/)) {
      if (line === '') continue;
      this.to.write(this.#atStart ? this.prefix + line : line);
      this.#atStart = line.endsWith('\n');
    }
  }
}

function numbered(io: Io, line: RuleLine): Io {
  return deriveIo(io, { stderr: new NumberedOutput(io.stderr, `line ${line.number}: `), stdinText: () => '' });
}

function isRestore(words: readonly string[]): boolean {
  const [first = ''] = words;
  return first === '--restore' || /^-R/.test(first);
}

/** What a line does wrong ends the run, whatever else it was. */
function atLine(error: unknown, { number }: RuleLine): unknown {
  if (error instanceof UsageError) return new UsageError(`line ${number}: ${error.message}`, error.exitCode);
  if (error instanceof CommandError) return new CommandError(`line ${number}: ${error.message}`, error.exitCode);
  return error;
}

/**
 * Runs rules one by one. A line that is wrong ends the run, one that the daemon refuses does not.
 * @returns exit status of the first line that failed, 0 if none did
 */
export async function restoreRules(text: string, io: Io, execute: Execute): Promise<number> {
  let status = 0;
  for (const line of ruleLines(text)) {
    if (isRestore(line.words)) throw atLine(tryHelp(io.argv0), line);
    try {
      const result = execute(line.words, numbered(io, line));
      const code = typeof result === 'number' ? result : await result;
      if (status === 0) status = code;
    } catch (error) {
      throw atLine(error, line);
    }
  }
  return status;
}
