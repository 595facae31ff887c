// SPDX-License-Identifier: Apache-2.0
// Which daemon a command line asks, and how long it waits: --socket and --timeout-ms.
import { describe, expect, it } from 'vitest';
import { main } from '../../../src/cli/ipvsadm/main';
import type { TransportChoice } from '../../../src/cli/runtime';
import { MSG } from '../../../src/ipc/codec';
import { collectingIo } from '../../support/io';
import { infoReply, ipvsadm, OK, ScriptedDaemon } from './run';

const { DPVS_SO_GET_INFO, DPVS_SO_SET_FLUSH } = MSG;

function daemon(): ScriptedDaemon {
  return new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [DPVS_SO_SET_FLUSH]: OK });
}

async function choices(argv: string[], stdin = ''): Promise<(TransportChoice | undefined)[]> {
  const asked: (TransportChoice | undefined)[] = [];
  const one = daemon();
  const io = collectingIo({
    stdinText: () => stdin,
    transport: (choice) => {
      asked.push(choice);
      return one;
    },
  });
  expect(await main(argv, io)).toBe(0);
  return asked;
}

describe('IB-18 --socket and --timeout-ms', () => {
  it('choose the daemon and the time for its answers', async () => {
    expect(await choices(['-C', '--socket', '/run/other.ipc', '--timeout-ms=250'])).toEqual([{ path: '/run/other.ipc', timeoutMs: 250 }]);
    expect(await choices(['-C', '--timeout-ms', '1'])).toEqual([{ path: undefined, timeoutMs: 1 }]);
  });

  it('leave the choice to the environment if they are not given', async () => {
    expect(await choices(['-C'])).toEqual([undefined]);
  });

  it('count for every rule that -R reads', async () => {
    const asked = await choices(['-R', '--socket', '/run/other.ipc'], '-C\n-C\n');
    expect(new Set(asked.map((choice) => choice?.path))).toEqual(new Set(['/run/other.ipc']));
  });

  it.each([
    ['-C --socket /run/other.ipc', 'socket'],
    ['-C --timeout-ms 5', 'timeout-ms'],
    ['-C --color=never', 'color'],
    ['-Ln --watch', 'watch'],
  ])('do not belong to a rule: %s', async (rule, name) => {
    const one = daemon();
    const { code, stderr } = await ipvsadm(['-R'], one, { stdin: `# rules\n${rule}\n` });
    expect([code, stderr]).toEqual([2, `line 2: Illegal '${name}' option in a rule, it belongs to the command that reads the rules\n`]);
    expect(one.asked(DPVS_SO_SET_FLUSH)).toEqual([]);
  });

  it.each([
    ['--socket', ''],
    ['--socket', `/${'x'.repeat(107)}`],
    ['--timeout-ms', '0'],
    ['--timeout-ms', '1s'],
    ['--timeout-ms', '3600001'],
  ])('refuse %s %j', async (option, value) => {
    const { code, stderr } = await ipvsadm(['-C', option, value], daemon());
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^illegal ${option.slice(2)} '.*' specified, require .*\n$`));
  });
});
