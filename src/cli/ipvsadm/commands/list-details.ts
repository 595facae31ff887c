// SPDX-License-Identifier: Apache-2.0
// -L --details: what the daemon knows and the tables leave out.
import type { Dest } from '../../../ipc/messages/dest';
import { left, right } from '../../render/columns';
import { formatIp } from '../../render/address';
import type { Names } from '../../render/names';
import { printable } from '../../render/text';
import type { Entry } from '../inventory';
import { namesFor, reportProblem, type Listing } from '../listing';
import { serviceName, serviceWords } from '../service-text';
import { counterCell, destStart, forwardName, REMOTE, restReasons } from '../table';
import { subjectName } from '../subject';

const TITLE = [
  'Prot LocalAddress:Port Scheduler Flags',
  '     Servers LocalAddrs Denied Allowed LimitMbps Proportion',
  '     LocalAddress                             Device            Conns Conflicts',
  '     Denied|Allowed Client',
  `${REMOTE}           Forward Weight ActiveConn InActConn  PersistConn Uthreshold Lthreshold State`,
].join('\n');

function number(value: number | undefined, width: number): string {
  return left(value ?? '-', width);
}

function serviceLines({ service, laddrs, deny, allow, more }: Entry, names: Names, cell: (value: bigint) => string): string {
  const counts = [
    left(service.num_dests, 7),
    number(laddrs?.length, 10),
    number(more?.deny ?? deny?.length, 6),
    number(more?.allow ?? allow?.length, 7),
    left(service.bps, 9),
    service.limit_proportion,
  ].join(' ');
  const addresses = (laddrs ?? []).map(({ af, addr, ifname, nconns, conflicts }) => {
    const device = ifname === '' ? '-' : printable(ifname);
    return `     ${left(formatIp(af, addr), 40)} ${left(device, 15)} ${right(nconns, 7)} ${cell(conflicts)}\n`;
  });
  const refused = (deny ?? []).map((entry) => `     Denied  ${subjectName(entry)}\n`);
  const served = (allow ?? []).map((entry) => `     Allowed ${subjectName(entry)}\n`);
  return `${serviceName(service, names)} ${serviceWords(service)}\n     ${counts}\n${[...addresses, ...refused, ...served].join('')}`;
}

function destLine(dest: Dest, { service }: Entry, names: Names): string {
  const cells = [
    left(forwardName(dest.fwdmode), 7),
    left(dest.weight, 6),
    left(dest.actconns, 10),
    left(dest.inactconns, 10),
    left(dest.persistconns, 11),
    left(dest.max_conn, 10),
    left(dest.min_conn, 10),
    restReasons(dest) || 'up',
  ];
  return `${destStart(dest, service, names)} ${cells.join(' ')}\n`;
}

export async function printDetails(listing: Listing): Promise<number> {
  const { session, args, entries } = listing;
  const names = await namesFor(listing);
  const cell = counterCell(args.given);
  let status = 0;
  session.stdout.write(`${TITLE}\n`);
  for (const entry of entries) {
    session.stdout.write(serviceLines(entry, names, cell));
    session.stdout.write(entry.dests.map((dest) => destLine(dest, entry, names)).join(''));
    status = reportProblem(listing, entry, names) || status;
  }
  return status;
}
