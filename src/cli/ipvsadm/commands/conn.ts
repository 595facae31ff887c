// SPDX-License-Identifier: Apache-2.0
// -L -c
import type { Conn } from '../../../ipc/messages/conn';
import type { ListedConn } from '../../../ipc/messages/list';
import { protocolName } from '../../parse/protocol';
import { formatEndpoint } from '../../render/address';
import { cut, left } from '../../render/columns';
import { NUMERIC, type Names } from '../../render/names';
import type { Arguments } from '../arguments';
import { addressesOf, reportedPages, stateText, type ConnFormat } from '../connections';
import type { Session } from '../session';

/** One connection; its time is the one it was configured with, not what is left of it. */
export function connLine(conn: Conn, names: Names): string {
  const { in_af, out_af, proto } = conn;
  const columns = [
    left(protocolName(proto) ?? '--', 3),
    left(cut(`${conn.timeout}s`, 7), 6),
    left(stateText(conn), 11),
    left(formatEndpoint(in_af, conn.caddr, conn.cport, proto, names), 18),
    left(formatEndpoint(in_af, conn.vaddr, conn.vport, proto, names), 18),
    left(formatEndpoint(out_af, conn.laddr, conn.lport, proto, names), 18),
    formatEndpoint(out_af, conn.daddr, conn.dport, proto, names),
  ];
  return `[${conn.lcoreid}]${columns.join(' ')}\n`;
}

const DPVS: ConnFormat = { title: '', line: connLine };

function printPage({ stdout }: Session, page: readonly ListedConn[], format: ConnFormat, names: Names): void {
  let text = '';
  for (const conn of page) text += format.line(conn, names);
  stdout.write(text);
}

async function listNamed(session: Session, args: Arguments, format: ConnFormat): Promise<number> {
  const names = await session.names();
  const pages = reportedPages(session, args);
  // Page by page: there may be more connections than fit into memory.
  for (let next = pages.next(); ; next = pages.next()) {
    if (next.done === true) return next.value.status;
    await names.learn(addressesOf(next.value));
    printPage(session, next.value, format, names);
  }
}

function listIn(session: Session, args: Arguments, format: ConnFormat): number | Promise<number> {
  if (format.title !== '') session.stdout.write(format.title);
  if (!args.given.has('numeric')) return listNamed(session, args, format);
  const pages = reportedPages(session, args);
  for (let next = pages.next(); ; next = pages.next()) {
    if (next.done === true) return next.value.status;
    printPage(session, next.value, format, NUMERIC);
  }
}

/** Layouts that are not DPVS's; loaded when they are wanted. */
async function listOther(session: Session, args: Arguments): Promise<number> {
  const { given } = args;
  if (given.has('summary')) return (await import('./conn-summary')).printSummary(session, args);
  if (given.has('json')) return (await import('./conn-json')).printJson(session, args);
  const formats = await import('./conn-formats');
  return listIn(session, args, given.has('lvs-format') ? formats.lvsFormat(given) : formats.detailedFormat(given));
}

/** All connections, or the one of --sockpair; no title, no order. */
export function listConnections(session: Session, args: Arguments): number | Promise<number> {
  const isOther = (['summary', 'json', 'lvs-format', 'details'] as const).some((column) => args.given.has(column));
  return isOther ? listOther(session, args) : listIn(session, args, DPVS);
}
