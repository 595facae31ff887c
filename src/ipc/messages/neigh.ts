// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { encode, MSG, sizeOf, type DeepPartial, type Structs } from '../codec';
import { elements, leadingCount } from './lists';

export { neighFlags, neighState } from '../codec';

/** A neighbour as one lcore (cid) knows it. */
export type Neighbour = Structs['dp_vs_neigh_conf'];
export type NeighbourSpec = DeepPartial<Neighbour>;

/** Adds a static neighbour, or changes its address. @throws DaemonError INVAL (address or device) */
export function addNeighbour(transport: Transport, entry: NeighbourSpec): void {
  transport.request(MSG.SOCKOPT_SET_NEIGH_ADD, 'set', encode('dp_vs_neigh_conf', entry));
}

/** Deletes a neighbour; daemons report success when it is not there. @throws DaemonError INVAL */
export function deleteNeighbour(transport: Transport, entry: NeighbourSpec): void {
  transport.request(MSG.SOCKOPT_SET_NEIGH_DEL, 'set', encode('dp_vs_neigh_conf', entry));
}

/** Lists the neighbours of all lcores, one lcore after the other. @throws DaemonError NOTEXIST (device) */
export function listNeighbours(transport: Transport, ifname: string): Neighbour[] {
  const body = transport.request(MSG.SOCKOPT_GET_NEIGH_SHOW, 'get', encode('dp_vs_neigh_conf', { ifname }));
  const count = leadingCount('dp_vs_neigh_conf_array', body);
  return elements('dp_vs_neigh_conf', body, sizeOf.dp_vs_neigh_conf_array, count);
}
