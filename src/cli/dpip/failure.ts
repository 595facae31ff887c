// SPDX-License-Identifier: Apache-2.0
// Errors of requests as the lines that users and scripts of dpip know.
import { ConnectError, DaemonError, type IpcError } from '../../ipc/client';
import { CorruptReplyError, errorTexts, ShortReplyError } from '../../ipc/messages/failures';
import { libraryLine } from '../runtime/library-line';

/** What stands before the last line; the spelling is what scripts look for. */
export function failureDetail(error: IpcError): string[] {
  const line = libraryLine(error);
  if (line !== null) return [line];
  const corrupt = error instanceof ShortReplyError || error instanceof CorruptReplyError;
  return corrupt ? ['corrupted response.'] : [];
}

/** What follows "dpip: " on the last line. */
export function failureText(error: IpcError): string {
  if (error instanceof DaemonError) return errorTexts[error.code] ?? '<unknow>';
  if (error instanceof ConnectError) return error.message.replace('cannot connect to', 'cannot reach dpvs daemon at');
  return error.message;
}
