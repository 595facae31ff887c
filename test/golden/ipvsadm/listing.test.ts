// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { main } from '../../../src/cli/ipvsadm/main';
import { encode, MSG } from '../../../src/ipc/codec';
import { collectingIo } from '../../support/io';
import { address, destsReply, infoReply, ipvsadm, ScriptedDaemon, servicesReply, tcpService } from './run';

const { DPVS_SO_GET_INFO, DPVS_SO_GET_SERVICES, DPVS_SO_GET_SERVICE, DPVS_SO_GET_DESTS, SOCKOPT_GET_CONN_ALL } = MSG;

function daemonOf(services: readonly ReturnType<typeof tcpService>[], dests: Parameters<typeof destsReply>[0] = []): ScriptedDaemon {
  return new ScriptedDaemon({
    [DPVS_SO_GET_INFO]: () => infoReply(services.length),
    [DPVS_SO_GET_SERVICES]: () => servicesReply(services.map((each) => ({ ...each, num_dests: dests.length }))),
    [DPVS_SO_GET_DESTS]: () => destsReply(dests),
  });
}

const counters = { conns: 24000000n, inpkts: 345000000n, outpkts: 0n, inbytes: 678000000000n, outbytes: 99999n };
const rates = { cps: 3, inpps: 456, outpps: 0, inbps: 123456000, outbps: 1234000000 };
const service = tcpService(1, { num_dests: 1, stats: { conns: 12000000n, inpkts: 345000000n, inbytes: 679000000000n, outbytes: 99999n, ...rates } });
const dest = {
  af: 2, addr: address(172, 16, 5, 9), port: 8001, weight: 5, fwdmode: 0, flags: 1, max_conn: 1000, min_conn: 10,
  actconns: 100, inactconns: 7, persistconns: 3, stats: { ...counters, ...rates },
}; // prettier-ignore

/** Lines behind the version, with the dots that stand for spaces at their ends. */
async function table(...options: string[]): Promise<string[]> {
  const { stdout, code } = await ipvsadm(['-Ln', ...options], daemonOf([service], [dest]));
  expect(code).toBe(0);
  const [version, ...lines] = stdout.split('\n');
  expect(version).toBe('IP Virtual Server version 1.10.2 (size=0)');
  expect(lines.pop()).toBe('');
  return lines;
}

describe('formats', () => {
  it('IA-091 IA-105 counters add what is left of servers that are gone to those that are there', async () => {
    expect(await table('--stats')).toEqual([
      'Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes',
      '  -> RemoteAddress:Port',
      'TCP  10.0.0.1:80                  36000000  690000K        0    1357G   199998',
      '  -> 172.16.5.9:8001              24000000  345000K        0     678G    99999',
    ]);
  });

  it('IA-092 counters with all digits', async () => {
    expect((await table('--stats', '--exact')).slice(2)).toEqual([
      'TCP  10.0.0.1:80                  36000000 690000000        0 1357000000000   199998',
      '  -> 172.16.5.9:8001              24000000 345000000        0 678000000000    99999',
    ]);
  });

  it('IA-093 IA-094 rates are those of the daemon', async () => {
    expect(await table('--rate')).toEqual([
      'Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS',
      '  -> RemoteAddress:Port',
      'TCP  10.0.0.1:80                         3      456        0  123456K    1234M',
      '  -> 172.16.5.9:8001                     3      456        0  123456K    1234M',
    ]);
  });

  it('IA-097 persistent connections', async () => {
    expect(await table('--persistent-conn')).toEqual([
      'Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn ',
      '  -> RemoteAddress:Port',
      'TCP  10.0.0.1:80 rr',
      '  -> 172.16.5.9:8001              5         3           100        7         ',
    ]);
  });

  it('IA-095 thresholds', async () => {
    expect((await table('--thresholds')).slice(2)).toEqual([
      'TCP  10.0.0.1:80 rr',
      '  -> 172.16.5.9:8001              1000       10         100        7         ',
    ]);
  });

  it.each([
    [['--rate', '--stats', '--thresholds'], ['--stats']],
    [['--persistent-conn', '--thresholds', '--rate'], ['--rate']],
    [['--persistent-conn', '--thresholds'], ['--thresholds']],
  ])('IA-098 of %j the first in rank is %j', async (many, one) => {
    expect(await table(...many)).toEqual(await table(...one));
  });
});

it('IA-087 names every attribute of a service in the order of upstream', async () => {
  const rich = tcpService(1, {
    flags: 0x1 | 0x8 | 0x10 | 0x800, timeout: 360, netmask: 0x00ffffff, conn_timeout: 1800, proxy_protocol: 0x12,
    check_conf: { types: 0x13, dest_down_notice_num: 1, dest_up_notice_num: 1, dest_down_wait: 3, dest_inhibit_min: 5, dest_inhibit_max: 3600 },
  }); // prettier-ignore
  const hashed = tcpService(2, { proto: 17, sched_name: 'conhash', flags: 0x200 | 0x4 | 0x800 });
  const flagged = tcpService(3, { sched_name: 'mh', flags: 0x1 | 0x20 | 0x40, timeout: 60 });
  const { stdout } = await ipvsadm(['-Ln'], daemonOf([rich, hashed, flagged]));
  expect(stdout.split('\n').slice(3, 6)).toEqual([
    'TCP  10.0.0.1:80 rr persistent 360 mask 255.255.255.0 synproxy conn-timeout 1800 ppv2-insecure expire-quiescent dest-check internal:default external:tcp,ping',
    'TCP  10.0.0.3:80 mh (mh-fallback,mh-port) persistent 60',
    'UDP  10.0.0.2:80 conhash qid ops quic',
  ]);
});

it.each([
  [2, 'inhibited,overload', 6],
  [2, 'overload', 2],
])('IA-088 says why a server rests: %i %s', async (_af, word, flags) => {
  const { stdout } = await ipvsadm(['-Ln'], daemonOf([service], [{ ...dest, flags }]));
  expect(stdout.split('\n')[4]).toBe(`  -> 172.16.5.9:8001              Masq    5      100        7          ${word}`);
});

describe('IA-090 kinds of services', () => {
  it.each([
    [{ proto: 132 }, 'SCTP  10.0.0.1:80 rr'],
    [{ proto: 1 }, 'ICMP  10.0.0.1:80 rr'],
    [{ af: 10, proto: 58, netmask: 128, addr: address(0x20, 1) }, 'ICMPv6  [2001::]:80 rr'],
    [{ fwmark: 7, port: 0, addr: address() }, 'FWM  7 rr'],
    [{ fwmark: 7, port: 0, addr: address(), af: 10 }, 'FWM  7 IPv6 rr'],
    [{ proto: 17, flags: 0x400, port: 0, addr: address(), match: { af: 2, iifname: 'dpdk0' } }, 'MATCH udp,iif=dpdk0 rr'],
  ])('%j', async (more, line) => {
    const { stdout } = await ipvsadm(['-Ln'], daemonOf([tcpService(1, more)]));
    expect(stdout.split('\n')[3]).toBe(line);
  });
});

describe('IA-101 order', () => {
  const unsorted = [
    tcpService(9, { fwmark: 3, addr: address(), port: 0 }),
    tcpService(1, { af: 10, addr: address(0x20, 1) }),
    tcpService(1, { addr: address(192, 168, 0, 1) }),
    tcpService(1, { proto: 17 }),
    tcpService(1, { port: 81 }),
    tcpService(1),
  ];
  const lines = async (...options: string[]): Promise<(string | undefined)[]> => {
    const { stdout } = await ipvsadm(['-Ln', ...options], daemonOf(unsorted));
    return stdout.split('\n').slice(3, -1).map((line) => line.replace(' rr', ''));
  };

  it('is ascending by mark, family, protocol, address and port', async () => {
    expect(await lines()).toEqual([
      'TCP  10.0.0.1:80', 'TCP  10.0.0.1:81', 'TCP  192.168.0.1:80', 'UDP  10.0.0.1:80', 'TCP  [2001::]:80', 'FWM  3',
    ]); // prettier-ignore
  });

  it('IA-015 is that of the daemon if so wanted', async () => {
    expect((await lines('--nosort'))[0]).toBe('FWM  3');
    expect((await lines('--sort', '--nosort', '--sort'))[1]).toBe('TCP  [2001::]:80');
  });

  it('of servers puts IPv4 before IPv6', async () => {
    const dests = [{ ...dest, af: 10, addr: address(1) }, { ...dest, addr: address(200) }, dest];
    const { stdout } = await ipvsadm(['-Ln'], daemonOf([service], dests));
    expect(stdout.split('\n').slice(4, 7).map((line) => line.split(/\s+/)[2])).toEqual(['172.16.5.9:8001', '200.0.0.0:8001', '[100::]:8001']);
  });
});

describe('a daemon that changes meanwhile', () => {
  it('is asked again when the number of services is wrong', async () => {
    const daemon = new ScriptedDaemon({
      [DPVS_SO_GET_INFO]: (_body, count) => infoReply(count === 0 ? 1 : 2),
      [DPVS_SO_GET_SERVICES]: (body) => (body.readUInt16LE(2) === 2 ? servicesReply([tcpService(1), tcpService(2)]) : -23),
      [DPVS_SO_GET_DESTS]: () => destsReply([]),
    });
    const { code, stdout } = await ipvsadm(['-Ln'], daemon);
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(3, -1)).toEqual(['TCP  10.0.0.1:80 rr', 'TCP  10.0.0.2:80 rr']);
  });

  it('is not asked for ever', async () => {
    const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(1), [DPVS_SO_GET_SERVICES]: () => -23 });
    const { code, stderr } = await ipvsadm(['-Ln'], daemon);
    expect(code).toBe(1);
    expect(stderr).toContain('errcode set in socket msg#19 header: msg callback failed(-23)\n');
    expect(daemon.asked(DPVS_SO_GET_SERVICES).length).toBeLessThan(20);
  });

  it('is asked again when the number of servers is wrong', async () => {
    const daemon = new ScriptedDaemon({
      [DPVS_SO_GET_INFO]: () => infoReply(1),
      [DPVS_SO_GET_SERVICES]: (_body, count) => servicesReply([tcpService(1, { num_dests: count })]),
      [DPVS_SO_GET_DESTS]: (body) => (body.readUInt32LE(28) === 1 ? destsReply([dest]) : -23),
    });
    const { code, stdout } = await ipvsadm(['-Ln'], daemon);
    expect(code).toBe(0);
    expect(stdout).toContain('-> 172.16.5.9:8001');
  });

  it('may delete a service before its servers are listed', async () => {
    const daemon = new ScriptedDaemon({
      [DPVS_SO_GET_INFO]: (_body, count) => infoReply(count === 0 ? 2 : 1),
      [DPVS_SO_GET_SERVICES]: (_body, count) => servicesReply([tcpService(1), tcpService(2)].slice(0, count === 0 ? 2 : 1)),
      [DPVS_SO_GET_DESTS]: (body) => (body[15] === 2 ? -23 : destsReply([])),
    });
    const { code, stdout, stderr } = await ipvsadm(['-Ln'], daemon);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('10.0.0.2');
  });

  it('IA-096 does not hide other services behind one that cannot be listed', async () => {
    const daemon = new ScriptedDaemon({
      [DPVS_SO_GET_INFO]: () => infoReply(3),
      [DPVS_SO_GET_SERVICES]: () => servicesReply([1, 2, 3].map((last) => tcpService(last, { num_dests: 1 }))),
      [DPVS_SO_GET_DESTS]: (body) => (body[15] === 2 ? -23 : destsReply([dest])),
    });
    const { code, stdout, stderr } = await ipvsadm(['-Ln'], daemon);
    expect(code).toBe(1);
    expect(stdout.split('\n').filter((line) => line.startsWith('TCP'))).toHaveLength(3);
    expect(stdout.split('\n').filter((line) => line.includes('->'))).toHaveLength(1 + 2);
    expect(stderr).toBe('TCP  10.0.0.2:80: msg callback failed(-23)\n');
  });
});

describe('replies that are wrong', () => {
  it('are told in one line after the first', async () => {
    const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(1), [DPVS_SO_GET_SERVICES]: () => servicesReply([tcpService(1)]).subarray(0, 100) });
    const { code, stderr } = await ipvsadm(['-Ln'], daemon);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^reply is too short: dp_vs_service_compat needs 272 bytes, 100 received\n$/);
  });
});

describe('IA-102 --cpu', () => {
  it('asks for the lcore of that index', async () => {
    const daemon = daemonOf([service], [dest]);
    await ipvsadm(['-Ln', '--cpu', '2'], daemon);
    expect(daemon.asked(DPVS_SO_GET_SERVICES)[0]?.body[1]).toBe(2);
    expect(daemon.asked(DPVS_SO_GET_DESTS)[0]?.body[141]).toBe(2);
  });

  it('knows which there are', async () => {
    const { code, stdout, stderr } = await ipvsadm(['-Ln', '--cpu', '64'], daemonOf([service]));
    expect([code, stdout]).toEqual([1, 'IP Virtual Server version 1.10.2 (size=0)\n']);
    expect(stderr).toBe("illegal cpu '64' specified, this daemon has 0 (all) to 2\n");
  });
});

describe('one service', () => {
  it('IA-100 that is missing is said in two lines', async () => {
    const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [DPVS_SO_GET_SERVICE]: () => -23 });
    const { code, stdout, stderr } = await ipvsadm(['-Ln', '-t', '10.0.0.1:80'], daemon);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe('[sockopt_msg_recv] errcode set in socket msg#20 header: msg callback failed(-23)\nNo such service\n');
  });
});

describe('connections', () => {
  const conn = {
    in_af: 10, out_af: 2, proto: 58, caddr: address(0x20, 1, 0x0d, 0xb8), vaddr: address(0x20, 1), laddr: address(10, 0, 0, 1), daddr: address(10, 0, 0, 2),
    cport: 54321, vport: 80, lport: 1025, dport: 8080, timeout: 1234567, lcoreid: 4, state: 'ICMP_NORMAL',
  }; // prettier-ignore
  const page = (resl: number, curcid: number, conns: number): Buffer =>
    Buffer.concat([encode('ip_vs_conn_array', { nconns: conns, resl, curcid }), ...Array.from({ length: conns }, () => encode('ip_vs_conn_entry', conn))]);

  it('IA-106 IA-110 mix families in their columns', async () => {
    const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [SOCKOPT_GET_CONN_ALL]: () => page(1, 0, 1) });
    const { stdout } = await ipvsadm(['-Lnc'], daemon);
    expect(stdout).toBe('[4]icmpv6 1234567 ICMP_NORMAL [2001:db8::]:54321 [2001::]:80        10.0.0.1:1025      10.0.0.2:8080\n');
  });

  it('IA-107 come in pages that are asked for with the cursor of the last', async () => {
    const daemon = new ScriptedDaemon({
      [DPVS_SO_GET_INFO]: () => infoReply(0),
      [SOCKOPT_GET_CONN_ALL]: (_body, count) => (count < 2 ? page(3, 5 + count, 1024) : page(1, 0, 3)),
    });
    const { code, stdout } = await ipvsadm(['-Lnc'], daemon);
    expect([code, stdout.split('\n').length - 1]).toEqual([0, 2051]);
    const asked = daemon.asked(SOCKOPT_GET_CONN_ALL).map(({ body }) => [body.readUInt32LE(0), body.readUInt32LE(4)]);
    expect(asked).toEqual([[1, 0], [3, 5], [3, 6]]);
  });

  it('IA-111 fail with status 1 and the words of upstream', async () => {
    const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [SOCKOPT_GET_CONN_ALL]: (_body, count) => (count < 1 ? page(3, 1, 1) : -23) });
    const { code, stdout, stderr } = await ipvsadm(['-Lnc'], daemon);
    expect([code, stdout.split('\n').length - 1]).toEqual([1, 1]);
    expect(stderr).toBe(
      '[sockopt_msg_recv] errcode set in socket msg#90 header: msg callback failed(-23)\ndp_vs_get_conns: got errcode -23 from dpvs_getsockopt\nFail to fetch all connection entries!\n',
    );
  });

  it('are printed page by page with names too', async () => {
    const own = address(127, 0, 0, 1);
    const local = { ...conn, in_af: 2, caddr: own, vaddr: own, laddr: own, daddr: own };
    const body = Buffer.concat([encode('ip_vs_conn_array', { nconns: 1, resl: 3, curcid: 1 }), encode('ip_vs_conn_entry', local)]);
    let stdout = '';
    let beforeSecond = '';
    const transport = new ScriptedDaemon({
      [DPVS_SO_GET_INFO]: () => infoReply(0),
      [SOCKOPT_GET_CONN_ALL]: (_body, count) => {
        beforeSecond = stdout;
        return count < 1 ? body : -23;
      },
    });
    const write = (text: string): void => void (stdout += text);
    const io = collectingIo({ stdout: { write }, transport: () => transport });
    expect(await main(['-Lc'], io)).toBe(1);
    expect(beforeSecond).toMatch(/^\[4\]icmpv6 1234567 ICMP_NORMAL localhost:54321 {4}localhost:80 .*\n$/);
    expect(stdout).toBe(beforeSecond);
  });

  it('that are announced and never come do not hang', async () => {
    const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [SOCKOPT_GET_CONN_ALL]: () => page(3, 1, 0) });
    expect((await ipvsadm(['-Lnc'], daemon)).code).toBe(1);
  });
});

it('IA-103 prints names where there are some', async () => {
  const local = tcpService(1, { num_dests: 1, addr: address(127, 0, 0, 1), port: 22 });
  const { stdout, code } = await ipvsadm(['-L'], daemonOf([local], [{ ...dest, addr: address(127, 0, 0, 1), port: 8001 }]));
  expect(code).toBe(0);
  expect(stdout.split('\n')[3]).toMatch(/^TCP {2}localhost:(ssh|22) rr$/);
  expect(stdout.split('\n')[4]).toMatch(/^ {2}-> localhost:8001 {15}Masq/);
}, 10_000);
