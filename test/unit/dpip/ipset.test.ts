// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { parseIp } from '../../../src/cli/parse/address';
import { typeNames } from '../../../src/cli/dpip/ipset/types';
import { formatIp } from '../../../src/cli/render/address';
import { decode, encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { dpip, Scripted, type Answer } from '../../golden/dpip/run';

const SET = MSG.SOCKOPT_SET_IPSET;
const TEST = MSG.SOCKOPT_GET_IPSET_TEST;
const LIST = MSG.SOCKOPT_GET_IPSET_LIST;

type Member = DeepPartial<Structs['ipset_member']>;
type Info = DeepPartial<Structs['ipset_info']>;

function bytes(text: string): Uint8Array {
  return parseIp(text)?.bytes ?? new Uint8Array(16);
}

function listing(...sets: readonly (readonly [Info, readonly Member[]])[]): Buffer {
  return Buffer.concat([
    encode('ipset_info_array', { nipset: sets.length }),
    ...sets.map(([info, members]) => encode('ipset_info', { ...info, entries: members.length })),
    ...sets.flatMap(([, members]) => members.map((member) => encode('ipset_member', member))),
  ]);
}

function daemon(type: string, more: Readonly<Record<number, Answer>> = {}): Scripted {
  return new Scripted({ [LIST]: listing([{ name: 's', type, af: 2 }, []]), [SET]: Buffer.alloc(0), ...more });
}

/** The entry that a command sends, in short. */
async function sent(type: string, entry: string, options = ''): Promise<string> {
  const asked = daemon(type);
  expect(await dpip(`${options} ipset add s ${entry}`, asked), entry).toEqual({ code: 0, stdout: '', stderr: '' });
  const request = decode('ipset_param', asked.sent(SET)[0] ?? Buffer.alloc(0));
  const { family, add } = request.option;
  const range = ({ min_addr, max_addr, min_port, max_port }: typeof request.range): string =>
    `${formatIp(family, min_addr)}-${formatIp(family, max_addr)}:${min_port}-${max_port}`;
  const second = `${range(request.range2)}/${request.cidr2}`;
  const mac = Buffer.from(request.mac).toString('hex');
  return [
    `${request.proto} ${range(request.range)}/${request.cidr}`,
    ...(/^(0\.0\.0\.0-0\.0\.0\.0|::-::):0-0\/0$/.test(second) ? [] : [second]),
    ...(request.iface === '' ? [] : [request.iface]),
    ...(/^0+$/.test(mac) ? [] : [mac]),
    ...(add?.nomatch === 1 ? ['nomatch'] : []),
    ...(request.flag === 1 ? ['force'] : []),
  ].join(' ');
}

describe('entries', () => {
  test.each([
    ['bitmap:ip', '10.0.0.1', '0 10.0.0.1-10.0.0.1:0-0/0'],
    ['bitmap:ip,mac', '10.0.0.1,02:00:00:00:00:0A', '0 10.0.0.1-10.0.0.1:0-0/0 02000000000a'],
    ['bitmap:ip,mac', '10.0.0.1', '0 10.0.0.1-10.0.0.1:0-0/0'],
    ['bitmap:port', 'tcp:80-90', '6 0.0.0.0-0.0.0.0:80-90/0'],
    ['hash:ip', '10.0.0.0/16', '0 10.0.0.0-10.0.0.0:0-0/16'],
    ['hash:ip', '10.0.0.0-10.0.255.255', '0 10.0.0.0-10.0.255.255:0-0/0'],
    ['hash:net', '10.0.0.0/8', '0 10.0.0.0-10.0.0.0:0-0/8'],
    ['hash:net', 'fd00::/64 nomatch', '0 fd00::-fd00:::0-0/64 nomatch'],
    ['hash:ip,port', '10.0.0.1,80', '0 10.0.0.1-10.0.0.1:80-80/0'],
    ['hash:ip,port', '10.0.0.1', '0 10.0.0.1-10.0.0.1:0-0/0'],
    ['hash:net,port', '10.0.0.0/8,icmp6:8', '58 10.0.0.0-10.0.0.0:8-8/8'],
    ['hash:net,port', '10.0.0.0/8,icmp:8', '1 10.0.0.0-10.0.0.0:8-8/8'],
    ['hash:net,port,iface', 'fd00::/64,udp:1-2,d0', '17 fd00::-fd00:::1-2/64 d0'],
    ['hash:ip,port,ip', '10.0.0.1,tcp:80,10.0.0.2', '6 10.0.0.1-10.0.0.1:80-80/0 10.0.0.2-10.0.0.2:0-0/0'],
    ['hash:ip,port,net', '10.0.0.1,tcp:80,10.0.0.0/8', '6 10.0.0.1-10.0.0.1:80-80/0 10.0.0.0-10.0.0.0:0-0/8'],
    ['hash:net,port,net', '10.0.0.0/8,tcp:80,11.0.0.0/8', '6 10.0.0.0-10.0.0.0:80-80/8 11.0.0.0-11.0.0.0:0-0/8'],
    ['hash:net,port,net,port', '10.0.0.0/8,tcp:80,11.0.0.0/8,tcp:90', '6 10.0.0.0-10.0.0.0:80-80/8 11.0.0.0-11.0.0.0:90-90/8'],
  ])('DP-092 %s %s', async (type, entry, want) => {
    expect(await sent(type, entry)).toBe(want);
  });

  test('every type is tried above', () => {
    expect(typeNames()).toHaveLength(12);
  });

  test('DP-093 -F forces', async () => {
    expect(await sent('hash:ip', '10.0.0.1', '-F')).toBe('0 10.0.0.1-10.0.0.1:0-0/0 force');
  });

  test.each([
    ['hash:ip', '10.0.0.0/15', "ipv4 cidr shouldn't be less than 16"],
    ['hash:ip', '10.0.0.0-10.1.0.0', "ip range shouldn't be greater than 65536"],
    ['hash:ip', 'fd00::/64', 'ipv6 cidr is not supported by the set type'],
    ['hash:ip', '10.0.0.9-10.0.0.1', 'invalid ipv4 range'],
    ['hash:net', 'fd00::1-fd00::2', 'ipv6 range is not supported'],
    ['bitmap:port', '80', 'bitmap:port should specified protocol tcp or udp'],
    ['bitmap:port', 'icmp:80', 'bitmap:port should specified protocol tcp or udp'],
    ['hash:net,port,net,port', '10.0.0.0/8,tcp:1,11.0.0.0/8,udp:1', "Error: port protocol doesn't match"],
    ['hash:net,port,net', '10.0.0.0/8,tcp:1,fd00::/64', 'the addresses are of different families'],
  ])('DP-100 %s refuses %s', async (type, entry, message) => {
    const asked = daemon(type);
    expect(await dpip(`ipset add s ${entry}`, asked)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${message}\ndpip: check: invalid parameter\n`,
    });
    expect(asked.sent(SET)).toEqual([]);
  });

  test.each([
    ['bitmap:ip,mac', '10.0.0.1,02:00:00:00:00', 'invalid mac: 02:00:00:00:00'],
    ['bitmap:ip,mac', '10.0.0.1,02:00:00:00:00:1g', 'invalid mac: 02:00:00:00:00:1g'],
    ['hash:ip,port', '10.0.0.1,65536', 'invalid port: 65536'],
    ['hash:ip,port', '10.0.0.1,2-1', 'invalid port: 2-1'],
    ['hash:ip,port', '10.0.0.1,sctp:1', 'invalid port: sctp:1'],
    ['hash:net', '10.0.0.1,80', "invalid entry '10.0.0.1,80': hash:net takes net"],
    ['hash:net,port', '10.0.0.1', "invalid entry '10.0.0.1': hash:net,port takes net,port"],
  ])('DP-100 %s does not understand %s', async (type, entry, message) => {
    expect((await dpip(`ipset add s ${entry}`, daemon(type))).stderr).toBe(`${message}\ndpip: parse: invalid parameter\n`);
  });

  test('words that entries do not take', async () => {
    const { stderr } = await dpip('ipset add s 10.0.0.1 timeout 3', daemon('hash:ip'));
    expect(stderr).toBe("unknown argument 'timeout'\ndpip: parse: not support\n");
  });
});

describe('sets', () => {
  test.each([
    ['ipset create s hash:ip', 2, 0],
    ['-6 ipset create s hash:net', 10, 0],
    ['ipset create s hash:net range fd00::/64', 10, 0],
    ['ipset create s hash:ip hashsize 300 maxelem 1000 comment', 2, 300],
  ])('DP-091 %s', async (line, family, hashsize) => {
    const asked = daemon('');
    expect((await dpip(line, asked)).code).toBe(0);
    const request = decode('ipset_param', asked.sent(SET)[0] ?? Buffer.alloc(0));
    expect(request).toMatchObject({ opcode: 4, name: 's', option: { family, create: { hashsize } } });
  });

  test('a bitmap of ports', async () => {
    const asked = daemon('');
    expect((await dpip('ipset create s bitmap:port range 1-1024', asked)).code).toBe(0);
    expect(decode('ipset_param', asked.sent(SET)[0] ?? Buffer.alloc(0)).range).toMatchObject({ min_port: 1, max_port: 1024 });
  });

  test.each([
    ['ipset create', 'missing set name', 'check'],
    ['ipset create s', 'missing set type', 'check'],
    ['ipset create s bitmap:ip', "bitmap's IP range MUST be specified", 'check'],
    ['ipset create s bitmap:port', "bitmap's port range MUST be specified", 'check'],
    ['-6 ipset create s bitmap:ip range 10.0.0.0/8', "bitmap doesn't support ipv6", 'check'],
    ['ipset create s bitmap:ip range fd00::/120', "bitmap doesn't support ipv6", 'check'],
    ['ipset create s hash:ip timeout 5', "unknown argument 'timeout'", 'parse'],
    ['ipset create s hash:ip hashsize many', "invalid hashsize 'many': a number from 0 to 2147483647", 'parse'],
    [`ipset destroy ${'x'.repeat(32)}`, `set name '${'x'.repeat(32)}' is longer than 31 characters`, 'parse'],
    ['ipset flush', 'missing set name; -F flushes all sets', 'check'],
    [`ipset add s 10.0.0.1 comment ${'x'.repeat(32)}`, `comment '${'x'.repeat(32)}' is longer than 31 characters`, 'parse'],
  ])('DP-091 %s: %s', async (line, message, stage) => {
    expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\ndpip: ${stage}: invalid parameter\n` });
  });

  test('DP-099 an unknown type is named', async () => {
    expect((await dpip('ipset create s hash:mac')).stderr).toMatch(/^unknown set type 'hash:mac'\ntypes: bitmap:ip /);
  });

  test.each(['add s 10.0.0.1', 'del s 10.0.0.1', 'test s 10.0.0.1', 'show s'])('DP-099 ipset %s of a set that does not exist', async (words) => {
    const { code, stderr } = await dpip(`ipset ${words}`, new Scripted({ [LIST]: -4 }));
    expect(code).toBe(1);
    expect(stderr).toBe('[sockopt_msg_recv] errcode set in socket msg#105 header: not exist(-4)\ndpip: not exist\n');
  });

  test('DP-098 -F flush flushes all', async () => {
    const asked = new Scripted({ [LIST]: listing([{ name: 'a' }, []], [{ name: 'b' }, []]), [SET]: Buffer.alloc(0) });
    expect((await dpip('-F ipset flush', asked)).code).toBe(0);
    expect(asked.sent(SET).map((body) => decode('ipset_param', body)).map(({ name, opcode }) => [name, opcode])).toEqual([
      ['a', 6],
      ['b', 6],
    ]);
  });
});

describe('test', () => {
  const answer = (result: number): Buffer => {
    const body = Buffer.alloc(4);
    body.writeInt32LE(result);
    return body;
  };

  test.each([
    ['', 1, 'true\n'],
    ['', 0, 'false\n'],
    ['-v', 1, '10.0.0.1 is in set s\n'],
    ['-v', 0, '10.0.0.1 is NOT in set s\n'],
  ])('DP-094 %s %d prints %s and is a success', async (options, result, stdout) => {
    const line = `${options} ipset test s 10.0.0.1`;
    expect(await dpip(line, daemon('hash:ip', { [TEST]: answer(result) }))).toEqual({ code: 0, stdout, stderr: '' });
  });

  test('a failure of the look-up', async () => {
    const { code, stderr } = await dpip('ipset test s 10.0.0.1', daemon('hash:ip', { [TEST]: answer(-1) }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^set test failed\n/);
  });

  test('a prefix is ignored', async () => {
    const asked = daemon('hash:net', { [TEST]: answer(1) });
    const { stdout, stderr } = await dpip('ipset test s 10.0.0.0/8', asked);
    expect({ stdout, stderr }).toEqual({ stdout: 'true\n', stderr: 'Warning: ignore cidr settings for ipset test\n' });
    expect(decode('ipset_param', asked.sent(TEST)[0] ?? Buffer.alloc(0)).cidr).toBe(0);
  });
});

describe('show', () => {
  const members = async (type: string, list: readonly Member[], options = '', info: Info = {}): Promise<string[]> => {
    const { stdout } = await dpip(
      `${options} ipset show`,
      new Scripted({ [LIST]: listing([{ name: 's', type, af: 2, ...info }, list]) }),
    );
    return stdout.slice(stdout.indexOf('Members:\n') + 9, -1).split('\n').slice(0, -1);
  };
  const a = { addr: bytes('10.0.0.1') };
  const tcp80 = { proto: 6, port: 80 };

  test.each([
    ['hash:ip', { ...a, comment: 'x y' }, '10.0.0.1  comment "x y"'],
    ['hash:net', { ...a, cidr: 24, nomatch: 1 }, '10.0.0.1/24 nomatch  '],
    ['bitmap:ip,mac', { ...a, mac: Uint8Array.of(2, 0, 0, 0, 0, 0xab) }, '10.0.0.1,02:00:00:00:00:AB  '],
    ['bitmap:ip,mac', a, '10.0.0.1'],
    ['bitmap:port', tcp80, 'tcp:80  '],
    ['hash:ip,port', { ...a, port: 80 }, '10.0.0.1,unspec:80  '],
    ['hash:net,port', { ...a, cidr: 8, proto: 58, port: 8 }, '10.0.0.1/8,icmp6:8  '],
    ['hash:net,port,iface', { ...a, cidr: 8, ...tcp80, iface: 'd0' }, '10.0.0.1/8,tcp:80,d0  '],
    ['hash:ip,port,ip', { ...a, ...tcp80, addr2: bytes('10.0.0.2') }, '10.0.0.1,tcp:80,10.0.0.2  '],
    ['hash:ip,port,net', { ...a, ...tcp80, addr2: bytes('11.0.0.0'), cidr2: 8 }, '10.0.0.1,tcp:80,11.0.0.0/8  '],
    ['hash:net,port,net,port', { ...a, cidr: 9, ...tcp80, addr2: bytes('11.0.0.0'), cidr2: 8, port2: 90 }, '10.0.0.1/9,tcp:80,11.0.0.0/8,tcp:90  '],
  ])('DP-095 %s', async (type, member, want) => {
    expect(await members(type, [member])).toEqual([want]);
  });

  test.each([
    ['hash:net', { af: 10, hash: { hashsize: 256, maxelem: 1000 } }, 'family inet6  hashsize 256  maxelem 1000  '],
    ['bitmap:ip', { comment: 1, bitmap: { cidr: 16, range: { min_addr: bytes('10.0.0.0') } } }, 'range 10.0.0.0/16  comment'],
    [
      'bitmap:ip,mac',
      { bitmap: { range: { min_addr: bytes('10.0.0.0'), max_addr: bytes('10.0.0.9') } } },
      'range 10.0.0.0-10.0.0.9  ',
    ],
    ['bitmap:port', { bitmap: { range: { min_port: 1, max_port: 9 } } }, 'range tcp|udp:1-9  '],
  ])('DP-095 header of %s', async (type, info: Info, want) => {
    const { stdout } = await dpip('ipset show', new Scripted({ [LIST]: listing([{ name: 's', type, af: 2, ...info }, []]) }));
    expect(stdout).toBe(
      `Name: s\nType: ${type}\nHeader: ${want}\nSize in memory: 0\nReferences: 0\nNumber of entries: 0\nMembers:\n\n`,
    );
  });

  test('DP-096 -v sorts hash sets by prefix and address, bitmaps not at all', async () => {
    const nets = [
      { addr: bytes('10.0.0.2'), cidr: 8 },
      { addr: bytes('10.0.0.3'), cidr: 24 },
      { addr: bytes('10.0.0.1'), cidr: 8 },
    ];
    const inOrder = ['10.0.0.3/24  ', '10.0.0.1/8  ', '10.0.0.2/8  '];
    expect(await members('hash:net', nets, '-v')).toEqual(inOrder);
    expect(await members('hash:net', nets)).toEqual(['10.0.0.2/8  ', '10.0.0.3/24  ', '10.0.0.1/8  ']);
    const ips = [{ addr: bytes('10.0.0.2') }, { addr: bytes('10.0.0.1') }];
    expect(await members('bitmap:ip', ips, '-v')).toEqual(['10.0.0.2  ', '10.0.0.1  ']);
    expect(await members('hash:ip', ips, '-v')).toEqual(['10.0.0.1  ', '10.0.0.2  ']);
  });

  test('ip,port,net: address, then the prefix of the second', async () => {
    const list = [
      { addr: bytes('10.0.0.1'), ...tcp80, addr2: bytes('11.0.0.0'), cidr2: 8 },
      { addr: bytes('10.0.0.1'), ...tcp80, addr2: bytes('12.0.0.0'), cidr2: 16 },
      { addr: bytes('9.0.0.1'), ...tcp80, addr2: bytes('12.0.0.0'), cidr2: 4 },
    ];
    expect(await members('hash:ip,port,net', list, '-v')).toEqual([
      '9.0.0.1,tcp:80,12.0.0.0/4  ',
      '10.0.0.1,tcp:80,12.0.0.0/16  ',
      '10.0.0.1,tcp:80,11.0.0.0/8  ',
    ]);
  });

  test('no sets, no output', async () => {
    expect(await dpip('ipset show', new Scripted({ [LIST]: Buffer.alloc(4) }))).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('members that are announced but not there', async () => {
    const cut = listing([{ name: 's', type: 'hash:ip' }, [a]]).subarray(0, -1);
    expect((await dpip('ipset show', new Scripted({ [LIST]: cut }))).stderr).toContain('corrupted response.');
  });
});
