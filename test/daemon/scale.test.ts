// SPDX-License-Identifier: Apache-2.0
// 5,000 services with 10 servers each in a real daemon: restored whole, listed whole, also while others change them.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addDest, fwdMode } from '../../src/ipc/messages/dest';
import { BatchRecorder, sendBatch, type BatchItem } from '../../src/ipc/messages/batch';
import { addService, deleteService, type ServiceSpec } from '../../src/ipc/messages/service';
import { Daemon } from '../harness/daemon';

const root = path.resolve(import.meta.dirname, '../..');
const SERVICES = 5000;
const SERVERS = 10;
const MAX_BYTES = 150 * 2 ** 20;

const folder = mkdtempSync(path.join(tmpdir(), 'dpvs-scale-'));
let daemon: Daemon;

const serviceOf = (i: number): string => `10.1.${i >> 8}.${i & 255}:80`;
const serverOf = (i: number, n: number): string => `10.2.${n}.${i & 255}:${8000 + (i >> 8)}`;

function rules(): string[] {
  const lines: string[] = [];
  for (let i = 0; i < SERVICES; i += 1) {
    lines.push(`-A -t ${serviceOf(i)} -s rr`);
    for (let n = 0; n < SERVERS; n += 1) lines.push(`-a -t ${serviceOf(i)} -r ${serverOf(i, n)} -b -w ${1 + n}`);
  }
  return lines;
}

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly peakBytes: number;
}

/** A command as a process of its own, which reports its memory when it ends. */
async function ipvsadm(args: readonly string[], input?: string): Promise<Run> {
  const usage = path.join(folder, 'usage');
  const output = path.join(folder, 'output');
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r');
  const stdout = openSync(output, 'w');
  const child = spawn(process.execPath, [path.join(root, 'bin/ipvsadm'), ...args], {
    env: { PATH: process.env['PATH'], DPVS_IPC_FILE: daemon.socket, USAGE_FILE: usage, NODE_OPTIONS: `--require=${path.join(root, 'scripts/lib/usage.cjs')}` },
    stdio: [stdin, stdout, 'pipe'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  for (const fd of [stdin, stdout]) if (typeof fd === 'number') closeSync(fd);
  const { peakBytes } = JSON.parse(readFileSync(usage, 'utf8')) as { peakBytes: number };
  return { status, stdout: readFileSync(output, 'utf8'), stderr, peakBytes };
}

/** The table as servers by service, in the order of the list; whatever is there twice is an error. */
function table(text: string): Map<string, string[]> {
  const [version = '', ...lines] = text.split('\n');
  expect(version).toMatch(/^IP Virtual Server version /);
  expect(lines.pop()).toBe('');
  const services = new Map<string, string[]>();
  let servers: string[] = [];
  for (const line of lines.slice(2)) {
    const [first, name = ''] = line.trim().split(/\s+/);
    if (first === '->') {
      servers.push(name);
    } else {
      expect(services.has(name), `${name} is listed twice`).toBe(false);
      servers = [];
      services.set(name, servers);
    }
  }
  return services;
}

/** Every rule is there once: no server too few, none too many, none in another service. */
function expectWhole(services: ReadonlyMap<string, readonly string[]>): void {
  for (let i = 0; i < SERVICES; i += 1) {
    const wanted = Array.from({ length: SERVERS }, (_, n) => serverOf(i, n));
    const got = services.get(serviceOf(i));
    if (got?.join() !== wanted.join()) expect({ [serviceOf(i)]: got }).toEqual({ [serviceOf(i)]: wanted });
  }
}

beforeAll(async () => {
  daemon = await new Daemon({ ports: 1 }).start();
  writeFileSync(path.join(folder, 'rules'), `${rules().join('\n')}\n`);
});

afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('IA-129 a big configuration', () => {
  test('is restored, every rule of it, in little memory', async () => {
    const { status, stdout, stderr, peakBytes } = await ipvsadm(['-R'], path.join(folder, 'rules'));
    expect([status, stdout, stderr]).toEqual([0, '', '']);
    expect(peakBytes).toBeLessThan(MAX_BYTES);
  });

  test.each([[['-ln']], [['-ln', '--stats']], [['-ln', '--rate']]])('is listed whole, in little memory: %j', async (args) => {
    const { status, stdout, stderr, peakBytes } = await ipvsadm(args);
    expect([status, stderr]).toEqual([0, '']);
    const services = table(stdout);
    expect(services.size).toBe(SERVICES);
    expectWhole(services);
    expect(peakBytes).toBeLessThan(MAX_BYTES);
  });

  test('IA-122 is saved as the rules that it was made of', async () => {
    const { status, stdout, peakBytes } = await ipvsadm(['-S', '-n']);
    expect(status).toBe(0);
    expect(stdout.split('\n').slice(0, -1).sort()).toEqual(rules().sort());
    expect(peakBytes).toBeLessThan(MAX_BYTES);
  });

  /** Services that come and go by turns, each with servers of its own. */
  const movers: readonly ServiceSpec[] = [0, 1].map((last) => ({ af: 2, proto: 6, addr: Uint8Array.from({ length: 16 }, (_, i) => [10, 0, 255, last][i] ?? 0), port: 80, sched_name: 'rr', netmask: 0xffffffff }));
  const moverServers = (which: number): string[] => Array.from({ length: 5 }, (_, n) => `10.3.${which}.${n + 1}:80`);

  function arrival(which: number): BatchItem[] {
    const recorder = new BatchRecorder();
    const service = movers[which] ?? {};
    addService(recorder, service);
    for (let n = 0; n < 5; n += 1) {
      const mode = fwdMode.DPVS_FWD_MODE_FNAT;
      addDest(recorder, service, { af: 2, addr: Uint8Array.from({ length: 16 }, (_, i) => [10, 3, which, n + 1][i] ?? 0), port: 80, weight: 1, fwdmode: mode, conn_flags: mode });
    }
    return recorder.items;
  }

  function departure(which: number): BatchItem[] {
    const recorder = new BatchRecorder();
    deleteService(recorder, movers[which] ?? {});
    return recorder.items;
  }

  test('is listed as it was at one moment while another process changes it', async () => {
    expect(sendBatch(daemon.transport, arrival(0), { atomic: true })).toMatchObject({ committed: true, failed: 0 });
    let changes = 0;
    let isListing = true;
    const change = async (): Promise<void> => {
      while (isListing) {
        const there = changes % 2;
        // One goes, the other comes: there is always exactly one.
        expect(sendBatch(daemon.transport, [...departure(there), ...arrival(1 - there)], { atomic: true })).toMatchObject({ committed: true, failed: 0 });
        changes += 1;
        await new Promise((resolve) => void setTimeout(resolve, 1));
      }
    };
    const list = async (): Promise<void> => {
      for (let i = 0; i < 4; i += 1) {
        const { status, stdout, stderr } = await ipvsadm(i % 2 === 0 ? ['-ln'] : ['-ln', '--stats']);
        expect([status, stderr]).toEqual([0, '']);
        const services = table(stdout);
        expectWhole(services);
        const seen = [0, 1].filter((which) => services.has(`10.0.255.${which}:80`));
        expect([services.size, seen.length]).toEqual([SERVICES + 1, 1]);
        expect(services.get(`10.0.255.${seen[0] ?? 0}:80`)).toEqual(moverServers(seen[0] ?? 0));
      }
      isListing = false;
    };
    const changing = change();
    await list().finally(() => void (isListing = false));
    await changing;
    expect(changes).toBeGreaterThan(20);
  });

  test('IA-128 may be listed to somebody who reads one line of it', async () => {
    const script = `${process.execPath} ${path.join(root, 'bin/ipvsadm')} -ln | head -n 1; echo \${PIPESTATUS[0]}`;
    const child = spawn('bash', ['-c', script], { env: { PATH: process.env['PATH'], DPVS_IPC_FILE: daemon.socket }, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => void (printed += text));
    await new Promise((resolve) => child.on('close', resolve));
    expect(printed).toMatch(/^IP Virtual Server version \S+ \(size=\d+\)\n(0|141)\n$/);
  });

  test('IA-062 is gone with -C', async () => {
    expect(await ipvsadm(['-C'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(table((await ipvsadm(['-ln'])).stdout).size).toBe(0);
  });
});
