// SPDX-License-Identifier: Apache-2.0
// --apply
import { closeSync, openSync } from 'node:fs';
import { DaemonError, IpcError } from '../../../ipc/client';
import { capabilities, MSG, requireMessage } from '../../../ipc/messages/capabilities';
import { CommandError } from '../../runtime/errors';
import { wantsColor, type Paint } from '../../runtime/color';
import type { Io } from '../../runtime/io';
import { readPieces } from '../../runtime/stdio';
import { requireLimit } from '../change';
import { compare, differenceText, type Difference, type Differences } from '../config/difference';
import { fetchConfiguration, type Fetched } from '../config/fetch';
import { readRules } from '../config/rules-input';
import { sendTogether } from '../config/together';
import type { Wanted } from '../config/wanted';
import { tellDevice } from '../device';
import { EXIT_INVALID, EXIT_LIST } from '../errors';
import { changeStatus } from '../failure';
import { parseConfiguration } from '../json/input';
import { writeDocument } from '../../runtime/document';
import { isNetwork } from '../requests';
import { peek, wholeText } from '../restore/input';
import type { Rules } from '../restore/rules';
import { hasBatches } from '../restore/runner';
import { attempt, tell, type Command, type Session } from '../session';
import { tellMistakes } from './restore';

/** Exit status of a dry run that found differences. */
const EXIT_DIFFERS = 3;
/** Times that a configuration may change while it is compared. */
const ATTEMPTS = 10;

/** Reads the file, or standard input for "-". */
async function readWanted(file: string, io: Io, rules: Rules): Promise<Awaited<ReturnType<typeof readRules>>> {
  const fd = file === '-' ? null : openFile(file);
  try {
    const { isJson, pieces } = peek(fd === null ? io.stdin() : readPieces(fd));
    if (isJson) return parseConfiguration(wholeText(pieces));
    const wanted = await readRules(pieces, io, rules);
    // A file that was cut off is more likely than one that wants all services to go.
    if (!Array.isArray(wanted) && wanted.services.size === 0) throw new CommandError(`${file} has no rules; to delete all services there is -C`, EXIT_INVALID);
    return wanted;
  } catch (error) {
    if (fd === null || !(error instanceof Error && 'syscall' in error)) throw error;
    throw new CommandError(`cannot read ${file}: ${error.message}`, EXIT_INVALID);
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, EXIT_INVALID);
  }
}

/** @throws UnsupportedError */
function requireAll(session: Session, { services }: Wanted): void {
  for (const { service } of services.values()) requireLimit(session.transport, service);
  for (const { deny, allow } of services.values()) {
    for (const { value } of [...(deny?.values() ?? []), ...(allow?.values() ?? [])]) {
      if (!isNetwork(value)) continue;
      requireMessage(capabilities(session.transport), MSG.DS_MSG_ACL, 'a network in a deny or allow list');
      return;
    }
  }
}

/** Shows differences as they are found. */
interface Display {
  show(differences: readonly Difference[]): void;
  /** @param applied false: they still are there */
  end(differences: readonly Difference[], applied: boolean): void;
}

async function paintFor({ color }: Parameters<Command>[0]['values'], io: Io): Promise<Paint> {
  if (!wantsColor(color, io)) return (line) => line;
  const { Chalk } = await import('chalk');
  const ink = new Chalk({ level: 1 });
  return (line) => (line.startsWith('+') ? ink.green(line) : line.startsWith('-') ? ink.red(line) : ink.yellow(line));
}

function textDisplay(session: Session, paint: Paint): Display {
  return {
    show: (differences) => {
      session.stdout.write(differences.map((each) => `${paint(differenceText(each))}\n`).join(''));
      session.stdout.flush?.();
    },
    end: () => undefined,
  };
}

const WORDS = { '+': 'add', '-': 'delete', '~': 'edit' } as const;

function jsonDisplay(session: Session, pretty: boolean): Display {
  return {
    show: () => undefined,
    end: (differences, applied) => {
      const list = differences.map(({ sign, rule, before, where }) => ({ change: WORDS[sign], rule, previous_rule: before, source: where }));
      writeDocument(session.stdout, { applied, differences: list }, pretty);
    },
  };
}

/** The configuration of the daemon; null after saying why it cannot be had. */
function fetch(session: Session): Fetched | null {
  return attempt(session, 'get-services', () => fetchConfiguration(session.transport));
}

function tellRefusal(session: Session, { rule, where }: Difference, tellError: () => number): number {
  const status = tellError();
  session.stderr.write(`${where === null ? '' : `${where}: `}${rule}\n`);
  return status;
}

/** Makes the differences one after the other, for daemons without batches. @returns exit status of the first that failed */
function applyInSteps(session: Session, { operations }: Differences): number {
  let status = 0;
  for (const { of, steps } of operations) {
    for (const { action, request, device } of steps) {
      try {
        request(session.transport);
      } catch (error) {
        if (!(error instanceof IpcError)) throw error;
        if (device === true && error instanceof DaemonError) {
          tellDevice(session, error);
          continue;
        }
        const code = tellRefusal(session, of, () => {
          tell(session, action, error);
          return changeStatus(error);
        });
        if (status === 0) status = code;
        // Whoever does not answer will not answer the others either.
        if (!(error instanceof DaemonError)) return status;
        break;
      }
    }
  }
  return status;
}

/** Makes the differences at once. @returns null when the configuration is another one by now; else the exit status */
function applyTogether(session: Session, { operations }: Differences, generation: bigint | null): number | null {
  const refusal = sendTogether(session.transport, operations, { generation: generation ?? undefined });
  if (refusal === null) return 0;
  if (refusal === 'changed') return null;
  const status = tellRefusal(session, refusal.of, () => {
    session.fail(refusal.step.action, refusal.error);
    return changeStatus(refusal.error);
  });
  session.stderr.write('nothing was changed\n');
  return status;
}

/** Compares and applies until both are the same. @returns the exit status */
function reconcile(session: Session, wanted: Wanted, display: Display, dryRun: boolean): number {
  let shown = '';
  for (let i = 0; i < ATTEMPTS; i += 1) {
    const fetched = fetch(session);
    if (fetched === null) return EXIT_LIST;
    const differences = compare(fetched.configuration, wanted);
    const text = JSON.stringify(differences.shown);
    if (i > 0 && text !== shown) session.stderr.write('warning: the configuration changed meanwhile, the differences are others now\n');
    if (text !== shown) display.show(differences.shown);
    shown = text;
    if (dryRun || differences.shown.length === 0) {
      display.end(differences.shown, !dryRun);
      return differences.shown.length === 0 ? 0 : EXIT_DIFFERS;
    }
    const status = hasBatches(session.transport) ? applyTogether(session, differences, fetched.generation) : applyInSteps(session, differences);
    if (status === null) continue;
    display.end(differences.shown, status === 0);
    return status;
  }
  throw new CommandError(`the configuration changes all the time, it was looked at ${ATTEMPTS} times`, EXIT_LIST);
}

/** The command --apply. */
export function apply(rules: Rules): Command {
  return async ({ commandValue, given, values }, open, io) => {
    const wanted = await readWanted(commandValue ?? '', io, rules);
    if (Array.isArray(wanted)) return tellMistakes(io, wanted);
    const session = open();
    const display = given.has('json') ? jsonDisplay(session, given.has('pretty')) : textDisplay(session, await paintFor(values, io));
    requireAll(session, wanted);
    return reconcile(session, wanted, display, given.has('dry-run'));
  };
}
