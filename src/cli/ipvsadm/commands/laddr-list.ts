// SPDX-License-Identifier: Apache-2.0
// -G
import { IpcError } from '../../../ipc/client';
import { matchesService } from '../../../ipc/messages/filter';
import type { Info } from '../../../ipc/messages/info';
import { listLaddrs } from '../../../ipc/messages/laddr';
import { fetchInventory, hasInventory, type ListedLaddr } from '../../../ipc/messages/list';
import { getService, listServices, type Service } from '../../../ipc/messages/service';
import { formatEndpoint, formatIp } from '../../render/address';
import { left } from '../../render/columns';
import type { Arguments } from '../arguments';
import { EXIT_LIST } from '../errors';
import { serviceFilter } from '../inventory';
import { LcoreGrid } from '../grid';
import { count, ListDocument, type JsonObject } from '../../runtime/document';
import { requestError } from '../json/error';
import { versionText } from '../json/listing';
import { laddrJson, serviceIdentity } from '../json/service';
import { serviceId, workerCount } from '../lcores';
import { serviceKey } from '../requests';
import { attempt, type Open, type Session } from '../session';
import { counterCell } from '../table';
import { cpuIndex } from './cpu';

/** Local addresses of a service. */
interface Holding {
  readonly service: Service;
  readonly laddrs: readonly ListedLaddr[];
  /** Why they could not be had. */
  readonly problem: IpcError | null;
}

const TITLE = row('VIP:VPORT', 'TOTAL', 'SNAT_IP', 'CONFLICTS', 'CONNS');

function row(...cells: readonly [string, string, string, string | bigint, string | number]): string {
  const [virtual, total, local, conflicts, conns] = cells;
  return `${left(virtual, 20)} ${left(total, 8)} ${left(local, 20)} ${left(conflicts, 10)} ${left(conns, 10)}\n`;
}

function virtualText({ af, addr, port, proto }: Service): string {
  return formatEndpoint(af, addr, port, proto);
}

/** A service and its local addresses; the first line ends behind the count. */
function laddrTable({ service, laddrs }: Holding): string {
  const rows = laddrs.map(({ af, addr, conflicts, nconns }) => row('', '', formatIp(af, addr), conflicts, nconns));
  return `${left(virtualText(service), 20)} ${left(laddrs.length, 8)} \n${rows.join('')}`;
}

function listed(session: Session, service: Service, index: number): ListedLaddr[] {
  return listLaddrs(session.transport, service, index).map(({ af, addr, nport_conflict: conflicts, nconns }) => ({
    af,
    addr,
    conflicts,
    nconns,
    ifname: '',
  }));
}

/** Services of old daemons are asked for one by one, while they are printed. */
function* legacyHoldings(session: Session, services: readonly Service[], index: number): Generator<Holding> {
  for (const service of services) {
    try {
      yield { service, laddrs: listed(session, service, index), problem: null };
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      yield { service, laddrs: [], problem: error };
    }
  }
}

/** All services, in the daemon's order; null after saying why they cannot be had. */
function fetchAll(session: Session, args: Arguments, info: Info, index: number): Iterable<Holding> | null {
  const { transport } = session;
  const filter = serviceFilter(args.values);
  return attempt(session, 'get-services', () => {
    if (info.services > 1 && hasInventory(transport)) {
      const { services } = fetchInventory(transport, { index, filter, wanted: { laddrs: true }, info });
      return services.map(({ service, laddrs, problem }) => ({ service, laddrs: laddrs ?? [], problem }));
    }
    const { services } = listServices(transport, index, info);
    const kept = filter === undefined ? services : services.filter((service) => matchesService(filter, service));
    return legacyHoldings(session, kept, index);
  });
}

/** The service that is named, which must be there. */
function fetchOne(session: Session, args: Arguments, index: number): Holding[] | null {
  const { transport } = session;
  const { service: named } = args.values;
  if (named === undefined) throw new Error('one service is listed and none is named');
  const service = attempt(session, 'get-service', () => getService(transport, serviceKey(named), index));
  if (service === null) return null;
  const filter = serviceFilter(args.values);
  if (filter !== undefined && !matchesService(filter, service)) return [];
  return attempt(session, 'get-laddrs', () => [{ service, laddrs: listed(session, service, index), problem: null }]);
}

function fetch(session: Session, args: Arguments, info: Info, index: number): Iterable<Holding> | null {
  return args.values.service === undefined ? fetchAll(session, args, info, index) : fetchOne(session, args, index);
}

function reportProblem(session: Session, { service, problem }: Holding): number {
  if (problem === null) return 0;
  session.complain(virtualText(service), 'get-laddrs', problem);
  return EXIT_LIST;
}

function printTable(session: Session, holdings: Iterable<Holding>): number {
  let status = 0;
  let title = TITLE;
  for (const holding of holdings) {
    session.stdout.write(title);
    title = '';
    if (holding.problem === null) session.stdout.write(laddrTable(holding));
    status = reportProblem(session, holding) || status;
  }
  return status;
}

function laddrId({ af, addr }: ListedLaddr): string {
  return `${af} ${formatIp(af, addr)}`;
}

/** What each lcore has, by service and local address; null after saying why that cannot be had. */
function fetchShares(session: Session, args: Arguments, info: Info): Map<string, ListedLaddr>[] | null {
  const shares: Map<string, ListedLaddr>[] = [];
  for (let index = 1; index <= workerCount(info); index += 1) {
    const holdings = fetch(session, args, info, index);
    if (holdings === null) return null;
    const share = new Map<string, ListedLaddr>();
    for (const { service, laddrs } of holdings) for (const laddr of laddrs) share.set(`${serviceId(service)} ${laddrId(laddr)}`, laddr);
    shares.push(share);
  }
  return shares;
}

/** A column for each lcore. */
function printGrid(session: Session, args: Arguments, holdings: Iterable<Holding>, shares: readonly Map<string, ListedLaddr>[]): number {
  const grid = new LcoreGrid(counterCell(args.given));
  let status = 0;
  session.stdout.write(grid.title('VIP:VPORT', shares.length));
  for (const holding of holdings) {
    session.stdout.write(`${virtualText(holding.service)}\n`);
    for (const laddr of holding.laddrs) {
      const id = `${serviceId(holding.service)} ${laddrId(laddr)}`;
      const values = (member: 'nconns' | 'conflicts'): (bigint | number | null)[] => [laddr, ...shares.map((share) => share.get(id))].map((each) => each?.[member] ?? null);
      session.stdout.write(grid.line(`  -> ${formatIp(laddr.af, laddr.addr)}`, 'Conns', values('nconns')));
      session.stdout.write(grid.line('', 'Conflicts', values('conflicts')));
    }
    status = reportProblem(session, holding) || status;
  }
  return status;
}

/** @param shares of lcores; null: they are not wanted */
function printJson(session: Session, args: Arguments, info: Info, holdings: Iterable<Holding>, shares: readonly Map<string, ListedLaddr>[] | null): number {
  const head = { version: versionText(info), workers: info.workers, lcore_index: typeof args.values.cpu === 'number' ? args.values.cpu : 0 };
  const document = new ListDocument(session.stdout, head, 'services', args.given.has('pretty'));
  let status = 0;
  for (const holding of holdings) {
    const { service, problem } = holding;
    const lcores = (laddr: ListedLaddr): JsonObject[] | undefined =>
      shares?.map((share, i) => {
        const own = share.get(`${serviceId(service)} ${laddrId(laddr)}`);
        return own === undefined ? { index: i + 1 } : { index: i + 1, port_conflicts: count(own.conflicts), connections: own.nconns };
      });
    document.add({
      ...serviceIdentity(service),
      local_addresses: holding.laddrs.map((laddr) => ({ ...laddrJson(laddr), lcores: lcores(laddr) })),
      error: problem === null ? undefined : requestError('get-laddrs', problem),
    });
    status = reportProblem(session, holding) || status;
  }
  document.end();
  return status;
}

export function list(args: Arguments, open: Open): number {
  const session = open();
  const info = session.info();
  const index = cpuIndex(session, args, info);
  if (index === null) return EXIT_LIST;
  const holdings = fetch(session, args, info, index);
  if (holdings === null) return EXIT_LIST;
  const isEach = args.values.cpu === 'all';
  const shares = isEach ? fetchShares(session, args, info) : [];
  if (shares === null) return EXIT_LIST;
  if (args.given.has('json')) return printJson(session, args, info, holdings, isEach ? shares : null);
  return isEach ? printGrid(session, args, holdings, shares) : printTable(session, holdings);
}
