// SPDX-License-Identifier: Apache-2.0
// The completions of dpip, run by the shells that they are for, with names that a running daemon knows.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon } from '../harness/daemon';

const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'dpip-completion-'));
let daemon: Daemon;

function run(command: string, args: readonly string[], socket = daemon.socket): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: `${path.join(root, 'bin')}:${process.env['PATH'] ?? ''}`, DPVS_IPC_FILE: socket, HOME: folder, TERM: 'dumb' };
  return spawnSync(command, args, { env, cwd: root, encoding: 'utf8', timeout: 20_000 });
}

beforeAll(async () => {
  daemon = await new Daemon({ ports: 2 }).start();
  const script = `dpip vlan add link test0 id 7; dpip ipset create bad hash:ip; dpip ipset create good hash:net
    dpip addr add 10.0.0.1/24 dev test0; dpip -6 addr add 2001:db8::1/64 dev test0; dpip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev test0`;
  expect(run('bash', ['-ec', script])).toEqual(expect.objectContaining({ status: 0, stdout: '', stderr: '' }));
});

afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
});

function lines(text: string): string[] {
  return text.split('\n').filter((word) => word !== '');
}

/** What bash offers in place of the part of the last word that it replaces. */
function bash(line: string, socket?: string): string[] {
  const words = line.split(' ').flatMap((word) => word.match(/[:=]+|[^:=]+/g) ?? ['']);
  const script = 'source completions/dpip.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dpip; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout, stderr } = run('bash', ['--norc', '-c', `COMP_WORDBREAKS=$'"><;|&(:= '; ${script}`, 'bash', ...words], socket);
  expect(stderr).toBe('');
  return lines(stdout);
}

/** compadd belongs to the line editor; here it prints. */
function zsh(line: string): string[] {
  const file = path.join(folder, 'try.zsh');
  writeFileSync(file, 'compadd() { shift; print -rl -- $@ }\n_files() { print -r -- files }\nwords=("$@"); CURRENT=$#words; source completions/_dpip\n');
  const { stdout, stderr } = run('zsh', ['-f', file, ...line.split(' ')]);
  expect(stderr).toBe('');
  return lines(stdout);
}

function fish(line: string): string[] {
  const { stdout, stderr } = run('fish', ['--no-config', '-c', 'source completions/dpip.fish; complete -C $argv[1]', line]);
  expect(stderr).toBe('');
  return lines(stdout).map((text) => text.replace(/\t.*/, ''));
}

describe.each([['bash', bash], ['zsh', zsh], ['fish', fish]] as const)('DB-18 %s', (_shell, complete) => {
  it.each([
    ['dpip l', ['lcore', 'link', 'lldp']],
    ['dpip ipset te', ['test']],
    ['dpip addr add 10.1.1.1/24 dev ', ['test0', 'test0.7', 'test1']],
    ['dpip -s link show test0', ['test0', 'test0.7']],
    ['dpip link set test0 bond-x', ['bond-xmit-policy']],
    ['dpip link set test0 bond-xmit-policy layer', ['layer2', 'layer23', 'layer34']],
    ['dpip ipset add ', ['bad', 'comment', 'file', 'good', 'nomatch']],
    ['dpip addr del 10.', ['10.0.0.1/24']],
    ['dpip neigh del 10.0.0', ['10.0.0.9']],
    ['dpip cls add dev test0 pkttype ', ['ipv4', 'ipv6', 'vlan']],
    ['dpip qsch add dev test0 root tbf rate 1m b', ['burst']],
    ['dpip eal-mem show ', ['pool', 'ring', 'seg', 'zone']],
    ['dpip --js', ['--json']],
  ])('%s', (line, words) => {
    expect(complete(line).sort()).toEqual(words);
  });
});

describe('DB-18', () => {
  it('goes on behind a colon, which bash takes for the end of a word', () => {
    expect(bash('dpip addr del 2001:db8::')).toEqual(['1/64']);
    expect(bash('dpip ipset create x hash:net,p')).toEqual(['net,port', 'net,port,iface', 'net,port,net', 'net,port,net,port']);
  });

  it('completes names of files where a file is wanted', () => {
    expect(bash('dpip -b docs/compat')).toEqual(['docs/compatibility.md']);
    expect(zsh('dpip ipset add bad file docs/')).toEqual(['files']);
    expect(fish('dpip -b docs/compat')).toEqual(['docs/compatibility.md']);
  });

  it('says nothing without a daemon, and never an error', () => {
    expect(bash('dpip addr add 10.1.1.1/24 dev ', '/nonexistent/dpvs.ipc')).toEqual([]);
    expect(run('dpip', ['--complete', 'bogus', 'words', ''])).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(run('dpip', ['--complete'])).toMatchObject({ status: 0, stderr: '' });
  });

  it('prints what is installed', () => {
    for (const [shell, file] of Object.entries({ bash: 'dpip.bash', zsh: '_dpip', fish: 'dpip.fish' })) {
      expect(run('dpip', ['--completion', shell])).toMatchObject({ status: 0, stdout: readFileSync(path.join(root, 'completions', file), 'utf8') });
    }
    expect(run('dpip', ['--completion', 'csh'])).toMatchObject({ status: 1, stderr: "dpip: --completion 'csh': bash, zsh, fish\n" });
  });
});
