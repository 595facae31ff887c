// SPDX-License-Identifier: Apache-2.0
// Instructions per packet of the main cases against baseline.json: more than a twentieth above it fails. A change that is meant to cost more (or that
// costs less) writes the new numbers: npm run bench:instructions -- --update.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { tcp, udp } from '../harness/frames';
import { Callgrind, readProfile, receiveAtOnce, VECTOR, type Count } from './callgrind';
import { CLIENT_ISN, RS_ISN, startConnection } from '../cases/tcp-connection';
import { CLIENTS, configureAddresses, configureNeighbours, configureService, endpoint, fromClient, fromServer, quieten, SERVERS, serviceWord, startWorld, v4, v6, type Family } from '../cases/topology';

const ROUNDS = 4;
const TOLERANCE = 0.05;
/** Instructions per packet of a function that is worth a line. */
const LEAST = 5;
const BASELINE = path.join(import.meta.dirname, 'baseline.json');
const RESULT = process.env['INSTRUCTIONS_RESULT'];
const EXPIRED_MS = 400_000;

type Numbers = Record<string, { readonly instructions: number; readonly functions: Record<string, number> }>;

const baseline = JSON.parse(readFileSync(BASELINE, 'utf8')) as Numbers;
const measured: Numbers = {};

const round1 = (n: number): number => Math.round(n * 10) / 10;

/** @param packets that were counted */
function note(name: string, { total, functions }: Count, packets: number): void {
  // Functions of drivers have no names in what Debian delivers.
  const parts = [...functions].map(([word, n]) => [word, round1(n / packets)] as const).filter(([word, n]) => n >= LEAST && !word.startsWith('0x'));
  measured[name] = { instructions: round1(total / packets), functions: Object.fromEntries(parts.sort(([, a], [, b]) => b - a)) };
  if (RESULT !== undefined) return;
  const { instructions } = measured[name];
  const before = baseline[name]?.instructions ?? 0;
  expect(instructions, `${name}: instructions per packet, ${before} in baseline.json`).toBeLessThanOrEqual(before * (1 + TOLERANCE));
}

const indexes = Array.from({ length: VECTOR }, (_, i) => i);

describe('instructions per packet', () => {
  stopDaemonsAfterEach();
  const callgrind = new Callgrind();
  afterAll(() => {
    callgrind.close();
    if (RESULT !== undefined) writeFileSync(RESULT, `${JSON.stringify(measured, null, 2)}\n`);
  });

  /** Packets of flows that are there, a vector of all of them per round. */
  function established(name: string, c: Case, port: number, frames: readonly Buffer[]): void {
    const vector = frames.map((frame) => ({ port, queue: 0, frame }));
    const other = port === CLIENTS ? SERVERS : CLIENTS;
    for (let i = 0; i < ROUNDS; i++) receiveAtOnce(c, vector);
    c.discard();
    const count = callgrind.count(c, () => {
      for (let i = 0; i < ROUNDS; i++) receiveAtOnce(c, vector);
    });
    expect(c.collect(other)).toHaveLength(ROUNDS * frames.length);
    note(name, count, ROUNDS * frames.length);
  }

  function families(c: Case): void {
    configureAddresses(c, v6);
    configureNeighbours(c, v6);
    c.discard();
  }

  const question = (f: Family, i: number, dport: number): Buffer => fromClient(f, udp({ sport: 5000 + i, dport, payload: 'sixteen bytes...' }));

  test('UDP: FullNAT both ways, new flows, flows that expire, the other modes', async () => {
    const c = await startWorld(v4, callgrind.options());
    families(c);
    for (const f of [v4, v6]) {
      configureService(c, f, { proto: 'udp', port: 53 });
      const frames = indexes.map((i) => question(f, i, 53));
      // The first packet of all pays for what is bound when it is first called.
      c.send(CLIENTS, question(f, VECTOR, 53));
      c.discard();
      const opened = callgrind.count(c, () => receiveAtOnce(c, frames.map((frame) => ({ port: CLIENTS, queue: 0, frame }))));
      const locals = c.collect(SERVERS).map((frame) => numberOf(frame, 'udp.sport'));
      expect(locals).toHaveLength(VECTOR);
      note(`new UDP flow, ${f.name}`, opened, VECTOR);
      established(`FullNAT UDP ${f.name}, from clients`, c, CLIENTS, frames);
      if (f === v6) continue;
      established(`FullNAT UDP ${f.name}, from servers`, c, SERVERS, locals.map((dport) => fromServer(f, udp({ sport: 53, dport, payload: 'sixteen bytes...' }))));
    }
    for (const [name, word, dport] of [['NAT', '-m', 54], ['direct routing', '-g', 55], ['tunnel', '-i', 56]] as const) {
      const service = serviceWord(v4, { proto: 'udp', port: dport });
      c.run(`
        ipvsadm -A ${service} -s rr
        ipvsadm -a ${service} -r ${endpoint(v4.servers[0], dport)} ${word}`);
      quieten(c, v4);
      established(`${name} UDP IPv4`, c, CLIENTS, indexes.map((i) => question(v4, i, dport)));
    }
    const flows = 5 * VECTOR + 2;
    const expired = callgrind.count(c, () => void c.warp(EXPIRED_MS));
    note('UDP flow that expires', expired, flows);
  }, 120_000);

  test('TCP: established, SYNs, SYNs to the SYN proxy', async () => {
    const c = await startWorld(v4, callgrind.options());
    families(c);
    for (const f of [v4, v6]) {
      configureService(c, f, { proto: 'tcp', port: 80 });
      const segments = indexes.map((i) => {
        const t = startConnection(c, f, 80, 6000 + i);
        // Data both ways: the server knows by now who the client is.
        c.send(CLIENTS, t.clientFrame({ seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'PA', payload: 'q' }));
        c.send(SERVERS, t.serverFrame({ seq: RS_ISN + 1, ack: CLIENT_ISN + 2 + t.delta, flags: 'PA', payload: 'a' }));
        c.discard();
        return t.clientFrame({ seq: CLIENT_ISN + 2, ack: RS_ISN + 2, flags: 'A' });
      });
      established(`FullNAT TCP ${f.name}, from clients`, c, CLIENTS, segments);
    }
    const syns = (first: number, dport: number) => indexes.map((i) => ({ port: CLIENTS, queue: 0, frame: fromClient(v4, tcp({ sport: first + i, dport, seq: 1, flags: 'S' })) }));
    receiveAtOnce(c, syns(8000, 80).slice(0, 1));
    c.discard();
    note('SYN, IPv4', callgrind.count(c, () => void receiveAtOnce(c, syns(7000, 80))), VECTOR);
    expect(c.collect(SERVERS)).toHaveLength(VECTOR);
    configureService(c, v4, { proto: 'tcp', port: 81, extra: '-j enable' });
    receiveAtOnce(c, syns(8000, 81).slice(0, 1));
    c.discard();
    note('SYN to the SYN proxy, IPv4', callgrind.count(c, () => void receiveAtOnce(c, syns(7000, 81))), VECTOR);
    expect(c.collect(CLIENTS)).toHaveLength(VECTOR);
  }, 120_000);

  test('nothing of the baseline is missing', () => {
    if (RESULT === undefined) expect(Object.keys(measured).sort()).toEqual(Object.keys(baseline).sort());
  });
});

test('a profile: costs of functions without those of their callees', () => {
  const text = 'fn=(1) outer\n10 5\n+1 3\ncfn=(2) inner\ncalls=2 7\n* 40\n-1 2\n\nfn=(2)\n7 40\n\nfn=(1)\n* 1\nsummary: 51\n';
  expect(readProfile(text)).toEqual({ total: 51, functions: new Map([['outer', 11], ['inner', 40]]) });
});
