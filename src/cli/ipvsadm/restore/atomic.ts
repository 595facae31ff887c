// SPDX-License-Identifier: Apache-2.0
// -R --atomic, -R --dry-run and ipvsadm-restore: all of the input is known before anything is sent.
import { IpcError, type Transport } from '../../../ipc/client';
import { BatchTooLargeError } from '../../../ipc/messages/batch';
import { capabilities } from '../../../ipc/messages/capabilities';
import { flushServices } from '../../../ipc/messages/service';
import { CommandError } from '../../runtime/errors';
import type { Arguments } from '../arguments';
import { NO_OPTIONS, type Change } from '../change';
import { fetchConfiguration } from '../config/fetch';
import { Configuration } from '../config/model';
import { Impossible, needsConfiguration, stepOf, stepsOf } from '../config/operations';
import { sendTogether, type Operation, type Refusal } from '../config/together';
import { EXIT_LIST, EXIT_SYNTAX } from '../errors';
import { changeStatus } from '../failure';
import type { Session } from '../session';
import { hasBatches } from './runner';
import { sessionFor, type Source } from './source';

/** A rule that is well-formed. */
export interface Rule {
  readonly source: Source;
  /** null: it depends on how things are. */
  readonly change: Change | null;
  /** The command line; null: there is none, and the change says all. */
  readonly args: Arguments | null;
}

export interface Together {
  /** Deletes all services first, as a part of it. */
  readonly clear: boolean;
  /** Messages are JSON. */
  readonly json: boolean;
}

export const CLEAR_CHANGE: Change = { action: 'flush', given: NO_OPTIONS, request: flushServices };

/** A rule that cannot be carried out, as is known without the daemon's refusal or by it. */
interface Failure {
  readonly source: Source;
  /** Tells of it. @returns the exit status */
  tell(session: Session): number;
}

/** Times that a configuration may change while it is looked at. */
const ATTEMPTS = 10;

function failureOf({ source }: Rule, error: unknown): Failure {
  return {
    source,
    tell: (session) => {
      if (error instanceof Impossible) {
        session.stderr.write(`${error.message}\n`);
        return EXIT_SYNTAX;
      }
      if (!(error instanceof CommandError || error instanceof IpcError)) throw error;
      session.stderr.write(`${error.message}\n`);
      return error instanceof CommandError ? error.exitCode : changeStatus(error);
    },
  };
}

function refusalOf({ of: source, step: { action }, error }: Refusal<Source>): Failure {
  return {
    source,
    tell: (session) => {
      session.fail(action, error);
      return changeStatus(error);
    },
  };
}

/** Requests for all rules, or the first rule for which there are none. */
function operationsOf(transport: Transport, configuration: Configuration, rules: readonly Rule[]): Operation<Source>[] | Failure {
  const operations: Operation<Source>[] = [];
  for (const rule of rules) {
    try {
      const steps = stepsOf(transport, configuration, rule.args, rule.change);
      if (steps instanceof Impossible) return failureOf(rule, steps);
      operations.push({ of: rule.source, steps });
    } catch (error) {
      if (error instanceof CommandError || error instanceof IpcError) return failureOf(rule, error);
      throw error;
    }
  }
  return operations;
}

/** What the clearing in front of all rules is blamed for. */
const CLEAR: Source = { where: 'clear', text: '-C' };

/** Sends rules in one batch. @returns null when all were carried out */
function attemptTogether(transport: Transport, rules: readonly Rule[], { clear, dryRun }: { readonly clear: boolean; readonly dryRun: boolean }): Failure | null {
  const looks = rules.some(({ change }) => needsConfiguration(change));
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { configuration, generation } = looks ? fetchConfiguration(transport) : { configuration: new Configuration(), generation: null };
    const operations: Operation<Source>[] = [];
    if (clear) {
      configuration.services.clear();
      operations.push({ of: CLEAR, steps: [stepOf(CLEAR_CHANGE)] });
    }
    const made = operationsOf(transport, configuration, rules);
    if (!Array.isArray(made)) return made;
    const refusal = sendTogether(transport, [...operations, ...made], { generation: generation ?? undefined, dryRun });
    if (refusal !== 'changed') return refusal === null ? null : refusalOf(refusal);
  }
  throw new CommandError(`the configuration changes all the time, it was looked at ${ATTEMPTS} times`, EXIT_LIST);
}

function tellFailure(session: Session, failure: Failure, json: boolean): number {
  const own = sessionFor(session, failure.source, json);
  const status = failure.tell(own);
  if (!json) own.stderr.write(`${failure.source.text}\n`);
  return status;
}

/**
 * Carries out all rules or none.
 * @returns the exit status
 * @throws BatchTooLargeError
 */
export function restoreTogether(session: Session, rules: readonly Rule[], options: Together): number {
  const failure = attemptTogether(session.transport, rules, { clear: options.clear, dryRun: false });
  if (failure === null) return 0;
  const status = tellFailure(session, failure, options.json);
  session.stderr.write('nothing was changed\n');
  return status;
}

/**
 * Puts rules in the place of those that are there, or changes nothing.
 * @returns the exit status; null when it is too much for one batch
 */
export function replaceTogether(session: Session, rules: readonly Rule[], json: boolean): number | null {
  try {
    return restoreTogether(session, rules, { clear: true, json });
  } catch (error) {
    if (error instanceof BatchTooLargeError) return null;
    throw error;
  }
}

/** Rules that a dry run finds fault with before it gives up. */
const MAX_FAILURES = 20;

/** Says which rules would be carried out, one after the other, as without --atomic. @returns the exit status */
export function tryRules(session: Session, rules: readonly Rule[], json: boolean): number {
  if (!hasBatches(session.transport)) {
    const daemon = capabilities(session.transport).daemon();
    session.stdout.write(`${rules.length} rules are well-formed; ${daemon} cannot tell whether it would take them, nothing was changed\n`);
    return 0;
  }
  let left = rules;
  let status = 0;
  for (let failures = 0; ; failures += 1) {
    const failure = attemptTogether(session.transport, left, { clear: false, dryRun: true });
    if (failure === null) break;
    const code = tellFailure(session, failure, json);
    if (status === 0) status = code;
    if (failures + 1 === MAX_FAILURES) {
      session.stderr.write(`${MAX_FAILURES} rules would fail; the others were not tried\n`);
      return status;
    }
    left = left.filter(({ source }) => source.where !== failure.source.where);
  }
  session.stdout.write(`${left.length} of ${rules.length} rules would be carried out; nothing was changed\n`);
  return status;
}
