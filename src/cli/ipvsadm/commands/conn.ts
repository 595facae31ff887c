// SPDX-License-Identifier: Apache-2.0
// -L -c
import { DaemonError, IpcError } from '../../../ipc/client';
import { findConn, walkConns, type Conn } from '../../../ipc/messages/conn';
import { EDPVS } from '../../../ipc/messages/failures';
import { protocolName } from '../../parse/protocol';
import { formatEndpoint } from '../../render/address';
import { cut, left } from '../../render/columns';
import { NUMERIC, type Address, type Names } from '../../render/names';
import { libraryLine } from '../../runtime/library-line';
import type { Arguments } from '../arguments';
import { EXIT_LIST } from '../errors';
import { briefText } from '../failure';
import type { Session } from '../session';

/** One connection; its time is the one it was configured with, not what is left of it. */
export function connLine(conn: Conn, names: Names): string {
  const { in_af, out_af, proto } = conn;
  const columns = [
    left(protocolName(proto) ?? '--', 3),
    left(cut(`${conn.timeout}s`, 7), 6),
    left(cut(conn.state, 15), 11),
    left(formatEndpoint(in_af, conn.caddr, conn.cport, proto, names), 18),
    left(formatEndpoint(in_af, conn.vaddr, conn.vport, proto, names), 18),
    left(formatEndpoint(out_af, conn.laddr, conn.lport, proto, names), 18),
    formatEndpoint(out_af, conn.daddr, conn.dport, proto, names),
  ];
  return `[${conn.lcoreid}]${columns.join(' ')}\n`;
}

function* addressesOf(conns: readonly Conn[]): Generator<Address> {
  for (const conn of conns) {
    yield { af: conn.in_af, bytes: conn.caddr };
    yield { af: conn.in_af, bytes: conn.vaddr };
    yield { af: conn.out_af, bytes: conn.laddr };
    yield { af: conn.out_af, bytes: conn.daddr };
  }
}

/** The words of upstream, which people look for. */
function reportFailure(session: Session, error: IpcError, isPartial: boolean): number {
  const code = error instanceof DaemonError ? error.code : null;
  const line = libraryLine(error);
  const text = code === null ? briefText(error) : `got errcode ${code} from dpvs_getsockopt`;
  session.stderr.write(`${line === null ? '' : `${line}\n`}dp_vs_get_conns: ${text}\n`);
  if (isPartial) session.stderr.write('Fail to fetch all connection entries!\n');
  return EXIT_LIST;
}

function* pagesOf(session: Session, args: Arguments): Generator<readonly Conn[], void> {
  const templates = args.given.has('persistent-conn');
  const { sockpair } = args.values;
  if (sockpair === undefined) yield* walkConns(session.transport, templates);
  else yield findConn(session.transport, sockpair, templates);
}

/** Pages until there are no more, and then the exit status; what goes wrong is said. */
function* reportedPages(session: Session, args: Arguments): Generator<readonly Conn[], number, undefined> {
  let count = 0;
  const searches = args.values.sockpair !== undefined;
  try {
    for (const page of pagesOf(session, args)) {
      yield page;
      count += page.length;
    }
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const status = reportFailure(session, error, count > 0);
    const notFound = error instanceof DaemonError && error.code === EDPVS.EDPVS_NOTEXIST;
    if (searches && notFound) session.stderr.write('connection specified not found\n');
    return status;
  }
  if (!searches || count > 0) return 0;
  session.stderr.write('connection specified not found\n');
  return EXIT_LIST;
}

function printPage({ stdout }: Session, page: readonly Conn[], names: Names): void {
  stdout.write(page.map((conn) => connLine(conn, names)).join(''));
}

async function listNamed(session: Session, args: Arguments): Promise<number> {
  const { LearnedNames } = await import('../../runtime/names');
  const names = new LearnedNames();
  const pages = reportedPages(session, args);
  // Page by page: there may be more connections than fit into memory.
  for (let next = pages.next(); ; next = pages.next()) {
    if (next.done === true) return next.value;
    await names.learn(addressesOf(next.value));
    printPage(session, next.value, names);
  }
}

/** All connections, or the one of --sockpair; no title, no order. */
export function listConnections(session: Session, args: Arguments): number | Promise<number> {
  if (!args.given.has('numeric')) return listNamed(session, args);
  const pages = reportedPages(session, args);
  for (let next = pages.next(); ; next = pages.next()) {
    if (next.done === true) return next.value;
    printPage(session, next.value, NUMERIC);
  }
}
