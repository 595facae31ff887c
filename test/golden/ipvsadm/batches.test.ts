// SPDX-License-Identifier: Apache-2.0
// -R with a daemon that takes many changes in one message, and what only such a daemon can do.
import { describe, expect, it } from 'vitest';
import { ClosedError, DaemonError } from '../../../src/ipc/client';
import { EDPVS, MSG } from '../../../src/ipc/codec';
import { EXTENSIONS, MemoryDaemon, type MemoryDaemonOptions } from '../../support/extension-daemon';
import { ipvsadm, type Result } from './run';

const { DS_MSG_BATCH: BATCH, DPVS_SO_SET_ADD, DPVS_SO_GET_SERVICE, SOCKOPT_SET_IFADDR_DEL } = MSG;

function daemonWith(options: MemoryDaemonOptions = {}): MemoryDaemon {
  return new MemoryDaemon({ extensions: true, devices: ['dpdk0', 'dpdk1'], ...options });
}

function restore(daemon: MemoryDaemon, lines: readonly string[], ...options: string[]): Promise<Result> {
  return ipvsadm(['-R', ...options], daemon, { stdin: `${lines.join('\n')}\n` });
}

async function saved(daemon: MemoryDaemon): Promise<string> {
  return (await ipvsadm(['-S', '-n'], daemon)).stdout;
}

function batches(daemon: MemoryDaemon): number {
  return daemon.asked.filter((id) => id === BATCH).length;
}

function services(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `-A -t 10.0.${i >> 8}.${i & 255}:80 -s rr`);
}

const MIXED = [
  '-A -t 10.0.0.1:80 -s rr',
  '-A -t 10.0.0.1:80 -s rr',
  '-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -b',
  '-a -t 10.0.0.9:80 -r 10.1.0.1:8080 -b',
  '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0',
  '-P -t 10.0.0.9:80 -z 192.168.0.2 -F dpdk0',
  '-U -t 10.0.0.1:80 -k 198.51.100.1',
  '-U -t 10.0.0.8:80 -k 198.51.100.1',
  '-O -t 10.0.0.1:80 -2 198.51.100.0/24',
  '-d -t 10.0.0.1:80 -r 10.1.0.1:8081',
  '-Z -t 10.0.0.1',
  '-D -t 10.0.0.7:80',
  '-V -t 10.0.0.1:80 -k 198.51.100.99',
];

describe('IB-07 -R in batches', () => {
  it('sends all lines in one message', async () => {
    const daemon = daemonWith();
    expect(await restore(daemon, services(500))).toEqual({ code: 0, stdout: '', stderr: '' });
    expect([daemon.services.length, batches(daemon), daemon.asked.includes(DPVS_SO_SET_ADD)]).toEqual([500, 1, false]);
  });

  it('sends a single line as it would be sent on its own', async () => {
    const daemon = daemonWith();
    await restore(daemon, services(1));
    expect(daemon.asked).toEqual([MSG.DPVS_SO_GET_INFO, DPVS_SO_SET_ADD]);
  });

  it('IA-119 IA-120 says of each line what is said without batches', async () => {
    const [together, singly] = [daemonWith(), daemonWith({ extensions: [MSG.DS_MSG_ACL, MSG.DS_MSG_LIST_SERVICES] })];
    const results = [await restore(together, MIXED), await restore(singly, MIXED)];
    expect(results[0]).toEqual(results[1]);
    expect(results[0]?.code).toBe(253);
    expect(results[0]?.stderr.split('\n').filter((line) => /^line \d+: -/.test(line))).toEqual(
      [2, 4, 6, 10, 11, 12, 13].map((number) => `line ${number}: ${MIXED[number - 1] ?? ''}`),
    );
    expect(results[0]?.stderr).toContain('line 8: warning: there is no such service; the entry waits for one\n');
    expect(results[0]?.stderr).toContain('line 11: warning: DPVS zeroes the counters of all services when the port is 0\n');
    expect(results[0]?.stderr).toContain('line 10: hint: the service has 10.1.0.1:8080; repeat its forwarding option (-b, -m ...) and its port\n');
    expect(await saved(together)).toBe(await saved(singly));
    expect([batches(together), batches(singly)]).toEqual([1, 0]);
  });

  it('IA-074 takes a local address from its device when no service got it, and leaves it when another one did', async () => {
    const daemon = daemonWith();
    const lines = ['-A -t 10.0.0.1:80', '-P -t 10.0.0.9:80 -z 192.168.0.1 -F dpdk0', '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0', '-P -t 10.0.0.9:80 -z 192.168.0.2 -F dpdk0'];
    const { code, stderr } = await restore(daemon, lines);
    expect([code, stderr.match(/Service not defined/g)?.length]).toEqual([239, 2]);
    expect(daemon.configuration.addresses.map(({ addr }) => [...addr.subarray(0, 4)])).toEqual([[192, 168, 0, 1]]);
    expect(daemon.asked.filter((id) => id === SOCKOPT_SET_IFADDR_DEL)).toHaveLength(1);
  });

  it('IA-075 asks for no service that it just made', async () => {
    const daemon = daemonWith();
    await restore(daemon, ['-A -t 10.0.0.1:80', '-U -t 10.0.0.1:80 -k 9.9.9.9', '-O -t 10.0.0.1:80 -2 9.9.9.9']);
    expect(daemon.asked).not.toContain(DPVS_SO_GET_SERVICE);
  });

  it('runs lines that have to look first in their place', async () => {
    const daemon = daemonWith();
    const lines = ['-A -t 10.0.0.1:80 -s rr', '-A -t 10.0.0.2:80 -s rr', '-E -t 10.0.0.1:80 -s wrr', '-L -n -t 10.0.0.1:80', '-D -t 10.0.0.1:80', '-L -n -t 10.0.0.1:80'];
    const { code, stdout, stderr } = await restore(daemon, lines);
    expect(stdout).toContain('TCP  10.0.0.1:80 wrr\n');
    expect([code, stderr.split('\n').at(-2)]).toEqual([1, 'line 6: -L -n -t 10.0.0.1:80']);
    expect(await saved(daemon)).toBe('-A -t 10.0.0.2:80 -s rr\n');
  });

  it('IA-119 ends at a mistake; the lines before it are in force', async () => {
    const daemon = daemonWith();
    const result = await restore(daemon, ['-A -t 10.0.0.1:80', '-A -t 10.0.0.1:80', '-A -t 10.0.0.2:80 -w 1', '-A -t 10.0.0.3:80']);
    expect(result.code).toBe(2);
    expect(result.stderr.split('\n').slice(1)).toEqual([
      'line 2: Service already exists',
      'line 2: -A -t 10.0.0.1:80',
      "line 3: Illegal 'weight' option with the 'add-service' command",
      '',
    ]);
    expect(daemon.services).toHaveLength(1);
  });

  it('--keep-going goes on after mistakes, and tells of everything in the order of the lines', async () => {
    const daemon = daemonWith();
    const { code, stderr } = await restore(daemon, ['-A -t 1', '-A -t 10.0.0.1:80', 'foo', '-A -t 10.0.0.1:80', '-A -t 10.0.0.2:80 -M x', '-R', '-A -t 10.0.0.3:80'], '--keep-going');
    expect(code).toBe(2);
    expect(stderr.split('\n')).toEqual([
      'line 1: illegal virtual server address[:port] specified',
      'line 1: -A -t 1',
      "line 3: Try `ipvsadm -h' or 'ipvsadm --help' for more information.",
      'line 3: foo',
      'line 4: [sockopt_msg_recv] errcode set in socket msg#10 header: already exist(-3)',
      'line 4: Service already exists',
      'line 4: -A -t 10.0.0.1:80',
      'line 5: illegal virtual server persistent mask specified',
      'line 5: -A -t 10.0.0.2:80 -M x',
      "line 6: Try `ipvsadm -h' or 'ipvsadm --help' for more information.",
      'line 6: -R',
      '',
    ]);
    expect([daemon.services.length, batches(daemon)]).toEqual([2, 1]);
  });

  it('sends as many messages as the limits of the daemon demand', async () => {
    const daemon = daemonWith({ maxBatchItems: 10 });
    expect((await restore(daemon, services(95))).code).toBe(0);
    expect([daemon.services.length, batches(daemon)]).toEqual([95, 10]);
  });

  it('sends lines one by one when the daemon takes no batch just now', async () => {
    const daemon = daemonWith({
      before: (_self, { id }) => {
        if (id === BATCH) throw new DaemonError(id, EDPVS.EDPVS_NOMEM, 'no memory');
      },
    });
    expect(await restore(daemon, services(5))).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(daemon.services).toHaveLength(5);
  });

  it('names the line where the daemon went away', async () => {
    const daemon = daemonWith({
      maxBatchItems: 10,
      before: (self, { id }) => {
        if (self.services.length > 10 && id !== DPVS_SO_SET_ADD) throw new ClosedError(id, 0, 88, 'header');
      },
    });
    const { code, stderr } = await restore(daemon, services(40));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^line 21: .*recieved\nline 21: .*\nline 21: -A -t 10\.0\.0\.20:80 -s rr\n/);
  });

  it('shows no control characters and no endless lines of its input', async () => {
    const long = `-A -t 10.0.0.1:80 ${'-6 '.repeat(200)}`;
    const { stderr } = await restore(daemonWith(), [long], '--keep-going');
    expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThan(300);
  });
});

describe('IB-07 -R --atomic', () => {
  it('carries out all lines in one message', async () => {
    const daemon = daemonWith();
    const lines = ['-A -t 10.0.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r 10.1.0.1 -b', '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0', '-U -t 10.0.0.1:80 -k 9.9.9.9'];
    expect(await restore(daemon, lines, '--atomic')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect([batches(daemon), daemon.configuration.addresses.length]).toEqual([1, 1]);
    expect((await saved(daemon)).split('\n')).toHaveLength(5);
  });

  it('changes nothing when the daemon refuses a line', async () => {
    const daemon = daemonWith();
    await restore(daemon, MIXED.slice(0, 1));
    const before = await saved(daemon);
    const result = await restore(daemon, ['-A -t 10.0.0.2:80', '-C', '-a -t 10.0.0.9:80 -r 10.1.0.1 -b', '-A -t 10.0.0.3:80'], '--atomic');
    expect(result).toEqual({
      code: 255,
      stdout: '',
      stderr: [
        'line 3: [sockopt_msg_recv] errcode set in socket msg#13 header: invalid parameter(-1)',
        'line 3: Service not defined',
        'line 3: -a -t 10.0.0.9:80 -r 10.1.0.1 -b',
        'nothing was changed',
        '',
      ].join('\n'),
    });
    expect(await saved(daemon)).toBe(before);
  });

  it('sends nothing when lines are wrong, and names all of them', async () => {
    const daemon = daemonWith();
    const { code, stderr } = await restore(daemon, ['-A -t 10.0.0.2:80', '-A -t x:y:z', '-L', '-a -t 10.0.0.2:80'], '--atomic');
    expect(code).toBe(2);
    expect(stderr.split('\n')).toEqual([
      'line 2: illegal virtual server address[:port] specified',
      'line 2: -A -t x:y:z',
      "line 4: You need to supply the 'real-server' option for the 'add-server' command",
      'line 4: -a -t 10.0.0.2:80',
      "line 3: the 'list' command cannot be a part of --atomic",
      'line 3: -L',
      'nothing was changed',
      '',
    ]);
    expect(daemon.asked).toEqual([]);
  });

  it('gives up after a hundred mistakes', async () => {
    const { code, stderr } = await restore(daemonWith(), Array<string>(500).fill('garbage'), '--atomic');
    expect([code, stderr.split('\n').length]).toEqual([255, 203]);
    expect(stderr).toContain('the lines behind it were not read\nnothing was changed\n');
  });

  it('edits services as the lines before make them, or as the daemon has them', async () => {
    const daemon = daemonWith();
    await restore(daemon, ['-A -t 10.0.0.1:80 -s rr -p 50']);
    const lines = ['-E -t 10.0.0.1:80 -s wrr', '-A -t 10.0.0.2:80 -s rr -j enable', '-E -t 10.0.0.2:80 --conn-timeout 9', '-E -t 10.0.0.2:80 -s wlc'];
    expect(await restore(daemon, lines, '--atomic')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await saved(daemon)).toBe('-A -t 10.0.0.1:80 -s wrr -p 50\n-A -t 10.0.0.2:80 -s wlc -j enable --conn-timeout 9\n');
  });

  it('refuses to edit what there will not be', async () => {
    const daemon = daemonWith();
    await restore(daemon, services(1));
    expect(await restore(daemon, ['-C', '-E -t 10.0.0.0:80 -s wlc'], '--atomic')).toEqual({
      code: 255,
      stdout: '',
      stderr: 'line 2: No such service\nline 2: -E -t 10.0.0.0:80 -s wlc\nnothing was changed\n',
    });
    expect(daemon.services).toHaveLength(1);
  });

  it('IA-073 takes local addresses from devices when no service will need them', async () => {
    const daemon = daemonWith();
    const add = ['-A -t 10.0.0.1:80', '-A -t 10.0.0.2:80', ...[1, 2].map((n) => `-P -t 10.0.0.${n}:80 -z 192.168.0.1 -F dpdk0`), '-P -t 10.0.0.1:80 -z 192.168.0.2 -F dpdk1'];
    await restore(daemon, add);
    const result = await restore(daemon, ['-Q -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0', '-Q -t 10.0.0.1:80 -z 192.168.0.2 -F dpdk1'], '--atomic');
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(daemon.configuration.addresses.map(({ ifname }) => ifname)).toEqual(['dpdk0']);
    expect(await saved(daemon)).toBe('-A -t 10.0.0.1:80 -s wlc\n-A -t 10.0.0.2:80 -s wlc\n-P -t 10.0.0.2:80 -z 192.168.0.1 -F dpdk0\n');
  });

  it('takes wishes that are fulfilled already', async () => {
    const daemon = daemonWith();
    await restore(daemon, ['-A -t 10.0.0.1:80', '-a -t 10.0.0.1:80 -r 10.1.0.1 -b']);
    const lines = [
      '-A -t 10.0.0.1:80 --if-not-exists', '-a -t 10.0.0.1:80 -r 10.1.0.1 -b --if-not-exists', '-D -t 10.0.0.9:80 --if-exists', '-d -t 10.0.0.1:80 -r 10.1.0.7 --if-exists',
      '-E -t 10.0.0.9:80 -s rr --if-exists', '-Q -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0 --if-exists', '-V -t 10.0.0.1:80 -k 9.9.9.9 --if-exists', '-A -t 10.0.0.2:80 --if-not-exists',
    ]; // prettier-ignore
    expect(await restore(daemon, lines, '--atomic')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(daemon.services).toHaveLength(2);
    const refused = await restore(daemon, ['-a -t 10.0.0.9:80 -r 10.1.0.1 -b --if-not-exists'], '--atomic');
    expect([refused.code, refused.stderr.split('\n')[1]]).toEqual([255, 'line 1: Service not defined']);
  });

  it('looks again when the configuration changed meanwhile', async () => {
    let changes = 2;
    const daemon = daemonWith({
      before: (self, { id }) => {
        if (id !== BATCH || changes === 0) return;
        changes -= 1;
        self.generation += 1n;
      },
    });
    expect((await restore(daemon, ['-A -t 10.0.0.1:80', '-E -t 10.0.0.1:80 -s rr'], '--atomic')).code).toBe(0);
    expect([batches(daemon), daemon.services.length]).toEqual([3, 1]);
  });

  it('does not look for ever', async () => {
    const daemon = daemonWith({
      before: (self, { id }) => {
        if (id === BATCH) self.generation += 1n;
      },
    });
    const result = await restore(daemon, ['-A -t 10.0.0.1:80', '-E -t 10.0.0.1:80 -s rr'], '--atomic');
    expect(result).toEqual({ code: 1, stdout: '', stderr: 'the configuration changes all the time, it was looked at 10 times\n' });
  });

  it('needs a daemon that can do it', async () => {
    const daemon = new MemoryDaemon();
    await expect(restore(daemon, services(2), '--atomic')).rejects.toThrow(
      '--atomic needs a daemon with batches; this one is dpvs v1.10.2, dpvs-suite 0.1.0 and later have them',
    );
    expect(daemon.services).toHaveLength(0);
  });

  it('does not go with --keep-going', async () => {
    expect(await restore(daemonWith(), services(2), '--atomic', '--keep-going')).toEqual({ code: 2, stdout: '', stderr: "The option 'atomic' conflicts with the 'keep-going' option\n" });
  });
});

describe('-R --dry-run', () => {
  it('says what the daemon would do, and does nothing', async () => {
    const daemon = daemonWith();
    const { code, stdout, stderr } = await restore(daemon, [...MIXED.slice(0, 6), '-L'], '--dry-run');
    expect([code, stdout]).toEqual([253, '3 of 6 rules would be carried out; nothing was changed\n']);
    expect(stderr.match(/^line \d+: -.*$/gm)).toEqual([2, 4, 6].map((number) => `line ${number}: ${MIXED[number - 1] ?? ''}`));
    expect(stderr).toContain("line 7: the 'list' command changes no rules, it was not tried\n");
    expect([daemon.services.length, daemon.configuration.addresses.length]).toEqual([0, 0]);
  });

  it('gives up after some failures', async () => {
    const { code, stderr } = await restore(daemonWith(), Array<string>(100).fill('-D -t 10.0.0.1:80'), '--dry-run');
    expect([code, stderr.split('\n').at(-2)]).toEqual([255, '20 rules would fail; the others were not tried']);
  });

  it('checks the lines alone when the daemon cannot tell', async () => {
    const daemon = new MemoryDaemon();
    const result = await restore(daemon, services(3), '--dry-run');
    expect(result).toEqual({ code: 0, stdout: '3 rules are well-formed; dpvs v1.10.2 cannot tell whether it would take them, nothing was changed\n', stderr: '' });
    expect((await restore(daemon, ['-A'], '--dry-run')).code).toBe(2);
    expect(daemon.services).toHaveLength(0);
  });
});

describe('IA-123 ipvsadm-restore', () => {
  const replace = (daemon: MemoryDaemon, lines: readonly string[]): Promise<Result> => ipvsadm([], daemon, { argv0: 'ipvsadm-restore', stdin: lines.join('\n') });

  it('puts the rules in the place of those that are there, in one message', async () => {
    const daemon = daemonWith();
    await restore(daemon, [...services(3), '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0']);
    const before = batches(daemon);
    expect(await replace(daemon, ['# mine', '-A -t 10.0.0.1:80 -s wlc', '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(batches(daemon) - before).toBe(1);
    expect(await saved(daemon)).toBe('-A -t 10.0.0.1:80 -s wlc\n-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0\n');
  });

  it('clears when there are no rules', async () => {
    const daemon = daemonWith();
    await restore(daemon, services(3));
    expect(await replace(daemon, [])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(daemon.services).toHaveLength(0);
  });

  it('changes nothing when a rule is wrong or refused', async () => {
    const daemon = daemonWith();
    await restore(daemon, services(3));
    for (const [line, status] of [['-A', 2], ['-A -t 10.0.0.1:80 -s none', 252]] as const) {
      const { code, stderr } = await replace(daemon, ['-A -t 10.0.0.9:80', line]);
      expect([code, stderr.split('\n').at(-2)]).toEqual([status, 'nothing was changed']);
    }
    expect(daemon.services).toHaveLength(3);
  });

  it.each([
    ['that do not fit into one message', { maxBatchItems: 2 }, services(9)],
    ['that print something', {}, [...services(9), '-L -n -t 10.0.0.1:80']],
    ['for a daemon without batches', { extensions: EXTENSIONS.filter((id) => id !== BATCH) }, services(9)],
  ])('clears first for rules %s', async (_what, options, lines) => {
    const daemon = daemonWith(options);
    await restore(daemon, ['-A -t 10.9.9.9:80']);
    expect((await replace(daemon, lines)).code).toBe(0);
    expect(daemon.services).toHaveLength(9);
  });
});

describe('input', () => {
  it.each([
    ['bytes that mean nothing', '\x7fELF\x02\x01\x01\x00', 'line 1: there are control characters in it; is this a file of rules?'],
    ['a NUL in a rule', '-A -t 10.0.0.1:80\0', 'line 1: there are control characters in it; is this a file of rules?'],
    ['an endless line', `-A ${'x '.repeat(1 << 20)}`, 'line 1: it has more than 1 MiB'],
    ['bytes that are no text', '\xff\xfe\xfd', "line 1: Try `ipvsadm -h' or 'ipvsadm --help' for more information."],
  ])('that is %s ends in one clear line', async (_what, stdin, message) => {
    const daemon = daemonWith();
    const { code, stdout, stderr } = await ipvsadm(['-R'], daemon, { stdin });
    expect([stdout, stderr]).toEqual(['', `${message}\n`]);
    expect(code).not.toBe(0);
    expect(daemon.asked).toEqual([]);
  });
});
