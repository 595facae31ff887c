// SPDX-License-Identifier: Apache-2.0
// Services with what belongs to them, as lists and saves need them.
import { IpcError, type Transport } from '../../ipc/client';
import { fetchDests, type Dest } from '../../ipc/messages/dest';
import { filterOfService, matchesDest, matchesService } from '../../ipc/messages/filter';
import type { Info } from '../../ipc/messages/info';
import {
  fetchInventory,
  hasInventory,
  type AclSubjectEntry,
  type DestMore,
  type ListedLaddr,
  type ListedService,
  type Prefix,
  type ServiceFilter,
  type ServiceMore,
  type Wanted,
} from '../../ipc/messages/list';
import { listServices, sameService, type Service } from '../../ipc/messages/service';
import type { Address } from '../render/names';
import type { AddressFilter } from './address-filter';
import type { Values } from './arguments';
import { destOrder, sortServices } from './order';

/** A service with what was asked for; null: not asked for, or the daemon cannot tell. */
export interface Entry {
  readonly service: Service;
  /** Sorted, unless the daemon's order is wanted. */
  readonly dests: readonly Dest[];
  /** One for each server, same order. */
  readonly destsMore: readonly DestMore[] | null;
  readonly more: ServiceMore | null;
  readonly laddrs: readonly ListedLaddr[] | null;
  readonly deny: readonly AclSubjectEntry[] | null;
  readonly allow: readonly AclSubjectEntry[] | null;
  /** Why something of the service could not be had; it is shown anyhow. */
  readonly problem: IpcError | null;
  /** True when a filter leaves out servers: totals are then those of the others. */
  readonly partial: boolean;
}

export interface Request {
  /** Of an lcore; 0: sums over all. */
  readonly index: number;
  readonly wanted: Wanted;
  readonly sorted: boolean;
  readonly filter?: ServiceFilter | undefined;
  /** As just asked for. */
  readonly info: Info;
}

/** Entries that are made anew by each walk, because thousands of them take less room as they came. */
export interface Entries extends Iterable<Entry> {
  /** Of the configuration; null when the daemon does not tell. */
  readonly generation: bigint | null;
}

/** An address filter as the daemon takes it. */
export function prefixOf({ af, bytes, prefix }: AddressFilter): Prefix {
  return { af, addr: bytes, plen: prefix };
}

/** What --proto, --vip, --rs and --sched say; undefined: everything is wanted. */
export function serviceFilter(values: Readonly<Values>): ServiceFilter | undefined {
  const { onlyProtocol, onlyVirtual, onlyServer, onlyScheduler } = values;
  const filter: ServiceFilter = {
    proto: onlyProtocol,
    vip: onlyVirtual && prefixOf(onlyVirtual),
    vport: onlyVirtual?.port ?? undefined,
    rs: onlyServer && prefixOf(onlyServer),
    rport: onlyServer?.port ?? undefined,
    sched: onlyScheduler,
  };
  return Object.values(filter).some((value) => value !== undefined) ? filter : undefined;
}

function entryOf(listed: ListedService, { sorted, filter }: Pick<Request, 'sorted' | 'filter'>): Entry {
  const { service, more, laddrs, deny, allow, problem } = listed;
  const { dests, destsMore } = listed;
  const rest = { service, more, laddrs, deny, allow, problem, partial: filter?.rs !== undefined };
  const order = sorted ? destOrder(dests) : null;
  if (order === null) return { ...rest, dests, destsMore };
  return { ...rest, dests: permuted(dests, order), destsMore: destsMore === null ? null : permuted(destsMore, order) };
}

function permuted<T>(list: readonly T[], order: readonly number[]): T[] {
  return order.map((i) => list[i] as T);
}

function wantsMore({ laddrs, acls, more }: Wanted): boolean {
  return laddrs === true || acls === true || more === true;
}

/**
 * True when messages that every daemon knows serve as well: for one service they are as many, and a daemon that has no
 * others is asked as DPVS's ipvsadm asks it, which is in the order of the list.
 */
function isPlain(transport: Transport, { wanted, info, filter }: Request): boolean {
  return filter === undefined && !wantsMore(wanted) && (info.services <= 1 || !hasInventory(transport));
}

/** Servers alone, as listed by messages of old; null: the service is gone. */
function plainEntry(transport: Transport, service: Service, index: number): ListedService | null {
  const nothing = { destsMore: null, more: null, laddrs: null, deny: null, allow: null };
  try {
    const list = fetchDests(transport, service, index);
    if (list === null) return null;
    return {
      ...nothing,
      service: list.service,
      get dests() {
        return list.dests();
      },
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    return { ...nothing, service, dests: [], problem: error };
  }
}

function sort<T extends { readonly service: Service }>(services: readonly T[], { sorted }: Request): readonly T[] {
  return sorted ? sortServices(services) : services;
}

function fetchListed(transport: Transport, request: Request): { generation: bigint | null; services: readonly ListedService[] } {
  if (!isPlain(transport, request)) {
    const { generation, services } = fetchInventory(transport, request);
    return { generation, services: sort(services, request) };
  }
  const { services } = listServices(transport, request.index, request.info);
  const ordered = sort(
    services.map((service) => ({ service })),
    request,
  );
  const listed = ordered.map(({ service }) => plainEntry(transport, service, request.index));
  return { generation: null, services: listed.filter((entry) => entry !== null) };
}

/**
 * All services that a filter lets through, at one moment if the daemon can do that.
 * @throws as Transport.request, ProtocolError
 */
export function fetchEntries(transport: Transport, request: Request): Entries {
  const { generation, services } = fetchListed(transport, request);
  return {
    generation,
    *[Symbol.iterator]() {
      for (const listed of services) yield entryOf(listed, request);
    },
  };
}

/**
 * What belongs to one service; a filter may leave nothing of it.
 * @param service as just fetched
 * @returns null when it is gone; undefined when the filter does not want it
 */
export function fetchEntry(transport: Transport, service: Service, request: Request): Entry | null | undefined {
  const { filter } = request;
  if (filter !== undefined && !matchesService(filter, service)) return undefined;
  const listed = wantsMore(request.wanted)
    ? (fetchInventory(transport, { ...request, filter: filterOfService(service) }).services.find((each) => sameService(each.service, service)) ?? null)
    : plainEntry(transport, service, request.index);
  if (listed === null) return null;
  const entry = entryOf(listed, request);
  if (filter === undefined || !entry.partial) return entry;
  const kept = entry.dests.flatMap((dest, i) => (matchesDest(filter, dest) ? [i] : []));
  const { dests, destsMore } = entry;
  return { ...entry, dests: permuted(dests, kept), destsMore: destsMore === null ? null : permuted(destsMore, kept) };
}

/** Addresses of a list, for looking up their names. */
export function* entryAddresses(entries: Iterable<Entry>): Generator<Address> {
  for (const { service, dests } of entries) {
    yield { af: service.af, bytes: service.addr };
    for (const { af, addr } of dests) yield { af, bytes: addr };
  }
}
