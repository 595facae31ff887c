// SPDX-License-Identifier: Apache-2.0
// Top talkers: one of some 1024 frames is noted, so flows of some thousand frames are seen for certain.
import { expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { ethernet, ip, udp } from '../harness/frames';
import { CLIENTS, configureAddresses, configureNeighbours, configureService, fromClient, SERVERS, v4, v6 } from './topology';

stopDaemonsAfterEach();

const DNS = 53;
const BURST = 256;
/** Twice the largest gap between two frames that are noted, and one burst. */
const ENOUGH = 2 * 2047 + BURST;

/** Sends a frame very often; what comes of it is thrown away. */
function flood(c: Case, frame: Buffer, frames: number): void {
  for (let left = frames; left > 0; left -= BURST) {
    c.send(CLIENTS, ...Array.from({ length: Math.min(left, BURST) }, () => frame));
    c.collect(SERVERS);
  }
  c.settle({ timers: true, turns: 64 });
}

/** A VLAN tag behind the addresses. */
function tagged(id: number, frame: Buffer): Buffer {
  return Buffer.concat([frame.subarray(0, 12), Buffer.from([0x81, 0x00, id >> 8, id & 0xff]), frame.subarray(12)]);
}

const lines = (c: Case, which: string): string[] => c.output(`dpip iftraf show${which}`).split('\n').filter((line) => line !== '');

test('DPL-053 flows of clients and servers, in and out, by device; off, and forgotten', async () => {
  const c = await startCase({ conf: { ipvs_defs: ['udp {', 'uoa_max_trail 0', '}'] } });
  for (const f of [v4, v6]) {
    configureAddresses(c, f);
    configureNeighbours(c, f);
    configureService(c, f, { proto: 'udp', port: DNS });
  }
  c.discard();
  const off = c.command('dpip iftraf show');
  expect(off).toEqual({ status: 0, stdout: '', stderr: 'warnning: disabled.\n' });
  flood(c, fromClient(v4, udp({ sport: 999, dport: DNS, payload: 'before' })), ENOUGH);
  c.run('dpip iftraf enable');
  c.expectOutput('dpip iftraf show dev all', []);

  flood(c, fromClient(v4, udp({ sport: 1000, dport: DNS, payload: 'x'.repeat(400) })), ENOUGH);
  flood(c, fromClient(v6, udp({ sport: 2000, dport: DNS, payload: 'x' })), ENOUGH);
  const all = lines(c, ' dev all');
  expect(all).toHaveLength(4); // each client at test0, each server at test1; not what was before
  const received = /^top\d+: test0, \[10\.0\.0\.2, 1000 -> 10\.0\.0\.100, 53 \| 17\], \[(\d+), 0\]$/.exec(all.find((line) => line.includes('10.0.0.2,')) ?? '');
  expect(Number(received?.[1]) % (1024 * (14 + 20 + 8 + 400))).toBe(0);
  expect(Number(received?.[1]) / (1024 * 442)).toBeGreaterThanOrEqual(2);
  const sent = /^top\d+: test1, \[10\.1\.0\.11, 53 -> 10\.1\.0\.200, \d+ \| 17\], \[0, (\d+)\]$/.exec(all.find((line) => line.includes('10.1.0.11,')) ?? '');
  expect(Number(sent?.[1]) / (1024 * 442)).toBeGreaterThanOrEqual(2);
  expect(all.filter((line) => /^top[34]: test[01], \[2001:db8:/.test(line))).toHaveLength(2);
  expect(all.map((line) => line.slice(0, 5))).toEqual(['top1:', 'top2:', 'top3:', 'top4:']);
  // Of one device, the first first as well.
  expect(lines(c, ' dev test0').map((line) => line.replace(/, \d+ ->.*/, ''))).toEqual(['top1: test0, [10.0.0.2', 'top2: test0, [2001:db8::2']);
  expect(c.command('dpip iftraf show dev nonesuch').status).toBe(1);

  // Half a minute later nobody has talked; what is switched off has forgotten.
  c.warp(31_000, 1000);
  expect(lines(c, ' dev all')).toEqual([]);
  c.run('dpip iftraf disable');
  expect(c.command('dpip iftraf show dev test0').stderr).toBe('warnning: disabled.\n');
});

test('DPL-053 a VLAN has its talkers, and so has the device below; many flows: the first twenty', async () => {
  const c = await startCase();
  c.run(`
    dpip vlan add link test0 id 7
    dpip iftraf enable`);
  const frame = (sport: number, size: number): Buffer =>
    tagged(7, ethernet({ src: '02:aa:00:00:00:01', dst: '02:00:00:00:00:01' }, ip({ src: v4.client, dst: '10.9.9.9' }, udp({ sport, dport: 1, payload: 'x'.repeat(size) }))));
  flood(c, frame(1, 1000), 2 * ENOUGH);
  expect(lines(c, ' dev test0.7')[0]).toMatch(/^top1: test0\.7, \[10\.0\.0\.2, 1 -> 10\.9\.9\.9, 1 \| 17\], \[\d+, 0\]$/);
  const bytes = (dev: string): number => Number(/\[(\d+), 0\]$/.exec(lines(c, ` dev ${dev}`)[0] ?? '')?.[1]);
  expect(bytes('test0') / bytes('test0.7')).toBeCloseTo(1046 / 1042, 6);
  for (let turn = 0; turn < 150; turn += 1) c.send(CLIENTS, ...Array.from({ length: BURST }, (_, i) => frame(100 + turn * BURST + i, 10)));
  c.settle({ timers: true, turns: 64 });
  expect(lines(c, ' dev test0')).toHaveLength(20);
  expect(lines(c, ' dev test0')[0]).toMatch(/^top1: test0, \[10\.0\.0\.2, 1 ->/);
});
