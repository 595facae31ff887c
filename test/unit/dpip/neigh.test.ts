// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseIp } from '../../../src/cli/parse/address';
import { decode, encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { accepting, dpip, Scripted } from '../../golden/dpip/run';

const ADD = MSG.SOCKOPT_SET_NEIGH_ADD;
const DEL = MSG.SOCKOPT_SET_NEIGH_DEL;
const SHOW = MSG.SOCKOPT_GET_NEIGH_SHOW;

function neighbour(text: string, rest: DeepPartial<Structs['dp_vs_neigh_conf']>): Buffer {
  const ip = parseIp(text);
  return encode('dp_vs_neigh_conf', { af: ip?.af ?? 0, ip_addr: ip?.bytes ?? new Uint8Array(16), ifname: 'd0', ...rest });
}

function daemon(...entries: Buffer[]): Scripted {
  return new Scripted({ [SHOW]: Buffer.concat([encode('dp_vs_neigh_conf_array', { neigh_nums: entries.length }), ...entries]) });
}

test('DP-046 add: digits may be missing, the family is the address\'s', async () => {
  const taking = accepting(ADD);
  expect(await dpip('neigh add lladdr 2:0:0:AA:b:1 dev d0 2001:db8::1', taking)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(decode('dp_vs_neigh_conf', taking.sent(ADD)[0] ?? Buffer.alloc(0))).toMatchObject({
    af: 10,
    ifname: 'd0',
    eth_addr: { ether_addr_octet: Uint8Array.of(2, 0, 0, 0xaa, 0xb, 1) },
  });
});

test('DP-046 del', async () => {
  const taking = accepting(DEL);
  expect((await dpip('neigh del 10.0.0.1 dev d0', taking)).code).toBe(0);
  expect(decode('dp_vs_neigh_conf', taking.sent(DEL)[0] ?? Buffer.alloc(0))).toMatchObject({ af: 2, ifname: 'd0' });
});

test.each([
  ['neigh add lladdr 02:00:00:00:00:01 dev d0', 'missing ip address'],
  ['neigh add 10.0.0.1 lladdr 02:00:00:00:00:01', 'no device specified.'],
  ['neigh add 10.0.0.1 dev d0', 'invalid MAC address: lladdr is missing'],
  ['neigh add 10.0.0.1 lladdr 0:0:0:0:0:0 dev d0', 'invalid MAC address'],
  ['neigh add 10.0.0.1 lladdr 02:00:00:00:00 dev d0', 'invalid link layer addr'],
  ['neigh add 10.0.0.1 lladdr 02:00:00:00:00:01:02 dev d0', 'invalid link layer addr'],
  ['neigh add 10.0.0.1 lladdr 02:00:00:00:00:0g dev d0', 'invalid link layer addr'],
  ['neigh add 10.0.0 lladdr 02:00:00:00:00:01 dev d0', 'invalid ipaddress: unspec 10.0.0\ninvalid IP address'],
  ['-4 neigh del ::1 dev d0', 'invalid ipaddress: inet ::1\ninvalid IP address'],
  ['neigh show d0', 'invalid ipaddress: unspec d0\ninvalid IP address'],
])('DP-047 %s: %s', async (line, message) => {
  expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\ndpip: invalid parameter\n` });
});

test('DP-045 both forms of the line, to the column', async () => {
  const mac = { ether_addr_octet: Uint8Array.of(0x52, 0x54, 0, 0xaa, 0, 1) };
  const { stdout } = await dpip(
    'neigh show',
    daemon(
      neighbour('192.168.100.1', { state: 2, eth_addr: mac, cid: 1 }),
      neighbour('192.168.100.1', { state: 4, eth_addr: mac, cid: 2, flag: 2 }),
      neighbour('2001:db8::1', { state: 1, cid: 2 }),
    ),
  );
  expect(stdout).toBe(
    'ip: 192.168.100.1                                    mac: 52:54:00:aa:00:01   state: REACHABLE     dev: d0  core: 1  \n' +
      'ip: 192.168.100.1                                    mac: 52:54:00:aa:00:01   state: DELAY         dev: d0  core: 2  static\n' +
      'ip: 2001:db8::1                                      mac:incomplate                       state: SEND           dev: d0  core: 2  \n',
  );
});

test.each([
  ['-4 neigh show', 1, '10.0.0.1'],
  ['-6 neigh show', 1, '2001:db8::1'],
  ['neigh show', 2, ''],
])('DP-048 %s filters', async (line, count, text) => {
  const { stdout } = await dpip(line, daemon(neighbour('10.0.0.1', {}), neighbour('2001:db8::1', {})));
  expect(stdout.split('\n')).toHaveLength(count + 1);
  expect(stdout).toContain(text);
});

test('a device that does not exist', async () => {
  expect((await dpip('neigh show dev no', new Scripted({ [SHOW]: -4 }))).code).toBe(1);
});
