// SPDX-License-Identifier: Apache-2.0
// Everything that can be wrong with a command line: its one line of text, its exit status, and that no daemon hears of it.
import { describe, expect, it } from 'vitest';
import { OPTIONS, valueKind, type OptionRow } from '../../../src/cli/ipvsadm/options';
import { ipvsadm, ScriptedDaemon } from './run';

const TRY = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.";
const SERVICE = 'illegal virtual server address[:port] specified';
const SERVER = 'illegal real server address[:port] specified';
const DENY = 'illegal blacklist entry format, require [ IP | ipset:NAME ]';
const ALLOW = 'illegal whitelist entry format, require [ IP | ipset:NAME ]';
const MASK = 'illegal virtual server persistent mask specified';
const ZERO_PORT = 'Zero port specified for no-match and non-persistent service';
const V = '-t 10.0.0.1:80';

/** Runs a line that must be refused before anybody is asked; words are split at blanks. */
async function refusal(line: string): Promise<[code: number, stderr: string]> {
  const daemon = new ScriptedDaemon({});
  const { code, stdout, stderr } = await ipvsadm(line === '' ? [] : line.split(' '), daemon);
  expect([stdout, daemon.ids]).toEqual(['', []]);
  expect(stderr).toMatch(/^[^\n]*\n$/);
  return [code, stderr.slice(0, -1)];
}

/** Rows of what is refused: a line, and what is said about it. */
type Row = readonly [line: string, message: string];

/** Tests of lines that end with the status and their messages. */
function refused(code: number, rows: readonly Row[]): () => void {
  return () => {
    it.each(rows)('%s', async (line, message) => {
      expect(await refusal(line)).toEqual([code, message]);
    });
  };
}

describe('IA-004 IA-013 IA-016 the first option is no command', refused(255, [
  ['-n -L', TRY],
  [`${V} -L`, TRY],
  ['--exact -L', TRY],
  ['foo', TRY],
  ['--', TRY],
  ['-', TRY],
  ['--LIST', TRY],
  ['-t', TRY],
  ['-n', TRY],
]));

describe('IA-010 IA-013 words that are no options, and values that are missing or too many', refused(255, [
  ['-L --foo', '--foo: unknown option'],
  ['-L --tcp', '--tcp: unknown option'],
  ['-L -K', '-K: unknown option'],
  ['-LnK', '-LnK: unknown option'],
  ['-L -t', '-t: missing argument'],
  ['-A --tcp-service', '--tcp-service: missing argument'],
  ['-a -w', '-w: missing argument'],
  ['--start-daemon', TRY],
  ['-L --exact=3', '--exact=3: option does not take an argument'],
  ['-Ln=', '-Ln=: option does not take an argument'],
  [`-A ${V} --conn-timeout x1`, 'x1: invalid numeric value'],
  [`-A ${V} --conn-timeout 2678401`, '--conn-timeout: number too large or too small'],
  [`-A ${V} --conn-timeout=-1`, '--conn-timeout=-1: number too large or too small'],
]));

describe('IA-014 a second command', refused(2, [
  ['-L -A', "invalid option `-A'"],
  ['-ALn', "invalid option `-ALn'"],
  ['-l -n -h', "invalid option `-h'"],
  ['-C --list', "invalid option `--list'"],
  ['-D -v', "invalid option `-v'"],
]));

describe('IA-011 words that belong to no option', refused(2, [
  ['-L foo', 'unexpected argument foo'],
  ['-L -- -n', 'unexpected argument -n'],
  ['-L -', 'unexpected argument -'],
  ['-C foo bar', 'unexpected argument foo'],
  ['--set 1 2 3 4', 'unexpected argument 4'],
  ['--set 1 2', '--set option requires 3 timeout values'],
  ['--set', '--set option requires 3 timeout values'],
]));

describe('IA-022 IA-023 IA-026 IA-029 IA-030 IA-054 services', refused(2, [
  ...['80', '10.0.0.1:65536', '10.0.0.1:-1', '10.0.0.1:', '10.0.0.0/8', '256.0.0.1:80', '[::1', '[::1]:65536', '[10.0.0.1]:80', ':80'].flatMap(
    (address): Row[] => ['-t', '-u', '--sctp-service', '-q', '-1'].map((option) => [`-D ${option} ${address}`, SERVICE]),
  ),
  ...['0', '-1', '4294967296', '1x', '0x1', '1.5'].map((mark): Row => [`-D -f ${mark}`, `invalid fwmark value \`${mark}' specified`]),
  [`-D ${V} -6`, '-6 used before -f'],
  ['-D -6 -f 1', '-6 used before -f'],
  ['-D -H proto=tcp', 'illegal match specified'],
  ['-D -H src-range=10.0.0.1', 'illegal match specified'],
  [`-D -H proto=tcp,af=ipv4,iif=${'x'.repeat(240)}`, 'illegal match specified'],
]));

describe('IA-024 IA-026 IA-036 IA-037 servers, local addresses and entries of lists', refused(2, [
  [`-a ${V} -r 80`, SERVER],
  [`-a ${V} -r 10.0.0.9:65536`, SERVER],
  [`-a ${V} -r 10.0.0.9/32`, SERVER],
  ...['-1', '65536', '0x10', '1.0', '1e3', '٣'].map((weight): Row => [`-a ${V} -r 10.0.0.9 -w ${weight}`, 'illegal weight specified']),
  ...['-1', '2147483648', 'x'].flatMap((n): Row[] => [
    [`-a ${V} -r 10.0.0.9 -x ${n}`, 'illegal u_threshold specified'],
    [`-e ${V} -r 10.0.0.9 -y ${n}`, 'illegal l_threshold specified'],
  ]),
  [`-P ${V} -z 192.168.100.200/24 -F dpdk1`, 'illegal local address'],
  [`-P ${V} -z 200 -F dpdk1`, 'illegal local address'],
  [`-P ${V} -z 192.168.0.1 -F abcdefghijklmnop`, "illegal interface name 'abcdefghijklmnop' specified, it has more than 15 characters"],
  [`-U ${V} -k 80`, DENY],
  [`-U ${V} -k ipset:`, DENY],
  [`-V ${V} -k ipset:${'x'.repeat(32)}`, DENY],
  [`-O ${V} -2 80`, ALLOW],
  [`-Y ${V} -2 ipset:${'x'.repeat(32)}`, ALLOW],
]));

describe('IA-038 IA-041 IA-042 IA-043 IA-045 IA-047 attributes of services', refused(2, [
  ...['0', '2678401', '-1', 'x', ''].map((value): Row => [`-A ${V} --persistent=${value}`, `invalid timeout value \`${value}' specified`]),
  [`-A ${V} -s abcdefghijklmnop`, "illegal scheduler 'abcdefghijklmnop' specified, it has more than 15 characters"],
  ...['on', '', 'ENABLE', 'eanble'].map((value): Row => [`-A ${V} --synproxy=${value}`, 'synproxy switch must be enable or disable']),
  [`-A ${V} --hash-target tcp`, 'hash target not support'],
  [`-A ${V} -s rr --hash-target sip`, 'hash target can only be set when schedule is conhash'],
  [`-A ${V} -s conhash --hash-target qid`, 'qid hash can only be set in udp service'],
  ...['v3', '', 'yes', 'v1-secure'].map(
    (value): Row => [`-A ${V} --proxy-protocol=${value}`, `illegal proxy-protocol '${value}' specified, require disable|v1|v2|v1-insecure|v2-insecure`],
  ),
  ...['', 'http', '0,1s', '256,1s', '1,0s', '1,1,1', '1,1,1s,2-1s', '1,1,1s,1-65536s', '1,1sx', 'TCP'].map(
    (value): Row => [`-A ${V} --dest-check=${value}`, 'invalid dest_check config'],
  ),
]));

describe('IA-039 IA-040 masks', refused(2, [
  ...['24', '0.0.0.24', '255.0.255.0', '/33', '64', 'x'].map((mask): Row => [`-A ${V} -p -M ${mask}`, MASK]),
  ...['0', '129', '255.255.255.0', 'x'].flatMap((mask): Row[] => [
    [`-A -t [::1]:80 -p -M ${mask}`, 'illegal ipv6 netmask specified'],
    [`-A -M ${mask} -p -t [::1]:80`, 'illegal ipv6 netmask specified'],
  ]),
]));

describe('IA-057 what a new or changed service cannot be', refused(2, [
  ['-A -t 10.0.0.1', ZERO_PORT],
  ['-A -u 10.0.0.1:0', ZERO_PORT],
  ['-A -q 10.0.0.1', ZERO_PORT],
  ['-A -1 [::1]', ZERO_PORT],
  ['-E -t 10.0.0.1', ZERO_PORT],
  ['-A -H proto=tcp,src-range=,dst-range=,af=ipv6', ZERO_PORT],
  [`-A ${V} -o`, 'One-Packet Scheduling is only for UDP virtual services'],
  ['-E --sctp-service 10.0.0.1:80 -o', 'One-Packet Scheduling is only for UDP virtual services'],
  ['-A -H proto=tcp,af=ipv4,oif=dpdk0 -o', 'One-Packet Scheduling is only for UDP virtual services'],
]));

describe('IA-035 IA-102 IA-080 IA-081 IA-084 lists', refused(2, [
  ...['icmp:1.1.1.1:1:2.2.2.2:2', 'tcp:1.1.1.1:1:2.2.2.2', 'tcp:1.1.1.1:1:[::1]:2', 'tcp:::1:1:::2:2', 'tcp:1.1.1.1:65536:2.2.2.2:2', 'TCP:1.1.1.1:1:2.2.2.2:2'].map(
    (pair): Row => [`-L -c --sockpair ${pair}`, 'illegal sockpair<af:sip:sport:tip:tport> specified'],
  ),
  ...['x', '-1', '256', '0x1', ''].map((cpu): Row => [`-L --cpu=${cpu}`, `illegal cpu '${cpu}' specified, require all or 0 to 255`]),
  ...['-c', '--timeout', '--daemon'].flatMap((other): Row[] =>
    ['--stats', '--rate', '--thresholds'].map((format) => [`-L ${other} ${format}`, 'options conflicts in the list command']),
  ),
  ...['--timeout', '--daemon'].map((other): Row => [`-L ${other} --persistent-conn`, 'options conflicts in the list command']),
  [`-L -c ${V}`, "The option 'service-address' conflicts with the 'connection' option in the 'list' command"],
  [`-L ${V} --timeout`, "The option 'timeout' conflicts with the 'service-address' option in the 'list' command"],
  ['-L --daemon --timeout', "The option 'daemon' conflicts with the 'timeout' option in the 'list' command"],
]));

describe('IA-079 IA-081 time-outs and synchronisation', refused(2, [
  ...['x', '-1', '2678401'].map((value): Row => [`--set 1 -- ${value} 3`, `invalid timeout value \`${value}' specified`]),
  ['--start-daemon both', 'illegal start-daemon parameter specified'],
  ['--stop-daemon both', 'illegal start_daemon specified'],
  ...['256', '-1', 'x'].map((id): Row => [`--start-daemon master --syncid ${id}`, 'illegal syncid specified']),
]));

describe('IA-082 IA-083 options that do not belong to their command', refused(2, [
  ['-A', "You need to supply the 'service-address' option for the 'add-service' command"],
  [`-a ${V}`, "You need to supply the 'real-server' option for the 'add-server' command"],
  [`-P ${V} -z 10.0.0.9`, "You need to supply the 'ifname' option for the 'add-laddr' command"],
  [`-U ${V}`, "You need to supply the 'blklst-address' option for the 'add-blklst' command"],
  [`-O ${V}`, "You need to supply the 'whtlst-address' option for the 'add-whtlst' command"],
  [`-D ${V} -n`, "Illegal 'numeric' option with the 'delete-service' command"],
  ['-C -n', "Illegal 'numeric' option with the 'flush' command"],
  [`-a ${V} -r 10.0.0.9 -s rr`, "Illegal 'scheduler' option with the 'add-server' command"],
  [`-L ${V} -w 1`, "Illegal 'weight' option with the 'list' command"],
  ['-L --quic', "Illegal 'quic' option with the 'list' command"],
  [`-D ${V} --dest-check tcp`, "Illegal 'dest-check' option with the 'delete-service' command"],
  [`-a ${V} -r 10.0.0.9 --conn-timeout 1`, "Illegal 'conn-timeout' option with the 'add-server' command"],
  [`-Z ${V} --proxy-protocol v1`, "Illegal 'proxy-protocol' option with the 'zero' command"],
]));

describe('IA-069 -d names a server and nothing of what it is like', refused(2, [
  ...['-g', '-i', '-m', '-b', '-J'].map((mode): Row => [`-d ${V} -r 10.0.0.9 ${mode}`, "Illegal 'forwarding-method' option with the 'delete-server' command"]),
  [`-d ${V} -r 10.0.0.9 -w 1`, "Illegal 'weight' option with the 'delete-server' command"],
  [`-d ${V} -r 10.0.0.9 -x 1`, "Illegal 'u-threshold' option with the 'delete-server' command"],
  [`-d ${V} -r 10.0.0.9 -y 1`, "Illegal 'l-threshold' option with the 'delete-server' command"],
]));

describe('IA-048 persistence engines: the option is known, and no command takes it', refused(2, [
  ['-L --pe sip', "Illegal 'pe' option with the 'list' command"],
  [`-A ${V} -p --pe sip`, "Illegal 'pe' option with the 'add-service' command"],
]));

describe('what LVS has and DPVS has not', () => {
  it.each([
    [`-A ${V} -s mh --sched-flags mh-port,mh-ports`, "invalid scheduler flag `mh-ports'"],
    [`-A ${V} -s mh --sched-flags=`, "invalid scheduler flag `'"],
    [`-A ${V} -s mh --sched-flags mh-port,`, "invalid scheduler flag `'"],
    [`-A ${V} -s mh --sched-flags sh-port`, "incompatible scheduler flag `sh-port'"],
    [`-A ${V} --sched-flags mh-port`, "incompatible scheduler flag `mh-port'"],
  ])('IA-049 scheduler flags: %s', async (line, text) => {
    expect(await refusal(line)).toEqual([2, text]);
  });

  it('IA-049 -b is FullNAT, never scheduler flags', async () => {
    expect(await refusal(`-A ${V} -s sh -b`)).toEqual([2, "Illegal 'forwarding-method' option with the 'add-service' command"]);
    expect(await refusal(`-A ${V} -s sh -b sh-port`)).toEqual([2, 'unexpected argument sh-port']);
  });

  it.each([
    ['IA-050', '--tun-type', `-a ${V} -r 10.0.0.9 -i --tun-type gue`],
    ['IA-050', '--tun-port', `-a ${V} -r 10.0.0.9 -i --tun-port 6080`],
    ['IA-050', '--tun-nocsum', `-a ${V} -r 10.0.0.9 -i --tun-nocsum`],
    ['IA-050', '--tun-csum', `-e ${V} -r 10.0.0.9 -i --tun-csum`],
    ['IA-050', '--tun-remcsum', `-e ${V} -r 10.0.0.9 -i --tun-remcsum`],
    ['IA-099', '--tun-info', '-L --tun-info'],
    ['IA-081', '--mcast-group', '--start-daemon master --mcast-group 224.0.0.81'],
    ['IA-081', '--mcast-port', '--start-daemon master --mcast-port 8848'],
    ['IA-081', '--mcast-ttl', '--start-daemon master --mcast-ttl 1'],
    ['IA-081', '--sync-maxlen', '--start-daemon master --sync-maxlen 1472'],
  ])('%s %s is unknown', async (_id, option, line) => {
    const daemon = new ScriptedDaemon({});
    const { code, stderr } = await ipvsadm(line.split(' '), daemon);
    expect([code, stderr.split('\n')[0], daemon.ids]).toEqual([255, `${option}: unknown option`, []]);
  });
});

describe('IA-012 an option that is given twice', () => {
  const values: Readonly<Record<string, string>> = {
    'tcp-service': '10.0.0.1:80', 'udp-service': '10.0.0.1:80', 'sctp-service': '10.0.0.1:80', 'icmp-service': '10.0.0.1:80', 'icmpv6-service': '[::1]:1',
    'fwmark-service': '1', match: 'proto=tcp,af=ipv4', scheduler: 'rr', persistent: '1', netmask: '/24', pe: 'sip', synproxy: 'enable', 'hash-target': 'sip',
    'sched-flags': 'mh-port', 'conn-limit': '1', 'limit-proportion': '1',
    'real-server': '10.0.0.9', weight: '1', 'u-threshold': '1', 'l-threshold': '1', laddr: '10.0.0.9', ifname: 'dpdk0', blklst: '10.0.0.9', whtlst: '10.0.0.9',
    sockpair: 'tcp:1.1.1.1:1:2.2.2.2:2', cpu: '1', 'mcast-interface': 'dpdk0', syncid: '1', watch: '1', count: '1', proto: 'tcp', vip: '10.0.0.1',
    rs: '10.0.0.9', sched: 'rr', state: 'TCP_EST', client: '10.0.0.7', deadline: '1', replacement: '10.0.0.8', socket: '/x', 'timeout-ms': '1', color: 'never',
  }; // prettier-ignore
  const rows: readonly OptionRow[] = OPTIONS;
  // With --json mistakes are JSON; there are tests of that.
  const once = rows.filter(({ column, repeatable }) => column !== null && column !== 'json' && repeatable !== true);

  it('is told by the name of its group, whatever it is typed as', async () => {
    for (const row of once) {
      const { long, short, column } = row;
      const value = valueKind(row) === 'none' ? '' : ` ${values[long] ?? ''}`;
      expect(values[long] !== undefined || value === '', `${long} needs a value in this test`).toBe(true);
      const forms = [`--${long}${value}`, ...(short === undefined ? [] : [`-${short}${value}`])];
      for (const first of forms) {
        for (const second of forms) expect(await refusal(`-L ${first} ${second}`)).toEqual([2, `multiple '${column}' options specified`]);
      }
    }
  });

  it.each([
    ['-L -t 10.0.0.1:80 -u 10.0.0.1:80', 'service-address'],
    ['-L -f 1 -H proto=tcp,af=ipv4', 'service-address'],
    ['-L -q 10.0.0.1:1 -1 [::1]:1', 'service-address'],
    ['-a -g -i', 'forwarding-method'],
    ['-a -b -b', 'forwarding-method'],
    ['-a -J -m', 'forwarding-method'],
    ['-O -2 10.0.0.9 -2 10.0.0.8', 'whtlst-address'],
  ])('%s', async (line, name) => {
    expect(await refusal(line)).toEqual([2, `multiple '${name}' options specified`]);
  });
});

it('IA-013 the first mistake from left to right is the one that is told', async () => {
  expect(await refusal(`-A -t 80 -w 99999 --foo`)).toEqual([2, SERVICE]);
  expect(await refusal(`-A ${V} -w 99999 -t 80`)).toEqual([2, 'illegal weight specified']);
  expect(await refusal(`-A ${V} --foo -w 99999`)).toEqual([255, '--foo: unknown option']);
});
