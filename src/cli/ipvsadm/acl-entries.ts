// SPDX-License-Identifier: Apache-2.0
import type { AclEntry } from '../../ipc/messages/acl';
import type { ServiceSpec } from '../../ipc/messages/service';
import { AF_UNSPEC } from '../parse/address';
import { formatIp } from '../render/address';

function keyText(af: number, proto: number, addr: Uint8Array, port: number): string {
  return `${af} ${proto} ${formatIp(af, addr)} ${port}`;
}

/**
 * Sorts entries by what they belong to, once, because there may be thousands of both.
 * @returns gives the entries of a service; services of marks and rules share those of the any-address
 */
export function entriesByService(entries: readonly AclEntry[]): (service: ServiceSpec) => readonly AclEntry[] {
  const byKey = new Map<string, AclEntry[]>();
  for (const entry of entries) {
    const key = keyText(entry.af, entry.proto, entry.vaddr, entry.vport);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [entry]);
    else known.push(entry);
  }
  return ({ af = AF_UNSPEC, proto = 0, addr = new Uint8Array(), port = 0 }) => byKey.get(keyText(af, proto, addr, port)) ?? [];
}
