// SPDX-License-Identifier: Apache-2.0
// --watch as a process: signals, terminals and readers that go away. Needs the build.
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MSG } from '../../../src/ipc/codec';
import { FakeDaemon, makeReply } from '../../support/fake-daemon';
import { infoReply, servicesReply, tcpService } from './run';

const bin = path.join(import.meta.dirname, '../../../bin');
const { DPVS_SO_GET_INFO, DPVS_SO_GET_SERVICES, DPVS_SO_GET_DESTS } = MSG;
let daemon: FakeDaemon;
let env: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  const reply = (id: number, body: Uint8Array): Uint8Array => makeReply({ id, body });
  const byId = {
    [DPVS_SO_GET_INFO]: reply(DPVS_SO_GET_INFO, infoReply(1)),
    [DPVS_SO_GET_SERVICES]: reply(DPVS_SO_GET_SERVICES, servicesReply([tcpService(1)])),
    [DPVS_SO_GET_DESTS]: reply(DPVS_SO_GET_DESTS, Buffer.alloc(144)),
  };
  daemon = await FakeDaemon.start([{ byId }], { repeat: true });
  env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, DPVS_IPC_FILE: daemon.path, TERM: 'xterm' };
});

afterAll(() => daemon.stop());

/** Waits until a process has printed something. */
function until(child: ChildProcessWithoutNullStreams, printed: RegExp): Promise<void> {
  let text = '';
  return new Promise((resolve) => {
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      if (printed.test(text)) resolve();
    });
  });
}

function ended(child: ChildProcessWithoutNullStreams): Promise<{ code: number | null; stderr: string; stdout: string }> {
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => void (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => void (stderr += data.toString()));
  return new Promise((resolve) => child.on('close', (code) => void resolve({ code, stdout, stderr })));
}

describe('IB-04 --watch', () => {
  it('ends with status 130 when it is interrupted', async () => {
    const child = spawn('ipvsadm', ['-ln', '--watch=30'], { env });
    const end = ended(child);
    await until(child, /TCP {2}10\.0\.0\.1:80 rr/);
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 130, stderr: '' });
  });

  it('leaves a terminal as it was: Ctrl-C, status 130, cursor on a line of its own', async () => {
    const child = spawn('script', ['-qfec', 'stty rows 10 cols 60; exec ipvsadm -ln --watch=30', '/dev/null'], { env });
    const end = ended(child);
    await until(child, /every 30 s[^]*TCP {2}10\.0\.0\.1:80 rr/);
    child.stdin.write('\u0003');
    const { code, stdout } = await end;
    expect(code).toBe(130);
    expect(stdout).toMatch(/rr\s*\u001b\[K\u001b\[J(\^C)?\r\n$/);
    expect(stdout).not.toContain('\u001b[?');
  });

  it('IA-128 ends quietly when nobody reads any more', () => {
    const { status, stderr, stdout } = spawnSync('bash', ['-o', 'pipefail', '-c', 'ipvsadm -ln --watch=0.1 | head -n 1'], { env, encoding: 'utf8', timeout: 10_000 });
    expect([status, stderr, stdout]).toEqual([0, '', 'IP Virtual Server version 1.10.2 (size=0)\n']);
  });

  it('says that its output is full', () => {
    const { status, stderr } = spawnSync('bash', ['-c', 'ipvsadm -ln --watch=0.1 > /dev/full'], { env, encoding: 'utf8', timeout: 10_000 });
    expect([status, stderr]).toEqual([1, 'ipvsadm: ENOSPC: no space left on device, write\n']);
  });

  it('prints a list as soon as it has it', async () => {
    const child = spawn('ipvsadm', ['-ln', '--watch=0.1', '--count=3'], { env });
    const { code, stdout } = await ended(child);
    expect(code).toBe(0);
    expect(stdout.split('\n\n')).toHaveLength(3);
  });
});

it('IB-17 colours a terminal with --color, and nothing else', () => {
  const inTerminal = (command: string): string => spawnSync('script', ['-qfec', command, '/dev/null'], { env: { ...env, NO_COLOR: '' }, encoding: 'utf8' }).stdout;
  expect(inTerminal('ipvsadm -ln --color')).toContain('\u001b[1mTCP  10.0.0.1:80\u001b[22m rr');
  expect(inTerminal('ipvsadm -ln')).not.toContain('\u001b');
  expect(inTerminal('NO_COLOR=1 ipvsadm -ln --color')).not.toContain('\u001b');
  expect(inTerminal('ipvsadm -ln --color | cat')).not.toContain('\u001b');
});

it('IB-20 says on stderr what an option may have been meant to be', () => {
  const { status, stderr, stdout } = spawnSync('ipvsadm', ['-L', '--numric'], { env, encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([255, '', '--numric: unknown option\nDid you mean --numeric?\n']);
});
