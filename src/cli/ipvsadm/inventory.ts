// SPDX-License-Identifier: Apache-2.0
// Services with their servers, as lists and saves need them.
import { IpcError } from '../../ipc/client';
import { listDests, type Dest } from '../../ipc/messages/dest';
import type { Service } from '../../ipc/messages/service';
import type { Address } from '../render/names';
import { sortDests } from './order';
import type { Session } from './session';

export interface Entry {
  readonly service: Service;
  /** Sorted, unless the daemon's order is wanted. */
  readonly dests: readonly Dest[];
  /** Why the servers could not be had; the service is shown anyhow. */
  readonly problem: IpcError | null;
}

/** Fetches the servers of each service when it is its turn; services that are gone by then are left out. */
export function* inventory(
  session: Session,
  services: readonly Service[],
  options: { readonly index: number; readonly sorted: boolean },
): Generator<Entry> {
  for (const service of services) {
    try {
      const dests = listDests(session.transport, service, options.index);
      if (dests !== null) yield { service, dests: options.sorted ? sortDests(dests) : dests, problem: null };
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      yield { service, dests: [], problem: error };
    }
  }
}

/** Addresses of a list, for looking up their names. */
export function* entryAddresses(entries: readonly Entry[]): Generator<Address> {
  for (const { service, dests } of entries) {
    yield { af: service.af, bytes: service.addr };
    for (const { af, addr } of dests) yield { af, bytes: addr };
  }
}
