// SPDX-License-Identifier: Apache-2.0
// A daemon inside the test's process: services, servers, local addresses, access lists and connections in memory, behind
// the messages of old and, if told so, those of the extensions, with the codes that dpvs answers.
import { ClosedError, DaemonError, type FdTransport, type RequestType } from '../../src/ipc/client';
import { decode, EDPVS, encode, errorTexts, ext, messages, MSG, sizeOf, type Structs } from '../../src/ipc/codec';
import { Batches } from './memory/batch';
import { Configuration, type AclLists, type StoredService } from './memory/configuration';
import { LEGACY_GETS, type Answer, type StoredConn } from './memory/legacy-gets';
import { listConns, listServices, record } from './memory/lists';
import { MemoryFile, segmentBytes, segmentReply } from './memory/segment';

export type { StoredAcl, StoredDest, StoredLaddr, StoredService } from './memory/configuration';
export type { StoredConn } from './memory/legacy-gets';
export { record } from './memory/lists';
export { MemoryFile, segmentBytes } from './memory/segment';

/** All ids of the extensions. */
export const EXTENSIONS: readonly number[] = [
  MSG.DS_MSG_HELLO, MSG.DS_MSG_DROPS, MSG.DS_MSG_BATCH, MSG.DS_MSG_LIST_SERVICES, MSG.DS_MSG_LIST_CONNS, MSG.DS_MSG_STATS,
  MSG.DS_MSG_ACL, MSG.DS_MSG_TIMEOUTS,
]; // prettier-ignore

export interface MemoryDaemonOptions {
  /** true: all extensions; ids: these (with HELLO); false or absent: a daemon of old. */
  readonly extensions?: boolean | readonly number[];
  readonly workers?: number;
  /** Text in HELLO. */
  readonly version?: string;
  /** Number in INFO: major << 16 | minor << 8 | patch. */
  readonly infoVersion?: number;
  /** Names that services may have as scheduler. */
  readonly schedulers?: readonly string[];
  /** Names of devices for local addresses; absent: any name will do. */
  readonly devices?: readonly string[];
  /** Bytes of a page of services when the client has no wish. */
  readonly pageBytes?: number;
  readonly maxPageBytes?: number;
  /** Connections that are looked at for a page. */
  readonly maxPageConns?: number;
  readonly maxBatchBytes?: number;
  readonly maxBatchItems?: number;
  /** Called before each answer, after `requests` has the question: to change something meanwhile, or to throw. */
  readonly before?: (daemon: MemoryDaemon, request: SeenRequest) => void;
}

export interface SeenRequest {
  readonly id: number;
  readonly type: RequestType;
  readonly body: Buffer;
}

const SCHEDULERS = ['rr', 'wrr', 'wlc', 'lc', 'conhash', 'mh', 'sh', 'dh', 'fo', 'ovf'];
const NO_CONN: StoredConn = {
  in_af: 2, out_af: 2, proto: 6, caddr: new Uint8Array(16), vaddr: new Uint8Array(16), laddr: new Uint8Array(16), daddr: new Uint8Array(16),
  cport: 0, vport: 0, lport: 0, dport: 0, timeout: 90, lcoreid: 1, state: 'ESTABLISHED',
}; // prettier-ignore
let daemons = 0;

export class MemoryDaemon implements FdTransport {
  /** What it was asked, oldest first. */
  readonly requests: SeenRequest[] = [];
  /** In listing order; templates there are none. */
  readonly conns: StoredConn[] = [];
  /** Grows with every change. */
  generation = 1n;
  configuration: Configuration;
  bootId = Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? (daemons += 1) : i));
  readonly #options: MemoryDaemonOptions;
  readonly #ids: readonly number[];
  readonly #batches: Batches;
  #file: MemoryFile | undefined;

  constructor(options: MemoryDaemonOptions = {}) {
    const { extensions = false, schedulers = SCHEDULERS, devices } = options;
    this.#options = options;
    this.#ids = typeof extensions === 'boolean' ? (extensions ? EXTENSIONS : []) : [MSG.DS_MSG_HELLO, ...extensions];
    this.configuration = new Configuration({ schedulers, devices: devices ?? null });
    this.#batches = new Batches({ maxBatchBytes: options.maxBatchBytes ?? 16 << 20, maxBatchItems: options.maxBatchItems ?? 65_536 }, this);
  }

  /** Services in listing order. Tests may write to them, e.g. to counters. */
  get services(): StoredService[] {
    return this.configuration.list();
  }

  get acls(): AclLists {
    return this.configuration.acls;
  }

  /** Adds a connection; what is not given is that of an established one of worker 1. */
  addConn(conn: Partial<StoredConn>): void {
    this.conns.push({ ...NO_CONN, ...conn });
  }

  /** Ids of the requests so far. */
  get asked(): number[] {
    return this.requests.map(({ id }) => id);
  }

  request(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): Buffer {
    const request = { id, type, body: Buffer.from(body) };
    this.requests.push(request);
    this.#options.before?.(this, request);
    const answer = this.#answer(request);
    if (type === 'set') this.touch();
    if (typeof answer !== 'number') return answer;
    if (answer === EDPVS.EDPVS_OK) return Buffer.alloc(0);
    throw new DaemonError(id, answer, errorTexts[answer] ?? '<unknow>');
  }

  /** The statistics segment, which every change rewrites; the caller closes the descriptor. */
  requestFd(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): { readonly body: Buffer; readonly fd: number } {
    const reply = this.request(id, type, body);
    this.#file ??= new MemoryFile(this.#segment());
    this.touch();
    return { body: reply, fd: this.#file.share() };
  }

  /** Seconds. */
  timeouts = { tcp: 90, tcp_fin: 7, udp: 300 };

  /** Writes the counters of the services to the statistics segment, for tests that changed them. */
  touch(): void {
    this.#file?.write(this.#segment());
  }

  #answer({ id, type, body }: SeenRequest): Answer {
    const extension = id >= ext.DS_MSG_FIRST;
    // Daemons of old close the connection on ids that they do not know.
    if (extension && !this.#ids.includes(id)) throw new ClosedError(id, 0, sizeOf.dpvs_sock_msg_reply, 'header');
    if (extension && id !== MSG.DS_MSG_ACL) return this.#extended(id, type, body);
    if (type === 'get') {
      const { infoVersion = 0x010a02, workers = 2 } = this.#options;
      const state = { configuration: this.configuration, conns: this.conns, version: infoVersion, workers };
      return LEGACY_GETS[id]?.(state, body) ?? EDPVS.EDPVS_NOTSUPP;
    }
    const code = this.configuration.apply(id, body);
    if (code === EDPVS.EDPVS_OK) this.generation += 1n;
    return code;
  }

  #extended(id: number, type: RequestType, body: Buffer): Answer {
    switch (id) {
      case MSG.DS_MSG_HELLO:
        return this.#hello();
      case MSG.DS_MSG_BATCH:
        return this.#batches.request(body);
      case MSG.DS_MSG_LIST_SERVICES:
        return listServices(this.#lists(), body);
      case MSG.DS_MSG_LIST_CONNS:
        return listConns(this.#lists(), body);
      case MSG.DS_MSG_DROPS:
        return record(ext.DS_TLV_DROP, encode('ds_drop', { name: 'no-service', layer: 'lb', text: 'No service has the address.', packets: 7n, lcore: ext.DS_LCORE_ALL }));
      case MSG.DS_MSG_ACL:
        return this.configuration.apply(id, body);
      case MSG.DS_MSG_TIMEOUTS:
        if (type === 'get') return record(ext.DS_TLV_TIMEOUTS, encode('ds_timeouts', this.timeouts));
        this.#setTimeouts(body);
        return EDPVS.EDPVS_OK;
      case MSG.DS_MSG_STATS:
        return segmentReply(this.#segment().length);
      default:
        return EDPVS.EDPVS_NOTSUPP;
    }
  }

  #setTimeouts(body: Buffer): void {
    const { tcp, tcp_fin, udp } = decode('ds_timeouts', body);
    const now = this.timeouts;
    this.timeouts = { tcp: tcp || now.tcp, tcp_fin: tcp_fin || now.tcp_fin, udp: udp || now.udp };
  }

  #hello(): Buffer {
    const { version = '0.1.0', workers = 2, maxBatchBytes = 16 << 20, maxBatchItems = 65_536, maxPageBytes = 256 << 20, maxPageConns = 8192 } = this.#options;
    const info = { struct_version: 1, max_request_body: 1 << 20, features: BigInt(ext.DS_FEATURE_DROPS | ext.DS_FEATURE_RATES | ext.DS_FEATURE_CONN_LIMIT), generation: this.generation, boot_id: this.bootId, version };
    const lcores = Array.from({ length: workers + 1 }, (_, i) => encode('ds_lcore', { id: i, index: i, role: i === 0 ? 0 : 1 }));
    const ids = [...this.#ids, ...Object.values(messages).map(([old]) => old).filter((old) => old < ext.DS_MSG_FIRST)];
    const limits = { max_batch_bytes: maxBatchBytes, max_batch_items: maxBatchItems, max_page_bytes: maxPageBytes, max_page_conns: maxPageConns };
    return Buffer.concat([
      record(ext.DS_TLV_HELLO_INFO, encode('ds_hello_info', info)),
      ...lcores.map((lcore) => record(ext.DS_TLV_LCORE, lcore)),
      record(ext.DS_TLV_IDS, Buffer.from(Uint32Array.from(ids).buffer)),
      record(ext.DS_TLV_LIMITS, encode('ds_limits', limits)),
    ]);
  }

  #lists(): Parameters<typeof listServices>[0] {
    const { workers = 2, pageBytes = 256 << 10, maxPageBytes = 256 << 20, maxPageConns = 8192 } = this.#options;
    const { configuration, conns, generation } = this;
    return { configuration, conns, generation, workers, pageBytes, maxPageBytes, maxPageConns, statOf: (service, i) => this.#statOf(service, i) };
  }

  /** Servers are numbered through, service by service. */
  #statOf(service: StoredService, dest: number): number {
    let before = 0;
    for (const other of this.services) {
      if (other.serial === service.serial) break;
      before += other.dests.length;
    }
    return before + dest;
  }

  /** All counters are those of the first worker. */
  #segment(): Buffer {
    const { workers = 2 } = this.#options;
    const stats = this.services.flatMap(({ dests }) => dests.map(statOf));
    const parts = Array.from({ length: workers }, (_, i) => (i === 0 ? stats : stats.map(() => ({}))));
    return segmentBytes({ epoch: this.generation, generation: this.generation, bootId: this.bootId, dests: parts });
  }
}

function statOf({ stats, actconns: active, inactconns: inactive, persistconns: persistent }: Structs['dp_vs_dest_compat']): Structs['ds_stat_dest'] {
  const { conns, inpkts: in_packets, inbytes: in_bytes, outpkts: out_packets, outbytes: out_bytes } = stats;
  return { conns, in_packets, in_bytes, out_packets, out_bytes, active, inactive, persistent, overloaded: 0, closed: 0n };
}
