// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { af, decode, encode, MSG, sizeOf, type DeepPartial, type Structs } from '../codec';
import { elements } from './lists';

/** Which list of a service: clients on the deny list are refused; with an allow list only those on it are served. */
export type AclKind = 'deny' | 'allow';

/** An entry of either list; an empty ipset means that `subject`, an address of family `af`, is meant. */
export type AclEntry = Structs['dp_vs_blklst_conf'];
export type AclSpec = DeepPartial<AclEntry>;

interface Ids {
  readonly add: number;
  readonly del: number;
  readonly list: number;
}

/** Both lists have the same layouts. */
const IDS: Readonly<Record<AclKind, Ids>> = {
  deny: { add: MSG.SOCKOPT_SET_BLKLST_ADD, del: MSG.SOCKOPT_SET_BLKLST_DEL, list: MSG.SOCKOPT_GET_BLKLST_GETALL },
  allow: { add: MSG.SOCKOPT_SET_WHTLST_ADD, del: MSG.SOCKOPT_SET_WHTLST_DEL, list: MSG.SOCKOPT_GET_WHTLST_GETALL },
};

function withCleanAddress(entry: AclEntry): AclEntry {
  if (entry.af !== af.AF_INET6) entry.vaddr.fill(0, 4);
  return entry;
}

/** @throws as Transport.request */
export function addAclEntry(transport: Transport, kind: AclKind, entry: AclSpec): void {
  transport.request(IDS[kind].add, 'set', encode('dp_vs_blklst_conf', entry));
}

/** @throws as Transport.request */
export function deleteAclEntry(transport: Transport, kind: AclKind, entry: AclSpec): void {
  transport.request(IDS[kind].del, 'set', encode('dp_vs_blklst_conf', entry));
}

/** The entries of all services. @throws as Transport.request, ShortReplyError */
export function listAclEntries(transport: Transport, kind: AclKind): AclEntry[] {
  const body = transport.request(IDS[kind].list, 'get');
  const { naddr } = decode('dp_vs_blklst_conf_array', body);
  return elements('dp_vs_blklst_conf', body, sizeOf.dp_vs_blklst_conf_array, naddr).map(withCleanAddress);
}
