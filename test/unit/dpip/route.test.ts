// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { renderRoute4, renderRoute6 } from '../../../src/cli/dpip/objects/route';
import { formatIp } from '../../../src/cli/render/address';
import { parseIp } from '../../../src/cli/parse/address';
import { decode, encode, MSG } from '../../../src/ipc/codec';
import { accepting, dpip, Scripted } from '../../golden/dpip/run';

const ADD4 = MSG.SOCKOPT_SET_ROUTE_ADD;
const ADD6 = MSG.SOCKOPT_SET_ROUTE6_ADD_DEL;
const FORWARD = 0x400;
const LOCALIN = 0x800;
const KNI = 0x2000;

function bytes(text: string): Uint8Array {
  return parseIp(text)?.bytes ?? new Uint8Array(16);
}

/** What a command line sends, in the words of the listing. */
async function sent(line: string): Promise<string> {
  const daemon = accepting(ADD4, ADD6);
  expect(await dpip(line, daemon), line).toEqual({ code: 0, stdout: '', stderr: '' });
  const [four] = daemon.sent(ADD4);
  const [six] = daemon.sent(ADD6);
  if (four !== undefined) {
    const { dst, gateway, src, flags, mtu, metric, ifname } = decode('dp_vs_route_detail', four);
    const address = (of: { addr: Uint8Array }): string => formatIp(2, of.addr);
    return `4 ${address(dst)}/${dst.plen} ${address(gateway)} ${address(src)} ${ifname} ${flags} ${mtu} ${metric}`;
  }
  const { ops, dst, gateway, src, flags, mtu, ifname } = decode('dp_vs_route6_conf', six ?? Buffer.alloc(0));
  const address = (of: Uint8Array): string => formatIp(10, of);
  return `6 ${ops} ${address(dst.addr)}/${dst.plen} ${address(gateway)} ${address(src.addr)} ${ifname} ${flags} ${mtu}`;
}

describe('IPv4', () => {
  test.each([
    ['route add 10.0.0.0/8 via 10.1.1.1 dev d0 src 10.1.1.2 mtu 1400 metric 5', `4 10.0.0.0/8 10.1.1.1 10.1.1.2 d0 ${FORWARD} 1400 5`],
    ['route add 10.0.0.1 dev d0', `4 10.0.0.1/32 0.0.0.0 0.0.0.0 d0 ${FORWARD} 0 0`],
    ['route add default via 10.1.1.1 dev d0', `4 0.0.0.0/0 10.1.1.1 0.0.0.0 d0 ${FORWARD} 0 0`],
    ['route add 0.0.0.0/0 via 10.1.1.1 dev d0', `4 0.0.0.0/0 10.1.1.1 0.0.0.0 d0 ${FORWARD} 0 0`],
    ['route add 10.0.0.1/32 dev d0 scope host', `4 10.0.0.1/32 0.0.0.0 0.0.0.0 d0 ${FORWARD | LOCALIN} 0 0`],
    ['route add 10.0.0.1/32 dev d0 local', `4 10.0.0.1/32 0.0.0.0 0.0.0.0 d0 ${FORWARD | LOCALIN} 0 0`],
    ['route add 10.0.0.1/32 dev d0 scope kni_host', `4 10.0.0.1/32 0.0.0.0 0.0.0.0 d0 ${FORWARD | KNI} 0 0`],
    ['route add 172.20.0.1/16 dev d0 scope link', `4 172.20.0.1/16 0.0.0.0 0.0.0.0 d0 ${FORWARD} 0 0`],
  ])('DP-036 DP-038 DP-040 %s', async (line, want) => {
    expect(await sent(line)).toBe(want);
  });
});

describe('IPv6', () => {
  test.each([
    ['-6 route add 2001:db8::/64 via fe80::1 dev d0 mtu 1400', `6 2 2001:db8::/64 fe80::1 :: d0 ${FORWARD} 1400`],
    ['route add 2001:db8::/64 dev d0', `6 2 2001:db8::/64 :: :: d0 ${FORWARD} 0`],
    ['route add default via fe80::1 dev d0', `6 2 ::/0 fe80::1 :: d0 ${FORWARD} 0`],
    ['route del ::/0 dev d0', `6 3 ::/0 :: :: d0 ${FORWARD} 0`],
    ['-6 route add default dev d0', `6 2 ::/0 :: :: d0 ${FORWARD} 0`],
    ['-6 route add 2001:db8::1 dev d0 local', `6 2 2001:db8::1/128 :: :: d0 ${LOCALIN} 0`],
    ['-6 route add 2001:db8::1 dev d0 scope host', `6 2 2001:db8::1/128 :: :: d0 ${LOCALIN} 0`],
    ['-6 route add 2001:db8::/64 dev d0 onlink tos 1 metric 2 proto static', `6 2 2001:db8::/64 :: :: d0 ${FORWARD} 0`],
    ['route add 2001:db8::/64 dev d0 src 2001:db8::2', `6 2 2001:db8::/64 :: 2001:db8::2 d0 ${FORWARD} 0`],
  ])('DP-037 DP-038 DP-039 %s', async (line, want) => {
    expect(await sent(line)).toBe(want);
  });

  test('DP-041 has no set', async () => {
    expect(await dpip('-6 route set 2001:db8::/64 dev d0')).toEqual({ code: 1, stdout: '', stderr: 'dpip: not support\n' });
  });
});

test.each([
  ['route add dev d0', 'missing prefix'],
  ['route flush', 'no device specified'],
  ['route add 10.0.0.0/40 dev d0', 'invalid prefix length: 10.0.0.0/40 (0 to 32)'],
  ['route add 10.0.0.0/8 dev d0 tos 8', "unknown argument 'tos'"],
  ['route add 10.0.0.0/8 dev d0 onlink', "unknown argument 'onlink'"],
  ['route add 10.0.0.0/8 dev d0 scope site', "invalid scope 'site': host, kni_host, link, global"],
  ['route add 10.0.0.0/8 dev d0 mtu abc', "invalid mtu 'abc': a number from 0 to 65535"],
  ['route add 10.0.0.0/8 dev d0 mtu 70000', "invalid mtu '70000': a number from 0 to 65535"],
  ['route show table 1', "unknown argument 'table'"],
  ['-4 route add 2001:db8::/64 dev d0', 'invalid ipaddress: inet 2001:db8::/64'],
  ['-6 route add 10.0.0.0/8 dev d0', 'invalid ipaddress: inet6 10.0.0.0/8'],
  ['route add 10.0.0.0/8 via fe80::1 dev d0', 'invalid ipaddress: inet fe80::1\ninvalid family.'],
])('DP-018 DP-019 DP-040 DP-044 %s: %s', async (line, message) => {
  expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\ndpip: invalid parameter\n` });
});

test('DP-043 -v prints the route before it is sent', async () => {
  const four = await dpip('-v route add 10.0.0.0/8 via 10.1.1.1 dev d0', accepting(ADD4));
  expect(four.stdout).toBe('inet 10.0.0.0/8 via 10.1.1.1 src 0.0.0.0 dev d0 mtu 0 tos 0 scope global metric 0 proto auto \n');
  const six = await dpip('-v route add ::/0 via fe80::1 dev d0', accepting(ADD6));
  expect(six.stdout).toBe('inet6 default via fe80::1 dev d0 scope global\n');
});

describe('lines', () => {
  test.each([
    [{ flags: LOCALIN }, 'host'],
    [{ flags: KNI }, 'kni_host'],
    [{ flags: FORWARD }, 'link'],
    [{ flags: FORWARD, gateway: { addr: bytes('10.0.0.1') } }, 'global'],
    [{ flags: LOCALIN | KNI, gateway: { addr: bytes('10.0.0.1') } }, 'host'],
  ])('DP-033 scope of %j is %s', (route, scope) => {
    expect(renderRoute4(route)).toContain(` tos 0 scope ${scope} metric 0 proto auto \n`);
  });

  test('DP-034 IPv6 prints what is set', () => {
    expect(renderRoute6({ dst: { addr: bytes('2001:db8::5'), plen: 128 }, ifname: 'd0', flags: LOCALIN })).toBe(
      'inet6 2001:db8::5/128 dev d0 scope host\n',
    );
    const full = { dst: { plen: 0 }, src: { addr: bytes('2001:db8::2') }, gateway: bytes('2001:db8::1'), mtu: 1500, ifname: 'd0' };
    expect(renderRoute6(full)).toBe('inet6 default via 2001:db8::1 src 2001:db8::2 dev d0 mtu 1500 scope global\n');
  });
});

test('DP-042 flush: both families', async () => {
  const daemon = accepting(MSG.SOCKOPT_SET_ROUTE_FLUSH, MSG.SOCKOPT_SET_ROUTE6_FLUSH);
  expect((await dpip('route flush dev d0', daemon)).code).toBe(0);
  expect((await dpip('-6 route flush dev d0', daemon)).code).toBe(0);
  expect(daemon.requests.map(({ id }) => id)).toEqual([MSG.SOCKOPT_SET_ROUTE_FLUSH, MSG.SOCKOPT_SET_ROUTE6_FLUSH]);
});

test('DP-035 a filtered listing may come in a longer body', async () => {
  const list = [encode('dp_vs_route_conf_array', { nroute: 1 }), encode('dp_vs_route_detail', { ifname: 'd0' }), Buffer.alloc(112)];
  const daemon = new Scripted({ [MSG.SOCKOPT_GET_ROUTE_SHOW]: Buffer.concat(list) });
  expect((await dpip('route show dev d0', daemon)).stdout.split('\n')).toHaveLength(2);
  expect((await dpip('route show', daemon)).stderr).toContain('corrupted response.');
});
