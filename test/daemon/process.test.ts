// SPDX-License-Identifier: Apache-2.0
// Start, stop, start again, reload.
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { newDaemon, startCase, stopDaemonsAfterEach } from '../harness/case';
import { Daemon } from '../harness/daemon';
import { configureAddresses, configureNeighbours, configureService, v4 } from '../cases/topology';
import { startConnection } from '../cases/tcp-connection';

stopDaemonsAfterEach();

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dpvs-process-'));
  folders.push(folder);
  return folder;
}

describe('start', () => {
  test('DPL-001 writes the pid file and a socket for root alone', async () => {
    const daemon = await newDaemon({ ports: 1 }).start();
    await daemon.waitFor('its pid file', () => existsSync(daemon.pidFile), 5000);
    expect(readFileSync(daemon.pidFile, 'utf8')).toBe(`${daemon.pid}\n`);
    const socket = lstatSync(daemon.socket);
    expect(socket.isSocket()).toBe(true);
    expect(socket.mode & 0o777).toBe(0o600);
    expect(daemon.transport.peer().pid).toBe(daemon.pid);
  });

  test('DPL-002 a second one is refused and leaves the first alone', async () => {
    const folder = newFolder();
    const first = await newDaemon({ ports: 1, folder }).start();
    await first.waitFor('its pid file', () => existsSync(first.pidFile), 5000);
    const second = new Daemon({ ports: 1, folder });
    second.spawn();
    expect((await second.ended()).code).toBe(1);
    expect(second.log()).toContain('dpvs is already running');
    expect(first.answers()).toBe(true);
    expect(readFileSync(first.pidFile, 'utf8')).toBe(`${first.pid}\n`);
  });

  test('a socket that somebody serves is not taken, even without pid file', async () => {
    const folder = newFolder();
    const first = await newDaemon({ ports: 1, folder }).start();
    const elsewhere = path.join(folder, 'other.pid');
    const second = new Daemon({ ports: 1, folder, args: ['-p', elsewhere] });
    second.spawn();
    expect((await second.ended()).code).toBe(1);
    expect(second.log()).toContain(`another process serves the control socket ${first.socket}`);
    expect(first.answers()).toBe(true);
  });

  test('DPL-002 after a crash: stale pid file and socket are replaced', async () => {
    const folder = newFolder();
    const first = await new Daemon({ ports: 1, folder }).start();
    await first.waitFor('its pid file', () => existsSync(first.pidFile), 5000);
    first.signal('SIGKILL');
    await first.ended();
    expect(existsSync(first.pidFile)).toBe(true);
    expect(existsSync(first.socket)).toBe(true);
    const second = await newDaemon({ ports: 1, folder }).start();
    expect(second.answers()).toBe(true);
  });

  test('DPL-004 failures say what, why and what to do, and end with status 1', async () => {
    const missing = new Daemon({ ports: 1, args: ['-c', '/nonexistent/dpvs.conf'] });
    missing.spawn();
    expect((await missing.ended()).code).toBe(1);
    expect(missing.log()).toContain('/nonexistent/dpvs.conf');

    const noFolder = new Daemon({ ports: 1, args: ['-x', '/nonexistent/dpvs.ipc'] });
    noFolder.spawn();
    expect((await noFolder.ended()).code).toBe(1);
    expect(noFolder.log()).toContain('directory /nonexistent does not exist');

    const inTheWay = newFolder();
    writeFileSync(path.join(inTheWay, 'dpvs.ipc'), 'precious');
    const occupied = new Daemon({ ports: 1, folder: inTheWay });
    occupied.spawn();
    expect((await occupied.ended()).code).toBe(1);
    expect(occupied.log()).toContain('exists and is not a socket');
    expect(readFileSync(path.join(inTheWay, 'dpvs.ipc'), 'utf8')).toBe('precious');
    for (const daemon of [missing, noFolder]) rmSync(daemon.folder, { recursive: true, force: true });
  });
});

describe('stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('DPL-005 %s: status 0, socket and pid file gone', async (signal) => {
    const folder = newFolder();
    const daemon = await new Daemon({ ports: 2, folder }).start();
    await daemon.waitFor('its pid file', () => existsSync(daemon.pidFile), 5000);
    daemon.signal(signal);
    expect(await daemon.ended()).toEqual({ code: 0, signal: null });
    expect(existsSync(daemon.socket)).toBe(false);
    expect(existsSync(daemon.pidFile)).toBe(false);
  });

  test('DPL-005 with connections and waiting packets', async () => {
    const c = await startCase({ workers: 2, queues: 2 });
    configureAddresses(c, v4);
    configureNeighbours(c, v4);
    configureService(c, v4, { proto: 'tcp', port: 80 });
    for (let i = 0; i < 20; i++) startConnection(c, v4, 80, 1000 + i);
    await c.daemon.stop();
    expect(c.daemon.exit).toEqual({ code: 0, signal: null });
  });
});

describe('SIGHUP', () => {
  const withEstablished = (seconds: number): Record<string, readonly string[]> => ({
    ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'tcp {', 'timeout {', `established ${seconds}`, '}', '}'],
  });

  test('DPL-006 applies reloadable keys to new connections, keeps old ones, says what needs a restart', async () => {
    const c = await startCase({ conf: withEstablished(50) });
    configureAddresses(c, v4);
    configureNeighbours(c, v4);
    configureService(c, v4, { proto: 'tcp', port: 80 });
    const established = (port: number): string => {
      startConnection(c, v4, 80, port);
      const line = c.output('ipvsadm -lnc').split('\n').find((text) => text.includes(`${v4.client}:${port}`)) ?? '';
      return line.split(/\s+/)[1] ?? '';
    };
    expect(established(1000)).toBe('50s');

    const text = readFileSync(c.daemon.confFile, 'utf8');
    c.daemon.writeConf(text.replace('established 50', 'established 70').replace('conn_pool_size 65535', 'conn_pool_size 131071'));
    c.daemon.signal('SIGHUP');
    await c.daemon.waitFor('the reload', () => c.daemon.log().includes('read again'), 5000);
    expect(established(1001)).toBe('70s');
    expect(c.daemon.log()).toMatch(/conn_pool_size.*restart/);
  });

  test('DPL-006 a broken file changes nothing', async () => {
    const daemon = await newDaemon({ ports: 1 }).start();
    rmSync(daemon.confFile);
    daemon.signal('SIGHUP');
    await daemon.waitFor('a complaint', () => /ERR.*dpvs\.conf/.test(daemon.log()), 5000);
    expect(daemon.answers()).toBe(true);
  });
});
