// SPDX-License-Identifier: Apache-2.0
// qsch and cls.
import { describe, expect, test } from 'vitest';
import { formatHandle, parseHandle } from '../../../src/cli/dpip/tc/handle';
import { formatPattern, parsePattern } from '../../../src/cli/dpip/tc/pattern';
import { formatRate, parseRate } from '../../../src/cli/dpip/tc/rate';
import { decode, encode, MSG, sizeOf, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { accepting, dpip, Scripted } from '../../golden/dpip/run';

const ROOT = 0xffffffff;
const INGRESS = 0xfffffff1;
const IDS = [MSG.SOCKOPT_TC_ADD, MSG.SOCKOPT_TC_DEL, MSG.SOCKOPT_TC_CHANGE, MSG.SOCKOPT_TC_REPLACE];

async function sent(line: string): Promise<Structs['tc_conf']> {
  const daemon = accepting(...IDS);
  expect(await dpip(line, daemon), line).toEqual({ code: 0, stdout: '', stderr: '' });
  return decode('tc_conf', daemon.requests[0]?.body ?? Buffer.alloc(0));
}

async function refusal(line: string): Promise<string> {
  const { code, stdout, stderr } = await dpip(line);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  return stderr;
}

test.each([
  ['1:', 0x10000, '1:'],
  ['1', 0x10000, '1:'],
  ['ffff:ffff', ROOT, 'root'],
  ['8001:1a', 0x8001001a, '8001:1a'],
  ['root', ROOT, 'root'],
  ['ingress', INGRESS, 'ingress'],
])('DP-078 handle %s', (text, value, formatted) => {
  expect(parseHandle(text)).toBe(value);
  expect(formatHandle(value)).toBe(formatted);
});

test.each(['zz', '0:', '10000:', '1:10000', ':1', '1:1:1', ''])('DP-085 handle "%s" is none', (text) => {
  expect(parseHandle(text)).toBeNull();
});

test.each([
  ['999', 999, '999bps'],
  ['10k', 10_000, '10.00Kbps'],
  ['2M', 2_000_000, '2.00Mbps'],
  ['4g', 4e9, '4.00Gbps'],
])('DP-079 rate %s', (text, rate, formatted) => {
  expect(parseRate(text)).toBe(rate);
  expect(formatRate(rate)).toBe(formatted);
});

test.each(['0', '5g', '4294967296', '1.5m', '10mbit', 'm', ''])('rate "%s" is none', (text) => {
  expect(parseRate(text)).toBeNull();
});

describe('qsch', () => {
  const qsch = async (line: string): Promise<DeepPartial<Structs['tc_qsch_param']>> => (await sent(line)).param.qsch ?? {};

  test.each([
    ['handle 5: root', ROOT, 0],
    ['root handle 5:', ROOT, 0],
    ['ingress', INGRESS, 0],
    ['handle 5: parent 1:2', 0x50000, 0x10002],
    ['parent root', 0, ROOT],
    ['', 0, 0],
  ])('DP-078 add dev d0 %s', async (words, handle, where) => {
    expect(await qsch(`qsch add dev d0 ${words} pfifo_fast`)).toMatchObject({ kind: 'pfifo_fast', handle, where });
  });

  test('DP-077 DP-079 tbf: the latency becomes a limit', async () => {
    const { qopt } = await qsch('qsch add dev d0 root tbf rate 1m burst 10000 latency 2ms peakrate 2m mtu 1500');
    expect(qopt?.tbf).toMatchObject({ rate: { rate: 1e6 }, buffer: 10000, limit: 250, peakrate: { rate: 2e6 }, mtu: 1500 });
  });

  test('DP-084 set is change', async () => {
    const daemon = accepting(...IDS);
    await dpip('qsch set dev d0 handle 1: pfifo limit 3', daemon);
    expect(daemon.requests.map(({ id }) => id)).toEqual([MSG.SOCKOPT_TC_CHANGE]);
  });

  test.each([
    ['qsch show', 'missing device.', 'check'],
    ['qsch add root pfifo_fast', 'missing device.', 'check'],
    ['qsch add dev d0 root', 'invalid qsch kind.', 'check'],
    ['qsch add dev d0 limit 5 bfifo', "invalid/miss qsch kind: ''", 'parse'],
    ['qsch add dev d0 fq', "unknown argument 'fq'", 'parse'],
    ['qsch add dev d0 bfifo rate 5', "invalid option for bfifo: 'rate'", 'parse'],
    ['qsch add dev d0 pfifo_fast limit 5', "invalid option for pfifo_fast: 'limit'", 'parse'],
    ['qsch add dev d0 bfifo', 'missing limit for fifo.', 'check'],
    ['qsch add dev d0 bfifo limit 0', "invalid limit '0': a number from 1 to 4294967295", 'parse'],
    ['qsch add dev d0 tbf burst 5', 'missing rate for tbf.', 'check'],
    ['qsch add dev d0 tbf rate 5', 'missing buffer for tbf.', 'check'],
    ['qsch add dev d0 tbf rate 0', "invalid rate: '0'", 'parse'],
    ['qsch add dev d0 tbf latency 5 burst 5', 'latency set before rate ?', 'parse'],
    ['qsch del dev d0', 'missing handle.', 'check'],
    ['qsch change dev d0 bfifo limit 5', 'missing handle.', 'check'],
    ['qsch change dev d0 root pfifo_fast', "qsch kind 'pfifo_fast' doesn't support SET.", 'check'],
    [
      'qsch del dev d0 handle zz',
      "invalid handle 'zz': MAJ:[MIN] with MAJ from 1 to ffff (hexadecimal), root or ingress",
      'parse',
    ],
  ])('DP-080 DP-084 %s: %s', async (line, message, stage) => {
    expect(await refusal(line)).toBe(`${message}\ndpip: ${stage}: invalid parameter\n`);
  });

  test('DP-016 DP-083 show: the real error, not another', async () => {
    const { code, stderr } = await dpip('qsch show dev d0 handle 9:', new Scripted({ [MSG.SOCKOPT_TC_SHOW]: -4 }));
    expect(code).toBe(1);
    expect(stderr).toBe('[sockopt_msg_recv] errcode set in socket msg#88 header: not exist(-4)\ndpip: not exist\n');
  });

  test('DP-081 show: an unknown kind is listed without its options', async () => {
    const record = Buffer.alloc(sizeOf.tc_param);
    encode('tc_qsch_param', { kind: 'new', handle: 0x10000, where: ROOT, flags: 1 }).copy(record);
    const { stdout } = await dpip('qsch show dev d0', new Scripted({ [MSG.SOCKOPT_TC_SHOW]: record }));
    expect(stdout).toBe('qsch new 1: dev d0 parent root flags 0x1 cls 0\n');
  });
});

describe('cls', () => {
  const cls = async (line: string): Promise<DeepPartial<Structs['tc_cls_param']>> => (await sent(line)).param.cls ?? {};

  test('DP-086 defaults', async () => {
    expect(await cls('cls add dev d0 match pattern tcp,to=:22 target 1:2')).toMatchObject({
      sch_id: ROOT,
      handle: 0,
      pkt_type: 0x0800,
      priority: 0,
      kind: 'match',
      copt: { match: { proto: 6, result: { drop: 0, sch_id: 0x10002 } } },
    });
  });

  test('DP-087 DP-089 ipset', async () => {
    const line = 'cls replace dev d0 qsch 1: handle 1:5 pkttype ipv6 prio 7 ipset match deny,dst target drop';
    expect(await cls(line)).toMatchObject({
      sch_id: 0x10000,
      handle: 0x10005,
      pkt_type: 0x86dd,
      priority: 7,
      kind: 'ipset',
      copt: { set: { setname: 'deny', dst_match: 1, result: { drop: 1 } } },
    });
  });

  test.each([
    ['cls add match pattern iif=d0 target drop', 'missing device.', 'check'],
    ['cls del dev d0', 'missing handle.', 'check'],
    ['cls replace dev d0 match pattern iif=d0 target drop', 'missing handle.', 'check'],
    ['cls add dev d0', 'invalid cls kind.', 'check'],
    ['cls add dev d0 match pattern tcp target drop', 'invalid match pattern.', 'check'],
    ['cls add dev d0 match pattern tcp,from=1.2.3 target drop', 'invalid pattern: from=1.2.3', 'parse'],
    ['cls add dev d0 match pattern icmpv6,iif=d0 target drop', 'invalid pattern: icmpv6', 'parse'],
    ['cls add dev d0 match pattern iif=d0', 'missing target.', 'check'],
    ['cls add dev d0 match pattern iif=d0 target drop now', "unknown argument 'now'", 'parse'],
    ['cls add dev d0 pkttype arp match', 'pkttype not support', 'parse'],
    ['cls add dev d0 ipset match deny,both target drop', 'invalid ipset match: deny,both', 'parse'],
    ['cls add dev d0 target drop', "invalid/miss cls type: ''", 'parse'],
  ])('DP-090 %s: %s', async (line, message, stage) => {
    expect(await refusal(line)).toBe(`${message}\ndpip: ${stage}: invalid parameter\n`);
  });

  test.each([
    ['tcp,from=10.0.0.1-10.0.0.9:1-1024,oif=d1', 'TCP,from=10.0.0.1-10.0.0.9:1-1024,oif=d1'],
    ['to=:22', 'unspec,to=0.0.0.0-0.0.0.0:22-22'],
    ['icmp6,from=fd00::1-fd00::2,iif=d0', 'ICMPV6,from=[fd00::1-fd00::2]:0-0,iif=d0'],
  ])('DP-088 pattern %s', (text, formatted) => {
    expect(formatPattern(parsePattern(text))).toBe(formatted);
  });
});
