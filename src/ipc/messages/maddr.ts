// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { MSG, sizeOf, type Structs } from '../codec';
import { elements, leadingCount, nameBody } from './lists';

export { hwAddrFlags } from '../codec';

export type LinkMulticast = Structs['netif_hw_addr_entry'];
export type IpMulticast = Structs['inet_maddr_entry'];

const NAME_BYTES = 16;

/** Multicast MAC addresses that a device receives. @param name at most 15 bytes @throws DaemonError NOTEXIST */
export function listLinkMulticast(transport: Transport, name: string): LinkMulticast[] {
  const body = transport.request(MSG.SOCKOPT_NETIF_GET_MADDR, 'get', nameBody(name, NAME_BYTES));
  return elements('netif_hw_addr_entry', body, sizeOf.netif_hw_addr_array, leadingCount('netif_hw_addr_array', body));
}

/** Multicast groups that a device has joined. @param name at most 15 bytes @throws DaemonError NOTEXIST */
export function listIpMulticast(transport: Transport, name: string): IpMulticast[] {
  const body = transport.request(MSG.SOCKOPT_GET_IFMADDR_SHOW, 'get', nameBody(name, NAME_BYTES));
  return elements('inet_maddr_entry', body, sizeOf.inet_maddr_array, leadingCount('inet_maddr_array', body));
}
