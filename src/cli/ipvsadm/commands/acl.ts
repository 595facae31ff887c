// SPDX-License-Identifier: Apache-2.0
// -U -V and -O -Y; -B and -W are in acl-list.ts
import { IpcError } from '../../../ipc/client';
import { addAclEntry, deleteAclEntry, type AclKind } from '../../../ipc/messages/acl';
import { getService, type ServiceSpec } from '../../../ipc/messages/service';
import type { Arguments } from '../arguments';
import { isMissing, type Action } from '../failure';
import { aclEntry, requiredService, serviceKey } from '../requests';
import { change, type Command, type Session } from '../session';

const ACTIONS: Readonly<Record<AclKind, { readonly add: Action; readonly del: Action }>> = {
  deny: { add: 'add-deny', del: 'delete-deny' },
  allow: { add: 'add-allow', del: 'delete-allow' },
};

function entryOf(args: Arguments, kind: AclKind): ReturnType<typeof aclEntry> {
  const subject = kind === 'deny' ? args.values.deny : args.values.allow;
  if (subject === undefined) throw new Error('a command that needs a list entry was run without one');
  return aclEntry(requiredService(args.values), subject);
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
    const entry = entryOf(args, kind);
    const session = open();
    const status = change(session, ACTIONS[kind].add, () => {
      addAclEntry(session.transport, kind, entry);
    });
    if (status === 0) warnWithoutService(session, serviceKey(requiredService(args.values)));
    return status;
  };
}

function deleteFrom(kind: AclKind): Command {
  return (args, open) => {
    const entry = entryOf(args, kind);
    const session = open();
    return change(session, ACTIONS[kind].del, () => {
      deleteAclEntry(session.transport, kind, entry);
    });
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
