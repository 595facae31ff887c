// SPDX-License-Identifier: Apache-2.0
// A connection table that is full: of clients that never answered, and of connections that are in use.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { tcp } from '../harness/frames';
import { CLIENTS, endpoint, families, fromClient, quieten, SERVERS, startWorld, type Family } from './topology';

stopDaemonsAfterEach();

const PORT = 80;
const POOL = 65535;
const CHUNK = 1024;
const ONE = { oneWorker: 'the pool is shared among workers' };
const ETHERNET = 14;

/** The frame from another port of the client, with the checksum that it then has (RFC 1624). */
function fromPort(f: Family, frame: Buffer, sport: number): Buffer {
  const copy = Buffer.from(frame);
  const l4 = ETHERNET + f.headerLength;
  let sum = (~copy.readUInt16BE(l4 + 16) & 0xffff) + (~copy.readUInt16BE(l4) & 0xffff) + sport;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  copy.writeUInt16BE(~sum & 0xffff, l4 + 16);
  copy.writeUInt16BE(sport, l4);
  return copy;
}

async function start(f: Family): Promise<Case> {
  const c = await startWorld(f, ONE);
  const service = endpoint(f.vip, PORT);
  c.run(`
    ipvsadm -A -t ${service} -s rr
    ipvsadm -a -t ${service} -r ${endpoint(f.servers[0], PORT)} -g`);
  quieten(c, f);
  return c;
}

/** Frames from ports first to last, a chunk at a time. @returns how many came out */
function sendFrom(c: Case, f: Family, frame: Buffer, first: number, last: number): number {
  let out = 0;
  for (let at = first; at <= last; at += CHUNK) {
    const count = Math.min(CHUNK, last - at + 1);
    c.send(CLIENTS, ...Array.from({ length: count }, (_, i) => fromPort(f, frame, at + i)));
    out += c.collect(SERVERS).length;
  }
  return out;
}

function connections(c: Case, f: Family): { readonly active: number; readonly inactive: number } {
  const row = c.output(`ipvsadm -ln -t ${endpoint(f.vip, PORT)}`).trim().split('\n').at(-1)?.trim().split(/\s+/) ?? [];
  return { active: Number(row.at(-2)), inactive: Number(row.at(-1)) };
}

describe.each(families)('$name', (f) => {
  const ends = { sport: 1, dport: PORT };
  const syn = fromClient(f, tcp({ ...ends, seq: 1, flags: 'S' }));
  const ack = fromClient(f, tcp({ ...ends, seq: 2, ack: 1, flags: 'A' }));

  test('DPL-080 70,000 SYNs and room for 65,535: half-open connections make room, connections in use stay', { timeout: 120_000 }, async () => {
    const c = await start(f);
    expect(sendFrom(c, f, syn, 1, 1000)).toBe(1000);
    expect(sendFrom(c, f, ack, 1, 1000)).toBe(1000);
    c.warp(1000);
    expect(sendFrom(c, f, syn, 1001, POOL)).toBe(POOL - 1000);
    expect(connections(c, f)).toEqual({ active: 1000, inactive: POOL - 1000 });
    c.warp(1000);
    // Another destination port makes 4,465 more flows: a second service on the same address.
    const second = PORT + 1;
    c.run(`
      ipvsadm -A -t ${endpoint(f.vip, second)} -s rr
      ipvsadm -a -t ${endpoint(f.vip, second)} -r ${endpoint(f.servers[0], second)} -g`);
    const more = fromClient(f, tcp({ sport: 1, dport: second, seq: 1, flags: 'S' }));
    c.expectDrops({}, () => expect(sendFrom(c, f, more, 1, 4465)).toBe(4465));
    const now = connections(c, f);
    expect(now).toEqual({ active: 1000, inactive: POOL - 1000 - 4465 });
    // None of those in use was lost.
    c.expectDrops({}, () => expect(sendFrom(c, f, ack, 1, 1000)).toBe(1000));
  });

  test('DPL-080 no room when all connections are in use: new ones are dropped and counted, until some end', { timeout: 120_000 }, async () => {
    const c = await start(f);
    expect(sendFrom(c, f, syn, 1, POOL)).toBe(POOL);
    expect(sendFrom(c, f, ack, 1, POOL)).toBe(POOL);
    const second = PORT + 1;
    c.run(`
      ipvsadm -A -t ${endpoint(f.vip, second)} -s rr
      ipvsadm -a -t ${endpoint(f.vip, second)} -r ${endpoint(f.servers[0], second)} -g`);
    const more = fromClient(f, tcp({ sport: 1, dport: second, seq: 1, flags: 'S' }));
    c.expectDrops({ conn_table_full: 100 }, () => expect(sendFrom(c, f, more, 1, 100)).toBe(0));
    const reset = fromClient(f, tcp({ ...ends, seq: 2, ack: 1, flags: 'RA' }));
    expect(sendFrom(c, f, reset, 1, 1)).toBe(1);
    c.warp(5000);
    // Timers of 65,535 connections take turns.
    c.settle({ timers: true, turns: 3000 });
    const moreAck = fromClient(f, tcp({ sport: 1, dport: second, seq: 2, ack: 1, flags: 'A' }));
    expect(sendFrom(c, f, more, 1, 1)).toBe(1);
    expect(sendFrom(c, f, moreAck, 1, 1)).toBe(1);
    c.expectDrops({ conn_table_full: 100 }, () => expect(sendFrom(c, f, more, 2, 101)).toBe(0));
  });
});
