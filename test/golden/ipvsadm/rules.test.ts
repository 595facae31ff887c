// SPDX-License-Identifier: Apache-2.0
// The lines that -S writes, kind by kind, and how -R splits what it reads.
import { describe, expect, it } from 'vitest';
import { decode, encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { NUMERIC, type Names } from '../../../src/cli/render/names';
import { destLine, serviceLine } from '../../../src/cli/ipvsadm/rules';
import { MemoryDaemon } from '../../support/extension-daemon';
import { address, ipvsadm, tcpService } from './run';

type Service = DeepPartial<Structs['dp_vs_service_compat']>;
type Dest = DeepPartial<Structs['dp_vs_dest_compat']>;

const service = (more: Service = {}): Structs['dp_vs_service_compat'] => decode('dp_vs_service_compat', encode('dp_vs_service_compat', tcpService(1, more)));
const dest = (more: Dest = {}): Structs['dp_vs_dest_compat'] =>
  decode('dp_vs_dest_compat', encode('dp_vs_dest_compat', { af: 2, addr: address(10, 0, 1, 9), port: 8080, weight: 1, fwdmode: 5, ...more }));

const six = { af: 10, addr: address(0x20, 1), netmask: 128 };
const check = { types: 0x1f, dest_down_notice_num: 3, dest_up_notice_num: 4, dest_down_wait: 5, dest_inhibit_min: 60, dest_inhibit_max: 3600 };

describe('IA-113 IA-114 IA-115 a service is saved as', () => {
  it.each<readonly [more: Service, compatible: string, rest: string]>([
    [{}, '-A -t 10.0.0.1:80 -s rr', ''],
    [{ proto: 17 }, '-A -u 10.0.0.1:80 -s rr', ''],
    [{ proto: 132 }, '-A --sctp-service 10.0.0.1:80 -s rr', ''],
    [{ proto: 1 }, '-A -q 10.0.0.1:80 -s rr', ''],
    [{ ...six, port: 443 }, '-A -t [2001::]:443 -s rr', ''],
    [{ fwmark: 7, addr: address(), port: 0 }, '-A -f 7 -s rr', ''],
    [{ fwmark: 7, addr: address(), port: 0, af: 10, netmask: 128 }, '-A -f 7 -6 -s rr', ''],
    [{ flags: 1, timeout: 360 }, '-A -t 10.0.0.1:80 -s rr -p 360', ''],
    [{ flags: 1, timeout: 50, netmask: 0x00ffffff }, '-A -t 10.0.0.1:80 -s rr -p 50 -M 255.255.255.0', ''],
    [{ ...six, flags: 1, timeout: 50, netmask: 64 }, '-A -t [2001::]:80 -s rr -p 50 -M 64', ''],
    [{ netmask: 0x00ffffff }, '-A -t 10.0.0.1:80 -s rr', ''],
    [{ proto: 17, flags: 4 }, '-A -u 10.0.0.1:80 -s rr --ops', ''],
    [{ flags: 0x400, addr: address(), port: 0, match: { af: 2, iifname: 'dpdk0' } }, '-A -H proto=tcp,src-range=0.0.0.0-0.0.0.0:0-0,dst-range=0.0.0.0-0.0.0.0:0-0,iif=dpdk0,oif= -s rr', ''],
    [{ af: 10, flags: 0x400, addr: address(), port: 0, netmask: 128, match: { af: 10, oifname: 'x' } }, '-A -H proto=tcp,src-range=[::-::]:0-0,dst-range=[::-::]:0-0,iif=,oif=x -s rr', ''],
    [{ flags: 8 }, '-A -t 10.0.0.1:80 -s rr', ' -j enable'],
    [{ flags: 0x10 }, '-A -t 10.0.0.1:80 -s rr', ' --expire-quiescent'],
    [{ proto: 17, flags: 0x800 }, '-A -u 10.0.0.1:80 -s rr', ' --quic'],
    [{ flags: 0x60, sched_name: 'mh' }, '-A -t 10.0.0.1:80 -s mh', ' --sched-flags mh-fallback,mh-port'],
    [{ flags: 0x40, sched_name: 'rr' }, '-A -t 10.0.0.1:80 -s rr', ' --sched-flags flag-2'],
    [{ proto: 17, flags: 0x200, sched_name: 'conhash' }, '-A -u 10.0.0.1:80 -s conhash', ' --hash-target qid'],
    [{ flags: 0x100, sched_name: 'conhash' }, '-A -t 10.0.0.1:80 -s conhash', ''],
    [{ conn_timeout: 1800 }, '-A -t 10.0.0.1:80 -s rr', ' --conn-timeout 1800'],
    [{ proxy_protocol: 0x12 }, '-A -t 10.0.0.1:80 -s rr', ' --proxy-protocol v2-insecure'],
    [{ check_conf: check }, '-A -t 10.0.0.1:80 -s rr', ' --dest-check 3,4,5s,60-3600s --dest-check tcp --dest-check udp --dest-check sctp --dest-check ping'],
  ])('%j', (more, compatible, rest) => {
    expect(serviceLine(service(more), NUMERIC, false)).toBe(`${compatible}\n`);
    expect(serviceLine(service(more), NUMERIC, true)).toBe(`${compatible}${rest}\n`);
  });

  it('IA-116 ICMPv6 with its own option, not that of ICMP', () => {
    for (const complete of [true, false]) expect(serviceLine(service({ ...six, proto: 58, port: 1 }), NUMERIC, complete)).toBe('-A -1 [2001::]:1 -s rr\n');
  });

  it('IA-113 names where names are wanted', () => {
    const names: Names = { host: () => 'web.example', service: () => 'http' };
    expect(serviceLine(service(), names, true)).toBe('-A -t web.example:http -s rr\n');
  });
});

describe('IA-113 IA-114 IA-115 a server is saved as', () => {
  it.each<readonly [more: Dest, compatible: string, rest: string]>([
    [{ fwdmode: 3, port: 80 }, '-a -t 10.0.0.1:80 -r 10.0.1.9:80 -g -w 1', ''],
    [{ fwdmode: 1, port: 80 }, '-a -t 10.0.0.1:80 -r 10.0.1.9:80 -g -w 1', ''],
    [{ fwdmode: 2, port: 80 }, '-a -t 10.0.0.1:80 -r 10.0.1.9:80 -i -w 1', ''],
    [{ fwdmode: 0 }, '-a -t 10.0.0.1:80 -r 10.0.1.9:8080 -m -w 1', ''],
    [{ fwdmode: 5, weight: 0 }, '-a -t 10.0.0.1:80 -r 10.0.1.9:8080 -b -w 0', ''],
    [{ fwdmode: 6, weight: 65535 }, '-a -t 10.0.0.1:80 -r 10.0.1.9:8080 -J -w 65535', ''],
    [{ af: 10, addr: address(0xfd) }, '-a -t 10.0.0.1:80 -r [fd00::]:8080 -b -w 1', ''],
    [{ max_conn: 10 }, '-a -t 10.0.0.1:80 -r 10.0.1.9:8080 -b -w 1', ' -x 10'],
    [{ max_conn: 10, min_conn: 5 }, '-a -t 10.0.0.1:80 -r 10.0.1.9:8080 -b -w 1', ' -x 10 -y 5'],
  ])('%j', (more, compatible, rest) => {
    expect(destLine(service(), dest(more), NUMERIC, false)).toBe(`${compatible}\n`);
    expect(destLine(service(), dest(more), NUMERIC, true)).toBe(`${compatible}${rest}\n`);
  });
});

const RULES = [
  '-A -t 10.0.0.1:80 -s rr',
  '-a -t 10.0.0.1:80 -r 10.0.1.9:8080 -b -w 1 -x 10',
  '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk1',
  '-U -t 10.0.0.1:80 -k 198.51.100.66',
  '-O -t 10.0.0.1:80 -2 ipset:good',
  '-A -u 10.0.0.1:53 -s wlc',
];

it('IA-113 IA-115 -S writes each service with what belongs to it; --compat-save what upstream writes', async () => {
  const daemon = new MemoryDaemon();
  expect(await ipvsadm(['-R'], daemon, { stdin: `${RULES.join('\n')}\n` })).toEqual({ code: 0, stdout: '', stderr: '' });
  expect((await ipvsadm(['-S', '-n'], daemon)).stdout).toBe(`${RULES.join('\n')}\n`);
  expect((await ipvsadm(['-Sn', '--compat-save'], daemon)).stdout).toBe('-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.1.9:8080 -b -w 1\n-A -u 10.0.0.1:53 -s wlc\n');
  expect((await ipvsadm(['-Sn'], new MemoryDaemon())).stdout).toBe('');
});

it('IA-114 entries of lists that services of marks share are saved once', async () => {
  const daemon = new MemoryDaemon();
  const rules = ['-A -f 1 -s rr', '-U -f 1 -k 198.51.100.66', '-O -f 1 -2 ipset:good', '-A -f 2 -s rr'];
  expect((await ipvsadm(['-R'], daemon, { stdin: rules.join('\n') })).code).toBe(0);
  const { stdout } = await ipvsadm(['-Sn'], daemon);
  expect(stdout.split('\n').slice(0, -1)).toEqual(rules);
});

describe('-R', () => {
  const restored = async (stdin: string): Promise<{ services: number; code: number; stderr: string }> => {
    const daemon = new MemoryDaemon();
    const { code, stderr } = await ipvsadm(['-R'], daemon, { stdin });
    return { services: daemon.services.length, code, stderr };
  };

  it.each([
    ['IA-117 blanks, tabs and carriage returns part words', '\t-A \t -t\r10.0.0.1:80  -s rr \r\n', 1],
    ['IA-117 the name of the program is dropped wherever it is', 'ipvsadm -A ipvsadm -t 10.0.0.1:80 ipvsadm\n', 1],
    ['IA-117 empty lines are skipped, and the last one needs no end', '\n \n\t\n-A -t 10.0.0.1:80', 1],
    ['IA-118 comments are skipped, indented ones too', '# -A -t 10.0.0.1:80\n   # x\n\t#\n-A -t 10.0.0.2:80\n', 1],
    ['IA-117 nothing is expanded and nothing is quoted', '-A -t 10.0.0.1:80 -s rr\n', 1],
    ['IA-120 nothing is nothing to do', '', 0],
    ['IA-120 comments alone are nothing to do', '# nothing\n\n', 0],
  ])('%s', async (_title, stdin, services) => {
    expect(await restored(stdin)).toEqual({ services, code: 0, stderr: '' });
  });

  it('IA-117 quotes and escapes are parts of words', async () => {
    for (const line of ['-A -t "10.0.0.1:80"', "-A -t '10.0.0.1:80'", '-A -t 10.0.0.1\\:80', '-A -t $VIP:80']) {
      expect(await restored(line)).toEqual({ services: 0, code: 2, stderr: 'line 1: illegal virtual server address[:port] specified\n' });
    }
  });

  it('IA-118 a comment stands alone on its line', async () => {
    expect(await restored('-A -t 10.0.0.1:80 # web\n')).toEqual({ services: 0, code: 2, stderr: 'line 1: unexpected argument #\n' });
  });

  it.each(['-R', '--restore', '-Rn', 'ipvsadm -R', '-R foo'])('IA-121 %s within a restore is refused', async (line) => {
    expect(await restored(`-A -t 10.0.0.1:80\n${line}\n-A -t 10.0.0.2:80\n`)).toEqual({
      services: 1,
      code: 255,
      stderr: "line 2: Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n",
    });
  });

  it('IA-119 IA-120 goes on after what the daemon refuses, and ends with the status of the first refusal', async () => {
    const stdin = ['-A -t 10.0.0.1:80 -s rr', '-A -t 10.0.0.1:80 -s rr', '# x', '-a -t 10.0.0.9:80 -r 10.0.1.1', '-A -t 10.0.0.2:80 -s rr'].join('\n');
    const { services, code, stderr } = await restored(stdin);
    expect([services, code]).toEqual([2, 253]);
    expect(stderr).toBe(
      [
        'line 2: [sockopt_msg_recv] errcode set in socket msg#10 header: already exist(-3)',
        'line 2: Service already exists',
        'line 2: -A -t 10.0.0.1:80 -s rr',
        'line 4: [sockopt_msg_recv] errcode set in socket msg#13 header: invalid parameter(-1)',
        'line 4: Service not defined',
        'line 4: -a -t 10.0.0.9:80 -r 10.0.1.1',
        '',
      ].join('\n'),
    );
  });

  it('IA-119 ends at a mistake; what came before stays', async () => {
    const { services, code, stderr } = await restored('-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.2:80 -s rr -w 1\n-A -t 10.0.0.3:80 -s rr\n');
    expect([services, code, stderr]).toEqual([1, 2, "line 2: Illegal 'weight' option with the 'add-service' command\n"]);
  });

  it('IA-122 -S -n, -C, -R, -S -n: the same', async () => {
    const daemon = new MemoryDaemon();
    await ipvsadm(['-R'], daemon, { stdin: RULES.join('\n') });
    const before = (await ipvsadm(['-S', '-n'], daemon)).stdout;
    expect((await ipvsadm(['-C'], daemon)).code).toBe(0);
    // Addresses of devices stay: -C is about services.
    expect((await ipvsadm(['-S', '-n'], daemon)).stdout).toBe('');
    expect(await ipvsadm(['-R'], daemon, { stdin: before })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await ipvsadm(['-S', '-n'], daemon)).stdout).toBe(before);
    expect(daemon.asked).toContain(MSG.DPVS_SO_SET_FLUSH);
  });
});
