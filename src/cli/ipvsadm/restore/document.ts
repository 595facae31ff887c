// SPDX-License-Identifier: Apache-2.0
// -R of JSON. A document is read as a whole: with a mistake in it nothing is done.
import { capabilities, MSG, requireMessage } from '../../../ipc/messages/capabilities';
import { make } from '../change';
import { changesFor } from '../config/wanted';
import { parseConfiguration } from '../json/input';
import type { Column } from '../options';
import type { Open } from '../session';
import { CLEAR_CHANGE, replaceTogether, restoreTogether, tryRules, type Rule } from './atomic';
import { shownLine, wholeText } from './input';
import { hasBatches, RuleRunner } from './runner';

/** @throws DocumentError */
function parseRules(input: Iterable<Uint8Array>): Rule[] {
  const wanted = parseConfiguration(wholeText(input));
  return [...changesFor(wanted)].map(({ where, change, text }) => ({
    source: {
      where,
      get text() {
        return shownLine(text());
      },
    },
    change,
    args: null,
  }));
}

function runRules(rules: readonly Rule[], open: Open, json: boolean): number {
  const runner = new RuleRunner(open, json);
  for (const { source, change } of rules) if (change !== null) runner.add(source, change);
  runner.flush();
  return runner.status;
}

/** Adds what a document says to what is there. @returns the exit status */
export function restoreDocument(input: Iterable<Uint8Array>, open: Open, given: ReadonlySet<Column>): number {
  const rules = parseRules(input);
  const json = given.has('json');
  if (given.has('dry-run')) return tryRules(open(), rules, json);
  if (!given.has('atomic')) return runRules(rules, open, json);
  const session = open();
  requireMessage(capabilities(session.transport), MSG.DS_MSG_BATCH, '--atomic');
  return restoreTogether(session, rules, { clear: false, json });
}

/** ipvsadm-restore of a document. @returns the exit status */
export function replaceByDocument(input: Iterable<Uint8Array>, open: Open): number {
  const rules = parseRules(input);
  const session = open();
  const status = hasBatches(session.transport) ? replaceTogether(session, rules, false) : null;
  if (status !== null) return status;
  const cleared = make(open(), CLEAR_CHANGE);
  return cleared === 0 ? runRules(rules, open, false) : cleared;
}
