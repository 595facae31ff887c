// SPDX-License-Identifier: Apache-2.0
import { anyAddress, AF_INET, AF_INET6, parseIpv4, parseIpv6, type Family, type IpAddress } from './address';
import { parseDecimal } from './number';

/** Addresses and ports from the first to the last of each; 0 to 0 means all ports. */
export interface AddressRange {
  readonly af: Family;
  readonly min: Uint8Array;
  readonly max: Uint8Array;
  readonly minPort: number;
  readonly maxPort: number;
}

const MAX_PORT = 65535;

/** The two ends of "a-b"; without a second one both are the first. */
function ends<T>(text: string, parse: (part: string) => T | null): [T, T] | null {
  const dash = text.indexOf('-');
  const first = parse(dash < 0 ? text : text.slice(0, dash));
  const last = dash < 0 ? first : parse(text.slice(dash + 1));
  return first === null || last === null ? null : [first, last];
}

function build(addresses: [IpAddress, IpAddress] | null, portText: string | undefined): AddressRange | null {
  if (addresses === null) return null;
  const [min, max] = addresses;
  const ports = portText === undefined ? [0, 0] : ends(portText, (part) => parseDecimal(part, 0, MAX_PORT));
  if (ports === null) return null;
  const [minPort = 0, maxPort = 0] = ports;
  return { af: min.af, min: min.bytes, max: max.bytes, minPort, maxPort };
}

/**
 * v4[-v4][:port[-port]], v6[-v6], or [v6[-v6]] with an optional :port[-port]. An empty IPv4 part means 0.0.0.0.
 * @returns null for anything else
 */
export function parseRange(text: string): AddressRange | null {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const [, inside = '', ports] = bracketed;
    return build(ends(inside, parseIpv6), ports === '' ? undefined : ports);
  }
  const bare = ends(text, parseIpv6);
  if (bare !== null) return build(bare, undefined);

  const colon = text.indexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  const addresses = host === '' ? ([anyAddress(AF_INET), anyAddress(AF_INET)] as [IpAddress, IpAddress]) : ends(host, parseIpv4);
  return build(addresses, colon < 0 ? undefined : text.slice(colon + 1));
}

/** True when a range says nothing: all addresses and ports. */
export function isEmptyRange(range: Pick<AddressRange, 'min' | 'max' | 'minPort' | 'maxPort'>, af: number): boolean {
  const length = af === AF_INET6 ? 16 : 4;
  const zero = (bytes: Uint8Array): boolean => bytes.subarray(0, length).every((byte) => byte === 0);
  return range.minPort === 0 && range.maxPort === 0 && zero(range.min) && zero(range.max);
}
