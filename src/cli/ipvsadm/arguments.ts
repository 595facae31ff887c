// SPDX-License-Identifier: Apache-2.0
// From tokens to values: what a command line says, before anybody asks whether it makes sense.
import type { Sockpair } from '../../ipc/messages/conn';
import { fwdMode } from '../../ipc/messages/dest';
import { addressBits, AF_INET, AF_INET6, anyAddress, compareAddress, maskedAddress, type IpAddress } from '../parse/address';
import { parseEndpoint, type Endpoint, type NameLookup } from '../parse/endpoint';
import { parseCInteger, parseDecimal } from '../parse/number';
import { IPPROTO, protocolNumber } from '../parse/protocol';
import { parseSeconds, SECONDS_RANGE } from '../parse/seconds';
import { printable } from '../render/text';
import type { ColorChoice } from '../runtime/color';
import { parseAddressFilter, type AddressFilter } from './address-filter';
import { addDestCheck, NO_CHECK, type DestCheck } from './dest-check';
import { badToken, invalid } from './errors';
import { parseMatch, type MatchRule } from './match';
import type { Column, CommandRow, OptionId } from './options';
import { checkedSchedFlags } from './sched-flags';
import { parseSockpair } from './sockpair';
import { tokenise, type OptionToken } from './tokens';

/** The service that a command line names. */
export type ServiceArgument =
  | ({ readonly kind: 'address'; readonly proto: number; readonly port: number } & IpAddress)
  | { readonly kind: 'fwmark'; readonly mark: number; readonly af: IpAddress['af'] }
  | ({ readonly kind: 'match' } & MatchRule);

/** An entry of a deny or allow list. */
export type AclSubject =
  | { readonly ipset: string }
  | {
      readonly address: IpAddress;
      /** Leading bits that count; null: all of them. */
      readonly prefix: number | null;
    };

/** Values as they were given; undefined: not given. */
export interface Values {
  service?: ServiceArgument;
  scheduler?: string;
  /** Seconds. */
  persistent?: number;
  /** As it was typed: what it means depends on the family of the service. */
  netmask?: string;
  realServer?: Endpoint;
  /** fwdMode. */
  forwarding?: number;
  weight?: number;
  upperThreshold?: number;
  lowerThreshold?: number;
  localAddress?: IpAddress;
  ifname?: string;
  deny?: AclSubject;
  allow?: AclSubject;
  synproxy?: boolean;
  hashTarget?: 'sip' | 'qid';
  schedFlags?: readonly string[];
  sockpair?: Sockpair;
  /** Index of an lcore, 0 for all together; 'all': each on its own. */
  cpu?: number | 'all';
  destCheck?: DestCheck;
  /** Seconds. */
  connTimeout?: number;
  /** Connections at the same time, 0: no limit. */
  connLimit?: number;
  /** Percent of packets that pass. */
  limitProportion?: number;
  /** Bits of proxyProtocol. */
  proxyProtocol?: number;
  /** Seconds between lists. */
  watch?: number;
  count?: number;
  /** IP protocol. */
  onlyProtocol?: number;
  onlyVirtual?: AddressFilter;
  onlyServer?: AddressFilter;
  onlyClient?: AddressFilter;
  onlyState?: string;
  onlyScheduler?: string;
  /** Seconds. */
  deadline?: number;
  replacement?: Endpoint;
  socket?: string;
  timeoutMs?: number;
  color?: ColorChoice;
}

export interface Arguments {
  readonly command: CommandRow;
  /** Of a command that takes one. */
  readonly commandValue: string | null;
  /** Options that were given, by the name that messages have for them. */
  readonly given: ReadonlySet<Column>;
  readonly values: Readonly<Values>;
  /** What belongs to no option. */
  readonly words: readonly string[];
}

/** Longest time in seconds that options take: 31 days. */
export const MAX_SECONDS = 2_678_400;
const DEFAULT_PERSISTENCE = 360;
const MAX_PERCENT = 100;
const MAX_INT = 0x7fffffff;
const MAX_WEIGHT = 65535;
const MAX_MARK = 0xffffffff;
const MAX_NAME = 15;
const MAX_IPSET = 31;
const MAX_INDEX = 255;
const DEFAULT_WATCH = 2;
const MAX_PATH_BYTES = 107;
const MAX_TIMEOUT_MS = 3_600_000;

interface Context {
  readonly values: Values;
  readonly names: NameLookup;
  readonly token: OptionToken;
  /** Of the option; empty for flags. */
  readonly text: string;
}

type Handler = (context: Context) => void;

function addressFilter(what: string, member: 'onlyVirtual' | 'onlyServer' | 'onlyClient'): Handler {
  return ({ values, names, text }) => {
    const message = `illegal ${what} '${text}' specified, require address, address/length or address:port`;
    values[member] = orInvalid(parseAddressFilter(text, names), message);
  };
}

function orInvalid<T>(value: T | null, message: string): T {
  if (value === null) throw invalid(message);
  return value;
}

function number(text: string, min: number, max: number, message: string): number {
  return orInvalid(parseDecimal(text, min, max), message);
}

/** Names travel in 16 bytes with a NUL. */
function shortName(text: string, what: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) throw invalid(`illegal ${what} '${printable(text)}' specified, it must be printable ASCII`);
  if (text.length > MAX_NAME) throw invalid(`illegal ${what} '${text}' specified, it has more than ${MAX_NAME} characters`);
  return text;
}

function addressService(proto: number): Handler {
  return ({ values, names, text }) => {
    const endpoint = orInvalid(parseEndpoint(text, proto, names), 'illegal virtual server address[:port] specified');
    values.service = { kind: 'address', proto, af: endpoint.af, bytes: endpoint.bytes, port: endpoint.port ?? 0 };
  };
}

function forwarding(mode: number): Handler {
  return ({ values }) => {
    values.forwarding = mode;
  };
}

function protocolOf(service: ServiceArgument | undefined): number {
  return service === undefined || service.kind === 'fwmark' ? IPPROTO.tcp : service.proto;
}

function parseSubject(text: string, names: NameLookup, list: string): AclSubject {
  const message = `illegal ${list} entry format, require [ IP | ipset:NAME ]`;
  if (text.startsWith('ipset:')) {
    const ipset = text.slice('ipset:'.length);
    if (ipset.length > MAX_IPSET || !/^[\x21-\x7e]+$/.test(ipset)) throw invalid(message);
    return { ipset };
  }
  // An address with its port, which means nothing here, or a network.
  const { af, bytes, prefix } = orInvalid(parseAddressFilter(text, names), message);
  if (prefix === addressBits(af)) return { address: { af, bytes }, prefix: null };
  const isNetwork = compareAddress(af, maskedAddress(af, bytes, prefix), bytes) === 0;
  if (!isNetwork) throw invalid(`illegal ${list} entry '${text}', bits behind the length must be 0`);
  return { address: { af, bytes }, prefix };
}

const PROXY_PROTOCOLS: Readonly<Record<string, number | undefined>> = {
  disable: 0x00,
  v1: 0x01,
  v2: 0x02,
  'v1-insecure': 0x11,
  'v2-insecure': 0x12,
};

function connTimeout({ values, token, text }: Context): void {
  const seconds = parseCInteger(text);
  if (seconds === null) throw badToken(text, 'invalid numeric value');
  if (seconds < 0 || seconds > MAX_SECONDS) throw badToken(token.word, 'number too large or too small');
  values.connTimeout = seconds;
}

function ignore(): void {
  // The option is complete as a member of `given`.
}

const HANDLERS: Readonly<Record<OptionId, Handler>> = {
  'tcp-service': addressService(IPPROTO.tcp),
  'udp-service': addressService(IPPROTO.udp),
  'sctp-service': addressService(IPPROTO.sctp),
  'icmp-service': addressService(IPPROTO.icmp),
  'icmpv6-service': addressService(IPPROTO.icmpv6),
  'fwmark-service': ({ values, text }) => {
    const mark = number(text, 1, MAX_MARK, `invalid fwmark value \`${text}' specified`);
    values.service = { kind: 'fwmark', mark, af: AF_INET };
  },
  match: ({ values, text }) => {
    values.service = { kind: 'match', ...orInvalid(parseMatch(text), 'illegal match specified') };
  },
  ipv6: ({ values }) => {
    if (values.service?.kind !== 'fwmark') throw invalid('-6 used before -f');
    values.service = { ...values.service, af: AF_INET6 };
  },
  scheduler: ({ values, text }) => {
    values.scheduler = shortName(text, 'scheduler');
  },
  persistent: ({ values, token, text }) => {
    const message = `invalid timeout value \`${text}' specified`;
    values.persistent = token.value === null ? DEFAULT_PERSISTENCE : number(text, 1, MAX_SECONDS, message);
  },
  netmask: ({ values, text }) => {
    values.netmask = text;
  },
  ops: ignore,
  pe: ignore,
  synproxy: ({ values, text }) => {
    const on = text.startsWith('enable');
    if (!on && !text.startsWith('disable')) throw invalid('synproxy switch must be enable or disable');
    values.synproxy = on;
  },
  'hash-target': ({ values, text }) => {
    const target = (['sip', 'qid'] as const).find((name) => text.startsWith(name));
    values.hashTarget = orInvalid(target ?? null, 'hash target not support');
  },
  'sched-flags': ({ values, text }) => {
    values.schedFlags = checkedSchedFlags(text);
  },
  'expire-quiescent': ignore,
  quic: ignore,
  'dest-check': ({ values, text }) => {
    values.destCheck = orInvalid(addDestCheck(values.destCheck ?? NO_CHECK, text), 'invalid dest_check config');
  },
  'conn-timeout': connTimeout,
  'conn-limit': ({ values, text }) => {
    values.connLimit = number(text, 0, MAX_INT, `illegal conn-limit '${text}' specified, require 0 to ${MAX_INT}`);
  },
  'limit-proportion': ({ values, text }) => {
    values.limitProportion = number(text, 0, MAX_PERCENT, `illegal limit-proportion '${text}' specified, require 0 to ${MAX_PERCENT}`);
  },
  'proxy-protocol': ({ values, text }) => {
    const known = PROXY_PROTOCOLS[text.toLowerCase()] ?? null;
    values.proxyProtocol = orInvalid(known, `illegal proxy-protocol '${text}' specified, require disable|v1|v2|v1-insecure|v2-insecure`);
  },
  'real-server': ({ values, names, text }) => {
    const endpoint = parseEndpoint(text, protocolOf(values.service), names);
    values.realServer = orInvalid(endpoint, 'illegal real server address[:port] specified');
  },
  gatewaying: forwarding(fwdMode.DPVS_FWD_MODE_DR),
  ipip: forwarding(fwdMode.DPVS_FWD_MODE_TUNNEL),
  masquerading: forwarding(fwdMode.DPVS_FWD_MASQ),
  fullnat: forwarding(fwdMode.DPVS_FWD_MODE_FNAT),
  snat: forwarding(fwdMode.DPVS_FWD_MODE_SNAT),
  weight: ({ values, text }) => {
    values.weight = number(text, 0, MAX_WEIGHT, 'illegal weight specified');
  },
  'u-threshold': ({ values, text }) => {
    values.upperThreshold = number(text, 0, MAX_INT, 'illegal u_threshold specified');
  },
  'l-threshold': ({ values, text }) => {
    values.lowerThreshold = number(text, 0, MAX_INT, 'illegal l_threshold specified');
  },
  laddr: ({ values, names, text }) => {
    const { af, bytes } = orInvalid(parseEndpoint(text, IPPROTO.tcp, names), 'illegal local address');
    values.localAddress = { af, bytes };
  },
  ifname: ({ values, text }) => {
    values.ifname = shortName(text, 'interface name');
  },
  blklst: ({ values, names, text }) => {
    values.deny = parseSubject(text, names, 'blacklist');
  },
  whtlst: ({ values, names, text }) => {
    values.allow = parseSubject(text, names, 'whitelist');
  },
  numeric: ignore,
  connection: ignore,
  sockpair: ({ values, text }) => {
    values.sockpair = orInvalid(parseSockpair(text), 'illegal sockpair<af:sip:sport:tip:tport> specified');
  },
  stats: ignore,
  rate: ignore,
  exact: ignore,
  thresholds: ignore,
  'persistent-conn': ignore,
  cpu: ({ values, text }) => {
    values.cpu = text === 'all' ? 'all' : number(text, 0, MAX_INDEX, `illegal cpu '${text}' specified, require all or 0 to ${MAX_INDEX}`);
  },
  sort: ignore,
  nosort: ignore,
  'compat-save': ignore,
  json: ignore,
  pretty: ignore,
  prom: ignore,
  watch: ({ values, token, text }) => {
    values.watch = token.value === null ? DEFAULT_WATCH : orInvalid(parseSeconds(text), `illegal watch '${text}' specified, require ${SECONDS_RANGE}`);
  },
  count: ({ values, text }) => {
    values.count = number(text, 1, MAX_INT, `illegal count '${text}' specified, require 1 to ${MAX_INT}`);
  },
  bits: ignore,
  details: ignore,
  summary: ignore,
  'lvs-format': ignore,
  proto: ({ values, text }) => {
    values.onlyProtocol = orInvalid(protocolNumber(text), `illegal proto '${text}' specified, require tcp|udp|sctp|icmp|icmpv6`);
  },
  vip: addressFilter('vip', 'onlyVirtual'),
  rs: addressFilter('rs', 'onlyServer'),
  client: addressFilter('client', 'onlyClient'),
  sched: ({ values, text }) => {
    values.onlyScheduler = shortName(text, 'sched');
  },
  state: ({ values, text }) => {
    // Daemons cut the states of SCTP, whose names are longer.
    values.onlyState = shortName(/^sctp_/i.test(text) ? text.slice(0, MAX_NAME) : text, 'state');
  },
  'if-exists': ignore,
  'if-not-exists': ignore,
  atomic: ignore,
  'keep-going': ignore,
  'dry-run': ignore,
  deadline: ({ values, text }) => {
    values.deadline = number(text, 0, MAX_SECONDS, `illegal deadline '${text}' specified, require 0 to ${MAX_SECONDS} seconds`);
  },
  replacement: ({ values, names, text }) => {
    const endpoint = parseEndpoint(text, protocolOf(values.service), names);
    values.replacement = orInvalid(endpoint, 'illegal replacement address[:port] specified');
  },
  'no-resolve-timeout': ignore,
  socket: ({ values, text }) => {
    const fits = text !== '' && !text.includes('\0') && Buffer.byteLength(text) <= MAX_PATH_BYTES;
    values.socket = orInvalid(fits ? text : null, `illegal socket '${text}' specified, require a path of at most ${MAX_PATH_BYTES} bytes`);
  },
  'timeout-ms': ({ values, text }) => {
    values.timeoutMs = number(text, 1, MAX_TIMEOUT_MS, `illegal timeout-ms '${text}' specified, require 1 to ${MAX_TIMEOUT_MS}`);
  },
  color: ({ values, token, text }) => {
    const choice = token.value === null ? 'auto' : (['auto', 'always', 'never'] as const).find((name) => name === text);
    values.color = orInvalid(choice ?? null, `illegal color '${text}' specified, require auto|always|never`);
  },
  timeout: ignore,
  daemon: ignore,
  'mcast-interface': ({ text }) => {
    shortName(text, 'mcast-interface');
  },
  syncid: ({ text }) => {
    number(text, 0, 255, 'illegal syncid specified');
  },
};

function noteGiven(token: OptionToken, given: Set<Column>): void {
  const { column, repeatable } = token.row;
  if (column === null) return;
  if (given.has(column) && repeatable !== true) throw invalid(`multiple '${column}' options specified`);
  given.add(column);
}

/**
 * Reads a command line from left to right up to its end, or up to a command that ignores the rest (-h, -v).
 * @param names may throw to have names looked up and be called again
 * @throws UsageError
 */
export function parseArguments(argv: readonly string[], argv0: string, names: NameLookup): Arguments {
  const values: Values = {};
  const given = new Set<Column>();
  const words: string[] = [];
  let command: CommandRow | undefined;
  let commandValue: string | null = null;
  for (const token of tokenise(argv, argv0)) {
    if (token.kind === 'word') {
      words.push(token.word);
    } else if (token.kind === 'command') {
      command = token.row;
      commandValue = token.value;
      checkDaemonState(command, commandValue);
      if (command.id === 'help' || command.id === 'version') {
        // The rest is ignored, but for the form of what is printed.
        for (const column of ['json', 'pretty'] as const) if (argv.includes(`--${column}`)) given.add(column);
        break;
      }
    } else {
      noteGiven(token, given);
      HANDLERS[token.row.long]({ values, names, token, text: token.value ?? '' });
    }
  }
  if (command === undefined) throw new Error('the tokeniser gave no command');
  return { command, commandValue, given, values, words };
}

function checkDaemonState(command: CommandRow, value: string | null): void {
  if (command.id !== 'start-daemon' && command.id !== 'stop-daemon') return;
  if (value === null || value === 'master' || value === 'backup') return;
  throw invalid(command.id === 'stop-daemon' ? 'illegal start_daemon specified' : 'illegal start-daemon parameter specified');
}

/** The address of a service; any for services that have none. */
export function serviceAddress(service: ServiceArgument): IpAddress {
  return service.kind === 'address' ? { af: service.af, bytes: service.bytes } : anyAddress(service.af);
}
