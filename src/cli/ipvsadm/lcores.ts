// SPDX-License-Identifier: Apache-2.0
// The same services as each worker sees them (--cpu all).
import type { Dest } from '../../ipc/messages/dest';
import type { Info } from '../../ipc/messages/info';
import { formatEndpoint } from '../render/address';
import { NUMERIC } from '../render/names';
import { invalid } from './errors';
import type { Entries, Entry } from './inventory';
import { fetchListing, type Listing } from './listing';
import { serviceName, type ServiceIdentity } from './service-text';

/** Attempts to get the lists of all lcores from one configuration. */
const ATTEMPTS = 3;

/** What one lcore has of a service; null: it was not there when that lcore was asked. */
export interface Share {
  /** From 1 on. */
  readonly index: number;
  readonly entry: Entry | null;
}

/** A service as all lcores together have it, and as each has it. */
export interface SharedEntry {
  readonly entry: Entry;
  readonly shares: readonly Share[];
}

/** Tells services apart, also those of marks and rules. */
export function serviceId(service: ServiceIdentity): string {
  return `${service.af} ${service.proto} ${serviceName(service, NUMERIC)}`;
}

function destId({ af, addr, port, proto }: Dest): string {
  return `${af} ${formatEndpoint(af, addr, port, proto)}`;
}

/** The server in the list of another lcore; null: it is not there. */
export function sameDest(dest: Dest, entry: Entry | null): { readonly dest: Dest; readonly i: number } | null {
  if (entry === null) return null;
  const id = destId(dest);
  const i = entry.dests.findIndex((other) => destId(other) === id);
  const found = entry.dests[i];
  return found === undefined ? null : { dest: found, i };
}

/** Lists of indexes 0 to `workers`; null after saying why one is missing. */
function fetchAll(listing: Listing, workers: number): Entries[] | null {
  let lists: Entries[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    lists = attempt === 0 ? [listing.entries] : [];
    while (lists.length <= workers) {
      const entries = fetchListing(listing, lists.length);
      if (entries === null) return null;
      lists.push(entries);
    }
    if (lists.every(({ generation }) => generation === lists[0]?.generation)) break;
  }
  return lists;
}

function indexed(entries: Entries): Map<string, Entry> {
  const byId = new Map<string, Entry>();
  for (const entry of entries) byId.set(serviceId(entry.service), entry);
  return byId;
}

/** @throws UsageError when the daemon does not tell how many workers it has */
export function workerCount({ workers }: Info): number {
  if (workers === null) throw invalid("illegal cpu 'all' specified, this daemon does not tell how many lcores it has");
  return workers;
}

/**
 * Fetches what each worker has.
 * @returns null after saying why that cannot be had
 * @throws UsageError when the daemon does not tell how many workers there are
 */
export function fetchShares(listing: Listing): { readonly workers: number; readonly entries: Iterable<SharedEntry> } | null {
  const workers = workerCount(listing.info);
  const lists = fetchAll(listing, workers);
  if (lists === null) return null;
  const [whole = listing.entries, ...others] = lists;
  const maps = others.map(indexed);
  return {
    workers,
    entries: {
      *[Symbol.iterator]() {
        for (const entry of whole) {
          const id = serviceId(entry.service);
          yield { entry, shares: maps.map((map, i) => ({ index: i + 1, entry: map.get(id) ?? null })) };
        }
      },
    },
  };
}
