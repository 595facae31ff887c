// SPDX-License-Identifier: Apache-2.0
// The same lists from daemons that know ids 18, 19, 21, 3, 76 and 80 only.
import { IpcError, type Transport } from '../client';
import { af, type Structs } from '../codec';
import { listAclEntries, type AclEntry, type AclKind } from './acl';
import { fetchDests, type Dest, type DestList } from './dest';
import { isUnsupported } from './failures';
import { filtersDests, matchesDest, matchesService, type ServiceFilter } from './filter';
import type { Info } from './info';
import { listLaddrs } from './laddr';
import type { AclSubjectEntry, Inventory, ListedLaddr, ListedService, Wanted } from './listed';
import { listServices, type Service } from './service';

interface Options {
  readonly index?: number | undefined;
  readonly filter?: ServiceFilter | undefined;
  readonly wanted: Wanted;
  readonly info?: Info | undefined;
}

type AclsOf = (service: Service) => readonly AclSubjectEntry[];

const EMPTY_ADDRESS = new Uint8Array(16);

function laddrOf({ af: family, addr, nport_conflict: conflicts, nconns }: Structs['dp_vs_laddr_entry']): ListedLaddr {
  if (family !== af.AF_INET6) addr.fill(0, 4);
  return { af: family, addr, conflicts, nconns, ifname: '' };
}

function subjectOf(entry: AclEntry): AclSubjectEntry {
  if (entry.ipset !== '') return { subject: { af: 0, addr: EMPTY_ADDRESS, plen: 0 }, ipset: entry.ipset };
  const v6 = entry.af === af.AF_INET6;
  if (!v6) entry.subject.fill(0, 4);
  return { subject: { af: entry.af, addr: entry.subject, plen: v6 ? 128 : 32 }, ipset: '' };
}

/** What the daemon may not have any notion of. */
function orNull<T>(request: () => T): T | null {
  try {
    return request();
  } catch (error) {
    if (isUnsupported(error)) return null;
    throw error;
  }
}

function aclKey(family: number, proto: number, addr: Uint8Array, port: number): string {
  return `${family} ${proto} ${port} ${Buffer.from(addr).toString('latin1')}`;
}

/** The entries of all services, sorted by what they belong to once; services of marks and rules share those of the any-address. */
function indexAcls(transport: Transport, kind: AclKind): AclsOf {
  const byKey = new Map<string, AclSubjectEntry[]>();
  for (const entry of orNull(() => listAclEntries(transport, kind)) ?? []) {
    const key = aclKey(entry.af, entry.proto, entry.vaddr, entry.vport);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [subjectOf(entry)]);
    else known.push(subjectOf(entry));
  }
  return (service) => byKey.get(aclKey(service.af, service.proto, service.addr, service.port)) ?? [];
}

/** A service whose servers are decoded from their reply when they are read. */
class LegacyService implements ListedService {
  readonly service: Service;
  readonly destsMore = null;
  readonly more = null;
  laddrs: readonly ListedLaddr[] | null = null;
  deny: readonly AclSubjectEntry[] | null = null;
  allow: readonly AclSubjectEntry[] | null = null;
  problem: IpcError | null = null;
  readonly #list: DestList | null;
  readonly #filter: ServiceFilter;

  constructor(service: Service, list: DestList | null, filter: ServiceFilter) {
    this.service = service;
    this.#list = list;
    this.#filter = filter;
  }

  get dests(): readonly Dest[] {
    const dests = this.#list?.dests() ?? [];
    return filtersDests(this.#filter) ? dests.filter((dest) => matchesDest(this.#filter, dest)) : dests;
  }
}

/** Runs a request for a part of a service; what goes wrong is remembered there. */
function part<T>(entry: LegacyService, request: () => T, otherwise: T): T {
  try {
    return request();
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    entry.problem ??= error;
    return otherwise;
  }
}

/** A service with its servers if they are needed; null when it is gone or the filter does not want it. */
function withDests(transport: Transport, service: Service, options: Options): LegacyService | null {
  const { filter = {}, index = 0, wanted } = options;
  if (!matchesService(filter, service)) return null;
  if (wanted.dests !== true && !filtersDests(filter)) return new LegacyService(service, null, filter);
  try {
    const list = fetchDests(transport, service, index);
    if (list === null) return null;
    const entry = new LegacyService(list.service, list, filter);
    return filtersDests(filter) && entry.dests.length === 0 ? null : entry;
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const entry = new LegacyService(service, null, filter);
    entry.problem = error;
    return entry;
  }
}

/** @throws as Transport.request, ProtocolError */
export function fetchLegacyInventory(transport: Transport, options: Options): Inventory {
  const { index = 0, wanted } = options;
  const list = listServices(transport, index, options.info);
  const deny = wanted.acls === true ? indexAcls(transport, 'deny') : null;
  const allow = wanted.acls === true ? indexAcls(transport, 'allow') : null;
  const services: ListedService[] = [];
  for (const service of list.services) {
    const entry = withDests(transport, service, options);
    if (entry === null) continue;
    if (wanted.laddrs === true) entry.laddrs = part(entry, () => orNull(() => listLaddrs(transport, service, index))?.map(laddrOf) ?? null, []);
    entry.deny = deny?.(service) ?? null;
    entry.allow = allow?.(service) ?? null;
    services.push(entry);
  }
  return { generation: null, total: list.services.length, services };
}
