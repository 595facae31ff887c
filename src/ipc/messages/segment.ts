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
  readonly count: number;
  /** Bytes of an element. */
  readonly size: number;
  /** One for each worker. */
  readonly parts: readonly Buffer[];
}

const MAGIC = 0x5453_5353_5650_5344n;
const MAX_WORKERS = 256;
const MAX_VECTORS = 1024;
/** Longest segment that is read. */
const MAX_BYTES = 1 << 30;
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
  #head: Head;
  #vectors: ReadonlyMap<string, Vector> = new Map();

  private constructor(fd: number) {
    this.#fd = fd;
    this.#head = this.#readHead();
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
      const { version } = decode('ds_segment_info', record.payload);
      checkVersion(version);
      const segment = new StatSegment(fd);
      segment.refresh();
      return segment;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Grows when indices of servers mean something else than before. */
  get epoch(): bigint {
    return this.#head.epoch;
  }

  /** Of the configuration. */
  get generation(): bigint {
    return this.#head.generation;
  }

  /** The daemon's monotonic clock when it last looked after its control socket, in milliseconds. */
  get beatMs(): bigint {
    return this.#head.beat_ms;
  }

  /** As in Hello. */
  get bootId(): string {
    return Buffer.from(this.#head.boot_id).toString('hex');
  }

  /**
   * Reads all counters as they are now. Meanings of indices are of one epoch; counters of different workers may be
   * some microseconds apart.
   * @throws ProtocolError when the segment contradicts itself, IpcError when it changes all the time
   */
  refresh(): void {
    if (!this.#open) throw new IpcError('the statistics are closed');
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (attempt > 0) pause(PAUSE_MS);
      const before = this.#readHead();
      if (before.changing !== 0) continue;
      let vectors: ReadonlyMap<string, Vector> | undefined;
      let failure: unknown;
      try {
        vectors = this.#readVectors(before);
      } catch (error) {
        // A directory that is just being changed may say anything.
        failure = error;
      }
      const after = this.#readHead();
      if (after.changing !== 0 || after.epoch !== before.epoch) continue;
      if (vectors === undefined) throw failure;
      this.#head = before;
      this.#vectors = vectors;
      return;
    }
    throw new IpcError('the daemon changes the layout of its statistics all the time; look at its log');
  }

  /**
   * Counters of a server.
   * @param stat DestMore.stat of a list with this epoch
   * @returns null when there is no such index
   */
  findDest(stat: number): DestCounters | null {
    const vector = this.#vectors.get('/lb/dest');
    return vector === undefined || !Number.isInteger(stat) || stat < 0 || stat >= vector.count ? null : sumDest(vector, stat);
  }

  /** As findDest. @throws IpcError when there is no such index */
  destCounters(stat: number): DestCounters {
    const found = this.findDest(stat);
    if (found === null) throw new IpcError(`the statistics have no server ${stat}`);
    return found;
  }

  /** Servers that the segment has room for. */
  get dests(): number {
    return this.#vectors.get('/lb/dest')?.count ?? 0;
  }

  /** Dropped packets by reason, in the order of listDrops, summed over workers. */
  drops(): bigint[] {
    const vector = this.#vectors.get('/drop');
    if (vector === undefined) return [];
    const { parts, size } = vector;
    return Array.from({ length: vector.count }, (_, i) => parts.reduce((sum, part) => sum + part.readBigUInt64LE(i * size), 0n));
  }

  workers(): WorkerCounters[] {
    const vector = this.#vectors.get('/worker');
    if (vector === undefined || vector.count === 0) return [];
    return vector.parts.map((part) => {
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

  #readHead(): Head {
    const head = decode('ds_segment', readAt(this.#fd, 0, sizeOf.ds_segment));
    if (head.magic !== MAGIC) throw new ProtocolError('the file that came with the reply holds no statistics');
    checkVersion(head.version);
    return head;
  }

  #readVectors(head: Head): ReadonlyMap<string, Vector> {
    const size = Math.min(fstatSync(this.#fd).size, MAX_BYTES);
    if (head.size > BigInt(size)) throw new ProtocolError(`the statistics announce ${head.size} bytes and have ${size}`);
    if (head.nworkers > MAX_WORKERS || head.nvectors > MAX_VECTORS) {
      throw new ProtocolError(`the statistics announce ${head.nvectors} vectors of ${head.nworkers} workers`);
    }
    const bytes = head.nvectors * sizeOf.ds_vector;
    const at = checkedRange('their directory', head.directory, BigInt(bytes), Number(head.size));
    const vectors = decodeArray('ds_vector', readAt(this.#fd, at, bytes), 0, head.nvectors);
    const wanted = vectors.filter(({ name }) => Object.hasOwn(VECTORS, name));
    return new Map(wanted.map((vector) => [vector.name, this.#readVector(vector, head)]));
  }

  #readVector(vector: Structs['ds_vector'], { nworkers, size: total }: Head): Vector {
    const { name, offset, stride, count, size } = vector;
    const struct = VECTORS[name as VectorName];
    const needed = struct === null ? 8 : sizeOf[struct];
    if (size < needed) throw new ProtocolError(`the statistics have elements of ${size} bytes in ${name}, ${needed} are needed`);
    const length = BigInt(count) * BigInt(size);
    const whole = nworkers === 0 ? 0n : stride * BigInt(nworkers - 1) + length;
    if (nworkers > 1 && stride < length) throw new ProtocolError(`the statistics have overlapping parts in ${name}`);
    const start = checkedRange(name, offset, whole, Number(total));
    const parts = Array.from({ length: nworkers }, (_, i) => readAt(this.#fd, start + i * Number(stride), Number(length)));
    return { count, size, parts };
  }
}

function checkVersion(version: number): void {
  if (version === ext.DS_SEGMENT_VERSION) return;
  throw new ProtocolError(`the daemon's statistics are of version ${version}, this program reads ${ext.DS_SEGMENT_VERSION}`);
}

function sumDest({ parts, size }: Vector, index: number): DestCounters {
  const sum = {
    conns: 0n, inPackets: 0n, inBytes: 0n, outPackets: 0n, outBytes: 0n, closed: 0n,
    active: 0, inactive: 0, persistent: 0, overloaded: false,
  }; // prettier-ignore
  for (const part of parts) {
    const one = decode('ds_stat_dest', part, index * size);
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
