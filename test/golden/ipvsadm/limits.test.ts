// SPDX-License-Identifier: Apache-2.0
// --conn-limit and --limit-proportion: on their way into a daemon, out of it, and through all that writes and reads rules.
import { describe, expect, it } from 'vitest';
import { MSG, sizeOf } from '../../../src/ipc/codec';
import { MemoryDaemon } from '../../support/extension-daemon';
import { validDocument } from '../../support/schema';
import { ipvsadm, type Result } from './run';

const V = '-t 10.0.0.1:80';
const OLD = /--conn-limit needs a daemon with limits of connections; this one is dpvs v1\.10\.2, dpvs-suite/;

function daemonWith(extensions = true): MemoryDaemon {
  return new MemoryDaemon({ extensions });
}

async function run(daemon: MemoryDaemon, line: string, stdin = ''): Promise<Result> {
  return ipvsadm(line.split(' '), daemon, { stdin });
}

async function done(daemon: MemoryDaemon, line: string, stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await run(daemon, line, stdin);
  expect([line, code, stderr]).toEqual([line, 0, '']);
  return stdout;
}

function changes(daemon: MemoryDaemon): number[] {
  return daemon.requests.filter(({ type }) => type === 'set').map(({ body }) => body.length);
}

describe('a daemon that has limits', () => {
  it('is given one, shows it and keeps it through other edits', async () => {
    const daemon = daemonWith();
    await done(daemon, `-A ${V} -s rr --conn-limit 500 --limit-proportion 40`);
    expect(changes(daemon)).toEqual([sizeOf.dp_vs_service_compat + sizeOf.ds_service_ext]);
    expect(await done(daemon, '-S -n')).toBe(`-A ${V} -s rr --conn-limit 500 --limit-proportion 40\n`);
    expect((await done(daemon, '-L -n --details')).split('\n').slice(-3)).toEqual([
      'TCP  10.0.0.1:80 rr conn-limit 500', expect.stringMatching(/^ {5}0 +0 +0 +0 +0 +40$/), '',
    ]); // prettier-ignore
    const listed = validDocument('service_list', await done(daemon, '-L -n --json'));
    expect(listed).toMatchObject({ services: [{ conn_limit: 500, limit_proportion_percent: 40 }] });
    await done(daemon, `-E ${V} -s wrr`);
    expect(await done(daemon, '-S -n')).toBe(`-A ${V} -s wrr --conn-limit 500 --limit-proportion 40\n`);
    await done(daemon, `-E ${V} --conn-limit 7 --limit-proportion 0`);
    expect(await done(daemon, '-S -n')).toBe(`-A ${V} -s wrr --conn-limit 7\n`);
    await done(daemon, `-E ${V} --conn-limit 0`);
    expect(await done(daemon, '-S -n')).toBe(`-A ${V} -s wrr\n`);
  });

  it.each(['-R', '-R --atomic', '--apply -'])('takes the rules of -S and the JSON of -S --json back by %s', async (how) => {
    const first = daemonWith();
    await done(first, `-A ${V} -s rr --conn-limit 500 --limit-proportion 40`);
    const rules = await done(first, '-S -n');
    const document = await done(first, '-S -n --json');
    for (const [text, options] of [[rules, ''], [document, how.startsWith('-R') ? ' --json' : '']] as const) {
      const second = daemonWith();
      const { code, stderr } = await run(second, `${how}${options}`, text);
      expect([code, stderr]).toEqual([0, '']);
      expect(await done(second, '-S -n')).toBe(rules);
    }
  });

  it('--apply shows and makes a difference of limits, and takes one away', async () => {
    const daemon = daemonWith();
    await done(daemon, `-A ${V} -s rr --conn-limit 500`);
    expect(await done(daemon, '--apply -', `-A ${V} -s rr --conn-limit 400\n`)).toContain(`~ -A ${V} -s rr --conn-limit 400`);
    expect(await done(daemon, '-S -n')).toBe(`-A ${V} -s rr --conn-limit 400\n`);
    await done(daemon, '--apply -', `-A ${V} -s rr\n`);
    expect(await done(daemon, '-S -n')).toBe(`-A ${V} -s rr\n`);
    expect(await done(daemon, '--apply -', `-A ${V} -s rr\n`)).toBe('');
  });

  it('-E in an atomic restore changes a limit', async () => {
    const daemon = daemonWith();
    await done(daemon, `-A ${V} -s rr --conn-limit 500`);
    await done(daemon, '-R --atomic', `-E ${V} --conn-limit 9\n`);
    expect(await done(daemon, '-S -n')).toBe(`-A ${V} -s rr --conn-limit 9\n`);
  });

  it('leaves both out with --compat-save', async () => {
    const daemon = daemonWith();
    await done(daemon, `-A ${V} -s rr --conn-limit 500 --limit-proportion 40`);
    expect(await done(daemon, '-S -n --compat-save')).toBe(`-A ${V} -s rr\n`);
  });
});

describe('a daemon without limits is not asked for one', () => {
  it.each(['-A', '-E'])('%s', async (command) => {
    const daemon = daemonWith(false);
    if (command === '-E') await done(daemon, `-A ${V} -s rr`);
    daemon.requests.length = 0;
    const { code, stderr } = await run(daemon, `${command} ${V} --conn-limit 5`);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(OLD);
    expect(changes(daemon)).toEqual([]);
  });

  it.each(['-R', '--apply -'])('%s', async (how) => {
    const daemon = daemonWith(false);
    const result = await run(daemon, how, `-A ${V} -s rr --conn-limit 5\n`).catch((error: unknown) => ({ code: 1, stderr: String(error) }));
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(OLD);
    expect(changes(daemon)).toEqual([]);
  });

  it('but takes what is no limit, and a proportion', async () => {
    const daemon = daemonWith(false);
    await done(daemon, `-A ${V} -s rr --conn-limit 0 --limit-proportion 30`);
    await done(daemon, `-E ${V} -s wrr`);
    expect(changes(daemon)).toEqual([sizeOf.dp_vs_service_compat, sizeOf.dp_vs_service_compat]);
    expect(await done(daemon, '-S -n')).toBe(`-A ${V} -s wrr --limit-proportion 30\n`);
    expect(daemon.requests.filter(({ id }) => id === MSG.DPVS_SO_SET_EDIT)).toHaveLength(1);
  });
});

it('a limit below the number of workers is refused with the reason', async () => {
  const daemon = new MemoryDaemon({ extensions: true, workers: 4 });
  const { code, stderr } = await run(daemon, `-A ${V} --conn-limit 3`);
  expect(code).not.toBe(0);
  expect(stderr).toBe('--conn-limit 3 is too low: 4 workers share it, and each needs at least one connection\n');
  expect(changes(daemon)).toEqual([]);
  await done(daemon, `-A ${V} --conn-limit 4`);
});

describe('values that cannot be', () => {
  it.each([
    ['--conn-limit', '-1', "illegal conn-limit '-1' specified, require 0 to 2147483647"],
    ['--conn-limit', '2147483648', "illegal conn-limit '2147483648' specified, require 0 to 2147483647"],
    ['--conn-limit', 'x', "illegal conn-limit 'x' specified, require 0 to 2147483647"],
    ['--limit-proportion', '101', "illegal limit-proportion '101' specified, require 0 to 100"],
    ['--limit-proportion', '', "illegal limit-proportion '' specified, require 0 to 100"],
  ])('%s=%s', async (option, value, message) => {
    const daemon = daemonWith();
    const { code, stderr } = await ipvsadm(['-A', '-t', '10.0.0.1:80', `${option}=${value}`], daemon);
    expect([code, stderr.split('\n')[0]]).toEqual([2, message]);
    expect(changes(daemon)).toEqual([]);
  });
});
