// SPDX-License-Identifier: Apache-2.0
import { StepError } from '../lib/steps.mjs';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until probe() returns something true; throws with `what` after ms. */
export async function until(what, probe, ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new StepError(`waited ${ms / 1000} s for ${what}`);
    await sleep(50);
  }
}
