// SPDX-License-Identifier: Apache-2.0
// What is fetched for lists of services, whatever prints them.
import { IpcError } from '../../ipc/client';
import type { Info } from '../../ipc/messages/info';
import type { Wanted } from '../../ipc/messages/list';
import { getService } from '../../ipc/messages/service';
import { NUMERIC, type Names } from '../render/names';
import type { Arguments, ServiceArgument } from './arguments';
import { EXIT_LIST } from './errors';
import { entryAddresses, fetchEntry, serviceFilter, type Entries, type Entry, type Request } from './inventory';
import { serviceKey } from './requests';
import { serviceName } from './service-text';
import { attempt, type Session } from './session';

/** Services as they were fetched. */
export interface Listing {
  readonly session: Session;
  readonly args: Arguments;
  readonly info: Info;
  /** False: of one service. */
  readonly isWhole: boolean;
  readonly entries: Entries;
}

/** Says that something of an entry is missing. @returns the exit status */
export function reportProblem({ session }: Pick<Listing, 'session'>, { service, problem }: Entry, names: Names): number {
  if (problem === null) return 0;
  session.complain(serviceName(service, names), 'get-dests', problem);
  return EXIT_LIST;
}

/** Names as the command line wants them. */
export async function namesFor({ session, args, entries }: Listing): Promise<Names> {
  if (args.given.has('numeric')) return NUMERIC;
  const names = await session.names();
  await names.learn(entryAddresses(entries));
  return names;
}

/** What the daemon has to send beside the services. */
function wantedOf({ given }: Arguments): Wanted {
  const details = given.has('details');
  return { dests: true, laddrs: details, acls: details, more: details || given.has('json') || given.has('rate') };
}

/** Entries that are there already. */
function entriesOf(entries: readonly Entry[]): Entries {
  return { generation: null, [Symbol.iterator]: () => entries[Symbol.iterator]() };
}

/** The service that is named. Unlike in a list of everything, a service without its servers is no answer. */
function fetchOne(session: Session, named: ServiceArgument, request: Request): Entries | null {
  const { transport } = session;
  const service = attempt(session, 'get-service', () => getService(transport, serviceKey(named), request.index));
  if (service === null) return null;
  return attempt(session, 'get-dests', () => {
    const entry = fetchEntry(transport, service, request);
    if (entry === null) throw new IpcError('No such service');
    if (entry?.problem) throw entry.problem;
    return entriesOf(entry === undefined ? [] : [entry]);
  });
}

/** Fetches what an lcore has; null after saying why that is not possible. */
export function fetchListing(listing: Omit<Listing, 'entries'>, index: number): Entries | null {
  const { session, args, info } = listing;
  const { service } = args.values;
  const sorted = !args.given.has('nosort');
  const request: Request = { index, wanted: wantedOf(args), sorted, filter: serviceFilter(args.values), info };
  const entries = service === undefined ? attempt(session, 'get-services', () => session.entries(request)) : fetchOne(session, service, request);
  return entries === null ? null : session.view(entries, index);
}
