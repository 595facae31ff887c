// SPDX-License-Identifier: Apache-2.0

/** IP protocol numbers (IANA). */
export const IPPROTO = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;

export type ProtocolName = keyof typeof IPPROTO;

/** Number of a protocol that services can have; null for other names. Lower case only. */
export function protocolNumber(name: string): number | null {
  return Object.hasOwn(IPPROTO, name) ? IPPROTO[name as ProtocolName] : null;
}

/** Lower case name of a protocol that services can have; null for other numbers. */
export function protocolName(proto: number): ProtocolName | null {
  const found = Object.entries(IPPROTO).find(([, number]) => number === proto);
  return found === undefined ? null : (found[0] as ProtocolName);
}
