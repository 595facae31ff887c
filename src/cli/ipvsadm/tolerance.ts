// SPDX-License-Identifier: Apache-2.0
// --if-exists and --if-not-exists: refusals that say that the wish is fulfilled already.
import { EDPVS } from '../../ipc/messages/failures';
import type { Action } from './failure';
import type { Column } from './options';

const { EDPVS_INVAL, EDPVS_EXIST, EDPVS_NOTEXIST, EDPVS_NOSERV, EDPVS_MSG_FAIL } = EDPVS;

/** What daemons answer when what is to be changed or deleted, or its service, is not there. */
const ABSENT: Readonly<Partial<Record<Action, readonly number[]>>> = {
  'edit-service': [EDPVS_MSG_FAIL],
  'get-service': [EDPVS_MSG_FAIL, EDPVS_NOTEXIST],
  'delete-service': [EDPVS_INVAL, EDPVS_NOTEXIST, EDPVS_MSG_FAIL],
  'edit-dest': [EDPVS_NOTEXIST],
  'delete-dest': [EDPVS_INVAL, EDPVS_NOTEXIST],
  'delete-laddr': [EDPVS_NOSERV, EDPVS_NOTEXIST],
  'delete-deny': [EDPVS_NOTEXIST],
  'delete-allow': [EDPVS_NOTEXIST],
};

/** True when a refusal of `action` is what the options of the command line allow for. */
export function isTolerated(given: ReadonlySet<Column>, action: Action, code: number): boolean {
  if (given.has('if-not-exists') && code === EDPVS_EXIST) return true;
  return given.has('if-exists') && (ABSENT[action]?.includes(code) ?? false);
}
