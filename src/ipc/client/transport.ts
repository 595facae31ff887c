// SPDX-License-Identifier: Apache-2.0
import {
  ClosedError,
  ConnectError,
  DaemonError,
  IpcError,
  ProtocolError,
  TimeoutError,
  type RequestType,
} from './errors';
import { native, type NativeOutcome } from './native';

/** Sends one request and gives the body of its reply; what commands need of the daemon. */
export interface Transport {
  /**
   * @param id message id (MSG)
   * @param body of the request; none is an empty one
   * @returns body of the reply, maybe empty
   * @throws DaemonError, ConnectError, ClosedError, TimeoutError, ProtocolError, AddonError
   */
  request(id: number, type: RequestType, body?: Uint8Array): Buffer;
}

/** A transport that can also hand over open files. */
export interface FdTransport extends Transport {
  /**
   * Like request, for a reply that passes an open file. The caller closes `fd`.
   * @throws ProtocolError when none came, else as request
   */
  requestFd(id: number, type: RequestType, body?: Uint8Array): { readonly body: Buffer; readonly fd: number };
}

export interface TransportOptions {
  /** Of the socket, at most 107 bytes. Default: DPVS_IPC_FILE of the environment, else /var/run/dpvs.ipc. */
  readonly path?: string;
  /** For each whole exchange, in milliseconds. */
  readonly timeoutMs?: number;
  /** Longest body of a reply that is accepted, in bytes. */
  readonly maxBody?: number;
}

/** Who listens on the socket. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const DEFAULT_PATH = '/var/run/dpvs.ipc';
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_BODY = 256 * 1024 * 1024;
const MAX_PATH_BYTES = 107;
const HEADER_BYTES = 88;
const EMPTY = Buffer.alloc(0);

type Failure = Exclude<NativeOutcome, { stage: 'done' }>;

/** The control socket. Every request is a connection of its own, as the protocol demands. */
export class SocketTransport implements FdTransport {
  readonly path: string;
  readonly #timeoutMs: number;
  readonly #maxBody: number;

  constructor(options: TransportOptions = {}) {
    this.path = options.path ?? (process.env['DPVS_IPC_FILE'] || DEFAULT_PATH);
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#maxBody = options.maxBody ?? DEFAULT_MAX_BODY;
  }

  request(id: number, type: RequestType, body?: Uint8Array): Buffer {
    this.#checkPath(id, type);
    const out = native().request(this.path, id, typeNumber(type), body, this.#timeoutMs, this.#maxBody);
    if (out.stage !== 'done') throw this.#failure(out, id, type);
    if (out.errcode !== 0) throw new DaemonError(id, out.errcode, oneLine(out.errstr));
    return out.body ?? EMPTY;
  }

  requestFd(id: number, type: RequestType, body?: Uint8Array): { readonly body: Buffer; readonly fd: number } {
    this.#checkPath(id, type);
    const out = native().requestFd(this.path, id, typeNumber(type), body, this.#timeoutMs, this.#maxBody);
    if (out.stage !== 'done') throw this.#failure(out, id, type);
    if (out.errcode !== 0) throw new DaemonError(id, out.errcode, oneLine(out.errstr));
    if (out.fd === undefined) throw new ProtocolError(`the reply to message ${id} came without a file descriptor`);
    return { body: out.body ?? EMPTY, fd: out.fd };
  }

  /**
   * The process that listens on the socket, as the kernel knows it.
   * @throws ConnectError
   */
  peer(): Peer {
    this.#checkPath(0, 'get');
    const who = native().peerCredentials(this.path, this.#timeoutMs);
    if (who.errno !== undefined) throw new ConnectError(this.path, who.errno, who.errnoText, 0, 'get');
    return who;
  }

  #checkPath(id: number, type: RequestType): void {
    const usable = this.path !== '' && !this.path.includes('\0') && Buffer.byteLength(this.path) <= MAX_PATH_BYTES;
    if (!usable) throw new ConnectError(this.path, 'ENAMETOOLONG', 'File name too long', id, type);
  }

  #failure(out: Failure, id: number, type: RequestType): IpcError {
    if (out.stage === 'connect') return new ConnectError(this.path, out.errno, out.errnoText, id, type);
    if (out.errno === 'ETIMEDOUT') return new TimeoutError(id, this.#timeoutMs);
    switch (out.stage) {
      case 'send':
      case 'header':
        return new ClosedError(id, out.received, HEADER_BYTES, 'header');
      case 'body':
        if (out.errno === 'ENOMEM') return new IpcError(`no memory for a reply of ${out.len} bytes`);
        return new ClosedError(id, out.received, out.len, 'body');
      case 'version':
        return new ProtocolError(`the daemon speaks protocol version ${versionText(out.version)}, this program 1.0.0`);
      case 'mismatch':
        return new ProtocolError(`the reply to message ${id} answers another message; is ${this.path} the socket of dpvs?`);
      case 'oversized':
        return new ProtocolError(`the reply to message ${id} announces ${out.len} bytes, ${this.#maxBody} are accepted`);
    }
  }
}

function typeNumber(type: RequestType): number {
  return type === 'set' ? 1 : 0;
}

/** Whatever it is that sends the text, it gets one line and no say over the terminal. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

/** major << 16 | minor << 8 | patch as text. */
function versionText(version: number): string {
  return `${version >>> 16}.${(version >>> 8) & 0xff}.${version & 0xff}`;
}

/** A transport over the control socket. Nothing is opened before the first request. */
export function connectTransport(options: TransportOptions = {}): SocketTransport {
  return new SocketTransport(options);
}
