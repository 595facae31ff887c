// SPDX-License-Identifier: Apache-2.0
// Lists, byte by byte; scripts cut them into words and columns.
import { describe, expect, it } from 'vitest';
import { chooseFormat, entryLines } from '../../../src/cli/ipvsadm/table';
import type { Entry } from '../../../src/cli/ipvsadm/inventory';
import type { Column } from '../../../src/cli/ipvsadm/options';
import { parseIp } from '../../../src/cli/parse/address';
import type { Names } from '../../../src/cli/render/names';
import { LearnedNames } from '../../../src/cli/runtime/names';
import { HostResolver } from '../../../src/cli/runtime/resolver';
import { decode, encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { address, destsReply, infoReply, ipvsadm, ScriptedDaemon, servicesReply, tcpService } from './run';

type Service = DeepPartial<Structs['dp_vs_service_compat']>;
type Dest = DeepPartial<Structs['dp_vs_dest_compat']>;

const { DPVS_SO_GET_INFO, DPVS_SO_GET_SERVICES, DPVS_SO_GET_SERVICE, DPVS_SO_GET_DESTS, SOCKOPT_GET_CONN_ALL, SOCKOPT_GET_CONN_SPECIFIED } = MSG;

function ip(text: string): Uint8Array {
  const parsed = parseIp(text);
  if (parsed === null) throw new Error(`${text} is no address`);
  return parsed.bytes;
}

function daemonOf(services: readonly Service[], dests: readonly Dest[] = []): ScriptedDaemon {
  const listed = services.map((service) => ({ ...service, num_dests: dests.length }));
  return new ScriptedDaemon({
    [DPVS_SO_GET_INFO]: () => infoReply(services.length),
    [DPVS_SO_GET_SERVICES]: () => servicesReply(listed),
    [DPVS_SO_GET_SERVICE]: () => encode('dp_vs_service_compat', listed[0] ?? {}),
    [DPVS_SO_GET_DESTS]: () => destsReply(dests),
  });
}

/** Lines of a list that must succeed; the last one ends too. */
async function lines(argv: readonly string[], daemon: ScriptedDaemon): Promise<string[]> {
  const { code, stdout, stderr } = await ipvsadm(argv, daemon);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.endsWith('\n')).toBe(true);
  expect(stdout).not.toMatch(/\t|\n\n/);
  return stdout.split('\n').slice(0, -1);
}

const VERSION = 'IP Virtual Server version 1.10.2 (size=0)';
const NO_OPTIONS: readonly (readonly string[])[] = [['-L'], ['-l'], ['--list']];
const web: Dest = { af: 2, addr: address(172, 16, 5, 9), port: 8001, weight: 5, actconns: 100, inactconns: 7, persistconns: 3, max_conn: 1000, min_conn: 10 };

describe('IA-085 IA-086 the default table', () => {
  it.each(NO_OPTIONS)('has three lines of titles and ends them with blanks: %s', async (...command) => {
    expect(await lines([...command, '-n'], daemonOf([tcpService(1)], [web, { ...web, port: 8002, weight: 65535, actconns: 4294967295, inactconns: 12345678901 % 2 ** 32 }]))).toEqual([
      VERSION,
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
      'TCP  10.0.0.1:80 rr',
      '  -> 172.16.5.9:8001              Masq    5      100        7         ',
      '  -> 172.16.5.9:8002              Masq    65535  4294967295 3755744309',
    ]);
  });

  it('has nothing but titles when there are no services', async () => {
    for (const [option, title] of [
      [[], 'Prot LocalAddress:Port Scheduler Flags'],
      [['--stats'], 'Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes'],
      [['--rate'], 'Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS'],
      [['--thresholds'], 'Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn '],
      [['--persistent-conn'], 'Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn '],
    ] as const) {
      const [version, first, second, ...rest] = await lines(['-ln', ...option], daemonOf([]));
      expect([version, first, rest]).toEqual([VERSION, title, []]);
      expect(second?.startsWith('  -> RemoteAddress:Port')).toBe(true);
    }
  });

  it('is as wide as an address needs, and never cuts numbers', async () => {
    const v6: Dest = { ...web, af: 10, addr: ip('2001:db8:1111:2222:3333:4444:5555:6666'), port: 65535, fwdmode: 5 };
    expect((await lines(['-ln'], daemonOf([tcpService(1, { af: 10, addr: ip('2001:db8::1'), netmask: 128 })], [v6]))).slice(3)).toEqual([
      'TCP  [2001:db8::1]:80 rr',
      '  -> [2001:db8:1111:2222:3333:4444:5555:6666]:65535 FullNat 5      100        7         ',
    ]);
  });
});

it.each([
  [0, 'Masq   '],
  [1, 'Local  '],
  [2, 'Tunnel '],
  [3, 'Route  '],
  [5, 'FullNat'],
  [6, 'SNAT   '],
])('IA-089 forwarding mode %i is called %s', async (fwdmode, name) => {
  const [, , , , line] = await lines(['-ln'], daemonOf([tcpService(1)], [{ ...web, fwdmode }]));
  expect(line).toBe(`  -> 172.16.5.9:8001              ${name} 5      100        7         `);
});

it.each([
  [0, ''],
  [1, ''],
  [2, ' overload'],
  [4, ' inhibited'],
  [7, ' inhibited,overload'],
])('IA-088 flags %i of a server are printed as "%s"', async (flags, suffix) => {
  const [, , , , line] = await lines(['-ln'], daemonOf([tcpService(1)], [{ ...web, flags }]));
  expect(line).toBe(`  -> 172.16.5.9:8001              Masq    5      100        7         ${suffix}`);
});

describe('IA-090 how services are called', () => {
  const range = { min_addr: address(192, 168, 0, 0), max_addr: address(192, 168, 0, 254), min_port: 0, max_port: 0 };
  const v6range = { min_addr: ip('fd01::1'), max_addr: ip('fd01::ff'), min_port: 80, max_port: 90 };
  const rule = { port: 0, addr: address(), flags: 0x400 };
  it.each<readonly [service: Service, name: string]>([
    [{}, 'TCP  10.0.0.1:80'],
    [{ proto: 17 }, 'UDP  10.0.0.1:80'],
    [{ proto: 132 }, 'SCTP  10.0.0.1:80'],
    [{ proto: 1 }, 'ICMP  10.0.0.1:80'],
    [{ af: 10, proto: 58, addr: ip('::1'), netmask: 128 }, 'ICMPv6  [::1]:80'],
    [{ af: 10, addr: ip('::ffff:1.2.3.4'), netmask: 128 }, 'TCP  [::ffff:1.2.3.4]:80'],
    [{ port: 0, flags: 1, timeout: 360 }, 'TCP  10.0.0.1:0'],
    [{ fwmark: 1, port: 0, addr: address() }, 'FWM  1'],
    [{ fwmark: 4294967295, port: 0, addr: address() }, 'FWM  4294967295'],
    [{ fwmark: 1, port: 0, addr: address(), af: 10, netmask: 128 }, 'FWM  1 IPv6'],
    [{ ...rule, match: { af: 2, srange: range } }, 'MATCH tcp,from=192.168.0.0-192.168.0.254:0-0'],
    [{ ...rule, proto: 17, match: { af: 2, drange: range, oifname: 'dpdk1' } }, 'MATCH udp,to=192.168.0.0-192.168.0.254:0-0,oif=dpdk1'],
    [{ ...rule, af: 10, proto: 58, netmask: 128, match: { af: 10, srange: v6range, drange: v6range, iifname: 'a', oifname: 'b' } }, 'MATCH icmpv6,from=[fd01::1-fd01::ff]:80-90,to=[fd01::1-fd01::ff]:80-90,iif=a,oif=b'],
    [{ ...rule, proto: 132, match: { af: 2, iifname: 'dpdk0' } }, 'MATCH sctp,iif=dpdk0'],
    [{ ...rule, proto: 1, match: { af: 2, srange: { ...range, min_addr: address(), max_addr: address(), max_port: 9 } } }, 'MATCH icmp,from=0.0.0.0-0.0.0.0:0-9'],
  ])('%j', async (service, name) => {
    const [, , , line] = await lines(['-ln'], daemonOf([tcpService(1, service)]));
    const words = (service.flags ?? 0) & 1 ? ' rr persistent 360' : ' rr';
    expect(line).toBe(`${name}${words}`);
  });
});

describe('IA-087 the words behind a service', () => {
  const check = { types: 1, dest_down_notice_num: 3, dest_up_notice_num: 0, dest_down_wait: 5, dest_inhibit_min: 0, dest_inhibit_max: 0 };
  it.each<readonly [service: Service, words: string]>([
    [{ flags: 0x2 }, 'rr'],
    [{ sched_name: 'conhash', flags: 0x100 }, 'conhash sip'],
    [{ sched_name: 'conhash', flags: 0x200, proto: 17 }, 'conhash qid'],
    [{ flags: 1, timeout: 1 }, 'rr persistent 1'],
    [{ flags: 1, timeout: 360, netmask: 0x00ffffff }, 'rr persistent 360 mask 255.255.255.0'],
    [{ flags: 1, timeout: 360, netmask: 0 }, 'rr persistent 360 mask 0.0.0.0'],
    [{ af: 10, flags: 1, timeout: 360, netmask: 64 }, 'rr persistent 360 mask 64'],
    [{ af: 10, flags: 1, timeout: 360, netmask: 128 }, 'rr persistent 360'],
    [{ flags: 4, proto: 17 }, 'rr ops'],
    [{ flags: 8 }, 'rr synproxy'],
    [{ conn_timeout: 1 }, 'rr conn-timeout 1'],
    [{ proxy_protocol: 1 }, 'rr ppv1'],
    [{ proxy_protocol: 2 }, 'rr ppv2'],
    [{ proxy_protocol: 0x11 }, 'rr ppv1-insecure'],
    [{ proxy_protocol: 0x12 }, 'rr ppv2-insecure'],
    [{ flags: 0x10 }, 'rr expire-quiescent'],
    [{ flags: 0x800 }, 'rr'],
    [{ flags: 0x800, proto: 17 }, 'rr quic'],
    [{ check_conf: check }, 'rr dest-check internal:3,5s'],
    [{ check_conf: { ...check, dest_up_notice_num: 4, dest_inhibit_min: 60, dest_inhibit_max: 3600 } }, 'rr dest-check internal:3,4,5s,60-3600s'],
    [{ check_conf: { ...check, types: 0x1e } }, 'rr dest-check external:tcp,udp,sctp,ping'],
    [{ check_conf: { ...check, types: 0x1f } }, 'rr dest-check internal:3,5s external:tcp,udp,sctp,ping'],
  ])('%j', async (service, words) => {
    const [, , , line] = await lines(['-ln'], daemonOf([tcpService(1, service)]));
    expect(line?.replace(/^\S+ {2}\S+ /, '')).toBe(words);
  });
});

describe('IA-091 IA-092 numbers', () => {
  const cells = async (value: bigint, ...options: string[]): Promise<string[]> => {
    const stats = { conns: value, inpkts: 0n, outpkts: value, inbytes: 1n, outbytes: value };
    return (await lines(['-ln', '--stats', ...options], daemonOf([tcpService(1)], [{ ...web, stats }]))).slice(3);
  };

  it.each([
    [0n, '        0', '        0'],
    [99_999_999n, ' 99999999', ' 99999999'],
    [100_000_000n, '  100000K', ' 100000000'],
    [999_999_999n, '  999999K', ' 999999999'],
    [1_000_000_000n, '    1000M', ' 1000000000'],
    [99_999_999_999n, '   99999M', ' 99999999999'],
    [100_000_000_000n, '     100G', ' 100000000000'],
    [99_999_999_999_999n, '   99999G', ' 99999999999999'],
    [100_000_000_000_000n, '     100T', ' 100000000000000'],
    [9_007_199_254_740_993n, '    9007T', ' 9007199254740993'],
    [18_446_744_073_709_551_615n, '18446744T', ' 18446744073709551615'],
  ])('%d is printed as "%s", and exactly as "%s"', async (value, scaled, exact) => {
    const zero = '        0';
    const one = '        1';
    expect(await cells(value)).toEqual([
      `TCP  10.0.0.1:80                 ${scaled}${zero}${scaled}${one}${scaled}`,
      `  -> 172.16.5.9:8001             ${scaled}${zero}${scaled}${one}${scaled}`,
    ]);
    for (const option of ['--exact', '-X']) {
      expect(await cells(value, option)).toEqual([
        `TCP  10.0.0.1:80                 ${exact}${zero}${exact}${one}${exact}`,
        `  -> 172.16.5.9:8001             ${exact}${zero}${exact}${one}${exact}`,
      ]);
    }
  });

  it('IA-093 of rates: connections and packets of servers are never scaled, bytes are', async () => {
    const rates = { cps: 4294967295, inpps: 100000000, outpps: 7, inbps: 4294967295, outbps: 99999999 };
    const found = await lines(['-ln', '--rate'], daemonOf([tcpService(1, { stats: rates })], [{ ...web, stats: rates }]));
    expect(found.slice(3)).toEqual([
      'TCP  10.0.0.1:80                     4294M  100000K        7    4294M 99999999',
      '  -> 172.16.5.9:8001              4294967295 100000000        7    4294M 99999999',
    ]);
  });

  it('IA-093 a limit of the daemon stands behind the service', async () => {
    const [, , , line] = await lines(['-ln', '--rate'], daemonOf([tcpService(1, { bps: 100 })]));
    expect(line).toBe('TCP  10.0.0.1:80 bps 100M                0        0        0        0        0');
  });
});

describe('IA-095 IA-097 other formats', () => {
  it('thresholds, of servers of one service too', async () => {
    expect(await lines(['-ln', '--thresholds'], daemonOf([tcpService(1)], [{ ...web, max_conn: 2147483647, min_conn: 0 }]))).toEqual([
      VERSION,
      'Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn ',
      '  -> RemoteAddress:Port',
      'TCP  10.0.0.1:80 rr',
      '  -> 172.16.5.9:8001              2147483647 0          100        7         ',
    ]);
  });

  it('persistent connections', async () => {
    expect(await lines(['-ln', '--persistent-conn'], daemonOf([tcpService(1)], [{ ...web, persistconns: 12345678901 % 2 ** 32 }]))).toEqual([
      VERSION,
      'Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn ',
      '  -> RemoteAddress:Port',
      'TCP  10.0.0.1:80 rr',
      '  -> 172.16.5.9:8001              5         3755744309  100        7         ',
    ]);
  });
});

describe('IA-100 one service', () => {
  it.each([[[]], [['--stats']], [['--rate']], [['--thresholds']], [['--persistent-conn']]])('is listed as in the whole table, without the version: %j', async (format) => {
    const daemon = (): ScriptedDaemon => daemonOf([tcpService(1)], [web]);
    const all = await lines(['-ln', ...format], daemon());
    expect(await lines(['-ln', '-t', '10.0.0.1:80', ...format], daemon())).toEqual(all.slice(1));
  });
});

describe('IA-101 the order', () => {
  const rule = (af: number, proto: number): Service => tcpService(1, { af, proto, port: 0, addr: address(), flags: 0x400, match: { af, iifname: 'x' } });
  const unsorted: readonly Service[] = [
    tcpService(1, { fwmark: 9, addr: address(), port: 0 }),
    tcpService(1, { fwmark: 2, addr: address(), port: 0, af: 10 }),
    tcpService(1, { fwmark: 2, addr: address(), port: 0 }),
    tcpService(1, { af: 10, proto: 58, addr: ip('2001:db8::1') }),
    tcpService(1, { af: 10, addr: ip('ff00::1') }),
    tcpService(1, { af: 10, addr: ip('2001:db8::1') }),
    tcpService(1, { proto: 132 }),
    tcpService(1, { proto: 1 }),
    rule(2, 17),
    tcpService(1, { proto: 17 }),
    tcpService(1, { addr: address(192, 168, 0, 1) }),
    tcpService(1, { addr: address(172, 16, 0, 1) }),
    tcpService(1, { addr: address(9, 255, 255, 255) }),
    tcpService(1, { port: 443 }),
    tcpService(1),
  ];
  const names = async (...options: string[]): Promise<string[]> => (await lines(['-ln', ...options], daemonOf(unsorted))).slice(3).map((line) => line.replace(/ rr.*/, ''));

  it('is by mark, family, protocol, address and port, without regard to signs', async () => {
    expect(await names()).toEqual([
      'ICMP  10.0.0.1:80', 'TCP  9.255.255.255:80', 'TCP  10.0.0.1:80', 'TCP  10.0.0.1:443', 'TCP  172.16.0.1:80', 'TCP  192.168.0.1:80',
      'UDP  10.0.0.1:80', 'MATCH udp,iif=x', 'SCTP  10.0.0.1:80', 'TCP  [2001:db8::1]:80', 'TCP  [ff00::1]:80', 'ICMPv6  [2001:db8::1]:80',
      'FWM  2', 'FWM  2 IPv6', 'FWM  9',
    ]); // prettier-ignore
  });

  it('is the daemon\'s with --nosort, of servers too', async () => {
    expect((await names('--nosort'))[0]).toBe('FWM  9');
    const dests: Dest[] = [{ ...web, addr: address(200, 0, 0, 1) }, { ...web, port: 9 }, { ...web, port: 8 }];
    const ports = async (...options: string[]): Promise<(string | undefined)[]> =>
      (await lines(['-ln', ...options], daemonOf([tcpService(1)], dests))).slice(4).map((line) => line.split(/\s+/)[2]);
    expect(await ports()).toEqual(['172.16.5.9:8', '172.16.5.9:9', '200.0.0.1:8001']);
    expect(await ports('--nosort')).toEqual(['200.0.0.1:8001', '172.16.5.9:9', '172.16.5.9:8']);
  });
});

describe('IA-103 IA-104 names', () => {
  const long = 'a'.repeat(70);
  const names: Names = { host: () => long, service: (port) => (port === 80 ? 'http' : null) };
  const linesOf = (service: Service, dest: Dest, ...given: Column[]): string[] => {
    const entry: Entry = {
      service: decode('dp_vs_service_compat', encode('dp_vs_service_compat', service)),
      dests: [decode('dp_vs_dest_compat', encode('dp_vs_dest_compat', dest))],
      destsMore: null, more: null, laddrs: null, deny: null, allow: null, problem: null, partial: false,
    }; // prettier-ignore
    return entryLines(chooseFormat(new Set(given), names), entry).split('\n');
  };

  it('of IPv4 are cut so that columns stay where they are: services after 33 characters, servers after 28', () => {
    expect(linesOf(tcpService(1), web)).toEqual([`${`TCP  ${long}`.slice(0, 33)} rr`, `  -> ${long.slice(0, 28)} Masq    5      100        7         `, '']);
    expect(linesOf(tcpService(1), web, 'stats')[0]).toBe(`${`TCP  ${long}`.slice(0, 33)}${'        0'.repeat(5)}`);
  });

  it('of IPv6 are cut after 59 characters', () => {
    const [service, dest] = linesOf(tcpService(1, { af: 10, netmask: 128 }), { ...web, af: 10 });
    expect(service).toBe(`TCP  [${'a'.repeat(58)} rr`);
    expect(dest).toBe(`  -> [${'a'.repeat(58)} Masq    5      100        7         `);
  });

  it('are cut by the family of the server, not of the service', () => {
    expect(linesOf(tcpService(1, { af: 10, netmask: 128 }), web)[1]).toBe(`  -> ${long.slice(0, 28)} Masq    5      100        7         `);
  });

  it('of addresses and ports are printed in place of numbers', () => {
    const short: Names = { host: (af) => (af === 10 ? 'six' : 'four'), service: (port) => (port === 80 ? 'http' : null) };
    const entry = {
      service: decode('dp_vs_service_compat', encode('dp_vs_service_compat', tcpService(1, { af: 10, netmask: 128 }))), dests: [],
      destsMore: null, more: null, laddrs: null, deny: null, allow: null, problem: null, partial: false,
    }; // prettier-ignore
    expect(entryLines(chooseFormat(new Set(), short), entry)).toBe('TCP  [six]:http rr\n');
  });

  it('IA-104 of IPv6 addresses are asked for with all their bytes', async () => {
    const asked: string[] = [];
    class Asked extends HostResolver {
      override names(addresses: ReadonlySet<string>): Promise<Map<string, string>> {
        asked.push(...addresses);
        return Promise.resolve(new Map([...addresses].map((text) => [text, 'six.example'])));
      }
    }
    const learned = new LearnedNames({}, new Asked());
    await learned.learn([{ af: 10, bytes: ip('2001:db8::1') }]);
    expect([asked, learned.host(10, ip('2001:db8::1')), learned.host(10, ip('2001:db8::2'))]).toEqual([['2001:db8::1'], 'six.example', null]);
  });
});

describe('connections', () => {
  type Conn = DeepPartial<Structs['ip_vs_conn_entry']>;
  const conn: Conn = {
    in_af: 2, out_af: 2, proto: 6, caddr: ip('192.168.88.30'), vaddr: ip('192.168.88.1'), laddr: ip('192.168.100.200'), daddr: ip('192.168.100.3'),
    cport: 54321, vport: 80, lport: 1025, dport: 8080, timeout: 7, lcoreid: 1, state: 'TCP_EST',
  }; // prettier-ignore
  const page = (conns: readonly Conn[]): Buffer => Buffer.concat([encode('ip_vs_conn_array', { nconns: conns.length, resl: 1, curcid: 0 }), ...conns.map((each) => encode('ip_vs_conn_entry', each))]);
  const of = (...conns: Conn[]): ScriptedDaemon => new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [SOCKOPT_GET_CONN_ALL]: () => page(conns), [SOCKOPT_GET_CONN_SPECIFIED]: () => page(conns) });

  it('IA-106 have no title and these columns', async () => {
    const v6: Conn = {
      in_af: 10, out_af: 10, proto: 58, lcoreid: 4, timeout: 1234567, state: 'ICMP_NORMAL', caddr: ip('2001:db8::c'), cport: 54321, vaddr: ip('2001:db8::1'), vport: 80,
      laddr: ip('2001:db8::1a'), lport: 1025, daddr: ip('2001:db8::d'), dport: 8080,
    }; // prettier-ignore
    expect(await lines(['-Lnc'], of(conn, { ...conn, lcoreid: 2, proto: 17, timeout: 90, state: 'UDP_ONEWAY' }, v6, { ...conn, proto: 47, timeout: 9999999 }))).toEqual([
      '[1]tcp 7s     TCP_EST     192.168.88.30:54321 192.168.88.1:80    192.168.100.200:1025 192.168.100.3:8080',
      '[2]udp 90s    UDP_ONEWAY  192.168.88.30:54321 192.168.88.1:80    192.168.100.200:1025 192.168.100.3:8080',
      '[4]icmpv6 1234567 ICMP_NORMAL [2001:db8::c]:54321 [2001:db8::1]:80   [2001:db8::1a]:1025 [2001:db8::d]:8080',
      '[1]--  9999999 TCP_EST     192.168.88.30:54321 192.168.88.1:80    192.168.100.200:1025 192.168.100.3:8080',
    ]);
  });

  it('IA-110 have the states that the daemon says, up to 15 characters', async () => {
    const states = ['TCP_NONE', 'SYN_RECV', 'TCP_UNKOWN', 'UDP_LAST', 'UNKOWN', 'SCTP_ESTABLISHE', 'ICMP_UNKOWN'];
    const found = await lines(['-lnc'], of(...states.map((state) => ({ ...conn, state }))));
    expect(found.map((line) => line.split(/\s+/)[2])).toEqual(states);
    expect(found[2]).toBe('[1]tcp 7s     TCP_UNKOWN  192.168.88.30:54321 192.168.88.1:80    192.168.100.200:1025 192.168.100.3:8080');
  });

  it('IA-108 with --persistent-conn are templates', async () => {
    const template = { ...conn, state: 'TCP_NONE', lcoreid: 0, timeout: 60, caddr: ip('10.10.1.2'), cport: 0, vaddr: ip('10.10.1.104'), laddr: ip('10.10.1.2'), lport: 0, daddr: ip('10.10.2.3'), dport: 0 };
    const daemon = of(template);
    expect(await lines(['-lnc', '--persistent-conn'], daemon)).toEqual(['[0]tcp 60s    TCP_NONE    10.10.1.2:0        10.10.1.104:80     10.10.1.2:0        10.10.2.3:0']);
    expect(decode('ip_vs_conn_req', daemon.asked(SOCKOPT_GET_CONN_ALL)[0]?.body ?? Buffer.alloc(0)).flag & 8).toBe(8);
  });

  it('IA-035 IA-109 can be asked for by their two ends', async () => {
    const daemon = of(conn);
    expect(await lines(['-lnc', '--sockpair', 'tcp:192.168.88.30:54321:192.168.88.1:80'], daemon)).toHaveLength(1);
    expect(decode('ip_vs_conn_req', daemon.asked(SOCKOPT_GET_CONN_SPECIFIED)[0]?.body ?? Buffer.alloc(0)).sockpair).toMatchObject({
      af: 2, proto: 6, sport: 54321, tport: 80, sip: ip('192.168.88.30'), tip: ip('192.168.88.1'),
    }); // prettier-ignore
    await lines(['-lnc', '--sockpair=udp:[2001::1]:80:[2001::2]:90'], daemon);
    expect(decode('ip_vs_conn_req', daemon.asked(SOCKOPT_GET_CONN_SPECIFIED)[1]?.body ?? Buffer.alloc(0)).sockpair).toMatchObject({ af: 10, proto: 17, sport: 80, tport: 90, sip: ip('2001::1'), tip: ip('2001::2') });
  });

  it('IA-109 that are not there are said to be so, with status 1', async () => {
    const missing = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [SOCKOPT_GET_CONN_SPECIFIED]: () => -4 });
    const { code, stdout, stderr } = await ipvsadm(['-lnc', '--sockpair', 'tcp:1.1.1.1:1:2.2.2.2:2'], missing);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n').at(-2)).toBe('connection specified not found');
  });
});
