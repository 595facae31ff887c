// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { decode, encode, ext, MSG } from '../../../src/ipc/codec';
import { ipBytes } from '../../harness/addresses';
import { dpip, noDaemon, Scripted, type Answer } from '../../golden/dpip/run';

function record(type: number, payload: Buffer): Buffer {
  const pad = Buffer.alloc((8 - (payload.length % 8)) % 8);
  return Buffer.concat([encode('ds_tlv', { type, len: payload.length }), payload, pad]);
}

/** A daemon that says which extensions it serves. */
function daemon(answers: Readonly<Record<number, Answer>> = {}, ids: readonly number[] = [MSG.DS_MSG_MARK, MSG.DS_MSG_MARK_LIST]): Scripted {
  const served = Buffer.alloc(ids.length * 4);
  ids.forEach((id, i) => served.writeUInt32LE(id, i * 4));
  const info = encode('ds_hello_info', { struct_version: 1, version: '0.0.9' });
  return new Scripted({
    [MSG.DS_MSG_HELLO]: Buffer.concat([record(ext.DS_TLV_HELLO_INFO, info), record(ext.DS_TLV_IDS, served)]),
    [MSG.DS_MSG_MARK]: new Uint8Array(),
    ...answers,
  });
}

const any = { addr: new Uint8Array(16), plen: 0, port_min: 0, port_max: 0 };

describe('add', () => {
  test('all that a rule can say', async () => {
    const d = daemon();
    const line = 'mark add 4294967295 proto sctp from 10.1.2.3/8 to 10.0.0.100 sport 1-1023 dport 80 iif dpdk0';
    expect(await dpip(line, d)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(decode('ds_mark', d.sent(MSG.DS_MSG_MARK)[0] ?? Buffer.alloc(0))).toEqual({
      op: ext.DS_MARK_ADD,
      rule: {
        mark: 4294967295,
        af: 2,
        proto: 132,
        src: { addr: Uint8Array.of(10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), plen: 8, port_min: 1, port_max: 1023 },
        dst: { addr: Uint8Array.of(10, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), plen: 32, port_min: 80, port_max: 80 },
        iifname: 'dpdk0',
      },
    });
  });

  test('hardly anything; the family of -6', async () => {
    const d = daemon();
    await dpip('mark add 1', d);
    await dpip('-6 mark del 2', d);
    const rules = d.sent(MSG.DS_MSG_MARK).map((body) => decode('ds_mark', body));
    expect(rules).toEqual([
      { op: ext.DS_MARK_ADD, rule: { mark: 1, af: 2, proto: 0, src: any, dst: any, iifname: '' } },
      { op: ext.DS_MARK_DEL, rule: { mark: 2, af: 10, proto: 0, src: any, dst: any, iifname: '' } },
    ]);
  });

  test.each([
    ['mark add', 'missing mark'],
    ['mark add 0', "invalid mark '0': a number from 1 to 4294967295"],
    ['mark add 4294967296', "invalid mark '4294967296': a number from 1 to 4294967295"],
    ['mark add 1 proto igmp', "invalid protocol 'igmp': icmp, tcp, udp, icmpv6, sctp"],
    ['mark add 1 dport 0', "invalid ports '0': N or N-M, from 1 to 65535"],
    ['mark add 1 dport 90-80', "invalid ports '90-80': N or N-M, from 1 to 65535"],
    ['mark add 1 dport 1-2-3', "invalid ports '1-2-3': N or N-M, from 1 to 65535"],
    ['mark add 1 proto icmp dport 80', 'icmp has no ports'],
    ['mark add 1 from 10.0.0.0/8 to ::1', 'from and to are of different families'],
    ['mark add 1 from 10.0.0.0/33', 'invalid prefix length: 10.0.0.0/33 (0 to 32)'],
    ['mark add 1 iif a-name-of-too-many-characters', "interface name 'a-name-of-too-many-characters' is longer than 15 characters"],
  ])('%s', async (line, text) => {
    const { code, stderr } = await dpip(line, noDaemon);
    expect(code).toBe(1);
    expect(stderr).toContain(text);
  });
});

test('what show prints makes the same rules', async () => {
  const range = { ...any, port_min: 1, port_max: 65535 };
  const rules = [
    { mark: 7, af: 2, proto: 6, src: any, dst: { ...any, addr: ipBytes('10.0.0.100'), plen: 32, port_min: 80, port_max: 80 } },
    { mark: 8, af: 10, proto: 0, src: any, dst: range, iifname: 'dpdk1' },
    { mark: 9, af: 10, proto: 58, src: { ...any, addr: ipBytes('2001:db8::'), plen: 32 }, dst: any },
    { mark: 10, af: 2, proto: 0, src: any, dst: any },
  ];
  const bodies = rules.map((rule) => encode('ds_mark_rule', rule));
  const list = Buffer.concat(bodies.map((body) => record(ext.DS_TLV_MARK, body)));
  const { stdout } = await dpip('mark show', daemon({ [MSG.DS_MSG_MARK_LIST]: list }));
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toEqual(['7 proto tcp to 10.0.0.100/32 dport 80', '8 to ::/0 dport 1-65535 iif dpdk1', '9 proto icmpv6 from 2001:db8::/32', '10']);
  const d = daemon();
  for (const line of lines) await dpip(`mark add ${line}`, d);
  expect(d.sent(MSG.DS_MSG_MARK).map((body) => body.subarray(8).toString('hex'))).toEqual(bodies.map((body) => body.toString('hex')));
});

test.each([
  ['mark add 1', -3, 'there is a rule for these packets already: see mark show, and delete it first'],
  ['mark add 1 iif eth9', -4, 'there is no device eth9: see link show'],
  ['mark add 1', -12, null],
  ['mark del 1', -4, 'there is no such rule: see mark show'],
])('%s refused with %i', async (line, answer, text) => {
  const { code, stderr } = await dpip(line, daemon({ [MSG.DS_MSG_MARK]: answer }));
  expect(code).toBe(1);
  if (text !== null) expect(stderr).toBe(`dpip: ${text}\n`);
});

test.each(['mark show', 'mark add 1', 'mark del 1', 'mark flush'])('%s and an older daemon', async (line) => {
  const { code, stdout, stderr } = await dpip(line, daemon({}, []));
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^dpip: mark \w+ needs a daemon with rules that mark packets; this one is dpvs-suite 0\.0\.9, .*\n$/);
});
