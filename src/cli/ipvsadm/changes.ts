// SPDX-License-Identifier: Apache-2.0
// What changed from one list to the next, per second.
import type { Dest } from '../../ipc/messages/dest';
import { formatEndpoint } from '../render/address';
import { NUMERIC } from '../render/names';
import type { Entry } from './inventory';
import { serviceName } from './service-text';
import type { Counters, Rates } from './totals';

/** What a list remembers of a service for the next one. */
interface Seen {
  /** Of its servers that are gone, as far as the daemon keeps them apart. */
  readonly own: Counters;
  readonly dests: ReadonlyMap<string, Counters>;
  /** Where the counters are from; those of different sources cannot be compared. */
  readonly raw: boolean;
}

/** Counters of the servers of an entry, in its order, from another source than the list; null: of the list. */
export type RawCounters = (entry: Entry) => readonly Counters[] | null;

/** How changes are shown: in place of the counters, or as the rates. */
export type Shown = 'counters' | 'rates' | 'nothing';

const NOTHING: Counters = { conns: 0n, inpkts: 0n, outpkts: 0n, inbytes: 0n, outbytes: 0n };

function mapCounters(fn: (member: keyof Counters) => bigint): Counters {
  return { conns: fn('conns'), inpkts: fn('inpkts'), outpkts: fn('outpkts'), inbytes: fn('inbytes'), outbytes: fn('outbytes') };
}

function countersOf({ conns, inpkts, outpkts, inbytes, outbytes }: Counters): Counters {
  return { conns, inpkts, outpkts, inbytes, outbytes };
}

function destKey({ af, addr, port }: Dest): string {
  return formatEndpoint(af, addr, port, 0);
}

function add(a: Counters, b: Counters): Counters {
  return mapCounters((member) => a[member] + b[member]);
}

/** What was added; counters that were zeroed meanwhile added nothing that is known. */
function difference(now: Counters, before: Counters): Counters {
  return mapCounters((member) => (now[member] > before[member] ? now[member] - before[member] : 0n));
}

/** Rounded to whole numbers. */
function perSecond(change: Counters, ms: number): Counters {
  const micros = BigInt(Math.max(1, Math.round(ms * 1000)));
  return mapCounters((member) => (change[member] * 1_000_000n + micros / 2n) / micros);
}

function ratesOf({ conns, inpkts, outpkts, inbytes, outbytes }: Counters): { [K in keyof Rates]: bigint } {
  return { cps: conns, inpps: inpkts, outpps: outpkts, inbps: inbytes, outbps: outbytes };
}

/** For members of 32 bits, which never wrap here. */
function plainRates(counters: Counters): Record<keyof Rates, number> {
  const { cps, inpps, outpps, inbps, outbps } = ratesOf(counters);
  return { cps: Number(cps), inpps: Number(inpps), outpps: Number(outpps), inbps: Number(inbps), outbps: Number(outbps) };
}

/** An entry with these changes per second in place of its counters. */
function withCounters(entry: Entry, own: Counters, dests: readonly Counters[]): Entry {
  return {
    ...entry,
    service: { ...entry.service, stats: { ...entry.service.stats, ...own } },
    dests: entry.dests.map((dest, i) => ({ ...dest, stats: { ...dest.stats, ...dests[i] } })),
  };
}

/** An entry with these changes per second as its rates. */
function withRates(entry: Entry, own: Counters, dests: readonly Counters[]): Entry {
  const whole = dests.reduce(add, own);
  const { service, more, destsMore } = entry;
  return {
    ...entry,
    service: { ...service, stats: { ...service.stats, ...plainRates(whole) } },
    more: more === null ? null : { ...more, rates: ratesOf(whole) },
    dests: entry.dests.map((dest, i) => ({ ...dest, stats: { ...dest.stats, ...plainRates(dests[i] ?? NOTHING) } })),
    destsMore: destsMore?.map((each, i) => ({ ...each, rates: ratesOf(dests[i] ?? NOTHING) })) ?? null,
  };
}

/** What one list had, and what changed since then. */
export class ListMemory {
  readonly #seen = new Map<string, Seen>();

  /** @param atMs when the list was fetched */
  constructor(readonly atMs: number) {}

  /**
   * Remembers an entry, and shows what changed.
   * @param before the list before this one; null: there is none, and the entry is shown as it is
   */
  show(entry: Entry, shown: Shown, before: ListMemory | null, raw: RawCounters): Entry {
    const { service, dests } = entry;
    const id = `${service.af} ${service.proto} ${serviceName(service, NUMERIC)}`;
    const known = raw(entry);
    const counters = dests.map((dest, i) => known?.[i] ?? countersOf(dest.stats));
    const keys = dests.map(destKey);
    const now: Seen = {
      // Memory has no counters of servers that are gone.
      own: known === null ? countersOf(service.stats) : NOTHING,
      dests: new Map(keys.map((key, i) => [key, counters[i] ?? NOTHING])),
      raw: known !== null,
    };
    this.#seen.set(id, now);
    if (before === null || shown === 'nothing') return entry;
    const ms = this.atMs - before.atMs;
    const last = before.#seen.get(id);
    // What was not there, or was counted elsewhere, has no rate yet.
    const comparable = last !== undefined && last.raw === now.raw ? last : null;
    const changes = keys.map((key, i) => {
      const old = comparable?.dests.get(key);
      return old === undefined ? NOTHING : perSecond(difference(counters[i] ?? NOTHING, old), ms);
    });
    // Servers that come or go take their counters with them: then it cannot be told what the service itself counted.
    const sameServers = comparable !== null && comparable.dests.size === now.dests.size && keys.every((key) => comparable.dests.has(key));
    const own = sameServers ? perSecond(difference(now.own, comparable.own), ms) : NOTHING;
    return shown === 'counters' ? withCounters(entry, own, changes) : withRates(entry, own, changes);
  }
}
