// SPDX-License-Identifier: Apache-2.0
// The completions of shells, run by these shells. Needs the build; shells that are not installed are left out.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MSG } from '../../src/ipc/codec';
import { COMMANDS, OPTIONS, type OptionRow } from '../../src/cli/ipvsadm/options';
import { FakeDaemon, makeReply } from '../support/fake-daemon';
import { address, destsReply, infoReply, servicesReply, tcpService } from '../golden/ipvsadm/run';

const root = path.join(import.meta.dirname, '../..');
const bin = path.join(root, 'bin');
let daemon: FakeDaemon;
let folder = '';
let env: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  const reply = (id: number, body: Uint8Array): Uint8Array => makeReply({ id, body });
  const v6 = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const services = [
    tcpService(1, { num_dests: 2 }),
    tcpService(2, { port: 443 }),
    tcpService(3, { af: 10, addr: v6, port: 8080 }),
    tcpService(4, { proto: 17, port: 53 }),
    { ...tcpService(0), addr: address(0, 0, 0, 0), port: 0, fwmark: 7 },
  ];
  const one = servicesReply([tcpService(1, { num_dests: 2 })]).subarray(8);
  const dest = { af: 2, port: 8001, fwdmode: 5 };
  const dests = destsReply([{ ...dest, addr: address(172, 16, 5, 9) }, { ...dest, addr: address(172, 16, 5, 10) }]);
  const byId = {
    [MSG.DPVS_SO_GET_INFO]: reply(MSG.DPVS_SO_GET_INFO, infoReply(services.length)),
    [MSG.DPVS_SO_GET_SERVICES]: reply(MSG.DPVS_SO_GET_SERVICES, servicesReply(services)),
    [MSG.DPVS_SO_GET_SERVICE]: reply(MSG.DPVS_SO_GET_SERVICE, one),
    [MSG.DPVS_SO_GET_DESTS]: reply(MSG.DPVS_SO_GET_DESTS, dests),
  };
  daemon = await FakeDaemon.start([{ byId }], { repeat: true });
  folder = mkdtempSync(path.join(tmpdir(), 'completion-'));
  env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, DPVS_IPC_FILE: daemon.path, HOME: folder, TERM: 'dumb' };
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await daemon.stop();
});

function run(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, args, { env: { ...env, ...more }, cwd: root, encoding: 'utf8', timeout: 20_000 });
}

describe('IB-15 bash', () => {
  /** How bash splits a line: : and = are words, and so is what is between them. */
  function split(line: string): string[] {
    return line.split(' ').flatMap((word) => word.match(/[:=]+|[^:=]+/g) ?? ['']);
  }

  function complete(line: string, more: NodeJS.ProcessEnv = {}, breaks = ':='): string[] {
    const words = breaks === '' ? line.split(' ') : split(line);
    const script = 'source completions/ipvsadm.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ipvsadm; printf "%s\\n" "${COMPREPLY[@]}"';
    const { stdout, stderr } = run('bash', ['--norc', '-c', `COMP_WORDBREAKS=$'"><;|&(${breaks} '; ${script}`, 'bash', ...words], more);
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  }

  it.each([
    ['ipvsadm --add-s', ['--add-service', '--add-server']],
    ['ipvsadm --comp', ['--completion']],
    ['ipvsadm -A --sy', ['--synproxy']],
    ['ipvsadm -At 10.0.0.9:80 -s w', ['wrr', 'wlc']],
    ['ipvsadm -A -t 10.0.0.9:80 -j ', ['enable', 'disable']],
    ['ipvsadm -A -t 10.0.0.9:80 --proxy-protocol v2', ['v2', 'v2-insecure']],
    ['ipvsadm -L --stats --st', ['--state']],
    ['ipvsadm -L --proto icmp', ['icmp', 'icmpv6']],
    ['ipvsadm -Z -t 10.0.0.9:80 --u', []],
    ['ipvsadm -Ln --thr', ['--thresholds']],
    ['ipvsadm -D --thr', []],
    ['ipvsadm --completion ', ['bash', 'zsh', 'fish']],
    ['ipvsadm -L --color=a', ['auto', 'always']],
    ['ipvsadm -A -t 10.0.0.9:80 -p --hash', ['--hash-target']],
    ['ipvsadm -A -t 10.0.0.9:80 -p 3', []],
    ['ipvsadm --help --', []],
    ['ipvsadm --apply docs/compat', ['docs/compatibility.md']],
  ])('completes the words of %j', (line, words) => {
    expect(complete(line)).toEqual(words);
  });

  it.each([
    ['ipvsadm -D -t ', ['10.0.0.1:80', '10.0.0.2:443', '[2001:db8::1]:8080']],
    ['ipvsadm -Dt 10', ['10.0.0.1:80', '10.0.0.2:443']],
    ['ipvsadm -D -t 10.0.0.1:', ['80']],
    ['ipvsadm -D -t [2001:db8', ['db8::1]:8080']],
    ['ipvsadm -D --udp-service ', ['10.0.0.4:53']],
    ['ipvsadm -D -f ', ['7']],
    ['ipvsadm -d -t 10.0.0.1:80 -r ', ['172.16.5.9:8001', '172.16.5.10:8001']],
    ['ipvsadm -dt 10.0.0.1:80 -r 172.16.5.1', ['172.16.5.10:8001']],
    ['ipvsadm -L --vip=10.0.0.2:4', ['443']],
  ])('completes from the daemon %j', (line, words) => {
    expect(complete(line)).toEqual(words);
  });

  it('replaces whole words where bash does not split them', () => {
    expect(complete('ipvsadm -D -t 10.0.0.1:', {}, '')).toEqual(['10.0.0.1:80']);
    expect(complete('ipvsadm -L --vip=10.0.0.2:4', {}, '')).toEqual(['--vip=10.0.0.2:443']);
  });

  it('says nothing, and not late, without a daemon, with a dumb one and for nonsense', () => {
    const none = { DPVS_IPC_FILE: '/nonexistent/dpvs.ipc' };
    const lines = ['ipvsadm -D -t ', 'ipvsadm -d -t 300.1.1.1:80 -r ', 'ipvsadm -d -t host.example:80 -r ', 'ipvsadm -P -z '];
    for (const line of lines) expect(complete(line, none)).toEqual([]);
    expect(run('bash', ['-c', 'ipvsadm --complete services 2>&1'], none)).toMatchObject({ status: 0, stdout: '' });
    expect(run('bash', ['-c', 'ipvsadm --complete nonsense 2>&1'])).toMatchObject({ status: 0, stdout: '' });
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      run(path.join(bin, 'ipvsadm'), ['--complete', 'services'], none);
      return performance.now() - began;
    });
    expect(Math.min(...times)).toBeLessThan(200);
  });

  it('waits no longer than people do for a daemon that does not answer', async () => {
    const silent = await FakeDaemon.start([{ stall: true, reply: new Uint8Array() }], { repeat: true });
    try {
      const began = performance.now();
      expect(complete('ipvsadm -D -t ', { DPVS_IPC_FILE: silent.path })).toEqual([]);
      expect(performance.now() - began).toBeLessThan(1500);
    } finally {
      await silent.stop();
    }
  });
});

describe('IB-15 zsh', () => {
  /** compadd and _describe belong to the line editor; here they print. */
  const STUBS = `compadd() { shift; print -rl -- $@ }
_describe() { local n=$argv[-1]; print -rl -- \${(P)n} }
_files() { print -r -- files }
compset() { PREFIX=\${PREFIX#*=} }
`;

  function complete(line: string): string[] {
    const file = path.join(folder, 'try.zsh');
    writeFileSync(file, `${STUBS}source completions/_ipvsadm\nwords=("$@"); CURRENT=$#words; PREFIX=$words[-1]; _ipvsadm\n`);
    const { stdout, stderr } = run('zsh', ['-f', file, ...line.split(' ')]);
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  }

  it.each([
    ['ipvsadm -At 10.0.0.9:80 -s w', ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'sh', 'dh', 'conhash', 'mh', 'lblc', 'lblcr']],
    ['ipvsadm -L --color=a', ['auto', 'always', 'never']],
    ['ipvsadm -D -t 10', ['10.0.0.1:80', '10.0.0.2:443']],
    ['ipvsadm -d -t 10.0.0.1:80 -r ', ['172.16.5.9:8001', '172.16.5.10:8001']],
    ['ipvsadm --apply x', ['files']],
  ])('completes values of %j', (line, words) => {
    expect(complete(line)).toEqual(words);
  });

  it('describes commands, and the options that a command takes and has not yet', () => {
    expect(complete('ipvsadm ')).toContain('--list:list services, or one of them; -l is the same');
    const offered = complete('ipvsadm -D -t 10.0.0.1:80 ').map((text) => text.replace(/:.*/, ''));
    expect(offered).toContain('--if-exists');
    expect(offered.filter((name) => ['-u', '--tcp-service', '--stats', '-s'].includes(name))).toEqual([]);
  });

  it('is found by the completion system', () => {
    const { stdout } = run('zsh', ['-f', '-c', `fpath=(completions $fpath); autoload -Uz compinit; compinit -u -d ${folder}/dump; print $_comps[ipvsadm]`]);
    expect(stdout.trim()).toBe('_ipvsadm');
  });
});

describe('IB-15 fish', () => {
  function complete(line: string): string[] {
    const { stdout, stderr } = run('fish', ['--no-config', '-c', 'source completions/ipvsadm.fish; complete -C $argv[1]', line]);
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '').map((text) => text.replace(/\t.*/, ''));
  }

  it.each([
    ['ipvsadm --add-s', ['--add-server', '--add-service']],
    ['ipvsadm -At 10.0.0.9:80 -s w', ['wlc', 'wrr']],
    ['ipvsadm -D -t 10', ['10.0.0.1:80', '10.0.0.2:443']],
    ['ipvsadm -d -t 10.0.0.1:80 -r 172', ['172.16.5.10:8001', '172.16.5.9:8001']],
    ['ipvsadm -L --thr', ['--thresholds']],
    ['ipvsadm -D --thr', []],
  ])('completes %j', (line, words) => {
    expect(complete(line).sort()).toEqual(words);
  });
});

it('IB-15 prints what is installed, and knows every command and option', () => {
  const files = { bash: 'ipvsadm.bash', zsh: '_ipvsadm', fish: 'ipvsadm.fish' };
  for (const [shell, file] of Object.entries(files)) {
    const { status, stdout } = run('ipvsadm', ['--completion', shell]);
    expect([status, stdout]).toEqual([0, readFileSync(path.join(root, 'completions', file), 'utf8')]);
    for (const { long, hidden } of [...COMMANDS, ...(OPTIONS as readonly OptionRow[])]) {
      if (hidden !== true) expect(stdout).toMatch(new RegExp(shell === 'fish' ? `-l ${long}\\b` : `--${long}\\b`));
    }
  }
  expect(run('ipvsadm', ['--completion', 'csh'])).toMatchObject({ status: 2, stderr: "illegal shell 'csh' specified, require bash|zsh|fish\n" });
});
