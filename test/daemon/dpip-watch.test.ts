// SPDX-License-Identifier: Apache-2.0
// Listings that are repeated, and dpip monitor, against the daemon.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Case, stopDaemonsAfterEach } from '../harness/case';
import { ethernet, ip, udp } from '../harness/frames';
import { CLIENTS, mac, startWorld, v4, v6 } from '../cases/topology';

stopDaemonsAfterEach();

const dpip = path.resolve(import.meta.dirname, '../../bin/dpip');
const PATIENCE_MS = 10_000;

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A command that goes on. */
class Running {
  output = '';
  errors = '';
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(c: Case, ...args: readonly string[]) {
    const child = spawn(dpip, args, { env: { ...process.env, DPVS_IPC_FILE: c.daemon.socket }, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (data: Buffer) => (this.output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (this.errors += data.toString()));
    this.ended = new Promise((resolve) => child.on('exit', (code) => { resolve(code); })); // prettier-ignore
    this.#child = child;
    children.push(child);
  }

  async until(what: string | RegExp): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (!(typeof what === 'string' ? this.output.includes(what) : what.test(this.output))) {
      if (Date.now() > end) throw new Error(`no ${String(what)} in:\n${this.output}${this.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  stop(): void {
    this.#child.kill('SIGINT');
  }
}

/** For nobody: no route. */
function stray(sport: number): Buffer {
  return ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: v4.client, dst: '203.0.113.77' }, udp({ sport, dport: 9, payload: 'x' })));
}

test('DB-06 counters become changes per second from the second list on; -c ends it', async () => {
  const c = await startWorld(v4, { oneWorker: 'counters', conf: { ipv4_defs: ['forwarding on'], global_defs: ['kni off'] } });
  c.send(CLIENTS, stray(1), stray(2), stray(3));
  const before = c.output('dpip drop show');
  const watching = new Running(c, '--watch=2', '-c', '3', 'drop', 'show');
  await watching.until(before);
  c.send(CLIENTS, ...Array.from({ length: 20 }, (_, i) => stray(10 + i)));
  expect(await watching.ended).toBe(0);
  const lists = watching.output.split('\n\n');
  expect(lists).toHaveLength(3);
  expect(`${lists[0]}\n`).toBe(before);
  // 20 in 2 seconds, then none.
  const word = before.split(/\s/)[0] ?? '';
  expect(lists[1]).toMatch(new RegExp(`${word}.*\\b(9|10|11)\\b`));
  expect(lists[2]).toMatch(new RegExp(`${word}.*\\b0\\b`));
  expect(watching.errors).toBe('');
});

test('DB-06 every listing may be watched, in every form; what fails at once ends at once', async () => {
  const c = await startWorld(v6, { oneWorker: 'listings' });
  const run = (...args: string[]) => spawnSync(dpip, args, { encoding: 'utf8', env: { ...process.env, DPVS_IPC_FILE: c.daemon.socket }, timeout: PATIENCE_MS });
  for (const words of [['addr', 'show'], ['-s', 'addr', 'show'], ['neigh', 'show'], ['route', 'show'], ['-6', 'route', 'show'], ['link', 'show'], ['ipv6', 'show'], ['vlan', 'show'], ['drop', 'show']]) {
    const once = run(...words).stdout;
    const twice = run('--watch=0.1', '-c', '2', ...words);
    expect([words, twice.status, twice.stderr]).toEqual([words, 0, '']);
    expect(twice.stdout.startsWith(`${once}\n`) || words.includes('ipv6')).toBe(true);
  }
  const rates = run('--watch=0.1', '-c', '2', 'ipv6', 'show').stdout.split('\n\n');
  expect(rates[1]).toMatch(/^InReceives: +0$/m);
  const documents = run('--watch=0.1', '-c', '2', '-j', 'addr', 'show').stdout.trim().split('\n');
  expect(documents.map((line) => (JSON.parse(line) as unknown[]).length > 0)).toEqual([true, true]);
  const lcores = run('--watch', '-c', '1', '-s', 'link', 'show', 'cpu1').stdout;
  expect(lcores).toMatch(/lcore_loop\/lps\s/);
  for (const [line, text] of [
    ['--watch=0 addr show', "invalid watch '0': 0.1 to 86400 seconds"],
    ['--watch addr add 10.0.0.1/24 dev test0', 'dpip: --watch is for show'],
    ['--watch -i 2 -s link show', 'dpip: --watch and --interval do not go together'],
    ['--watch -c 0 link show', 'dpip: --count of --watch is at least 1'],
    ['--watch link show nonesuch', 'dpip: not exist'],
    ['monitor nonsense', "dpip: monitor 'nonsense': addr, route, neigh, link, all"],
    ['--prom monitor', 'dpip: monitor prints text or --json'],
  ] as const) {
    const { status, stderr, stdout } = run(...line.split(' '));
    expect([line, status, stdout, stderr.trim().split('\n').at(-1)]).toEqual([line, 1, '', text]);
  }
});

test('DB-06 monitor tells what comes, changes and goes', async () => {
  const c = await startWorld(v4, { oneWorker: 'events', ports: 2 });
  const text = new Running(c, '--watch=0.1', 'monitor');
  const json = new Running(c, '--watch=0.1', '-j', 'monitor', 'addr', 'link');
  const timed = new Running(c, '-v', '-i', '1', 'monitor', 'neigh');
  await new Promise((resolve) => setTimeout(resolve, 1000)); // until they have looked once
  c.run('dpip addr add 10.77.0.1/24 dev test1');
  await text.until('[ADDR] inet 10.77.0.1/24 scope global test1\n');
  await text.until(/\[ROUTE\] inet 10\.77\.0\.0\/24 .*dev test1/);
  c.run('dpip neigh add 10.77.0.9 lladdr 02:00:00:00:77:09 dev test1');
  await text.until(/\[NEIGH\] .*10\.77\.0\.9/);
  await timed.until(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] (?!\[).*10\.77\.0\.9/m);
  c.run('dpip link set test1 tc-egress on');
  await json.until('"event":"changed"');
  await text.until(/^\[LINK\] 2: test1/m);
  c.run('dpip addr del 10.77.0.1/24 dev test1');
  await text.until('[ADDR] Deleted inet 10.77.0.1/24 scope global test1\n');
  await json.until('"event":"deleted"');
  const events = json.output.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ event, kind }) => [event, kind])).toEqual([['new', 'addr'], ['changed', 'link'], ['deleted', 'addr']]);
  expect(events[0]?.['is']).toMatchObject({ address: '10.77.0.1' });
  expect(events[2]?.['was']).toEqual(events[0]?.['is']);
  text.stop();
  expect(await text.ended).toBe(130);
  expect(text.errors).toBe('');
  // Nothing is told of what stayed.
  expect(text.output).not.toContain(v4.vip);
});

test('DB-06 monitor outlives the daemon', async () => {
  const c = await startWorld(v4, { oneWorker: 'events' });
  const text = new Running(c, '--watch=0.1', 'monitor', 'addr');
  await new Promise((resolve) => setTimeout(resolve, 600));
  c.daemon.signal('SIGTERM');
  await c.daemon.ended();
  const end = Date.now() + PATIENCE_MS;
  while (text.errors === '' && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(text.errors.split('\n')).toHaveLength(2);
  await c.daemon.start();
  await text.until('Deleted inet ');
  const gone = spawnSync(dpip, ['monitor'], { encoding: 'utf8', env: { ...process.env, DPVS_IPC_FILE: `${c.daemon.socket}-none` }, timeout: PATIENCE_MS });
  expect([gone.status, gone.stdout]).toEqual([1, '']);
});
