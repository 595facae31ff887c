// SPDX-License-Identifier: Apache-2.0
// All or nothing: operations in one atomic batch.
import { DaemonError, type Transport } from '../../../ipc/client';
import { BatchRecorder, type BatchItem } from '../../../ipc/messages/batch';
import { sendWhole } from '../../../ipc/messages/batch-split';
import { EDPVS, errorTexts } from '../../../ipc/messages/failures';
import type { Step } from './operations';

/** Requests that belong together, and what they are for. */
export interface Operation<T> {
  readonly of: T;
  readonly steps: readonly Step[];
}

/** The first request that the daemon refuses. */
export interface Refusal<T> {
  readonly of: T;
  readonly step: Step;
  readonly error: DaemonError;
}

/** The text that daemons send with a code is not part of a batch's reply. */
export function daemonError(item: BatchItem | undefined, code: number): DaemonError {
  return new DaemonError(item?.id ?? 0, code, errorTexts[code] ?? '<unknow>');
}

/**
 * Sends all requests in one atomic batch.
 * @param options generation: only if the configuration is of it; dryRun: only says what would happen
 * @returns null: all were executed; 'changed': the configuration is of another generation; else nothing was done
 * @throws UnsupportedError, BatchTooLargeError, and as Transport.request
 */
export function sendTogether<T>(
  transport: Transport,
  operations: readonly Operation<T>[],
  options: { readonly generation?: bigint | undefined; readonly dryRun?: boolean },
): Refusal<T> | 'changed' | null {
  const recorder = new BatchRecorder();
  const owners: { of: T; step: Step }[] = [];
  for (const { of, steps } of operations) {
    for (const step of steps) {
      step.request(recorder);
      owners.push({ of, step });
    }
  }
  try {
    const { codes, firstFailed } = sendWhole(transport, recorder.items, { ...options, atomic: true });
    const owner = owners[firstFailed ?? -1];
    if (firstFailed === null || owner === undefined) return null;
    return { ...owner, error: daemonError(recorder.items[firstFailed], codes[firstFailed] ?? EDPVS.EDPVS_INVAL) };
  } catch (error) {
    if (options.generation !== undefined && error instanceof DaemonError && error.code === EDPVS.EDPVS_BUSY) return 'changed';
    throw error;
  }
}
