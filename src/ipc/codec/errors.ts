// SPDX-License-Identifier: Apache-2.0
import { IpcError, ProtocolError } from '../errors';

/** A body ends before the structure or the list that it must hold. */
export class ShortReplyError extends ProtocolError {
  override readonly name = 'ShortReplyError';

  constructor(
    /** Structure that was looked for. */
    readonly struct: string,
    /** Bytes that it needs, counted from the start of the body. */
    readonly needed: number,
    /** Bytes that the body has. */
    readonly available: number,
  ) {
    super(`reply is too short: ${struct} needs ${needed} bytes, ${available} received`);
  }
}

/** A value does not fit its member; a fault of the caller, caught before anything is sent. */
export class EncodeError extends IpcError {
  override readonly name = 'EncodeError';
}
