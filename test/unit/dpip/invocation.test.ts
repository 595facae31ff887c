// SPDX-License-Identifier: Apache-2.0
// How a command line is taken apart, before any object looks at it.
import { describe, expect, test } from 'vitest';
import { OBJECTS } from '../../../src/cli/dpip/objects';
import { parseOptions } from '../../../src/cli/dpip/options';
import { VERB_ALIASES } from '../../../src/cli/dpip/grammar';
import { ClosedError, ConnectError, DaemonError, TimeoutError } from '../../../src/ipc/client';
import { dpip, Scripted, words } from '../../golden/dpip/run';

const ROUTE_SHOW = 32;

function options(line: string, posix = false): ReturnType<typeof parseOptions> {
  return parseOptions('dpip', words(line), posix);
}

describe('options', () => {
  test('DP-001 stand anywhere, alone or bundled', () => {
    const { options: read, words: left } = options('link show dpdk0 -s -C -i 1');
    expect(read).toMatchObject({ stats: true, color: true, interval: 1, verbose: false });
    expect(left).toEqual(['link', 'show', 'dpdk0']);
    expect(options('-sv link show').options).toMatchObject({ stats: true, verbose: true });
  });

  test.each([
    ['-i3', 3],
    ['-i 3', 3],
    ['--interval=3', 3],
    ['--interval 3', 3],
    ['--int 3', 3],
    ['-si3', 3],
    ['-i x', 0],
    ['-i 2x', 2],
    ['-i -1', 0],
  ])('DP-001 DP-002 %s is an interval of %d', (line, seconds) => {
    expect(options(line).options.interval).toBe(seconds);
  });

  test.each(['--stats', '--statistics', '--stat', '--s'])('DP-002 %s means statistics', (line) => {
    expect(options(line).options.stats).toBe(true);
  });

  test.each([
    ['-4 -6', 10],
    ['-6 -4', 2],
    ['-6 -f inet', 2],
    ['--family=inet6', 10],
    ['', 0],
  ])('DP-003 "%s" asks for family %d: the last one wins', (line, family) => {
    expect(options(line).options.family).toBe(family);
  });

  test('DP-001 -- ends them', () => {
    expect(options('-v -- link -s').words).toEqual(['link', '-s']);
  });

  test('POSIXLY_CORRECT ends them at the first word', () => {
    expect(options('-v link -s', true)).toMatchObject({ words: ['link', '-s'], options: { verbose: true, stats: false } });
  });

  test.each([
    ['-X', "dpip: invalid option -- 'X'"],
    ['-vX', "dpip: invalid option -- 'X'"],
    ['-D', "dpip: invalid option -- 'D'"],
    ['--foo', "dpip: unrecognized option '--foo'"],
    ['--ver', "dpip: option '--ver' is ambiguous; possibilities: '--verbose' '--version'"],
    ['--verbose=1', "dpip: option '--verbose' doesn't allow an argument"],
    ['-i', "dpip: option requires an argument -- 'i'"],
    ['--interval', "dpip: option '--interval' requires an argument"],
    ['-f ipx', 'invalid family'],
    ['link set bond0 bond-link-down-prop -1', "dpip: invalid option -- '1'"],
  ])('DP-001 DP-003 %s: %s', async (line, message) => {
    expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\n` });
  });

  test('DP-004 -V prints the version at once', async () => {
    const result = await dpip('-V --foo');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^dpip-\d+\.\d+\.\d+\n$/);
  });
});

describe('DP-022 help goes to stderr', () => {
  test.each([
    ['', 0, 'OBJECT VERB'],
    ['-h', 1, 'OBJECT VERB'],
    ['-s', 1, 'OBJECT VERB'],
    ['nonsense', 1, 'OBJECT VERB'],
    ['-h nonsense', 1, 'OBJECT VERB'],
    ['link', 1, 'dpip link'],
    ['-h link', 1, 'dpip link'],
    ['link show dpdk0 -h', 1, 'dpip link'],
    ['link help', 0, 'dpip link'],
    ['link help me', 0, 'dpip link'],
  ])('DP-005 DP-006 DP-007 dpip %s: exit %d', async (line, code, part) => {
    const result = await dpip(line);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(part);
  });

  test('the general one names every object and its verbs', async () => {
    const { stderr } = await dpip('-h');
    for (const object of OBJECTS) {
      const line = stderr.split('\n').find((text) => text.startsWith(`  ${object.name} `)) ?? '';
      for (const verb of Object.keys(object.verbs)) expect(line, object.name).toContain(verb);
    }
  });

  test.each(OBJECTS.map((object) => [object.name, object] as const))('DP-007 %s help names every verb and keyword', async (name, object) => {
    const { stderr } = await dpip(`${name} help`);
    for (const [verb, spec] of Object.entries(object.verbs)) {
      expect(stderr).toMatch(new RegExp(`dpip .*${name} ${verb}`));
      if (spec.usage !== undefined) continue;
      for (const [keyword, arg] of Object.entries(spec.args)) {
        if (arg.kind === 'key' || arg.kind === 'flag') expect(stderr).toContain(keyword);
      }
    }
  });
});

describe('words', () => {
  test('DP-008 DP-010 verb before object, exact names', async () => {
    expect(await dpip('nonsense show')).toMatchObject({ code: 1, stderr: "dpip: invalid object, use `-h' for help.\n" });
    expect(await dpip('nonsense nonsense')).toMatchObject({ code: 1, stderr: 'invalid command nonsense\n' });
    expect(await dpip('link shw')).toMatchObject({ code: 1, stderr: "invalid command shw\ndid you mean 'show'?\n" });
    expect(await dpip('Link show')).toMatchObject({ code: 1, stderr: "dpip: invalid object, use `-h' for help.\ndid you mean 'link'?\n" });
    expect(await dpip('route got')).toMatchObject({ code: 1, stderr: "invalid command got\ndid you mean 'get'?\n" });
    expect(await dpip('constructor toString')).toMatchObject({ code: 1, stderr: 'invalid command toString\n' });
  });

  test('DP-009 the program is called by its name in the message', async () => {
    const result = await dpip('nonsense show', undefined, { argv0: 'dp' });
    expect(result.stderr).toBe("dp: invalid object, use `-h' for help.\n");
  });

  test('DP-010 list is show, change is set', () => {
    expect(VERB_ALIASES).toEqual({ list: 'show', change: 'set' });
  });

  test.each([
    ['neigh create', 'dpip: not support\n'],
    ['addr enable', 'dpip: not support\n'],
    ['maddr add', 'dpip: not support\n'],
    ['eal-mem add', 'dpip: not support\n'],
    ['vlan flush', 'dpip: check: not support\n'],
    ['lldp add', 'dpip: check: not support\n'],
    ['ipset enable', 'dpip: parse: invalid parameter\n'],
    ['drop flush', 'dpip: not support\n'],
  ])('DP-011 %s: a verb that the object does not have', async (line, stderr) => {
    expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr });
  });

  test.each(['addr', 'route', 'neigh', 'vlan'])('DP-017 %s add … dev at the end of the line', async (object) => {
    const { code, stderr } = await dpip(`${object} add ${object === 'vlan' ? 'link' : 'dev'}`);
    expect(code).toBe(1);
    expect(stderr.split('\n')[0]).toBe(`missing argument for \`${object === 'vlan' ? 'link' : 'dev'}'`);
  });
});

describe('what cannot be helped', () => {
  const run = (error: Error): ReturnType<typeof dpip> => dpip('route show', new Scripted({ [ROUTE_SHOW]: error }));

  test('DP-012 DP-013 the daemon refuses', async () => {
    expect(await run(new DaemonError(ROUTE_SHOW, -4, 'not exist'))).toEqual({
      code: 1,
      stdout: '',
      stderr: '[sockopt_msg_recv] errcode set in socket msg#32 header: not exist(-4)\ndpip: not exist\n',
    });
  });

  test('it refuses with a code that has no text', async () => {
    expect((await run(new DaemonError(ROUTE_SHOW, -99, 'odd'))).stderr).toContain('odd(-99)\ndpip: <unknow>\n');
  });

  test('DP-014 there is none', async () => {
    const error = new ConnectError('/run/x', 'ENOENT', 'No such file or directory', ROUTE_SHOW, 'get');
    const { code, stderr } = await run(error);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\[dpvs_getsockopt\] scoket msg connection error: No such file or directory\n/);
    expect(stderr).toContain('dpip: cannot reach dpvs daemon at /run/x: ');
  });

  test('DP-021 it is for others', async () => {
    const error = new ConnectError('/run/x', 'EACCES', 'Permission denied', ROUTE_SHOW, 'get');
    expect((await run(error)).stderr).toMatch(/dpip: cannot reach dpvs daemon at \/run\/x: Permission denied; run the command as root/);
  });

  test('DP-015 it hangs up', async () => {
    const { code, stderr } = await run(new ClosedError(ROUTE_SHOW, 0, 88, 'header'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\[sockopt_msg_recv\] socket msg header recv error -- 0\/88 recieved\ndpip: the daemon closed/);
  });

  test('it says nothing', async () => {
    expect(await run(new TimeoutError(ROUTE_SHOW, 1000))).toMatchObject({ code: 1, stderr: expect.stringMatching(/^dpip: .*1000 ms/) });
  });

  test.each([
    ['empty', ''],
    ['cut off', '01000000'],
    ['a negative count', 'ffffffff'],
  ])('DP-114 its reply is %s', async (_what, hex) => {
    const { code, stdout, stderr } = await dpip('route show', new Scripted({ [ROUTE_SHOW]: Buffer.from(hex, 'hex') }));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^corrupted response\.\ndpip: /);
  });

  test('a defect of ours is not taken for one of the daemon', async () => {
    await expect(run(new RangeError('defect'))).rejects.toThrow('defect');
  });
});

describe('-i and -c', () => {
  const show = (line: string): ReturnType<typeof dpip> => dpip(line, new Scripted({ [ROUTE_SHOW]: Buffer.alloc(4) }));

  test('-c alone is complained about, the command runs', async () => {
    expect(await show('route show -c 1')).toEqual({ code: 0, stdout: '', stderr: "missing option '-i'\n" });
  });

  test('-i without a meaning is warned about', async () => {
    expect(await show('route show -i 1')).toEqual({ code: 0, stdout: '', stderr: "warning: option '-i' has no effect here\n" });
  });
});
