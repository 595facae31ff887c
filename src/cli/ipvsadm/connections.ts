// SPDX-License-Identifier: Apache-2.0
// Connections as they are fetched for lists, whatever prints them.
import { DaemonError, IpcError } from '../../ipc/client';
import { findConn, type Conn } from '../../ipc/messages/conn';
import { EDPVS } from '../../ipc/messages/failures';
import { matchesConn } from '../../ipc/messages/filter';
import { walkConnections, type ConnFilter, type ListedConn } from '../../ipc/messages/list';
import { addressBits, type Family } from '../parse/address';
import { cut } from '../render/columns';
import type { Address, Names } from '../render/names';
import { printable } from '../render/text';
import { libraryLine } from '../runtime/library-line';
import type { Arguments, Values } from './arguments';
import { EXIT_LIST } from './errors';
import { briefText } from './failure';
import { prefixOf } from './inventory';
import type { Session } from './session';

/** One way to list connections. */
export interface ConnFormat {
  /** Lines before the first connection; empty: there are none. */
  readonly title: string;
  line(conn: ListedConn, names: Names): string;
}

const MAX_STATE = 15;

/** The state of a connection as the daemon calls it. */
export function stateText(conn: Conn): string {
  return printable(cut(conn.state, MAX_STATE));
}

/** Addresses of a page, for looking up their names. */
export function* addressesOf(conns: readonly Conn[]): Generator<Address> {
  for (const conn of conns) {
    yield { af: conn.in_af, bytes: conn.caddr };
    yield { af: conn.in_af, bytes: conn.vaddr };
    yield { af: conn.out_af, bytes: conn.laddr };
    yield { af: conn.out_af, bytes: conn.daddr };
  }
}

/** States that kernel IPVS calls otherwise. */
const KERNEL_STATES: Readonly<Record<string, string | undefined>> = {
  NONE: 'TCP_NONE',
  ESTABLISHED: 'TCP_EST',
  CLOSE: 'TCP_CLOSE',
};

/** What --proto, --client, --vip, --rs and --state say. */
export function connFilter(values: Readonly<Values>): ConnFilter {
  const { onlyProtocol, onlyClient, onlyVirtual, onlyServer, onlyState } = values;
  const state = onlyState?.toUpperCase();
  return {
    proto: onlyProtocol,
    client: onlyClient && prefixOf(onlyClient),
    cport: onlyClient?.port ?? undefined,
    vip: onlyVirtual && prefixOf(onlyVirtual),
    vport: onlyVirtual?.port ?? undefined,
    rs: onlyServer && prefixOf(onlyServer),
    rport: onlyServer?.port ?? undefined,
    state: state === undefined ? undefined : (KERNEL_STATES[state] ?? state),
  };
}

/** The words of upstream, which people look for. */
export function reportFailure(session: Session, args: Arguments, error: IpcError, isPartial: boolean): number {
  if (args.given.has('json')) {
    session.fail('get-conns', error);
    return EXIT_LIST;
  }
  const code = error instanceof DaemonError ? error.code : null;
  const line = libraryLine(error);
  const text = code === null ? briefText(error) : `got errcode ${code} from dpvs_getsockopt`;
  session.stderr.write(`${line === null ? '' : `${line}\n`}dp_vs_get_conns: ${text}\n`);
  if (isPartial) session.stderr.write('Fail to fetch all connection entries!\n');
  return EXIT_LIST;
}

/** A filter that lets through a connection alone. */
function filterOf(conn: Conn): ConnFilter {
  const prefix = (af: number, addr: Uint8Array): ConnFilter['client'] => ({ af, addr, plen: addressBits(af as Family) });
  return {
    af: conn.in_af,
    proto: conn.proto,
    client: prefix(conn.in_af, conn.caddr),
    cport: conn.cport,
    vip: prefix(conn.in_af, conn.vaddr),
    vport: conn.vport,
    rs: prefix(conn.out_af, conn.daddr),
    rport: conn.dport,
    lcore: conn.lcoreid,
  };
}

/** What a search for one connection does not tell. */
function moreOf({ transport }: Session, conn: Conn, templates: boolean): ListedConn['more'] {
  for (const page of walkConnections(transport, { filter: filterOf(conn), more: true, templates })) {
    const [found] = page;
    if (found !== undefined) return found.more;
  }
  return null;
}

function* pagesOf(session: Session, args: Arguments): Generator<readonly ListedConn[], void> {
  const templates = args.given.has('persistent-conn');
  const more = args.given.has('details') || args.given.has('lvs-format');
  const filter = connFilter(args.values);
  const { sockpair } = args.values;
  if (sockpair === undefined) return yield* walkConnections(session.transport, { filter, more, templates });
  const found = findConn(session.transport, sockpair, templates).filter((conn) => matchesConn(filter, conn));
  yield found.map((conn) => ({ ...conn, more: more ? moreOf(session, conn, templates) : null }));
}

/** How a walk ended; what went wrong was said. */
export interface Ended {
  readonly status: number;
  /** False: connections are missing. */
  readonly complete: boolean;
}

function notFound({ stderr }: Session): Ended {
  stderr.write('connection specified not found\n');
  return { status: EXIT_LIST, complete: true };
}

/** Pages until there are no more. */
export function* reportedPages(session: Session, args: Arguments): Generator<readonly ListedConn[], Ended, undefined> {
  let count = 0;
  const searches = args.values.sockpair !== undefined;
  try {
    for (const page of pagesOf(session, args)) {
      yield page;
      count += page.length;
    }
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const isMissing = searches && error instanceof DaemonError && error.code === EDPVS.EDPVS_NOTEXIST;
    if (isMissing && args.given.has('json')) return notFound(session);
    const status = reportFailure(session, args, error, count > 0);
    return isMissing ? notFound(session) : { status, complete: false };
  }
  return searches && count === 0 ? notFound(session) : { status: 0, complete: true };
}
