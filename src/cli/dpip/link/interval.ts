// SPDX-License-Identifier: Apache-2.0
// Rates that are printed again and again, until a count is reached or somebody stops it.
import type { Call } from '../grammar';

const ODD = '\u001b[34m';
const EVEN = '\u001b[32m';
const RESET = '\u001b[0m';

/** Something that has counters. */
export interface Watched<T> {
  /** Printed before the first block. */
  head(): string;
  sample(): T;
  render(before: T, after: T, seconds: number): string;
}

/** Resolves after the time, or at once when the signal comes: then with false. */
function sleep(seconds: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(false);
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve(true);
    }, seconds * 1000);
    signal.addEventListener('abort', stop, { once: true });
  });
}

interface Step<T> {
  readonly one: Watched<T>;
  readonly head: boolean;
}

/** With a count: all blocks of one, then the next. Without: one block of each in turn, for ever. */
function* schedule<T>(watched: readonly Watched<T>[], count: number | undefined): Generator<Step<T>> {
  if (count !== undefined) {
    for (const one of watched) {
      for (let n = 0; n < count; n += 1) yield { one, head: n === 0 };
    }
    return;
  }
  const several = watched.length > 1;
  for (let round = 0; watched.length > 0; round += 1) {
    for (const one of watched) yield { one, head: several || round === 0 };
  }
}

async function blocks<T>(watched: readonly Watched<T>[], call: Call, signal: AbortSignal): Promise<void> {
  const { interval, count, color } = call.options;
  const { stdout } = call.io;
  let number = 0;
  for (const { one, head } of schedule(watched, count)) {
    if (head) stdout.write(one.head());
    stdout.flush?.();
    const before = one.sample();
    if (!(await sleep(interval, signal))) return;
    number += 1;
    const colour = number % 2 === 1 ? ODD : EVEN;
    stdout.write(`${color ? colour : ''}${one.render(before, one.sample(), interval)}`);
    stdout.flush?.();
  }
}

/**
 * Prints head and blocks of each. Each block is the difference of two samples that the interval lies between.
 * Without a count it goes on until SIGINT or SIGTERM, which end it as a success.
 */
export async function watch<T>(watched: readonly Watched<T>[], call: Call): Promise<void> {
  const abort = new AbortController();
  const stop = (): void => {
    abort.abort();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    await blocks(watched, call, abort.signal);
  } finally {
    process.removeListener('SIGINT', stop);
    process.removeListener('SIGTERM', stop);
    if (call.options.color) call.io.stdout.write(RESET);
  }
}
