// SPDX-License-Identifier: Apache-2.0
// Connections as JSON.
import { connFlags } from '../../../ipc/messages/conn';
import { UNKNOWN64, type ConnMore } from '../../../ipc/messages/connections';
import type { ListedConn } from '../../../ipc/messages/list';
import { formatIp } from '../../render/address';
import { printable } from '../../render/text';
import type { Arguments } from '../arguments';
import type { Summary } from '../conn-counts';
import { stateText } from '../connections';
import type { Session } from '../session';
import { count, writeDocument, type JsonObject } from '../../runtime/document';
import { versionText } from './listing';
import { familyName, forwardingName, protocolText } from './service';

function endpoint(af: number, addr: Uint8Array, port: number): JsonObject {
  return { family: familyName(af), address: formatIp(af, addr), port };
}

function known(value: bigint): number | string | null {
  return value === UNKNOWN64 ? null : count(value);
}

/** null: the daemon does not keep it. */
function moreJson(more: ConnMore | null): JsonObject {
  return {
    forwarding: more === null ? null : forwardingName(more.fwd),
    template: more === null ? null : (more.flags & connFlags.IP_VS_CONN_F_TEMPLATE) !== 0,
    left_milliseconds: more === null ? null : more.left_ms,
    age_milliseconds: more === null ? null : known(more.age_ms),
    in_packets: more === null ? null : known(more.in_packets),
    in_bytes: more === null ? null : known(more.in_bytes),
    out_packets: more === null ? null : known(more.out_packets),
    out_bytes: more === null ? null : known(more.out_bytes),
  };
}

/** @param details what the table leaves out too */
export function connJson(conn: ListedConn, details: boolean): JsonObject {
  const { in_af, out_af } = conn;
  return {
    lcore: conn.lcoreid,
    protocol: protocolText(conn.proto),
    state: stateText(conn),
    timeout_seconds: conn.timeout,
    client: endpoint(in_af, conn.caddr, conn.cport),
    virtual: endpoint(in_af, conn.vaddr, conn.vport),
    local: endpoint(out_af, conn.laddr, conn.lport),
    server: endpoint(out_af, conn.daddr, conn.dport),
    ...(details ? moreJson(conn.more) : {}),
  };
}

/** The document of --summary. */
export function writeSummary(session: Session, args: Arguments, summary: Summary): void {
  const document = {
    version: versionText(session.info()),
    connections_total: count(summary.total),
    by_state: summary.states.map(({ of, count: n }) => ({ protocol: protocolText(of.proto), state: printable(of.state), connections: count(n) })),
    by_server: summary.servers.map(({ of, count: n }) => ({
      protocol: protocolText(of.proto),
      virtual: endpoint(of.in_af, of.vaddr, of.vport),
      server: endpoint(of.out_af, of.daddr, of.dport),
      connections: count(n),
    })),
    by_lcore: summary.lcores.map(({ of, count: n }) => ({ lcore: of.lcore, connections: count(n) })),
  };
  writeDocument(session.stdout, document, args.given.has('pretty'));
}
