// SPDX-License-Identifier: Apache-2.0
// -R; ipvsadm-restore
import { setFlagsFromString } from 'node:v8';
import { requireMessage, capabilities, MSG } from '../../../ipc/messages/capabilities';
import { CommandError } from '../../runtime/errors';
import { deriveIo, type Io } from '../../runtime/io';
import type { Arguments } from '../arguments';
import { changeOf, make } from '../change';
import { isBatchable } from '../config/operations';
import { MAX_MISTAKES, type Mistake } from '../config/rules-input';
import { EXIT_INVALID, invalid, tryHelp, UsageError } from '../errors';
import { peek, ruleLines } from '../restore/input';
import { CLEAR_CHANGE, replaceTogether, restoreTogether, tryRules, type Rule } from '../restore/atomic';
import type { Rules } from '../restore/rules';
import { hasBatches, RuleRunner } from '../restore/runner';
import { errorAt, LineSource, LocatedError, PrefixedOutput, type Source } from '../restore/source';
import type { Command, Open, Session } from '../session';

/** More rules than these cannot be carried out together. */
const MAX_TOGETHER = 1 << 20;

function isRestore(words: readonly string[]): boolean {
  const [first = ''] = words;
  return first === '--restore' || /^-R/.test(first);
}

/** @throws UsageError */
function parseRule(rules: Rules, words: readonly string[], io: Io): Arguments | Promise<Arguments> {
  if (isRestore(words)) throw tryHelp(io.argv0);
  return rules.parse(words, io);
}

/** A rule as it runs on its own. */
function ruleIo(io: Io, { where }: Source): Io {
  return deriveIo(io, { stderr: new PrefixedOutput(io.stderr, `${where}: `), stdin: () => [] });
}

interface Plain {
  readonly keepGoing: boolean;
}

/** Carries out rules as they come. */
class PlainRestore {
  readonly #runner: RuleRunner;

  constructor(
    private readonly io: Io,
    open: Open,
    private readonly rules: Rules,
    private readonly options: Plain,
  ) {
    this.#runner = new RuleRunner(open, false);
  }

  async run(input: Iterable<Uint8Array>): Promise<number> {
    const lines = ruleLines(input, (error, line) => {
      this.#mistake(error, new LineSource(line));
    });
    for (const line of lines) {
      const source = new LineSource(line);
      try {
        const parsed = parseRule(this.rules, line.words, this.io);
        const args = parsed instanceof Promise ? await parsed : parsed;
        const change = changeOf(args);
        if (change === null) await this.#runAlone(args, source);
        else this.#runner.add(source, change);
      } catch (error) {
        this.#mistake(error, source);
      }
    }
    this.#runner.flush();
    return this.#runner.status;
  }

  /** What a line does wrong ends the run, whatever else it was, unless it shall go on. */
  #mistake(error: unknown, source: Source): void {
    if (this.options.keepGoing && error instanceof UsageError) {
      this.#runner.complain(source, error);
      return;
    }
    if (!(error instanceof LocatedError)) this.#runner.flush();
    throw errorAt(error, source);
  }

  async #runAlone(args: Arguments, source: Source): Promise<void> {
    this.#runner.flush();
    const result = this.rules.run(args, ruleIo(this.io, source));
    const status = typeof result === 'number' ? result : await result;
    this.#runner.note(status);
    if (status !== 0) this.io.stderr.write(`${source.where}: ${source.text}\n`);
  }
}

function plainRestore(input: Iterable<Uint8Array>, io: Io, open: Open, rules: Rules, keepGoing: boolean): Promise<number> {
  return new PlainRestore(io, open, rules, { keepGoing }).run(input);
}

/** All rules of the input and all mistakes in it. */
interface Collected {
  readonly rules: Rule[];
  readonly mistakes: Mistake[];
  /** Rules that are no changes. */
  readonly others: { readonly source: Source; readonly args: Arguments }[];
}

async function collect(input: Iterable<Uint8Array>, io: Io, rules: Rules): Promise<Collected> {
  const collected: Collected = { rules: [], mistakes: [], others: [] };
  const note = (error: unknown, source: Source): void => {
    if (!(error instanceof UsageError)) throw errorAt(error, source);
    collected.mistakes.push({ source, error });
  };
  const lines = ruleLines(input, (error, line) => {
    note(error, new LineSource(line));
  });
  for (const line of lines) {
    const source = new LineSource(line);
    try {
      const parsed = parseRule(rules, line.words, io);
      const args = parsed instanceof Promise ? await parsed : parsed;
      const change = changeOf(args);
      if (isBatchable(args, change)) collected.rules.push({ source, args, change });
      else collected.others.push({ source, args });
    } catch (error) {
      note(error, source);
    }
    if (collected.mistakes.length >= MAX_MISTAKES) break;
    if (collected.rules.length > MAX_TOGETHER) throw new CommandError(`more than ${MAX_TOGETHER} rules cannot be carried out together`, EXIT_INVALID);
  }
  return collected;
}

/** @returns the exit status of the first mistake */
export function tellMistakes(io: Io, mistakes: readonly Mistake[]): number {
  for (const { source, error } of mistakes) io.stderr.write(`${source.where}: ${error.message}\n${source.where}: ${source.text}\n`);
  if (mistakes.length >= MAX_MISTAKES) io.stderr.write('the lines behind it were not read\n');
  io.stderr.write('nothing was changed\n');
  return mistakes[0]?.error.exitCode ?? 0;
}

function tryCollected(session: Session, { rules, others }: Collected): number {
  for (const { source, args } of others) session.stderr.write(`${source.where}: the '${args.command.name}' command changes no rules, it was not tried\n`);
  return tryRules(session, rules, false);
}

async function atomicRestore(input: Iterable<Uint8Array>, io: Io, open: Open, rules: Rules, dryRun: boolean): Promise<number> {
  const collected = await collect(input, io, rules);
  const mistakes = dryRun ? collected.mistakes : [...collected.mistakes, ...collected.others.map(notAtomic)];
  if (mistakes.length > 0) return tellMistakes(io, mistakes);
  const session = open();
  if (dryRun) return tryCollected(session, collected);
  requireMessage(capabilities(session.transport), MSG.DS_MSG_BATCH, '--atomic');
  return restoreTogether(session, collected.rules, { clear: false, json: false });
}

function notAtomic({ source, args }: Collected['others'][number]): Mistake {
  return { source, error: invalid(`the '${args.command.name}' command cannot be a part of --atomic`) };
}

/**
 * Many rules are much garbage. V8 would let its nursery grow with it, to several times what the rules need; kept small it costs no time that could be
 * measured and a third less memory. It cannot be given on the command line of a script that the shell starts.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** The command -R. */
export function restore(rules: Rules): Command {
  return async ({ given }, open, io) => {
    keepHeapSmall();
    const { isJson, pieces } = peek(io.stdin());
    if (isJson || given.has('json')) return (await import('../restore/document')).restoreDocument(pieces, open, given);
    if (given.has('atomic') || given.has('dry-run')) return atomicRestore(pieces, io, open, rules, given.has('dry-run'));
    return plainRestore(pieces, io, open, rules, given.has('keep-going'));
  };
}

/**
 * ipvsadm-restore: rules in the place of those that are there. At once if the daemon can do that, so that no service is
 * away for a moment; else all services are deleted first.
 */
export async function replaceRules(io: Io, open: Open, rules: Rules): Promise<number> {
  keepHeapSmall();
  const { isJson, pieces } = peek(io.stdin());
  if (isJson) return (await import('../restore/document')).replaceByDocument(pieces, open);
  // Read first: nothing is cleared if there is nothing to read.
  const input = [...pieces];
  const session = open();
  if (hasBatches(session.transport)) {
    const collected = await collect(input, io, rules);
    if (collected.mistakes.length > 0) return tellMistakes(io, collected.mistakes);
    if (collected.others.length === 0) {
      const status = replaceTogether(session, collected.rules, false);
      if (status !== null) return status;
    }
  }
  const cleared = make(open(), CLEAR_CHANGE);
  return cleared === 0 ? plainRestore(input, io, open, rules, false) : cleared;
}

