// SPDX-License-Identifier: Apache-2.0
// Where the log goes, what is in it, what SIGHUP does to it.
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newDaemon, stopDaemonsAfterEach } from '../harness/case';
import { sleep, type Daemon } from '../harness/daemon';

let folder = '';
let log = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dpvs-log-'));
  log = path.join(folder, 'log');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
stopDaemonsAfterEach();

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);

/** A daemon with these lines in global_defs, and what a reload with others makes of it. */
async function start(...global: string[]): Promise<Daemon> {
  return newDaemon({ ports: 1, conf: { global_defs: global } }).start();
}

async function reload(daemon: Daemon, change: (conf: string) => string): Promise<void> {
  daemon.writeConf(change(readFileSync(daemon.confFile, 'utf8')));
  daemon.signal('SIGHUP');
  await sleep(300);
  daemon.assertAlive();
}

const STAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ \S+: ./;

describe('destination', () => {
  test('DPL-012 a file gets every line with its time, stderr only the warnings of the start', async () => {
    const daemon = await start(`log_file ${log}`, 'log_async_pool_size 1024');
    expect(lines(log).filter((line) => !STAMP.test(line) && !/^(EAL|TELEMETRY|ETHDEV|PMD|rte_)/.test(line))).toEqual([]);
    expect(readFileSync(log, 'utf8')).toMatch(/ NOTICE main: dpvs \S+ is ready: 1 worker, 1 port/);
    expect(daemon.log()).not.toContain('is ready');
    expect(daemon.log()).toMatch(/WARNING conf: .*log_async_pool_size: 1024 is rounded down to 1023/);
  });

  test('DPL-012 without a file: stderr, beside syslog', async () => {
    const daemon = await start();
    expect(daemon.log()).toMatch(/^NOTICE main: dpvs \S+ is ready/m);
  });

  test('DPL-012 a moved file: SIGHUP opens a new one', async () => {
    const daemon = await start(`log_file ${log}`);
    const moved = path.join(folder, 'log.1');
    renameSync(log, moved);
    await reload(daemon, (conf) => conf);
    const before = lines(moved).length;
    expect(lines(log).at(-1)).toMatch(/NOTICE main: configuration \S+ read again$/);
    await reload(daemon, (conf) => conf);
    expect(lines(moved)).toHaveLength(before);
    expect(lines(log).filter((line) => line.endsWith('read again'))).toHaveLength(2);
  });

  test('DPL-012 DPL-006 the file is taken away by a reload, another one is given', async () => {
    const daemon = await start(`log_file ${log}`);
    await reload(daemon, (conf) => conf.replace(/log_file .*/, ''));
    expect(daemon.log()).toContain('read again');
    const other = path.join(folder, 'other');
    await reload(daemon, (conf) => conf.replace('global_defs {', `global_defs {\nlog_file ${other}`));
    expect(lines(other).at(-1)).toContain('read again');
    await reload(daemon, (conf) => conf.replace(other, '/nonexistent/log'));
    expect(lines(other).join('\n')).toContain('cannot write the log file /nonexistent/log: No such file or directory; correct global_defs/log_file');
  });
});

describe('levels', () => {
  test('DPL-012 what is less important than log_level is not there; a reload changes that', async () => {
    const daemon = await newDaemon({ ports: 1, conf: { global_defs: [`log_file ${log}`, 'log_level WARNING'] } }).start();
    expect(lines(log).join('\n')).not.toMatch(/ (NOTICE|INFO|DEBUG) (main|port|conf):/);
    await reload(daemon, (conf) => conf.replace('log_level WARNING', 'log_level NOTICE'));
    expect(lines(log).at(-1)).toContain('NOTICE main: configuration');
  });
});

describe('asynchronous', () => {
  test('DPL-013 what is said again and again is there once in five seconds, and counted', async () => {
    const daemon = await start(`log_file ${log}`, 'log_async_mode on');
    expect(lines(log).at(-1)).toContain('is ready');
    rmSync(daemon.confFile);
    for (let i = 0; i < 20; i++) {
      daemon.signal('SIGHUP');
      await sleep(30);
    }
    await sleep(200);
    const complaints = (): string[] => lines(log).filter((line) => line.includes('cannot read the configuration file'));
    expect(complaints()).toHaveLength(1);
    expect(complaints()[0]).toMatch(STAMP);
    await daemon.stop();
    expect(lines(log).some((line) => /NOTICE log: (1\d|2\d) more messages like this left out: cannot read the configuration file/.test(line))).toBe(true);
    expect(lines(log).at(-1)).toContain('NOTICE main: stopped');
  });

  test('DPL-013 time stamps are taken away and given by a reload', async () => {
    const daemon = await start(`log_file ${log}`, 'log_async_mode on', 'log_with_timestamp off');
    await reload(daemon, (conf) => conf);
    expect(lines(log).at(-1)).toMatch(/^NOTICE main: configuration \S+ read again$/);
    // Another message, as the same one would be left out.
    await reload(daemon, (conf) => conf.replace('log_with_timestamp off', ''));
    rmSync(daemon.confFile);
    daemon.signal('SIGHUP');
    await sleep(300);
    expect(lines(log).at(-1)).toMatch(STAMP);
    expect(lines(log).at(-1)).toContain('cannot read the configuration file');
  });
});
