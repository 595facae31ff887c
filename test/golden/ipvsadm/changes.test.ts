// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { ClosedError, ConnectError, type RequestType, type Transport } from '../../../src/ipc/client';
import { decode, encode, MSG, sizeOf } from '../../../src/ipc/codec';
import { address, infoReply, ipvsadm, OK, ScriptedDaemon, servicesReply, tcpService, type Answer } from './run';

const VIP = ['-t', '10.0.0.1:80'];
const INFO = { [MSG.DPVS_SO_GET_INFO]: () => infoReply(0) };

function daemon(answers: Readonly<Record<number, (body: Buffer, count: number) => Answer>>): ScriptedDaemon {
  return new ScriptedDaemon({ ...INFO, ...answers });
}

describe('IA-016 IA-018 IA-019 a refused request', () => {
  it.each([
    [['-A', ...VIP], MSG.DPVS_SO_SET_ADD, -3, 'Service already exists'],
    [['-A', ...VIP], MSG.DPVS_SO_SET_ADD, -4, 'Scheduler or persistence engine not found'],
    [['-A', ...VIP], MSG.DPVS_SO_SET_ADD, -14, 'not support'],
    [['-D', ...VIP], MSG.DPVS_SO_SET_DEL, -1, 'No such service'],
    [['-Z', ...VIP], MSG.DPVS_SO_SET_ZERO, -1, 'No such service'],
    [['-a', ...VIP, '-r', '1.1.1.1'], MSG.DPVS_SO_SET_ADDDEST, -1, 'Service not defined'],
    [['-a', ...VIP, '-r', '1.1.1.1'], MSG.DPVS_SO_SET_ADDDEST, -3, 'Destination already exists'],
    [['-e', ...VIP, '-r', '1.1.1.1'], MSG.DPVS_SO_SET_EDITDEST, -4, 'No such destination'],
    [['-d', ...VIP, '-r', '1.1.1.1'], MSG.DPVS_SO_SET_DELDEST, -4, 'No such destination'],
    [['-Q', ...VIP, '-z', '1.1.1.1', '-F', 'x'], MSG.SOCKOPT_SET_LADDR_DEL, -4, 'No such Local address'],
    [['-Q', ...VIP, '-z', '1.1.1.1', '-F', 'x'], MSG.SOCKOPT_SET_LADDR_DEL, -17, 'Service not defined'],
    [['-U', ...VIP, '-k', '1.1.1.1'], MSG.SOCKOPT_SET_BLKLST_ADD, -3, 'blacklist address already exists'],
    [['-Y', ...VIP, '-2', '1.1.1.1'], MSG.SOCKOPT_SET_WHTLST_DEL, -4, 'No such deny address'],
  ])('%j %i %i', async (argv, id, code, sentence) => {
    const result = await ipvsadm(argv, daemon({ [id]: () => code }));
    const [first, second, rest] = result.stderr.split('\n');
    expect(first).toMatch(new RegExp(`^\\[sockopt_msg_recv\\] errcode set in socket msg#${id} header: .*\\(${code}\\)$`));
    expect([second, rest]).toEqual([sentence, '']);
    expect([result.code, result.stdout]).toEqual([256 + code, '']);
  });
});

/** A socket that fails in one way. */
class BrokenSocket implements Transport {
  constructor(private readonly errno: string | null) {}

  request(id: number, type: RequestType): Buffer {
    if (this.errno !== null) throw new ConnectError('/x', this.errno, `text of ${this.errno}`, id, type);
    if (id === MSG.DPVS_SO_GET_INFO) return infoReply(0);
    throw new ClosedError(id, 0, 88, 'header');
  }
}

describe('IA-002 IA-021 a daemon that is not there', () => {
  it.each([
    ['ENOENT', 'text of ENOENT'],
    ['EACCES', 'Permission denied (you must be root)'],
  ])('%s', async (errno, reason) => {
    for (const argv of [['-Ln'], ['-A', ...VIP], []]) {
      const result = await ipvsadm(argv, new BrokenSocket(errno));
      expect(result).toEqual({ code: 2, stdout: '', stderr: `Can't initialize ipvs: ${reason}\nAre you sure that dpvs is running?\n` });
    }
  });

  it('IA-003 IA-124 is not needed for help, version and mistakes', async () => {
    const socket = new BrokenSocket('ENOENT');
    expect((await ipvsadm(['-v', 'extra'], socket)).stdout).toMatch(/^ipvsadm v\d\S* \S+ \(.*\)\n$/);
    expect((await ipvsadm(['-h', '-x'], socket)).code).toBe(0);
    expect((await ipvsadm(['-A'], socket)).stderr).toBe("You need to supply the 'service-address' option for the 'add-service' command\n");
  });

  it('IA-017 or goes away is a failure, not a success', async () => {
    const result = await ipvsadm(['-A', ...VIP], new BrokenSocket(null));
    expect(result.code).toBe(1);
    expect(result.stderr.split('\n')[0]).toBe('[sockopt_msg_recv] socket msg header recv error -- 0/88 recieved');
  });
});

it('IA-125 the help names every option once at the start of a line and has no empty lines', async () => {
  const { stdout } = await ipvsadm(['-h'], new BrokenSocket('ENOENT'));
  const lines = stdout.split('\n');
  expect(lines.pop()).toBe('');
  expect(lines).not.toContain('');
  expect(stdout).not.toContain('\t');
  for (const title of ['Usage:', 'Commands:', 'Options:']) expect(lines).toContain(title);
  const names = lines.flatMap((line) => /^ {2}(--[\w-]+)/.exec(line)?.[1] ?? []);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(60);
  const at = lines.findIndex((line) => line.startsWith('  --dest-check'));
  expect(lines.slice(at + 1, at + 4).every((line) => line.startsWith('    '))).toBe(true);
});

describe('IA-059 -E', () => {
  const current = tcpService(1, {
    flags: 0x1 | 0x2 | 0x100, timeout: 300, netmask: 0x00ffffff, sched_name: 'conhash', conn_timeout: 90, proxy_protocol: 2, num_dests: 4,
    check_conf: { types: 1, dest_down_notice_num: 9, dest_up_notice_num: 9, dest_down_wait: 9, dest_inhibit_min: 9, dest_inhibit_max: 9 },
  }); // prettier-ignore

  async function edited(...options: string[]): Promise<ReturnType<typeof decode<'dp_vs_service_compat'>>> {
    const peer = daemon({ [MSG.DPVS_SO_GET_SERVICE]: () => encode('dp_vs_service_compat', current), [MSG.DPVS_SO_SET_EDIT]: OK });
    const { code, stderr } = await ipvsadm(['-E', ...VIP, ...options], peer);
    expect([code, stderr]).toEqual([0, '']);
    return decode('dp_vs_service_compat', peer.asked(MSG.DPVS_SO_SET_EDIT)[0]?.body ?? Buffer.alloc(0));
  }

  it('IA-060 changes nothing that is not given', async () => {
    expect(await edited()).toEqual(decode('dp_vs_service_compat', encode('dp_vs_service_compat', current)));
  });

  it.each([
    [['-s', 'rr'], { sched_name: 'rr', flags: 0x3 }],
    [['--hash-target', 'sip'], { flags: 0x103 }],
    [['-s', 'mh', '--sched-flags', 'mh-port'], { sched_name: 'mh', flags: 0x43 }],
    [['--sched-flags', 'flag-1,flag-2'], { flags: 0x163 }],
    [['-p', '60'], { timeout: 60, flags: 0x103 }],
    [['-M', '/16'], { netmask: 0xffff }],
    [['-j', 'enable'], { flags: 0x10b }],
    [['--expire-quiescent', '--quic'], { flags: 0x913 }],
    [['--conn-timeout', '0'], { conn_timeout: 0 }],
    [['--proxy-protocol', 'disable'], { proxy_protocol: 0 }],
    [['--dest-check', 'tcp'], { check_conf: { types: 2, dest_down_notice_num: 0, dest_up_notice_num: 0, dest_down_wait: 0, dest_inhibit_min: 0, dest_inhibit_max: 0 } }],
  ])('IA-060 changes what is given: %j', async (options, changed) => {
    expect(await edited(...options)).toEqual({ ...(await edited()), ...changed });
  });

  it('says once that there is no such service', async () => {
    const result = await ipvsadm(['-E', ...VIP, '-s', 'rr'], daemon({ [MSG.DPVS_SO_GET_SERVICE]: () => -23 }));
    expect(result.code).toBe(255);
    expect(result.stderr.split('\n').slice(1)).toEqual(['No such service', '']);
  });

  it('IA-042 hashes only with a scheduler that does', async () => {
    const other = encode('dp_vs_service_compat', { ...current, sched_name: 'rr' });
    const result = await ipvsadm(['-E', ...VIP, '--hash-target', 'sip'], daemon({ [MSG.DPVS_SO_GET_SERVICE]: () => other }));
    expect(result).toMatchObject({ code: 2, stderr: 'hash target can only be set when schedule is conhash\n' });
  });
});

describe('IA-011 IA-040 IA-042 IA-057 IA-079 IA-084 what does not fit together', () => {
  it.each([
    [['-A', '-t', '1.1.1.1'], 'Zero port specified for no-match and non-persistent service'],
    [['-A', '-q', '1.1.1.1'], 'Zero port specified for no-match and non-persistent service'],
    [['-A', '-H', 'proto=tcp,af=ipv4'], 'Zero port specified for no-match and non-persistent service'],
    [['-E', '-t', '1.1.1.1'], 'Zero port specified for no-match and non-persistent service'],
    [['-A', ...VIP, '-o'], 'One-Packet Scheduling is only for UDP virtual services'],
    [['-A', ...VIP, '--hash-target', 'sip'], 'hash target can only be set when schedule is conhash'],
    [['-A', ...VIP, '-s', 'conhash', '--hash-target', 'qid'], 'qid hash can only be set in udp service'],
    [['-A', ...VIP, '-M', '24'], 'illegal virtual server persistent mask specified'],
    [['-A', '-M', '255.255.255.0', '-t', '[::1]:1'], 'illegal ipv6 netmask specified'],
    [['-L', '-c', '--rate'], 'options conflicts in the list command'],
    [['-L', '--timeout', '--persistent-conn'], 'options conflicts in the list command'],
    [['-L', 'foo'], 'unexpected argument foo'],
    [['--set', '1', '2'], '--set option requires 3 timeout values'],
    [['--set', '1', '2', '3', '4'], 'unexpected argument 4'],
    [['--set', '1', 'x', '3'], "invalid timeout value `x' specified"],
  ])('%j', async (argv, message) => {
    expect(await ipvsadm(argv, daemon({}))).toEqual({ code: 2, stdout: '', stderr: `${message}\n` });
  });

  it.each([
    ['--hash-target', 'qid', '-s', 'conhash', '-u', '1.1.1.1:1'],
    ['-M', '64', '-p', '-t', '[::1]:0'],
    ['-H', 'proto=tcp,af=ipv4,oif=dpdk0'],
  ])('IA-034 IA-040 IA-042 in any order: %j %j %j %j %j %j', async (...options) => {
    const { code, stderr } = await ipvsadm(['-A', ...options], daemon({ [MSG.DPVS_SO_SET_ADD]: OK }));
    expect([code, stderr]).toEqual([0, '']);
  });

  it('IA-079 IA-080 IA-081 is told to those who look for what dpvs does not have', async () => {
    expect(await ipvsadm(['-L', '--daemon'], daemon({}))).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('not supported') as string });
    expect(await ipvsadm(['--start-daemon', 'master'], daemon({}))).toMatchObject({ code: 255 });
  });
});

describe('IA-064 IA-065 servers', () => {
  async function sent(...argv: string[]): Promise<{ af: number; port: number; fwdmode: number; weight: number }> {
    const peer = daemon({ [MSG.DPVS_SO_SET_ADDDEST]: OK, [MSG.DPVS_SO_SET_EDITDEST]: OK, [MSG.DPVS_SO_SET_DELDEST]: OK });
    const { code, stderr } = await ipvsadm(argv, peer);
    expect([code, stderr]).toEqual([0, '']);
    return decode('dp_vs_dest_compat', peer.requests.at(-1)?.body ?? Buffer.alloc(0), sizeOf.dp_vs_service_compat);
  }

  it.each([
    [['-a', ...VIP, '-r', '1.1.1.1:8080', '-b'], 8080, 5],
    [['-a', ...VIP, '-r', '1.1.1.1', '-b'], 80, 5],
    [['-a', '-r', '1.1.1.1', '-b', ...VIP], 80, 5],
    [['-a', ...VIP, '-r', '1.1.1.1:8080'], 80, 3],
    [['-e', ...VIP, '-r', '1.1.1.1:8080', '-i'], 80, 2],
    [['-d', ...VIP, '-r', '1.1.1.1:8080'], 8080, 3],
    [['-a', '-f', '1', '-r', '1.1.1.1:8080'], 8080, 3],
    [['-a', '-f', '1', '-r', '1.1.1.1'], 0, 3],
    [['-a', ...VIP, '-r', '1.1.1.1:8080', '-m'], 8080, 0],
  ])('IA-027 IA-028 %j', async (argv, port, mode) => {
    expect(await sent(...argv)).toMatchObject({ af: 2, port, fwdmode: mode, weight: 1 });
  });

  it('IA-066 may be of another family', async () => {
    expect(await sent('-a', '-t', '[2001:db8::1]:80', '-r', '10.0.0.9:8080', '-b')).toMatchObject({ af: 2, port: 8080 });
  });

  it('IA-070 that exist with another port are named', async () => {
    const peer = daemon({
      [MSG.DPVS_SO_SET_EDITDEST]: () => -4,
      [MSG.DPVS_SO_GET_SERVICE]: () => encode('dp_vs_service_compat', tcpService(1, { num_dests: 1 })),
      [MSG.DPVS_SO_GET_DESTS]: () =>
        Buffer.concat([encode('dp_vs_dest_table', { num_dests: 1 }), encode('dp_vs_dest_compat', { af: 2, addr: address(1, 1, 1, 1), port: 8080 })]),
    });
    const { code, stderr } = await ipvsadm(['-e', ...VIP, '-r', '1.1.1.1:8080'], peer);
    expect(code).toBe(252);
    expect(stderr).toContain('hint: the service has 1.1.1.1:8080;');
  });
});

describe('local addresses', () => {
  const ARGS = [...VIP, '-z', '192.168.0.1', '-F', 'dpdk1'];
  const { SOCKOPT_SET_IFADDR_ADD: IF_ADD, SOCKOPT_SET_IFADDR_DEL: IF_DEL } = MSG;
  const { SOCKOPT_SET_LADDR_ADD: ADD, SOCKOPT_SET_LADDR_DEL: DEL, SOCKOPT_GET_LADDR_GETALL: GETALL } = MSG;
  const laddrs = (...last: number[]): Buffer =>
    Buffer.concat([encode('dp_vs_laddr_conf', { nladdrs: last.length }), ...last.map((n) => encode('dp_vs_laddr_entry', { af: 2, addr: address(192, 168, 0, n) }))]);

  it('IA-071 that are on the device already are no news', async () => {
    const result = await ipvsadm(['-P', ...ARGS], daemon({ [IF_ADD]: () => -3, [ADD]: OK }));
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('IA-074 leave the device again when the service does not take them', async () => {
    const peer = daemon({ [IF_ADD]: OK, [ADD]: () => -17, [IF_DEL]: OK });
    const result = await ipvsadm(['-P', ...ARGS], peer);
    expect(result.code).toBe(239);
    expect(peer.ids).toEqual([18, IF_ADD, ADD, IF_DEL]);
  });

  it('IA-074 stay on the device when they were there before', async () => {
    const peer = daemon({ [IF_ADD]: () => -3, [ADD]: () => -3 });
    expect((await ipvsadm(['-P', ...ARGS], peer)).code).toBe(253);
    expect(peer.asked(IF_DEL)).toEqual([]);
  });

  it.each([
    ['stay on the device while another service needs them', laddrs(7, 1), 0],
    ['leave the device when nobody needs them', laddrs(7), 1],
  ])('IA-073 %s', async (_name, others, removals) => {
    const peer = new ScriptedDaemon({
      [MSG.DPVS_SO_GET_INFO]: () => infoReply(1),
      [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply([tcpService(2)]),
      [GETALL]: () => others,
      [DEL]: OK,
      [IF_DEL]: OK,
    });
    expect(await ipvsadm(['-Q', ...ARGS], peer)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(peer.asked(IF_DEL)).toHaveLength(removals);
  });

  it('IA-073 stay on the device when nobody can tell', async () => {
    const peer = daemon({ [DEL]: OK, [MSG.DPVS_SO_GET_SERVICES]: () => -2, [IF_DEL]: OK });
    const result = await ipvsadm(['-Q', ...ARGS], peer);
    expect([result.code, peer.asked(IF_DEL)]).toEqual([0, []]);
    expect(result.stderr).toContain('dpdk1 keeps 192.168.0.1');
  });

  it('IA-072 IA-096 are listed for all services, and one that fails hides no other', async () => {
    const peer = new ScriptedDaemon({
      [MSG.DPVS_SO_GET_INFO]: () => infoReply(2),
      [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply([tcpService(1), tcpService(2)]),
      [GETALL]: (body) => (body[11] === 1 ? -23 : laddrs(9)),
    });
    const { code, stdout, stderr } = await ipvsadm(['-G'], peer);
    expect([code, stderr]).toEqual([1, '10.0.0.1:80: msg callback failed(-23)\n']);
    expect(stdout.split('\n')).toEqual([
      'VIP:VPORT            TOTAL    SNAT_IP              CONFLICTS  CONNS     ',
      '10.0.0.2:80          1        ',
      '                              192.168.0.9          0          0         ',
      '',
    ]);
  });
});

describe('lists of clients', () => {
  it('IA-078 of ICMPv6 and of unknown protocols are readable', async () => {
    const entries = [58, 99].map((proto) => ({ af: 10, proto, vaddr: address(0x20, 1), subject: address(0xfd) }));
    const reply = Buffer.concat([encode('dp_vs_blklst_conf_array', { naddr: 2 }), ...entries.map((entry) => encode('dp_vs_blklst_conf', entry))]);
    const services = entries.map(({ af, proto, vaddr }) => ({ af, proto, addr: vaddr }));
    const peer = daemon({ [MSG.DPVS_SO_GET_INFO]: () => infoReply(services.length), [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply(services), [MSG.SOCKOPT_GET_BLKLST_GETALL]: () => reply });
    const { stdout } = await ipvsadm(['-B'], peer);
    expect(stdout.split('\n').slice(1)).toEqual([
      'ICMPv6   [2001::]:0                     fd00::                        ',
      '-        [2001::]:0                     fd00::                        ',
      '',
    ]);
  });

  it('IA-076 stand in the order of services, each entry once', async () => {
    const entry = (last: number, subject: number): Buffer =>
      encode('dp_vs_blklst_conf', { af: 2, proto: 6, vport: last === 0 ? 0 : 80, vaddr: last === 0 ? address() : address(10, 0, 0, last), subject: address(subject) });
    const entries = [entry(1, 1), entry(0, 2), entry(2, 3), entry(1, 4), entry(3, 5)];
    const reply = Buffer.concat([encode('dp_vs_blklst_conf_array', { naddr: entries.length }), ...entries]);
    const mark = { af: 2, proto: 6, addr: address() };
    const services = [tcpService(2), { ...mark, fwmark: 1 }, tcpService(1), { ...mark, fwmark: 2 }];
    const peer = daemon({ [MSG.DPVS_SO_GET_INFO]: () => infoReply(services.length), [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply(services), [MSG.SOCKOPT_GET_BLKLST_GETALL]: () => reply });
    const { stdout } = await ipvsadm(['-B'], peer);
    expect(stdout.split('\n').slice(1, -1).map((line) => line.split(/ +/).slice(1, 3))).toEqual([
      ['10.0.0.2:80', '3.0.0.0'],
      ['0.0.0.0:0', '2.0.0.0'],
      ['10.0.0.1:80', '1.0.0.0'],
      ['10.0.0.1:80', '4.0.0.0'],
    ]);
  });

  it('IA-077 show their title even if they are empty, and no entries of other services', async () => {
    const reply = Buffer.concat([encode('dp_vs_blklst_conf_array', { naddr: 1 }), encode('dp_vs_blklst_conf', { af: 2, proto: 6, vport: 81, vaddr: address(10, 0, 0, 1) })]);
    const { code, stdout } = await ipvsadm(['-W', ...VIP], daemon({ [MSG.SOCKOPT_GET_WHTLST_GETALL]: () => reply }));
    expect([code, stdout]).toEqual([0, 'PROTO    VIP:VPORT                      WHITELIST                     \n']);
  });

  it('with a negative length are refused', async () => {
    const reply = encode('dp_vs_blklst_conf_array', { naddr: -1 });
    expect((await ipvsadm(['-B', ...VIP], daemon({ [MSG.SOCKOPT_GET_BLKLST_GETALL]: () => reply }))).code).toBe(1);
  });

  it('IA-075 of services that do not exist bring a warning', async () => {
    const peer = daemon({ [MSG.SOCKOPT_SET_BLKLST_ADD]: OK, [MSG.DPVS_SO_GET_SERVICE]: () => -23 });
    const { code, stderr } = await ipvsadm(['-U', ...VIP, '-k', '1.1.1.1'], peer);
    expect([code, stderr]).toEqual([0, 'warning: there is no such service; the entry waits for one\n']);
  });
});
