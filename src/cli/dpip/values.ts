// SPDX-License-Identifier: Apache-2.0
// Kinds of values that several objects use.
import { addressBits, AF_INET, AF_INET6, AF_UNSPEC, parseIp, type IpAddress } from '../parse/address';
import { parseDecimal } from '../parse/number';
import { invalid } from './errors';
import type { Parse } from './grammar';
import type { AnyFamily } from './options';

/** An address with the length of its prefix. */
export interface Prefix extends IpAddress {
  /** As typed; undefined without one. */
  readonly plen: number | undefined;
}

/** Largest value of 32 bits without sign. */
export const U32_MAX = 0xffff_ffff;

const FAMILY_NAMES: Readonly<Record<AnyFamily, string>> = { [AF_UNSPEC]: 'unspec', [AF_INET]: 'inet', [AF_INET6]: 'inet6' };

/**
 * A name that has to fit the control ABI.
 * @param max bytes
 * @throws CommandError
 */
export function nameOf(text: string, max: number, what: string): string {
  if (text === '') throw invalid(`${what} is empty`);
  if (!/^[\x21-\x7e]+$/.test(text)) throw invalid(`${what} '${text}' has characters other than visible ASCII`);
  if (text.length > max) throw invalid(`${what} '${text}' is longer than ${max} characters`);
  return text;
}

/** Name of a device: at most 15 bytes. */
export const ifname: Parse<string> = (text) => nameOf(text, 15, 'interface name');

/** Text of the error for an address that cannot be read, or is not of the wanted family. */
export function addressError(wanted: AnyFamily, text: string): string {
  return `invalid ipaddress: ${FAMILY_NAMES[wanted]} ${text}`;
}

function ofFamily(text: string, wanted: AnyFamily): IpAddress | null {
  const parsed = parseIp(text);
  return parsed === null || (wanted !== AF_UNSPEC && parsed.af !== wanted) ? null : parsed;
}

/** An address without prefix length. @param wanted family it must have, if any @throws CommandError */
export function addressOf(text: string, wanted: AnyFamily): IpAddress {
  const parsed = ofFamily(text, wanted);
  if (parsed === null) throw invalid(addressError(wanted, text));
  return parsed;
}

/** ADDR[/PLEN]. @param wanted family it must have, if any @throws CommandError */
export function prefixOf(text: string, wanted: AnyFamily): Prefix {
  const slash = text.indexOf('/');
  if (slash < 0) return { ...addressOf(text, wanted), plen: undefined };
  const parsed = ofFamily(text.slice(0, slash), wanted);
  if (parsed === null) throw invalid(addressError(wanted, text));
  const bits = addressBits(parsed.af);
  const plen = parseDecimal(text.slice(slash + 1), 0, bits);
  if (plen === null) throw invalid(`invalid prefix length: ${text} (0 to ${bits})`);
  return { ...parsed, plen };
}

/** An address of the family that -4 or -6 ask for, or of any. */
export const address: Parse<IpAddress> = (text, { options }) => addressOf(text, options.family);

/** The same with a prefix length. */
export const prefix: Parse<Prefix> = (text, { options }) => prefixOf(text, options.family);

/** A decimal number in a range. @param name what the error calls it */
export function numberIn(name: string, min: number, max: number): Parse<number> {
  return (text) => {
    const value = parseDecimal(text, min, max);
    if (value === null) throw invalid(`invalid ${name} '${text}': a number from ${min} to ${max}`);
    return value;
  };
}

/** Exactly one of the words of a table. */
export function oneOf<T>(name: string, table: Readonly<Record<string, T>>): Parse<T> {
  return (text) => {
    const value = Object.hasOwn(table, text) ? table[text] : undefined;
    if (value === undefined) throw invalid(`invalid ${name} '${text}': ${Object.keys(table).join(', ')}`);
    return value;
  };
}

/** Six hexadecimal groups of one or two digits; null for everything else. */
export function parseMac(text: string): Uint8Array | null {
  const groups = text.split(':');
  if (groups.length !== 6 || !groups.every((group) => /^[0-9a-fA-F]{1,2}$/.test(group))) return null;
  return Uint8Array.from(groups, (group) => Number.parseInt(group, 16));
}
