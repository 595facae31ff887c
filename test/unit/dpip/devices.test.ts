// SPDX-License-Identifier: Apache-2.0
// vlan and tunnel: devices on top of others.
import { describe, expect, test } from 'vitest';
import { renderTunnel } from '../../../src/cli/dpip/objects/tunnel';
import { decode, encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { accepting, dpip, Scripted } from '../../golden/dpip/run';

const LIST = MSG.SOCKOPT_NETIF_GET_PORT_LIST;
const BASIC = MSG.SOCKOPT_NETIF_GET_PORT_BASIC;
const NOTHING = Buffer.alloc(0);

describe('vlan', () => {
  const ADD = MSG.SOCKOPT_SET_VLAN_ADD;
  const DEL = MSG.SOCKOPT_SET_VLAN_DEL;
  const SHOW = MSG.SOCKOPT_GET_VLAN_SHOW;
  const vlans = (...params: DeepPartial<Structs['vlan_param']>[]): Buffer =>
    Buffer.concat([encode('vlan_param_array', { nparam: params.length }), ...params.map((param) => encode('vlan_param', param))]);

  test.each([
    ['vlan add link d0 id 4094', { real_dev: 'd0', ifname: '', vlan_proto: 0x8100, vlan_id: 4094 }],
    ['vlan add v1 id 1 proto vlan link d0', { real_dev: 'd0', ifname: 'v1', vlan_proto: 0x8100, vlan_id: 1 }],
    ['vlan add v1 link d0 proto QINQ id 1', { real_dev: 'd0', ifname: 'v1', vlan_proto: 0x88a8, vlan_id: 1 }],
    ['vlan del link d0 id 7', { real_dev: 'd0', ifname: '', vlan_proto: 0x8100, vlan_id: 7 }],
  ])('DP-065 %s', async (line, want) => {
    const daemon = accepting(ADD, DEL);
    expect((await dpip(line, daemon)).code).toBe(0);
    expect(decode('vlan_param', daemon.requests[0]?.body ?? NOTHING)).toEqual(want);
  });

  test.each([
    ['vlan add id 1', 'missing real device', 'check'],
    ['vlan add link d0', 'missing or invalid VLAN ID', 'check'],
    ['vlan add link d0 id 0', "missing or invalid VLAN ID: '0' is no number from 1 to 4094", 'check'],
    ['vlan add link d0 id 4095', "missing or invalid VLAN ID: '4095' is no number from 1 to 4094", 'check'],
    ['vlan add a b link d0 id 1', 'too many arguments', 'parse'],
    ['vlan add link d0 id 1 proto 802.3', "invalid proto '802.3': 802.1q, vlan, 802.1ad or QinQ", 'parse'],
    ['vlan add averyveryverylongname link d0 id 1', "interface name 'averyveryverylongname' is longer than 15 characters", 'parse'],
    ['vlan del', 'missing both vlan and real device', 'check'],
    ['vlan del link d0', 'missing or invalid VLAN ID', 'check'],
  ])('DP-066 DP-067 DP-020 %s: %s', async (line, message, stage) => {
    expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\ndpip: ${stage}: invalid parameter\n` });
  });

  test('DP-069 DP-070 show without a name goes through the devices; those without VLANs refuse', async () => {
    const names = ['d0', 'd1', 'd0.5'];
    const list = [encode('netif_nic_list_get', { nic_num: 3 }), ...names.map((name, id) => encode('port_id_name', { id, name }))];
    const answer = (body: Buffer): Buffer | number => {
      const { real_dev } = decode('vlan_param', body);
      if (real_dev === 'd0.5') return -1;
      return real_dev === 'd1' ? vlans() : vlans({ real_dev, ifname: 'd0.5', vlan_proto: 0x88a8, vlan_id: 5 });
    };
    const result = await dpip('vlan show', new Scripted({ [LIST]: Buffer.concat(list), [SHOW]: answer }));
    expect(result).toEqual({ code: 0, stdout: 'd0.5 link d0 proto 802.1ad id 5\n', stderr: '' });
  });

  test('show fails when the daemon does not know VLANs', async () => {
    const list = [encode('netif_nic_list_get', { nic_num: 1 }), encode('port_id_name', { name: 'd0' })];
    const { code, stderr } = await dpip('vlan show', new Scripted({ [LIST]: Buffer.concat(list), [SHOW]: -14 }));
    expect(code).toBe(1);
    expect(stderr).toContain('dpip: not support\n');
  });
});

describe('tunnel', () => {
  const ADD = MSG.SOCKOPT_TUNNEL_ADD;
  const CHANGE = MSG.SOCKOPT_TUNNEL_CHANGE;
  const SHOW = MSG.SOCKOPT_TUNNEL_SHOW;
  const record = (tunnel: DeepPartial<Structs['ip_tunnel_param']>): Structs['ip_tunnel_param'] =>
    decode('ip_tunnel_param', encode('ip_tunnel_param', tunnel));

  const added = async (line: string): Promise<Structs['ip_tunnel_param']> => {
    const daemon = accepting(ADD);
    expect(await dpip(line, daemon), line).toEqual({ code: 0, stdout: '', stderr: '' });
    return decode('ip_tunnel_param', daemon.sent(ADD)[0] ?? NOTHING);
  };

  test.each([
    ['seq', { i_flags: 8, o_flags: 8 }],
    ['iseq', { i_flags: 8, o_flags: 0 }],
    ['oseq', { i_flags: 0, o_flags: 8 }],
    ['csum key 5', { i_flags: 5, o_flags: 5, i_key: 5, o_key: 5 }],
    ['icsum', { i_flags: 1, o_flags: 0 }],
    ['ocsum ikey 0', { i_flags: 4, o_flags: 1, i_key: 0 }],
    ['okey 0.0.1.0', { i_flags: 0, o_flags: 4, o_key: 256 }],
    ['key 4294967295', { i_key: 0xffffffff, o_key: 0xffffffff }],
  ])('DP-071 add … %s', async (words, want) => {
    expect(await added(`tunnel add kind gre ${words}`)).toMatchObject({ kind: 'gre', ...want });
  });

  test('DP-071 ttl and tos', async () => {
    expect((await added('tunnel add mode ipip ttl 255 tos inherit remote any')).iph).toMatchObject({ ttl: 255, tos: 1, daddr: 0 });
  });

  test.each([
    ['tunnel add t0', 'missing tunnel type.', 'check'],
    ['tunnel del', 'missing tunnel dev name.', 'check'],
    ['tunnel set ttl 3', 'missing tunnel dev name.', 'check'],
    ['tunnel add a b mode gre', "Is `b' or `a' garbage ?", 'parse'],
    ['tunnel add mode gre remote x', "invalid remote address: `x'", 'parse'],
    ['tunnel add mode gre local fd02::4', "invalid local address: `fd02::4'", 'parse'],
    ['tunnel add mode gre ttl 256', "invalid ttl '256': 1 to 255 or inherit", 'parse'],
    ['-- tunnel add mode gre tos -1', "invalid tos '-1': 0 to 255 or inherit", 'parse'],
    ['tunnel add mode gre key five', "invalid key 'five': a dotted quad or a number from 0 to 4294967295", 'parse'],
  ])('DP-075 DP-076 %s: %s', async (line, message, stage) => {
    expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\ndpip: ${stage}: invalid parameter\n` });
  });

  test('DP-075 a device that does not exist is refused before anything is sent', async () => {
    const daemon = new Scripted({ [BASIC]: -4 });
    const { code, stderr } = await dpip('tunnel add mode gre dev d9', daemon);
    expect(code).toBe(1);
    expect(stderr).toBe("unknown device 'd9'\ndpip: check: no such device\n");
    expect(daemon.sent(ADD)).toEqual([]);
  });

  test('DP-074 change keeps what is not named', async () => {
    const old = { ifname: 't0', kind: 'gre', link: 'd0', i_flags: 4, i_key: 7, iph: { saddr: 1, daddr: 2, ttl: 64, tos: 1 } };
    const daemon = new Scripted({ [SHOW]: encode('ip_tunnel_param', old), [CHANGE]: NOTHING });
    expect((await dpip('tunnel change t0 ttl 32 oseq', daemon)).code).toBe(0);
    expect(decode('ip_tunnel_param', daemon.sent(CHANGE)[0] ?? NOTHING)).toEqual(
      record({ ...old, o_flags: 8, iph: { ...old.iph, ttl: 32 } }),
    );
  });

  test.each([-4, NOTHING])('DP-076 change of one that does not exist', async (answer) => {
    const { code, stderr } = await dpip('tunnel set t0 ttl 3', new Scripted({ [SHOW]: answer }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/dpip: not exist\n$/);
  });

  test('DP-073 lines', () => {
    expect(renderTunnel(record({ ifname: 't0', kind: 'gre', iph: { saddr: 0x0a000001, daddr: 0xfffefdfc, tos: 1 }, i_flags: 4, i_key: 5 }))).toBe(
      't0:  gre remote 255.254.253.252 local 10.0.0.1 ttl inherit tos 0x1 i_flags 0x4 i_key 0x5 \n',
    );
  });

  test('a reply that ends within a record', async () => {
    const { code, stderr } = await dpip('tunnel show', new Scripted({ [SHOW]: Buffer.alloc(81) }));
    expect(code).toBe(1);
    expect(stderr).toContain('corrupted response.');
  });
});
