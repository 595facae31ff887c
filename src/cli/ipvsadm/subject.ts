// SPDX-License-Identifier: Apache-2.0
import type { AclSubjectEntry } from '../../ipc/messages/list';
import { addressBits, type Family } from '../parse/address';
import { formatIp } from '../render/address';
import { printable } from '../render/text';

/** Whom an entry of a deny or allow list is about: an address, address/length or ipset:NAME. */
export function subjectName({ subject: { af, addr, plen }, ipset }: AclSubjectEntry): string {
  if (ipset !== '') return `ipset:${printable(ipset)}`;
  const text = formatIp(af, addr);
  return plen < addressBits(af as Family) ? `${text}/${plen}` : text;
}
