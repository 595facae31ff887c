// SPDX-License-Identifier: Apache-2.0
import { ClosedError, ConnectError, DaemonError, type IpcError } from '../../ipc/client';

/**
 * The line that upstream's control library prints before a tool says what went wrong; scripts look for it, its spelling
 * included. null: it has none for this error.
 */
export function libraryLine(error: IpcError): string | null {
  if (error instanceof DaemonError) {
    return `[sockopt_msg_recv] errcode set in socket msg#${error.id} header: ${error.text}(${error.code})`;
  }
  if (error instanceof ConnectError) return `[dpvs_${error.type}sockopt] scoket msg connection error: ${error.errnoText}`;
  if (error instanceof ClosedError) {
    return `[sockopt_msg_recv] socket msg ${error.part} recv error -- ${error.received}/${error.expected} recieved`;
  }
  return null;
}
