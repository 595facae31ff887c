// SPDX-License-Identifier: Apache-2.0
// Connections, filtered by the daemon if it can (DS_MSG_LIST_CONNS), and how many of them there are.
import { ProtocolError, type Transport } from '../client';
import { af, decodeArray, encode, ext, MSG, type Structs } from '../codec';
import { capabilities } from './capabilities';
import { walkConns, type Conn } from './conn';
import { connFilterMembers, matchesConn, type ConnFilter } from './filter';
import { CursorGuard, eachRecord, hasMore, listInfo, spanOf, type ListInfo, type Span } from './pages';

/** Counters (DS_UNKNOWN64 unless the daemon keeps them), age and time left in milliseconds, forwarding mode, flags. */
export type ConnMore = Structs['ds_conn_more'];

/** A connection; `more` is null when it was not wanted or the daemon cannot tell. */
export interface ListedConn extends Conn {
  readonly more: ConnMore | null;
}

/** Connections of one worker that agree in virtual address, server, protocol and state. */
export type ConnCount = Structs['ds_conn_count'];

export interface WalkOptions {
  readonly filter?: ConnFilter | undefined;
  /** ConnMore of each connection too. */
  readonly more?: boolean | undefined;
  /** Persistence templates in place of connections. */
  readonly templates?: boolean | undefined;
}

/** Value of counters that the daemon does not keep. */
export const UNKNOWN64 = 0xffff_ffff_ffff_ffffn;

interface Page {
  readonly body: Buffer;
  readonly info: ListInfo;
  readonly spans: ReadonlyMap<number, Span>;
}

const LISTS: Readonly<Record<number, 'ip_vs_conn_entry' | 'ds_conn_more' | 'ds_conn_count'>> = {
  [ext.DS_TLV_CONNS]: 'ip_vs_conn_entry',
  [ext.DS_TLV_CONNS_MORE]: 'ds_conn_more',
  [ext.DS_TLV_CONN_COUNTS]: 'ds_conn_count',
};

function requestPage(transport: Transport, request: Parameters<typeof encode<'ds_list_conns'>>[1]): Page {
  const body = transport.request(MSG.DS_MSG_LIST_CONNS, 'get', encode('ds_list_conns', request));
  const spans = new Map<number, Span>();
  const info = listInfo(body);
  eachRecord(body, (type, at, len) => {
    const struct = LISTS[type];
    if (struct === undefined) return;
    if (spans.has(type)) throw new ProtocolError(`the reply has two lists of ${struct}`);
    spans.set(type, spanOf(struct, at, len));
  });
  return { body, info, spans };
}

const NONE: Span = { at: 0, count: 0 };

function* walkPages(transport: Transport, want: number, filter: ConnFilter): Generator<Page, void> {
  const guard = new CursorGuard();
  let cursor = new Uint8Array(16);
  for (;;) {
    const page = requestPage(transport, { ...connFilterMembers(filter), want, cursor });
    yield page;
    if (!hasMore(page.info)) return;
    let entries = 0;
    for (const { count } of page.spans.values()) entries += count;
    guard.advance(page.info.cursor, entries);
    cursor = Uint8Array.from(page.info.cursor);
  }
}

function cleanAddress(family: number, addr: Uint8Array): void {
  if (family !== af.AF_INET6) addr.fill(0, 4);
}

function cleanConn(conn: Conn): void {
  cleanAddress(conn.in_af, conn.caddr);
  cleanAddress(conn.in_af, conn.vaddr);
  cleanAddress(conn.out_af, conn.laddr);
  cleanAddress(conn.out_af, conn.daddr);
}

function connsOf({ body, spans }: Page, wantsMore: boolean): ListedConn[] {
  const span = spans.get(ext.DS_TLV_CONNS) ?? NONE;
  const moreSpan = spans.get(ext.DS_TLV_CONNS_MORE) ?? NONE;
  if (wantsMore && span.count !== moreSpan.count) {
    throw new ProtocolError(`the reply has ${span.count} connections and more of ${moreSpan.count}`);
  }
  const more = wantsMore ? decodeArray('ds_conn_more', body, moreSpan.at, moreSpan.count) : [];
  return decodeArray('ip_vs_conn_entry', body, span.at, span.count).map((conn, i) => {
    cleanConn(conn);
    return { ...conn, more: more[i] ?? null };
  });
}

/**
 * Connections in the daemon's order, page by page, because there may be more than fit into memory. Pages may be empty.
 * What exists during the whole walk is listed exactly once by daemons with DS_MSG_LIST_CONNS.
 * @throws as Transport.request, ProtocolError
 */
export function* walkConnections(transport: Transport, options: WalkOptions = {}): Generator<readonly ListedConn[], void> {
  const { filter = {}, more = false, templates = false } = options;
  if (!capabilities(transport).serves(MSG.DS_MSG_LIST_CONNS)) {
    for (const page of walkConns(transport, templates)) {
      page.forEach(cleanConn);
      yield page.filter((conn) => matchesConn(filter, conn)).map((conn) => ({ ...conn, more: null }));
    }
    return;
  }
  const want = (more ? ext.DS_CONNS_WANT_MORE : 0) | (templates ? ext.DS_CONNS_WANT_TEMPLATES : 0);
  for (const page of walkPages(transport, want, filter)) yield connsOf(page, more);
}

function countKey(count: ConnCount): string {
  const { in_af, out_af, proto, lcore, vport, dport, state, vaddr, daddr } = count;
  const bytes = (addr: Uint8Array): string => String.fromCharCode(...addr);
  return `${in_af} ${out_af} ${proto} ${lcore} ${vport} ${dport} ${state} ${bytes(vaddr)}${bytes(daddr)}`;
}

function countOf(conn: Conn): ConnCount {
  const { vaddr, daddr, in_af, out_af, proto, lcoreid, vport, dport, state } = conn;
  return { count: 1n, vaddr, daddr, in_af, out_af, proto, lcore: lcoreid, vport, dport, state };
}

function* counts(transport: Transport, filter: ConnFilter): Generator<ConnCount, void> {
  if (!capabilities(transport).serves(MSG.DS_MSG_LIST_CONNS)) {
    for (const page of walkConnections(transport, { filter })) for (const conn of page) yield countOf(conn);
    return;
  }
  for (const { body, spans } of walkPages(transport, ext.DS_CONNS_WANT_COUNTS, filter)) {
    const span = spans.get(ext.DS_TLV_CONN_COUNTS) ?? NONE;
    for (const count of decodeArray('ds_conn_count', body, span.at, span.count)) {
      cleanAddress(count.in_af, count.vaddr);
      cleanAddress(count.out_af, count.daddr);
      yield count;
    }
  }
}

/**
 * Numbers of connections, one entry for each group, in the order in which groups were found. Daemons with
 * DS_MSG_LIST_CONNS count themselves; for others all connections are fetched.
 * @throws as Transport.request, ProtocolError
 */
export function countConnections(transport: Transport, filter: ConnFilter = {}): ConnCount[] {
  const groups = new Map<string, ConnCount>();
  for (const count of counts(transport, filter)) {
    const key = countKey(count);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, count);
    else known.count += count.count;
  }
  return [...groups.values()];
}
