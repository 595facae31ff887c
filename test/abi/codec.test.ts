// SPDX-License-Identifier: Apache-2.0
// What the recorded exchanges cannot show: limits, refusals, unions, bits.
import { describe, expect, it } from 'vitest';
import { decode, decodeArray, encode, encodeInto, EncodeError, ShortReplyError, sizeOf, type Structs } from '../../src/ipc/codec';
import { tableReader } from '../../src/ipc/codec/decode';
import { readers } from '../../src/ipc/codec/readers.generated';
import { sourceOf } from '../../src/ipc/codec/source';

describe('decode', () => {
  it('refuses a body that is too short, with what is missing', () => {
    expect(() => decode('dp_vs_getinfo', Buffer.alloc(15))).toThrow(ShortReplyError);
    expect(() => decode('dp_vs_getinfo', Buffer.alloc(20), 5)).toThrow('needs 21 bytes, 20 received');
    expect(() => decode('dp_vs_getinfo', Buffer.alloc(20), -1)).toThrow(ShortReplyError);
  });

  it('refuses a count that the body cannot hold before it decodes anything', () => {
    expect(() => decodeArray('port_id_name', Buffer.alloc(36), 0, 0x7fffffff)).toThrow(ShortReplyError);
    expect(() => decodeArray('port_id_name', Buffer.alloc(36), 1, 2)).toThrow(ShortReplyError);
    expect(decodeArray('port_id_name', Buffer.alloc(36), 0, 2)).toHaveLength(2);
    expect(decodeArray('port_id_name', Buffer.alloc(0), 0, -1)).toEqual([]);
  });

  it('reads from the middle of a larger buffer, unaligned', () => {
    const buffer = Buffer.alloc(64);
    encodeInto('port_id_name', { id: 0x1234, name: 'dpdk0' }, buffer, 7);
    expect(decode('port_id_name', buffer.subarray(5), 2)).toEqual({ id: 0x1234, name: 'dpdk0' });
  });

  it('takes a text without NUL as long as its member, one character for each byte', () => {
    const bytes = Buffer.alloc(sizeOf.port_id_name, 0xe9);
    expect(decode('port_id_name', bytes).name).toBe('é'.repeat(16));
  });

  it('hands out addresses that do not share memory with the reply', () => {
    const bytes = encode('dp_vs_laddr_entry', { addr: Uint8Array.of(10, 0, 0, 1) });
    const { addr } = decode('dp_vs_laddr_entry', bytes);
    bytes.fill(0xff);
    expect([...addr.subarray(0, 4)]).toEqual([10, 0, 0, 1]);
    expect(addr.buffer.byteLength).toBe(16);
  });

  it('fills every member of a union', () => {
    const bytes = encode('netif_bond_set', { param: { slave: 'dpdk1' }, act: 1, opt: 2 });
    const { param } = decode('netif_bond_set', bytes);
    expect(param).toMatchObject({ slave: 'dpdk1', primary: 'dpdk1', mode: Buffer.from('dpdk').readInt32LE() });
  });
});

describe('encode', () => {
  it('zero-fills, also over what was there', () => {
    const buffer = Buffer.alloc(sizeOf.vlan_param + 2, 0xff);
    encodeInto('vlan_param', { ifname: 'v', vlan_id: 5 }, buffer, 1);
    expect(decode('vlan_param', buffer, 1)).toEqual({ real_dev: '', ifname: 'v', vlan_proto: 0, vlan_id: 5 });
    expect([buffer[0], buffer.at(-1)]).toEqual([0xff, 0xff]);
  });

  it('swaps what travels in network order, and nothing else', () => {
    const bytes = encode('dp_vs_service_compat', { port: 0x0102, fwmark: 0x01020304 });
    expect([...bytes.subarray(6, 12)]).toEqual([1, 2, 4, 3, 2, 1]);
  });

  it('reaches the limits of each width', () => {
    const dest: Partial<Structs['dp_vs_dest_compat']> = { af: -(2 ** 31), fwdmode: 2 ** 31 - 1, weight: 2 ** 32 - 1, flags: 65535 };
    expect(decode('dp_vs_dest_compat', encode('dp_vs_dest_compat', dest))).toMatchObject(dest);
    const stats = { conns: 2n ** 64n - 1n, inpkts: 5 as unknown as bigint };
    expect(decode('dp_vs_stats', encode('dp_vs_stats', stats))).toMatchObject({ conns: 2n ** 64n - 1n, inpkts: 5n });
  });

  it('sets single bits without touching their neighbours', () => {
    const bytes = encode('netif_nic_set', { promisc_on: 1, lldp_off: 1, link_status_up: 1 });
    expect(bytes.readUInt16LE(50)).toBe(0x2011);
    expect(decode('netif_nic_set', bytes)).toMatchObject({ promisc_on: 1, promisc_off: 0, link_status_up: 1, lldp_off: 1, lldp_on: 0 });
  });

  it.each<[string, () => unknown]>([
    ['a text that leaves no room for its NUL', () => encode('port_id_name', { name: 'x'.repeat(16) })],
    ['a text with a NUL', () => encode('port_id_name', { name: 'a\0b' })],
    ['a character beyond one byte', () => encode('port_id_name', { name: '€' })],
    ['a number that is too large', () => encode('port_id_name', { id: 65536 })],
    ['a negative number', () => encode('port_id_name', { id: -1 })],
    ['a fraction', () => encode('port_id_name', { id: 1.5 })],
    ['not a number', () => encode('port_id_name', { id: Number.NaN })],
    ['a bigint beyond 64 bits', () => encode('dp_vs_stats', { conns: 2n ** 64n })],
    ['a negative bigint', () => encode('dp_vs_stats', { conns: -1n })],
    ['an address that is too long', () => encode('rt_addr', { addr: new Uint8Array(17) })],
    ['two bits for one', () => encode('netif_nic_set', { promisc_on: 2 })],
    ['too many elements', () => encode('netif_bond_status_get', { slaves: Array.from({ length: 33 }, () => ({})) })],
    ['a buffer that is too small', () => encodeInto('rt_addr', {}, Buffer.alloc(20), 1)],
  ])('refuses %s', (_what, attempt) => {
    expect(attempt).toThrow(EncodeError);
  });

  it('names the member that does not fit', () => {
    expect(() => encode('inet_addr_param', { ifa_entry: { ifname: 'a-name-that-is-too-long' } })).toThrow(
      'inet_addr_param.ifa_entry.ifname is longer than 15 characters',
    );
  });
});

describe('readers of structures that come by the thousand', () => {
  const noise = Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 151 + 7) & 0xff));

  it.each(Object.keys(readers) as (keyof Structs)[])('%s gives what its table gives, unaligned too', (name) => {
    for (const at of [0, 3]) {
      const source = sourceOf(noise);
      expect(decode(name, noise, at)).toEqual(tableReader(name)(source, at));
    }
    expect(decode(name, Buffer.alloc(400))).toEqual(tableReader(name)(sourceOf(Buffer.alloc(400)), 0));
    expect(() => decode(name, Buffer.alloc(sizeOf[name] - 1))).toThrow(ShortReplyError);
  });

  it('give copies: changing one changes neither the reply nor another', () => {
    const reply = Buffer.alloc(sizeOf.dp_vs_dest_compat * 2);
    const [first, second] = decodeArray('dp_vs_dest_compat', reply, 0, 2);
    first?.addr.fill(1);
    expect([second?.addr[0], reply[12]]).toEqual([0, 0]);
  });
});
