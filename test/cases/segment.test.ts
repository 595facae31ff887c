// SPDX-License-Identifier: Apache-2.0
// The statistics segment of the real daemon: what packets change in it, that it says what the listings say, and that
// whoever has it cannot change it.
import { chmodSync, closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { DaemonError } from '../../src/ipc/client';
import { decode, decodeArray, ext, MSG, sizeOf, type Structs } from '../../src/ipc/codec';
import { capabilities } from '../../src/ipc/messages/capabilities';
import { listDests } from '../../src/ipc/messages/dest';
import { listDrops } from '../../src/ipc/messages/drops';
import { fetchInventory } from '../../src/ipc/messages/list';
import { splitRecords } from '../../src/ipc/messages/records';
import { StatSegment } from '../../src/ipc/messages/segment';
import { listServices } from '../../src/ipc/messages/service';
import { stopDaemonsAfterEach, workers, type Case } from '../harness/case';
import { daemonBinary } from '../harness/daemon';
import { numberOf } from '../harness/dissect';
import { tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, fromClient, fromServer, SERVERS, startWorld, v4 } from './topology';

stopDaemonsAfterEach();

const PORT = 53;
const SERVICE = { proto: 'udp', port: PORT, servers: [{ index: 0, weight: 1 }, { index: 1, weight: 1 }] } as const;
const NOTSUPP = -14;

/** Reads the segment as any program can: by its descriptor and the ABI's layout. */
class Reader {
  readonly fd: number;

  constructor(c: Case) {
    const { body, fd } = c.transport.requestFd(MSG.DS_MSG_STATS, 'get');
    this.fd = fd;
    const info = splitRecords(body).find(({ type }) => type === ext.DS_TLV_SEGMENT);
    if (info === undefined) throw new Error('the reply does not describe the segment');
    expect(Number(decode('ds_segment_info', info.payload).size)).toBe(fstatSync(fd).size);
    expect(this.head().size).toBe(BigInt(fstatSync(fd).size));
  }

  #bytes(at: number, length: number): Buffer {
    const into = Buffer.alloc(length);
    expect(readSync(this.fd, into, 0, length, at)).toBe(length);
    return into;
  }

  head(): Structs['ds_segment'] {
    return decode('ds_segment', this.#bytes(0, sizeOf.ds_segment));
  }

  /** Elements of a vector, one array for each worker. */
  parts(name: string): { readonly size: number; readonly parts: readonly Buffer[] } {
    const { directory, nvectors, nworkers } = this.head();
    const rows = decodeArray('ds_vector', this.#bytes(Number(directory), nvectors * sizeOf.ds_vector), 0, nvectors);
    const row = rows.find((one) => one.name === name);
    if (row === undefined) throw new Error(`no vector ${name}`);
    const { offset, stride, count, size } = row;
    const parts = Array.from({ length: nworkers }, (_, i) => this.#bytes(Number(offset) + i * Number(stride), count * size));
    return { size, parts };
  }

  dest(stat: number): Structs['ds_stat_dest'][] {
    const { size, parts } = this.parts('/lb/dest');
    return parts.map((part) => decode('ds_stat_dest', part, stat * size));
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** Indices of the servers of the only service, in the order of its list. */
function stats(c: Case): number[] {
  const [service] = fetchInventory(c.transport, { wanted: { dests: true, more: true } }).services;
  return (service?.destsMore ?? []).map(({ stat }) => stat);
}

/** What messages 19 and 21 say of the servers, for the sum (0) or a worker. */
function listed(c: Case, index: number): Structs['dp_vs_dest_compat'][] {
  const [service] = listServices(c.transport, index).services;
  if (service === undefined) throw new Error('no service');
  return listDests(c.transport, service, index) ?? [];
}

function question(sport: number): Buffer {
  return fromClient(v4, udp({ sport, dport: PORT, payload: Buffer.alloc(20) }));
}

test('counters are those of the listings, worker by worker, while packets flow', async () => {
  const c = await startWorld(v4, { queues: workers });
  configureService(c, v4, SERVICE);
  const reader = new Reader(c);
  const indices = stats(c);
  const { epoch } = reader.head();
  expect(new Set(indices).size).toBe(2);
  let before = 0n;
  for (let round = 1; round <= 10; round++) {
    c.send(CLIENTS, question(5000 + round), question(5000), question(5000 + round));
    const answered = c.collect(SERVERS).map((frame) => numberOf(frame, 'udp.sport'));
    c.send(SERVERS, ...answered.map((dport) => fromServer(v4, udp({ sport: PORT, dport, payload: Buffer.alloc(9) }))));
    c.discard();
    const packets = indices.flatMap((stat) => reader.dest(stat)).reduce((sum, one) => sum + one.in_packets, 0n);
    expect(packets).toBe(before + 3n);
    before = packets;
  }
  for (const [i, stat] of indices.entries()) {
    for (const [worker, own] of reader.dest(stat).entries()) {
      const { stats: counted, actconns, inactconns } = listed(c, worker + 1)[i] ?? expect.fail('no such server');
      expect(own).toMatchObject({
        conns: counted.conns, in_packets: counted.inpkts, in_bytes: counted.inbytes, out_packets: counted.outpkts,
        out_bytes: counted.outbytes, active: actconns, inactive: inactconns, persistent: 0, overloaded: 0, closed: 0n,
      }); // prettier-ignore
    }
  }
  expect(reader.head().epoch).toBe(epoch);

  const segment = StatSegment.open(c.transport);
  for (const [i, stat] of indices.entries()) {
    const sum = listed(c, 0)[i];
    expect(segment.destCounters(stat)).toMatchObject({ conns: sum?.stats.conns, outBytes: sum?.stats.outbytes, closed: 0n });
  }
  segment.dispose();
  reader.close();
});

test('workers, drops and the daemon itself', async () => {
  const c = await startWorld(v4, { queues: workers });
  configureService(c, v4, SERVICE);
  const reader = new Reader(c);
  const all = (): Structs['ds_stat_worker'][] => reader.parts('/worker').parts.map((part) => decode('ds_stat_worker', part));
  const before = all();
  const head = reader.head();
  c.send(CLIENTS, question(1), question(2), fromClient(v4, tcp({ sport: 1, dport: 9, seq: 1, flags: 'S' }), v4.port[0]));
  c.settle({ timers: true });
  expect(all().reduce((sum, { conns }) => sum + conns, 0n)).toBe(2n);
  expect(all().map(({ lcore }) => lcore)).toEqual(Array.from({ length: workers }, (_, i) => i + 1));
  for (const [i, worker] of all().entries()) {
    expect(worker.loops).toBeGreaterThan(before[i]?.loops ?? 0n);
    expect(worker.conns_max).toBe(BigInt(Math.floor(65535 / workers)));
  }

  const names = listDrops(c.transport).map(({ name }) => name);
  const perLcore = listDrops(c.transport, { perLcore: true });
  const { size, parts } = reader.parts('/drop');
  expect(parts[0]?.length).toBe(names.length * 8);
  for (const [worker, part] of parts.entries()) {
    for (const [i, name] of names.entries()) {
      const row = perLcore.find((one) => one.name === name && one.lcore === worker + 1);
      expect(part.readBigUInt64LE(i * size), name).toBe(row?.packets);
    }
  }
  const dropped = names.indexOf('local_no_service');
  expect(parts.reduce((sum, part) => sum + part.readBigUInt64LE(dropped * size), 0n)).toBe(1n);

  const { hello } = capabilities(c.transport);
  expect(Buffer.from(head.boot_id)).toEqual(Buffer.from(hello?.bootId ?? '', 'hex'));
  c.run(`ipvsadm -A -u ${endpoint(v4.vip, 99)} -s rr`);
  const after = reader.head();
  expect(after.generation).toBe(head.generation + 1n);
  expect(after.generation).toBe(fetchInventory(c.transport, { wanted: {} }).generation);
  expect(after.beat_ms).toBeGreaterThan(head.beat_ms);
  reader.close();
});

test('an index that gets another meaning is announced', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, SERVICE);
  const reader = new Reader(c);
  const [first = -1, second = -1] = stats(c);
  const server = (index: number): string => `-u ${endpoint(v4.vip, PORT)} -r ${endpoint(v4.servers[index] ?? '', PORT)}`;
  c.send(CLIENTS, question(1), question(2), question(3));
  const packets = (): bigint => reader.dest(first).reduce((sum, { in_packets }) => sum + in_packets, 0n);
  const before = packets();
  expect(before).toBeGreaterThan(0n);
  const { epoch } = reader.head();
  c.run('ipvsadm -Z');
  expect(packets()).toBe(before);
  expect(reader.head().epoch).toBe(epoch);
  // The server lives on while it has connections; its index goes with it, and comes again with zeroes.
  c.run(`ipvsadm -d ${server(1)}`);
  expect(packets()).toBe(before);
  c.warp(600_000, 10_000);
  c.settle({ timers: true, turns: 64 });
  expect(reader.head().epoch).toBeGreaterThan(epoch);
  c.run(`ipvsadm -a ${server(2)} -b`);
  const again = stats(c);
  expect(again).toEqual([first, second]);
  for (const own of reader.dest(first)) expect(own).toMatchObject({ conns: 0n, in_packets: 0n, closed: 0n });
  expect(reader.head().changing).toBe(0);
  reader.close();
});

test('nobody but the daemon can change it', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, SERVICE);
  const reader = new Reader(c);
  const junk = Buffer.alloc(4096, 0xff);
  const attempts = (fd: number): void => {
    for (const at of [0, 4096, 1 << 20]) expect(() => writeSync(fd, junk, 0, junk.length, at)).toThrow(/EBADF|EPERM/);
    for (const size of [0, 4096, 2 ** 40]) expect(() => ftruncateSync(fd, size)).toThrow(/EINVAL|EBADF|EPERM/);
  };
  const before = reader.head();
  attempts(reader.fd);
  // The super-user may open it again for writing, and cannot write.
  const again = openSync(`/proc/self/fd/${reader.fd}`, 'r+');
  attempts(again);
  closeSync(again);
  expect(() => openSync(`/proc/self/fd/${reader.fd}`, 'w')).toThrow(/EPERM/);
  expect({ ...reader.head(), beat_ms: 0n }).toEqual({ ...before, beat_ms: 0n });
  c.send(CLIENTS, question(1));
  expect(stats(c).flatMap((stat) => reader.dest(stat)).reduce((sum, one) => sum + one.in_packets, 0n)).toBe(1n);
  reader.close();
});

test('where the kernel refuses such memory, everything else works', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'dpvs-limited-'));
  const limited = path.join(folder, 'dpvs');
  const binary = process.env['DPVS_BIN'];
  // Large enough for the packet buffers, too small for the counters of millions of servers.
  writeFileSync(limited, `#!/bin/bash\nulimit -f $((240 * 1024))\nexec ${daemonBinary()} "$@"\n`);
  chmodSync(limited, 0o755);
  process.env['DPVS_BIN'] = limited;
  try {
    const c = await startWorld(v4);
    configureService(c, v4, SERVICE);
    expect(c.daemon.log()).toContain('statistics are not handed out as a segment: the limit for the size of files');
    expect(capabilities(c.transport).serves(MSG.DS_MSG_STATS)).toBe(false);
    const refusal = expect(() => c.transport.requestFd(MSG.DS_MSG_STATS, 'get'));
    refusal.toThrow(DaemonError);
    refusal.toThrow(expect.objectContaining({ code: NOTSUPP }));
    c.send(CLIENTS, question(1), question(2));
    expect(listed(c, 0).reduce((sum, { stats: counted }) => sum + counted.inpkts, 0n)).toBe(2n);
  } finally {
    if (binary === undefined) delete process.env['DPVS_BIN'];
    else process.env['DPVS_BIN'] = binary;
    rmSync(folder, { recursive: true });
  }
});
