// SPDX-License-Identifier: Apache-2.0

/**
 * Text of the daemon as it may be printed: control characters, which could move the cursor or pretend to be lines of
 * the table, become question marks.
 */
export function printable(text: string): string {
  return /\p{Cc}/u.test(text) ? text.replace(/\p{Cc}/gu, '?') : text;
}
