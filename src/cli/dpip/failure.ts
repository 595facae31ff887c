// SPDX-License-Identifier: Apache-2.0
// Errors of requests as the lines that users and scripts of dpip know.
import { ClosedError, ConnectError, DaemonError, type IpcError } from '../../ipc/client';
import { CorruptReplyError, errorTexts, ShortReplyError } from '../../ipc/messages/failures';

/** What stands before the last line; the spelling is what scripts look for. */
export function failureDetail(error: IpcError): string[] {
  if (error instanceof DaemonError) {
    return [`[sockopt_msg_recv] errcode set in socket msg#${error.id} header: ${error.text}(${error.code})`];
  }
  if (error instanceof ConnectError) return [`[dpvs_${error.type}sockopt] scoket msg connection error: ${error.errnoText}`];
  if (error instanceof ClosedError) {
    return [`[sockopt_msg_recv] socket msg ${error.part} recv error -- ${error.received}/${error.expected} recieved`];
  }
  const corrupt = error instanceof ShortReplyError || error instanceof CorruptReplyError;
  return corrupt ? ['corrupted response.'] : [];
}

/** What follows "dpip: " on the last line. */
export function failureText(error: IpcError): string {
  if (error instanceof DaemonError) return errorTexts[error.code] ?? '<unknow>';
  if (error instanceof ConnectError) return error.message.replace('cannot connect to', 'cannot reach dpvs daemon at');
  return error.message;
}
