// SPDX-License-Identifier: Apache-2.0
// What command lines and rules are made of when they are made by chance.
import { COMMANDS, OPTIONS } from '../../src/cli/ipvsadm/options';

const COMMAND_WORDS = COMMANDS.flatMap(({ short, long }) => (short === undefined ? [`--${long}`] : [`-${short}`, `--${long}`]));
const OPTION_WORDS = OPTIONS.flatMap((row) => ('short' in row ? [`-${row.short}`, `--${row.long}`] : [`--${row.long}`]));

const VALUES = [
  '10.0.0.1:80', '10.0.0.1', '10.0.0.2:443', '[2001:db8::1]:53', '[::1]', '[::1]:1', 'fd01::1', '10.1', '80', '0', '1', '-1', '65535', '65536', '4294967295', '4294967296',
  '2147483647', '2147483648', '2678400', '2678401', '0x10', '010', '1.5', 'rr', 'wlc', 'conhash', 'mh', 'abcdefghijklmnopq', '255.255.255.0', '/24', '/64', '64', '128', '129',
  'enable', 'disable', 'sip', 'qid', 'v1', 'V2', 'v2-insecure', 'default', '3,5s', '1,1,3s,5-3600s', 'tcp', 'udp', 'ping', 'proto=tcp,af=ipv4,oif=dpdk1',
  'proto=udp,src-range=10.0.0.1-10.0.0.9:1-9,dst-range=,iif=,oif=', 'proto=tcp,src-range=[fd01::1-fd01::2]', 'tcp:10.0.0.1:1:10.0.0.2:2', 'udp:[::1]:1:[::2]:2',
  'ipset:bad', 'ipset:', 'ipset:x y', '10.0.0.0/8', '2001:db8::/32', 'dpdk0', 'dpdk1', 'master', 'backup', 'all', 'auto', 'always', 'never', 'host.example:http', 'TCP_EST', '-', '--', '', ' ', '#',
  '=', 'ipvsadm', '\u0000', '\u001b[2J', 'ü', '٣', '💥', '%s', '__proto__', 'constructor', '\u202e',
]; // prettier-ignore

export const DICTIONARY: readonly string[] = [...COMMAND_WORDS, ...OPTION_WORDS, ...VALUES];
export const FIRST_WORDS: readonly string[] = COMMAND_WORDS;

/** Lines as people write them, to be changed by chance. */
export const RULES: readonly string[] = [
  '-A -t 10.0.0.1:80 -s rr',
  '-A -t 10.0.0.2:80 -s wlc -p 360 -M 255.255.255.0 -j enable --conn-timeout 1800 --proxy-protocol v2-insecure --expire-quiescent --dest-check default --dest-check tcp',
  '-A -u 10.0.0.3:53 -s conhash --hash-target qid --quic -o',
  '-A -f 7 -s wrr',
  '-A -f 7 -6 -s mh',
  '-A -H proto=tcp,src-range=10.0.0.1-10.0.0.254:1024-65535,dst-range=203.0.113.1,iif=dpdk0,oif=dpdk1 -s rr',
  '-A -1 [2001:db8::1]:1 -s rr',
  '-A -q 10.0.0.4:1 -s rr',
  '-A --sctp-service 10.0.0.5:5 -s rr',
  '-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -b -w 5 -x 10 -y 3',
  '-a -t 10.0.0.2:80 -r 10.0.1.1 -m',
  '-a -f 7 -r 10.0.1.9:1 -i',
  '-e -t 10.0.0.1:80 -r 10.0.1.1:8080 -b -w 0',
  '-d -t 10.0.0.1:80 -r 10.0.1.1:8080',
  '-E -t 10.0.0.1:80 -s wrr',
  '-D -f 7',
  '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk1',
  '-Q -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk1',
  '-U -t 10.0.0.1:80 -k 198.51.100.66',
  '-O -u 10.0.0.3:53 -2 ipset:good',
  '-V -t 10.0.0.1:80 -k 198.51.100.66',
  '-Y -u 10.0.0.3:53 -2 ipset:good',
  '-Z',
  '-C',
  '# a comment',
  'ipvsadm -A -t 10.0.0.6:80',
  '',
];
