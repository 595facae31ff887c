// SPDX-License-Identifier: Apache-2.0

const MIN = 0.1;
const MAX = 86_400;

/** What --watch takes, for messages. */
export const SECONDS_RANGE = `${MIN} to ${MAX} seconds`;

/** Seconds between two listings, with up to three decimals. null: not a number of seconds that makes sense. */
export function parseSeconds(text: string): number | null {
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text)) return null;
  const seconds = Number(text);
  return seconds >= MIN && seconds <= MAX ? seconds : null;
}
