// SPDX-License-Identifier: Apache-2.0
// Services with their servers, local addresses and access lists: one consistent picture of the configuration.
import type { Transport } from '../client';
import { MSG } from '../codec';
import { capabilities, forgetCapabilities } from './capabilities';
import { isUnsupported } from './failures';
import type { ServiceFilter } from './filter';
import type { Info } from './info';
import { fetchLegacyInventory } from './list-legacy';
import { fetchPagedInventory } from './list-paged';
import type { Inventory, Wanted } from './listed';

export type { ConnFilter, Prefix, ServiceFilter } from './filter';
export { configuredDests } from './listed';
export type { AclSubjectEntry, DestMore, Inventory, ListedLaddr, ListedService, ServiceMore, Wanted } from './listed';
export { countConnections, walkConnections, type ConnCount, type ConnMore, type ListedConn, type WalkOptions } from './connections';

export interface InventoryOptions {
  /** Lcore index whose counters are wanted; 0 or absent: sums over all. */
  readonly index?: number | undefined;
  readonly filter?: ServiceFilter | undefined;
  readonly wanted: Wanted;
  /** As just asked for, to save daemons of old a request. */
  readonly info?: Info | undefined;
}

/** True when the daemon lists services with what belongs to them itself, at one moment. @throws as Transport.request */
export function hasInventory(transport: Transport): boolean {
  return capabilities(transport).serves(MSG.DS_MSG_LIST_SERVICES);
}

/**
 * Fetches services and what belongs to them. Daemons with DS_MSG_LIST_SERVICES filter themselves and answer with one
 * consistent picture. Others are asked by the messages of old, one for each service, and filtered here; what changes
 * meanwhile may or may not be in the result, but each service agrees with its servers.
 * @throws as Transport.request, ProtocolError when replies contradict themselves or each other
 */
export function fetchInventory(transport: Transport, options: InventoryOptions): Inventory {
  const caps = capabilities(transport);
  if (!caps.serves(MSG.DS_MSG_LIST_SERVICES)) return fetchLegacyInventory(transport, options);
  try {
    return fetchPagedInventory(transport, options, caps.limits);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    // Another daemon took the place of the one that was asked.
    forgetCapabilities(transport);
    return fetchLegacyInventory(transport, options);
  }
}
