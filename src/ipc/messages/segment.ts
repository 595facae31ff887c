// SPDX-License-Identifier: Apache-2.0
// The statistics segment (dataplane/include/abi/segment.h): counters in memory that the daemon shares, read without
// asking anybody. Whatever it says about itself is checked: nothing outside of the file is asked for.
import { closeSync, fstatSync, readSync } from 'node:fs';
import type { FdTransport, Transport } from '../client';
import { decode, decodeArray, ext, MSG, sizeOf, type StructName, type Structs } from '../codec';
import { IpcError, ProtocolError } from '../errors';
import { capabilities, requireMessage } from './capabilities';
import { splitRecords } from './records';

/** Counters of a real server, summed over workers. Bytes count from the IP header on, before translation. */
export interface DestCounters {
  readonly conns: bigint;
  readonly inPackets: bigint;
  readonly inBytes: bigint;
  readonly outPackets: bigint;
  readonly outBytes: bigint;
  /** Connections now. */
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  /** A worker refused a connection because of the upper threshold. */
  readonly overloaded: boolean;
  /** Connections that ended. */
  readonly closed: bigint;
}

/** A worker of the daemon. */
export interface WorkerCounters {
  /** Lcore id. */
  readonly lcore: number;
  /** Turns of its loop. */
  readonly loops: bigint;
  /** Connections now. */
  readonly conns: bigint;
  /** Room for connections. */
  readonly connsMax: bigint;
}

type Head = Structs['ds_segment'];

/** A vector of the directory, checked. */
interface Vector {
  /** Bytes from the start of the segment to the first worker's part, and from there to the next. */
  readonly start: number;
  readonly stride: number;
  readonly workers: number;
  readonly count: number;
  /** Bytes of an element. */
  readonly size: number;
}

/** Elements of a vector, a buffer for each worker. */
type Parts = readonly Buffer[];

/** What was read at one moment. */
interface Picture {
  readonly head: Head;
  readonly vectors: ReadonlyMap<string, Vector>;
  /** Of servers, by number of the chunk. */
  readonly chunks: Map<number, Parts>;
  readonly drops: Parts;
  readonly workers: Parts;
}

/** "DSDPVSST" in the order of bytes. */
const MAGIC = 0x5453_5356_5044_5344n;
const MAX_WORKERS = 256;
const MAX_VECTORS = 1024;
/** Servers that are read at once: there is room for millions, most of it never touched. */
const CHUNK = 1024;
/** Longest part of the other vectors. */
const MAX_PART_BYTES = 1 << 20;
const ATTEMPTS = 200;
const PAUSE_MS = 1;

const VECTORS = { '/lb/dest': 'ds_stat_dest', '/drop': null, '/worker': 'ds_stat_worker' } as const satisfies Record<string, StructName | null>;
type VectorName = keyof typeof VECTORS;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function pause(ms: number): void {
  Atomics.wait(sleeper, 0, 0, ms);
}

/** Reads all of a range. @throws ProtocolError when the file is shorter */
function readAt(fd: number, at: number, length: number): Buffer {
  const into = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const n = readSync(fd, into, done, length - done, at + done);
    if (n === 0) throw new ProtocolError(`the statistics end after ${at + done} bytes`);
    done += n;
  }
  return into;
}

/** A range of 64-bit numbers that must lie in the segment, as numbers. */
function checkedRange(what: string, offset: bigint, length: bigint, size: number): number {
  if (offset < 0n || length < 0n || offset + length > BigInt(size)) {
    throw new ProtocolError(`the statistics place ${what} at ${offset}, ${length} bytes of it, and are ${size} bytes long`);
  }
  return Number(offset);
}

/** True when the daemon shares its statistics. @throws as Transport.request */
export function servesSegment(transport: Transport): boolean {
  return capabilities(transport).serves(MSG.DS_MSG_STATS);
}

/** Counters of one moment; see refresh. */
export class StatSegment {
  readonly #fd: number;
  #open = true;
  #picture: Picture;

  private constructor(fd: number) {
    this.#fd = fd;
    this.#picture = this.#read([]);
  }

  /**
   * Asks the daemon for its statistics and reads them once.
   * @throws UnsupportedError from daemons without, ProtocolError, as FdTransport.requestFd
   */
  static open(transport: FdTransport): StatSegment {
    requireMessage(capabilities(transport), MSG.DS_MSG_STATS, 'reading statistics from memory');
    const { body, fd } = transport.requestFd(MSG.DS_MSG_STATS, 'get');
    try {
      const record = splitRecords(body).find(({ type }) => type === ext.DS_TLV_SEGMENT);
      if (record === undefined) throw new ProtocolError('the reply does not describe the statistics');
      checkVersion(decode('ds_segment_info', record.payload).version);
      return new StatSegment(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Grows when indices of servers mean something else than before. */
  get epoch(): bigint {
    return this.#picture.head.epoch;
  }

  /** Of the configuration. */
  get generation(): bigint {
    return this.#picture.head.generation;
  }

  /** The daemon's monotonic clock when it last looked after its control socket, in milliseconds. */
  get beatMs(): bigint {
    return this.#picture.head.beat_ms;
  }

  /** As in Hello. */
  get bootId(): string {
    return Buffer.from(this.#picture.head.boot_id).toString('hex');
  }

  /**
   * Reads counters as they are now. Meanings of indices are of one epoch; counters of different workers may be some
   * microseconds apart.
   * @throws ProtocolError when the segment contradicts itself, IpcError when it changes all the time
   */
  refresh(): void {
    if (!this.#open) throw new IpcError('the statistics are closed');
    this.#picture = this.#read([...this.#picture.chunks.keys()]);
  }

  /**
   * Counters of a server. The first question for a server may read more than refresh did.
   * @param stat DestMore.stat of a list with this epoch
   * @returns null when there is no such index, or the epoch is over by now
   */
  findDest(stat: number): DestCounters | null {
    const vector = this.#picture.vectors.get('/lb/dest');
    if (vector === undefined || !Number.isInteger(stat) || stat < 0 || stat >= vector.count) return null;
    const parts = this.#chunk(vector, Math.floor(stat / CHUNK));
    return parts === null ? null : sumDest(parts, (stat % CHUNK) * vector.size);
  }

  /** As findDest. @throws IpcError when there is no such index, or the epoch is over */
  destCounters(stat: number): DestCounters {
    const found = this.findDest(stat);
    if (found === null) throw new IpcError(`the statistics have no server ${stat}`);
    return found;
  }

  /** Servers that the segment has room for. */
  get dests(): number {
    return this.#picture.vectors.get('/lb/dest')?.count ?? 0;
  }

  /** Dropped packets by reason, in the order of listDrops, summed over workers. */
  drops(): bigint[] {
    const { vectors, drops } = this.#picture;
    const vector = vectors.get('/drop');
    if (vector === undefined) return [];
    return Array.from({ length: vector.count }, (_, i) => drops.reduce((sum, part) => sum + part.readBigUInt64LE(i * vector.size), 0n));
  }

  workers(): WorkerCounters[] {
    const filled = this.#picture.workers.filter((part) => part.length > 0);
    return filled.map((part) => {
      const { lcore, loops, conns, conns_max: connsMax } = decode('ds_stat_worker', part);
      return { lcore, loops, conns, connsMax };
    });
  }

  /** Closes the file; further calls of refresh throw. */
  dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }

  /** Reads head, directory and vectors of one epoch, and these chunks of the servers. */
  #read(chunks: readonly number[]): Picture {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (attempt > 0) pause(PAUSE_MS);
      const head = this.#readHead();
      if (head.changing !== 0) continue;
      let picture: Picture | undefined;
      let failure: unknown;
      try {
        picture = this.#readPicture(head, chunks);
      } catch (error) {
        // A directory that is just being changed may say anything.
        failure = error;
      }
      if (!this.#isStill(head)) continue;
      if (picture === undefined) throw failure;
      return picture;
    }
    throw new IpcError('the daemon changes the layout of its statistics all the time; look at its log');
  }

  /** True when what was read since `head` is of its epoch. */
  #isStill(head: Head): boolean {
    const { changing, epoch } = this.#readHead();
    return changing === 0 && epoch === head.epoch;
  }

  #readHead(): Head {
    const head = decode('ds_segment', readAt(this.#fd, 0, sizeOf.ds_segment));
    if (head.magic !== MAGIC) throw new ProtocolError('the file that came with the reply holds no statistics');
    checkVersion(head.version);
    return head;
  }

  #readPicture(head: Head, wanted: readonly number[]): Picture {
    const vectors = this.#readDirectory(head);
    const dests = vectors.get('/lb/dest');
    const there = wanted.filter((chunk) => dests !== undefined && chunk * CHUNK < dests.count);
    return {
      head,
      vectors,
      chunks: new Map(there.map((chunk) => [chunk, dests === undefined ? [] : this.#readChunk(dests, chunk)])),
      drops: this.#readWhole('/drop', vectors.get('/drop')),
      workers: this.#readWhole('/worker', vectors.get('/worker')),
    };
  }

  #readDirectory(head: Head): ReadonlyMap<string, Vector> {
    const { size } = fstatSync(this.#fd);
    if (head.size > BigInt(size)) throw new ProtocolError(`the statistics announce ${head.size} bytes and have ${size}`);
    if (head.nworkers > MAX_WORKERS || head.nvectors > MAX_VECTORS) {
      throw new ProtocolError(`the statistics announce ${head.nvectors} vectors of ${head.nworkers} workers`);
    }
    const bytes = head.nvectors * sizeOf.ds_vector;
    const at = checkedRange('their directory', head.directory, BigInt(bytes), Number(head.size));
    const vectors = decodeArray('ds_vector', readAt(this.#fd, at, bytes), 0, head.nvectors);
    const known = vectors.filter(({ name }) => Object.hasOwn(VECTORS, name));
    return new Map(known.map((vector) => [vector.name, checkedVector(vector, head)]));
  }

  #readPart({ start, stride, size }: Vector, worker: number, first: number, count: number): Buffer {
    return readAt(this.#fd, start + worker * stride + first * size, count * size);
  }

  #readWhole(name: string, vector: Vector | undefined): Parts {
    if (vector === undefined) return [];
    const { count, size, workers } = vector;
    if (count * size > MAX_PART_BYTES) throw new ProtocolError(`the statistics have ${count * size} bytes in each part of ${name}`);
    return Array.from({ length: workers }, (_, worker) => this.#readPart(vector, worker, 0, count));
  }

  #readChunk(vector: Vector, chunk: number): Parts {
    const first = chunk * CHUNK;
    const count = Math.min(CHUNK, vector.count - first);
    return Array.from({ length: vector.workers }, (_, worker) => this.#readPart(vector, worker, first, count));
  }

  /** A chunk of this epoch; null when that is over. */
  #chunk(vector: Vector, chunk: number): Parts | null {
    const { head, chunks } = this.#picture;
    const known = chunks.get(chunk);
    if (known !== undefined || !this.#open) return known ?? null;
    const parts = this.#readChunk(vector, chunk);
    if (!this.#isStill(head)) return null;
    chunks.set(chunk, parts);
    return parts;
  }
}

/** A vector that lies in the segment with all its parts. @throws ProtocolError */
function checkedVector(vector: Structs['ds_vector'], { nworkers, size: total }: Head): Vector {
  const { name, offset, stride, count, size } = vector;
  const struct = VECTORS[name as VectorName];
  const needed = struct === null ? 8 : sizeOf[struct];
  if (size < needed) throw new ProtocolError(`the statistics have elements of ${size} bytes in ${name}, ${needed} are needed`);
  const length = BigInt(count) * BigInt(size);
  if (nworkers > 1 && stride < length) throw new ProtocolError(`the statistics have overlapping parts in ${name}`);
  const whole = nworkers === 0 ? 0n : stride * BigInt(nworkers - 1) + length;
  const start = checkedRange(name, offset, whole, Number(total));
  return { start, stride: Number(stride), workers: nworkers, count, size };
}

function checkVersion(version: number): void {
  if (version === ext.DS_SEGMENT_VERSION) return;
  throw new ProtocolError(`the daemon's statistics are of version ${version}, this program reads ${ext.DS_SEGMENT_VERSION}`);
}

/** The element at an offset of each part, added up. */
function sumDest(parts: Parts, at: number): DestCounters {
  const sum = {
    conns: 0n, inPackets: 0n, inBytes: 0n, outPackets: 0n, outBytes: 0n, closed: 0n,
    active: 0, inactive: 0, persistent: 0, overloaded: false,
  }; // prettier-ignore
  for (const part of parts) {
    const one = decode('ds_stat_dest', part, at);
    sum.conns += one.conns;
    sum.inPackets += one.in_packets;
    sum.inBytes += one.in_bytes;
    sum.outPackets += one.out_packets;
    sum.outBytes += one.out_bytes;
    sum.closed += one.closed;
    sum.active += one.active;
    sum.inactive += one.inactive;
    sum.persistent += one.persistent;
    sum.overloaded ||= one.overloaded !== 0;
  }
  return sum;
}
