// SPDX-License-Identifier: Apache-2.0
// Changes that are one request and need no look at the daemon first: on their own, or as lines of a restore.
import { DaemonError, IpcError, type Transport } from '../../ipc/client';
import { deleteAclEntries, flushAcl, type AclKind } from '../../ipc/messages/acl';
import { capabilities, ext, MSG, requireFeature, requireMessage, UnsupportedError } from '../../ipc/messages/capabilities';
import { addDest, deleteDest, editDest, listDests, type DestSpec } from '../../ipc/messages/dest';
import { EDPVS, isUnsupported } from '../../ipc/messages/failures';
import { addLaddr, flushLaddrs, type LocalAddress } from '../../ipc/messages/laddr';
import type { AclSubjectEntry } from '../../ipc/messages/list';
import { addService, deleteService, flushServices, getService, zeroService, type ServiceSpec } from '../../ipc/messages/service';
import { AF_UNSPEC, compareAddress } from '../parse/address';
import { hostMask } from '../parse/netmask';
import { formatEndpoint } from '../render/address';
import type { Arguments } from './arguments';
import { addToDevice, changeDevice, deleteFromDevice } from './device';
import { changeStatus, isMissing, type Action } from './failure';
import type { Column } from './options';
import { aclOwner, aclSubject, changeList, isNetwork, localAddress, newService, requiredService, serverRequest, serviceKey } from './requests';
import { tell, type Session } from './session';
import { isTolerated } from './tolerance';

export interface Change {
  readonly action: Action;
  /** Asks for it. @throws as Transport.request */
  request(transport: Transport): void;
  /** Another way, for daemons that do not know that request. It may ask questions. @throws as Transport.request */
  otherwise?(transport: Transport): void;
  /** The service that it is about; absent: all of them. */
  readonly service?: ServiceSpec;
  /** The server that it is about. */
  readonly dest?: DestSpec;
  /** A local address, which its device gets first. */
  readonly device?: LocalAddress;
  /** The list entry that it is about. */
  readonly entry?: AclSubjectEntry;
  /** Options that may allow for a refusal: --if-exists, --if-not-exists. */
  readonly given: ReadonlySet<Column>;
  /** What its user should know before. */
  readonly warning?: string;
}

function isAbsent(transport: Transport, service: ServiceSpec): boolean {
  try {
    getService(transport, service);
    return false;
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    return isMissing(error);
  }
}

type Given = ReadonlySet<Column>;

export const NO_OPTIONS: Given = new Set();

export function addServiceChange(service: ServiceSpec, given: Given): Change {
  return { action: 'add-service', service, given, request: (transport) => void addService(transport, service) };
}

function destChange(args: Arguments, action: Action, request: typeof addDest): Change {
  const { service, dest } = serverRequest(args);
  return { action, service, dest, given: args.given, request: (transport) => void request(transport, service, dest) };
}

export function addDestChange(service: ServiceSpec, dest: DestSpec, given: Given): Change {
  return { action: 'add-dest', service, dest, given, request: (transport) => void addDest(transport, service, dest) };
}

const LIST_ACTIONS: Readonly<Record<AclKind, Readonly<Record<'add' | 'del', Action>>>> = {
  deny: { add: 'add-deny', del: 'delete-deny' },
  allow: { add: 'add-allow', del: 'delete-allow' },
};

/** @param service its address, port and protocol name the list */
export function listChange(kind: AclKind, what: 'add' | 'del', service: ServiceSpec, entry: AclSubjectEntry, given: Given): Change {
  const owner = aclOwner(service);
  return { action: LIST_ACTIONS[kind][what], service, entry, given, request: (transport) => void changeList(transport, kind, what, owner, entry) };
}

function entryChange({ values, given }: Arguments, kind: AclKind, what: 'add' | 'del'): Change {
  const subject = kind === 'deny' ? values.deny : values.allow;
  if (subject === undefined) throw new Error('a command that needs a list entry was run without one');
  return listChange(kind, what, serviceKey(requiredService(values)), aclSubject(subject), given);
}

function flushChange({ values, given }: Arguments, kind: AclKind): Change {
  const service = serviceKey(requiredService(values));
  const owner = aclOwner(service);
  const action = kind === 'deny' ? 'flush-deny' : 'flush-allow';
  const otherwise = (transport: Transport): void => {
    deleteAclEntries(transport, kind, owner);
  };
  return { action, service, given, request: (transport) => void flushAcl(transport, kind, owner), otherwise };
}

export function laddrChange(service: ServiceSpec, device: LocalAddress, given: Given): Change {
  return { action: 'add-laddr', service, device, given, request: (transport) => void addLaddr(transport, service, device) };
}

const ZERO_ALL = 'warning: DPVS zeroes the counters of all services when the port is 0\n';

function zeroChange({ values: { service }, given }: Arguments): Change {
  // No family means all services.
  const key = service === undefined ? { af: AF_UNSPEC, netmask: hostMask(AF_UNSPEC) } : serviceKey(service);
  const portless = service?.kind === 'address' && service.port === 0;
  return { action: 'zero', given, ...(portless ? { warning: ZERO_ALL } : {}), request: (transport) => void zeroService(transport, key) };
}

/**
 * What a command line changes; null when it is no change, or one that depends on how things are.
 * @throws UsageError when the parts of a service do not fit together
 */
export function changeOf(args: Arguments): Change | null {
  const { given } = args;
  switch (args.command.id) {
    case 'add-service':
      return addServiceChange(newService(args), given);
    case 'delete-service': {
      const service = serviceKey(requiredService(args.values));
      return { action: 'delete-service', service, given, request: (transport) => void deleteService(transport, service) };
    }
    case 'clear':
      return { action: 'flush', given, request: flushServices };
    case 'zero':
      return zeroChange(args);
    case 'add-server':
      return destChange(args, 'add-dest', addDest);
    case 'edit-server':
      return destChange(args, 'edit-dest', editDest);
    case 'delete-server':
      return destChange(args, 'delete-dest', deleteDest);
    case 'add-laddr':
      return laddrChange(serviceKey(requiredService(args.values)), localAddress(args.values), given);
    case 'add-blklst':
      return entryChange(args, 'deny', 'add');
    case 'del-blklst':
      return entryChange(args, 'deny', 'del');
    case 'add-whtlst':
      return entryChange(args, 'allow', 'add');
    case 'del-whtlst':
      return entryChange(args, 'allow', 'del');
    case 'flush-laddr': {
      const service = serviceKey(requiredService(args.values));
      // The addresses stay on their devices, where other services may use them.
      return { action: 'flush-laddrs', service, given, request: (transport) => void flushLaddrs(transport, service) };
    }
    case 'flush-blklst':
      return flushChange(args, 'deny');
    case 'flush-whtlst':
      return flushChange(args, 'allow');
    default:
      return null;
  }
}

/** People leave out -b with -e, which turns the server's port into the service's: say which ports there are. */
function hintOtherPorts({ transport, stderr }: Session, service: ServiceSpec, { af = 0, addr, port }: DestSpec): void {
  if (addr === undefined) return;
  let ports: number[];
  try {
    const found = getService(transport, { ...service, flags: 0 });
    const servers = listDests(transport, found) ?? [];
    ports = servers.filter((other) => other.af === af && compareAddress(af, other.addr, addr) === 0).map((other) => other.port);
  } catch (error) {
    if (error instanceof IpcError) return;
    throw error;
  }
  if (ports.length === 0 || ports.includes(port ?? 0)) return;
  const endpoints = ports.map((other) => formatEndpoint(af, addr, other, 0)).join(', ');
  stderr.write(`hint: the service has ${endpoints}; repeat its forwarding option (-b, -m ...) and its port\n`);
}

/** True for entries of lists, which are taken even if their service does not exist. */
export function waitsForService(change: Change): change is Change & { readonly service: ServiceSpec } {
  return change.service !== undefined && (change.action === 'add-deny' || change.action === 'add-allow');
}

/** DPVS takes entries for services that do not exist and then never shows them. */
export function warnWithoutService(session: Session, service: ServiceSpec): void {
  if (isAbsent(session.transport, service)) session.stderr.write('warning: there is no such service; the entry waits for one\n');
}

/**
 * Daemons that do not know limits would not say that they do not hold them, and one that is less than a connection for each
 * worker would be refused without a reason.
 * @throws UnsupportedError
 */
export function requireLimit(transport: Transport, { conn_limit: limit = 0 }: ServiceSpec): void {
  if (limit === 0) return;
  const known = capabilities(transport);
  requireFeature(known, ext.DS_FEATURE_CONN_LIMIT, '--conn-limit');
  const workers = known.hello?.lcores.filter(({ role }) => role === 'worker').length ?? 0;
  if (limit >= workers) return;
  throw new UnsupportedError(MSG.DPVS_SO_SET_ADD, `--conn-limit ${limit} is too low: ${workers} workers share it, and each needs at least one connection`);
}

/** What is found out about a daemon before a change is sent. @throws UnsupportedError */
export function requireFor(transport: Transport, change: Change): void {
  if (change.service !== undefined) requireLimit(transport, change.service);
  if (change.entry !== undefined && isNetwork(change.entry)) requireMessage(capabilities(transport), MSG.DS_MSG_ACL, 'a network in a deny or allow list');
}

/** Tells why a change was refused, unless that is no failure. @returns the exit status */
export function refused(session: Session, change: Change, error: unknown): number {
  const { action, service, dest, given } = change;
  if (error instanceof DaemonError && isTolerated(given, action, error.code)) return 0;
  const isGone = error instanceof DaemonError && error.code === EDPVS.EDPVS_NOTEXIST;
  if (isGone && service !== undefined && dest !== undefined && action !== 'add-dest') hintOtherPorts(session, service, dest);
  tell(session, action, error);
  return changeStatus(error);
}

function ask(transport: Transport, change: Change): void {
  try {
    change.request(transport);
  } catch (error) {
    if (change.otherwise === undefined || !isUnsupported(error)) throw error;
    change.otherwise(transport);
  }
}

/** Makes a change, with one message for each of its parts. @returns the exit status */
export function make(session: Session, change: Change): number {
  const { device, warning } = change;
  if (warning !== undefined) session.stderr.write(warning);
  const isNew = device !== undefined && changeDevice(session, addToDevice, device);
  try {
    requireFor(session.transport, change);
    ask(session.transport, change);
  } catch (error) {
    const status = refused(session, change, error);
    if (isNew) changeDevice(session, deleteFromDevice, device);
    return status;
  }
  if (waitsForService(change)) warnWithoutService(session, change.service);
  return 0;
}
