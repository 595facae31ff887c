// SPDX-License-Identifier: Apache-2.0
// Exit statuses and what is said when a daemon refuses, is not there, or goes away.
import { describe, expect, it } from 'vitest';
import { ClosedError, ConnectError, TimeoutError, type IpcError, type RequestType, type Transport } from '../../../src/ipc/client';
import { EDPVS, encode, errorTexts, MSG } from '../../../src/ipc/codec';
import { MemoryDaemon } from '../../support/extension-daemon';
import { address, destsReply, infoReply, ipvsadm, OK, ScriptedDaemon, servicesReply, tcpService } from './run';

const V = '-t 10.0.0.1:80';
const SERVER = `${V} -r 10.0.0.9:8080 -b`;
const INFO = { [MSG.DPVS_SO_GET_INFO]: () => infoReply(1) };

/** Every command that changes something, with the message that it ends in. */
const CHANGES: readonly (readonly [line: string, id: number])[] = [
  [`-A ${V}`, MSG.DPVS_SO_SET_ADD],
  [`-E ${V}`, MSG.DPVS_SO_SET_EDIT],
  [`-D ${V}`, MSG.DPVS_SO_SET_DEL],
  ['-C', MSG.DPVS_SO_SET_FLUSH],
  ['-Z', MSG.DPVS_SO_SET_ZERO],
  [`-Z ${V}`, MSG.DPVS_SO_SET_ZERO],
  [`-a ${SERVER}`, MSG.DPVS_SO_SET_ADDDEST],
  [`-e ${SERVER}`, MSG.DPVS_SO_SET_EDITDEST],
  [`-d ${V} -r 10.0.0.9:8080`, MSG.DPVS_SO_SET_DELDEST],
  [`-P ${V} -z 10.0.0.8 -F dpdk0`, MSG.SOCKOPT_SET_LADDR_ADD],
  [`-Q ${V} -z 10.0.0.8 -F dpdk0`, MSG.SOCKOPT_SET_LADDR_DEL],
  [`-U ${V} -k 10.0.0.7`, MSG.SOCKOPT_SET_BLKLST_ADD],
  [`-V ${V} -k 10.0.0.7`, MSG.SOCKOPT_SET_BLKLST_DEL],
  [`-O ${V} -2 10.0.0.7`, MSG.SOCKOPT_SET_WHTLST_ADD],
  [`-Y ${V} -2 10.0.0.7`, MSG.SOCKOPT_SET_WHTLST_DEL],
];

const GETS = {
  [MSG.DPVS_SO_GET_INFO]: () => infoReply(0),
  [MSG.DPVS_SO_GET_SERVICE]: () => encode('dp_vs_service_compat', tcpService(1)),
  [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply([]),
  [MSG.DPVS_SO_GET_DESTS]: () => destsReply([]),
  [MSG.SOCKOPT_SET_IFADDR_ADD]: OK,
  [MSG.SOCKOPT_SET_IFADDR_DEL]: OK,
};

describe('IA-112 a change that is made', () => {
  it.each(CHANGES)('says nothing: %s', async (line, id) => {
    const daemon = new ScriptedDaemon({ ...GETS, [id]: OK });
    expect(await ipvsadm(line.split(' '), daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(daemon.asked(id)).toHaveLength(1);
  });
});

describe('IA-016 IA-018 a change that is refused', () => {
  const codes = Object.values(EDPVS).filter((code) => code < 0);

  it('there are codes for', () => {
    expect(codes.length).toBeGreaterThan(25);
  });

  it.each(CHANGES)('ends with 256 + code, and the line that scripts know: %s', async (line, id) => {
    for (const code of codes) {
      const text = errorTexts[code] ?? '';
      const daemon = new ScriptedDaemon({ ...GETS, [id]: () => code });
      const { code: status, stdout, stderr } = await ipvsadm(line.split(' '), daemon);
      expect([code, status, stdout]).toEqual([code, 256 + code, '']);
      expect(stderr).toMatch(new RegExp(`^\\[sockopt_msg_recv\\] errcode set in socket msg#${id} header: [^\\n]*\\(${code}\\)\\n[^\\n]+\\n(hint: [^\\n]*\\n)?$`));
      expect(stderr).not.toContain('Success');
      expect(text).not.toBe('');
    }
  });

  it('says what the daemon calls it', async () => {
    const daemon = new MemoryDaemon({ schedulers: ['rr'] });
    await ipvsadm(`-A ${V} -s rr`.split(' '), daemon);
    expect(await ipvsadm(`-A ${V} -s rr`.split(' '), daemon)).toEqual({
      code: 253,
      stdout: '',
      stderr: '[sockopt_msg_recv] errcode set in socket msg#10 header: already exist(-3)\nService already exists\n',
    });
  });
});

describe('IA-019 what a refusal means', () => {
  it.each([
    [`-A ${V}`, MSG.DPVS_SO_SET_ADD, -3, 'Service already exists'],
    [`-A ${V}`, MSG.DPVS_SO_SET_ADD, -4, 'Scheduler or persistence engine not found'],
    [`-E ${V}`, MSG.DPVS_SO_GET_SERVICE, -23, 'No such service'],
    [`-E ${V}`, MSG.DPVS_SO_GET_SERVICE, -4, 'No such service'],
    [`-E ${V}`, MSG.DPVS_SO_SET_EDIT, -4, 'Scheduler or persistence engine not found'],
    [`-D ${V}`, MSG.DPVS_SO_SET_DEL, -1, 'No such service'],
    [`-Z ${V}`, MSG.DPVS_SO_SET_ZERO, -1, 'No such service'],
    [`-L ${V}`, MSG.DPVS_SO_GET_SERVICE, -23, 'No such service'],
    [`-Ln ${V}`, MSG.DPVS_SO_GET_SERVICE, -4, 'No such service'],
    [`-Ln ${V}`, MSG.DPVS_SO_GET_DESTS, -4, 'No such service'],
    [`-G ${V}`, MSG.DPVS_SO_GET_SERVICE, -23, 'No such service'],
    [`-G ${V}`, MSG.SOCKOPT_GET_LADDR_GETALL, -17, 'No such service'],
    [`-a ${SERVER}`, MSG.DPVS_SO_SET_ADDDEST, -1, 'Service not defined'],
    [`-a ${SERVER}`, MSG.DPVS_SO_SET_ADDDEST, -3, 'Destination already exists'],
    [`-e ${SERVER}`, MSG.DPVS_SO_SET_EDITDEST, -1, 'Service not defined'],
    [`-e ${SERVER}`, MSG.DPVS_SO_SET_EDITDEST, -4, 'No such destination'],
    [`-d ${V} -r 10.0.0.9`, MSG.DPVS_SO_SET_DELDEST, -1, 'Service not defined'],
    [`-d ${V} -r 10.0.0.9`, MSG.DPVS_SO_SET_DELDEST, -4, 'No such destination'],
    [`-P ${V} -z 10.0.0.8 -F x`, MSG.SOCKOPT_SET_LADDR_ADD, -17, 'Service not defined'],
    [`-P ${V} -z 10.0.0.8 -F x`, MSG.SOCKOPT_SET_LADDR_ADD, -3, 'Local address already exists'],
    [`-P ${V} -z 10.0.0.8 -F x`, MSG.SOCKOPT_SET_LADDR_ADD, -4, 'No such interface'],
    [`-Q ${V} -z 10.0.0.8 -F x`, MSG.SOCKOPT_SET_LADDR_DEL, -4, 'No such Local address'],
    [`-U ${V} -k ipset:x`, MSG.SOCKOPT_SET_BLKLST_ADD, -1, 'No such ipset'],
    [`-U ${V} -k 10.0.0.7`, MSG.SOCKOPT_SET_BLKLST_ADD, -3, 'blacklist address already exists'],
    [`-O ${V} -2 10.0.0.7`, MSG.SOCKOPT_SET_WHTLST_ADD, -3, 'whitelist address already exists'],
    [`-V ${V} -k 10.0.0.7`, MSG.SOCKOPT_SET_BLKLST_DEL, -4, 'No such deny address'],
    [`-Y ${V} -2 10.0.0.7`, MSG.SOCKOPT_SET_WHTLST_DEL, -4, 'No such deny address'],
    ['-C', MSG.DPVS_SO_SET_FLUSH, -1, 'invalid parameter'],
    [`-A ${V}`, MSG.DPVS_SO_SET_ADD, -17, 'no service'],
  ])('%s %i %i: %s', async (line, id, code, sentence) => {
    const { stderr } = await ipvsadm(line.split(' '), new ScriptedDaemon({ ...GETS, [id]: () => code }));
    const lines = stderr.split('\n');
    expect(lines[0]).toMatch(new RegExp(`^\\[sockopt_msg_recv\\] errcode set in socket msg#${id} header: .*\\(${code}\\)$`));
    expect(lines.slice(1)).toEqual([sentence, '']);
  });
});

/** Answers greetings; everything else fails in one way. */
class Failing implements Transport {
  constructor(private readonly failure: (id: number, type: RequestType) => IpcError) {}

  request(id: number, type: RequestType): Buffer {
    if (id === MSG.DPVS_SO_GET_INFO) return infoReply(1);
    throw this.failure(id, type);
  }
}

describe('IA-017 a connection that breaks', () => {
  const failures: Readonly<Record<string, (id: number, type: RequestType) => IpcError>> = {
    'before the reply': (id) => new ClosedError(id, 0, 88, 'header'),
    'within the reply': (id) => new ClosedError(id, 40, 88, 'header'),
    'within the body': (id) => new ClosedError(id, 8, 264, 'body'),
    'by its time being over': (id) => new TimeoutError(id, 1000),
    'by a daemon that is gone': (id, type) => new ConnectError('/x', 'ECONNREFUSED', 'Connection refused', id, type),
  };
  const lines = [...CHANGES.map(([line]) => line), '-Ln', `-Ln ${V}`, '-Lnc', '-G', '-B', '-W', '-S -n'];

  it.each(Object.entries(failures))('%s is never a success', async (_name, failure) => {
    for (const line of lines) {
      const { code, stderr } = await ipvsadm(line.split(' '), new Failing(failure));
      expect(`${line}: ${[1, 2, 255].includes(code)}`).toBe(`${line}: true`);
      expect(stderr).not.toBe('');
      expect(stderr).not.toContain('    at ');
    }
  });

  it('is told in the words of upstream', async () => {
    const before = await ipvsadm(`-A ${V}`.split(' '), new Failing((id) => new ClosedError(id, 0, 88, 'header')));
    expect([before.code, before.stderr.split('\n')[0]]).toEqual([1, '[sockopt_msg_recv] socket msg header recv error -- 0/88 recieved']);
    const gone = await ipvsadm(`-A ${V}`.split(' '), new Failing((id, type) => new ConnectError('/x', 'ECONNREFUSED', 'Connection refused', id, type)));
    expect([gone.code, gone.stderr.split('\n')[0]]).toEqual([1, '[dpvs_setsockopt] scoket msg connection error: Connection refused']);
    const get = await ipvsadm(['-Ln'], new Failing((id, type) => new ConnectError('/x', 'ECONNREFUSED', 'Connection refused', id, type)));
    expect([get.code, get.stderr.split('\n')[0]]).toEqual([1, '[dpvs_getsockopt] scoket msg connection error: Connection refused']);
  });
});

describe('IA-002 IA-003 without a daemon', () => {
  const none: Transport = {
    request: (id, type) => {
      throw new ConnectError('/var/run/dpvs.ipc', 'ENOENT', 'No such file or directory', id, type);
    },
  };
  const needy = [...CHANGES.map(([line]) => line), '', '-L', '-Ln', `-Ln ${V}`, '-Lnc', '-G', '-B', '-W', '-S', '-Sn'];

  it.each(needy)('ipvsadm %s', async (line) => {
    expect(await ipvsadm(line === '' ? [] : line.split(' '), none)).toEqual({
      code: 2,
      stdout: '',
      stderr: "Can't initialize ipvs: No such file or directory\nAre you sure that dpvs is running?\n",
    });
  });

  it.each(['-h', '-v', '-h -L', '--version foo', '--help'])('%s works', async (line) => {
    expect(await ipvsadm(line.split(' '), none)).toMatchObject({ code: 0, stderr: '' });
  });

  it('IA-021 and without the right to ask it', async () => {
    const denied: Transport = {
      request: (id, type) => {
        throw new ConnectError('/var/run/dpvs.ipc', 'EACCES', 'Permission denied', id, type);
      },
    };
    expect((await ipvsadm(['-Ln'], denied)).stderr.split('\n')[0]).toBe("Can't initialize ipvs: Permission denied (you must be root)");
  });
});

describe('IA-079 IA-080 IA-081 what dpvs has not', () => {
  it.each([
    ['--start-daemon master', 255],
    ['--start-daemon=backup --mcast-interface dpdk0 --syncid 255', 255],
    ['--stop-daemon backup --syncid 0', 255],
    ['-L --daemon', 1],
    ['-Ln --daemon --nosort', 1],
  ])('%s is told, asks nobody and ends with %i', async (line, status) => {
    const daemon = new ScriptedDaemon({});
    const { code, stdout, stderr } = await ipvsadm(line.split(' '), daemon);
    expect([code, stdout, daemon.ids]).toEqual([status, '', []]);
    expect(stderr).toMatch(/^--[a-z-]+: not supported by [^\n]*dpvs[^\n]*\n$/);
  });
});

it('IA-004 IA-014 IA-124 -h and -v count as commands: first or not at all', async () => {
  const { stdout } = await ipvsadm(['-v'], new ScriptedDaemon({}));
  expect(stdout).toMatch(/^ipvsadm v\d+\.\d+\S* \S+ \([^()]*\)\n$/);
  const help = await ipvsadm(['-h', '-L', 'whatever'], new ScriptedDaemon({}));
  expect([help.code, help.stdout.split('\n')[0]]).toEqual([0, stdout.trimEnd()]);
  expect((await ipvsadm(['-L', '-v'], new ScriptedDaemon({}))).code).toBe(2);
});

describe('IA-016 a list that fails', () => {
  it.each([
    ['-Ln', MSG.DPVS_SO_GET_SERVICES],
    ['-S -n', MSG.DPVS_SO_GET_SERVICES],
    ['-G', MSG.DPVS_SO_GET_SERVICES],
    ['-B', MSG.SOCKOPT_GET_BLKLST_GETALL],
    ['-W', MSG.SOCKOPT_GET_WHTLST_GETALL],
    ['-Lnc', MSG.SOCKOPT_GET_CONN_ALL],
  ])('IA-111 %s ends with 1', async (line, id) => {
    const daemon = new ScriptedDaemon({ ...GETS, [id]: () => -2 });
    const { code, stderr } = await ipvsadm(line.split(' '), daemon);
    expect([code, stderr.split('\n')[0]]).toEqual([1, `[sockopt_msg_recv] errcode set in socket msg#${id} header: some text(-2)`]);
  });

  it('IA-111 that is empty is a success', async () => {
    const empty = encode('ip_vs_conn_array', { nconns: 0, resl: 1, curcid: 0 });
    const daemon = new ScriptedDaemon({ ...INFO, [MSG.SOCKOPT_GET_CONN_ALL]: () => empty });
    expect(await ipvsadm(['-Lnc'], daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

it('IA-001 no arguments list everything, with names', async () => {
  const service = tcpService(1, { addr: address(127, 0, 0, 1), port: 8001, num_dests: 0 });
  const daemon = (): ScriptedDaemon =>
    new ScriptedDaemon({ ...INFO, [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply([service]), [MSG.DPVS_SO_GET_DESTS]: () => destsReply([]) });
  const nothing = await ipvsadm([], daemon());
  expect(nothing).toEqual({
    code: 0,
    stdout: 'IP Virtual Server version 1.10.2 (size=0)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\nTCP  localhost:8001 rr\n',
    stderr: '',
  });
  expect(await ipvsadm(['-L'], daemon())).toEqual(nothing);
});
