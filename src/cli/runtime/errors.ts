// SPDX-License-Identifier: Apache-2.0

/** A command ends with this status after printing the message, one line, on stderr. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';

  /**
   * @param message as printed, without the newline
   * @param exitCode 1 to 255
   * @param hint a further line for people; scripts see the message without it
   */
  constructor(
    message: string,
    readonly exitCode: number,
    readonly hint?: string,
  ) {
    super(message);
  }
}
