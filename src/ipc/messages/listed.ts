// SPDX-License-Identifier: Apache-2.0
// A service of a list with what belongs to it, whichever messages it came with.
import { destFlags, type Structs } from '../codec';
import type { IpcError } from '../errors';
import type { Dest } from './dest';
import type { Prefix } from './filter';
import type { Service } from './service';

/** Rates with all their bits, serial number, lengths of the access lists. */
export type ServiceMore = Structs['ds_service_more'];

/** Rates with all their bits, the index of a server in the statistics segment, its weight without inhibition. */
export type DestMore = Structs['ds_dest_more'];

/** A local address of a service with its use. */
export interface ListedLaddr {
  readonly af: number;
  /** 16 bytes in network order; IPv4 in the first four. */
  readonly addr: Uint8Array;
  /** Connections that found no free port; 0 from daemons that do not count them. */
  readonly conflicts: bigint;
  /** Connections that use the address. */
  readonly nconns: number;
  /** Device, as it was given; empty when the daemon does not tell. */
  readonly ifname: string;
}

/** Whom an entry of a deny or allow list is about. */
export interface AclSubjectEntry {
  /** Family 0: the ipset is meant. */
  readonly subject: Prefix;
  /** Name; empty: the address is meant. */
  readonly ipset: string;
}

/** What to fetch beside the services. */
export interface Wanted {
  readonly dests?: boolean | undefined;
  readonly laddrs?: boolean | undefined;
  readonly acls?: boolean | undefined;
  /** Rates with all their bits, serial numbers, places in the statistics segment: extended lists only. */
  readonly more?: boolean | undefined;
}

/**
 * A service of a list. All members but `service` and `problem` are decoded from the reply's bytes whenever they are
 * read, so that thousands are cheap to hold: read each once and keep the result for as long as it is needed.
 */
export interface ListedService {
  readonly service: Service;
  /** In the daemon's order; empty when they were not wanted. */
  readonly dests: readonly Dest[];
  /** One for each server, same order; null when not wanted or the daemon has no such lists. */
  readonly destsMore: readonly DestMore[] | null;
  readonly more: ServiceMore | null;
  /** null when not wanted, as with the next two. */
  readonly laddrs: readonly ListedLaddr[] | null;
  readonly deny: readonly AclSubjectEntry[] | null;
  readonly allow: readonly AclSubjectEntry[] | null;
  /** Daemons without extended lists only: why something of the service could not be fetched, and is empty here. */
  readonly problem: IpcError | null;
}

/** Services at one moment. */
export interface Inventory {
  /** Of the configuration; null when the daemon does not tell. */
  readonly generation: bigint | null;
  /** Services there are before the filter. */
  readonly total: number;
  /** In the daemon's order. */
  readonly services: readonly ListedService[];
}

/** Servers as they were configured: one that the passive check inhibits has its own weight, where the daemon tells. */
export function configuredDests({ dests, destsMore }: Pick<ListedService, 'dests' | 'destsMore'>): readonly Dest[] {
  if (destsMore === null) return dests;
  return dests.map((dest, i) => {
    const weight = destsMore[i]?.weight ?? 0;
    return weight === 0 ? dest : { ...dest, weight, flags: dest.flags & ~destFlags.DPVS_DEST_F_INHIBITED };
  });
}
