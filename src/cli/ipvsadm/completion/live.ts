// SPDX-License-Identifier: Apache-2.0
// --complete: words that the daemon knows, for the completion of shells. Quick, and never an error.
import { IpcError, type Transport } from '../../../ipc/client';
import { getInfo } from '../../../ipc/messages/info';
import { listLinks } from '../../../ipc/messages/link';
import type { Wanted } from '../../../ipc/messages/list';
import { getService, type Service } from '../../../ipc/messages/service';
import { IPPROTO } from '../../parse/protocol';
import { formatEndpoint, formatIp } from '../../render/address';
import type { Arguments } from '../arguments';
import { fetchEntries, fetchEntry, type Entry, type Request } from '../inventory';
import { savedMatch } from '../match';
import { LIVE, type Live } from '../options';
import { serviceKey } from '../requests';
import { serviceKind } from '../service-text';
import type { Command } from '../session';
import { subjectName } from '../subject';

/** Milliseconds for each answer: whoever pressed TAB waits. */
const TIMEOUT_MS = 150;
/** Nobody reads through more; the next letter makes them fewer. */
const MAX_WORDS = 1000;
/** Words go into a command line: nothing that a shell would read as more than a word. */
const SAFE = /^[\w.:[\]/,=@%+-]+$/;
/** The beginning of the word, in the environment of completion scripts. */
const PREFIX = 'IPVSADM_COMPLETE_PREFIX';

function addressOf(service: Service, proto?: number): string[] {
  if (serviceKind(service) !== 'address' || (proto !== undefined && service.proto !== proto)) return [];
  return [formatEndpoint(service.af, service.addr, service.port, service.proto)];
}

interface Source {
  /** What is needed beside the services. */
  readonly wanted: Wanted;
  words(entry: Entry): readonly string[];
}

function servicesOf(proto?: number): Source {
  return { wanted: {}, words: ({ service }) => addressOf(service, proto) };
}

const SOURCES: Readonly<Record<Exclude<Live, 'devices'>, Source>> = {
  services: servicesOf(),
  'tcp-services': servicesOf(IPPROTO.tcp),
  'udp-services': servicesOf(IPPROTO.udp),
  'sctp-services': servicesOf(IPPROTO.sctp),
  'icmp-services': servicesOf(IPPROTO.icmp),
  'icmpv6-services': servicesOf(IPPROTO.icmpv6),
  marks: { wanted: {}, words: ({ service }) => (serviceKind(service) === 'fwmark' ? [String(service.fwmark)] : []) },
  matches: {
    wanted: {},
    words: ({ service }) => (serviceKind(service) === 'match' ? [savedMatch(service.proto, service.match, service.af)] : []),
  },
  servers: { wanted: { dests: true }, words: ({ dests }) => dests.map(({ af, addr, port, proto }) => formatEndpoint(af, addr, port, proto)) },
  laddrs: { wanted: { laddrs: true }, words: ({ laddrs }) => laddrs?.map(({ af, addr }) => formatIp(af, addr)) ?? [] },
  deny: { wanted: { acls: true }, words: ({ deny }) => deny?.map(subjectName) ?? [] },
  allow: { wanted: { acls: true }, words: ({ allow }) => allow?.map(subjectName) ?? [] },
};

function entriesOf(transport: Transport, args: Arguments, wanted: Wanted): Iterable<Entry> {
  const request: Request = { index: 0, wanted, sorted: true, info: getInfo(transport) };
  const { service } = args.values;
  if (service === undefined) return fetchEntries(transport, request);
  const entry = fetchEntry(transport, getService(transport, serviceKey(service)), request);
  return entry === null || entry === undefined ? [] : [entry];
}

function* wordsOf(transport: Transport, what: Live, args: Arguments): Generator<string> {
  if (what === 'devices') {
    for (const { name } of listLinks(transport)) yield name;
    return;
  }
  const source = SOURCES[what];
  for (const entry of entriesOf(transport, args, source.wanted)) yield* source.words(entry);
}

/** Prints the words, one in a line. @returns 0 in any case */
export const complete: Command = (args, _open, io) => {
  const what = LIVE.find((name) => name === args.commandValue);
  if (what === undefined) return 0;
  const prefix = io.env[PREFIX] ?? '';
  const words = new Set<string>();
  try {
    for (const word of wordsOf(io.transport({ timeoutMs: TIMEOUT_MS }), what, args)) {
      if (word.startsWith(prefix) && SAFE.test(word)) words.add(word);
      if (words.size === MAX_WORDS) break;
    }
  } catch (error) {
    // A prompt is no place for errors.
    if (!(error instanceof IpcError)) throw error;
  }
  for (const word of words) io.stdout.write(`${word}\n`);
  return 0;
};
