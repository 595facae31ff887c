// SPDX-License-Identifier: Apache-2.0
// -U -V -B and -O -Y -W
import { IpcError } from '../../../ipc/client';
import { addAclEntry, deleteAclEntry, listAclEntries, type AclEntry, type AclKind } from '../../../ipc/messages/acl';
import { getService, listServices, type ServiceSpec } from '../../../ipc/messages/service';
import { AF_UNSPEC } from '../../parse/address';
import { formatEndpoint, formatIp } from '../../render/address';
import { left } from '../../render/columns';
import type { Arguments } from '../arguments';
import { EXIT_LIST } from '../errors';
import { isMissing, type Action } from '../failure';
import { aclEntry, requiredService, serviceKey } from '../requests';
import { subjectText } from '../rules';
import { protocolText } from '../service-text';
import { attempt, change, type Command, type Session } from '../session';

const ACTIONS: Readonly<Record<AclKind, { readonly add: Action; readonly del: Action; readonly get: Action }>> = {
  deny: { add: 'add-deny', del: 'delete-deny', get: 'get-deny' },
  allow: { add: 'add-allow', del: 'delete-allow', get: 'get-allow' },
};

const TITLES: Readonly<Record<AclKind, string>> = { deny: 'BLACKLIST', allow: 'WHITELIST' };

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

function row(proto: string, virtual: string, subject: string): string {
  return `${left(proto, 8)} ${left(virtual, 30)} ${left(subject, 30)}\n`;
}

/** The table of a list; the title stands even if it is empty. */
export function aclTable(kind: AclKind, entries: readonly AclEntry[]): string {
  const rows = entries.map((entry) => {
    const virtual = formatEndpoint(entry.af, entry.vaddr, entry.vport, entry.proto);
    return row(protocolText(entry.proto), virtual, subjectText(entry));
  });
  return row('PROTO', 'VIP:VPORT', TITLES[kind]) + rows.join('');
}

function grouped(entries: readonly AclEntry[], services: readonly ServiceSpec[]): AclEntry[] {
  const entriesOf = entriesByService(entries);
  return [...new Set(services.flatMap(entriesOf))];
}

function list(kind: AclKind): Command {
  return (args, open) => {
    const session = open();
    const { transport } = session;
    const { service } = args.values;
    const services =
      service === undefined
        ? attempt(session, 'get-services', () => listServices(transport, 0, session.info()).services)
        : [serviceKey(service)];
    if (services === null) return EXIT_LIST;
    const entries = attempt(session, ACTIONS[kind].get, () => listAclEntries(transport, kind));
    if (entries === null) return EXIT_LIST;
    session.stdout.write(aclTable(kind, grouped(entries, services)));
    return 0;
  };
}

export const addDeny = addTo('deny');
export const deleteDeny = deleteFrom('deny');
export const listDeny = list('deny');
export const addAllow = addTo('allow');
export const deleteAllow = deleteFrom('allow');
export const listAllow = list('allow');
