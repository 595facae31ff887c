// SPDX-License-Identifier: Apache-2.0
import { ConnectError, DaemonError, IpcError, type Transport } from '../../ipc/client';
import { getInfo, type Info } from '../../ipc/messages/info';
import { CommandError } from '../runtime/errors';
import type { Io, Output } from '../runtime/io';
import type { LearnedNames } from '../runtime/names';
import type { Arguments } from './arguments';
import { briefText, changeStatus, connectReason, failureText, type Action } from './failure';
import { fetchEntries, type Entries, type Request } from './inventory';
import { requestError, writeError } from './json/error';
import type { Column } from './options';
import { isTolerated } from './tolerance';

/** Exit status when the daemon cannot be reached. */
const EXIT_UNREACHABLE = 2;

/** What a command works with once the daemon has answered. */
export interface Session {
  readonly transport: Transport;
  readonly stdout: Output;
  readonly stderr: Output;
  /** The daemon's description; asked for anew by every call but the first. */
  info(): Info;
  /** Services with what belongs to them. @throws as fetchEntries */
  entries(request: Request): Entries;
  /** Turns what was fetched into what is printed. @param index of the lcore */
  view(entries: Entries, index: number): Entries;
  /** Names for what is printed: what was learned stays. */
  names(): Promise<LearnedNames>;
  /** Tells that a request failed. */
  fail(action: Action, error: IpcError): void;
  /** Tells that a request about one of several things failed. */
  complain(about: string, action: Action, error: IpcError): void;
}

/** Greets the daemon; commands call it when their command line is known to be good. @throws CommandError */
export type Open = () => Session;

/** Runs a command; a promise only if names are looked up. */
export type Command = (args: Arguments, open: Open, io: Io) => number | Promise<number>;

function greet(transport: Transport): Info {
  try {
    return getInfo(transport);
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const reason = error instanceof ConnectError ? connectReason(error) : error.message;
    throw new CommandError(`Can't initialize ipvs: ${reason}\nAre you sure that dpvs is running?`, EXIT_UNREACHABLE);
  }
}

/** Daemons that answered already: all lines of a restore share one greeting. */
const greeted = new WeakSet<Transport>();

/** What tells of failures, in text or in JSON. */
function reporter({ stderr }: Io, json: boolean): Pick<Session, 'fail' | 'complain'> {
  if (json) {
    return {
      fail: (action, error) => {
        writeError(stderr, requestError(action, error));
      },
      complain: (about, action, error) => {
        writeError(stderr, requestError(action, error, about));
      },
    };
  }
  return {
    fail: (action, error) => {
      stderr.write(failureText(action, error));
    },
    complain: (about, _action, error) => {
      stderr.write(`${about}: ${briefText(error)}\n`);
    },
  };
}

async function makeNames(given: ReadonlySet<Column>): Promise<LearnedNames> {
  const { LearnedNames } = await import('../runtime/names');
  return new LearnedNames({ limitMs: given.has('no-resolve-timeout') ? Infinity : undefined });
}

/** @param given says how errors and names are wanted @throws CommandError */
export function openSession(io: Io, given: ReadonlySet<Column>): Session {
  const transport = io.transport();
  let first = greeted.has(transport) ? null : greet(transport);
  let names: Promise<LearnedNames> | undefined;
  greeted.add(transport);
  return {
    transport,
    stdout: io.stdout,
    stderr: io.stderr,
    ...reporter(io, given.has('json')),
    entries: (request) => fetchEntries(transport, request),
    view: (entries) => entries,
    names: () => (names ??= makeNames(given)),
    info: () => {
      const info = first ?? greet(transport);
      first = null;
      return info;
    },
  };
}

/** Tells that a request failed; anything else is thrown. */
export function tell(session: Session, action: Action, error: unknown): asserts error is IpcError {
  if (!(error instanceof IpcError)) throw error;
  // Whoever comes next finds out first whether the daemon is still there.
  if (!(error instanceof DaemonError)) greeted.delete(session.transport);
  session.fail(action, error);
}

/**
 * Asks for a change and says nothing if it was made.
 * @param given options that may allow for a refusal (--if-exists, --if-not-exists)
 * @returns the exit status
 */
export function change(session: Session, action: Action, request: () => void, given?: ReadonlySet<Column>): number {
  try {
    request();
    return 0;
  } catch (error) {
    if (given !== undefined && error instanceof DaemonError && isTolerated(given, action, error.code)) return 0;
    tell(session, action, error);
    return changeStatus(error);
  }
}

/** Asks for something to print; a refusal is printed and becomes null. */
export function attempt<T>(session: Session, action: Action, request: () => T): T | null {
  try {
    return request();
  } catch (error) {
    tell(session, action, error);
    return null;
  }
}
