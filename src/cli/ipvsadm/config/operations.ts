// SPDX-License-Identifier: Apache-2.0
// What is asked of the daemon for changes that must happen together: each request is chosen by what the configuration
// will be when its turn comes, because in such a batch nothing may be refused, not even what would do no harm.
import type { Transport } from '../../../ipc/client';
import { deleteLaddr, addLaddr, type LocalAddress } from '../../../ipc/messages/laddr';
import { editService, type ServiceSpec } from '../../../ipc/messages/service';
import type { Arguments } from '../arguments';
import { requireFor, requireLimit, type Change } from '../change';
import { addToDevice, deleteFromDevice } from '../device';
import type { Action } from '../failure';
import { addressId, destId, subjectId } from '../identity';
import type { Column } from '../options';
import { localAddress, mergedService, newService, requiredService, serviceKey, type WholeService } from '../requests';
import { listOf, type Configuration } from './model';

/** One request. */
export interface Step {
  /** What a refusal of it is a refusal of. */
  readonly action: Action;
  request(transport: Transport): void;
  /** It is about the address of a device, which services do not depend on. */
  readonly device?: true;
}

/** A change that needs nothing of a device. */
export function stepOf(change: Change): Step {
  return { action: change.action, request: (transport) => void change.request(transport) };
}

/** Requests for a local address with what its device needs; the configuration is changed likewise. */
export function addLocal(configuration: Configuration, service: ServiceSpec, local: LocalAddress): Step[] {
  configuration.find(service)?.laddrs.set(addressId(local), local);
  const step: Step = { action: 'add-laddr', request: (transport) => void addLaddr(transport, service, local) };
  if (configuration.hasDevice(local)) return [step];
  configuration.addDevice(local);
  return [{ action: 'add-laddr', device: true, request: (transport) => void addToDevice(transport, local) }, step];
}

/** Takes the address from its device if no service needs it any more. */
export function leaveDevice(configuration: Configuration, local: LocalAddress): Step[] {
  if (configuration.uses(local) || !configuration.hasDevice(local)) return [];
  configuration.deleteDevice(local);
  return [{ action: 'delete-laddr', device: true, request: (transport) => void deleteFromDevice(transport, local) }];
}

/** Requests that take a local address away. */
export function deleteLocal(configuration: Configuration, service: ServiceSpec, local: LocalAddress): Step[] {
  configuration.find(service)?.laddrs.delete(addressId(local));
  const step: Step = { action: 'delete-laddr', request: (transport) => void deleteLaddr(transport, service, local) };
  return [step, ...leaveDevice(configuration, local)];
}

function isTolerant(given: ReadonlySet<Column>): boolean {
  return given.has('if-exists') || given.has('if-not-exists');
}

type Effect = (configuration: Configuration, change: Change) => boolean;

function put(map: Map<string, unknown> | undefined, id: string, value: unknown): boolean {
  if (map === undefined || map.has(id)) return false;
  map.set(id, value);
  return true;
}

const editEntry: Effect = (configuration, { action, service = {}, entry }) => {
  const state = configuration.find(service);
  if (state === undefined || entry === undefined) return false;
  const list = listOf(state, action === 'add-deny' || action === 'delete-deny' ? 'deny' : 'allow');
  const id = subjectId(entry);
  return action === 'add-deny' || action === 'add-allow' ? put(list, id, entry) : list.delete(id);
};

const editServer: Effect = (configuration, { service = {}, dest = {} }) => {
  const servers = configuration.find(service)?.servers;
  if (servers?.has(destId(dest)) !== true) return false;
  servers.set(destId(dest), dest);
  return true;
};

/** Changes the configuration as a change will; @returns false when there is nothing to do, or when it will be refused. */
const EFFECTS: Readonly<Partial<Record<Action, Effect>>> = {
  'add-service': (configuration, { service = {} }) => {
    if (configuration.find(service) !== undefined) return false;
    configuration.put(service as WholeService);
    return true;
  },
  'delete-service': (configuration, { service = {} }) => configuration.delete(service),
  flush: (configuration) => {
    configuration.services.clear();
    return true;
  },
  'add-dest': (configuration, { service = {}, dest = {} }) => put(configuration.find(service)?.servers, destId(dest), dest),
  'edit-dest': editServer,
  'delete-dest': (configuration, { service = {}, dest = {} }) => configuration.find(service)?.servers.delete(destId(dest)) ?? false,
  'flush-laddrs': (configuration, { service = {} }) => {
    configuration.find(service)?.laddrs.clear();
    return true;
  },
  'flush-deny': (configuration, { service = {} }) => {
    configuration.find(service)?.deny.clear();
    return true;
  },
  'flush-allow': (configuration, { service = {} }) => {
    configuration.find(service)?.allow.clear();
    return true;
  },
  'add-deny': editEntry,
  'add-allow': editEntry,
  'delete-deny': editEntry,
  'delete-allow': editEntry,
};

function stepsOfChange(configuration: Configuration, change: Change): Step[] {
  const { action, service, device } = change;
  if (device !== undefined && service !== undefined) {
    const has = configuration.find(service)?.laddrs.has(addressId(device)) === true;
    return has && isTolerant(change.given) ? [] : addLocal(configuration, service, device);
  }
  const does = EFFECTS[action]?.(configuration, change) ?? true;
  if (!does && isTolerant(change.given) && isSettled(configuration, change)) return [];
  return [stepOf(change)];
}

/** True when there is nothing to do, as opposed to what cannot be done: adding to a service that does not exist. */
function isSettled(configuration: Configuration, { action, service = {} }: Change): boolean {
  return !['add-dest', 'add-deny', 'add-allow'].includes(action) || configuration.find(service) !== undefined;
}

/** What a command line asks for cannot be done, as is known without asking the daemon. */
export class Impossible {
  constructor(
    readonly action: Action,
    readonly message: string,
  ) {}
}

function stepsOfEdit(transport: Transport, configuration: Configuration, args: Arguments): Step[] | Impossible {
  const state = configuration.find(newService(args));
  if (state === undefined) return args.given.has('if-exists') ? [] : new Impossible('get-service', 'No such service');
  const service = mergedService(state.service, args);
  requireLimit(transport, service);
  state.service = service;
  return [{ action: 'edit-service', request: (batch) => void editService(batch, service) }];
}

function stepsOfDelete(configuration: Configuration, args: Arguments): Step[] {
  const service = serviceKey(requiredService(args.values));
  const local = localAddress(args.values);
  const has = configuration.find(service)?.laddrs.has(addressId(local)) === true;
  return !has && args.given.has('if-exists') ? [] : deleteLocal(configuration, service, local);
}

/** True when what a command line asks for can be said in requests of a batch. */
export function isBatchable({ command: { id } }: Arguments, change: Change | null): boolean {
  return change !== null || id === 'edit-service' || id === 'del-laddr';
}

/** True when its requests depend on the configuration. */
export function needsConfiguration(change: Change | null): boolean {
  return change === null || change.device !== undefined || isTolerant(change.given);
}

/**
 * The requests of a command line, and the configuration as it will be after them.
 * @param configuration is changed
 * @throws UsageError for options that do not fit the service that they edit, UnsupportedError
 */
export function stepsOf(transport: Transport, configuration: Configuration, args: Arguments | null, change: Change | null): Step[] | Impossible {
  if (change !== null) {
    requireFor(transport, change);
    return stepsOfChange(configuration, change);
  }
  if (args === null) return [];
  return args.command.id === 'edit-service' ? stepsOfEdit(transport, configuration, args) : stepsOfDelete(configuration, args);
}
