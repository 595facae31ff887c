// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { renderAddress } from '../../../src/cli/dpip/objects/addr';
import { decode, encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { parseIp } from '../../../src/cli/parse/address';
import { accepting, dpip, Scripted } from '../../golden/dpip/run';

const ADD = MSG.SOCKOPT_SET_IFADDR_ADD;
const DEL = MSG.SOCKOPT_SET_IFADDR_DEL;
const FLUSH = MSG.SOCKOPT_SET_IFADDR_FLUSH;
const SHOW = MSG.SOCKOPT_GET_IFADDR_SHOW;
const SAPOOL = 0x10000;

type Entry = DeepPartial<Structs['inet_addr_entry']>;

function bytes(text: string): Uint8Array {
  return parseIp(text)?.bytes ?? new Uint8Array(16);
}

function entry(text: string, plen: number, rest: Entry = {}): Entry {
  return { af: text.includes(':') ? 10 : 2, addr: bytes(text), plen, ifname: 'dpdk0', ...rest };
}

function listing(entries: readonly Entry[], ops_flags = 0): Buffer {
  return Buffer.concat([
    encode('inet_addr_data_array', { ops: 1, ops_flags, naddr: entries.length }),
    ...entries.map((ifa_entry) => encode('inet_addr_data', { ifa_entry, ifa_stats: { sa_used: 1, sa_free: 2, sa_miss: 3 } })),
  ]);
}

async function sentBy(line: string): Promise<Structs['inet_addr_entry']> {
  const daemon = accepting(ADD);
  expect(await dpip(line, daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
  const [body] = daemon.sent(ADD);
  return decode('inet_addr_param', body ?? Buffer.alloc(0)).ifa_entry;
}

describe('add', () => {
  test('DP-028 takes everything in any order', async () => {
    const line = 'addr add dev dpdk1 sapool scope link broadcast 10.0.0.255 10.0.0.1/24 valid_lft 60 preferred_lft forever';
    expect(await sentBy(line)).toMatchObject({
      af: 2,
      ifname: 'dpdk1',
      plen: 24,
      scope: 2,
      flags: SAPOOL,
      valid_lft: 60,
      prefered_lft: 0,
      addr: bytes('10.0.0.1'),
      bcast: bytes('10.0.0.255'),
    });
  });

  test.each(['prefered_lft', 'preferred_lft'])('DP-029 %s', async (word) => {
    expect((await sentBy(`addr add 10.0.0.1 dev dpdk0 ${word} 50`)).prefered_lft).toBe(50);
  });

  test.each([
    ['10.0.0.1', 32],
    ['10.0.0.1/0', 32],
    ['2001:db8::1', 128],
    ['2001:db8::1/64', 64],
  ])('%s has a prefix of %d', async (text, plen) => {
    expect((await sentBy(`addr add ${text} dev dpdk0`)).plen).toBe(plen);
  });

  test.each([
    ['host', 3],
    ['link', 2],
    ['site', 1],
    ['global', 0],
    ['77', 77],
  ])('scope %s', async (text, value) => {
    expect((await sentBy(`addr add 10.0.0.1 dev dpdk0 scope ${text}`)).scope).toBe(value);
  });
});

test.each([
  ['addr add dev dpdk0', 'missing IFADDR'],
  ['addr add 10.0.0.1', 'no device specified.'],
  ['addr del 10.0.0.1', 'no device specified.'],
  ['addr flush', 'no device specified.'],
  ['addr show dpdk0', 'invalid ipaddress: unspec dpdk0'],
  ['addr add 10.0.0.300 dev dpdk0', 'invalid ipaddress: unspec 10.0.0.300'],
  ['-4 addr add 2001:db8::1 dev dpdk0', 'invalid ipaddress: inet 2001:db8::1'],
  ['-6 addr add 10.0.0.1 dev dpdk0', 'invalid ipaddress: inet6 10.0.0.1'],
  ['addr add 10.0.0.1/33 dev dpdk0', 'invalid prefix length: 10.0.0.1/33 (0 to 32)'],
  ['addr add 2001:db8::1/129 dev dpdk0', 'invalid prefix length: 2001:db8::1/129 (0 to 128)'],
  ['addr add 10.0.0.1/ dev dpdk0', 'invalid prefix length: 10.0.0.1/ (0 to 32)'],
  ['addr add 10.0.0.1 10.0.0.2 dev dpdk0', "unknown argument '10.0.0.2'"],
  ['addr add 10.0.0.1 dev dpdk0 peer 10.0.0.2', "unknown argument 'peer'"],
  ['addr add 10.0.0.1 dev averyverylongname', "interface name 'averyverylongname' is longer than 15 characters"],
  ['addr add 10.0.0.1 dev dpdk0 valid_lft soon', "invalid life time 'soon': forever or seconds"],
  ['addr add 10.0.0.1 dev dpdk0 valid_lft 4294967296', "invalid life time '4294967296': forever or seconds"],
  ['addr add 10.0.0.1 dev dpdk0 scope 256', "invalid scope '256': host, link, site, global or 0 to 255"],
  ['addr add 10.0.0.1 dev dpdk0 scope toString', "invalid scope 'toString': host, link, site, global or 0 to 255"],
  ['addr add 10.0.0.1 dev dpdk0 broadcast 2001:db8::1', 'broadcast and address are of different families'],
])('DP-018 DP-019 DP-020 DP-030 %s: %s', async (line, message) => {
  expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\ndpip: invalid parameter\n` });
});

describe('show', () => {
  const daemon = (): Scripted =>
    new Scripted({ [SHOW]: listing([entry('10.0.0.1', 24), entry('2001:db8::1', 64), entry('10.0.0.2', 32), entry('fe80::1', 64)]) });
  const shown = async (line: string): Promise<string[]> => {
    const { stdout } = await dpip(line, daemon());
    return stdout.split('\n').filter((text) => text.startsWith('inet')).map((text) => text.split(' ')[1] ?? '');
  };

  test.each([
    ['addr show', ['10.0.0.1/24', '2001:db8::1/64', '10.0.0.2/32', 'fe80::1/64']],
    ['-4 addr show', ['10.0.0.1/24', '10.0.0.2/32']],
    ['-6 addr list', ['2001:db8::1/64', 'fe80::1/64']],
    ['addr show 10.0.0.2', ['10.0.0.2/32']],
    ['addr show 10.0.0.1/24', ['10.0.0.1/24']],
    ['addr show 10.0.0.1/25', []],
    ['addr show 2001:db8::1 dev dpdk0', ['2001:db8::1/64']],
  ])('DP-024 DP-027 %s', async (line, want) => {
    expect(await shown(line)).toEqual(want);
  });

  test('DP-024 DP-026 asks for the device, statistics and lcores', async () => {
    const asked = daemon();
    await dpip('-s -v addr show dev dpdk7', asked);
    const request = decode('inet_addr_param', asked.sent(SHOW)[0] ?? Buffer.alloc(0));
    expect(request).toMatchObject({ ifa_ops: 1, ifa_ops_flags: 3, ifa_entry: { ifname: 'dpdk7' } });
  });

  const render = (ifa_entry: Entry, flags: { verbose?: boolean; stats?: boolean } = {}): string =>
    renderAddress(
      decode('inet_addr_data', encode('inet_addr_data', { ifa_entry, ifa_stats: { sa_used: 1, sa_free: 2, sa_miss: 3 } })),
      { verbose: false, stats: false, ...flags },
    );

  test('DP-025 two lines, the second with five spaces when there is no broadcast address', () => {
    expect(render(entry('10.0.0.1', 24))).toBe('inet 10.0.0.1/24 scope global dpdk0\n     valid_lft forever preferred_lft forever\n');
    expect(render(entry('10.0.0.1', 24, { bcast: bytes('10.0.0.255'), scope: 77, valid_lft: 9, prefered_lft: 8 }))).toBe(
      'inet 10.0.0.1/24 scope 77 dpdk0\n    broadcast 10.0.0.255 valid_lft 9 preferred_lft 8\n',
    );
  });

  test('DP-026 port pools only with -s or -v, and only where there is one', () => {
    const pool = entry('10.0.0.1', 32, { flags: SAPOOL, cid: 2 });
    expect(render(pool)).not.toContain('sa_');
    expect(render(entry('10.0.0.1', 32), { stats: true })).not.toContain('sa_');
    expect(render(pool, { stats: true })).toContain(' preferred_lft forever sa_used 1 sa_free 2 sa_miss 3\n');
    expect(render(pool, { verbose: true })).toMatch(/^\[02\] inet .*\n.* sa_used 1 sa_free 2 sa_miss 3\n$/);
  });
});

describe('flush', () => {
  test('DP-030 leaves it to the daemon', async () => {
    const daemon = accepting(FLUSH);
    expect((await dpip('addr flush dev dpdk0', daemon)).code).toBe(0);
    expect(daemon.requests.map(({ id }) => id)).toEqual([FLUSH]);
  });

  test('DP-031 of one family deletes what is of it, on this device', async () => {
    const other = entry('2001:db8::9', 64, { ifname: 'dpdk1' });
    const list = listing([entry('10.0.0.1', 24), entry('2001:db8::1', 64), entry('fe80::1', 64), other]);
    let deleted = 0;
    const daemon = new Scripted({ [SHOW]: list, [DEL]: () => ((deleted += 1) === 1 ? -4 : new Uint8Array()) });
    expect(await dpip('-6 addr flush dev dpdk0', daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
    const gone = daemon.sent(DEL).map((body) => decode('inet_addr_param', body).ifa_entry);
    expect(gone.map(({ addr, plen }) => ({ addr, plen }))).toEqual([
      { addr: bytes('2001:db8::1'), plen: 64 },
      { addr: bytes('fe80::1'), plen: 64 },
    ]);
  });

  test('of one family fails when the daemon refuses one', async () => {
    const daemon = new Scripted({ [SHOW]: listing([entry('10.0.0.1', 24)]), [DEL]: -13 });
    expect((await dpip('-4 addr flush dev dpdk0', daemon)).code).toBe(1);
  });
});

test('DP-032 a second add is an error that scripts find', async () => {
  const { code, stderr } = await dpip('addr add 10.0.0.1 dev dpdk0', new Scripted({ [ADD]: -3 }));
  expect(code).toBe(1);
  expect(stderr).toContain('already exist(-3)');
});
