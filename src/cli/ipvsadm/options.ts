// SPDX-License-Identifier: Apache-2.0
// Every command and option of ipvsadm, declared once. The tokeniser, the validity matrix and the help are made from it.

/**
 * What messages call an option. It is also a column of the validity matrix, and the identity of an option when it is
 * given twice: all ways to name a service share one.
 */
export const COLUMNS = [
  'numeric', 'connection', 'service-address', 'scheduler', 'persistent', 'netmask', 'real-server', 'forwarding-method',
  'weight', 'u-threshold', 'l-threshold', 'mcast-interface', 'timeout', 'daemon', 'stats', 'rate', 'thresholds',
  'persistent-conn', 'nosort', 'syncid', 'exact', 'ops', 'pe', 'local-address', 'blklst-address', 'synproxy', 'ifname',
  'sockpair', 'hash-target', 'cpu', 'expire-quiescent', 'whtlst-address', 'quic', 'dest-check', 'conn-timeout',
  'proxy-protocol', 'conn-limit', 'limit-proportion', 'sched-flags', 'compat-save', 'json', 'pretty', 'prom', 'watch', 'count', 'bits',
  'details', 'summary', 'lvs-format',
  'proto', 'vip', 'rs', 'state', 'sched', 'client', 'if-exists', 'if-not-exists', 'atomic', 'keep-going', 'dry-run',
  'deadline', 'replacement', 'no-resolve-timeout', 'socket', 'timeout-ms', 'color',
] as const; // prettier-ignore

/** In the order in which violations are reported. */
export type Column = (typeof COLUMNS)[number];

/** Required; optional; optional, but at most one of those marked so. What is not named is rejected. */
export type Cell = '+' | 'o' | '1';

export type ValueKind = 'none' | 'required' | 'optional';

/** Values that the daemon or the system knows, for completions: what --complete takes. */
export const LIVE = [
  'services', 'tcp-services', 'udp-services', 'sctp-services', 'icmp-services', 'icmpv6-services', 'marks', 'matches',
  'servers', 'laddrs', 'deny', 'allow', 'devices',
] as const; // prettier-ignore
export type Live = (typeof LIVE)[number];

interface Row {
  /** Single letter or digit. */
  readonly short?: string;
  /** Without the dashes. */
  readonly long: string;
  /** How the help names the value; none: there is no value. */
  readonly value?: string;
  /** Values that make sense, for completions: these words, what the daemon has, or files. */
  readonly choices?: readonly string[] | Live | 'files';
  /** One line of help, or several: the further ones stand under the first. */
  readonly help: string;
  /** Neither LVS nor DPVS has it. */
  readonly extension?: true;
  /** For scripts of this package only: not in the help. */
  readonly hidden?: true;
}

export interface CommandRow extends Row {
  readonly id: CommandId;
  /** What messages call it. */
  readonly name: string;
  readonly cells: Readonly<Partial<Record<Column, Cell>>>;
}

export interface OptionRow extends Row {
  /** null: accepted everywhere, any number of times. */
  readonly column: Column | null;
  /** The value may be left out; such values cannot start with a dash. */
  readonly valueOptional?: true;
  /** May be given more than once. */
  readonly repeatable?: true;
  /** Only together with one of these. */
  readonly needs?: readonly Column[];
  /** Not together with any of these. */
  readonly excludes?: readonly Column[];
}

const SCHED_FLAGS = ['mh-fallback', 'mh-port', 'sh-fallback', 'sh-port', 'flag-1', 'flag-2', 'flag-3', 'none'];
const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'sh', 'dh', 'conhash', 'mh', 'lblc', 'lblcr'];
const STATES = [
  'TCP_NONE', 'TCP_EST', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT', 'TIME_WAIT', 'TCP_CLOSE', 'CLOSE_WAIT', 'LAST_ACK', 'LISTEN',
  'SYNACK', 'UDP_NONE', 'UDP_ONEWAY', 'UDP_NORM', 'UDP_LAST', 'ICMP_NORMAL', 'ICMP_LAST',
]; // prettier-ignore

/** Extensions that every command takes. */
const COMMON = { socket: 'o', 'timeout-ms': 'o', color: 'o', json: 'o', pretty: 'o', 'no-resolve-timeout': 'o' } as const;
/** Extensions of all tables. */
const TABLE = { ...COMMON, watch: 'o', count: 'o', proto: 'o', vip: 'o' } as const;
/** Extensions of commands that make or delete something. */
const MAKE = { ...COMMON, 'if-not-exists': 'o' } as const;
const DELETE = { ...COMMON, 'if-exists': 'o' } as const;
const ATTRIBUTES = {
  'service-address': '+', scheduler: 'o', persistent: 'o', netmask: 'o', ops: 'o', synproxy: 'o', 'hash-target': 'o',
  'sched-flags': 'o',  'expire-quiescent': 'o', quic: 'o', 'dest-check': 'o', 'conn-timeout': 'o', 'proxy-protocol': 'o',
  'conn-limit': 'o', 'limit-proportion': 'o', ...COMMON,
} as const; // prettier-ignore
const SERVER = {
  'service-address': '+', 'real-server': '+', 'forwarding-method': 'o', weight: 'o', 'u-threshold': 'o', 'l-threshold': 'o',
  ...COMMON,
} as const; // prettier-ignore
const LADDR = { 'service-address': '+', 'local-address': '+', ifname: '+' } as const;
const DENY = { 'service-address': '+', 'blklst-address': '+' } as const;
const ALLOW = { 'service-address': '+', 'whtlst-address': '+' } as const;
const LIST = {
  numeric: 'o', connection: '1', 'service-address': '1', timeout: '1', daemon: '1', stats: 'o', rate: 'o', thresholds: 'o',
  'persistent-conn': 'o', nosort: 'o', syncid: 'o', exact: 'o', sockpair: 'o', cpu: 'o', ...TABLE, prom: 'o', bits: 'o',
  details: 'o', summary: 'o', 'lvs-format': 'o', rs: 'o', state: 'o', sched: 'o', client: 'o',
} as const; // prettier-ignore

export type CommandId =
  | 'add-service' | 'edit-service' | 'delete-service' | 'clear' | 'list' | 'add-server' | 'edit-server' | 'delete-server'
  | 'zero' | 'restore' | 'save' | 'set' | 'start-daemon' | 'stop-daemon' | 'add-laddr' | 'del-laddr' | 'get-laddr'
  | 'add-blklst' | 'del-blklst' | 'get-blklst' | 'add-whtlst' | 'del-whtlst' | 'get-whtlst' | 'apply' | 'drain'
  | 'replace-server' | 'flush-laddr' | 'flush-blklst' | 'flush-whtlst' | 'completion' | 'complete' | 'help' | 'version'; // prettier-ignore

/** In the order of the help. */
export const COMMANDS: readonly CommandRow[] = [
  { id: 'add-service', short: 'A', long: 'add-service', name: 'add-service', cells: { ...ATTRIBUTES, 'if-not-exists': 'o' }, help: 'create a virtual service' },
  { id: 'edit-service', short: 'E', long: 'edit-service', name: 'edit-service', cells: { ...ATTRIBUTES, 'if-exists': 'o' }, help: 'change what is given of a virtual service' },
  { id: 'delete-service', short: 'D', long: 'delete-service', name: 'delete-service', cells: { 'service-address': '+', ...DELETE }, help: 'delete a virtual service and its servers' },
  { id: 'clear', short: 'C', long: 'clear', name: 'flush', cells: COMMON, help: 'delete all virtual services' },
  { id: 'restore', short: 'R', long: 'restore', name: 'restore', cells: { ...COMMON, atomic: 'o', 'keep-going': 'o', 'dry-run': 'o' }, help: 'run the rules on standard input' },
  { id: 'save', short: 'S', long: 'save', name: 'save', cells: { numeric: 'o', 'compat-save': 'o', ...COMMON }, help: 'print all rules, as --restore reads them' },
  { id: 'add-server', short: 'a', long: 'add-server', name: 'add-server', cells: { ...SERVER, 'if-not-exists': 'o' }, help: 'add a real server to a service' },
  { id: 'edit-server', short: 'e', long: 'edit-server', name: 'edit-server', cells: { ...SERVER, 'if-exists': 'o' }, help: 'replace all attributes of a real server' },
  { id: 'delete-server', short: 'd', long: 'delete-server', name: 'delete-server', cells: { 'service-address': '+', 'real-server': '+', ...DELETE }, help: 'remove a real server' },
  { id: 'list', short: 'L', long: 'list', name: 'list', cells: LIST, help: 'list services, or one of them; -l is the same' },
  { id: 'zero', short: 'Z', long: 'zero', name: 'zero', cells: { 'service-address': 'o', ...COMMON }, help: 'zero the counters of one service or of all' },
  { id: 'add-laddr', short: 'P', long: 'add-laddr', name: 'add-laddr', cells: { ...LADDR, ...MAKE }, help: 'give a service a local address' },
  { id: 'del-laddr', short: 'Q', long: 'del-laddr', name: 'del-laddr', cells: { ...LADDR, ...DELETE }, help: 'take a local address from a service' },
  { id: 'get-laddr', short: 'G', long: 'get-laddr', name: 'get-laddr', cells: { 'service-address': 'o', cpu: 'o', ...TABLE }, help: 'list local addresses, of one service or of all' },
  { id: 'add-blklst', short: 'U', long: 'add-blklst', name: 'add-blklst', cells: { ...DENY, ...MAKE }, help: 'refuse a client or an ipset' },
  { id: 'del-blklst', short: 'V', long: 'del-blklst', name: 'del-blklst', cells: { ...DENY, ...DELETE }, help: 'refuse it no longer' },
  { id: 'get-blklst', short: 'B', long: 'get-blklst', name: 'get-blklst', cells: { 'service-address': 'o', ...TABLE }, help: 'list refused clients, of one service or of all' },
  { id: 'add-whtlst', short: 'O', long: 'add-whtlst', name: 'add-whtlst', cells: { ...ALLOW, ...MAKE }, help: 'serve a client or an ipset, and no others than listed' },
  { id: 'del-whtlst', short: 'Y', long: 'del-whtlst', name: 'del-whtlst', cells: { ...ALLOW, ...DELETE }, help: 'list it no longer' },
  { id: 'get-whtlst', short: 'W', long: 'get-whtlst', name: 'get-whtlst', cells: { 'service-address': 'o', ...TABLE }, help: 'list served clients, of one service or of all' },
  { id: 'apply', long: 'apply', value: 'file', choices: 'files', name: 'apply', cells: { ...COMMON, 'dry-run': 'o' }, extension: true, help: 'make the daemon hold what the file (rules or JSON, - for\nstandard input) says: prints the differences, applies them' },
  { id: 'drain', long: 'drain', name: 'drain', cells: { 'service-address': '+', 'real-server': 'o', deadline: 'o', ...COMMON }, extension: true, help: 'set the weight of a server, or of all of a service, to 0\nand wait until no connection is left' },
  { id: 'replace-server', long: 'replace-server', name: 'replace-server', cells: { 'service-address': '+', 'real-server': '+', replacement: '+', ...COMMON }, extension: true, help: 'add a server with the attributes of another one and take\nthat one away, at once' },
  { id: 'flush-laddr', long: 'flush-laddr', name: 'flush-laddr', cells: { 'service-address': '+', ...COMMON }, extension: true, help: 'take all local addresses from a service' },
  { id: 'flush-blklst', long: 'flush-blklst', name: 'flush-blklst', cells: { 'service-address': '+', ...COMMON }, extension: true, help: 'empty the deny list of a service' },
  { id: 'flush-whtlst', long: 'flush-whtlst', name: 'flush-whtlst', cells: { 'service-address': '+', ...COMMON }, extension: true, help: 'empty the allow list of a service' },
  { id: 'completion', long: 'completion', value: 'shell', choices: ['bash', 'zsh', 'fish'], name: 'completion', cells: COMMON, extension: true, help: 'print the completion of bash, zsh or fish' },
  { id: 'complete', long: 'complete', value: 'what', choices: LIVE, name: 'complete', cells: { 'service-address': 'o', ...COMMON }, extension: true, hidden: true, help: 'print words for a completion' },
  { id: 'set', long: 'set', name: 'set', cells: COMMON, help: 'time-outs in seconds: tcp tcpfin udp; 0: as it is' },
  { id: 'start-daemon', long: 'start-daemon', value: 'state', choices: ['master', 'backup'], name: 'start-daemon', cells: { 'mcast-interface': 'o', syncid: 'o', ...COMMON }, help: 'connection synchronisation; not supported by dpvs' },
  { id: 'stop-daemon', long: 'stop-daemon', value: 'state', choices: ['master', 'backup'], name: 'stop-daemon', cells: { syncid: 'o', ...COMMON }, help: 'connection synchronisation; not supported by dpvs' },
  { id: 'help', short: 'h', long: 'help', name: 'help', cells: COMMON, help: 'print this text' },
  { id: 'version', short: 'v', long: 'version', name: 'version', cells: COMMON, help: 'print the version' },
]; // prettier-ignore

/** Second letters of commands. */
export const COMMAND_ALIASES: Readonly<Record<string, CommandId>> = { l: 'list' };

export const OPTIONS = [
  { short: 't', long: 'tcp-service', value: 'addr', choices: 'tcp-services', column: 'service-address', help: 'TCP service: host:port or [IPv6]:port' },
  { short: 'u', long: 'udp-service', value: 'addr', choices: 'udp-services', column: 'service-address', help: 'UDP service' },
  { long: 'sctp-service', value: 'addr', choices: 'sctp-services', column: 'service-address', help: 'SCTP service' },
  { short: 'q', long: 'icmp-service', value: 'addr', choices: 'icmp-services', column: 'service-address', help: 'ICMP service' },
  { short: '1', long: 'icmpv6-service', value: 'addr', choices: 'icmpv6-services', column: 'service-address', help: 'ICMPv6 service' },
  { short: 'f', long: 'fwmark-service', value: 'mark', choices: 'marks', column: 'service-address', help: 'service of packets with this mark, from 1 on' },
  {
    short: 'H', long: 'match', value: 'rule', choices: 'matches', column: 'service-address',
    help: 'SNAT service of packets that match proto=,af=,src-range=,\ndst-range=,iif=,oif= (comma separated; proto and a range or\naf are needed; a range is from-to:port-port)',
  },
  { short: '6', long: 'ipv6', column: null, help: 'the mark of -f is one of IPv6 packets; follows -f' },
  { short: 's', long: 'scheduler', value: 'name', choices: SCHEDULERS, column: 'scheduler', help: 'rr, wrr, lc, wlc, sed, nq, fo, ovf, sh, dh, conhash, mh, lblc\nor lblcr; wlc if not given' },
  { short: 'p', long: 'persistent', value: 'seconds', valueOptional: true, column: 'persistent', help: 'a client stays with its server; for 360 s if not given' },
  { short: 'M', long: 'netmask', value: 'mask', column: 'netmask', help: 'clients that persist together: 255.255.255.0, /24,\nor a prefix length for IPv6' },
  { short: 'o', long: 'ops', column: 'ops', help: 'schedule each packet alone (UDP)' },
  { long: 'pe', value: 'name', choices: ['sip'], column: 'pe', help: 'persistence engine; no command of dpvs takes it' },
  { short: 'j', long: 'synproxy', value: 'switch', choices: ['enable', 'disable'], column: 'synproxy', help: 'enable or disable: answer SYNs for the servers (TCP)' },
  { long: 'hash-target', value: 'what', choices: ['sip', 'qid'], column: 'hash-target', help: 'sip or qid (QUIC connection id): what conhash hashes' },
  {
    long: 'sched-flags', value: 'flags', choices: SCHED_FLAGS, column: 'sched-flags', extension: true,
    help: 'flags of the scheduler, separated by commas: mh-fallback,\nmh-port, sh-fallback, sh-port, flag-1 to flag-3, or none',
  },
  { long: 'expire-quiescent', column: 'expire-quiescent', help: 'end connections of servers that have weight 0' },
  { long: 'quic', column: 'quic', repeatable: true, help: 'the UDP service is QUIC' },
  {
    long: 'dest-check', value: 'check', choices: ['disable', 'default', 'tcp', 'udp', 'sctp', 'ping'], column: 'dest-check', repeatable: true,
    help: [
      'watch the servers; may be given more than once:',
      'disable, default, or DOWN,WAITs: failures within WAIT seconds,',
      'DOWN,UP,WAITs,MIN-MAXs: with inhibition, e.g. 1,1,3s,5-3600s,',
      'tcp, udp, sctp or ping: wants an external checker of that kind',
    ].join('\n'),
  },
  { long: 'conn-timeout', value: 'seconds', column: 'conn-timeout', repeatable: true, help: 'of established connections; 0: the default' },
  { long: 'proxy-protocol', value: 'version', choices: ['disable', 'v1', 'v2', 'v1-insecure', 'v2-insecure'], column: 'proxy-protocol', repeatable: true, help: 'disable, v1, v2, v1-insecure or v2-insecure: tell servers\nwho the client is' },
  { long: 'conn-limit', value: 'number', column: 'conn-limit', extension: true, help: 'connections of the service at the same time; 0: no limit' },
  { long: 'limit-proportion', value: 'percent', column: 'limit-proportion', extension: true, help: 'packets of the service that pass, 1 to 98; 0: all' },
  { short: 'r', long: 'real-server', value: 'addr', choices: 'servers', column: 'real-server', help: 'server; without port: that of the service' },
  { short: 'g', long: 'gatewaying', column: 'forwarding-method', help: 'direct routing (used if none is given)' },
  { short: 'i', long: 'ipip', column: 'forwarding-method', help: 'tunnel' },
  { short: 'm', long: 'masquerading', column: 'forwarding-method', help: 'NAT of the destination' },
  { short: 'b', long: 'fullnat', column: 'forwarding-method', help: 'NAT of both ends; between IPv6 and IPv4 too' },
  { short: 'J', long: 'snat', column: 'forwarding-method', help: 'NAT of the source' },
  { short: 'w', long: 'weight', value: 'number', column: 'weight', help: '0 to 65535; 1 if not given; 0: no new connections' },
  { short: 'x', long: 'u-threshold', value: 'number', column: 'u-threshold', help: 'connections at which a server is overloaded; 0: never' },
  { short: 'y', long: 'l-threshold', value: 'number', column: 'l-threshold', help: 'connections at which it no longer is' },
  { short: 'z', long: 'laddr', value: 'address', choices: 'laddrs', column: 'local-address', help: 'local address' },
  { short: 'F', long: 'ifname', value: 'device', choices: 'devices', column: 'ifname', help: 'device of the local address' },
  { short: 'k', long: 'blklst', value: 'address', choices: 'deny', column: 'blklst-address', help: 'refused client: address or ipset:NAME' },
  { short: '2', long: 'whtlst', value: 'address', choices: 'allow', column: 'whtlst-address', help: 'served client: address or ipset:NAME' },
  { short: 'n', long: 'numeric', column: 'numeric', help: 'look up no names' },
  { short: 'c', long: 'connection', column: 'connection', help: 'list connections' },
  { long: 'sockpair', value: 'pair', column: 'sockpair', help: 'with -c: the one of proto:sip:sport:tip:tport, IPv6 in\nbrackets' },
  { long: 'stats', column: 'stats', help: 'list counters' },
  { long: 'rate', column: 'rate', help: 'list counters per second' },
  { short: 'X', long: 'exact', column: 'exact', help: 'print counters with all digits' },
  { long: 'thresholds', column: 'thresholds', help: 'list connection thresholds' },
  { long: 'persistent-conn', column: 'persistent-conn', help: 'list persistent connections; with -c: their templates' },
  { long: 'cpu', value: 'index', choices: ['all'], column: 'cpu', help: 'as one worker sees it, from 1 on; 0: all together' },
  { long: 'sort', column: null, help: 'sort (as is done anyway)' },
  { long: 'nosort', column: 'nosort', help: 'keep the order of the daemon' },
  { long: 'compat-save', column: 'compat-save', extension: true, help: 'with -S: only what the ipvsadm of DPVS saves' },
  { long: 'timeout', column: 'timeout', help: 'list time-outs' },
  { long: 'daemon', column: 'daemon', help: 'list synchronisation daemons; not supported by dpvs' },
  { long: 'mcast-interface', value: 'device', choices: 'devices', column: 'mcast-interface', help: 'of the synchronisation daemon' },
  { long: 'syncid', value: 'id', column: 'syncid', help: 'of the synchronisation daemon, 0 to 255' },
  { long: 'json', column: 'json', extension: true, excludes: ['prom', 'lvs-format'], help: 'print JSON (docs/json.md), errors too; with -R: read it' },
  { long: 'pretty', column: 'pretty', extension: true, needs: ['json'], help: 'indent JSON' },
  { long: 'prom', column: 'prom', extension: true, excludes: ['connection', 'watch', 'timeout', 'daemon', 'lvs-format'], help: 'print metrics for Prometheus' },
  { long: 'watch', value: 'seconds', valueOptional: true, column: 'watch', extension: true, help: 'list again and again, every 2 seconds if not given;\ncounters as changes per second' },
  { long: 'count', value: 'number', column: 'count', extension: true, needs: ['watch'], help: 'end after so many lists' },
  { long: 'bits', column: 'bits', extension: true, needs: ['rate'], help: 'bits per second in place of bytes' },
  { long: 'details', column: 'details', extension: true, excludes: ['stats', 'rate', 'thresholds', 'prom', 'lvs-format', 'summary'], help: 'list what the table leaves out: local addresses, lists and\nlimits of services; rest of life, age and counters of\nconnections' },
  { long: 'summary', column: 'summary', extension: true, needs: ['connection'], excludes: ['sockpair', 'lvs-format', 'persistent-conn'], help: 'count connections by state, server and lcore' },
  { long: 'lvs-format', column: 'lvs-format', extension: true, help: 'the layout of the ipvsadm of LVS' },
  { long: 'proto', value: 'name', choices: ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6'], column: 'proto', extension: true, help: 'list only tcp, udp, sctp, icmp or icmpv6' },
  { long: 'vip', value: 'addr', choices: 'services', column: 'vip', extension: true, help: 'list only this virtual address, address/length or\naddress:port' },
  { long: 'rs', value: 'addr', choices: 'servers', column: 'rs', extension: true, help: 'list only this real server, address/length or address:port' },
  { long: 'sched', value: 'name', choices: SCHEDULERS, column: 'sched', extension: true, excludes: ['connection'], help: 'list only services with this scheduler' },
  { long: 'state', value: 'name', choices: STATES, column: 'state', extension: true, needs: ['connection'], help: 'list only connections in this state' },
  { long: 'client', value: 'addr', column: 'client', extension: true, needs: ['connection'], help: 'list only connections of this client, address/length or\naddress:port' },
  { long: 'if-exists', column: 'if-exists', extension: true, help: 'it is no error if there is nothing to change or delete' },
  { long: 'if-not-exists', column: 'if-not-exists', extension: true, help: 'it is no error if it is there already' },
  { long: 'atomic', column: 'atomic', extension: true, excludes: ['keep-going'], help: 'with -R: all rules or none' },
  { long: 'keep-going', column: 'keep-going', extension: true, help: 'with -R: go on after lines that are wrong' },
  { long: 'dry-run', column: 'dry-run', extension: true, help: 'only say what would be done' },
  { long: 'deadline', value: 'seconds', column: 'deadline', extension: true, help: 'of a drain: how long to wait; 0: do not wait' },
  { long: 'replacement', value: 'addr', choices: 'servers', column: 'replacement', extension: true, help: 'the server that comes' },
  { long: 'no-resolve-timeout', column: 'no-resolve-timeout', extension: true, help: 'wait for names as long as it takes' },
  { long: 'socket', value: 'path', choices: 'files', column: 'socket', extension: true, help: 'control socket, in place of DPVS_IPC_FILE' },
  { long: 'timeout-ms', value: 'number', column: 'timeout-ms', extension: true, help: 'how long the daemon may take for an answer' },
  { long: 'color', value: 'when', choices: ['auto', 'always', 'never'], column: 'color', extension: true, valueOptional: true, help: 'colours in tables: auto (on terminals), always or never' },
] as const satisfies readonly OptionRow[]; // prettier-ignore

/** Long name of an option, which identifies it. */
export type OptionId = (typeof OPTIONS)[number]['long'];

/** Anything that starts with a dash on the command line. */
export type Found =
  | { readonly kind: 'command'; readonly row: CommandRow }
  | { readonly kind: 'option'; readonly row: OptionRow & { readonly long: OptionId } };

/** Kind of value that a row takes. */
export function valueKind(row: Row & { readonly valueOptional?: true }): ValueKind {
  if (row.value === undefined) return 'none';
  return row.valueOptional === true ? 'optional' : 'required';
}

function byName(nameOf: (row: Row) => string | undefined): ReadonlyMap<string, Found> {
  const found = [
    ...COMMANDS.map((row) => [nameOf(row), { kind: 'command', row }] as const),
    ...OPTIONS.map((row) => [nameOf(row), { kind: 'option', row }] as const),
  ];
  return new Map(found.flatMap(([name, entry]) => (name === undefined ? [] : [[name, entry] as const])));
}

/** Restores ask for hundreds of thousands of names. */
const SHORT = byName(({ short }) => short);
const LONG = byName(({ long }) => long);

export function findShort(letter: string): Found | null {
  const alias = COMMAND_ALIASES[letter];
  return (alias === undefined ? SHORT.get(letter) : LONG.get(alias)) ?? null;
}

/** Names are exact: no prefixes, upper and lower case differ. */
export function findLong(name: string): Found | null {
  return LONG.get(name) ?? null;
}
