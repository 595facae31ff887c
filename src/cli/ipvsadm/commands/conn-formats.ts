// SPDX-License-Identifier: Apache-2.0
// -L -c --details and -L -c --lvs-format
import { UNKNOWN64, type ConnMore } from '../../../ipc/messages/connections';
import type { ListedConn } from '../../../ipc/messages/list';
import { protocolName } from '../../parse/protocol';
import { formatEndpoint } from '../../render/address';
import { left, right } from '../../render/columns';
import type { Names } from '../../render/names';
import { stateText, type ConnFormat } from '../connections';
import { lvsExpire, lvsProtocol, lvsState } from '../lvs';
import type { Column } from '../options';
import { counterCell, forwardName } from '../table';

const UNKNOWN = '-';
const MS = 1000;
const COUNTERS = ['in_packets', 'in_bytes', 'out_packets', 'out_bytes'] as const;

/** Milliseconds as seconds with one decimal. */
function secondsText(ms: bigint | number): string {
  return `${(Number(ms) / MS).toFixed(1)}s`;
}

function ageText(more: ConnMore | null): string {
  return more === null || more.age_ms === UNKNOWN64 ? UNKNOWN : secondsText(more.age_ms);
}

/** Everything the daemon knows of a connection; "-" is what it does not keep. */
export function detailedFormat(given: ReadonlySet<Column>): ConnFormat {
  const cell = counterCell(given);
  const counters = (more: ConnMore | null): string =>
    COUNTERS.map((member) => (more === null || more[member] === UNKNOWN64 ? right(UNKNOWN, 9) : cell(more[member]))).join('');
  const titles = ['InPkts', 'InBytes', 'OutPkts', 'OutBytes'].map((word) => right(word, 9)).join('');
  const start = `${left('Lcore', 5)} ${left('Prot', 6)} ${left('Forward', 7)} ${left('State', 15)}`;
  return {
    title: `${start} ${right('Left', 9)} ${right('Timeout', 8)} ${right('Age', 10)}${titles} ${left('Client', 21)} ${left('Virtual', 21)} ${left('Local', 21)} Server\n`,
    line: (conn, names) => {
      const { in_af, out_af, proto, more } = conn;
      const columns = [
        left(conn.lcoreid, 5),
        left(protocolName(proto) ?? '--', 6),
        left(more === null ? UNKNOWN : forwardName(more.fwd), 7),
        left(stateText(conn), 15),
        right(more === null ? UNKNOWN : secondsText(more.left_ms), 9),
        right(`${conn.timeout}s`, 8),
        `${right(ageText(more), 10)}${counters(more)}`,
        left(formatEndpoint(in_af, conn.caddr, conn.cport, proto, names), 21),
        left(formatEndpoint(in_af, conn.vaddr, conn.vport, proto, names), 21),
        left(formatEndpoint(out_af, conn.laddr, conn.lport, proto, names), 21),
        formatEndpoint(out_af, conn.daddr, conn.dport, proto, names),
      ];
      return `${columns.join(' ')}\n`;
    },
  };
}

function lvsLine(conn: ListedConn, names: Names): string {
  const { in_af, out_af, proto, more } = conn;
  // A daemon that does not tell what is left tells at least how long it was in the beginning.
  const seconds = more === null ? conn.timeout : Math.floor(more.left_ms / MS);
  const columns = [
    left(lvsProtocol(proto), 3),
    left(lvsExpire(seconds), 6),
    left(lvsState(conn.state, proto), 11),
    left(formatEndpoint(in_af, conn.caddr, conn.cport, proto, names), 18),
    left(formatEndpoint(in_af, conn.vaddr, conn.vport, proto, names), 18),
    formatEndpoint(out_af, conn.daddr, conn.dport, proto, names),
  ];
  return `${columns.join(' ')}\n`;
}

/** The list of LVS with its two title lines. */
export function lvsFormat(given: ReadonlySet<Column>): ConnFormat {
  const columns = `pro expire ${left('state', 11)} ${left('source', 18)} ${left('virtual', 18)}`;
  const title = given.has('persistent-conn') ? `${columns} ${left('destination', 18)} ${left('pe name', 16)} pe_data` : `${columns} destination`;
  return { title: `IPVS connection entries\n${title}\n`, line: lvsLine };
}
