// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { readdirSync } from 'node:fs';
import type { FdTransport } from '../../src/ipc/client';
import { encode, ext, MSG, type DeepPartial, type Structs } from '../../src/ipc/codec';
import { StatSegment } from '../../src/ipc/messages/segment';
import { addDest } from '../../src/ipc/messages/dest';
import { addService } from '../../src/ipc/messages/service';
import { MemoryDaemon, MemoryFile, record, segmentBytes } from '../support/extension-daemon';
import { destSpec, serviceSpec } from './suite';

const CONTENT = {
  epoch: 4n,
  generation: 9n,
  bootId: Uint8Array.from({ length: 16 }, (_, i) => i),
  dests: [
    [{ conns: 1n, in_packets: 2n, in_bytes: 3n, out_packets: 4n, out_bytes: 5n, active: 6, inactive: 7, persistent: 8, closed: 9n }, { conns: 100n }],
    [{ conns: 10n, in_packets: 20n, in_bytes: 1n << 60n, out_packets: 40n, out_bytes: 50n, active: 60, inactive: 70, persistent: 80, closed: 90n, overloaded: 1 }, {}],
  ],
};

/** A daemon whose segment is what it is told to be. */
class Sharing implements FdTransport {
  readonly file: MemoryFile;
  readonly #memory = new MemoryDaemon({ extensions: true });

  constructor(
    bytes: Uint8Array,
    private readonly reply: Buffer | null = null,
  ) {
    this.file = new MemoryFile(bytes);
  }

  request(...args: Parameters<FdTransport['request']>): Buffer {
    return this.#memory.request(...args);
  }

  requestFd(...args: Parameters<FdTransport['request']>): { readonly body: Buffer; readonly fd: number } {
    return { body: this.reply ?? this.#memory.request(...args), fd: this.file.share() };
  }
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('shared statistics', () => {
  it('are summed over workers', () => {
    const segment = StatSegment.open(new Sharing(segmentBytes(CONTENT)));
    expect(segment.destCounters(0)).toEqual({
      conns: 11n, inPackets: 22n, inBytes: 3n + (1n << 60n), outPackets: 44n, outBytes: 55n, active: 66, inactive: 77, persistent: 88,
      overloaded: true, closed: 99n,
    }); // prettier-ignore
    expect(segment.destCounters(1)).toMatchObject({ conns: 100n, overloaded: false });
    expect([segment.epoch, segment.generation, segment.bootId]).toEqual([4n, 9n, '000102030405060708090a0b0c0d0e0f']);
    expect(segment.workers().map(({ lcore, connsMax }) => [lcore, connsMax])).toEqual([[1, 1000n], [2, 1000n]]);
    expect(segment.drops()).toEqual([]);
    for (const index of [2, -1, 0.5, Number.NaN, 1e9]) expect(segment.findDest(index)).toBeNull();
    expect(() => segment.destCounters(2)).toThrow('the statistics have no server 2');
    segment.dispose();
  });

  it('are read anew, also when they have grown', () => {
    const transport = new Sharing(segmentBytes(CONTENT));
    const segment = StatSegment.open(transport);
    transport.file.write(segmentBytes({ ...CONTENT, epoch: 5n, dests: CONTENT.dests.map((part) => [...part, { conns: 7n }]) }));
    expect(segment.findDest(2)).toBeNull();
    segment.refresh();
    expect(segment.destCounters(2).conns).toBe(14n);
    expect(segment.epoch).toBe(5n);
    segment.dispose();
    segment.dispose();
    expect(() => segment.refresh()).toThrow('closed');
  });

  it('are read in parts: room for millions of servers costs nothing', () => {
    const count = 4 << 20;
    const stride = BigInt(count * 64);
    const transport = new Sharing(segmentBytes(CONTENT, { size: 2n * stride + 4096n, nvectors: 1 }, { offset: 4096n, stride, count }));
    transport.file.extend(Number(2n * stride) + 4096);
    transport.file.writeAt(encode('ds_stat_dest', { conns: 5n }), 4096 + 3_000_000 * 64);
    transport.file.writeAt(encode('ds_stat_dest', { conns: 6n }), 4096 + Number(stride) + 3_000_000 * 64);
    const start = process.memoryUsage().arrayBuffers;
    const segment = StatSegment.open(transport);
    expect(segment.destCounters(3_000_000).conns).toBe(11n);
    transport.file.writeAt(encode('ds_stat_dest', { conns: 15n }), 4096 + 3_000_000 * 64);
    expect(segment.destCounters(3_000_000).conns).toBe(11n);
    segment.refresh();
    expect(segment.destCounters(3_000_000).conns).toBe(21n);
    expect(segment.destCounters(count - 1).conns).toBe(0n);
    expect(process.memoryUsage().arrayBuffers - start).toBeLessThan(4 << 20);
    segment.dispose();
  });

  it('of servers that were not read yet are of the same epoch, or none', () => {
    const more = CONTENT.dests.map((part) => [...part, ...Array.from({ length: 3000 }, () => ({ conns: 1n }))]);
    const transport = new Sharing(segmentBytes({ ...CONTENT, dests: more }));
    const segment = StatSegment.open(transport);
    expect(segment.destCounters(2).conns).toBe(2n);
    transport.file.write(segmentBytes({ ...CONTENT, epoch: 5n, dests: more }));
    expect(segment.destCounters(2).conns).toBe(2n);
    expect(segment.findDest(2999)).toBeNull();
    segment.refresh();
    expect(segment.destCounters(2999).conns).toBe(2n);
    segment.dispose();
    expect(segment.findDest(1500)).toBeNull();
  });

  it('of a daemon follow its servers', () => {
    const daemon = new MemoryDaemon({ extensions: true });
    const service = serviceSpec('10.0.0.1', 80);
    addService(daemon, service);
    addDest(daemon, service, destSpec('172.16.0.1', 80));
    const [first] = daemon.services;
    if (first?.dests[0] !== undefined) first.dests[0].stats.conns = 12n;
    const segment = StatSegment.open(daemon);
    expect(segment.destCounters(0).conns).toBe(12n);
    segment.dispose();
  });
});

describe('statistics are refused', () => {
  type Head = DeepPartial<Structs['ds_segment']>;
  type Vector = DeepPartial<Structs['ds_vector']>;
  const HUGE = 0xffff_ffff_ffff_ffffn;
  const cases: readonly (readonly [string, Head, Vector, string])[] = [
    ['of something else', { magic: 1n }, {}, 'holds no statistics'],
    ['of another version', { version: 2 }, {}, 'version 2, this program reads 1'],
    ['longer than their file', { size: 1n << 20n }, {}, 'announce 1048576 bytes and have'],
    ['of endless length', { size: HUGE }, {}, 'announce 18446744073709551615 bytes'],
    ['shorter than their directory', { size: 100n }, {}, 'their directory at 80'],
    ['with a directory outside', { directory: 1n << 40n }, {}, 'their directory at 1099511627776'],
    ['with a directory that wraps around', { directory: HUGE }, {}, 'their directory'],
    ['with too many vectors', { nvectors: 0xffff_ffff }, {}, '4294967295 vectors'],
    ['of too many workers', { nworkers: 0xffff_ffff }, {}, '4294967295 workers'],
    ['of more workers than there is room for', { nworkers: 200 }, {}, '/lb/dest at'],
    ['with a vector outside', {}, { offset: 1n << 40n }, '/lb/dest at'],
    ['with a vector that wraps around', {}, { offset: HUGE - 10n }, '/lb/dest at'],
    ['with a stride that wraps around', {}, { stride: HUGE }, '/lb/dest at'],
    ['with parts that overlap', {}, { stride: 64n }, 'overlapping parts'],
    ['with more elements than there is room for', {}, { count: 0x0400_0000, stride: 1n << 40n }, '/lb/dest at'],
    ['with elements that are too small', {}, { size: 56 }, 'elements of 56 bytes'],
    ['with elements that are too large', {}, { size: 0xffff_ffff, stride: 1n << 40n }, '/lb/dest at'],
  ];

  it.each(cases)('%s', (_what, head, vector, message) => {
    const transport = new Sharing(segmentBytes(CONTENT, head, vector));
    const before = openFiles();
    expect(() => StatSegment.open(transport)).toThrow(message);
    expect(openFiles()).toBe(before);
  });

  it.each([0, 79])('when their file has %d bytes', (length) => {
    expect(() => StatSegment.open(new Sharing(segmentBytes(CONTENT).subarray(0, length)))).toThrow(`the statistics end after ${length} bytes`);
  });

  it('when the reply does not describe them', () => {
    expect(() => StatSegment.open(new Sharing(segmentBytes(CONTENT), Buffer.alloc(0)))).toThrow('does not describe the statistics');
    const other = record(ext.DS_TLV_SEGMENT, encode('ds_segment_info', { version: 3 }));
    expect(() => StatSegment.open(new Sharing(segmentBytes(CONTENT), other))).toThrow('version 3');
  });

  it('when they change all the time', () => {
    expect(() => StatSegment.open(new Sharing(segmentBytes(CONTENT, { changing: 1 })))).toThrow('changes the layout of its statistics all the time');
  });

  it('by daemons that have none', () => {
    expect(() => StatSegment.open(new MemoryDaemon({ extensions: [MSG.DS_MSG_BATCH] }))).toThrow('needs a daemon with shared statistics');
  });
});
