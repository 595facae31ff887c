// SPDX-License-Identifier: Apache-2.0
// Changes that neither LVS nor DPVS has: wishes that may be fulfilled already, flushes, drains, replacements, networks in lists.
import { describe, expect, it } from 'vitest';
import { main } from '../../../src/cli/ipvsadm/main';
import type { Io } from '../../../src/cli/runtime';
import { MSG } from '../../../src/ipc/codec';
import { MemoryDaemon } from '../../support/extension-daemon';
import { collectingIo } from '../../support/io';
import { ipvsadm, type Result } from './run';

const WEB = ['-t', '10.0.0.1:80'];

async function prepared(options: ConstructorParameters<typeof MemoryDaemon>[0] = { extensions: true }): Promise<MemoryDaemon> {
  const daemon = new MemoryDaemon(options);
  for (const line of [
    '-A -t 10.0.0.1:80 -s rr',
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -b -w 5 -x 100 -y 50',
    '-a -t 10.0.0.1:80 -r 10.0.1.2 -b -w 7',
    '-P -t 10.0.0.1:80 -z 10.0.2.1 -F dpdk1',
    '-P -t 10.0.0.1:80 -z 10.0.2.2 -F dpdk1',
    '-U -t 10.0.0.1:80 -k 10.9.0.1',
    '-O -t 10.0.0.1:80 -2 10.9.0.2',
  ]) expect(await ipvsadm(line.split(' '), daemon)).toEqual({ code: 0, stdout: '', stderr: '' }); // prettier-ignore
  return daemon;
}

async function saved(daemon: MemoryDaemon): Promise<string[]> {
  return (await ipvsadm(['-S', '-n'], daemon)).stdout.trimEnd().split('\n');
}

const quiet: Result = { code: 0, stdout: '', stderr: '' };

describe('IB-08 --if-exists and --if-not-exists', () => {
  it.each([
    ['-A -t 10.0.0.1:80 -s rr --if-not-exists', '-A -t 10.0.0.1:80 -s rr', 253],
    ['-a -t 10.0.0.1:80 -r 10.0.1.1 -b --if-not-exists', '-a -t 10.0.0.1:80 -r 10.0.1.1 -b', 253],
    ['-P -t 10.0.0.1:80 -z 10.0.2.1 -F dpdk1 --if-not-exists', '-P -t 10.0.0.1:80 -z 10.0.2.1 -F dpdk1', 253],
    ['-D -t 10.0.0.9:80 --if-exists', '-D -t 10.0.0.9:80', 255],
    ['-E -t 10.0.0.9:80 -s wrr --if-exists', '-E -t 10.0.0.9:80 -s wrr', 255],
    ['-d -t 10.0.0.1:80 -r 10.0.1.9 --if-exists', '-d -t 10.0.0.1:80 -r 10.0.1.9', 252],
    ['-d -t 10.0.0.9:80 -r 10.0.1.9 --if-exists', '-d -t 10.0.0.9:80 -r 10.0.1.9', 255],
    ['-e -t 10.0.0.1:80 -r 10.0.1.9 -b --if-exists', '-e -t 10.0.0.1:80 -r 10.0.1.9 -b', 252],
    ['-Q -t 10.0.0.1:80 -z 10.0.2.9 -F dpdk1 --if-exists', '-Q -t 10.0.0.1:80 -z 10.0.2.9 -F dpdk1', 252],
    ['-V -t 10.0.0.1:80 -k 10.9.0.9 --if-exists', '-V -t 10.0.0.1:80 -k 10.9.0.9', 252],
    ['-Y -t 10.0.0.1:80 -2 10.9.0.9 --if-exists', '-Y -t 10.0.0.1:80 -2 10.9.0.9', 252],
  ])('%s', async (tolerant, strict, code) => {
    const daemon = await prepared();
    const before = await saved(daemon);
    expect(await ipvsadm(tolerant.split(' '), daemon)).toEqual(quiet);
    const refused = await ipvsadm(strict.split(' '), daemon);
    expect(refused.code).toBe(code);
    expect(refused.stderr).not.toBe('');
    expect(await saved(daemon)).toEqual(before);
  });

  it('still makes and deletes what can be, and tells other failures', async () => {
    const daemon = await prepared();
    expect(await ipvsadm('-A -t 10.0.0.2:80 -s rr --if-not-exists'.split(' '), daemon)).toEqual(quiet);
    expect(await ipvsadm('-D -t 10.0.0.2:80 --if-exists'.split(' '), daemon)).toEqual(quiet);
    expect(daemon.services).toHaveLength(1);
    expect((await ipvsadm('-A -t 10.0.0.2:80 -s none --if-not-exists'.split(' '), daemon)).code).toBe(252);
  });

  it('an address that was there before is left alone when its service has it already', async () => {
    const daemon = await prepared();
    await ipvsadm('-P -t 10.0.0.1:80 -z 10.0.2.1 -F dpdk1 --if-not-exists'.split(' '), daemon);
    expect(daemon.configuration.addresses).toHaveLength(2);
  });
});

describe('IB-13 flushes', () => {
  it.each([false, true])('of local addresses, deny and allow lists (extensions: %s)', async (extensions) => {
    const daemon = await prepared({ extensions });
    expect(await ipvsadm(['--flush-laddr', ...WEB], daemon)).toEqual(quiet);
    expect(daemon.services[0]?.laddrs).toEqual([]);
    expect(daemon.acls.deny).toHaveLength(1);
    expect(await ipvsadm(['--flush-blklst', ...WEB], daemon)).toEqual(quiet);
    expect([daemon.acls.deny.length, daemon.acls.allow.length]).toEqual([0, 1]);
    expect(await ipvsadm(['--flush-whtlst', ...WEB], daemon)).toEqual(quiet);
    expect(daemon.acls.allow).toEqual([]);
  });

  it('of a service that is not there', async () => {
    const daemon = await prepared();
    const { code, stderr } = await ipvsadm(['--flush-laddr', '-t', '10.0.0.9:80'], daemon);
    expect([code, stderr.split('\n')[1]]).toEqual([239, 'Service not defined']);
  });
});

describe('IB-14 --drain', () => {
  /** A drain whose connections end while it sleeps: `left` has their number for each look. */
  async function drained(argv: string[], left: number[], changes: Partial<Io> = {}): Promise<Result & { daemon: MemoryDaemon; sleeps: number[] }> {
    const daemon = await prepared();
    let now = 1000;
    const sleeps: number[] = [];
    const show = (): void => {
      const dest = daemon.services[0]?.dests.find(({ addr }) => addr[3] === 1);
      if (dest !== undefined) dest.actconns = left.shift() ?? 0;
    };
    show();
    const io = collectingIo({
      transport: () => daemon,
      now: () => now,
      sleep: (ms) => {
        sleeps.push(ms);
        now += ms;
        show();
        return Promise.resolve();
      },
      ...changes,
    });
    const code = await main(argv, io);
    return { code, ...io.printed, daemon, sleeps };
  }

  it('of a server keeps everything but its weight, and waits for the last connection', async () => {
    const { code, stdout, stderr, daemon, sleeps } = await drained(['--drain', ...WEB, '-r', '10.0.1.1'], [3, 2, 1, 0]);
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(sleeps).toEqual([1000, 1000, 1000]);
    expect(await saved(daemon)).toContain('-a -t 10.0.0.1:80 -r 10.0.1.1:80 -b -w 0 -x 100 -y 50');
    expect(await saved(daemon)).toContain('-a -t 10.0.0.1:80 -r 10.0.1.2:80 -b -w 7');
  });

  it('of a service is that of all its servers', async () => {
    const { code, daemon } = await drained(['--drain', ...WEB], [1, 0]);
    expect(code).toBe(0);
    expect(daemon.services[0]?.dests.map(({ weight }) => weight)).toEqual([0, 0]);
  });

  it('ends at its deadline with what is left', async () => {
    const { code, stderr, sleeps, daemon } = await drained(['--drain', ...WEB, '-r', '10.0.1.1', '--deadline', '2'], [4, 4, 4, 4]);
    expect([code, stderr]).toEqual([1, '4 connections are left; the weight stays 0\n']);
    expect(sleeps).toEqual([1000, 1000]);
    expect(daemon.services[0]?.dests.find(({ addr }) => addr[3] === 1)?.weight).toBe(0);
  });

  it('does not wait with a deadline of 0', async () => {
    const { code, stderr, sleeps } = await drained(['--drain', ...WEB, '-r', '10.0.1.1', '--deadline', '0'], [1]);
    expect([code, stderr, sleeps]).toEqual([1, '1 connection is left; the weight stays 0\n', []]);
  });

  it('says what it leaves behind when it is interrupted', async () => {
    let now = 0;
    const daemon = await prepared();
    for (const dest of daemon.services[0]?.dests ?? []) dest.actconns = 2;
    const io = collectingIo({
      transport: () => daemon,
      now: () => now,
      sleep: (ms, interrupted) => {
        now += ms;
        interrupted?.();
        return Promise.reject(new Error('the process ends here'));
      },
    });
    await expect(main(['--drain', ...WEB], io)).rejects.toThrow('the process ends here');
    expect(io.printed.stderr).toBe('interrupted: 4 connections are left; the weight stays 0\n');
    expect(daemon.services[0]?.dests.map(({ weight }) => weight)).toEqual([0, 0]);
  });

  it('tells people at a terminal how it goes', async () => {
    const { stderr } = await drained(['--drain', ...WEB, '-r', '10.0.1.1'], [2, 1, 0], { isTTY: true });
    expect(stderr).toBe('2 left\n1 left\n');
  });

  it('of what is not there is refused', async () => {
    expect((await drained(['--drain', ...WEB, '-r', '10.0.1.9'], [])).code).toBe(252);
    expect((await drained(['--drain', '-t', '10.0.0.9:80'], [])).code).toBe(255);
  });
});

describe('IB-14 --replace-server', () => {
  it.each([true, false])('gives the new one all that the old one has (extensions: %s)', async (extensions) => {
    const daemon = await prepared({ extensions });
    const argv = ['--replace-server', ...WEB, '-r', '10.0.1.1', '--replacement', '10.0.1.3:8080'];
    expect(await ipvsadm(argv, daemon)).toEqual(quiet);
    expect((await saved(daemon)).filter((line) => line.startsWith('-a '))).toEqual([
      '-a -t 10.0.0.1:80 -r 10.0.1.2:80 -b -w 7',
      '-a -t 10.0.0.1:80 -r 10.0.1.3:8080 -b -w 5 -x 100 -y 50',
    ]);
    expect(daemon.asked.includes(MSG.DS_MSG_BATCH)).toBe(extensions);
  });

  it.each([true, false])('changes nothing when the new one is there already (extensions: %s)', async (extensions) => {
    const daemon = await prepared({ extensions });
    const before = await saved(daemon);
    const { code, stderr } = await ipvsadm(['--replace-server', ...WEB, '-r', '10.0.1.1', '--replacement', '10.0.1.2'], daemon);
    expect([code, stderr.split('\n')[1]]).toEqual([253, 'Destination already exists']);
    expect(await saved(daemon)).toEqual(before);
  });

  it('refuses to replace a server by itself, and what is not there', async () => {
    const daemon = await prepared();
    const same = await ipvsadm(['--replace-server', ...WEB, '-r', '10.0.1.1:80', '--replacement', '10.0.1.1'], daemon);
    expect([same.code, same.stderr]).toEqual([2, 'the replacement is the server itself\n']);
    expect((await ipvsadm(['--replace-server', ...WEB, '-r', '10.0.1.9', '--replacement', '10.0.1.3'], daemon)).code).toBe(252);
  });
});

describe('IB-14 networks in deny and allow lists', () => {
  it('are added, listed and deleted', async () => {
    const daemon = await prepared();
    expect(await ipvsadm(['-U', ...WEB, '-k', '10.8.0.0/16'], daemon)).toEqual(quiet);
    expect((await ipvsadm(['-B', ...WEB], daemon)).stdout).toContain('10.8.0.0/16');
    expect(await ipvsadm(['-V', ...WEB, '-k', '10.8.0.0/16'], daemon)).toEqual(quiet);
    expect((await ipvsadm(['-B', ...WEB], daemon)).stdout).not.toContain('10.8.0.0');
  });

  it('a whole address is an address', async () => {
    const daemon = await prepared({ extensions: false });
    expect((await ipvsadm(['-U', ...WEB, '-k', '10.8.0.1/32'], daemon)).code).toBe(0);
  });

  it('need a daemon that has them', async () => {
    const daemon = await prepared({ extensions: false });
    const { code, stderr } = await ipvsadm(['-U', ...WEB, '-k', '10.8.0.0/16'], daemon);
    expect(code).toBe(1);
    expect(stderr).toMatch(/needs a daemon with networks in access lists; this one is dpvs v1\.10\.2, dpvs-suite/);
  });

  it.each(['10.8.0.1/16', '10.8.0.0/33', '10.8.0.0/', 'fd00::1/64'])('%s is refused before a daemon is asked', async (entry) => {
    const daemon = await prepared();
    const asked = daemon.asked.length;
    const { code, stderr } = await ipvsadm(['-U', ...WEB, '-k', entry], daemon);
    expect([code, stderr.split('\n').length, daemon.asked.length]).toEqual([2, 2, asked]);
  });
});
