// SPDX-License-Identifier: Apache-2.0
// dpip as shell scripts use it: exit statuses, words on standard output, pipes, against the daemon.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MSG } from '../../src/ipc/codec';
import { Daemon } from '../harness/daemon';

const bin = path.resolve(import.meta.dirname, '../../bin');
const folder = mkdtempSync(path.join(tmpdir(), 'dpvs-shell-'));

let daemon: Daemon;

beforeAll(async () => {
  daemon = await new Daemon({ ports: 2 }).start();
});

afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script in bash; `dpip` is ours. */
function shell(script: string, env: Readonly<Record<string, string>> = { DPVS_IPC_FILE: daemon.socket }): Run {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
    encoding: 'utf8', env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, ...env }, timeout: 60_000,
  }); // prettier-ignore
  return { status, stdout, stderr };
}

/** A type of set, an entry of it, and one that is not. */
const SETS: readonly (readonly [type: string, options: string, member: string, stranger: string])[] = [
  ['bitmap:ip', 'range 192.168.0.0/16', '192.168.1.7', '192.168.2.7'],
  ['bitmap:ip,mac', 'range 192.168.0.0/16', '192.168.1.7,02:00:00:00:00:01', '192.168.1.7,02:00:00:00:00:02'],
  ['bitmap:port', 'range 1-1000', 'tcp:80', 'udp:80'],
  ['hash:ip', '', '10.1.2.3', '10.1.2.4'],
  ['hash:net', '', '10.1.0.0/16', '10.2.0.1'],
  ['hash:ip,port', '', '10.1.2.3,tcp:443', '10.1.2.3,udp:443'],
  ['hash:net,port', '', '10.1.0.0/16,tcp:443', '10.1.0.1,tcp:444'],
  ['hash:net,port,iface', '', '10.1.0.0/16,tcp:443,test0', '10.1.0.1,tcp:443,test1'],
  ['hash:ip,port,ip', '', '10.1.2.3,tcp:443,10.9.9.9', '10.1.2.3,tcp:443,10.9.9.8'],
  ['hash:ip,port,net', '', '10.1.2.3,tcp:443,10.9.0.0/16', '10.1.2.3,tcp:443,10.8.0.1'],
  ['hash:net,port,net', '', '10.1.0.0/16,tcp:443,10.9.0.0/16', '10.1.0.1,tcp:443,10.8.0.1'],
  ['hash:net,port,net,port', '', '10.1.0.0/16,tcp:443,10.9.0.0/16,tcp:80', '10.1.0.1,tcp:443,10.9.0.1,tcp:81'],
];

describe('ipset in a script', () => {
  test.each(SETS)('DP-112 DPL-051 %s', (type, options, member, stranger) => {
    // The first address of a network is in it.
    const inside = member.replaceAll(/\/\d+/g, '');
    const { status, stdout, stderr } = shell(`
      set -e
      dpip ipset create foo ${type} ${options}
      dpip ipset add foo ${member}
      [ "$(dpip ipset test foo ${inside})" = true ]
      [ "$(dpip ipset test foo ${stranger})" = false ]
      dpip ipset -v test foo ${inside}
      ! dpip ipset add foo ${member} 2> /dev/null
      dpip ipset -F add foo ${member}
      dpip ipset del foo ${member}
      ! dpip ipset del foo ${member} 2> /dev/null
      dpip ipset show foo | grep -c '^Number of entries: 0$'
      dpip ipset destroy foo
      ! dpip ipset show foo 2> /dev/null
    `);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${inside} is in set foo\n1\n`, stderr: '' });
  });
});

test('DP-113 the lines of a provisioning script run one after the other', () => {
  const { status, stdout, stderr } = shell(`
    set -e
    dpip link show | grep -c test
    dpip link show test1 > /dev/null 2>&1
    ! dpip link show test9 > /dev/null 2>&1
    dpip link set test0 promisc on
    dpip link set test0 allmulticast on
    dpip addr add 192.168.100.254/32 dev test0
    dpip addr add 10.0.0.254/24 dev test1
    dpip addr add 2001:db8::254/64 dev test1 sapool
    dpip route add 192.168.100.0/24 dev test0
    dpip route add default via 192.168.100.1 src 192.168.100.254 dev test0
    dpip -6 route add default via 2001:db8::1 dev test1
    dpip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev test1
    dpip vlan add vlan9 link test1 proto 802.1q id 9
    dpip addr add 10.9.0.254/24 dev vlan9
    dpip addr add 10.0.0.254/24 dev test1 2>&1 | grep -q 'already exist(-3)'
    dpip route show | awk '$2 == "0.0.0.0/0" { print $4 }'
    dpip neigh show | awk '{ print $2, $4 }'
    dpip addr show dev vlan9 | awk '/inet/ { print $2 }'
    dpip route flush dev test0
    dpip addr flush dev test1
    dpip vlan del vlan9
  `);
  expect({ status, stderr, stdout }).toEqual({
    status: 0,
    stderr: '',
    stdout: '2\n192.168.100.1\n10.0.0.7 02:00:00:00:00:07\n10.9.0.254/24\n',
  });
});

test('DP-021 the socket of the environment, else the usual one', () => {
  expect(shell('dpip link show > /dev/null').status).toBe(0);
  const elsewhere = path.join(folder, 'nobody.ipc');
  const { status, stderr } = shell('dpip link show', { DPVS_IPC_FILE: elsewhere });
  expect(status).toBe(1);
  expect(stderr).toContain(`cannot reach dpvs daemon at ${elsewhere}: No such file or directory`);
});

test('DP-116 a reader that goes away, and Ctrl-C, end it without a word', () => {
  expect(shell('set -o pipefail; for i in 1 2 3; do dpip -s -v link show | head -1 > /dev/null || exit $?; done; dpip -j -s -v link show | head -c 1').stderr).toBe('');
  const { status, stderr } = shell('timeout -s INT 1 dpip -s link show -i 1 > /dev/null');
  expect({ ended: status === 0 || status === 124, stderr }).toEqual({ ended: true, stderr: '' });
});

test('DB-25 health: 0 while all is well, 1 when a device is down', () => {
  const well = shell('dpip health');
  expect(well.status).toBe(0);
  expect(well.stdout).toMatch(/^OK {3}daemon: version \d+\.\d+\.\d+\nOK {3}worker cpu1: \d+ turns in 200 ms\nOK {3}device test0: up/);
  expect(shell('dpip link set test1 link down && dpip health')).toMatchObject({ status: 1, stdout: expect.stringContaining('FAIL device test1 is down') });
  expect(shell('dpip link set test1 link up && dpip health').status).toBe(0);
});

test('DB-08 a batch from standard input', () => {
  const { status, stderr, stdout } = shell("printf 'ipset create net hash:ip\\nipset add net 10.0.0.1\\nipset add net 10.0.0.2\\n' | dpip -b - && dpip ipset show net | grep entries; dpip ipset destroy net");
  expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: 'Number of entries: 2\n' });
});

test('DB-01 every listing of a running daemon is an array', () => {
  const objects = ['link', 'link show cpu', 'addr', 'route', 'neigh', 'maddr', 'ipv6', 'eal-mem', 'ipset', 'drop', 'tunnel', 'mark'];
  const lines = objects.map((object) => `dpip -s -j ${object.includes('show') ? object : `${object} show`} | node -e 'process.exit(Array.isArray(JSON.parse(require("fs").readFileSync(0, "utf8"))) ? 0 : 1)' || echo ${object}`);
  expect(shell(lines.join('\n'))).toEqual({ status: 0, stdout: '', stderr: '' });
});

describe('what scripts may say twice, and ask for in part', () => {
  const said = (script: string): Run => shell(script);
  const quiet = { status: 0, stdout: '', stderr: '' };

  test('DB-10 --if-not-exists and --if-exists: what is so already is no error, others are', () => {
    const twice = (line: string): string => `dpip --if-not-exists ${line}; dpip --if-not-exists ${line}`;
    for (const line of ['addr add 10.5.0.1/24 dev test0', 'route add 10.6.0.0/16 via 10.5.0.9', 'vlan add link test0 id 55', 'ipset create once hash:ip', 'ipset add once 1.1.1.1', 'qsch add dev test0 handle 5: root pfifo limit 9']) {
      expect([line, said(`dpip --if-not-exists ${line}`)]).toEqual([line, quiet]);
      if (!line.startsWith('qsch')) expect([line, said(twice(line))]).toEqual([line, quiet]);
    }
    const gone = 'route del 10.6.0.0/16 via 10.5.0.9; ipset del once 1.1.1.1; ipset destroy once; vlan del test0.55; qsch del dev test0 root';
    for (const line of gone.split('; ')) expect([line, said(`dpip ${line}; dpip --if-exists ${line}`)]).toEqual([line, quiet]);
    expect(said('dpip --if-not-exists addr add 10.5.0.1/24 dev nonesuch').status).toBe(1);
    expect(said('dpip --if-exists addr add 10.5.0.1/24 dev test0')).toMatchObject({ status: 1, stderr: expect.stringContaining('--if-exists is for del and destroy') as string });
    expect(said('dpip --if-not-exists link show').status).toBe(1);
  });

  test('DB-13 filters: one route, one address, devices by state and kind', () => {
    said('dpip --if-not-exists addr add 10.5.0.1/24 dev test0; dpip vlan add link test1 id 9; dpip link set test1.9 link down; dpip tunnel add tun1 mode ipip local 10.5.0.1 remote 10.5.0.2; dpip -6 route add 2001:db8:7::/48 via 2001:db8::9 dev test0');
    expect(said('dpip route show 10.5.0.0/24').stdout).toMatch(/^inet 10\.5\.0\.0\/24 [^\n]*\n$/);
    expect(said('dpip route show 10.5.0.0/25').stdout).toBe('');
    expect(said('dpip route show 2001:db8:7::/48').stdout).toMatch(/^inet6 2001:db8:7::\/48 [^\n]*\n$/);
    expect(said('dpip addr show 10.5.0.1').stdout).toMatch(/^inet 10\.5\.0\.1\/24 /);
    const names = (words: string): string[] => [...said(`dpip link show ${words}`).stdout.matchAll(/^\d+: (\S+):/gm)].map(([, name = '']) => name);
    expect(names('')).toEqual(['test0', 'test1', 'test1.9', 'tun1']);
    expect(names('type vlan')).toEqual(['test1.9']);
    expect(names('type tunnel')).toEqual(['tun1']);
    expect(names('type bond')).toEqual([]);
    expect(names('down')).toContain('test1.9');
    expect(names('up')).toEqual(expect.arrayContaining(['test0', 'test1']));
    expect(names('up').some((name) => names('down').includes(name))).toBe(false);
    expect(names('up type vlan')).toEqual([]);
    expect(said('dpip link show type bridge')).toMatchObject({ status: 1, stderr: expect.stringContaining("invalid type 'bridge': vlan, tunnel, bond") as string });
  });

  test('DB-11 route get: the route, its source, and the neighbour that gets the packet', () => {
    said('dpip --if-not-exists addr add 10.5.0.1/24 dev test0; dpip route add 10.66.0.0/16 via 10.5.0.66 src 10.5.0.1; dpip neigh add 10.5.0.66 lladdr 02:00:00:00:00:66 dev test0; dpip -6 route add 2001:db8:66::/48 via 2001:db8::66 dev test0; dpip neigh add 2001:db8::66 lladdr 02:00:00:00:00:67 dev test0');
    const [four = '', neighbour = ''] = said('dpip route get 10.66.1.2').stdout.split('\n');
    expect(four).toMatch(/^inet 10\.66\.0\.0\/16 via 10\.5\.0\.66 src 10\.5\.0\.1 dev test0 /);
    expect(neighbour).toMatch(/^ip: 10\.5\.0\.66 +mac: 02:00:00:00:00:66 +state: .* dev: test0 /);
    expect(said('dpip route get 2001:db8:66::1').stdout.split('\n')[1]).toMatch(/^ip: 2001:db8::66 +mac: 02:00:00:00:00:67 /);
    expect(said('dpip route get 10.5.0.77').stdout.trim().split('\n')).toHaveLength(1); // nobody was asked yet
  });

  test('DB-23 --dry-run shows what would be sent, and sends nothing', () => {
    const before = said('dpip addr show').stdout;
    const { status, stdout, stderr } = said('dpip --dry-run addr add 10.77.0.1/24 dev test0');
    expect([status, stderr]).toEqual([0, '']);
    const [, name, id, json = ''] = /^(\w+) \((\d+)\) (\{.*\})\n$/.exec(stdout) ?? [];
    expect([name, id]).toEqual(['SOCKOPT_SET_IFADDR_ADD', String(MSG.SOCKOPT_SET_IFADDR_ADD)]);
    expect(JSON.parse(json)).toMatchObject({ ifa_entry: { af: 2, plen: 24, ifname: 'test0', addr: expect.stringMatching(/^0a4d0001/) as string } });
    expect(said('dpip addr show').stdout).toBe(before);
    expect(said('dpip --dry-run link show').stdout).toBe(said('dpip link show').stdout);
    expect(said('printf "vlan add link test0 id 1\\nqsch add dev test0 root pfifo limit 1\\n" | dpip --dry-run -b -').stdout.match(/^SOCKOPT_\w+/gm)).toEqual(['SOCKOPT_SET_VLAN_ADD', 'SOCKOPT_TC_ADD']);
  });

  test('DB-24 --help=long: on standard output, and that is success', () => {
    for (const words of ['', 'addr']) {
      const usual = said(`dpip --help ${words}`);
      expect([words, usual.status, usual.stdout]).toEqual([words, 1, '']);
      expect(said(`dpip --help=long ${words}`)).toEqual({ status: 0, stdout: usual.stderr, stderr: '' });
      expect(said(`dpip --help=long ${words} help`)).toEqual({ status: 0, stdout: usual.stderr, stderr: '' });
    }
    expect(said('dpip --help=short').status).toBe(1);
  });

  test('DB-15 cls show and vlan show without a device: those of all', () => {
    said("dpip qsch add dev test0 root pfifo limit 9; dpip qsch add dev test1 ingress pfifo limit 9; dpip cls add dev test0 handle 1: match pattern udp,to=:53 target drop; dpip cls add dev test1 qsch ingress handle 2: match pattern tcp,to=:22 target drop");
    expect(said('dpip cls show').stdout.split('\n').map((line) => line.replace(/ pkttype.*/, ''))).toEqual(['cls match 1: dev test0 qsch root', 'cls match 2: dev test1 qsch ingress', '']);
    expect(said('dpip vlan show').stdout).toBe('test1.9 link test1 proto 802.1q id 9\n');
    expect(said('dpip cls show qsch root')).toMatchObject({ status: 1, stderr: expect.stringContaining('missing device.') as string });
  });
});

describe('members of a set from a file', () => {
  const file = path.join(folder, 'members');
  const write = (text: string): void => {
    writeFileSync(file, text);
  };
  const entries = (set: string): string | undefined => /^\s*Number of entries: (\d+)$/m.exec(shell(`dpip ipset show ${set}`).stdout)?.[1];

  test('100,000 lines go in and out, also by standard input', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    write(`# who is not served\n\n${lines.join('\n')}\n`);
    expect(shell('dpip ipset create many hash:ip maxelem 200000')).toMatchObject({ status: 0 });
    expect(shell(`dpip ipset add many file ${file}`)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(entries('many')).toBe('100000');
    expect(shell('dpip ipset test many 10.1.134.159').stdout).toBe('true\n');
    expect(shell('dpip ipset test many 10.1.134.160').stdout).toBe('false\n');
    expect(shell(`grep -v '^10.0.' ${file} | dpip ipset del many file -`)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(entries('many')).toBe('65536');
  });

  test('comments and exceptions; with -F, what is there is written anew', () => {
    write('10.0.0.0/8 comment "a b"\n10.1.0.0/16 nomatch # of these\n');
    shell('dpip ipset create nets hash:net comment');
    expect(shell(`dpip ipset add nets file ${file}; dpip -F ipset add nets file ${file}`)).toEqual({ status: 0, stdout: '', stderr: '' });
    const { stdout } = shell('dpip -v ipset show nets');
    expect(stdout).toMatch(/^10\.0\.0\.0\/8 +comment "a b"$/m);
    expect(stdout).toMatch(/^10\.1\.0\.0\/16 +nomatch/m);
    expect(shell('dpip ipset test nets 10.2.0.1; dpip ipset test nets 10.1.0.1').stdout).toBe('true\nfalse\n');
  });

  test('a bad line is named, and nothing is changed', () => {
    shell('dpip ipset create whole hash:ip; dpip ipset add whole 10.0.0.3');
    write('10.0.0.1\n10.0.0.2\n10.0.0.3\n10.0.0.4\n');
    expect(shell(`dpip ipset add whole file ${file}`)).toEqual({
      status: 1, stdout: '', stderr: `${file}, line 3: 10.0.0.3; nothing was changed\ndpip: already exist\n`,
    }); // prettier-ignore
    expect(entries('whole')).toBe('1');
    expect(shell(`dpip ipset del whole file ${file}`)).toMatchObject({ status: 1, stdout: '' });
    expect(entries('whole')).toBe('1');
    write('10.0.0.1\n10.0.0.0.2\n');
    const { status, stderr } = shell(`dpip ipset add whole file ${file}`);
    expect(status).toBe(1);
    expect(stderr).toContain(`${file}, line 2; nothing was changed`);
    expect(entries('whole')).toBe('1');
    expect(shell('dpip ipset add whole file /nonesuch/file')).toMatchObject({ status: 1, stderr: expect.stringContaining('cannot read /nonesuch/file') as string });
    expect(shell(`dpip ipset add whole 10.0.0.9 file ${file}`)).toMatchObject({ status: 1 });
  });
});
