// SPDX-License-Identifier: Apache-2.0
// -U -V and -O -Y; -B and -W are in acl-list.ts
import { IpcError } from '../../../ipc/client';
import type { Transport } from '../../../ipc/client';
import { addAclEntry, changeAcl, deleteAclEntry, type AclKind, type AclSpec } from '../../../ipc/messages/acl';
import { capabilities, MSG, requireMessage } from '../../../ipc/messages/capabilities';
import { getService, type ServiceSpec } from '../../../ipc/messages/service';
import type { Arguments } from '../arguments';
import { isMissing, type Action } from '../failure';
import { aclEntry, requiredService, serviceKey } from '../requests';
import { change, type Command, type Session } from '../session';

const ACTIONS: Readonly<Record<AclKind, { readonly add: Action; readonly del: Action }>> = {
  deny: { add: 'add-deny', del: 'delete-deny' },
  allow: { add: 'add-allow', del: 'delete-allow' },
};

/** An entry of a list. */
export interface ListEntry {
  readonly entry: AclSpec;
  /** Leading bits of a network; null: the entry is a single address or an ipset. */
  readonly plen: number | null;
}

/** The entry that a command line names. */
export function listEntry(args: Arguments, kind: AclKind): ListEntry {
  const subject = kind === 'deny' ? args.values.deny : args.values.allow;
  if (subject === undefined) throw new Error('a command that needs a list entry was run without one');
  return { entry: aclEntry(requiredService(args.values), subject), plen: 'ipset' in subject ? null : subject.prefix };
}

/** Networks have a message of their own, because the one for addresses has no room for their length. */
export function changeEntry(transport: Transport, action: 'add' | 'del', kind: AclKind, { entry, plen }: ListEntry): void {
  if (plen === null) {
    const change = action === 'add' ? addAclEntry : deleteAclEntry;
    change(transport, kind, entry);
    return;
  }
  requireMessage(capabilities(transport), MSG.DS_MSG_ACL, 'a network in an access list');
  const { af = 0, proto = 0, vaddr = new Uint8Array(), vport = 0, subject = new Uint8Array() } = entry;
  changeAcl(transport, kind, action, { af, proto, vaddr, vport }, { addr: subject, plen });
}

/** DPVS takes entries for services that do not exist and then never shows them. */
function warnWithoutService(session: Session, key: ServiceSpec): void {
  try {
    getService(session.transport, key);
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    if (isMissing(error)) session.stderr.write('warning: there is no such service; the entry waits for one\n');
  }
}

function addTo(kind: AclKind): Command {
  return (args, open) => {
    const entry = listEntry(args, kind);
    const session = open();
    const status = change(
      session,
      ACTIONS[kind].add,
      () => {
        changeEntry(session.transport, 'add', kind, entry);
      },
      args.given,
    );
    if (status === 0) warnWithoutService(session, serviceKey(requiredService(args.values)));
    return status;
  };
}

function deleteFrom(kind: AclKind): Command {
  return (args, open) => {
    const entry = listEntry(args, kind);
    const session = open();
    return change(
      session,
      ACTIONS[kind].del,
      () => {
        changeEntry(session.transport, 'del', kind, entry);
      },
      args.given,
    );
  };
}

function list(kind: AclKind): Command {
  return async (args, open) => (await import('./acl-list')).list(kind, args, open);
}

export const addDeny = addTo('deny');
export const deleteDeny = deleteFrom('deny');
export const listDeny = list('deny');
export const addAllow = addTo('allow');
export const deleteAllow = deleteFrom('allow');
export const listAllow = list('allow');
