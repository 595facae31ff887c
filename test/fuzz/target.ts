// SPDX-License-Identifier: Apache-2.0
// What must hold for every command line and every file of rules, whatever is in them. Property tests and the fuzzer run it.
import { IpcError } from '../../src/ipc/client';
import { main } from '../../src/cli/ipvsadm/main';
import { UsageError } from '../../src/cli/ipvsadm/errors';
import { CommandError } from '../../src/cli/runtime';
import { HostResolver } from '../../src/cli/runtime/resolver';
import { collectingIo } from '../support/io';
import { MemoryDaemon, type MemoryDaemonOptions } from '../support/extension-daemon';
import { stateOf } from '../unit/ipvsadm/any-configuration';

/** Nobody waits for a name server here. */
HostResolver.prototype.address = () => Promise.resolve(null);
HostResolver.prototype.names = () => Promise.resolve(new Map());

/** Something that must hold did not. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The command line was wrong. */
  readonly isUsage: boolean;
  readonly daemon: MemoryDaemon;
}

/** Rounds that a command may wait: --watch goes on for ever. */
const MAX_SLEEPS = 2;
const MAX_CODE = -27;

class Enough extends Error {}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what);
}

/** Runs a command inside this process; what it throws in its own way becomes an exit status, as in a process. */
export async function runCommand(argv: readonly string[], stdin: string, daemon: MemoryDaemon): Promise<Outcome> {
  let sleeps = 0;
  const io = collectingIo({
    stdinText: () => stdin,
    transport: () => daemon,
    sleep: () => {
      sleeps += 1;
      return sleeps > MAX_SLEEPS ? Promise.reject(new Enough()) : Promise.resolve();
    },
  });
  let code: number;
  let isUsage = false;
  try {
    code = await main([...argv], io);
  } catch (error) {
    if (error instanceof Enough) return { code: 0, ...io.printed, isUsage, daemon };
    if (error instanceof CommandError) {
      code = error.exitCode;
      isUsage = error instanceof UsageError;
      io.stderr.write(`${error.message}\n`);
      if (error.hint !== undefined) io.stderr.write(`${error.hint}\n`);
    } else if (error instanceof IpcError) {
      code = 1;
      io.stderr.write(`ipvsadm: ${error.message}\n`);
    } else {
      throw new Violation(`thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  return { code, ...io.printed, isUsage, daemon };
}

/** Success, failed list, wrong command line or no daemon, wrong syntax, 256 + a code of the daemon. */
function isDocumented(code: number): boolean {
  return Number.isInteger(code) && ((code >= 0 && code <= 2) || (code >= 256 + MAX_CODE && code <= 255));
}

function checkOutcome({ code, stdout, stderr }: Outcome): void {
  must(isDocumented(code), `exit status ${code}`);
  must(!/^\s+at /m.test(stderr), 'a stack trace');
  must(!/\bundefined\b|\bNaN\b|\[object/.test(stdout), 'a value that is none is printed');
  must(code === 0 || stderr !== '' , 'a failure without a word');
  must(stderr === '' || stderr.endsWith('\n'), 'a line without an end');
}

export function populated(options: MemoryDaemonOptions): MemoryDaemon {
  const daemon = new MemoryDaemon(options);
  for (const text of POPULATION) daemon.request(text.id, 'set', text.body);
  daemon.requests.length = 0;
  return daemon;
}

/** Requests of a small configuration; kept because making them costs more than most executions. */
let POPULATION: readonly { readonly id: number; readonly body: Buffer }[] = [];

/** Makes the daemons of later runs have services, servers and what belongs to them. */
export async function preparePopulation(): Promise<void> {
  const daemon = new MemoryDaemon();
  const rules = [
    '-A -t 10.0.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -b', '-a -t 10.0.0.1:80 -r 10.0.1.2:8080 -b -x 9 -y 3', '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk1',
    '-U -t 10.0.0.1:80 -k 10.9.9.9', '-O -t 10.0.0.1:80 -2 ipset:good', '-A -u [2001:db8::1]:53 -s conhash --hash-target qid -p 60 -M 64', '-A -f 7 -6 -s wlc',
    '-a -f 7 -6 -r [fd00::9]:0 -g', '-A -H proto=tcp,src-range=10.0.0.1-10.0.0.9:1-2,oif=dpdk1 -s rr', '-A -1 [::1]:1 -s rr',
  ]; // prettier-ignore
  const { code, stderr } = await runCommand(['-R'], rules.join('\n'), daemon);
  must(code === 0, `the population is refused: ${stderr}`);
  POPULATION = daemon.requests.filter(({ type }) => type === 'set').map(({ id, body }) => ({ id, body }));
}

/** Daemons of old and those with extensions take turns. */
function daemonFor(turn: number): MemoryDaemon {
  return populated({ extensions: turn % 2 === 1 });
}

/** @throws Violation */
export async function checkCommandLine(argv: readonly string[], stdin: string, turn: number): Promise<void> {
  const daemon = daemonFor(turn);
  const outcome = await runCommand(argv, stdin, daemon);
  checkOutcome(outcome);
  if (!outcome.isUsage) return;
  const isReader = /^(-\w*R|--restore|--apply)/.test(argv[0] ?? '');
  must([2, 255].includes(outcome.code), `a wrong command line ends with ${outcome.code}`);
  if (isReader) return;
  must(daemon.requests.length === 0, `a wrong command line asks the daemon: ${daemon.asked.join(' ')}`);
  must(outcome.stdout === '', 'a wrong command line prints something else than what is wrong');
  const [line = '', ...more] = outcome.stderr.split('\n').slice(0, -1);
  // Words may contain what ends lines; then they are said to be wrong with it.
  if (argv.some((word) => /[\n\r]/.test(word))) return;
  must(line.length > 0, 'what is wrong is not said');
  must(more.length === 0 || (more.length === 1 && (more[0] ?? '').startsWith('Did you mean ')), `more than one line: ${outcome.stderr}`);
}

const MODES: readonly (readonly string[])[] = [[], ['--keep-going'], ['--atomic'], ['--dry-run']];

/** Whatever -R made of it can be saved, and the save makes the same again. @throws Violation */
export async function checkRules(text: string, turn: number): Promise<void> {
  const daemon = daemonFor(turn);
  const mode = MODES[turn % MODES.length] ?? [];
  const before = JSON.stringify(stateOf(daemon));
  const outcome = await runCommand(['-R', ...mode], text, daemon);
  checkOutcome(outcome);
  const isUntouched = mode.includes('--dry-run') || (mode.includes('--atomic') && outcome.code !== 0);
  if (isUntouched) must(JSON.stringify(stateOf(daemon)) === before, `-R ${mode.join(' ')} ends with ${outcome.code} and changes something`);
  const saved = await runCommand(['-S', '-n'], '', daemon);
  checkOutcome(saved);
  if (saved.code !== 0) return;
  const second = new MemoryDaemon({ extensions: turn % 3 === 1 });
  const restored = await runCommand(['-R'], saved.stdout, second);
  must(restored.code === 0 && restored.stderr === '', `what was saved is not restored: ${restored.stderr}\n${saved.stdout}`);
  const again = await runCommand(['-S', '-n'], '', second);
  must(again.stdout === saved.stdout, `a second save differs\n${saved.stdout}\n${again.stdout}`);
}
