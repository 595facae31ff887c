// SPDX-License-Identifier: Apache-2.0
// DS_MSG_BATCH as the daemon in memory executes it.
import { decode, EDPVS, encode, ext, MSG, sizeOf } from '../../../src/ipc/codec';
import type { Configuration } from './configuration';
import type { Answer } from './legacy-gets';
import { record } from './lists';

export interface BatchLimits {
  readonly maxBatchBytes: number;
  readonly maxBatchItems: number;
}

interface Item {
  readonly id: number;
  readonly body: Buffer;
}

/** Items of a request; null when it is malformed. */
function readItems(body: Buffer, count: number): Item[] | null {
  const items: Item[] = [];
  let at: number = sizeOf.ds_batch_request;
  while (at < body.length) {
    if (at + 16 > body.length) return null;
    const { type, len } = decode('ds_tlv', body, at);
    if (type !== ext.DS_TLV_ITEM || len < sizeOf.ds_batch_item || at + 8 + len > body.length) return null;
    items.push({ id: body.readUInt32LE(at + 8), body: body.subarray(at + 16, at + 8 + len) });
    at += 8 + Math.ceil(len / 8) * 8;
  }
  return items.length === count ? items : null;
}

const ATOMIC_SKIPS: readonly number[] = [MSG.DS_MSG_BATCH];

/** Executes batches; what is committed goes through `commit`. */
export class Batches {
  readonly #replies = new Map<string, Buffer>();

  constructor(
    private readonly limits: BatchLimits,
    private readonly world: { configuration: Configuration; generation: bigint },
  ) {}

  request(body: Buffer): Answer {
    if (body.length < sizeOf.ds_batch_request || body.length > this.limits.maxBatchBytes) return EDPVS.EDPVS_INVAL;
    const { flags, count, generation, token } = decode('ds_batch_request', body);
    const has = (bit: number): boolean => (flags & bit) !== 0;
    const name = Buffer.from(token).toString('hex');
    const known = has(ext.DS_BATCH_F_TOKEN) ? this.#replies.get(name) : undefined;
    if (known !== undefined) return known;
    const items = count > this.limits.maxBatchItems ? null : readItems(body, count);
    if (items === null) return EDPVS.EDPVS_INVAL;
    if (has(ext.DS_BATCH_F_GENERATION) && generation !== this.world.generation) return EDPVS.EDPVS_BUSY;
    const dryRun = has(ext.DS_BATCH_F_DRY_RUN);
    const atomic = dryRun || has(ext.DS_BATCH_F_ATOMIC);
    const target = atomic ? this.world.configuration.clone() : this.world.configuration;
    const codes = execute(target, items, atomic || has(ext.DS_BATCH_F_STOP));
    const failed = codes.filter((code) => code < 0).length;
    const committed = !dryRun && (!atomic || failed === 0);
    const good = codes.filter((code) => code === 0).length;
    if (committed) {
      this.world.configuration = target;
      if (good > 0) this.world.generation += 1n;
    }
    const applied = atomic && failed > 0 ? 0 : good;
    const reply = (repeated: number): Buffer => {
      const first = failed === 0 ? ext.DS_BATCH_NONE : codes.findIndex((code) => code < 0);
      const result = { generation: this.world.generation, applied, failed, first_failed: first, committed: Number(committed), repeated };
      const bytes = Buffer.from(Int32Array.from(codes).buffer);
      return Buffer.concat([record(ext.DS_TLV_BATCH_RESULT, encode('ds_batch_result', result)), record(ext.DS_TLV_BATCH_CODES, bytes)]);
    };
    if (has(ext.DS_BATCH_F_TOKEN)) this.#replies.set(name, reply(1));
    return reply(0);
  }
}

function execute(target: Configuration, items: readonly Item[], stops: boolean): number[] {
  let stopped = false;
  return items.map(({ id, body }) => {
    if (stopped) return ext.DS_BATCH_CODE_SKIPPED;
    const code = ATOMIC_SKIPS.includes(id) ? EDPVS.EDPVS_NOTSUPP : target.apply(id, body);
    stopped = stops && code < 0;
    return code;
  });
}
