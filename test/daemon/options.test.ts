// SPDX-License-Identifier: Apache-2.0
// Options of dpvs, and the check of a configuration file.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newDaemon, stopDaemonsAfterEach } from '../harness/case';
import { daemonBinary } from '../harness/daemon';

stopDaemonsAfterEach();

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dpvs-options-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function dpvs(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(daemonBinary(), args, { encoding: 'utf8', timeout: 20_000 });
  return { status, stdout, stderr };
}

function file(name: string, text: string): string {
  const at = path.join(folder, name);
  writeFileSync(at, text);
  return at;
}

describe('options', () => {
  test.each(['-v', '--version'])('DPL-003 %s: one line to stderr, status 0', (option) => {
    const { status, stdout, stderr } = dpvs(option);
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^dpvs version: \S+, build on \S.*\n$/);
  });

  test.each(['-h', '--help'])('DPL-003 %s: usage to stdout, status 0', (option) => {
    const { status, stdout, stderr } = dpvs(option);
    expect([status, stderr]).toEqual([0, '']);
    for (const word of ['-v, --version', '-c, --conf', '-p, --pid-file', '-x, --ipc-file', '-h, --help', '/etc/dpvs.conf', '/var/run/dpvs.pid', '/var/run/dpvs.ipc']) {
      expect(stdout).toContain(word);
    }
    expect(stdout).toMatch(/^Usage: dpvs \[options\] \[-- EAL options\]\n/);
  });

  test.each([['--nonsense'], ['-c'], ['stray'], ['-c', 'file', '-l', '0-3']])('DPL-003 %s…: usage, status 1', (...args) => {
    const { status, stdout, stderr } = dpvs(...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Usage: dpvs');
  });

  test('DPL-003 -c, -p, -x name the files; what is behind -- is for the EAL', async () => {
    const daemon = await newDaemon({ ports: 1 }).start();
    await daemon.waitFor('its pid file', () => existsSync(daemon.pidFile), 5000);
    expect(daemon.answers()).toBe(true);
    await daemon.stop();
    const { status, stderr } = dpvs('-c', file('empty.conf', ''), '-p', path.join(folder, 'pid'), '--', '--file-prefix');
    expect(status).toBe(1);
    expect(stderr).toContain("option '--file-prefix' requires an argument");
  });
});

describe('-t', () => {
  test('DPL-007 prints every value in force, status 0, and starts nothing', () => {
    file('more.inc', 'neigh_defs {\n unres_queue_length 64\n}');
    const conf = file('good.conf', 'include *.inc\nglobal_defs {\n <init> log_level INFO ! a comment\n log_file "/var/log/a b"\n}\nneigh_defs {\n timeout 17\n}');
    const { status, stdout, stderr } = dpvs('-t', '-c', conf, '-p', path.join(folder, 'pid'), '-x', path.join(folder, 'ipc'));
    expect([status, stderr]).toEqual([0, '']);
    const values = new Map(stdout.split('\n').map((line) => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)] as const));
    expect(values.get('global_defs/log_level')).toBe('INFO');
    expect(values.get('global_defs/log_file')).toBe('/var/log/a b');
    expect(values.get('neigh_defs/timeout')).toBe('17');
    expect(values.get('neigh_defs/unres_queue_length')).toBe('64');
    expect(values.get('ipvs_defs/tcp/timeout/established')).toBe('90');
    expect(existsSync(path.join(folder, 'pid')) || existsSync(path.join(folder, 'ipc'))).toBe(false);
  });

  test('DPL-007 names file, line and remedy of each mistake, status 1', () => {
    const conf = file('bad.conf', 'neigh_defs {\n timeout 99999\n unres_queue_length 64k\n}\nnobody_defs {\n a {\n b 1\n }\n}\nipv4_defs {\n forwarding maybe\n');
    const { status, stderr } = dpvs('-t', '-c', conf);
    expect(status).toBe(1);
    expect(stderr.split('\n')).toEqual([
      `WARNING conf: ${conf}:2: timeout: '99999' is not in 1-3600; the default is used (60)`,
      `WARNING conf: ${conf}:3: unres_queue_length: 'k' behind the number 64 is ignored`,
      `WARNING conf: ${conf}:5: not supported keyword 'nobody_defs': the block is ignored`,
      `WARNING conf: ${conf}:11: forwarding: 'maybe' is neither on nor off; the default is used (off)`,
      `WARNING conf: ${conf}:11: the file ends inside a block: '}' is missing`,
      `${conf}: 5 warnings`,
      '',
    ]);
  });

  const devices = 'netif_defs {\n device d0 {\n }\n device d1 {\n }\n}\n';
  const worker = (cpu: number, lines: string, type = 'slave'): string => ` worker w${cpu} {\n cpu_id ${cpu}\n type ${type}\n${lines} }\n`;
  const port = (name: string, queue: number): string => ` port ${name} {\n rx_queue_ids ${queue}\n tx_queue_ids ${queue}\n }\n`;
  const workers = (...blocks: string[]): string => `${devices}worker_defs {\n${blocks.join('')}}\n`;
  const master = worker(0, '', 'master');

  test.each([
    ['two workers at one queue', workers(master, worker(1, port('d0', 0) + port('d1', 0)), worker(2, port('d0', 0) + port('d1', 1))), 'bad lcore configuration (error code: -2): rx queue 0 of port d0 is named twice, the second time by worker w2'],
    ['a port that is not there', workers(master, worker(1, port('d0', 0) + port('d1', 0) + port('d2', 0))), 'bad lcore configuration (error code: -5): worker w1 names port d2, but there are 2 ports and none of that name'],
    ['nobody who forwards', workers(master), 'bad lcore configuration (error code: -7): no worker block is of type slave'],
    ['two masters', workers(master, worker(3, '', 'master'), worker(1, port('d0', 0) + port('d1', 0))), 'workers w0 and w3 are both of type master: there is one'],
    ['one lcore for two', `${devices}worker_defs {\n${master}${worker(1, port('d0', 0) + port('d1', 0))}${worker(1, '').replace('w1', 'other')}}\n`, 'workers w1 and other name the same cpu_id 1: each needs one of its own'],
    ['a bonding of unknown devices', 'netif_defs {\n device d0 {\n }\n bonding bond0 {\n slave d0\n slave d9\n }\n}\n', 'bonding bond0 has slave d9, but there is no device block of that name'],
    ['a bonding of nothing', 'netif_defs {\n bonding bond0 {\n mode 1\n }\n}\n', 'bonding bond0 has no slave: name its devices'],
  ])('DPL-007 DPL-009 finds %s without starting', (_, text, why) => {
    const conf = file('wrong.conf', text);
    const { status, stderr } = dpvs('-t', '-c', conf);
    expect(stderr).toBe(`ERR port: ${why}\n${conf}: 1 error, the daemon would not start\n`);
    expect(status).toBe(1);
  });

  test('DPL-009 fewer queues than workers are no mistake: the device may not have more', () => {
    const conf = file('few.conf', workers(master, worker(1, port('d0', 0) + port('d1', 0)), worker(2, '')));
    expect(dpvs('-t', '-c', conf)).toMatchObject({ status: 0, stderr: '' });
  });

  test('DPL-007 a file that is not there: its name and how to get one', () => {
    const { status, stdout, stderr } = dpvs('-t', '-c', '/nonexistent/dpvs.conf');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe('ERR conf: cannot read the configuration file /nonexistent/dpvs.conf: No such file or directory; create it (see dpvs.conf.sample) or name another one with -c\n');
  });
});
