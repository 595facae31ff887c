// SPDX-License-Identifier: Apache-2.0
// A configuration in memory: what a daemon has, or what a file wants.
import type { AclKind } from '../../../ipc/messages/acl';
import type { AddressRecord } from '../../../ipc/messages/addr';
import type { DestSpec } from '../../../ipc/messages/dest';
import type { LocalAddress } from '../../../ipc/messages/laddr';
import { configuredDests, type AclSubjectEntry, type ListedService } from '../../../ipc/messages/list';
import type { ServiceSpec } from '../../../ipc/messages/service';
import { addressId, destId, hasOwnLists, ownerId, serviceId, subjectId } from '../identity';
import type { WholeService } from '../requests';

/** What belongs to a service, by identity.ts. */
export interface Members {
  readonly servers: Map<string, DestSpec>;
  readonly laddrs: Map<string, LocalAddress>;
  readonly deny: Map<string, AclSubjectEntry>;
  readonly allow: Map<string, AclSubjectEntry>;
}

export type MemberKind = keyof Members;

function mapOf<T>(list: readonly T[], idOf: (value: T) => string): Map<string, T> {
  return new Map(list.map((value) => [idOf(value), value]));
}

export type Lists = Pick<Members, AclKind>;

/** A service with what belongs to it; what a daemon has is decoded when it is asked for. */
export class ServiceState implements Members {
  readonly #listed: ListedService | null;
  readonly #members: { -readonly [K in MemberKind]?: Members[K] };

  /** @param shared lists that other services have too */
  constructor(
    public service: WholeService,
    listed: ListedService | null,
    shared: Lists | null,
  ) {
    this.#listed = listed;
    this.#members = shared === null ? {} : { deny: shared.deny, allow: shared.allow };
  }

  get servers(): Members['servers'] {
    return (this.#members.servers ??= mapOf<DestSpec>(this.#listed === null ? [] : configuredDests(this.#listed), destId));
  }

  get laddrs(): Members['laddrs'] {
    return (this.#members.laddrs ??= mapOf<LocalAddress>(this.#listed?.laddrs ?? [], addressId));
  }

  get deny(): Members['deny'] {
    return (this.#members.deny ??= mapOf(this.#listed?.deny ?? [], subjectId));
  }

  get allow(): Members['allow'] {
    return (this.#members.allow ??= mapOf(this.#listed?.allow ?? [], subjectId));
  }
}

/** Services and the addresses of devices. */
export class Configuration {
  /** By serviceId. */
  readonly services = new Map<string, ServiceState>();
  /** Lists of services without address, by ownerId. */
  readonly #shared = new Map<string, Lists>();
  /** Devices that have an address, by addressId. */
  readonly #devices = new Map<string, Set<string>>();

  find(service: ServiceSpec): ServiceState | undefined {
    return this.services.get(serviceId(service));
  }

  /** Adds a service without anything, or puts it in the place of one that is there. */
  put(service: WholeService, listed: ListedService | null = null): ServiceState {
    const state = new ServiceState(service, listed, this.#sharedBy(service, listed));
    this.services.set(serviceId(service), state);
    return state;
  }

  #sharedBy(service: ServiceSpec, listed: ListedService | null): Lists | null {
    if (hasOwnLists(service)) return null;
    const owner = ownerId(service);
    let lists = this.#shared.get(owner);
    if (lists === undefined) {
      lists = { deny: new Map(), allow: new Map() };
      this.#shared.set(owner, lists);
    }
    for (const entry of listed?.deny ?? []) lists.deny.set(subjectId(entry), entry);
    for (const entry of listed?.allow ?? []) lists.allow.set(subjectId(entry), entry);
    return lists;
  }

  delete(service: ServiceSpec): boolean {
    return this.services.delete(serviceId(service));
  }

  /** True when a service has the local address. */
  uses(local: LocalAddress): boolean {
    const id = addressId(local);
    for (const state of this.services.values()) if (state.laddrs.has(id)) return true;
    return false;
  }

  hasDevice({ af, addr, ifname }: LocalAddress): boolean {
    return this.#devices.get(addressId({ af, addr }))?.has(ifname) ?? false;
  }

  /** A device that has the address; undefined: none, or none is known. */
  deviceOf(local: Pick<LocalAddress, 'af' | 'addr'>): string | undefined {
    return this.#devices.get(addressId(local))?.values().next().value;
  }

  addDevice({ af, addr, ifname }: LocalAddress): void {
    const id = addressId({ af, addr });
    const devices = this.#devices.get(id);
    if (devices === undefined) this.#devices.set(id, new Set([ifname]));
    else devices.add(ifname);
  }

  deleteDevice({ af, addr, ifname }: LocalAddress): void {
    this.#devices.get(addressId({ af, addr }))?.delete(ifname);
  }

  /** Notes which addresses devices have. */
  addRecords(records: readonly AddressRecord[]): void {
    for (const { ifa_entry: { af, addr, ifname } } of records) this.addDevice({ af, addr, ifname });
  }
}

/** Where an entry of a list stands. */
export function listOf(state: ServiceState, kind: AclKind): Map<string, AclSubjectEntry> {
  return kind === 'deny' ? state.deny : state.allow;
}
