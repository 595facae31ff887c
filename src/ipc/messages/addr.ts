// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { decode, encode, ifaddrOps, ifaddrOpsFlags, MSG, sizeOf, type Structs } from '../codec';
import { elements } from './lists';

export { ifaddrFlags, ifaddrScope } from '../codec';

/** An address of a device with the use of its port pool. */
export type AddressRecord = Structs['inet_addr_data'];

/** What can be said about an address; absent members are zero. */
export type AddressSpec = Partial<Omit<Structs['inet_addr_entry'], 'cid' | 'nop'>>;

export interface AddressListing {
  /** The daemon's entries are those of single lcores, named by cid. */
  readonly verbose: boolean;
  /** The entries have the use of port pools. */
  readonly stats: boolean;
  readonly addresses: readonly AddressRecord[];
}

function send(transport: Transport, id: number, ifa_ops: number, entry: AddressSpec): void {
  transport.request(id, 'set', encode('inet_addr_param', { ifa_ops, ifa_entry: entry }));
}

/** Gives an address to a device. @throws DaemonError EXIST, NOTEXIST (device), INVAL (prefix) */
export function addAddress(transport: Transport, entry: AddressSpec): void {
  send(transport, MSG.SOCKOPT_SET_IFADDR_ADD, ifaddrOps.INET_ADDR_ADD, entry);
}

/** Takes an address from a device. @throws DaemonError NOTEXIST */
export function deleteAddress(transport: Transport, entry: AddressSpec): void {
  send(transport, MSG.SOCKOPT_SET_IFADDR_DEL, ifaddrOps.INET_ADDR_DEL, entry);
}

/** Changes life times, scope and broadcast address. @throws DaemonError NOTEXIST */
export function setAddress(transport: Transport, entry: AddressSpec): void {
  send(transport, MSG.SOCKOPT_SET_IFADDR_SET, ifaddrOps.INET_ADDR_MOD, entry);
}

/** Takes all addresses from a device; daemons of DPVS do not look at the family. @throws DaemonError NOTEXIST */
export function flushAddresses(transport: Transport, entry: Pick<AddressSpec, 'af' | 'ifname'>): void {
  send(transport, MSG.SOCKOPT_SET_IFADDR_FLUSH, ifaddrOps.INET_ADDR_FLUSH, entry);
}

/**
 * Lists addresses in the daemon's order.
 * @param filter only ifname is certain to be honoured
 * @param options verbose: entries of each lcore, the control core first; stats: use of port pools, summed
 * @throws DaemonError NOTEXIST (device)
 */
export function listAddresses(
  transport: Transport,
  filter: AddressSpec,
  options: { readonly verbose: boolean; readonly stats: boolean },
): AddressListing {
  const flags =
    (options.verbose ? ifaddrOpsFlags.IFA_F_OPS_VERBOSE : 0) | (options.stats ? ifaddrOpsFlags.IFA_F_OPS_STATS : 0);
  const request = encode('inet_addr_param', { ifa_ops: ifaddrOps.INET_ADDR_GET, ifa_ops_flags: flags, ifa_entry: filter });
  const body = transport.request(MSG.SOCKOPT_GET_IFADDR_SHOW, 'get', request);
  const front = decode('inet_addr_data_array', body);
  return {
    verbose: (front.ops_flags & ifaddrOpsFlags.IFA_F_OPS_VERBOSE) !== 0,
    stats: (front.ops_flags & ifaddrOpsFlags.IFA_F_OPS_STATS) !== 0,
    addresses: elements('inet_addr_data', body, sizeOf.inet_addr_data_array, front.naddr),
  };
}
