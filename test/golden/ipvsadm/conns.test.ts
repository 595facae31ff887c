// SPDX-License-Identifier: Apache-2.0
// Lists of connections, from daemons with and without extensions.
import { describe, expect, it } from 'vitest';
import { encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { fullDaemon } from './lists';
import { address, infoReply, ipvsadm, ScriptedDaemon } from './run';

const { DS_MSG_LIST_CONNS, DPVS_SO_GET_INFO, SOCKOPT_GET_CONN_ALL } = MSG;

const FIRST = '[1]tcp 90s    TCP_EST     198.51.100.7:40001 10.0.0.1:80        192.168.100.200:1025 172.16.0.1:8080\n';
const SECOND = '[2]tcp 3605s  TCP_CLOSE   198.51.100.8:40002 10.0.0.1:80        192.168.100.200:1026 172.16.0.1:8080\n';
const THIRD = '[1]udp 300s   UDP_ONEWAY  [2001:db8::70]:5353 [2001:db8::1]:53   [2001:db8::2]:2000 [2001:db8::11]:53\n';

/** A page of id 90. */
function page(conns: readonly DeepPartial<Structs['ip_vs_conn_entry']>[]): Buffer {
  return Buffer.concat([encode('ip_vs_conn_array', { nconns: conns.length, resl: 1 }), ...conns.map((conn) => encode('ip_vs_conn_entry', conn))]);
}

describe.each([[true], [false]])('extensions: %s', (extensions) => {
  it.each([
    ['', FIRST + SECOND + THIRD],
    ['--proto udp', THIRD],
    ['--client 198.51.100.8', SECOND],
    ['--client 198.51.100.0/29', FIRST],
    ['--client 198.51.100.8:40001', ''],
    ['--vip 10.0.0.1:80', FIRST + SECOND],
    ['--rs [2001:db8::11]:53', THIRD],
    ['--state TCP_CLOSE', SECOND],
    ['--state established', FIRST],
    ['--vip 10.0.0.0/8 --state UDP_ONEWAY', ''],
  ])('IA-106 IA-110 IB-09 -Lnc %s', async (filter, expected) => {
    const argv = ['-Lnc', ...filter.split(' ').filter((word) => word !== '')];
    expect(await ipvsadm(argv, fullDaemon({ extensions }))).toEqual({ code: 0, stdout: expected, stderr: '' });
  });

  it('IB-10 --summary counts by state, server and lcore', async () => {
    const { code, stdout } = await ipvsadm(['-Lnc', '--summary'], fullDaemon({ extensions }));
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'Prot   State           Connections',
      'tcp    TCP_CLOSE                 1',
      'tcp    TCP_EST                   1',
      'udp    UDP_ONEWAY                1',
      'Prot   LocalAddress:Port            RemoteAddress:Port           Connections',
      'tcp    10.0.0.1:80                  172.16.0.1:8080                        2',
      'udp    [2001:db8::1]:53             [2001:db8::11]:53                      1',
      'Lcore  Connections',
      '1                2',
      '2                1',
      'Total            3',
      '',
    ]);
  });

  it('IB-09 IB-10 --summary counts what a filter lets through', async () => {
    const { stdout } = await ipvsadm(['-Lnc', '--summary', '--client', '198.51.100.8'], fullDaemon({ extensions }));
    expect(stdout).toMatch(/^Total {12}1$/m);
  });

  it('IB-10 --details has a title, and a dash for what is not known', async () => {
    const { stdout } = await ipvsadm(['-Lnc', '--details', '--client', '198.51.100.8'], fullDaemon({ extensions }));
    const [mode, left] = extensions ? ['FullNat', '3605.0s'] : ['-      ', '      -'];
    expect(stdout.split('\n')).toEqual([
      'Lcore Prot   Forward State                Left  Timeout        Age   InPkts  InBytes  OutPkts OutBytes Client                Virtual               Local                 Server',
      `2     tcp    ${mode} TCP_CLOSE         ${left}    3605s          -        -        -        -        - 198.51.100.8:40002    10.0.0.1:80           192.168.100.200:1026  172.16.0.1:8080`,
      '',
    ]);
  });

  it('IB-19 --lvs-format is the list of LVS', async () => {
    expect((await ipvsadm(['-Lnc', '--lvs-format'], fullDaemon({ extensions }))).stdout.split('\n')).toEqual([
      'IPVS connection entries',
      'pro expire state       source             virtual            destination',
      'TCP 01:30  ESTABLISHED 198.51.100.7:40001 10.0.0.1:80        172.16.0.1:8080',
      'TCP 60:05  CLOSE       198.51.100.8:40002 10.0.0.1:80        172.16.0.1:8080',
      'UDP 05:00  UDP         [2001:db8::70]:5353 [2001:db8::1]:53   [2001:db8::11]:53',
      '',
    ]);
  });

  it('IA-109 IB-09 --sockpair finds one connection, which may be filtered away', async () => {
    const pair = ['-Lnc', '--sockpair', 'tcp:198.51.100.7:40001:10.0.0.1:80'];
    expect(await ipvsadm(pair, fullDaemon({ extensions }))).toEqual({ code: 0, stdout: FIRST, stderr: '' });
    expect(await ipvsadm([...pair, '--state', 'TCP_CLOSE'], fullDaemon({ extensions }))).toEqual({
      code: 1,
      stdout: '',
      stderr: 'connection specified not found\n',
    });
  });
});

it('IB-10 counters, age and rest of life are the daemon\'s', async () => {
  const daemon = fullDaemon({ extensions: true });
  const { stdout } = await ipvsadm(['-Lnc', '--details', '--sockpair', 'tcp:198.51.100.7:40001:10.0.0.1:80'], {
    request: (id, type, body) => {
      const reply = daemon.request(id, type, body);
      if (id !== DS_MSG_LIST_CONNS) return reply;
      const more = { in_packets: 12n, in_bytes: 123_456_789_012n, out_packets: 7n, out_bytes: 8n, age_ms: 61_250n, left_ms: 28_749, fwd: 5 };
      encode('ds_conn_more', more).copy(reply, reply.length - 48);
      return reply;
    },
  });
  expect(stdout.split('\n')[1]).toBe(
    '1     tcp    FullNat TCP_EST             28.7s      90s      61.3s       12     123G        7        8 198.51.100.7:40001    10.0.0.1:80           192.168.100.200:1025  172.16.0.1:8080',
  );
});

it('IB-09 filters of connections are executed by daemons that can', async () => {
  const daemon = fullDaemon({ extensions: true });
  await ipvsadm(['-Lnc', '--proto', 'tcp', '--client', '198.51.100.8:40002', '--state', 'TCP_CLOSE'], daemon);
  const request = daemon.requests.find(({ id }) => id === DS_MSG_LIST_CONNS)?.body;
  expect(request?.readUInt32LE(24)).toBe(0x2 | 0x100 | 0x200 | 0x1000);
  expect(request?.toString('latin1', 120, 129)).toBe('TCP_CLOSE');
});

describe('templates', () => {
  const template = {
    in_af: 2, out_af: 2, proto: 6, caddr: address(10, 10, 1, 2), vaddr: address(10, 10, 1, 104), laddr: address(10, 10, 1, 2), daddr: address(10, 10, 2, 3),
    vport: 80, timeout: 60, state: 'TCP_NONE',
  }; // prettier-ignore
  const daemonOf = (): ScriptedDaemon => new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [SOCKOPT_GET_CONN_ALL]: () => page([template]) });

  it('IA-108 are listed in place of connections', async () => {
    const daemon = daemonOf();
    const { stdout } = await ipvsadm(['-Lnc', '--persistent-conn'], daemon);
    expect(stdout).toBe('[0]tcp 60s    TCP_NONE    10.10.1.2:0        10.10.1.104:80     10.10.1.2:0        10.10.2.3:0\n');
    expect(daemon.asked(SOCKOPT_GET_CONN_ALL)[0]?.body.readUInt32LE(0)).toBe(1 | 8);
  });

  it('IA-108 IB-19 have more titles in LVS', async () => {
    const { stdout } = await ipvsadm(['-Lnc', '--persistent-conn', '--lvs-format'], daemonOf());
    expect(stdout.split('\n').slice(1, 3)).toEqual([
      'pro expire state       source             virtual            destination        pe name          pe_data',
      'TCP 01:00  NONE        10.10.1.2:0        10.10.1.104:80     10.10.2.3:0',
    ]);
  });
});

it.each([
  [132, 'SCTP_ESTABLISHE', 'ESTABLISHED'],
  [132, 'SCTP_SHUTDOWN_S', 'SHUTDOWN_SENT'],
  [132, 'SCTP_COOKIE', 'COOKIE'],
  [6, 'TIME_WAIT', 'TIME_WAIT'],
  [6, 'TCP_UNKOWN', 'NONE'],
  [1, 'ICMP_NORMAL', 'ICMP'],
])('IB-19 protocol %i: %s is %s in LVS', async (proto, state, expected) => {
  const conn = { in_af: 2, out_af: 2, proto, state, timeout: 3 };
  const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [SOCKOPT_GET_CONN_ALL]: () => page([conn]) });
  const { stdout } = await ipvsadm(['-Lnc', '--lvs-format'], daemon);
  expect(stdout.split('\n')[2]?.split(/\s+/).slice(1, 3)).toEqual(['00:03', expected]);
});

it.each(['--details', '--summary', '--lvs-format'])('IA-111 a list that cannot be fetched fails: %s', async (option) => {
  const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [SOCKOPT_GET_CONN_ALL]: () => -23 });
  const { code, stderr } = await ipvsadm(['-Lnc', option], daemon);
  expect(code).toBe(1);
  expect(stderr).toBe(
    '[sockopt_msg_recv] errcode set in socket msg#90 header: msg callback failed(-23)\ndp_vs_get_conns: got errcode -23 from dpvs_getsockopt\n',
  );
});
