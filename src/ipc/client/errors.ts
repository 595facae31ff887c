// SPDX-License-Identifier: Apache-2.0
import { IpcError } from '../errors';

export { IpcError, ProtocolError } from '../errors';

/** Direction of a request. */
export type RequestType = 'get' | 'set';

/** The daemon answered with an error code. */
export class DaemonError extends IpcError {
  override readonly name = 'DaemonError';

  constructor(
    /** Id of the request. */
    readonly id: number,
    /** EDPVS_*, negative. */
    readonly code: number,
    /** The text that came with it; "<unknow>" for codes without one. */
    readonly text: string,
  ) {
    super(`${text} (${code}) in answer to message ${id}`);
  }
}

/** No connection to the daemon. */
export class ConnectError extends IpcError {
  override readonly name = 'ConnectError';

  constructor(
    /** Of the socket. */
    readonly path: string,
    /** Name such as ENOENT. */
    readonly errno: string,
    /** Its text, such as "No such file or directory". */
    readonly errnoText: string,
    /** Id of the request that could not be sent. */
    readonly id: number,
    readonly type: RequestType,
  ) {
    super(`cannot connect to ${path}: ${errnoText}; ${remedy(errno)}`);
  }
}

function remedy(errno: string): string {
  if (errno === 'EACCES' || errno === 'EPERM') return 'run the command as root or with the right to write to the socket';
  if (errno === 'ETIMEDOUT') return 'the daemon accepts no connections, look at its log';
  if (errno === 'ENAMETOOLONG') return 'use a path of at most 107 bytes';
  return 'start dpvs, or name its socket in DPVS_IPC_FILE';
}

/** The daemon closed the connection without a reply or within one. Daemons do that to ids they do not know. */
export class ClosedError extends IpcError {
  override readonly name = 'ClosedError';

  constructor(
    /** Id of the request. */
    readonly id: number,
    /** Bytes that arrived of the part that is missing: the 88 byte header, or the body. */
    readonly received: number,
    /** Bytes that this part has. */
    readonly expected: number,
    readonly part: 'header' | 'body',
  ) {
    super(
      received === 0 && part === 'header'
        ? `the daemon closed the connection without a reply to message ${id}; it may not know this message`
        : `the daemon closed the connection after ${received} of ${expected} bytes of the reply's ${part} to message ${id}`,
    );
  }
}

/** The daemon did not answer in time. */
export class TimeoutError extends IpcError {
  override readonly name = 'TimeoutError';

  constructor(
    /** Id of the request. */
    readonly id: number,
    /** How long was waited. */
    readonly timeoutMs: number,
  ) {
    super(`the daemon did not answer message ${id} within ${timeoutMs} ms; look at its log`);
  }
}

/** The native part of this program is missing or does not load. */
export class AddonError extends IpcError {
  override readonly name = 'AddonError';

  constructor(
    readonly file: string,
    reason: string,
  ) {
    super(`cannot load ${file}: ${reason}; build it with: npm ci && npm run build`);
  }
}
