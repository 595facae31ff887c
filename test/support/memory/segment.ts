// SPDX-License-Identifier: Apache-2.0
// The statistics segment of the daemon in memory: an unlinked file.
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encode, ext, sizeOf, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { record } from './lists';

/** What goes into a segment: elements of each vector, by worker. */
export interface SegmentContent {
  readonly epoch: bigint;
  readonly generation: bigint;
  readonly bootId: Uint8Array;
  readonly dests: readonly (readonly DeepPartial<Structs['ds_stat_dest']>[])[];
}

const MAGIC = Buffer.from('DSDPVSST').readBigUInt64LE();

/** The bytes of a segment. `head` and `vector` overwrite members, for segments that lie. */
export function segmentBytes(
  { epoch, generation, bootId, dests }: SegmentContent,
  head: DeepPartial<Structs['ds_segment']> = {},
  vector: DeepPartial<Structs['ds_vector']> = {},
): Buffer {
  const nworkers = dests.length;
  const count = dests[0]?.length ?? 0;
  const stride = count * sizeOf.ds_stat_dest + 64;
  const workerAt = sizeOf.ds_segment + 2 * sizeOf.ds_vector;
  const destAt = workerAt + nworkers * 64;
  const size = destAt + nworkers * stride;
  const bytes = Buffer.alloc(size);
  const top = { magic: MAGIC, version: ext.DS_SEGMENT_VERSION, nworkers, size: BigInt(size), epoch, generation, nvectors: 2, directory: BigInt(sizeOf.ds_segment), boot_id: bootId, beat_ms: 1n };
  encode('ds_segment', { ...top, ...head }).copy(bytes, 0);
  encode('ds_vector', { name: '/lb/dest', offset: BigInt(destAt), stride: BigInt(stride), count, size: sizeOf.ds_stat_dest, ...vector }).copy(bytes, sizeOf.ds_segment);
  encode('ds_vector', { name: '/worker', offset: BigInt(workerAt), stride: 64n, count: 1, size: 32 }).copy(bytes, sizeOf.ds_segment + sizeOf.ds_vector);
  dests.forEach((part, worker) => {
    encode('ds_stat_worker', { lcore: worker + 1, loops: 7n, conns_max: 1000n }).copy(bytes, workerAt + worker * 64);
    part.forEach((dest, i) => encode('ds_stat_dest', dest).copy(bytes, destAt + worker * stride + i * sizeOf.ds_stat_dest));
  });
  return bytes;
}

/** A file without a name, like the one that a daemon shares. */
export class MemoryFile {
  readonly #fd: number;

  constructor(bytes: Uint8Array) {
    const folder = mkdtempSync(path.join(tmpdir(), 'segment-'));
    this.#fd = openSync(path.join(folder, 'segment'), 'w+');
    rmSync(folder, { recursive: true });
    this.write(bytes);
  }

  write(bytes: Uint8Array): void {
    ftruncateSync(this.#fd, bytes.length);
    writeSync(this.#fd, bytes, 0, bytes.length, 0);
  }

  /** Makes it longer, without using memory for that. */
  extend(bytes: number): void {
    ftruncateSync(this.#fd, bytes);
  }

  writeAt(bytes: Uint8Array, at: number): void {
    writeSync(this.#fd, bytes, 0, bytes.length, at);
  }

  /** A descriptor for reading; it belongs to the caller. */
  share(): number {
    return openSync(`/proc/self/fd/${this.#fd}`, 'r');
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export function segmentReply(size: number): Buffer {
  return record(ext.DS_TLV_SEGMENT, encode('ds_segment_info', { size: BigInt(size), version: ext.DS_SEGMENT_VERSION }));
}
