// SPDX-License-Identifier: Apache-2.0
// -L
import { NUMERIC, type Names } from '../../render/names';
import type { Arguments } from '../arguments';
import { EXIT_LIST } from '../errors';
import { fetchListing, namesFor, reportProblem, type Listing } from '../listing';
import type { Command, Session } from '../session';
import { chooseFormat, DPVS, entryLines, versionLine, type Dialect } from '../table';
import { listConnections } from './conn';
import { cpuIndex } from './cpu';
import { listTimeouts } from './timeouts';

function print(listing: Listing, names: Names, dialect: Dialect): number {
  const { session, args, entries } = listing;
  const format = chooseFormat(args.given, names, dialect);
  let status = 0;
  session.stdout.write(format.title);
  for (const entry of entries) {
    session.stdout.write(entryLines(format, entry));
    status = reportProblem(listing, entry, names) || status;
  }
  return status;
}

async function printLater(listing: Listing): Promise<number> {
  const dialect = listing.args.given.has('lvs-format') ? (await import('../lvs')).LVS : DPVS;
  return print(listing, await namesFor(listing), dialect);
}

/** Lists in layouts of our own; loaded when they are wanted. */
async function printOther(listing: Listing): Promise<number> {
  const { given, values } = listing.args;
  if (given.has('json')) return (await import('./list-json')).printJson(listing);
  if (given.has('prom')) return (await import('./list-prom')).printMetrics(listing);
  if (values.cpu === 'all') return (await import('./list-lcores')).printLcores(listing);
  return (await import('./list-details')).printDetails(listing);
}

function isOther({ given, values }: Arguments): boolean {
  return given.has('json') || given.has('prom') || given.has('details') || values.cpu === 'all';
}

function listServices(session: Session, args: Arguments): number | Promise<number> {
  const info = session.info();
  const isWhole = args.values.service === undefined;
  const isTable = !args.given.has('json') && !args.given.has('prom');
  if (isWhole && isTable) session.stdout.write(versionLine(info));
  const index = cpuIndex(session, args, info);
  if (index === null) return EXIT_LIST;
  const about = { session, args, info, isWhole };
  const entries = fetchListing(about, index);
  if (entries === null) return EXIT_LIST;
  const listing = { ...about, entries };
  if (isOther(args)) return printOther(listing);
  return args.given.has('numeric') && !args.given.has('lvs-format') ? print(listing, NUMERIC, DPVS) : printLater(listing);
}

export const list: Command = (args, open, io) => {
  if (args.given.has('daemon')) {
    io.stderr.write('--daemon: not supported by this daemon, dpvs has nothing to list for it\n');
    return EXIT_LIST;
  }
  if (args.given.has('timeout')) return listTimeouts(args, open, io);
  const session = open();
  return args.given.has('connection') ? listConnections(session, args) : listServices(session, args);
};
