// SPDX-License-Identifier: Apache-2.0
// dpip restore: tells a daemon what dpip save printed, or ipset save of Linux. What is there already is no error.
import type { Io, Main } from '../../runtime';
import { runBatch } from '../batch';
import { InvocationError } from '../errors';

const LINUX_VERBS: ReadonlySet<string> = new Set(['create', 'add', 'flush', 'destroy']);
/** Options of Linux that tune its tables, with the word behind them. */
const TUNING: ReadonlySet<string> = new Set(['bucketsize', 'initval']);

/** A line of ipset save as dpip has it; others as they are. */
function translated(words: readonly string[]): string[] {
  const [verb = '', ...rest] = words;
  if (!LINUX_VERBS.has(verb)) return [...words];
  const kept = rest.filter((word, i) => !TUNING.has(word) && !TUNING.has(rest[i - 1] ?? ''));
  const family = verb === 'create' ? kept.indexOf('family') : -1;
  const six = family >= 0 && kept[family + 1] === 'inet6';
  if (family >= 0) kept.splice(family, 2);
  return [...(six ? ['-6'] : []), ...(verb === 'add' ? ['-F'] : []), 'ipset', verb, ...kept];
}

const MAKING: ReadonlySet<string> = new Set(['add', 'create']);

function prepared(words: readonly string[]): string[] {
  const line = translated(words);
  const [, verb = ''] = line.filter((word) => !word.startsWith('-'));
  return MAKING.has(verb) ? ['--if-not-exists', ...line] : line;
}

/** @param words the file; standard input without one */
export function restore(words: readonly string[], io: Io, main: Main): Promise<number> {
  const [file = '-', stray] = words;
  if (stray !== undefined) throw new InvocationError(`${io.argv0}: restore takes one file: ${words.join(' ')}`);
  return runBatch(file, false, io, (line, lineIo) => main(prepared(line), lineIo));
}
