// SPDX-License-Identifier: Apache-2.0
// DS_MSG_LIST_SERVICES: pages that make one consistent picture.
import { DaemonError, ProtocolError, type Transport } from '../client';
import { af, decode, decodeArray, EDPVS, encode, ext, MSG, offsetOf, sizeOf, type Structs } from '../codec';
import type { Limits } from './capabilities';
import { withCleanDest, type Dest } from './dest';
import { filtersDests, serviceFilterMembers, type ServiceFilter } from './filter';
import type { AclSubjectEntry, DestMore, Inventory, ListedLaddr, ListedService, ServiceMore, Wanted } from './listed';
import { CursorGuard, eachRecord, hasMore, listInfo, spanOf, type ListInfo, type Span } from './pages';
import { decodeListed, type Service } from './service';

interface Options {
  readonly index?: number | undefined;
  readonly filter?: ServiceFilter | undefined;
  readonly wanted: Wanted;
}

/** Walks that a changing configuration may spoil before the walk is given up. */
const ATTEMPTS = 5;
/** Bytes asked for when one reply shall hold everything and the daemon does not tell how much it sends. */
const WHOLE = 256 * 1024 * 1024;
/** More services than this are a broken reply. */
const MAX_SERVICES = 1 << 20;

/** Decodes what belongs to a service from the page that it came with. */
class PagedService implements ListedService {
  readonly problem = null;
  readonly #body: Buffer;
  readonly #at: number;
  readonly #len: number;
  #service: Service | undefined;
  spans: { [K in 'dests' | 'destsMore' | 'laddrs' | 'deny' | 'allow']?: Span } = {};
  moreAt: number | null = null;

  constructor(body: Buffer, at: number, len: number) {
    this.#body = body;
    this.#at = at;
    this.#len = len;
  }

  /** What names the service, to compare by. */
  get name(): string {
    return nameOf(this.#body, this.#at);
  }

  get service(): Service {
    this.#service ??= decodeListed(this.#body, this.#at, this.#len);
    return this.#service;
  }

  get dests(): readonly Dest[] {
    const span = this.spans.dests;
    return span === undefined ? [] : decodeArray('dp_vs_dest_compat', this.#body, span.at, span.count).map(withCleanDest);
  }

  get destsMore(): readonly DestMore[] | null {
    const span = this.spans.destsMore;
    return span === undefined ? null : decodeArray('ds_dest_more', this.#body, span.at, span.count);
  }

  get more(): ServiceMore | null {
    return this.moreAt === null ? null : decode('ds_service_more', this.#body, this.moreAt);
  }

  get laddrs(): readonly ListedLaddr[] | null {
    const span = this.spans.laddrs;
    return span === undefined ? null : decodeArray('ds_laddr', this.#body, span.at, span.count).map(laddrOf);
  }

  get deny(): readonly AclSubjectEntry[] | null {
    return this.#acl(this.spans.deny);
  }

  get allow(): readonly AclSubjectEntry[] | null {
    return this.#acl(this.spans.allow);
  }

  #acl(span: Span | undefined): AclSubjectEntry[] | null {
    if (span === undefined) return null;
    return decodeArray('ds_acl_entry', this.#body, span.at, span.count).map(({ subject, ipset }) => {
      if (subject.af !== af.AF_INET6) subject.addr.fill(0, 4);
      return { subject, ipset };
    });
  }
}

function laddrOf(laddr: Structs['ds_laddr']): ListedLaddr {
  if (laddr.af !== af.AF_INET6) laddr.addr.fill(0, 4);
  return laddr;
}

const LISTS: Readonly<Record<number, readonly [keyof PagedService['spans'], 'dp_vs_dest_compat' | 'ds_dest_more' | 'ds_laddr' | 'ds_acl_entry']>> = {
  [ext.DS_TLV_DESTS]: ['dests', 'dp_vs_dest_compat'],
  [ext.DS_TLV_DESTS_MORE]: ['destsMore', 'ds_dest_more'],
  [ext.DS_TLV_LADDRS]: ['laddrs', 'ds_laddr'],
  [ext.DS_TLV_DENY]: ['deny', 'ds_acl_entry'],
  [ext.DS_TLV_ALLOW]: ['allow', 'ds_acl_entry'],
};

type Places = Readonly<Record<'flags' | 'addr' | 'sched_name' | 'match' | 'num_dests' | 'num_laddrs', number>>;
let known: Places | undefined;

/** Where the members of a service are that are read before it is decoded. */
function places(): Places {
  const at = (member: keyof Places): number => offsetOf('dp_vs_service_compat', member);
  known ??= {
    flags: at('flags'), addr: at('addr'), sched_name: at('sched_name'), match: at('match'), num_dests: at('num_dests'),
    num_laddrs: at('num_laddrs'),
  }; // prettier-ignore
  return known;
}

/** Collects the services of a page and holds each against what it announces. */
function readServices(body: Buffer, options: Options): PagedService[] {
  const services: PagedService[] = [];
  let current: PagedService | undefined;
  let at = 0;
  const finish = (): void => {
    if (current !== undefined) check(current, body, at, options);
  };
  eachRecord(body, (type, start, len) => {
    if (type === ext.DS_TLV_SERVICE) {
      if (len < sizeOf.dp_vs_service_compat) throw new ProtocolError(`the reply has a service of ${len} bytes`);
      finish();
      at = start;
      current = new PagedService(body, start, len);
      services.push(current);
      return;
    }
    addToService(current, type, start, len);
  });
  finish();
  return services;
}

function addToService(service: PagedService | undefined, type: number, start: number, len: number): void {
  const list = LISTS[type];
  if (list === undefined && type !== ext.DS_TLV_SERVICE_MORE) return;
  if (service === undefined) throw new ProtocolError('the reply has something of a service before the first service');
  if (list === undefined) {
    if (len < sizeOf.ds_service_more) throw new ProtocolError(`the reply has ${len} bytes more of a service, ${sizeOf.ds_service_more} are needed`);
    service.moreAt = start;
    return;
  }
  const [member, struct] = list;
  if (service.spans[member] !== undefined) throw new ProtocolError(`the reply has two lists of ${struct} for one service`);
  service.spans[member] = spanOf(struct, start, len);
}

const NONE: Span = { at: 0, count: 0 };

/** Completes what may be left out when it is empty, and compares lengths. */
function check(service: PagedService, body: Buffer, at: number, { wanted, filter = {} }: Options): void {
  const { spans } = service;
  const announced = body.readUInt32LE(at + places().num_dests);
  if (wanted.dests === true) {
    const count = (spans.dests ??= NONE).count;
    const fits = filtersDests(filter) ? count > 0 && count <= announced : count === announced;
    if (!fits) throw new ProtocolError(`the reply has ${count} servers of a service that announces ${announced}`);
    if (wanted.more === true && (spans.destsMore ??= NONE).count !== count) {
      throw new ProtocolError(`the reply has ${count} servers of a service and more of ${spans.destsMore.count}`);
    }
  }
  if (wanted.laddrs === true) {
    const count = (spans.laddrs ??= NONE).count;
    const expected = body.readUInt32LE(at + places().num_laddrs);
    if (count !== expected) throw new ProtocolError(`the reply has ${count} local addresses of a service that announces ${expected}`);
  }
  if (wanted.acls === true) {
    spans.deny ??= NONE;
    spans.allow ??= NONE;
    const { more } = service;
    if (more !== null) compareAcl('denied', spans.deny.count, more.deny);
    if (more !== null) compareAcl('allowed', spans.allow.count, more.allow);
  }
}

function compareAcl(kind: string, count: number, announced: number): void {
  if (count !== announced) throw new ProtocolError(`the reply has ${count} ${kind} clients of a service that announces ${announced}`);
}

/** The bytes that name a service, as a text to compare by. */
function nameOf(body: Buffer, at: number): string {
  const { flags, addr, sched_name, match, num_dests } = places();
  const part = (start: number, end: number): string => body.toString('latin1', at + start, at + end);
  return part(0, flags) + part(addr, sched_name) + part(match, num_dests);
}

function wantBits({ dests, laddrs, acls, more }: Wanted): number {
  return (
    (dests === true ? ext.DS_LIST_WANT_DESTS : 0) |
    (laddrs === true ? ext.DS_LIST_WANT_LADDRS : 0) |
    (acls === true ? ext.DS_LIST_WANT_ACLS : 0) |
    (more === true ? ext.DS_LIST_WANT_MORE : 0)
  );
}

interface Page {
  readonly info: ListInfo;
  readonly services: readonly PagedService[];
}

function requestPage(transport: Transport, options: Options, maxBytes: number, cursor: Uint8Array): Page {
  const request = encode('ds_list_services', {
    ...serviceFilterMembers(options.filter ?? {}),
    want: wantBits(options.wanted),
    max_bytes: maxBytes,
    cursor,
    index: options.index ?? 0,
  });
  const body = transport.request(MSG.DS_MSG_LIST_SERVICES, 'get', request);
  return { info: listInfo(body), services: readServices(body, options) };
}

/** True when a filter says anything. */
function isFiltered(filter: ServiceFilter = {}): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

/** As requestPage; null when the daemon does not know the cursor, because it was started again. */
function nextPage(transport: Transport, options: Options, maxBytes: number, cursor: Uint8Array): Page | null {
  try {
    return requestPage(transport, options, maxBytes, cursor);
  } catch (error) {
    if (error instanceof DaemonError && error.code === EDPVS.EDPVS_INVAL && cursor.some((byte) => byte !== 0)) return null;
    throw error;
  }
}

/** All pages; null when the configuration changed between two of them. */
function walk(transport: Transport, options: Options, maxBytes: number): Inventory | null {
  const services: PagedService[] = [];
  const guard = new CursorGuard();
  let first: ListInfo | undefined;
  let cursor = new Uint8Array(16);
  for (;;) {
    const page = nextPage(transport, options, maxBytes, cursor);
    if (page === null) return null;
    const { info } = page;
    first ??= info;
    if (info.generation !== first.generation) return null;
    for (const service of page.services) services.push(service);
    if (info.total > MAX_SERVICES) throw new ProtocolError(`the daemon announces ${info.total} services`);
    if (info.total !== first.total || services.length > Number(info.total)) {
      throw new ProtocolError(`the daemon announces ${first.total} services and lists ${services.length} of ${info.total}`);
    }
    if (!hasMore(info)) break;
    guard.advance(info.cursor, page.services.length);
    cursor = Uint8Array.from(info.cursor);
  }
  const total = Number(first.total);
  if (!isFiltered(options.filter) && services.length !== total) {
    throw new ProtocolError(`the daemon announces ${total} services and lists ${services.length}`);
  }
  if (new Set(services.map(({ name }) => name)).size !== services.length) throw new ProtocolError('the daemon lists a service twice');
  return { generation: first.generation, total, services };
}

/**
 * All services that a filter lets through, of one generation of the configuration: when that changes between two pages
 * the walk starts again and asks for everything in one page, which is a snapshot.
 * @throws as Transport.request, ProtocolError
 */
export function fetchPagedInventory(transport: Transport, options: Options, limits: Limits | null): Inventory {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const inventory = walk(transport, options, attempt === 0 ? 0 : (limits?.maxPageBytes ?? WHOLE));
    if (inventory !== null) return inventory;
  }
  throw new ProtocolError(`the configuration changed during each of ${ATTEMPTS} attempts to list it; try again`);
}
