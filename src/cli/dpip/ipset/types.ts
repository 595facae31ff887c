// SPDX-License-Identifier: Apache-2.0
// Types of sets: what their entries are made of.

/**
 * Parts of an entry, in their order. An ip takes a prefix or a range too, which stand for all their addresses; a net is
 * kept as a prefix.
 */
export type Part = 'ip' | 'net' | 'port' | 'mac' | 'iface';

export interface SetType {
  readonly name: string;
  readonly kind: 'bitmap' | 'hash';
  readonly parts: readonly Part[];
  /** Parts from this one on may be left out. */
  readonly needed: number;
}

function type(name: string, needed?: number): SetType {
  const [kind = '', list = ''] = name.split(':');
  const parts = list.split(',') as Part[];
  return { name, kind: kind === 'bitmap' ? 'bitmap' : 'hash', parts, needed: needed ?? parts.length };
}

const TYPES: readonly SetType[] = [
  type('bitmap:ip'),
  type('bitmap:ip,mac', 1),
  type('bitmap:port'),
  type('hash:ip'),
  type('hash:net'),
  type('hash:ip,port', 1),
  type('hash:net,port'),
  type('hash:net,port,iface'),
  type('hash:ip,port,ip'),
  type('hash:ip,port,net'),
  type('hash:net,port,net'),
  type('hash:net,port,net,port'),
];

export function findType(name: string): SetType | undefined {
  return TYPES.find((entry) => entry.name === name);
}

export function typeNames(): string[] {
  return TYPES.map((entry) => entry.name);
}

/** True when entries can exclude a part of what others include. */
export function hasNets(set: SetType): boolean {
  return set.parts.includes('net');
}
