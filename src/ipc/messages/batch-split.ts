// SPDX-License-Identifier: Apache-2.0
// Any number of changes in as few batches as the daemon's limits allow.
import { randomBytes } from 'node:crypto';
import { ClosedError, ConnectError, IpcError, TimeoutError, type Transport } from '../client';
import { MSG } from '../codec';
import {
  BATCH_HEAD_BYTES,
  BATCH_SKIPPED,
  batchItemBytes,
  BatchInterruptedError,
  batchLimits,
  sendBatch,
  type BatchItem,
  type BatchOptions,
  type BatchResult,
} from './batch';
import { capabilities, forgetCapabilities } from './capabilities';

/** Times that a message is sent when the connection breaks. */
const ATTEMPTS = 3;
const TOKEN_BYTES = 16;

/** Items for one message: as many as fit, at least one. */
function* parts(items: readonly BatchItem[], limits: { readonly bytes: number; readonly items: number }): Generator<BatchItem[]> {
  let part: BatchItem[] = [];
  let bytes = BATCH_HEAD_BYTES;
  for (const item of items) {
    const size = batchItemBytes(item);
    if (part.length > 0 && (part.length >= limits.items || bytes + size > limits.bytes)) {
      yield part;
      part = [];
      bytes = BATCH_HEAD_BYTES;
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

function isBroken(error: unknown): boolean {
  return error instanceof ClosedError || error instanceof TimeoutError || error instanceof ConnectError;
}

/** True when the daemon that remembers the token still lives; another one has another configuration anyway. */
function isSameDaemon(transport: Transport, bootId: string | undefined): boolean {
  forgetCapabilities(transport);
  try {
    return bootId !== undefined && capabilities(transport).hello?.bootId === bootId;
  } catch (error) {
    if (error instanceof IpcError) return false;
    throw error;
  }
}

/**
 * As sendBatch: one message, sent again with the same token when no reply came, so that nothing happens twice.
 * @throws as sendBatch
 */
export function sendWhole(transport: Transport, part: readonly BatchItem[], options: Omit<BatchOptions, 'token'>): BatchResult {
  const token = randomBytes(TOKEN_BYTES);
  const bootId = capabilities(transport).hello?.bootId;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return sendBatch(transport, part, { ...options, token });
    } catch (error) {
      if (!isBroken(error) || attempt === ATTEMPTS || !isSameDaemon(transport, bootId)) throw error;
    }
  }
}

/** Puts results of messages together; indices count from the first item of all. */
class Sum {
  readonly codes: Int32Array;
  generation = 0n;
  applied = 0;
  failed = 0;
  firstFailed: number | null = null;
  repeated = false;
  done = 0;

  constructor(count: number) {
    this.codes = new Int32Array(count).fill(BATCH_SKIPPED);
  }

  add(result: BatchResult): void {
    this.codes.set(result.codes, this.done);
    if (result.firstFailed !== null) this.firstFailed ??= this.done + result.firstFailed;
    this.generation = result.generation;
    this.applied += result.applied;
    this.failed += result.failed;
    this.repeated ||= result.repeated;
    this.done += result.codes.length;
  }

  result(): BatchResult {
    const { codes, generation, applied, failed, firstFailed, repeated } = this;
    return { codes, generation, applied, failed, firstFailed, repeated, committed: true };
  }
}

/**
 * Sends any number of changes, in order, each on its own merits (not atomic). A message whose reply is lost is sent again
 * with the same token, so that nothing happens twice. Daemons without batches get one message for each item.
 * @param options stop: nothing after the first item that fails
 * @throws BatchInterruptedError with the codes so far, BatchTooLargeError for an item that fits into no message
 */
export function sendInBatches(
  transport: Transport,
  items: readonly BatchItem[],
  options: { readonly stop?: boolean | undefined } = {},
): BatchResult {
  const caps = capabilities(transport);
  if (!caps.serves(MSG.DS_MSG_BATCH)) return sendBatch(transport, items, options);
  const sum = new Sum(items.length);
  for (const part of parts(items, batchLimits(caps))) {
    try {
      sum.add(sendWhole(transport, part, options));
    } catch (error) {
      if (!(error instanceof IpcError) || sum.done === 0) throw error;
      throw new BatchInterruptedError(sum.codes.slice(0, sum.done), error);
    }
    if (options.stop === true && sum.failed > 0) break;
  }
  return sum.result();
}
