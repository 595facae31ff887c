// SPDX-License-Identifier: Apache-2.0
// --set and -L --timeout.
import { describe, expect, it } from 'vitest';
import { decode, MSG } from '../../../src/ipc/codec';
import { MemoryDaemon } from '../../support/extension-daemon';
import { validDocument } from '../../support/schema';
import { infoReply, ipvsadm, ScriptedDaemon, type Result } from './run';

function run(daemon: MemoryDaemon | ScriptedDaemon, line: string): Promise<Result> {
  return ipvsadm(line.split(' '), daemon);
}

describe('IA-079 IA-080 a daemon that has timeouts', () => {
  it('lists them in the words of LVS and sets those that are not 0', async () => {
    const daemon = new MemoryDaemon({ extensions: true });
    expect(await run(daemon, '-L --timeout')).toEqual({ code: 0, stdout: 'Timeout (tcp tcpfin udp): 90 7 300\n', stderr: '' });
    expect(await run(daemon, '--set 900 120 0')).toEqual({ code: 0, stdout: '', stderr: '' });
    const [sent] = daemon.requests.filter(({ type }) => type === 'set');
    expect(sent?.id).toBe(MSG.DS_MSG_TIMEOUTS);
    expect(decode('ds_timeouts', sent?.body ?? Buffer.alloc(0))).toEqual({ tcp: 900, tcp_fin: 120, udp: 0, reserved: 0 });
    expect((await run(daemon, '-L -n --timeout')).stdout).toBe('Timeout (tcp tcpfin udp): 900 120 300\n');
    const { stdout } = await run(daemon, '-L --timeout --json');
    expect(validDocument('timeouts', stdout)).toEqual({ tcp_seconds: 900, tcp_fin_seconds: 120, udp_seconds: 300 });
  });
});

describe('IA-079 IA-080 a daemon of old', () => {
  it.each([
    ['--set 10 20 30', 255, '--set: not supported by dpvs\n'],
    ['--set 0 0 2678400', 255, '--set: not supported by dpvs\n'],
    ['-L --timeout', 1, '--timeout: not supported by this daemon, dpvs has nothing to list for it\n'],
  ])('%s is told, and ends with %i', async (line, code, stderr) => {
    for (const daemon of [new MemoryDaemon({}), new ScriptedDaemon({ [MSG.DPVS_SO_GET_INFO]: () => infoReply(0) })]) {
      expect(await run(daemon, line)).toEqual({ code, stdout: '', stderr });
      expect(daemon.requests.filter(({ type }) => type === 'set')).toEqual([]);
    }
  });
});
