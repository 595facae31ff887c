// SPDX-License-Identifier: Apache-2.0
import { DaemonError, SocketTransport, type Transport } from '../ipc/client';
import type { AclKind } from '../ipc/messages/acl';
import { BatchRecorder, BATCH_SKIPPED, sendBatch, type BatchResult } from '../ipc/messages/batch';
import { sendInBatches } from '../ipc/messages/batch-split';
import { capabilities, forgetCapabilities, MSG } from '../ipc/messages/capabilities';
import { listDrops, type Drop } from '../ipc/messages/drops';
import { errorTexts } from '../ipc/messages/failures';
import { getInfo } from '../ipc/messages/info';
import { countConnections, fetchInventory, walkConnections, type ListedService, type Wanted } from '../ipc/messages/list';
import { Changes } from './changes';
import { connectionFilter, connectionOf, countOf, type Connection, type ConnectionCount, type ConnectionFilter } from './connections';
import { keyFilter, keyOf, keySpec, matchText, type ServiceKey } from './key';
import * as network from './network';
import type { DeviceAddress, Link, NeighbourEntry, Route } from './network';
import { filterSpec, serviceOf, type AccessEntry, type LocalAddress, type ServiceFilter, type VirtualService } from './service';
import { compareStatistics, listStatistics, StatisticsReader, type Statistics, type StatisticsChange } from './statistics';
import { integerOf, type Family } from './values';

export interface ClientOptions {
  /** Path of the control socket. Default: DPVS_IPC_FILE of the environment, else /var/run/dpvs.ipc. */
  readonly socket?: string | undefined;
  /** For each request, in milliseconds. Default: 30 000. */
  readonly timeout?: number | undefined;
  /** What requests go through in place of a socket, for tests. */
  readonly transport?: Transport | undefined;
}

/** Who the daemon is. */
export interface DaemonDescription {
  /** "dpvs-suite 0.1.0", "dpvs v1.10.2". */
  readonly name: string;
  /** null: a daemon without extensions, as with the rest. */
  readonly bootId: string | null;
  /** Of the configuration; grows with every change. */
  readonly generation: bigint | null;
  /** Number of workers; null when the daemon is too old to tell. */
  readonly workers: number | null;
  /** Batches are one message, and atomic if that is wanted. */
  readonly batches: boolean;
  /** Lists are filtered by the daemon, and of one moment. */
  readonly lists: boolean;
  /** Counters are read from shared memory. */
  readonly sharedStatistics: boolean;
}

export interface ServiceListOptions {
  readonly filter?: ServiceFilter | undefined;
  /** Local addresses too. */
  readonly localAddresses?: boolean | undefined;
  /** Deny and allow lists too. */
  readonly accessLists?: boolean | undefined;
  /** Index of a lcore (1: the first worker) whose counters are wanted. Default: 0, sums over all. */
  readonly lcore?: number | undefined;
}

export interface BatchSettings {
  /** All changes or none. @throws UnsupportedError from daemons without batches */
  readonly atomic?: boolean | undefined;
  /** Only says what would happen. Implies atomic. */
  readonly dryRun?: boolean | undefined;
  /** Nothing after the first change that fails. */
  readonly stopAtFailure?: boolean | undefined;
}

/** What became of the changes of a batch. */
export interface BatchReport {
  readonly applied: number;
  readonly failed: number;
  /** What succeeded is in force. */
  readonly committed: boolean;
  /** Of each change, in order: null when it succeeded, 'skipped', or why it failed. */
  readonly outcomes: readonly (null | 'skipped' | DaemonError)[];
}

export interface WatchOptions {
  /** Milliseconds between two statistics. Default: 1000. */
  readonly interval?: number | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

const MAX_INTERVAL = 0x7fff_ffff;
const MAX_LCORE = 255;

/**
 * A dpvs daemon, ours or DPVS v1.10 itself. Methods block until the daemon has answered, usually for some hundred
 * microseconds; nothing stays open between two calls. What daemons of old cannot do is done by their messages where that
 * gives the same result, and is an UnsupportedError where it does not.
 *
 * @example
 * ```ts
 * const client = new DpvsClient();
 * client.addService({ protocol: 'tcp', address: '192.0.2.1', port: 80 }, { scheduler: 'wrr' });
 * for (const service of client.services()) console.log(service.counters.connections);
 * ```
 */
export class DpvsClient extends Changes {
  /** What requests go through. */
  readonly transport: Transport;

  constructor(options: ClientOptions = {}) {
    const { socket, timeout, transport } = options;
    const chosen =
      transport ?? new SocketTransport({ ...(socket === undefined ? {} : { path: socket }), ...(timeout === undefined ? {} : { timeoutMs: timeout }) });
    super(chosen, chosen);
    this.transport = chosen;
  }

  /** Asks the daemon who it is. @throws ConnectError and other IpcErrors, as all methods */
  hello(): DaemonDescription {
    forgetCapabilities(this.transport);
    const caps = capabilities(this.transport);
    const { hello } = caps;
    const workers = hello === null ? getInfo(this.transport).workers : hello.lcores.filter(({ role }) => role === 'worker').length;
    return {
      name: caps.daemon(),
      bootId: hello?.bootId ?? null,
      generation: hello?.generation ?? null,
      workers,
      batches: caps.serves(MSG.DS_MSG_BATCH),
      lists: caps.serves(MSG.DS_MSG_LIST_SERVICES),
      sharedStatistics: caps.serves(MSG.DS_MSG_STATS),
    };
  }

  /** All services, or those that a filter wants, with their servers: one consistent picture where the daemon can give it. */
  services(options: ServiceListOptions = {}): VirtualService[] {
    const { filter = {}, localAddresses, accessLists, lcore = 0 } = options;
    const wanted = { dests: true, more: true, laddrs: localAddresses, acls: accessLists };
    const index = integerOf('lcore', lcore, 0, MAX_LCORE);
    return fetchInventory(this.transport, { wanted, index, filter: filterSpec(filter) }).services.map(serviceOf);
  }

  /** One service with everything that belongs to it; null when there is none. */
  service(key: ServiceKey): VirtualService | null {
    const found = this.#find(key, { dests: true, more: true, laddrs: true, acls: true });
    return found === null ? null : serviceOf(found);
  }

  /** @returns null when there is no such service */
  localAddresses(key: ServiceKey): readonly LocalAddress[] | null {
    const found = this.#find(key, { laddrs: true });
    if (found?.problem) throw found.problem;
    return found === null ? null : serviceOf(found).localAddresses;
  }

  /** @returns null when there is no such service */
  accessList(key: ServiceKey, kind: AclKind): readonly AccessEntry[] | null {
    const found = this.#find(key, { acls: true });
    return found === null ? null : serviceOf(found)[kind];
  }

  /**
   * Connections, fetched page by page as they are read, because there may be more than fit into memory.
   * @param options details: counters and age, where the daemon has them
   */
  *connections(filter: ConnectionFilter = {}, options: { readonly details?: boolean } = {}): Generator<Connection, void> {
    for (const page of walkConnections(this.transport, { filter: connectionFilter(filter), more: options.details })) {
      yield* page.map(connectionOf);
    }
  }

  /** How many connections there are, by service, server, state and lcore. */
  connectionSummary(filter: ConnectionFilter = {}): ConnectionCount[] {
    return countConnections(this.transport, connectionFilter(filter)).map(countOf);
  }

  /**
   * Sends many changes in one message, or as few as the daemon takes. Daemons of old get them one by one.
   * @param write makes the changes on what it is given; questions that they need are asked at once
   * @throws UnsupportedError for atomic and dryRun where the daemon has no batches
   *
   * @example
   * ```ts
   * client.batch((changes) => {
   *   changes.addService(web, { scheduler: 'wrr' });
   *   changes.addServer(web, { address: '10.0.0.1', port: 8080, weight: 100 });
   * }, { atomic: true });
   * ```
   */
  batch(write: (changes: Changes) => void, settings: BatchSettings = {}): BatchReport {
    const { atomic = false, dryRun = false, stopAtFailure: stop = false } = settings;
    const recorder = new BatchRecorder();
    write(new Changes(this.transport, recorder));
    const { items } = recorder;
    const whole = atomic || dryRun;
    const result = whole ? sendBatch(this.transport, items, { atomic, dryRun, stop }) : sendInBatches(this.transport, items, { stop });
    return report(result, items);
  }

  /** Counters of all services and servers since they were last zeroed. */
  statistics(): Statistics {
    return listStatistics(this.transport);
  }

  /**
   * Counters and rates again and again, until the loop is left or the signal aborts. From daemons with shared statistics
   * this costs nothing but reading memory.
   *
   * @example
   * ```ts
   * for await (const { services } of client.watch({ interval: 1000 })) console.log(services.map(({ rates }) => rates.inBytes));
   * ```
   */
  async *watch(options: WatchOptions = {}): AsyncGenerator<StatisticsChange, void> {
    const { interval = 1000, signal } = options;
    const ms = integerOf('interval', interval, 1, MAX_INTERVAL);
    const reader = new StatisticsReader(this.transport);
    try {
      let before = reader.read();
      while (await pause(ms, signal)) {
        const now = reader.read();
        yield compareStatistics(now, before);
        before = now;
      }
    } finally {
      reader.close();
    }
  }

  /** Packets dropped by reason. @throws ClosedError from daemons that do not count them */
  drops(options: { readonly perLcore?: boolean } = {}): Drop[] {
    return listDrops(this.transport, options);
  }

  /** Devices and their counters. */
  links(): Link[] {
    return network.links(this.transport);
  }

  /** Addresses of all devices, or of one. */
  addresses(device?: string): DeviceAddress[] {
    return network.addresses(this.transport, device);
  }

  addAddress(address: DeviceAddress): void {
    network.addAddress(this.transport, network.addressSpec(address));
  }

  deleteAddress(address: DeviceAddress): void {
    network.deleteAddress(this.transport, network.addressSpec(address));
  }

  /** Routes of all devices, or of one. */
  routes(family: Family = 'ipv4', device?: string): Route[] {
    return network.routes(this.transport, family, device);
  }

  addRoute(route: Route): void {
    network.changeRoute(this.transport, route, 'add');
  }

  deleteRoute(route: Route): void {
    network.changeRoute(this.transport, route, 'delete');
  }

  /** Neighbours (ARP and ND) of all devices, or of one. */
  neighbours(device?: string): NeighbourEntry[] {
    return network.neighbours(this.transport, device);
  }

  /** Adds a static neighbour. */
  addNeighbour(entry: { readonly address: string; readonly mac: string; readonly device: string }): void {
    network.addNeighbour(this.transport, network.neighbourSpec(entry));
  }

  deleteNeighbour(entry: { readonly address: string; readonly device: string }): void {
    network.deleteNeighbour(this.transport, network.neighbourSpec(entry));
  }

  #find(key: ServiceKey, wanted: Wanted): ListedService | null {
    const { services } = fetchInventory(this.transport, { wanted, filter: keyFilter(key) });
    if (!('match' in key)) return services[0] ?? null;
    const name = matchText(keySpec(key).match);
    return services.find(({ service }) => matchText(keySpec(keyOf(service)).match) === name) ?? null;
  }
}

function report({ applied, failed, committed, codes }: BatchResult, items: readonly { readonly id: number }[]): BatchReport {
  const outcomes = Array.from(codes, (code, i) => {
    if (code === 0) return null;
    return code === BATCH_SKIPPED ? 'skipped' : new DaemonError(items[i]?.id ?? 0, code, errorTexts[code] ?? '<unknow>');
  });
  return { applied, failed, committed, outcomes };
}

/** False when the signal aborted. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve(signal?.aborted !== true);
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
