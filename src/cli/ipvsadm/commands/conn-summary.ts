// SPDX-License-Identifier: Apache-2.0
// -L -c --summary: how many connections there are, by state, server and lcore.
import { IpcError } from '../../../ipc/client';
import { countConnections, type ConnCount } from '../../../ipc/messages/list';
import { protocolName } from '../../parse/protocol';
import { formatEndpoint } from '../../render/address';
import { left, right } from '../../render/columns';
import { NUMERIC, type Names } from '../../render/names';
import { printable } from '../../render/text';
import type { Arguments } from '../arguments';
import { summarise, type Summary } from '../conn-counts';
import { connFilter, reportFailure } from '../connections';
import type { Session } from '../session';

function protocolText(proto: number): string {
  return protocolName(proto) ?? '--';
}

function summaryText({ total, states, servers, lcores }: Summary, names: Names): string {
  const virtual = ({ in_af, vaddr, vport, proto }: ConnCount): string => formatEndpoint(in_af, vaddr, vport, proto, names);
  const server = ({ out_af, daddr, dport, proto }: ConnCount): string => formatEndpoint(out_af, daddr, dport, proto, names);
  const row = (start: string, count: string | bigint): string => `${start} ${right(count, 11)}\n`;
  const stateStart = (proto: string, state: string): string => `${left(proto, 6)} ${left(state, 15)}`;
  const serverStart = (proto: string, from: string, to: string): string => `${left(proto, 6)} ${left(from, 28)} ${left(to, 28)}`;
  return [
    row(stateStart('Prot', 'State'), 'Connections'),
    ...states.map(({ of, count }) => row(stateStart(protocolText(of.proto), printable(of.state)), count)),
    row(serverStart('Prot', 'LocalAddress:Port', 'RemoteAddress:Port'), 'Connections'),
    ...servers.map(({ of, count }) => row(serverStart(protocolText(of.proto), virtual(of), server(of)), count)),
    row(left('Lcore', 6), 'Connections'),
    ...lcores.map(({ of, count }) => row(left(of.lcore, 6), count)),
    row(left('Total', 6), total),
  ].join('');
}

async function namesOf(counts: readonly ConnCount[], session: Session, args: Arguments): Promise<Names> {
  if (args.given.has('numeric')) return NUMERIC;
  const names = await session.names();
  await names.learn(
    counts.flatMap(({ in_af, vaddr, out_af, daddr }) => [
      { af: in_af, bytes: vaddr },
      { af: out_af, bytes: daddr },
    ]),
  );
  return names;
}

export async function printSummary(session: Session, args: Arguments): Promise<number> {
  let counts: ConnCount[];
  try {
    counts = countConnections(session.transport, connFilter(args.values));
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    return reportFailure(session, args, error, false);
  }
  const summary = summarise(counts);
  if (args.given.has('json')) {
    const { writeSummary } = await import('../json/connections');
    writeSummary(session, args, summary);
  } else {
    session.stdout.write(summaryText(summary, await namesOf(counts, session, args)));
  }
  return 0;
}
