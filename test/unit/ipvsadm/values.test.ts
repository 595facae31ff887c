// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parseArguments, type Arguments } from '../../../src/cli/ipvsadm/arguments';
import { addDestCheck, destCheckValues, NO_CHECK } from '../../../src/cli/ipvsadm/dest-check';
import { UsageError } from '../../../src/cli/ipvsadm/errors';
import { listedMatch, parseMatch, savedMatch } from '../../../src/cli/ipvsadm/match';
import { parseSockpair } from '../../../src/cli/ipvsadm/sockpair';
import type { NameLookup } from '../../../src/cli/parse/endpoint';
import { formatIp } from '../../../src/cli/render/address';

const names: NameLookup = { host: () => null, port: (name) => (name === 'http' ? 80 : null) };

function parse(line: string): Arguments {
  return parseArguments(line.split(' '), 'ipvsadm', names);
}

function failure(line: string): string {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof UsageError) return `${error.exitCode} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('IA-022 IA-023 IA-025 services', () => {
  it.each([
    ['-t 10.0.0.1:80', 6, 80],
    ['-u 10.0.0.1:53', 17, 53],
    ['--sctp-service 10.0.0.1:9', 132, 9],
    ['-q 10.0.0.1:1', 1, 1],
    ['-1 [fd01::1]:1', 58, 1],
    ['-t 10.0.0.1:http', 6, 80],
    ['-t 10.0.0.1', 6, 0],
    ['-t fd01::100:80', 6, 0],
  ])('%s', (option, proto, port) => {
    expect(parse(`-D ${option}`).values.service).toMatchObject({ kind: 'address', proto, port });
  });

  it('IA-029 IA-030 with a mark, of IPv6 if said so', () => {
    expect(parse('-D -f 4294967295').values.service).toEqual({ kind: 'fwmark', mark: 4294967295, af: 2 });
    expect(parse('-D -f 7 -6').values.service).toEqual({ kind: 'fwmark', mark: 7, af: 10 });
  });
});

describe('IA-026 IA-029 IA-030 IA-037 IA-038 IA-041 IA-045 wrong values', () => {
  const service = 'illegal virtual server address[:port] specified';
  it.each([
    ['-D -t 80', `2 ${service}`],
    ['-D -t 10.0.0.1:65536', `2 ${service}`],
    ['-D -t 10.0.0.1:nosuch', `2 ${service}`],
    ['-D -t 10.0.0.1/24', `2 ${service}`],
    ['-D -f 0', "2 invalid fwmark value `0' specified"],
    ['-D -f 4294967296', "2 invalid fwmark value `4294967296' specified"],
    ['-D -f -1', "2 invalid fwmark value `-1' specified"],
    ['-D -t 1.1.1.1:1 -6', '2 -6 used before -f'],
    ['-D -6 -f 1', '2 -6 used before -f'],
    ['-A -p 0', "2 invalid timeout value `0' specified"],
    ['-A -p 2678401', "2 invalid timeout value `2678401' specified"],
    ['-A -j on', '2 synproxy switch must be enable or disable'],
    ['-A --hash-target tcp', '2 hash target not support'],
    ['-A --dest-check 1,2,3', '2 invalid dest_check config'],
    ['-A --conn-timeout abc', '255 abc: invalid numeric value'],
    ['-A --conn-timeout -1', '255 --conn-timeout: number too large or too small'],
    ['-A --conn-timeout=99999999999', '255 --conn-timeout=99999999999: number too large or too small'],
    ['-A -s abcdefghijklmnop', "2 illegal scheduler 'abcdefghijklmnop' specified, it has more than 15 characters"],
    ['-A --proxy-protocol v3', "2 illegal proxy-protocol 'v3' specified, require disable|v1|v2|v1-insecure|v2-insecure"],
    ['-a -r 80', '2 illegal real server address[:port] specified'],
    ['-a -w 65536', '2 illegal weight specified'],
    ['-a -w 0x10', '2 illegal weight specified'],
    ['-a -x 2147483648', '2 illegal u_threshold specified'],
    ['-a -y x', '2 illegal l_threshold specified'],
    ['-P -z 192.168.100.200/24', '2 illegal local address'],
    ['-U -k 10.0.0.0/33', '2 illegal blacklist entry format, require [ IP | ipset:NAME ]'],
    ['-O -2 ipset:', '2 illegal whitelist entry format, require [ IP | ipset:NAME ]'],
    ['-O -2 ipset:abcdefghijklmnopqrstuvwxyz123456', '2 illegal whitelist entry format, require [ IP | ipset:NAME ]'],
    ['-L --sockpair icmp:1.1.1.1:1:2.2.2.2:2', '2 illegal sockpair<af:sip:sport:tip:tport> specified'],
    ['-L --cpu x', "2 illegal cpu 'x' specified, require all or 0 to 255"],
    ['-L --cpu 256', "2 illegal cpu '256' specified, require all or 0 to 255"],
    ['--start-daemon both', '2 illegal start-daemon parameter specified'],
    ['--stop-daemon both', '2 illegal start_daemon specified'],
    ['--start-daemon master --syncid 256', '2 illegal syncid specified'],
    ['-A -H proto=tcp', '2 illegal match specified'],
  ])('%s', (line, message) => {
    expect(failure(line)).toBe(message);
  });
});

describe('IA-012 options given twice', () => {
  it.each([
    ['-A -t 1.1.1.1:1 -u 2.2.2.2:2', "multiple 'service-address' options specified"],
    ['-a -g -i', "multiple 'forwarding-method' options specified"],
    ['-O -2 1.1.1.1 -2 1.1.1.2', "multiple 'whtlst-address' options specified"],
    ['-L -n -n', "multiple 'numeric' options specified"],
    ['-L --stats --stats', "multiple 'stats' options specified"],
  ])('%s', (line, message) => {
    expect(failure(line)).toBe(`2 ${message}`);
  });

  it('where the last one counts', () => {
    const { values } = parse('-A --quic --quic --conn-timeout 1 --conn-timeout 0x10 --proxy-protocol v1 --proxy-protocol V2-Insecure');
    expect(values).toMatchObject({ connTimeout: 16, proxyProtocol: 0x12 });
  });

  it('IA-046 where they add up', () => {
    const { values } = parse('-A --dest-check tcp --dest-check default --dest-check ping');
    expect(destCheckValues(values.destCheck ?? NO_CHECK)).toEqual({ internal: 'default', external: ['tcp', 'ping'] });
  });
});

it('IA-009 IA-038 persists for 360 seconds if not told otherwise', () => {
  expect(parse('-A -p').values.persistent).toBe(360);
  expect(parse('-A -p 2678400').values.persistent).toBe(2678400);
});

describe('IA-046 --dest-check', () => {
  it.each(['default', '3,5s', '3,3,3s,60-3600s', '255,255,255s,65535-65535s'])('%s comes back as it was typed', (text) => {
    const check = addDestCheck(NO_CHECK, text);
    expect(check && destCheckValues(check)).toEqual({ internal: text, external: [] });
  });

  it('sends the fields of upstream', () => {
    expect(addDestCheck(NO_CHECK, '3,5')).toEqual({
      types: 1, dest_down_notice_num: 3, dest_up_notice_num: 0, dest_down_wait: 5, dest_inhibit_min: 0, dest_inhibit_max: 0,
    }); // prettier-ignore
  });

  it('forgets everything with disable', () => {
    expect(addDestCheck(addDestCheck(NO_CHECK, 'tcp') ?? NO_CHECK, 'disable')).toEqual(NO_CHECK);
  });

  it.each(['', '0,5s', '256,5s', '1,256s', '1,2,3', '1,2,3s', '1,1,3s,0-5s', '1,1,3s,6-5s', '1,1,3s,1-65536s', '1,3sx', 'http'])(
    'IA-047 %s is refused',
    (text) => {
      expect(addDestCheck(NO_CHECK, text)).toBeNull();
    },
  );
});

describe('IA-031 IA-032 --match', () => {
  it('takes keys in any order and fills up ranges', () => {
    const rule = parseMatch('oif=dpdk1,src-range=10.0.0.1-10.0.0.254:1024-65535,iif=,dst-range=203.0.113.1,proto=udp');
    expect(rule).toMatchObject({ af: 2, proto: 17, match: { af: 2, iifname: '', oifname: 'dpdk1' } });
    expect(rule && listedMatch(rule.proto, rule.match, 2)).toBe(
      'udp,from=10.0.0.1-10.0.0.254:1024-65535,to=203.0.113.1-203.0.113.1:0-0,oif=dpdk1',
    );
  });

  it.each([
    'proto=tcp,src-range=10.0.0.1-10.0.0.254:0-0,dst-range=0.0.0.0-0.0.0.0:0-0,iif=,oif=dpdk1',
    'proto=icmpv6,src-range=[::-::]:0-0,dst-range=[2001:db8::1-2001:db8::ffff]:80-90,iif=dpdk0,oif=',
  ])('%s comes back from a save', (text) => {
    const rule = parseMatch(text);
    expect(rule && savedMatch(rule.proto, rule.match, rule.af)).toBe(text);
  });

  it('IA-034 puts af= into the rule, where daemons look for it', () => {
    expect(parseMatch('af=ipv4,proto=udp,oif=dpdk1')?.match.af).toBe(2);
    expect(parseMatch('af=ipv6,proto=udp,oif=dpdk1')?.match.af).toBe(10);
  });

  it.each(['[fd01::1-fd01::ffff]', '[fd01::1-fd01::ffff]:', 'fd01::1-fd01::ffff'])('IA-034 %s is a range with and without colon', (range) => {
    const match = parseMatch(`proto=tcp,src-range=${range}`)?.match;
    expect(match && formatIp(10, match.srange.max_addr)).toBe('fd01::ffff');
    expect(match?.af).toBe(10);
  });

  it('reads an empty address as any', () => {
    expect(parseMatch('proto=tcp,dst-range=:22')?.match.drange).toMatchObject({ min_port: 22, max_port: 22 });
  });

  it.each([
    'src-range=10.0.0.1',
    'proto=tcp,oif=dpdk1',
    'proto=gre,af=ipv4',
    'proto=tcp,af=ipv5',
    'proto=tcp,foo=1,af=ipv4',
    'proto=tcp,af',
    'proto=tcp,src-range=192.168.0.1-10:80-100',
    'proto=tcp,src-range=10.0.0.1:80-x',
    'proto=tcp,src-range=10.0.0.1,dst-range=::1',
    'proto=tcp,af=ipv6,src-range=10.0.0.1',
    'proto=tcp,src-range=10.0.0.1-::1',
    'proto=tcp,af=ipv4,iif=abcdefghijklmnop',
    'proto=tcp,af=ipv4,iif=größe',
    'proto=tcp,af=ipv4,oif=a\0b',
    `proto=tcp,af=ipv4,iif=${','.repeat(256)}`,
  ])('IA-033 %s is refused', (text) => {
    expect(parseMatch(text)).toBeNull();
  });
});

describe('IA-035 --sockpair', () => {
  it('names both ends', () => {
    expect(parseSockpair('udp:1.2.3.4:5:6.7.8.9:10')).toMatchObject({ af: 2, proto: 17, sport: 5, tport: 10 });
    expect(parseSockpair('tcp:[2001::1]:80:[2001::2]:90')).toMatchObject({ af: 10, proto: 6, sport: 80, tport: 90 });
  });

  it.each(['tcp:1.2.3.4:5:6.7.8.9', 'tcp:1.2.3.4:5:[::1]:6', 'TCP:1.2.3.4:5:6.7.8.9:1', 'tcp:1.2.3.4:65536:6.7.8.9:1', 'icmp:1.2.3.4:5:6.7.8.9:1', ''])(
    '%s is refused',
    (text) => {
      expect(parseSockpair(text)).toBeNull();
    },
  );
});
