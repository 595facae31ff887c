// SPDX-License-Identifier: Apache-2.0
import { DaemonError, IpcError } from '../../ipc/client';
import { EDPVS } from '../../ipc/messages/failures';
import { deriveIo, type Io, type Main } from '../runtime';
import { CommandError, InvocationError, notSupported, refused, type Stage } from './errors';
import { failureDetail, failureText } from './failure';
import type { ObjectSpec, Verb } from './grammar';
import type { Over } from './rates';
import { TextListing, type Listing } from './listing';
import { parseOptions, type CommandLine, type Options } from './options';
import { hint, objectOf, verbOf } from './words';
import { version } from '../../../package.json';

type Result = number | Promise<number>;

/** Help goes to stderr, as it always did; @returns the exit status given. @param long on standard output, which is success */
async function help(io: Io, object: ObjectSpec | undefined, status: number, long = false): Promise<number> {
  const { helpText } = await import('./help');
  (long ? io.stdout : io.stderr).write(helpText(object));
  return long ? 0 : status;
}

function lines(io: Io, texts: readonly string[]): void {
  for (const text of texts) io.stderr.write(`${text}\n`);
}

function stageName(object: ObjectSpec | undefined, stage: Stage): string {
  return object?.stages?.includes(stage) === true ? `${stage}: ` : '';
}

/** Says on stderr what went wrong; errors that are no user's or daemon's fault go on to the caller. */
function report(error: unknown, io: Io, object: ObjectSpec | undefined): Result {
  if (error instanceof InvocationError) {
    lines(io, [error.message]);
    return 1;
  }
  if (error instanceof CommandError) {
    const { detail = [], stage = 'run', help: wantsHelp = false } = error.options;
    const last = `dpip: ${stageName(object, stage)}${error.text}`;
    lines(io, detail);
    if (!wantsHelp) {
      lines(io, [last]);
      return 1;
    }
    return help(io, object, 1).then((status) => {
      lines(io, [last]);
      return status;
    });
  }
  if (error instanceof IpcError) {
    lines(io, [...failureDetail(error), `dpip: ${failureText(error)}`]);
    return 1;
  }
  throw error;
}

/** -i and -c are read wherever they stand; say so where they mean nothing. */
function warnAboutInterval({ options }: CommandLine, object: ObjectSpec, io: Io): void {
  if (options.count !== undefined && options.interval === 0 && object.interval !== true) lines(io, ["missing option '-i'"]);
  if (options.interval > 0 && !(object.interval === true && options.stats)) {
    lines(io, [`warning: option '-i' has no effect here${object.interval === true ? " without '-s'" : ''}`]);
  }
}

/** Verbs after which things are there, or are not. */
const MAKING: readonly Verb[] = ['add', 'create'];
const REMOVING: readonly Verb[] = ['del', 'destroy'];

/** What was wanted is so already, and that was said to be no error. */
function isTolerated(error: unknown, verb: Verb, { ifExists, ifNotExists }: Options): boolean {
  if (!(error instanceof DaemonError)) return false;
  if (ifNotExists && MAKING.includes(verb)) return error.code === EDPVS.EDPVS_EXIST;
  return ifExists && REMOVING.includes(verb) && error.code === EDPVS.EDPVS_NOTEXIST;
}

function checkTolerance(verb: Verb, { ifExists, ifNotExists }: Options): void {
  if (ifNotExists && !MAKING.includes(verb)) throw refused(`--if-not-exists is for ${MAKING.join(' and ')}`);
  if (ifExists && !REMOVING.includes(verb)) throw refused(`--if-exists is for ${REMOVING.join(' and ')}`);
}

function tolerant(verb: Verb, options: Options, run: () => Result): Result {
  const caught = (error: unknown): number => {
    if (isTolerated(error, verb, options)) return 0;
    throw error;
  };
  try {
    const result = run();
    return typeof result === 'number' ? result : result.catch(caught);
  } catch (error) {
    return caught(error);
  }
}

function runVerb(object: ObjectSpec, verb: Verb, line: CommandLine, io: Io, list: Listing): Result {
  const spec = object.verbs[verb];
  if (spec === undefined) {
    if (object.unknownVerb !== undefined) throw object.unknownVerb();
    throw notSupported('check');
  }
  const { options } = line;
  checkTolerance(verb, options);
  const result = tolerant(verb, options, () => spec.run(line.words.slice(2), { options, io, list }));
  // Other verbs have nothing to list.
  if (verb !== 'show' && verb !== 'test' && verb !== 'get') return result;
  if (typeof result !== 'number') return result.then((status) => ended(list, status));
  return ended(list, result);
}

function ended(list: Listing, status: number): number {
  list.end();
  return status;
}

function wantsPaint(options: Options, io: Io): boolean {
  if (options.paint === 'auto') return io.isTTY && (io.env['NO_COLOR'] ?? '') === '';
  return options.paint === 'always';
}

/** A verb whose listing is not plain text. Its errors are objects when its listing is JSON. */
async function runFormed(object: ObjectSpec, verb: Verb, line: CommandLine, plainIo: Io, over: Over): Promise<number> {
  const { options } = line;
  const forms = await import('./data');
  const request = `${object.name}-${verb}`;
  const json = options.form === 'json';
  const io = json ? deriveIo(plainIo, { stderr: new forms.JsonLines(plainIo.stderr, request) }) : plainIo;
  const list = over(forms.listingOf(options, io));
  try {
    warnAboutInterval(line, object, io);
    return await runVerb(object, verb, line, io, list);
  } catch (error) {
    list.abort();
    if (!json || !(error instanceof CommandError || error instanceof IpcError)) return report(error, io, object);
    forms.writeError(plainIo.stderr, error, request);
    return 1;
  }
}

function guarded(io: Io, object: ObjectSpec | undefined, run: () => Result): Result {
  try {
    const result = run();
    return typeof result === 'number' ? result : result.catch((error: unknown) => report(error, io, object));
  } catch (error) {
    return report(error, io, object);
  }
}

function hintOf(word: string, object: ObjectSpec | undefined): string[] {
  const text = hint(word, object);
  return text === null ? [] : [text];
}

/** The socket that the command line names. */
function withTransport({ options }: CommandLine, io: Io): Io {
  const { socket: path, timeoutMs } = options;
  return path === undefined && timeoutMs === undefined ? io : deriveIo(io, { transport: () => io.transport({ path, timeoutMs }) });
}

/** What a command line asks for, once its options are read. */
function dispatch(argv: readonly string[], line: CommandLine, io: Io): Result {
  if (line.version) {
    io.stdout.write(`dpip-${version}\n`);
    return 0;
  }
  const [objectWord, verbWord] = line.words;
  if (objectWord === 'save' && !line.options.help) return import('./save').then(({ save }) => save(line.words.slice(1), io));
  if (objectWord === 'restore' && !line.options.help) return import('./save/restore').then(({ restore }) => restore(line.words.slice(1), io, main));
  if (objectWord === 'monitor' && !line.options.help) return import('./monitor').then(({ monitor }) => monitor(line.words.slice(1), line.options, io));
  const object = objectWord === undefined ? undefined : objectOf(objectWord);
  if (objectWord === undefined || line.options.help) return help(io, object, argv.length === 0 ? 0 : 1, line.options.longHelp);
  if (verbWord === undefined) return objectWord === 'health' ? import('./health').then(({ health }) => health(io)) : help(io, object, 1);
  const verb = verbOf(verbWord, object);
  if (verb === undefined) {
    lines(io, [`invalid command ${verbWord}`, ...hintOf(verbWord, object)]);
    return 1;
  }
  if (object === undefined) {
    lines(io, [`${io.argv0}: invalid object, use \`-h' for help.`, ...hintOf(objectWord, undefined)]);
    return 1;
  }
  if (verb === 'help') return help(io, object, 0);
  const { watch } = line.options;
  return watch === undefined ? runObject(object, verb, line, io) : runWatched(object, verb, line, watch, argv, io);
}

function runObject(object: ObjectSpec, verb: Verb, line: CommandLine, io: Io, over: Over = (list) => list): Result {
  const { options } = line;
  if (options.form !== 'text' || wantsPaint(options, io)) return runFormed(object, verb, line, io, over);
  warnAboutInterval(line, object, io);
  return guarded(io, object, () => runVerb(object, verb, line, io, over(new TextListing(io.stdout))));
}

/** --watch. Rates of devices and lcores have blocks of their own. */
async function runWatched(object: ObjectSpec, verb: Verb, line: CommandLine, seconds: number, argv: readonly string[], io: Io): Promise<number> {
  const { options } = line;
  if (verb !== 'show') throw new InvocationError(`${io.argv0}: --watch is for show`);
  if (object.interval === true && options.stats && options.form === 'text') {
    return runObject(object, verb, { ...line, options: { ...options, interval: Math.max(1, Math.round(seconds)) } }, io);
  }
  const { watchLists } = await import('./rates');
  // Lines that are cut to the width of a screen may not be cut in a colour.
  const paint = io.terminalSize() === null ? options.paint : 'never';
  const plain: CommandLine = { ...line, options: { ...options, paint, count: undefined } };
  return watchLists(options, seconds, [io.argv0, ...argv].join(' '), io, (inner, over) => runObject(object, verb, plain, inner, over));
}

async function printCompletion(shell: string, io: Io): Promise<number> {
  const { completionOf, SHELLS } = await import('./completion/scripts');
  const script = completionOf(shell);
  if (script === null) throw new InvocationError(`${io.argv0}: --completion '${shell}': ${SHELLS.join(', ')}`);
  io.stdout.write(script);
  return 0;
}

function start(argv: readonly string[], line: CommandLine, plainIo: Io): Result {
  const io = withTransport(line, plainIo);
  return line.options.dryRun ? import('./dry-run').then(({ dryIo }) => carryOut(argv, line, dryIo(io))) : carryOut(argv, line, io);
}

function carryOut(argv: readonly string[], line: CommandLine, io: Io): Result {
  if (line.options.completion !== undefined) return printCompletion(line.options.completion, io);
  const { batch, forceContinue } = line.options;
  if (batch === undefined || line.version) return dispatch(argv, line, io);
  if (line.words.length > 0) throw new InvocationError(`${io.argv0}: --batch takes its commands from the file: ${line.words.join(' ')}`);
  return import('./batch').then(({ runBatch }) => runBatch(batch, forceContinue, io, main));
}

/** dpip: devices, addresses, routes, neighbours and more of a running daemon. */
export const main: Main = (argv, io) =>
  argv[0] === '--complete' ? import('./completion/words').then(({ printCompletions }) => printCompletions(argv.slice(1), io)) : guarded(io, undefined, () => start(argv, parseOptions(io.argv0, argv, io.env['POSIXLY_CORRECT'] !== undefined), io));
