// SPDX-License-Identifier: Apache-2.0
// --apply: the daemon shall have what a file says. With JSON as well as with rules, of -S and of people.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DaemonError, type RequestType } from '../../../src/ipc/client';
import { EDPVS, MSG } from '../../../src/ipc/codec';
import { MemoryDaemon, type MemoryDaemonOptions } from '../../support/extension-daemon';
import { validDocument } from '../../support/schema';
import { ipvsadm, type Result } from './run';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'apply-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function daemonWith(options: MemoryDaemonOptions = {}): MemoryDaemon {
  return new MemoryDaemon({ extensions: true, devices: ['dpdk0', 'dpdk1'], ...options });
}

async function configured(lines: readonly string[], options: MemoryDaemonOptions = {}): Promise<MemoryDaemon> {
  const daemon = daemonWith(options);
  expect(await ipvsadm(['-R'], daemon, { stdin: lines.join('\n') })).toEqual({ code: 0, stdout: '', stderr: '' });
  daemon.requests.length = 0;
  return daemon;
}

function apply(daemon: MemoryDaemon, text: string | readonly string[], ...options: string[]): Promise<Result> {
  return ipvsadm(['--apply', '-', ...options], daemon, { stdin: typeof text === 'string' ? text : text.join('\n') });
}

async function saved(daemon: MemoryDaemon): Promise<string[]> {
  return (await ipvsadm(['-S', '-n'], daemon)).stdout.split('\n').slice(0, -1);
}

function changes(daemon: MemoryDaemon): number {
  return daemon.requests.filter(({ type }: { type: RequestType }) => type === 'set').length;
}

const NOW = [
  '-A -t 10.0.0.1:80 -s rr',
  '-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -b -w 1',
  '-a -t 10.0.0.1:80 -r 10.1.0.2:8080 -b -w 1 -x 100',
  '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0',
  '-P -t 10.0.0.1:80 -z 192.168.0.2 -F dpdk0',
  '-U -t 10.0.0.1:80 -k 198.51.100.1',
  '-A -t 10.0.0.2:80 -s rr',
  '-P -t 10.0.0.2:80 -z 192.168.0.1 -F dpdk0',
  '-A -u 10.0.0.3:53 -s wrr -p 60',
];
const THEN = [
  '# a new server, a new service, and others go',
  '-A -t 10.0.0.1:80 -s wlc --conn-timeout 90',
  '-a -t 10.0.0.1:80 -r 10.1.0.2:8080 -b -w 5 -x 100',
  '-a -t 10.0.0.1:80 -r 10.1.0.3:8080 -b -w 1',
  '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0',
  '-P -t 10.0.0.1:80 -z 192.168.0.3 -F dpdk1',
  '-U -t 10.0.0.1:80 -k ipset:bad',
  '-A -u 10.0.0.3:53 -s wrr -p 60',
  '-A -t 10.0.0.4:80 -s rr',
  '-a -t 10.0.0.4:80 -r 10.1.0.9:80 -b -w 1',
];
const DIFFERENCES = [
  '~ -A -t 10.0.0.1:80 -s wlc --conn-timeout 90   # was -s rr',
  '~ -a -t 10.0.0.1:80 -r 10.1.0.2:8080 -b -w 5 -x 100   # was -w 1 -x 100',
  '+ -a -t 10.0.0.1:80 -r 10.1.0.3:8080 -b -w 1',
  '- -a -t 10.0.0.1:80 -r 10.1.0.1:8080 -b -w 1',
  '+ -P -t 10.0.0.1:80 -z 192.168.0.3 -F dpdk1',
  '+ -U -t 10.0.0.1:80 -k ipset:bad',
  '- -U -t 10.0.0.1:80 -k 198.51.100.1',
  '+ -A -t 10.0.0.4:80 -s rr',
  '+ -a -t 10.0.0.4:80 -r 10.1.0.9:80 -b -w 1',
  '- -P -t 10.0.0.1:80 -z 192.168.0.2 -F dpdk0',
  '- -A -t 10.0.0.2:80 -s rr',
];

describe.each([
  ['at once', true],
  ['step by step, without batches', false],
] as const)('IB-06 --apply %s', (_how, extensions) => {
  it('prints what differs, changes that and nothing else, and has nothing to do the second time', async () => {
    const daemon = await configured(NOW, { extensions });
    const first = await apply(daemon, THEN);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout.split('\n').slice(0, -1)).toEqual(DIFFERENCES);
    expect((await saved(daemon)).sort()).toEqual(THEN.slice(1).sort());
    // 192.168.0.2 has left its device, 192.168.0.1 has not: a service still uses it.
    expect(daemon.configuration.addresses.map(({ addr, ifname }) => `${addr[3] ?? 0} ${ifname}`).sort()).toEqual(['1 dpdk0', '3 dpdk1']);

    daemon.requests.length = 0;
    expect(await apply(daemon, THEN)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(changes(daemon)).toBe(0);
  });

  it('leaves alone what is not different', async () => {
    const daemon = await configured(NOW, { extensions });
    for (const { service, dests } of daemon.services) {
      service.stats.conns = 5n;
      for (const dest of dests) dest.stats.conns = 7n;
    }
    await apply(daemon, THEN);
    const [web] = daemon.services;
    expect(web?.service.stats.conns).toBe(5n);
    expect(web?.dests.map(({ port, weight, stats }) => [port, weight, stats.conns]).sort()).toEqual([[8080, 1, 0n], [8080, 5, 7n]]);
  });

  it('--dry-run prints the same, changes nothing and ends with 3', async () => {
    const daemon = await configured(NOW, { extensions });
    const { code, stdout } = await apply(daemon, THEN, '--dry-run');
    expect([code, stdout.split('\n').slice(0, -1)]).toEqual([3, DIFFERENCES]);
    expect(changes(daemon)).toBe(0);
    expect(await saved(daemon)).toEqual(NOW);
    expect(await apply(daemon, NOW, '--dry-run')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('takes what -S and -S --json write as what there is', async () => {
    const daemon = await configured(NOW, { extensions });
    const lists = [['-S'], ['-S', '-n'], ['-S', '--json'], ['-S', '--json', '--pretty'], ['-L', '-n', '--json'], ...(extensions ? [['-L', '--json', '--details']] : [])];
    for (const options of lists) {
      const { stdout } = await ipvsadm(options, daemon);
      expect(await apply(daemon, stdout)).toEqual({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('moves a local address to another device', async () => {
    const daemon = await configured(NOW.slice(0, 4), { extensions });
    const then = [...NOW.slice(0, 3), '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk1'];
    expect((await apply(daemon, then)).stdout).toBe('~ -P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk1   # was -F dpdk0\n');
    expect(await saved(daemon)).toEqual(then);
    expect(daemon.configuration.addresses.map(({ ifname }) => ifname)).toEqual(['dpdk1']);
  });
});

describe('IB-06 --apply', () => {
  it('sends all changes in one message', async () => {
    const daemon = await configured(NOW);
    await apply(daemon, THEN);
    expect(daemon.asked.filter((id) => id === MSG.DS_MSG_BATCH)).toHaveLength(1);
    expect(changes(daemon)).toBe(1);
  });

  it('compares again when the configuration changed meanwhile', async () => {
    let turns = 1;
    const daemon = await configured(NOW);
    const other = new MemoryDaemon({
      extensions: true,
      before: (self, { id }) => {
        if (id !== MSG.DS_MSG_BATCH || turns === 0) return;
        turns -= 1;
        self.request(MSG.DPVS_SO_SET_FLUSH, 'set');
      },
    });
    other.configuration = daemon.configuration.clone();
    const { code, stdout, stderr } = await apply(other, THEN);
    expect([code, stderr]).toEqual([0, 'warning: the configuration changed meanwhile, the differences are others now\n']);
    expect(stdout.split('\n').slice(DIFFERENCES.length, -1)).toEqual(
      ['-A -t 10.0.0.1', '-a -t 10.0.0.1', '-a -t 10.0.0.1', '-P -t 10.0.0.1', '-P -t 10.0.0.1', '-U -t 10.0.0.1', '-A -u 10.0.0.3', '-A -t 10.0.0.4', '-a -t 10.0.0.4'].map((start) => expect.stringMatching(`^\\+ ${start}`) as string),
    );
    expect((await saved(other)).sort()).toEqual(THEN.slice(1).sort());
  });

  it('changes nothing when the daemon refuses something', async () => {
    const daemon = await configured(NOW);
    const { code, stdout, stderr } = await apply(daemon, [...NOW, '-A -t 10.0.0.9:80 -s rr', '-A -t 10.0.0.8:80 -s none']);
    expect([code, stdout]).toEqual([252, '+ -A -t 10.0.0.9:80 -s rr\n+ -A -t 10.0.0.8:80 -s none\n']);
    expect(stderr.split('\n').slice(1)).toEqual(['Scheduler or persistence engine not found', 'line 11: -A -t 10.0.0.8:80 -s none', 'nothing was changed', '']);
    expect(await saved(daemon)).toEqual(NOW);
  });

  it('goes on after a refusal where it must go step by step', async () => {
    const daemon = await configured(NOW, { extensions: false });
    const { code, stderr } = await apply(daemon, [...NOW, '-A -t 10.0.0.8:80 -s none', '-A -t 10.0.0.9:80 -s rr']);
    expect([code, stderr.split('\n').slice(1)]).toEqual([252, ['Scheduler or persistence engine not found', 'line 10: -A -t 10.0.0.8:80 -s none', '']]);
    expect(daemon.services).toHaveLength(4);
  });

  it('names all lines that are wrong, and asks no daemon', async () => {
    const daemon = daemonWith();
    const lines = ['-A -t 10.0.0.1:80', '-a -t 10.0.0.2:80 -r 1.1.1.1', '-A -t 10.0.0.1:80 -s rr', '-D -t 10.0.0.1:80', '-a -t 10.0.0.1:80', '-a -t 10.0.0.1:80 -r 1.1.1.1', '-a -t 10.0.0.1:80 -r 1.1.1.1 -w 9'];
    const { code, stderr } = await apply(daemon, lines);
    expect([code, daemon.asked]).toEqual([2, []]);
    expect(stderr.split('\n').filter((line) => !/^line \d: -/.test(line))).toEqual([
      'line 2: no line before it adds the service (-A)',
      'line 3: the same as line 1',
      "line 4: the 'delete-service' command says nothing of what there shall be; require -A, -a, -P, -U or -O",
      "line 5: You need to supply the 'real-server' option for the 'add-server' command",
      'line 7: the same as line 6',
      'nothing was changed',
      '',
    ]);
  });

  it('does not take an empty file for the wish that all services go', async () => {
    const daemon = await configured(NOW);
    for (const text of ['', '# nothing\n']) {
      expect(await apply(daemon, text)).toEqual({ code: 2, stdout: '', stderr: '- has no rules; to delete all services there is -C\n' });
    }
    expect(daemon.services).toHaveLength(3);
    expect((await apply(daemon, '{"services": []}')).code).toBe(0);
    expect(daemon.services).toHaveLength(0);
  });

  it('reads files', async () => {
    const daemon = daemonWith();
    const file = path.join(folder, 'rules');
    writeFileSync(file, '-A -t 10.0.0.1:80 -s rr\n');
    expect(await ipvsadm(['--apply', file], daemon)).toEqual({ code: 0, stdout: '+ -A -t 10.0.0.1:80 -s rr\n', stderr: '' });
    for (const bad of [path.join(folder, 'none'), folder, '']) {
      const { code, stdout, stderr } = await ipvsadm(['--apply', bad], daemon);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^cannot read .*\n$/);
    }
  });

  it('prints colours if they are wanted', async () => {
    const { stdout } = await apply(await configured(NOW), THEN, '--color=always', '--dry-run');
    expect(stdout).toContain('\x1b[32m+ -A -t 10.0.0.4:80 -s rr\x1b[39m\n');
    expect(stdout.replace(/\x1b\[\d+m/g, '').split('\n').slice(0, -1)).toEqual(DIFFERENCES);
  });

  it('prints JSON if it is wanted', async () => {
    const daemon = await configured(NOW.slice(0, 2));
    const rules = ['-A -t 10.0.0.1:80 -s wlc', '-a -t 10.0.0.1:80 -r 10.1.0.2:8080 -b'];
    const documents = [await apply(daemon, rules, '--json', '--dry-run'), await apply(daemon, rules, '--json'), await apply(daemon, rules, '--json')];
    const differences = [
      { change: 'edit', rule: '-A -t 10.0.0.1:80 -s wlc', previous_rule: '-A -t 10.0.0.1:80 -s rr', source: 'line 1' },
      { change: 'add', rule: '-a -t 10.0.0.1:80 -r 10.1.0.2:8080 -b -w 1', previous_rule: null, source: 'line 2' },
      { change: 'delete', rule: '-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -b -w 1', previous_rule: null, source: null },
    ];
    expect(documents.map(({ code, stdout }) => [code, validDocument('difference_list', stdout)])).toEqual([
      [3, { applied: false, differences }],
      [0, { applied: true, differences }],
      [0, { applied: true, differences: [] }],
    ]);
  });

  it('keeps entries that services of marks share', async () => {
    const rules = ['-A -f 1 -s rr', '-U -f 1 -k 198.51.100.66', '-A -f 2 -s rr'];
    const daemon = await configured(rules, { extensions: false });
    expect(await apply(daemon, await saved(daemon))).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await apply(daemon, rules.filter((rule) => !rule.startsWith('-U')))).stdout).toBe('- -U -f 1 -k 198.51.100.66\n');
  });

  it('says why there is nothing to compare with', async () => {
    const daemon = daemonWith({
      before: (_self, { id }) => {
        if (id === MSG.DS_MSG_LIST_SERVICES) throw new DaemonError(id, EDPVS.EDPVS_NOMEM, 'no memory');
      },
    });
    const { code, stdout, stderr } = await apply(daemon, NOW);
    expect([code, stdout, stderr.split('\n')[1]]).toEqual([1, '', 'no memory']);
  });

  it('needs a daemon that knows networks for networks', async () => {
    const daemon = daemonWith({ extensions: false });
    await expect(apply(daemon, ['-A -t 10.0.0.1:80', '-U -t 10.0.0.1:80 -k 10.0.0.0/8'])).rejects.toThrow('a network in a deny or allow list needs a daemon with');
    expect(changes(daemon)).toBe(0);
  });
});

const SERVICE = { protocol: 'tcp', address: '10.0.0.1', port: 80 };

describe('IB-06 JSON', () => {
  const restore = (daemon: MemoryDaemon, document: unknown, ...options: string[]): Promise<Result> =>
    ipvsadm(['-R', ...options], daemon, { stdin: typeof document === 'string' ? document : JSON.stringify(document) });

  it('IA-122 of -S is read by -R, and by ipvsadm-restore', async () => {
    const daemon = await configured([...THEN, '-O -t 10.0.0.4:80 -2 203.0.113.0/24', '-A -H proto=udp,src-range=10.0.0.0-10.0.0.9:1-2,oif=dpdk0 -s conhash', '-A -f 7 -6 -s rr']);
    const before = await saved(daemon);
    const { stdout } = await ipvsadm(['-S', '--json', '--pretty'], daemon);
    expect(stdout).toBe(`${JSON.stringify(validDocument('configuration', stdout), null, 2)}\n`);
    const [target, old] = [daemonWith(), daemonWith({ extensions: [MSG.DS_MSG_ACL, MSG.DS_MSG_LIST_SERVICES] })];
    for (const each of [target, old]) {
      expect(await restore(each, stdout)).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(await saved(each)).toEqual(before);
    }
    expect(target.asked.filter((id) => id === MSG.DS_MSG_BATCH)).toHaveLength(1);
    for (const each of [target, old]) {
      expect(await ipvsadm([], each, { argv0: 'ipvsadm-restore', stdin: stdout })).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(await saved(each)).toEqual(before);
    }
  });

  it('may leave out what has a default', async () => {
    const daemon = daemonWith();
    const document = { services: [{ ...SERVICE, servers: [{ address: '10.1.0.1' }, { address: '10.1.0.2', port: 8080, forwarding: 'fullnat' }] }, { kind: 'fwmark', fwmark: 7 }] };
    expect(await restore(daemon, document)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await saved(daemon)).sort()).toEqual(
      ['-A -t 10.0.0.1:80 -s wlc', '-a -t 10.0.0.1:80 -r 10.1.0.1:80 -g -w 1', '-a -t 10.0.0.1:80 -r 10.1.0.2:8080 -b -w 1', '-A -f 7 -s wlc'].sort(),
    );
  });

  it('leaves alone what it does not name: lists of a service that are absent', async () => {
    const daemon = await configured(NOW.slice(0, 6));
    expect(await apply(daemon, JSON.stringify({ services: [{ ...SERVICE, scheduler: 'rr' }] }))).toEqual({ code: 0, stdout: '', stderr: '' });
    const { stdout } = await apply(daemon, JSON.stringify({ services: [{ ...SERVICE, scheduler: 'rr', deny: [], servers: [] }] }));
    expect(stdout.split('\n').map((line) => line.slice(0, 4))).toEqual(['- -a', '- -a', '- -U', '']);
  });

  it('is refused by the daemon member by member, with the rule that it stands for', async () => {
    const daemon = daemonWith();
    const document = { services: [{ ...SERVICE, scheduler: 'none' }, { ...SERVICE, port: 81, servers: [{ address: '10.1.0.1', u_threshold: 1, l_threshold: 2 }] }] };
    const { code, stderr } = await restore(daemon, document);
    expect([code, stderr.split('\n')]).toEqual([
      252,
      [
        'services[0]: [sockopt_msg_recv] errcode set in socket msg#10 header: not exist(-4)',
        'services[0]: Scheduler or persistence engine not found',
        'services[0]: -A -t 10.0.0.1:80 -s none',
        'services[1].servers[0]: [sockopt_msg_recv] errcode set in socket msg#13 header: not support(-14)',
        'services[1].servers[0]: The forwarding mode is not supported for these addresses, or the lower threshold is above the upper one',
        'services[1].servers[0]: -a -t 10.0.0.1:81 -r 10.1.0.1:81 -g -w 1 -x 1 -y 2',
        '',
      ],
    ]);
    expect(daemon.services).toHaveLength(1);
    const atomic = await restore(daemonWith(), document, '--atomic');
    expect([atomic.code, atomic.stderr.split('\n').at(-2)]).toEqual([252, 'nothing was changed']);
    const tried = await restore(daemonWith(), document, '--dry-run');
    expect([tried.code, tried.stdout]).toEqual([252, '1 of 3 rules would be carried out; nothing was changed\n']);
  });

  it('IB-03 is answered with JSON if --json is given', async () => {
    const daemon = daemonWith();
    const { code, stderr } = await restore(daemon, { services: [{ ...SERVICE, scheduler: 'none' }, { ...SERVICE, scheduler: 'rr', port: 81 }] }, '--json');
    expect(code).toBe(252);
    expect(validDocument('error_document', stderr)).toEqual({
      error: {
        code: -4, name: 'not exist', request: 'add-service', about: null, message: 'Scheduler or persistence engine not found', where: 'services[0]', rule: '-A -t 10.0.0.1:80 -s none',
      }, // prettier-ignore
    });
    const wrong = await restore(daemon, '-A -t 10.0.0.1:80', '--json');
    expect([wrong.code, (JSON.parse(wrong.stderr) as { error: { message: string } }).error.message]).toEqual([2, expect.stringMatching(/^line 1, column 2: no JSON: /)]);
  });

  const one = (more: object): object => ({ services: [{ ...SERVICE, ...more }] });
  it.each<readonly [document: unknown, message: string]>([
    ['{"services": [}', "line 1, column 15: no JSON: Unexpected token '}'"],
    ['{"services" 1}', 'line 1, column 13: no JSON: '],
    ['{"services": [', 'the document: no JSON: Unexpected end of JSON input'],
    [' {"services": []} x', 'line 1, column 19: no JSON: '],
    ['{\n  "services": [1,\n  ]\n}', "line 3, column 3: no JSON: Unexpected token ']'"],
    ['{}', 'services: it is missing; require an array'],
    [{ service: [] }, 'service: there is no such member'],
    [{ services: {} }, 'services: require an array, not {}'],
    [{ services: [1] }, 'services[0]: require an object, not 1'],
    [one({ shceduler: 'rr' }), 'services[0].shceduler: there is no such member'],
    [one({ 'a b': 1 }), 'services[0]["a b"]: there is no such member'],
    [one({ kind: 'x' }), 'services[0].kind: require one of address, fwmark, match, not "x"'],
    [one({ address: '10.0.0.0/8' }), 'services[0].address: require an IPv4 or IPv6 address, not "10.0.0.0/8"'],
    [one({ family: 'ipv6' }), 'services[0].family: require the family of the address, ipv4, not "ipv6"'],
    [one({ protocol: 'TCP' }), 'services[0].protocol: require one of icmp, tcp, udp, icmpv6, sctp, not "TCP"'],
    [one({ port: 65536 }), 'services[0].port: require an integer from 0 to 65535, not 65536'],
    [one({ port: '80' }), 'services[0].port: require an integer from 0 to 65535, not "80"'],
    [one({ port: 0 }), 'services[0].port: require a port, a range or a device, as the service is not persistent, not 0'],
    [one({ scheduler: '' }), 'services[0].scheduler: require a name of at most 15 characters, not ""'],
    [one({ scheduler: 'a-scheduler-too-long' }), 'services[0].scheduler: require a name of at most 15 characters, not "a-scheduler-too-long"'],
    [one({ hash_target: 'sip' }), 'services[0].hash_target: require null, as only conhash has one, not "sip"'],
    [one({ scheduler: 'conhash', hash_target: 'qid' }), 'services[0].hash_target: require sip, as only UDP services can have qid, not "qid"'],
    [one({ persistent_seconds: 0 }), 'services[0].persistent_seconds: require an integer from 1 to 2678400, not 0'],
    [one({ netmask: '24' }), 'services[0].netmask: require a netmask such as 255.255.255.0, not "24"'],
    [one({ ops: true }), 'services[0].ops: require false, as the service is not UDP, not true'],
    [one({ quic: 1 }), 'services[0].quic: require true or false, not 1'],
    [one({ conn_timeout_seconds: -1 }), 'services[0].conn_timeout_seconds: require an integer from 0 to 2678400, not -1'],
    [one({ proxy_protocol: 'v3' }), 'services[0].proxy_protocol: require one of disable, v1, v2, v1-insecure, v2-insecure, not "v3"'],
    [one({ dest_check: { internal: { down_retry: 300, down_wait_seconds: 1 } } }), 'services[0].dest_check.internal: require numbers that --dest-check takes, not {"down_retry":300,"down_wait_seconds":1}'],
    [one({ dest_check: { external: ['http'] } }), 'services[0].dest_check.external[0]: require one of tcp, udp, sctp, ping, not "http"'],
    [one({ servers: [{}] }), 'services[0].servers[0].address: it is missing; require an IPv4 or IPv6 address'],
    [one({ servers: [{ address: '10.1.0.1', weight: 65536 }] }), 'services[0].servers[0].weight: require an integer from 0 to 65535, not 65536'],
    [one({ servers: [{ address: '10.1.0.1', weight: 1.5 }] }), 'services[0].servers[0].weight: require an integer from 0 to 65535, not 1.5'],
    [one({ servers: [{ address: '10.1.0.1', forwarding: 'nat' }] }), 'services[0].servers[0].forwarding: require one of masquerading, local, ipip, gatewaying, fullnat, snat, not "nat"'],
    [one({ servers: [{ address: '10.1.0.1', port: 81 }] }), 'services[0].servers[0].port: require 80, the port of the service, with this forwarding, not 81'],
    [one({ servers: [{ address: '10.1.0.1' }, { address: '10.1.0.1', weight: 2 }] }), 'services[0].servers[1]: the same as services[0].servers[0]'],
    [one({ local_addresses: [{ address: '192.168.0.1' }] }), 'services[0].local_addresses[0].ifname: it is missing; require a name of at most 15 characters'],
    [one({ deny: [{ address: '::1' }] }), 'services[0].deny[0].address: require an IPv4 address, as the service has, not "::1"'],
    [one({ deny: [{ address: '10.0.0.1', prefix_length: 8 }] }), 'services[0].deny[0].address: require an address whose bits behind the first 8 are 0, not "10.0.0.1"'],
    [one({ allow: [{ address: '10.0.0.1', ipset: 'x' }] }), 'services[0].allow[0].address: require null, as there is an ipset, not "10.0.0.1"'],
    [{ services: [SERVICE, { kind: 'fwmark', fwmark: 1 }, { ...SERVICE, scheduler: 'rr' }] }, 'services[2]: the same service as services[0]'],
    [{ services: [{ kind: 'fwmark', fwmark: 0 }] }, 'services[0].fwmark: require an integer from 1 to 4294967295, not 0'],
    [{ services: [{ kind: 'match', protocol: 'tcp', family: 'ipv4', match: { src_range: { first_address: '::1', last_address: '::2' } } }] }, 'services[0].match.src_range.first_address: require an IPv4 address, not "::1"'],
    [{ services: [{ kind: 'match', protocol: 'tcp', family: 'ipv4', match: {} }] }, 'services[0].match: require a port, a range or a device, as the service is not persistent, not {}'],
  ])('%j is refused with the path of what is wrong', async (document, message) => {
    const daemon = daemonWith();
    for (const { code, stdout, stderr } of [await restore(daemon, document), await apply(daemon, typeof document === 'string' ? document : JSON.stringify(document))]) {
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.startsWith(message)).toBe(true);
      expect(stderr.split('\n')).toHaveLength(2);
    }
    expect(daemon.asked).toEqual([]);
  });
});
