// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { encode, MSG, sizeOf, type Structs } from '../codec';
import { elements, leadingCount } from './lists';

/** A VLAN device: its own name, the device below, EtherType of the tag (0x8100 802.1q, 0x88a8 802.1ad), id 1 to 4094. */
export type Vlan = Structs['vlan_param'];

/** Creates a VLAN device; without ifname the daemon makes a name. @throws DaemonError NODEV, INVAL, EXIST */
export function addVlan(transport: Transport, vlan: Partial<Vlan>): void {
  transport.request(MSG.SOCKOPT_SET_VLAN_ADD, 'set', encode('vlan_param', vlan));
}

/** Deletes a VLAN device, found by its name or by device, tag and id. @throws DaemonError NOTEXIST, NODEV */
export function deleteVlan(transport: Transport, vlan: Partial<Vlan>): void {
  transport.request(MSG.SOCKOPT_SET_VLAN_DEL, 'set', encode('vlan_param', vlan));
}

/** Lists the VLAN device of a name, or those on a device. @throws DaemonError NODEV, INVAL when it is no VLAN device */
export function listVlans(transport: Transport, filter: Partial<Vlan>): Vlan[] {
  const body = transport.request(MSG.SOCKOPT_GET_VLAN_SHOW, 'get', encode('vlan_param', filter));
  return elements('vlan_param', body, sizeOf.vlan_param_array, leadingCount('vlan_param_array', body));
}
