// SPDX-License-Identifier: Apache-2.0
import { AF_INET, parseIp, type IpAddress } from '../parse/address';
import { parseEndpoint, type NameLookup } from '../parse/endpoint';
import { parseDecimal } from '../parse/number';
import { IPPROTO } from '../parse/protocol';

/** Addresses that a list is limited to. */
export interface AddressFilter extends IpAddress {
  /** Leading bits that count. */
  readonly prefix: number;
  /** null: every port. */
  readonly port: number | null;
}

/**
 * Reads address, address/length, address:port or [IPv6]:port.
 * @returns null for anything else
 */
export function parseAddressFilter(text: string, names: NameLookup): AddressFilter | null {
  const slash = text.indexOf('/');
  if (slash >= 0) {
    const address = parseIp(text.slice(0, slash));
    if (address === null) return null;
    const prefix = parseDecimal(text.slice(slash + 1), 0, address.af === AF_INET ? 32 : 128);
    return prefix === null ? null : { ...address, prefix, port: null };
  }
  const endpoint = parseEndpoint(text, IPPROTO.tcp, names);
  if (endpoint === null) return null;
  return { af: endpoint.af, bytes: endpoint.bytes, port: endpoint.port, prefix: endpoint.af === AF_INET ? 32 : 128 };
}
