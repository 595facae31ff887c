// SPDX-License-Identifier: Apache-2.0
import { AF_INET6 } from '../parse/address';
import { NUMERIC, type Names } from './names';

const GROUPS = 8;

interface Run {
  start: number;
  length: number;
}

/** The longest run of zero groups, the first one of equals; shorter than two is none (RFC 5952 section 4.2). */
function longestZeroRun(groups: readonly number[]): Run {
  let best: Run = { start: -1, length: 1 };
  let current: Run = { start: -1, length: 0 };
  for (const [i, group] of groups.entries()) {
    if (group !== 0) {
      current = { start: -1, length: 0 };
      continue;
    }
    current = current.start < 0 ? { start: i, length: 1 } : { start: current.start, length: current.length + 1 };
    if (current.length > best.length) best = current;
  }
  return best;
}

function formatIpv4(bytes: Uint8Array, at = 0): string {
  return `${bytes[at] ?? 0}.${bytes[at + 1] ?? 0}.${bytes[at + 2] ?? 0}.${bytes[at + 3] ?? 0}`;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < GROUPS; i += 1) groups.push(((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  const run = longestZeroRun(groups);
  // Embedded IPv4 is dotted only where inet_ntop does so: ::a.b.c.d and ::ffff:a.b.c.d.
  const embeds = run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff));
  if (embeds) return `${run.length === 6 ? '::' : '::ffff:'}${formatIpv4(bytes, 12)}`;

  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.start < 0) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

/**
 * An address as inet_ntop writes it.
 * @param af 10 for IPv6; anything else is read as IPv4, as the wire uses 0 for it in places
 * @param bytes in network order; IPv4 is in the first four
 */
export function formatIp(af: number, bytes: Uint8Array): string {
  return af === AF_INET6 ? formatIpv6(bytes) : formatIpv4(bytes);
}

/**
 * addr:port; IPv6 in brackets, names of IPv6 addresses too, so that what was printed can be told apart when it is read.
 * @param proto number of the protocol whose port names are used
 */
export function formatEndpoint(af: number, bytes: Uint8Array, port: number, proto: number, names: Names = NUMERIC): string {
  const text = names.host(af, bytes) ?? formatIp(af, bytes);
  const service = names.service(port, proto) ?? String(port);
  return af === AF_INET6 ? `[${text}]:${service}` : `${text}:${service}`;
}
