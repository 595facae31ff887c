// SPDX-License-Identifier: Apache-2.0
import { IpcError } from '../../ipc/client';
import type { AclKind } from '../../ipc/messages/acl';
import { listAddresses } from '../../ipc/messages/addr';
import { isUnsupported } from '../../ipc/messages/failures';
import type { AclSubjectEntry, ListedLaddr } from '../../ipc/messages/list';
import type { Service } from '../../ipc/messages/service';
import { formatIp } from '../render/address';
import { NUMERIC } from '../render/names';
import { EXIT_LIST } from './errors';
import { briefText } from './failure';
import { addressId, hasOwnLists, ownerId, subjectId } from './identity';
import type { Entry } from './inventory';
import { serviceName } from './service-text';
import type { Session } from './session';

/** A saver remembers whether anything is missing from what it wrote. */
export class Saver {
  status = 0;
  #devices: Map<string, string> | undefined;
  /** Entries that several services share; a second one would be refused when it is restored. */
  readonly #shared = new Set<string>();

  constructor(protected readonly session: Session) {}

  complain(about: string, problem: string): void {
    this.session.stderr.write(`${about}: ${problem}\n`);
    this.status = EXIT_LIST;
  }

  /** Devices by the addresses that they have. */
  #fetchDevices(): Map<string, string> {
    try {
      const { addresses } = listAddresses(this.session.transport, {}, { verbose: false, stats: false });
      // The first of several devices, as it is listed.
      return new Map(addresses.toReversed().map(({ ifa_entry: own }) => [addressId(own), own.ifname]));
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      if (!isUnsupported(error)) this.complain('the addresses of devices', briefText(error));
      return new Map();
    }
  }

  /** Local addresses with their devices, which daemons of old do not tell. */
  laddrs(service: Service, laddrs: readonly ListedLaddr[] | null): ListedLaddr[] {
    return (laddrs ?? []).flatMap((local) => {
      if (local.ifname !== '') return [local];
      this.#devices ??= this.#fetchDevices();
      const ifname = this.#devices.get(addressId(local));
      if (ifname !== undefined) return [{ ...local, ifname }];
      this.complain(serviceName(service, NUMERIC), `no device has the local address ${formatIp(local.af, local.addr)}, it is not saved`);
      return [];
    });
  }

  /** Entries of a list that are not written yet. */
  list(kind: AclKind, service: Service, entries: readonly AclSubjectEntry[] | null): readonly AclSubjectEntry[] {
    if (entries === null || hasOwnLists(service)) return entries ?? [];
    return entries.filter((entry) => {
      const id = `${kind} ${ownerId(service)} ${subjectId(entry)}`;
      const isNew = !this.#shared.has(id);
      this.#shared.add(id);
      return isNew;
    });
  }

  noteProblem({ service, problem }: Entry): void {
    if (problem !== null) this.complain(serviceName(service, NUMERIC), briefText(problem));
  }
}
