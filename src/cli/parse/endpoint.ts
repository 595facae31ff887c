// SPDX-License-Identifier: Apache-2.0
import { AF_INET, AF_INET6, parseIpv4Loose, parseIpv6, type Family, type IpAddress } from './address';
import { parseDecimal } from './number';

/** Knows names of hosts and ports; null: there is none of that name. */
export interface NameLookup {
  host(name: string, af: Family): IpAddress | null;
  /** @param proto number of the protocol */
  port(name: string, proto: number): number | null;
}

/** Knows no names. */
export const NO_NAMES: NameLookup = { host: () => null, port: () => null };

export interface Endpoint extends IpAddress {
  /** null: none was given. */
  readonly port: number | null;
}

const MAX_PORT = 65535;

function parsePort(text: string, proto: number, names: NameLookup): number | null {
  if (text === '') return null;
  return parseDecimal(text, 0, MAX_PORT) ?? (/^\d/.test(text) ? null : names.port(text, proto));
}

function isHostName(text: string): boolean {
  return text.length <= 253 && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text) && /[A-Za-z]/.test(text);
}

function parseHost(text: string, af: Family, names: NameLookup): IpAddress | null {
  const address = af === AF_INET6 ? parseIpv6(text) : parseIpv4Loose(text);
  return address ?? (isHostName(text) ? names.host(text, af) : null);
}

function join(address: IpAddress | null, portText: string | null, proto: number, names: NameLookup): Endpoint | null {
  if (address === null) return null;
  if (portText === null) return { ...address, port: null };
  const port = parsePort(portText, proto, names);
  return port === null ? null : { ...address, port };
}

/**
 * host, host:port, [IPv6]:port, [IPv6] or bare IPv6, where IPv4 may have the forms of inet_aton and names are looked up.
 * @returns null for anything else, digits only included, because that is a forgotten address
 */
export function parseEndpoint(text: string, proto: number, names: NameLookup): Endpoint | null {
  if (/^\d*$/.test(text)) return null;
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return join(parseHost(bracketed[1] ?? '', AF_INET6, names), bracketed[2] ?? null, proto, names);

  const bare = parseIpv6(text);
  if (bare !== null) return { ...bare, port: null };
  const colon = text.indexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  return join(parseHost(host, AF_INET, names), colon < 0 ? null : text.slice(colon + 1), proto, names);
}
