// SPDX-License-Identifier: Apache-2.0
// What commands need to tell their users why a request failed.
import { ClosedError, DaemonError } from '../client';
import { EDPVS } from '../codec';

export { EDPVS, errorTexts, ShortReplyError } from '../codec';
export { CorruptReplyError } from './lists';

/** True when the daemon does not know the request; some say so, others close the connection. */
export function isUnsupported(error: unknown): boolean {
  if (error instanceof ClosedError) return error.part === 'header' && error.received === 0;
  return error instanceof DaemonError && error.code === EDPVS.EDPVS_NOTSUPP;
}
