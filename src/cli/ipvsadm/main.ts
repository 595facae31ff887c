// SPDX-License-Identifier: Apache-2.0
import { deriveIo, type Io, type Main } from '../runtime/io';
import { parseWithNames } from '../runtime/lookup';
import { parseArguments, type Arguments, type Values } from './arguments';
import { checkArguments, checkRule } from './checks';
import * as acl from './commands/acl';
import * as dest from './commands/dest';
import * as laddr from './commands/laddr';
import { list } from './commands/list';
import { restoreRules } from './commands/restore';
import { save } from './commands/save';
import * as service from './commands/service';
import { unsupported } from './commands/unsupported';
import { writeDocument } from './json/document';
import { JsonLines, withJsonErrors } from './json/error';
import type { CommandId } from './options';
import { openSession, type Command } from './session';
import { VERSION_DOCUMENT, VERSION_LINE } from './version';
import type { RunOnce } from './view';
import { isWrapper, runWrapper } from './wrappers';

/** Loaded only when asked for. */
const help: Command = async (_args, _open, io) => {
  const { helpText } = await import('./help');
  io.stdout.write(helpText(io.argv0));
  return 0;
};

const version: Command = (args, _open, io) => {
  if (args.given.has('json')) writeDocument(io.stdout, VERSION_DOCUMENT, args.given.has('pretty'));
  else io.stdout.write(VERSION_LINE);
  return 0;
};

const restore: Command = async (_args, _open, io) => restoreRules(io.stdinText(), io, executeRule);

const COMMANDS: Readonly<Record<CommandId, Command>> = {
  'add-service': service.add,
  'edit-service': service.edit,
  'delete-service': service.remove,
  clear: service.clear,
  zero: service.zero,
  'add-server': dest.add,
  'edit-server': dest.edit,
  'delete-server': dest.remove,
  'add-laddr': laddr.add,
  'del-laddr': laddr.remove,
  'get-laddr': laddr.list,
  'add-blklst': acl.addDeny,
  'del-blklst': acl.deleteDeny,
  'get-blklst': acl.listDeny,
  'add-whtlst': acl.addAllow,
  'del-whtlst': acl.deleteAllow,
  'get-whtlst': acl.listAllow,
  apply: async (args, open, io) => (await import('./commands/apply')).apply(args, open, io),
  drain: async (args, open, io) => (await import('./commands/drain')).drain(args, open, io),
  'replace-server': async (args, open, io) => (await import('./commands/replace')).replaceServer(args, open, io),
  'flush-laddr': async (args, open, io) => (await import('./commands/flush')).flushLaddrs(args, open, io),
  'flush-blklst': async (args, open, io) => (await import('./commands/flush')).flushDeny(args, open, io),
  'flush-whtlst': async (args, open, io) => (await import('./commands/flush')).flushAllow(args, open, io),
  completion: async (args, open, io) => (await import('./commands/completion')).completion(args, open, io),
  complete: async (args, open, io) => (await import('./completion/live')).complete(args, open, io),
  list,
  save,
  restore,
  set: unsupported,
  'start-daemon': unsupported,
  'stop-daemon': unsupported,
  help,
  version,
};

/** The outside as the command line wants it. */
function chosenIo(io: Io, { socket, timeoutMs }: Readonly<Values>): Io {
  if (socket === undefined && timeoutMs === undefined) return io;
  return deriveIo(io, { transport: (choice) => io.transport({ path: socket ?? choice?.path, timeoutMs: timeoutMs ?? choice?.timeoutMs }) });
}

function runCommand(args: Arguments, outside: Io): number | Promise<number> {
  // Help and version ignore whatever follows them.
  if (args.command.id !== 'help' && args.command.id !== 'version') checkArguments(args);
  const json = args.given.has('json');
  const io = chosenIo(json ? deriveIo(outside, { stderr: new JsonLines(outside.stderr) }) : outside, args.values);
  const run: RunOnce = (inner, wrap = (session) => session) =>
    COMMANDS[args.command.id](args, () => wrap(openSession(inner, args.given)), inner);
  return args.given.has('watch') || args.given.has('color') ? runViewed(args, io, run) : run(io);
}

async function runViewed(args: Arguments, io: Io, run: RunOnce): Promise<number> {
  return (await import('./view')).runViewed(args, io, run);
}

function parseAndRun(argv: readonly string[], io: Io, run: (args: Arguments) => number | Promise<number>): number | Promise<number> {
  const words = argv.length === 0 ? ['-L'] : argv;
  // What is typed may contain names, so this option counts before it is parsed.
  const limitMs = words.includes('--no-resolve-timeout') ? Infinity : undefined;
  const args = parseWithNames((names) => parseArguments(words, io.argv0, names), limitMs);
  return args instanceof Promise ? args.then(run) : run(args);
}

function execute(argv: readonly string[], io: Io): number | Promise<number> {
  const run = (): number | Promise<number> => parseAndRun(argv, io, (args) => runCommand(args, io));
  // What is wrong with a command line is JSON too, whether or not it can be read as far as the option.
  return argv.includes('--json') ? withJsonErrors(io, run) : run();
}

/** One line of what -R reads. */
function executeRule(argv: readonly string[], io: Io): number | Promise<number> {
  return parseAndRun(argv, io, (args) => {
    checkRule(args);
    return runCommand(args, io);
  });
}

/** ipvsadm; as ipvsadm-save and ipvsadm-restore too. */
export const main: Main = (argv, io) => (isWrapper(io.argv0) ? runWrapper(argv, io, execute, executeRule) : execute(argv, io));
