// SPDX-License-Identifier: Apache-2.0
// Counters again and again: from the daemon's shared memory if it has that, else by listing.
import { IpcError, type FdTransport, type Transport } from '../ipc/client';
import { capabilities, forgetCapabilities, MSG } from '../ipc/messages/capabilities';
import { fetchInventory, type ListedService } from '../ipc/messages/list';
import { StatSegment, type DestCounters } from '../ipc/messages/segment';
import { keyOf, type ServiceKey } from './key';
import { countersOf, sumOf, type Counters, type Rates } from './service';
import { addressText } from './values';

/** What a server counted. */
export interface ServerStatistics {
  readonly address: string;
  readonly port: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly counters: Counters;
}

/** What a service counted. */
export interface ServiceStatistics {
  readonly service: ServiceKey;
  readonly counters: Counters;
  readonly servers: readonly ServerStatistics[];
}

/** Counters of all services at one moment. Those of a watch start anywhere: only differences mean something. */
export interface Statistics {
  /** Milliseconds, of the clock that performance.now() reads. */
  readonly time: number;
  readonly services: readonly ServiceStatistics[];
}

type WithRates<T> = T & { /** Per second since the statistics before. */ readonly rates: Rates };

/** Statistics with what happened since the ones before. */
export interface StatisticsChange {
  readonly time: number;
  /** Milliseconds since the statistics before. */
  readonly elapsed: number;
  readonly services: readonly WithRates<Omit<ServiceStatistics, 'servers'> & { readonly servers: readonly WithRates<ServerStatistics>[] }>[];
}

interface KnownServer {
  readonly address: string;
  readonly port: number;
  readonly stat: number;
}

interface KnownService {
  readonly service: ServiceKey;
  /** Of servers that are gone. */
  readonly own: Counters;
  readonly servers: readonly KnownServer[];
}

function known({ service, dests, destsMore }: ListedService): KnownService {
  const more = destsMore ?? [];
  const servers = dests.map(({ af, addr, port }, i) => ({ address: addressText(af, addr), port, stat: more[i]?.stat ?? -1 }));
  return { service: keyOf(service), own: countersOf(service.stats), servers };
}

function countersFrom({ conns, inPackets, outPackets, inBytes, outBytes }: DestCounters): Counters {
  return { connections: conns, inPackets, outPackets, inBytes, outBytes };
}

function total(own: Counters, servers: readonly ServerStatistics[]): Counters {
  return servers.reduce((sum, { counters }) => sumOf(sum, counters), own);
}

/** Attempts to get a list that belongs to the segment while the configuration changes. */
const ATTEMPTS = 10;

/**
 * Reads counters for comparing them; keeps the daemon's shared memory open between two readings. Counters there start anywhere
 * and are not zeroed.
 */
export class StatisticsReader {
  readonly #transport: Transport | FdTransport;
  #segment: StatSegment | null = null;
  #epoch: bigint | null = null;
  #known: readonly KnownService[] = [];

  constructor(transport: Transport | FdTransport) {
    this.#transport = transport;
  }

  /** @throws as the messages that it sends */
  read(): Statistics {
    const shared = this.#shared();
    const services = shared === null ? listed(this.#transport) : this.#fromSegment(shared);
    return { time: performance.now(), services };
  }

  close(): void {
    this.#segment?.dispose();
    this.#segment = null;
    this.#epoch = null;
  }

  #shared(): StatSegment | null {
    const transport = this.#transport;
    if (!('requestFd' in transport) || !capabilities(transport).serves(MSG.DS_MSG_STATS)) return null;
    if (this.#segment !== null && !this.#isAlive(this.#segment)) {
      // The memory of a daemon that is gone stays readable and does not change any more.
      this.close();
      forgetCapabilities(transport);
      return this.#shared();
    }
    this.#segment ??= StatSegment.open(transport);
    return this.#segment;
  }

  /** False when the daemon's clock stands still and another one answers. */
  #isAlive(segment: StatSegment): boolean {
    const before = segment.beatMs;
    segment.refresh();
    if (segment.beatMs !== before) return true;
    forgetCapabilities(this.#transport);
    return capabilities(this.#transport).hello?.bootId === segment.bootId;
  }

  #fromSegment(segment: StatSegment): ServiceStatistics[] {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (segment.epoch !== this.#epoch) {
        this.#known = fetchInventory(this.#transport, { wanted: { dests: true, more: true } }).services.map(known);
        const { epoch } = segment;
        segment.refresh();
        if (segment.epoch !== epoch) continue;
        this.#epoch = epoch;
      }
      const services = this.#known.map((one) => this.#serviceFrom(segment, one));
      if (services.every((one) => one !== null)) return services;
      this.#epoch = null;
      segment.refresh();
    }
    throw new IpcError('the configuration changes all the time; try again');
  }

  #serviceFrom(segment: StatSegment, { service, own, servers: list }: KnownService): ServiceStatistics | null {
    const servers: ServerStatistics[] = [];
    for (const { address, port, stat } of list) {
      const found = segment.findDest(stat);
      if (found === null) return null;
      servers.push({ address, port, activeConnections: found.active, inactiveConnections: found.inactive, counters: countersFrom(found) });
    }
    return { service, servers, counters: total(own, servers) };
  }
}

function listed(transport: Transport): ServiceStatistics[] {
  const { services } = fetchInventory(transport, { wanted: { dests: true } });
  return services.map(({ service, dests, problem }) => {
    if (problem !== null) throw problem;
    const servers = dests.map(({ af, addr, port, actconns, inactconns, stats }) => ({
      address: addressText(af, addr), port, activeConnections: actconns, inactiveConnections: inactconns, counters: countersOf(stats),
    })); // prettier-ignore
    return { service: keyOf(service), servers, counters: total(countersOf(service.stats), servers) };
  });
}

/** Counters since they were last zeroed, as lists have them. @throws as fetchInventory */
export function listStatistics(transport: Transport): Statistics {
  return { time: performance.now(), services: listed(transport) };
}

const MS_PER_SECOND = 1000;

/** Counters that went back were zeroed: what they show now is what came since. */
function rate(now: bigint, before: bigint, elapsed: number): number {
  const grown = now >= before ? now - before : now;
  return elapsed > 0 ? (Number(grown) * MS_PER_SECOND) / elapsed : 0;
}

/** What is new counts from now on. */
function ratesBetween(now: Counters, before: Counters | undefined, elapsed: number): Rates {
  const old = before ?? now;
  return {
    connections: rate(now.connections, old.connections, elapsed),
    inPackets: rate(now.inPackets, old.inPackets, elapsed),
    outPackets: rate(now.outPackets, old.outPackets, elapsed),
    inBytes: rate(now.inBytes, old.inBytes, elapsed),
    outBytes: rate(now.outBytes, old.outBytes, elapsed),
  };
}

function index<T>(list: readonly T[], name: (item: T) => string): Map<string, T> {
  return new Map(list.map((item) => [name(item), item]));
}

const serverName = ({ address, port }: ServerStatistics): string => `${address} ${port}`;

/** What happened between two statistics. */
export function compareStatistics(now: Statistics, before: Statistics): StatisticsChange {
  const elapsed = now.time - before.time;
  const old = index(before.services, ({ service }) => JSON.stringify(service));
  const services = now.services.map(({ service, counters, servers }) => {
    const was = old.get(JSON.stringify(service));
    const serversBefore = index(was?.servers ?? [], serverName);
    return {
      service,
      counters,
      rates: ratesBetween(counters, was?.counters, elapsed),
      servers: servers.map((server) => ({ ...server, rates: ratesBetween(server.counters, serversBefore.get(serverName(server))?.counters, elapsed) })),
    };
  });
  return { time: now.time, elapsed, services };
}
