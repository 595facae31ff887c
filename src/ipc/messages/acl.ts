// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { af, decode, encode, ext, MSG, sizeOf, type DeepPartial, type Structs } from '../codec';
import { elements } from './lists';

/** Which list of a service: clients on the deny list are refused; with an allow list only those on it are served. */
export type AclKind = 'deny' | 'allow';

/** An entry of either list; an empty ipset means that `subject`, an address of family `af`, is meant. */
export type AclEntry = Structs['dp_vs_blklst_conf'];
export type AclSpec = DeepPartial<AclEntry>;

interface Ids {
  readonly add: number;
  readonly del: number;
  readonly flush: number;
  readonly list: number;
}

/** Both lists have the same layouts. */
const IDS: Readonly<Record<AclKind, Ids>> = {
  deny: { add: MSG.SOCKOPT_SET_BLKLST_ADD, del: MSG.SOCKOPT_SET_BLKLST_DEL, flush: MSG.SOCKOPT_SET_BLKLST_FLUSH, list: MSG.SOCKOPT_GET_BLKLST_GETALL },
  allow: { add: MSG.SOCKOPT_SET_WHTLST_ADD, del: MSG.SOCKOPT_SET_WHTLST_DEL, flush: MSG.SOCKOPT_SET_WHTLST_FLUSH, list: MSG.SOCKOPT_GET_WHTLST_GETALL },
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

/** Empties the list of a service. @param key its af, proto, vaddr and vport @throws as Transport.request */
export function flushAcl(transport: Transport, kind: AclKind, key: AclSpec): void {
  transport.request(IDS[kind].flush, 'set', encode('dp_vs_blklst_conf', key));
}

/** Empties the list of a service entry by entry, for daemons of DPVS, which never had the other way. @throws as Transport.request */
export function deleteAclEntries(transport: Transport, kind: AclKind, service: AclService): void {
  const { af: family, proto, vport, vaddr } = service;
  for (const entry of listAclEntries(transport, kind)) {
    const isOf = entry.af === family && entry.proto === proto && entry.vport === vport && Buffer.compare(entry.vaddr, vaddr) === 0;
    if (isOf) deleteAclEntry(transport, kind, entry);
  }
}

/** The entries of all services. @throws as Transport.request, ShortReplyError */
export function listAclEntries(transport: Transport, kind: AclKind): AclEntry[] {
  const body = transport.request(IDS[kind].list, 'get');
  const { naddr } = decode('dp_vs_blklst_conf_array', body);
  return elements('dp_vs_blklst_conf', body, sizeOf.dp_vs_blklst_conf_array, naddr).map(withCleanAddress);
}

/** What names the service of a list. */
export type AclService = Pick<AclEntry, 'vaddr' | 'vport' | 'proto' | 'af'>;

/** Whom an entry is about: an address with the bits of it that count, or an ipset by its name. */
export type AclSubject = { readonly addr: Uint8Array; readonly plen: number } | { readonly ipset: string };

const ACTIONS = { add: ext.DS_ACL_ADD, del: ext.DS_ACL_DEL } as const;
const LISTS = { deny: ext.DS_ACL_DENY, allow: ext.DS_ACL_ALLOW } as const;

/**
 * Changes an entry that may be a network (DS_MSG_ACL); callers make sure that the daemon serves it.
 * @throws as Transport.request; DaemonError INVAL (family, length, ipset), NOTEXIST (del)
 */
export function changeAcl(transport: Transport, kind: AclKind, action: 'add' | 'del', service: AclService, subject: AclSubject): void {
  const entry = 'ipset' in subject ? { ipset: subject.ipset } : { subject: { ...subject, af: service.af } };
  transport.request(MSG.DS_MSG_ACL, 'set', encode('ds_acl', { ...service, op: ACTIONS[action], list: LISTS[kind], entry }));
}
