// SPDX-License-Identifier: Apache-2.0
// DS_MSG_LIST_SERVICES and DS_MSG_LIST_CONNS as the daemon in memory answers them.
import { decode, EDPVS, encode, ext, type Structs } from '../../../src/ipc/codec';
import { keyOf, type Configuration, type StoredAcl, type StoredService } from './configuration';
import { listedService, type Answer, type StoredConn } from './legacy-gets';

export interface ListState {
  readonly configuration: Configuration;
  readonly conns: readonly StoredConn[];
  readonly generation: bigint;
  readonly workers: number;
  /** Bytes of a page when the client has no wish. */
  readonly pageBytes: number;
  readonly maxPageBytes: number;
  readonly maxPageConns: number;
  /** Place of a server in the statistics segment. */
  statOf(service: StoredService, dest: number): number;
}

type Prefix = Structs['ds_prefix'];
type Filter = Structs['ds_list_services'];
type ConnFilter = Structs['ds_list_conns'];

/** A record: head, payload, zeros up to a multiple of 8. */
export function record(type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([encode('ds_tlv', { type, len: payload.length }), payload, Buffer.alloc(-payload.length & 7)]);
}

/** Bit by bit, so that it is no copy of what it is compared with. */
function inPrefix({ af, addr, plen }: Prefix, family: number, other: Uint8Array): boolean {
  const bits = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('').slice(0, plen);
  return af === family && bits(addr) === bits(other);
}

function wantsService(f: Filter, { service: s, dests }: StoredService): boolean {
  const asks = (bit: number): boolean => (f.filter & bit) !== 0;
  const kind = keyOf(s)?.split(' ')[0];
  if (asks(ext.DS_FILTER_VIP | ext.DS_FILTER_VPORT) && kind !== 'addr') return false;
  if (asks(ext.DS_FILTER_FWMARK) && kind !== 'mark') return false;
  return (
    (!asks(ext.DS_FILTER_AF) || s.af === f.af) &&
    (!asks(ext.DS_FILTER_PROTO) || s.proto === f.proto) &&
    (!asks(ext.DS_FILTER_VIP) || inPrefix(f.vip, s.af, s.addr)) &&
    (!asks(ext.DS_FILTER_VPORT) || s.port === f.vport) &&
    (!asks(ext.DS_FILTER_SCHED) || s.sched_name === f.sched_name) &&
    (!asks(ext.DS_FILTER_FWMARK) || s.fwmark === f.fwmark) &&
    (!asks(ext.DS_FILTER_RS | ext.DS_FILTER_RPORT) || dests.some((dest) => wantsDest(f, dest)))
  );
}

function wantsDest(f: Filter, dest: Structs['dp_vs_dest_compat']): boolean {
  const asks = (bit: number): boolean => (f.filter & bit) !== 0;
  return (!asks(ext.DS_FILTER_RS) || inPrefix(f.rs, dest.af, dest.addr)) && (!asks(ext.DS_FILTER_RPORT) || dest.port === f.rport);
}

const wide = ({ cps, inpps, inbps, outpps, outbps }: Structs['dp_vs_stats']): Structs['ds_rates'] => ({
  cps: BigInt(cps), inpps: BigInt(inpps), inbps: BigInt(inbps), outpps: BigInt(outpps), outbps: BigInt(outbps),
}); // prettier-ignore

function aclEntry({ af, subject, plen, ipset }: StoredAcl): Buffer {
  return encode('ds_acl_entry', ipset === '' ? { subject: { af, addr: subject, plen } } : { ipset });
}

function serviceRecords(state: ListState, request: Filter, stored: StoredService): Buffer {
  const wants = (bit: number): boolean => (request.want & bit) !== 0;
  const { configuration } = state;
  const deny = configuration.aclsOf('deny', stored.service);
  const allow = configuration.aclsOf('allow', stored.service);
  const more = encode('ds_service_ext', { mark: ext.DS_SERVICE_EXT, conn_limit: stored.service.conn_limit ?? 0 });
  const parts = [record(ext.DS_TLV_SERVICE, Buffer.concat([encode('dp_vs_service_compat', listedService(stored, request.index)), more]))];
  const list = (type: number, entries: readonly Buffer[]): void => void parts.push(record(type, Buffer.concat(entries)));
  const dests = [...stored.dests.entries()].filter(([, dest]) => wantsDest(request, dest));
  if (wants(ext.DS_LIST_WANT_MORE)) {
    const rest = { serial: stored.serial, rates: wide(stored.service.stats), deny: deny.length, allow: allow.length };
    parts.push(record(ext.DS_TLV_SERVICE_MORE, encode('ds_service_more', rest)));
  }
  if (wants(ext.DS_LIST_WANT_DESTS)) {
    list(ext.DS_TLV_DESTS, dests.map(([, dest]) => encode('dp_vs_dest_compat', dest)));
    if (wants(ext.DS_LIST_WANT_MORE)) {
      list(ext.DS_TLV_DESTS_MORE, dests.map(([i, dest]) => encode('ds_dest_more', { rates: wide(dest.stats), stat: state.statOf(stored, i) })));
    }
  }
  if (wants(ext.DS_LIST_WANT_LADDRS)) list(ext.DS_TLV_LADDRS, stored.laddrs.map((laddr) => encode('ds_laddr', laddr)));
  if (wants(ext.DS_LIST_WANT_ACLS)) {
    list(ext.DS_TLV_DENY, deny.map(aclEntry));
    list(ext.DS_TLV_ALLOW, allow.map(aclEntry));
  }
  return Buffer.concat(parts);
}

const cursorOf = (last: bigint): Uint8Array => {
  const cursor = Buffer.alloc(16);
  cursor.writeBigUInt64LE(last);
  return cursor;
};

const lastOf = (cursor: Uint8Array): bigint => Buffer.from(cursor).readBigUInt64LE();

function info(state: ListState, total: number, last: bigint, more: boolean): Buffer {
  const { generation } = state;
  const flags = more ? ext.DS_LIST_F_MORE : 0;
  return record(ext.DS_TLV_LIST_INFO, encode('ds_list_info', { generation, total: BigInt(total), cursor: cursorOf(more ? last : 0n), flags }));
}

/** Services by serial number; the cursor is the last one listed. */
export function listServices(state: ListState, body: Buffer): Answer {
  const request = decode('ds_list_services', body);
  if (request.index > state.workers) return EDPVS.EDPVS_INVAL;
  const wish = request.max_bytes === 0 ? state.pageBytes : request.max_bytes;
  const limit = Math.min(wish, state.maxPageBytes);
  const after = lastOf(request.cursor);
  const all = state.configuration.list().sort((a, b) => Number(a.serial - b.serial));
  const left = all.filter((stored) => stored.serial > after && wantsService(request, stored));
  const parts: Buffer[] = [];
  let bytes = 48;
  let last = after;
  for (const stored of left) {
    const part = serviceRecords(state, request, stored);
    if (parts.length > 0 && bytes + part.length > limit) break;
    parts.push(part);
    bytes += part.length;
    last = stored.serial;
  }
  return Buffer.concat([info(state, all.length, last, parts.length < left.length), ...parts]);
}

function wantsConn(f: ConnFilter, c: StoredConn): boolean {
  const asks = (bit: number): boolean => (f.filter & bit) !== 0;
  return (
    (!asks(ext.DS_FILTER_AF) || c.in_af === f.af) &&
    (!asks(ext.DS_FILTER_PROTO) || c.proto === f.proto) &&
    (!asks(ext.DS_FILTER_CLIENT) || inPrefix(f.client, c.in_af, c.caddr)) &&
    (!asks(ext.DS_FILTER_CPORT) || c.cport === f.cport) &&
    (!asks(ext.DS_FILTER_VIP) || inPrefix(f.vip, c.in_af, c.vaddr)) &&
    (!asks(ext.DS_FILTER_VPORT) || c.vport === f.vport) &&
    (!asks(ext.DS_FILTER_LADDR) || inPrefix(f.laddr, c.out_af, c.laddr)) &&
    (!asks(ext.DS_FILTER_LPORT) || c.lport === f.lport) &&
    (!asks(ext.DS_FILTER_RS) || inPrefix(f.rs, c.out_af, c.daddr)) &&
    (!asks(ext.DS_FILTER_RPORT) || c.dport === f.rport) &&
    (!asks(ext.DS_FILTER_STATE) || c.state === f.state) &&
    (!asks(ext.DS_FILTER_LCORE) || c.lcoreid === f.lcore)
  );
}

const UNKNOWN64 = 0xffff_ffff_ffff_ffffn;

/** Looks at maxPageConns connections for each page, whatever the filter thinks of them. */
export function listConns(state: ListState, body: Buffer): Answer {
  const request = decode('ds_list_conns', body);
  const start = Number(lastOf(request.cursor));
  const step = Math.min(request.max_entries === 0 ? state.maxPageConns : request.max_entries, state.maxPageConns);
  const templates = (request.want & ext.DS_CONNS_WANT_TEMPLATES) !== 0;
  const all = templates ? [] : state.conns;
  const page = all.slice(start, start + step).filter((conn) => wantsConn(request, conn));
  const head = info(state, all.length, BigInt(start + step), start + step < all.length);
  if ((request.want & ext.DS_CONNS_WANT_COUNTS) !== 0) {
    const counts = page.map((c) =>
      encode('ds_conn_count', {
        count: 1n, vaddr: c.vaddr, daddr: c.daddr, in_af: c.in_af, out_af: c.out_af, proto: c.proto, lcore: c.lcoreid,
        vport: c.vport, dport: c.dport, state: c.state,
      }),
    ); // prettier-ignore
    return Buffer.concat([head, record(ext.DS_TLV_CONN_COUNTS, Buffer.concat(counts))]);
  }
  const parts = [head, record(ext.DS_TLV_CONNS, Buffer.concat(page.map((conn) => encode('ip_vs_conn_entry', conn))))];
  if ((request.want & ext.DS_CONNS_WANT_MORE) !== 0) {
    const more = page.map((conn) =>
      encode('ds_conn_more', {
        in_packets: UNKNOWN64, in_bytes: UNKNOWN64, out_packets: UNKNOWN64, out_bytes: UNKNOWN64, age_ms: UNKNOWN64,
        left_ms: conn.timeout * 1000, fwd: 5,
      }),
    ); // prettier-ignore
    parts.push(record(ext.DS_TLV_CONNS_MORE, Buffer.concat(more)));
  }
  return Buffer.concat(parts);
}
