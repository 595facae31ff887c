// SPDX-License-Identifier: Apache-2.0
import { ProtocolError, type Transport } from '../client';
import { connGetFlags, connGetResult, decode, decodeArray, encode, MSG, sizeOf, type Structs } from '../codec';

export { connFlags } from '../codec';

/** A connection. Client and virtual address are of family in_af, local and server address of out_af. */
export type Conn = Structs['ip_vs_conn_entry'];

/** The two ends of a packet of a connection, in either direction. */
export type Sockpair = Structs['ip_vs_sockpair'];

/** Pages without connections that promise more before a walk is given up. */
const MAX_EMPTY_PAGES = 1024;

interface Page {
  readonly conns: readonly Conn[];
  readonly more: boolean;
  /** Goes into the request for the next page. */
  readonly cursor: number;
}

function requestPage(transport: Transport, flag: number, whence: number): Page {
  const body = transport.request(MSG.SOCKOPT_GET_CONN_ALL, 'get', encode('ip_vs_conn_req', { flag, whence }));
  const front = decode('ip_vs_conn_array', body);
  if ((front.resl & connGetResult.GET_IPVS_CONN_RESL_FAIL) !== 0) {
    throw new ProtocolError('the daemon could not list its connections; look at its log');
  }
  return {
    conns: decodeArray('ip_vs_conn_entry', body, sizeOf.ip_vs_conn_array, front.nconns),
    more: (front.resl & connGetResult.GET_IPVS_CONN_RESL_MORE) !== 0,
    cursor: front.curcid,
  };
}

/**
 * All connections, page by page, in the daemon's order.
 * @param templates the persistence templates instead
 * @throws as Transport.request, ShortReplyError, ProtocolError
 */
export function* walkConns(transport: Transport, templates: boolean): Generator<readonly Conn[], void> {
  let flag: number = connGetFlags.GET_IPVS_CONN_FLAG_ALL | (templates ? connGetFlags.GET_IPVS_CONN_FLAG_TEMPLATE : 0);
  let whence = 0;
  let empty = 0;
  for (;;) {
    const page = requestPage(transport, flag, whence);
    yield page.conns;
    if (!page.more) return;
    empty = page.conns.length === 0 ? empty + 1 : 0;
    if (empty > MAX_EMPTY_PAGES) throw new ProtocolError('the daemon announces connections and lists none');
    flag |= connGetFlags.GET_IPVS_CONN_FLAG_MORE;
    whence = page.cursor;
  }
}

/**
 * The connection of a packet; templates are looked at first when `templates` is set.
 * @throws as Transport.request (-4: there is none), ShortReplyError
 */
export function findConn(transport: Transport, sockpair: Sockpair, templates: boolean): Conn[] {
  const { GET_IPVS_CONN_FLAG_SPECIFIED, GET_IPVS_CONN_FLAG_TEMPLATE } = connGetFlags;
  const flag = GET_IPVS_CONN_FLAG_SPECIFIED | (templates ? GET_IPVS_CONN_FLAG_TEMPLATE : 0);
  const request = encode('ip_vs_conn_req', { flag, whence: 0, sockpair });
  const body = transport.request(MSG.SOCKOPT_GET_CONN_SPECIFIED, 'get', request);
  const front = decode('ip_vs_conn_array', body);
  return decodeArray('ip_vs_conn_entry', body, sizeOf.ip_vs_conn_array, front.nconns);
}
