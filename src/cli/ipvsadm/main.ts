// SPDX-License-Identifier: Apache-2.0
import { deriveIo, type Io, type Main } from '../runtime/io';
import { parseWithNames } from '../runtime/lookup';
import { parseArguments, type Arguments, type Values } from './arguments';
import { checkArguments, checkRule } from './checks';
import { changeOf, make } from './change';
import * as acl from './commands/acl';
import * as laddr from './commands/laddr';
import { list } from './commands/list';
import type { Rules } from './restore/rules';
import { save } from './commands/save';
import * as service from './commands/service';
import { unsupported } from './commands/unsupported';
import { writeDocument } from '../runtime/document';
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

const restore: Command = async (args, open, io) => (await import('./commands/restore')).restore(RULES)(args, open, io);

/** Changes that are one request. */
const changes: Command = (args, open) => {
  const change = changeOf(args);
  if (change === null) throw new Error(`${args.command.id} is no change`);
  return make(open(), change);
};

const COMMANDS: Readonly<Record<CommandId, Command>> = {
  'add-service': changes,
  'edit-service': service.edit,
  'delete-service': changes,
  clear: changes,
  zero: changes,
  'add-server': changes,
  'edit-server': changes,
  'delete-server': changes,
  'add-laddr': changes,
  'del-laddr': laddr.remove,
  'get-laddr': laddr.list,
  'add-blklst': changes,
  'del-blklst': changes,
  'get-blklst': acl.listDeny,
  'add-whtlst': changes,
  'del-whtlst': changes,
  'get-whtlst': acl.listAllow,
  apply: async (args, open, io) => (await import('./commands/apply')).apply(RULES)(args, open, io),
  drain: async (args, open, io) => (await import('./commands/drain')).drain(args, open, io),
  'replace-server': async (args, open, io) => (await import('./commands/replace')).replaceServer(args, open, io),
  'flush-laddr': changes,
  'flush-blklst': changes,
  'flush-whtlst': changes,
  completion: async (args, open, io) => (await import('./commands/completion')).completion(args, open, io),
  complete: async (args, open, io) => (await import('./completion/live')).complete(args, open, io),
  list,
  save,
  restore,
  set: async (args, open, io) => (await import('./commands/timeouts')).set(args, open, io),
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

/** A command line whose parts fit together. Help and version ignore whatever follows them. */
function checked(args: Arguments): Arguments {
  if (args.command.id !== 'help' && args.command.id !== 'version') checkArguments(args);
  return args;
}

function runCommand(args: Arguments, outside: Io): number | Promise<number> {
  const json = args.given.has('json');
  const io = chosenIo(json ? deriveIo(outside, { stderr: new JsonLines(outside.stderr) }) : outside, args.values);
  const run: RunOnce = (inner, wrap = (session) => session) =>
    COMMANDS[args.command.id](args, () => wrap(openSession(inner, args.given)), inner);
  return args.given.has('watch') || args.given.has('color') ? runViewed(args, io, run) : run(io);
}

async function runViewed(args: Arguments, io: Io, run: RunOnce): Promise<number> {
  return (await import('./view')).runViewed(args, io, run);
}

function parse<T>(argv: readonly string[], io: Io, then: (args: Arguments) => T | Promise<T>): T | Promise<T> {
  const words = argv.length === 0 ? ['-L'] : argv;
  // What is typed may contain names, so this option counts before it is parsed.
  const limitMs = words.includes('--no-resolve-timeout') ? Infinity : undefined;
  const args = parseWithNames((names) => parseArguments(words, io.argv0, names), limitMs);
  return args instanceof Promise ? args.then(then) : then(args);
}

function execute(argv: readonly string[], io: Io): number | Promise<number> {
  const run = (): number | Promise<number> => parse(argv, io, (args) => runCommand(checked(args), io));
  // What is wrong with a command line is JSON too, whether or not it can be read as far as the option.
  return argv.includes('--json') ? withJsonErrors(io, run) : run();
}

/** What -R reads, line by line. */
const RULES: Rules = {
  parse: (argv, io) =>
    parse(argv, io, (args) => {
      checkRule(args);
      return checked(args);
    }),
  run: runCommand,
};

/** ipvsadm; as ipvsadm-save and ipvsadm-restore too. */
export const main: Main = (argv, io) => (isWrapper(io.argv0) ? runWrapper(argv, io, execute, RULES) : execute(argv, io));
