// SPDX-License-Identifier: Apache-2.0
// Words and numbers of the package's API to what travels, and back. What does not fit is refused before anything is sent.
import { addressBits, AF_INET, AF_INET6, parseIp, type Family as WireFamily, type IpAddress } from '../cli/parse/address';
import { IPPROTO, protocolName } from '../cli/parse/protocol';
import { formatIp } from '../cli/render/address';
import { IpcError } from '../ipc/client';
import type { Prefix } from '../ipc/messages/list';

export type Family = 'ipv4' | 'ipv6';
export type Protocol = 'tcp' | 'udp' | 'sctp' | 'icmp' | 'icmpv6';

/** An argument is not what it should be; nothing was sent. */
export class ArgumentError extends IpcError {
  override readonly name = 'ArgumentError';

  constructor(
    /** Which, e.g. "address". */
    readonly argument: string,
    expected: string,
    given: unknown,
  ) {
    super(`${argument} must be ${expected}, not ${typeof given === 'string' ? `'${given}'` : String(given)}`);
  }
}

export const MAX_U16 = 0xffff;
export const MAX_U32 = 0xffff_ffff;
/** Weights travel as signed numbers. */
export const MAX_I32 = 0x7fff_ffff;

/** @throws ArgumentError */
export function addressOf(argument: string, text: string): IpAddress {
  const address = typeof text === 'string' ? parseIp(text) : null;
  if (address === null) throw new ArgumentError(argument, 'an IPv4 or IPv6 address', text);
  return address;
}

/** ADDRESS or ADDRESS/BITS. @throws ArgumentError */
export function prefixOf(argument: string, text: string): Prefix {
  const [, host = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseIp(host);
  const plen = bits === undefined ? undefined : Number(bits);
  if (address === null || (plen !== undefined && plen > addressBits(address.af))) {
    throw new ArgumentError(argument, 'an address or ADDRESS/BITS', text);
  }
  return { af: address.af, addr: address.bytes, plen: plen ?? addressBits(address.af) };
}

/** @throws ArgumentError */
export function integerOf(argument: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) throw new ArgumentError(argument, `an integer from ${min} to ${max}`, value);
  return value;
}

/** @throws ArgumentError */
export function choiceOf<T>(argument: string, value: string, choices: Readonly<Record<string, T>>): T {
  const found = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (found === undefined) throw new ArgumentError(argument, `one of ${Object.keys(choices).join(', ')}`, value);
  return found;
}

/** A name that fits into `size` bytes with its NUL. @throws ArgumentError */
export function nameOf(argument: string, value: string, size: number): string {
  if (!/^[\x21-\x7e]+$/.test(value) || value.length >= size) {
    throw new ArgumentError(argument, `a name of 1 to ${size - 1} characters without blanks`, value);
  }
  return value;
}

const FAMILIES = { ipv4: AF_INET, ipv6: AF_INET6 } as const;

/** @throws ArgumentError */
export function familyOf(argument: string, value: Family): WireFamily {
  return choiceOf(argument, value, FAMILIES);
}

export function familyName(af: number): Family {
  return af === AF_INET6 ? 'ipv6' : 'ipv4';
}

/** @throws ArgumentError */
export function protocolOf(value: Protocol): number {
  return choiceOf('protocol', value, IPPROTO);
}

/** Name of a protocol; numbers that services cannot have are called by their number. */
export function protocolText(proto: number): Protocol {
  return protocolName(proto) ?? (String(proto) as Protocol);
}

export function addressText(af: number, bytes: Uint8Array): string {
  return formatIp(af, bytes);
}

/** ADDRESS/BITS. */
export function prefixText({ af, addr, plen }: Prefix): string {
  return `${formatIp(af, addr)}/${plen}`;
}

/** A port of a connection or server. @throws ArgumentError */
export function portOf(argument: string, value: number): number {
  return integerOf(argument, value, 0, MAX_U16);
}

/** What was given, converted; undefined stays. */
export function given<T, R>(value: T | undefined, convert: (value: T) => R): R | undefined {
  return value === undefined ? undefined : convert(value);
}
