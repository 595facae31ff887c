// SPDX-License-Identifier: Apache-2.0
// Elements of lists of services as JSON.
import type { Dest } from '../../../ipc/messages/dest';
import type { Info } from '../../../ipc/messages/info';
import type { Entry } from '../inventory';
import { sameDest, type Share } from '../lcores';
import { serverRates, serviceCounters, serviceRates } from '../totals';
import type { JsonObject } from '../../runtime/document';
import { requestError } from './error';
import {
  connectionCounts,
  countersJson,
  laddrJson,
  ratesJson,
  serverAttributes,
  serverState,
  serviceAttributes,
  serviceIdentity,
  subjectJson,
} from './service';

/** The daemon's version. */
export function versionText({ version: { major, minor, patch } }: Info): string {
  return `${major}.${minor}.${patch}`;
}

/** How much is said of each service. */
export interface Scope {
  /** Rates in bits too. */
  readonly bits: boolean;
  /** One for each lcore; null: of all together only. */
  readonly shares: readonly Share[] | null;
}

function serverShares(dest: Dest, { bits, shares }: Scope): JsonObject[] | undefined {
  return shares?.map(({ index, entry }) => {
    const same = sameDest(dest, entry);
    if (entry === null || same === null) return { index };
    return {
      index,
      ...connectionCounts(same.dest),
      counters: countersJson(same.dest.stats),
      rates: ratesJson(serverRates(entry, same.i), bits),
    };
  });
}

function serviceShares({ bits, shares }: Scope): JsonObject[] | undefined {
  return shares?.map(({ index, entry }) =>
    entry === null ? { index } : { index, counters: countersJson(serviceCounters(entry)), rates: ratesJson(serviceRates(entry), bits) },
  );
}

/** A service with its servers and what else was fetched. */
export function entryJson(entry: Entry, scope: Scope): JsonObject {
  const { service, dests, laddrs, deny, allow, problem } = entry;
  return {
    ...serviceIdentity(service),
    ...serviceAttributes(service),
    limit_mbps: service.bps,
    counters: countersJson(serviceCounters(entry)),
    rates: ratesJson(serviceRates(entry), scope.bits),
    lcores: serviceShares(scope),
    local_address_count: service.num_laddrs,
    local_addresses: laddrs?.map(laddrJson),
    deny: deny?.map(subjectJson),
    allow: allow?.map(subjectJson),
    servers: dests.map((dest, i) => ({
      ...serverAttributes(dest),
      ...serverState(dest),
      counters: countersJson(dest.stats),
      rates: ratesJson(serverRates(entry, i), scope.bits),
      lcores: serverShares(dest, scope),
    })),
    error: problem === null ? undefined : requestError('get-dests', problem),
  };
}
