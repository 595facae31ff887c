// SPDX-License-Identifier: Apache-2.0
// Addresses as inet_pton reads and inet_ntop writes them, without loading node:net for it.

/** AF_INET or AF_INET6. */
export type InetFamily = 2 | 10;

export interface Inet {
  readonly family: InetFamily;
  /** 4 or 16 bytes, network order. */
  readonly bytes: Uint8Array;
}

/** The 4 bytes of a dotted quad, or undefined. Leading zeros are refused: they mean octal to some. */
export function parseInet4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
}

/** Groups of one side of "::"; the last may be a dotted quad where that is allowed. */
function parseGroups(text: string, quadAllowed: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (quadAllowed && i === parts.length - 1 && part.includes('.')) {
      const quad = parseInet4(part);
      if (quad === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = quad;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** The 16 bytes of an IPv6 address (RFC 4291 section 2.2), or undefined. No zone. */
export function parseInet6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const compressed = halves.length === 2;
  const head = parseGroups(halves[0] ?? '', !compressed);
  const tail = compressed ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const given = head.length + tail.length;
  if (compressed ? given > 7 : given !== 8) return undefined;
  const groups = [...head, ...new Array<number>(8 - given).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >>> 8;
    bytes[2 * i + 1] = group & 0xff;
  }
  return bytes;
}

/** An address of either family, or undefined. */
export function parseInet(text: string): Inet | undefined {
  if (text.includes(':')) {
    const bytes = parseInet6(text);
    return bytes === undefined ? undefined : { family: 10, bytes };
  }
  const bytes = parseInet4(text);
  return bytes === undefined ? undefined : { family: 2, bytes };
}

function groupsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
}

/** The first of the longest runs of two or more zero groups. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 1 };
  let start = 0;
  for (let i = 0; i <= groups.length; i += 1) {
    if (groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}

function hexGroups(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

function formatInet6(bytes: Uint8Array): string {
  const groups = groupsOf(bytes);
  const run = longestZeroRun(groups);
  if (run.start < 0) return hexGroups(groups);
  const isQuad = run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff));
  if (isQuad) return `::${run.length === 5 ? 'ffff:' : ''}${bytes.slice(12, 16).join('.')}`;
  return `${hexGroups(groups.slice(0, run.start))}::${hexGroups(groups.slice(run.start + run.length))}`;
}

/**
 * Text of an address.
 * @param family AF_INET6 (10) reads 16 bytes, everything else the first 4
 * @param bytes network order, at least as many
 */
export function formatInet(family: number, bytes: Uint8Array): string {
  return family === 10 ? formatInet6(bytes) : bytes.slice(0, 4).join('.');
}

/** True when no bit of the address is set. */
export function isAnyInet(family: number, bytes: Uint8Array): boolean {
  return bytes.subarray(0, family === 10 ? 16 : 4).every((byte) => byte === 0);
}
