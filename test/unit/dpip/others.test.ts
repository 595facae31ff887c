// SPDX-License-Identifier: Apache-2.0
// flow, maddr, lldp, ipv6, iftraf, eal-mem.
import { describe, expect, test } from 'vitest';
import { parseIp } from '../../../src/cli/parse/address';
import { encode, MSG, sizeOf } from '../../../src/ipc/codec';
import { ClosedError } from '../../../src/ipc/client';
import { dpip, Scripted } from '../../golden/dpip/run';

describe('flow', () => {
  const LIST = MSG.SOCKOPT_GET_KNI_LIST;

  test.each([
    ['flow show', 'missing flow type'],
    ['flow show type bogus', "missing flow type: 'bogus' is none, kni is"],
    ['flow add type kni dev d0', 'missing ip address'],
    ['flow add type kni 10.0.0.1', 'no device specified.'],
  ])('DP-101 %s: %s', async (line, message) => {
    expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\ndpip: invalid parameter\n` });
  });

  test('DP-102 a daemon without kni hangs up', async () => {
    const { code, stderr } = await dpip('flow show type kni', new Scripted({ [LIST]: new ClosedError(LIST, 0, 88, 'header') }));
    expect(code).toBe(1);
    expect(stderr).toContain('closed the connection');
  });

  test('a record of another kind is named and skipped', async () => {
    const flows = [
      encode('kni_info', { len: 2 }),
      encode('kni_conf_param', { type: 9 }),
      encode('kni_conf_param', { type: 1, ifname: 'd0', data: { flow: { af: 2, addr: parseIp('10.0.0.1')?.bytes ?? new Uint8Array() } } }),
    ];
    expect(await dpip('flow show type kni', new Scripted({ [LIST]: Buffer.concat(flows) }))).toEqual({
      code: 0,
      stdout: 'kni addr flow 10.0.0.1 dev d0\n',
      stderr: 'unexpectd kni data type 9\n',
    });
  });
});

test('DP-103 maddr: the name is there before the daemon refuses', async () => {
  const result = await dpip('maddr show dev nosuch', new Scripted({ [MSG.SOCKOPT_NETIF_GET_MADDR]: -4 }));
  expect(result).toMatchObject({ code: 1, stdout: 'nosuch:\n' });
  expect(result.stderr).toContain('msg#66 header: not exist(-4)');
});

describe('lldp', () => {
  const SHOW = MSG.SOCKOPT_GET_LLDP_SHOW;

  test('DP-104 the text is passed through, percent signs and UTF-8 included', async () => {
    const message = Buffer.from('\tName: %s%n 100%% größe\n').toString('latin1');
    const daemon = new Scripted({ [SHOW]: encode('lldp_message', { message }) });
    expect((await dpip('lldp show dev d0', daemon)).stdout).toBe(
      '-*-*-*- Local LLDP Message on Port d0 -*-*-*-\n\tName: %s%n 100% größe\n',
    );
  });

  test('DP-104 DP-114 a neighbour has no say over the terminal', async () => {
    const daemon = new Scripted({ [SHOW]: encode('lldp_message', { message: '\tName: \u001b[2J\u0007\n' }) });
    expect((await dpip('lldp show neigh dev d0', daemon)).stdout).toContain('\n\tName: ?[2J?\n');
  });

  test.each([
    ['lldp show', 'missing device name', 'check'],
    ['lldp show local neigh dev d0', 'too many arguments', 'parse'],
    ['lldp show d0', "unknown argument 'd0'", 'parse'],
  ])('%s: %s', async (line, message, stage) => {
    expect((await dpip(line)).stderr).toBe(`${message}\ndpip: ${stage}: invalid parameter\n`);
  });
});

describe('ipv6', () => {
  const body = Buffer.alloc(sizeOf.ip6_stats_param);
  body.writeBigUInt64LE(2n ** 63n, 0);
  body.writeBigUInt64LE(5n, sizeOf.inet_stats * 4);
  const show = (words: string): ReturnType<typeof dpip> => dpip(`ipv6 show ${words}`, new Scripted({ [MSG.SOCKOPT_IP6_STATS]: body }));

  test('DP-105 total', async () => {
    const lines = (await show('all total')).stdout.split('\n');
    expect(lines).toHaveLength(36);
    expect(lines[0]).toBe('InReceives:        9223372036854775808');
  });

  test('DP-105 one lcore', async () => {
    const lines = (await show('cpu 3')).stdout.split('\n');
    expect(lines).toHaveLength(37);
    expect(lines.slice(0, 2)).toEqual(['cpu 3', '    InReceives:        5']);
  });

  test('DP-105 all lcores', async () => {
    const lines = (await show('all')).stdout.split('\n');
    expect(lines).toHaveLength(2341);
    expect(lines[0]).toBe('All');
  });

  test.each([
    ['cpu 64', "bad cpu id `64'"],
    ['cpu x', "bad cpu id `x'"],
    ['cpu', "missing argument for `cpu'"],
    ['some', "unknow argument `some'"],
  ])('%s: %s', async (words, message) => {
    expect((await dpip(`ipv6 show ${words}`)).stderr).toBe(`${message}\ndpip: parse: invalid parameter\n`);
  });

  test('a reply of another size', async () => {
    const { code, stderr } = await dpip('ipv6 show', new Scripted({ [MSG.SOCKOPT_IP6_STATS]: body.subarray(280) }));
    expect(code).toBe(1);
    expect(stderr).toContain('corrupted response.');
  });
});

describe('iftraf', () => {
  const SHOW = MSG.SOCKOPT_GET_IFTRAF_SHOW;
  const talkers = Buffer.concat([
    encode('iftraf_param_array', { ntrafs: 2 }),
    encode('iftraf_param', { af: 2, ifname: 'd0', proto: 6, sport: 1, dport: 2, total_recv: 3, total_sent: 4 }),
    encode('iftraf_param', { af: 10, ifname: 'd1', proto: 17 }),
  ]);

  test('DP-107 for all devices the order is the daemon\'s', async () => {
    expect((await dpip('iftraf show dev all', new Scripted({ [SHOW]: talkers }))).stdout).toBe(
      'top1: d0, [0.0.0.0, 1 -> 0.0.0.0, 2 | 6], [3, 4]\ntop2: d1, [::, 0 -> ::, 0 | 17], [0, 0]\n',
    );
  });

  test('DP-107 for one it is turned round', async () => {
    const { stdout } = await dpip('iftraf show dev d0', new Scripted({ [SHOW]: talkers }));
    expect(stdout).toMatch(/^top1: d1.*\ntop2: d0.*\n$/);
  });

  test('DP-107 no traffic is no failure', async () => {
    expect(await dpip('iftraf show', new Scripted({ [SHOW]: Buffer.alloc(4) }))).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe('eal-mem', () => {
  test('DP-108 segments are the default', async () => {
    const daemon = new Scripted({ [MSG.SOCKOPT_GET_EAL_MEM_SEG]: Buffer.alloc(8) });
    expect((await dpip('eal-mem show', daemon)).stdout).toMatch(/^socket_id .* {9}free_len\(KB\)\n$/);
  });

  test.each([
    ['eal-mem show heap', 'eal mem parameter invalid!'],
    ['eal-mem show seg zone', 'too many arguments!'],
  ])('DP-109 %s prints the help', async (line, message) => {
    const { code, stderr } = await dpip(line);
    expect(code).toBe(1);
    expect(stderr.startsWith(`${message}\ndpip eal-mem: `)).toBe(true);
  });

  test('sizes of a pool do not overflow', async () => {
    const pool = { name: 'p', size: 0xffffffff, elt_size: 0xffffffff, header_size: 0xffffffff, trailer_size: 1 };
    const body = Buffer.concat([encode('eal_all_mem_pool_ret_s', { mempool_num: 1 }), encode('eal_mem_pool_ret_s', pool)]);
    const { stdout } = await dpip('eal-mem show pool', new Scripted({ [MSG.SOCKOPT_GET_EAL_MEM_POOL]: body }));
    const want = ((2n ** 32n - 1n) * (2n ** 33n - 1n)) / 2n ** 20n;
    expect(stdout.split('\n')[1]).toMatch(new RegExp(` ${want}$`));
  });
});
