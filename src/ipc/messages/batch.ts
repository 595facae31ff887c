// SPDX-License-Identifier: Apache-2.0
// Many changes in one message (DS_MSG_BATCH, dataplane/include/abi/batch.h), all of them or as many as go.
import { ClosedError, DaemonError, type RequestType, type Transport } from '../client';
import { decode, EDPVS, encodeInto, ext, MSG, sizeOf } from '../codec';
import { IpcError, ProtocolError } from '../errors';
import { capabilities, requireMessage, type Capabilities } from './capabilities';
import { isUnsupported } from './failures';
import { eachRecord } from './pages';

/** A set request: what it would be on its own. */
export interface BatchItem {
  /** Id of the message (MSG). */
  readonly id: number;
  readonly body: Uint8Array;
}

export interface BatchOptions {
  /** All items or none; workers see nothing before all are accepted. */
  readonly atomic?: boolean | undefined;
  /** Only says what would happen; implies atomic. */
  readonly dryRun?: boolean | undefined;
  /** Nothing after the first item that fails. */
  readonly stop?: boolean | undefined;
  /** Only if the configuration is of this generation; DaemonError BUSY otherwise. */
  readonly generation?: bigint | undefined;
  /** 16 random bytes: a batch that was executed before is not executed again, its reply is repeated. */
  readonly token?: Uint8Array | undefined;
}

export interface BatchResult {
  /** Of the configuration now; 0 when the daemon does not tell. */
  readonly generation: bigint;
  /** Items that took effect; dry run: would have. */
  readonly applied: number;
  readonly failed: number;
  /** Index of the first item that failed. */
  readonly firstFailed: number | null;
  /** What succeeded is in force. */
  readonly committed: boolean;
  /** The reply of an earlier batch with the same token. */
  readonly repeated: boolean;
  /** For each item: 0, EDPVS_* (negative), or BATCH_SKIPPED when it was not executed. */
  readonly codes: Int32Array;
}

/** Code of items that were not executed. */
export const BATCH_SKIPPED = ext.DS_BATCH_CODE_SKIPPED;

/** More than the daemon takes in one message. */
export class BatchTooLargeError extends IpcError {
  override readonly name = 'BatchTooLargeError';
}

/** The connection broke before all items were answered. */
export class BatchInterruptedError extends IpcError {
  override readonly name = 'BatchInterruptedError';

  constructor(
    /** Codes of the items that were answered, from the first on. The next one may or may not have taken effect. */
    readonly codes: Int32Array,
    /** What went wrong. */
    override readonly cause: IpcError,
  ) {
    super(`${cause.message}; ${codes.length} changes were answered before`);
  }
}

const SLAB_BYTES = 64 * 1024;
const NO_REPLY = Buffer.alloc(0);

/** A transport that keeps changes in place of sending them: addService(recorder, ...) and the like make items. */
export class BatchRecorder implements Transport {
  readonly items: BatchItem[] = [];
  /** Room for bodies: one piece of memory for many. */
  #slab = new Uint8Array();
  #used = 0;

  /** @throws IpcError for a get: nothing can be asked of what is not sent yet */
  request(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): Buffer {
    if (type !== 'set') throw new IpcError(`message ${id} asks for something; only changes can be part of a batch`);
    this.items.push({ id, body: this.#keep(body) });
    return NO_REPLY;
  }

  #keep(body: Uint8Array): Uint8Array {
    if (this.#used + body.length > this.#slab.length) {
      this.#slab = new Uint8Array(Math.max(SLAB_BYTES, body.length));
      this.#used = 0;
    }
    const copy = this.#slab.subarray(this.#used, this.#used + body.length);
    copy.set(body);
    this.#used += body.length;
    return copy;
  }
}

/** Items of a batch for a daemon that does not tell its limits; no daemon of ours takes less. */
const DEFAULT_MAX_BYTES = 1 << 20;
const DEFAULT_MAX_ITEMS = 65_536;

/** How much the daemon takes in one message. */
export function batchLimits(caps: Capabilities): { readonly bytes: number; readonly items: number } {
  return { bytes: caps.limits?.maxBatchBytes ?? DEFAULT_MAX_BYTES, items: caps.limits?.maxBatchItems ?? DEFAULT_MAX_ITEMS };
}

/** Bytes of a batch without items. */
export const BATCH_HEAD_BYTES: number = sizeOf.ds_batch_request;

/** Bytes that an item takes in a batch. */
export function batchItemBytes(item: BatchItem): number {
  return sizeOf.ds_tlv + Math.ceil((sizeOf.ds_batch_item + item.body.length) / 8) * 8;
}

function flagsOf({ atomic, dryRun, stop, generation, token }: BatchOptions): number {
  return (
    (atomic === true || dryRun === true ? ext.DS_BATCH_F_ATOMIC : 0) |
    (dryRun === true ? ext.DS_BATCH_F_DRY_RUN : 0) |
    (stop === true ? ext.DS_BATCH_F_STOP : 0) |
    (generation === undefined ? 0 : ext.DS_BATCH_F_GENERATION) |
    (token === undefined ? 0 : ext.DS_BATCH_F_TOKEN)
  );
}

function encodeBatch(items: readonly BatchItem[], size: number, options: BatchOptions): Buffer {
  const body = Buffer.alloc(size);
  const { generation = 0n, token = new Uint8Array() } = options;
  encodeInto('ds_batch_request', { flags: flagsOf(options), count: items.length, generation, token }, body, 0);
  let at = BATCH_HEAD_BYTES;
  for (const item of items) {
    const head = sizeOf.ds_tlv + sizeOf.ds_batch_item;
    body.writeUInt16LE(ext.DS_TLV_ITEM, at);
    body.writeUInt32LE(sizeOf.ds_batch_item + item.body.length, at + 4);
    body.writeUInt32LE(item.id, at + sizeOf.ds_tlv);
    body.set(item.body, at + head);
    at += batchItemBytes(item);
  }
  return body;
}

function readCodes(body: Buffer, at: number, len: number, count: number): Int32Array {
  if (len < count * 4) throw new ProtocolError(`the daemon answers ${Math.floor(len / 4)} of ${count} changes`);
  return Int32Array.from({ length: count }, (_, i) => body.readInt32LE(at + i * 4));
}

function parseReply(body: Buffer, count: number): BatchResult {
  let result: ReturnType<typeof decode<'ds_batch_result'>> | undefined;
  let codes: Int32Array | undefined;
  eachRecord(body, (type, at, len) => {
    if (type === ext.DS_TLV_BATCH_RESULT && len >= sizeOf.ds_batch_result) result = decode('ds_batch_result', body, at);
    if (type === ext.DS_TLV_BATCH_CODES) codes = readCodes(body, at, len, count);
  });
  if (result === undefined || codes === undefined) throw new ProtocolError('the reply to a batch does not tell what became of it');
  const { failed, first_failed: first } = result;
  const negative = codes.reduce((sum, code) => (code < 0 ? sum + 1 : sum), 0);
  const isFirst = failed === 0 ? first === ext.DS_BATCH_NONE : codes.findIndex((code) => code < 0) === first;
  if (negative !== failed || !isFirst) throw new ProtocolError(`the daemon says that ${failed} changes failed and names ${negative}`);
  return {
    generation: result.generation,
    applied: result.applied,
    failed,
    firstFailed: failed === 0 ? null : first,
    committed: result.committed !== 0,
    repeated: result.repeated !== 0,
    codes,
  };
}

/** The code of a refusal; daemons of old close the connection on changes that they do not know. */
function codeOf(error: unknown): number | null {
  if (error instanceof DaemonError) return error.code;
  return error instanceof ClosedError && isUnsupported(error) ? EDPVS.EDPVS_NOTSUPP : null;
}

/** One message for each item, for daemons without batches. */
function sendSingly(transport: Transport, items: readonly BatchItem[], stop: boolean): BatchResult {
  const codes = new Int32Array(items.length).fill(BATCH_SKIPPED);
  let applied = 0;
  let failed = 0;
  let firstFailed: number | null = null;
  for (const [i, { id, body }] of items.entries()) {
    try {
      transport.request(id, 'set', body);
      codes[i] = 0;
      applied += 1;
    } catch (error) {
      const code = codeOf(error);
      if (code === null) throw error instanceof IpcError ? new BatchInterruptedError(codes.slice(0, i), error) : error;
      codes[i] = code;
      failed += 1;
      firstFailed ??= i;
      if (stop) break;
    }
  }
  return { generation: 0n, applied, failed, firstFailed, committed: true, repeated: false, codes };
}

/** What of the options a daemon without batches cannot do, as people name it. */
function beyondSingles({ atomic, dryRun, generation }: BatchOptions): string | null {
  if (dryRun === true) return 'a dry run';
  if (atomic === true) return 'applying changes all or not at all';
  return generation === undefined ? null : 'applying changes to a known configuration only';
}

/**
 * Sends changes in one message. To a daemon without batches they go one by one, if that does what is asked for.
 * A result that says "not committed" is no error.
 * @throws UnsupportedError when only a batch can do it, BatchTooLargeError before anything is sent, DaemonError INVAL,
 * BUSY (generation) or NOMEM for the batch itself, BatchInterruptedError, else as Transport.request
 */
export function sendBatch(transport: Transport, items: readonly BatchItem[], options: BatchOptions = {}): BatchResult {
  const caps = capabilities(transport);
  if (!caps.serves(MSG.DS_MSG_BATCH)) {
    const need = beyondSingles(options);
    if (need !== null) requireMessage(caps, MSG.DS_MSG_BATCH, need);
    return sendSingly(transport, items, options.stop === true);
  }
  const limits = batchLimits(caps);
  const size = items.reduce((sum, item) => sum + batchItemBytes(item), BATCH_HEAD_BYTES);
  if (items.length > limits.items || size > limits.bytes) {
    throw new BatchTooLargeError(
      `${items.length} changes of ${size} bytes are too many for one batch; the daemon takes ${limits.items} of ${limits.bytes} bytes`,
    );
  }
  return parseReply(transport.request(MSG.DS_MSG_BATCH, 'set', encodeBatch(items, size, options)), items.length);
}
