// SPDX-License-Identifier: Apache-2.0
// Connections as people read them.
import { UNKNOWN64, type ConnCount, type ConnMore, type ListedConn } from '../ipc/messages/connections';
import type { ConnFilter } from '../ipc/messages/list';
import { addressText, familyName, familyOf, given, integerOf, portOf, prefixOf, protocolOf, protocolText, type Family, type Protocol } from './values'; // prettier-ignore

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Connection {
  /** Of the client's side. */
  readonly family: Family;
  readonly protocol: Protocol;
  readonly client: Endpoint;
  /** The service's address. */
  readonly virtual: Endpoint;
  /** As which the balancer talks to the server. */
  readonly local: Endpoint;
  readonly server: Endpoint;
  /** As the daemon calls it, e.g. TCP_EST. */
  readonly state: string;
  /** Id of the lcore that owns it. */
  readonly lcore: number;
  /** Seconds for which it may be idle. */
  readonly timeout: number;
  /** null unless `details` were asked for and the daemon has them. */
  readonly details: ConnectionDetails | null;
}

/** null: the daemon does not count for each connection. */
export interface ConnectionDetails {
  readonly inPackets: bigint | null;
  readonly inBytes: bigint | null;
  readonly outPackets: bigint | null;
  readonly outBytes: bigint | null;
  /** Milliseconds since it was opened. */
  readonly age: number | null;
  /** Milliseconds until it ends if nothing comes. */
  readonly left: number;
}

/** Connections that agree in everything here. */
export interface ConnectionCount {
  readonly count: number;
  readonly family: Family;
  readonly protocol: Protocol;
  readonly virtual: Endpoint;
  readonly server: Endpoint;
  readonly state: string;
  readonly lcore: number;
}

/** Connections that agree with all that is given. Prefixes are ADDRESS or ADDRESS/BITS. */
export interface ConnectionFilter {
  readonly family?: Family | undefined;
  readonly protocol?: Protocol | undefined;
  readonly client?: string | undefined;
  readonly clientPort?: number | undefined;
  readonly virtual?: string | undefined;
  readonly virtualPort?: number | undefined;
  readonly local?: string | undefined;
  readonly localPort?: number | undefined;
  readonly server?: string | undefined;
  readonly serverPort?: number | undefined;
  readonly state?: string | undefined;
  readonly lcore?: number | undefined;
}

const MAX_LCORE = 255;

/** @throws ArgumentError */
export function connectionFilter(filter: ConnectionFilter): ConnFilter {
  const prefix = (name: 'client' | 'virtual' | 'local' | 'server'): ConnFilter['client'] => given(filter[name], (text) => prefixOf(name, text));
  const port = (name: 'clientPort' | 'virtualPort' | 'localPort' | 'serverPort'): number | undefined => given(filter[name], (value) => portOf(name, value));
  return {
    af: given(filter.family, (value) => familyOf('family', value)),
    proto: given(filter.protocol, protocolOf),
    client: prefix('client'),
    cport: port('clientPort'),
    vip: prefix('virtual'),
    vport: port('virtualPort'),
    laddr: prefix('local'),
    lport: port('localPort'),
    rs: prefix('server'),
    rport: port('serverPort'),
    state: filter.state,
    lcore: given(filter.lcore, (value) => integerOf('lcore', value, 0, MAX_LCORE)),
  };
}

function endpoint(af: number, bytes: Uint8Array, port: number): Endpoint {
  return { address: addressText(af, bytes), port };
}

function detailsOf(more: ConnMore | null): ConnectionDetails | null {
  if (more === null) return null;
  const known = (value: bigint): bigint | null => (value === UNKNOWN64 ? null : value);
  return {
    inPackets: known(more.in_packets),
    inBytes: known(more.in_bytes),
    outPackets: known(more.out_packets),
    outBytes: known(more.out_bytes),
    age: more.age_ms === UNKNOWN64 ? null : Number(more.age_ms),
    left: more.left_ms,
  };
}

export function connectionOf(conn: ListedConn): Connection {
  const { in_af, out_af } = conn;
  return {
    family: familyName(in_af),
    protocol: protocolText(conn.proto),
    client: endpoint(in_af, conn.caddr, conn.cport),
    virtual: endpoint(in_af, conn.vaddr, conn.vport),
    local: endpoint(out_af, conn.laddr, conn.lport),
    server: endpoint(out_af, conn.daddr, conn.dport),
    state: conn.state,
    lcore: conn.lcoreid,
    timeout: conn.timeout,
    details: detailsOf(conn.more),
  };
}

export function countOf(group: ConnCount): ConnectionCount {
  return {
    count: Number(group.count),
    family: familyName(group.in_af),
    protocol: protocolText(group.proto),
    virtual: endpoint(group.in_af, group.vaddr, group.vport),
    server: endpoint(group.out_af, group.daddr, group.dport),
    state: group.state,
    lcore: group.lcore,
  };
}
