// SPDX-License-Identifier: Apache-2.0
// What only a real process can show: descriptors, names of the program, exit statuses. Needs the build.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDaemon } from '../../support/fake-daemon';
import { loadVector } from '../../support/vectors';

const bin = path.join(import.meta.dirname, '../../../bin');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ipvsadm-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function shell(command: string, socket = path.join(folder, 'none')): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, DPVS_IPC_FILE: socket },
  });
  return { status, stdout, stderr };
}

it('IA-020 lists what a daemon on a socket has', async () => {
  const vector = loadVector('ipvsadm', 'scripted/ipvsadm-list');
  const daemon = await FakeDaemon.playing(vector);
  try {
    // The daemon plays its replies in order, so servers are asked for in the order of upstream.
    expect(shell('ipvsadm -ln --nosort', daemon.path).stdout.split('\n').slice(0, 3)).toEqual(vector.stdout.split('\n').slice(0, 3));
  } finally {
    await daemon.stop();
  }
});

it('IA-002 says in two lines that there is no daemon', () => {
  expect(shell('ipvsadm -ln')).toEqual({
    status: 2,
    stdout: '',
    stderr: "Can't initialize ipvs: No such file or directory\nAre you sure that dpvs is running?\n",
  });
});

it('says the same when something else is there', () => {
  expect(shell('ipvsadm -C', '/dev/null').stderr).toBe("Can't initialize ipvs: Connection refused\nAre you sure that dpvs is running?\n");
  expect(shell('ipvsadm -C', `/${'x'.repeat(200)}`).stderr).toContain("Can't initialize ipvs: File name too long\n");
});

describe('stdout', () => {
  it('IA-128 that nobody reads ends the run quietly', () => {
    expect(shell('(sleep 0.2; ipvsadm -h) | true')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('that is full is an error', () => {
    const { status, stderr } = shell('ipvsadm -h > /dev/full');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^ipvsadm: ENOSPC.*\n$/);
  });
});

it('IA-120 reads rules from a pipe that is slow', () => {
  const { status, stderr } = shell("(printf '# nothing\\n-'; sleep 0.2; printf 'L --foo\\n') | ipvsadm -R");
  expect([status, stderr]).toEqual([255, 'line 2: --foo: unknown option\nline 2: -L --foo\n']);
});

it('IA-004 is called in messages as it was started', () => {
  symlinkSync(path.join(bin, 'ipvsadm'), path.join(folder, 'lvs'));
  expect(shell(`${folder}/lvs`.concat(' -n')).stderr).toBe("Try `lvs -h' or 'lvs --help' for more information.\n");
});

it('IA-123 saves and restores under its other names, whatever links to them are called', () => {
  symlinkSync(path.join(bin, 'ipvsadm-save'), path.join(folder, 'backup'));
  expect(shell(`${folder}/backup -x`)).toMatchObject({ status: 1, stdout: '' });
  expect(shell('ipvsadm-save -n').status).toBe(2);
  expect(shell('ipvsadm-restore < /dev/null').status).toBe(2);
});
