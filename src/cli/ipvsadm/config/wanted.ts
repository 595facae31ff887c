// SPDX-License-Identifier: Apache-2.0
// What a file wants, with the part of the file that wants it.
import type { AclKind } from '../../../ipc/messages/acl';
import { destOf, type DestSpec } from '../../../ipc/messages/dest';
import type { LocalAddress } from '../../../ipc/messages/laddr';
import type { AclSubjectEntry } from '../../../ipc/messages/list';
import { serviceOf } from '../../../ipc/messages/service';
import { NUMERIC } from '../../render/names';
import { addDestChange, addServiceChange, laddrChange, listChange, NO_OPTIONS, type Change } from '../change';
import { addressId, destId, hasOwnLists, ownerId, serviceId, subjectId } from '../identity';
import type { WholeService } from '../requests';
import { aclLine, destLine, laddrLine, serviceLine } from '../rules';

export interface WantedMember<T> {
  /** line 7, or services[3].servers[0]. */
  readonly where: string;
  readonly value: T;
}

type Members<T> = Map<string, WantedMember<T>>;

export interface WantedService {
  readonly where: string;
  readonly service: WholeService;
  /** By identity.ts; null: whatever there is shall stay. */
  readonly servers: Members<DestSpec> | null;
  readonly laddrs: Members<LocalAddress> | null;
  readonly deny: Members<AclSubjectEntry> | null;
  readonly allow: Members<AclSubjectEntry> | null;
}

/** What shall be managed of services; the rest stays as it is. */
export type Managed = Readonly<Record<'servers' | 'laddrs' | AclKind, boolean>>;

/** Services by serviceId, in the order of the file. Adding gives where the same thing was wanted before, if it was. */
export class Wanted {
  readonly services = new Map<string, WantedService>();
  /** Lists of services without address, by kind and ownerId. */
  readonly #shared = new Map<string, Members<AclSubjectEntry>>();

  addService(where: string, service: WholeService, managed: Managed): WantedService | string {
    const id = serviceId(service);
    const before = this.services.get(id);
    if (before !== undefined) return before.where;
    const wanted: WantedService = {
      where,
      service,
      servers: managed.servers ? new Map() : null,
      laddrs: managed.laddrs ? new Map() : null,
      deny: managed.deny ? this.#listFor('deny', service) : null,
      allow: managed.allow ? this.#listFor('allow', service) : null,
    };
    this.services.set(id, wanted);
    return wanted;
  }

  #listFor(kind: AclKind, service: WholeService): Members<AclSubjectEntry> {
    if (hasOwnLists(service)) return new Map();
    const owner = `${kind} ${ownerId(service)}`;
    let list = this.#shared.get(owner);
    if (list === undefined) {
      list = new Map();
      this.#shared.set(owner, list);
    }
    return list;
  }
}

function addTo<T>(members: Members<T> | null, id: string, where: string, value: T): string | null {
  const before = members?.get(id);
  if (before !== undefined) return before.where;
  members?.set(id, { where, value });
  return null;
}

export function addServer({ servers }: WantedService, where: string, dest: DestSpec): string | null {
  return addTo(servers, destId(dest), where, dest);
}

export function addLaddrTo({ laddrs }: WantedService, where: string, local: LocalAddress): string | null {
  return addTo(laddrs, addressId(local), where, local);
}

export function addEntry(service: WantedService, kind: AclKind, where: string, entry: AclSubjectEntry): string | null {
  return addTo(service[kind], subjectId(entry), where, entry);
}

/** Rules as -S writes them, without the newline. */
export const ruleText = {
  service: (service: WholeService): string => serviceLine(serviceOf(service), NUMERIC, true).trimEnd(),
  server: (service: WholeService, dest: DestSpec): string => destLine(serviceOf(service), destOf(dest), NUMERIC, true).trimEnd(),
  laddr: (service: WholeService, local: LocalAddress): string => laddrLine(serviceOf(service), local, NUMERIC).trimEnd(),
  entry: (service: WholeService, kind: AclKind, entry: AclSubjectEntry): string => aclLine(kind, serviceOf(service), entry, NUMERIC).trimEnd(),
};

/** A change with the part of the file that wants it. */
export interface WantedChange {
  readonly where: string;
  readonly change: Change;
  /** As a rule. */
  text(): string;
}

/** Changes that make a service with all that belongs to it, in the order in which -S writes them. */
function* changesOf(wanted: WantedService, done: Set<unknown>): Generator<WantedChange> {
  const { service, servers, laddrs } = wanted;
  yield { where: wanted.where, change: addServiceChange(service, NO_OPTIONS), text: () => ruleText.service(service) };
  for (const { where, value } of servers?.values() ?? []) {
    yield { where, change: addDestChange(service, value, NO_OPTIONS), text: () => ruleText.server(service, value) };
  }
  for (const { where, value } of laddrs?.values() ?? []) {
    yield { where, change: laddrChange(service, value, NO_OPTIONS), text: () => ruleText.laddr(service, value) };
  }
  for (const kind of ['deny', 'allow'] as const) {
    // Lists that services share are made once.
    if (done.has(wanted[kind])) continue;
    done.add(wanted[kind]);
    for (const { where, value } of wanted[kind]?.values() ?? []) {
      yield { where, change: listChange(kind, 'add', service, value, NO_OPTIONS), text: () => ruleText.entry(service, kind, value) };
    }
  }
}

/** Changes that make all of it. */
export function* changesFor({ services }: Wanted): Generator<WantedChange> {
  const done = new Set<unknown>();
  for (const wanted of services.values()) yield* changesOf(wanted, done);
}
