// SPDX-License-Identifier: Apache-2.0
// -L
import { getService, listServices, type Service } from '../../../ipc/messages/service';
import type { Info } from '../../../ipc/messages/info';
import { NUMERIC, type Names } from '../../render/names';
import type { Arguments } from '../arguments';
import { EXIT_LIST } from '../errors';
import { briefText, failureText } from '../failure';
import { entryAddresses, inventory, type Entry } from '../inventory';
import { sortServices } from '../order';
import { serviceKey } from '../requests';
import { serviceName } from '../service-text';
import { attempt, type Command, type Session } from '../session';
import { chooseFormat, versionLine } from '../table';
import { listConnections } from './conn';
import { cpuIndex } from './cpu';

/** Prints entries as they come. @returns the exit status */
function print(session: Session, args: Arguments, entries: Iterable<Entry>, names: Names): number {
  const format = chooseFormat(args.given, names);
  let status = 0;
  session.stdout.write(format.title);
  for (const { service, dests, problem } of entries) {
    session.stdout.write(format.service(service, dests) + dests.map((dest) => format.dest(dest, service)).join(''));
    if (problem === null) continue;
    session.stderr.write(`${serviceName(service, names)}: ${briefText(problem)}\n`);
    status = EXIT_LIST;
  }
  return status;
}

async function printNamed(session: Session, args: Arguments, entries: Iterable<Entry>): Promise<number> {
  const all = [...entries];
  const { lookUpNames } = await import('../../runtime/names');
  return print(session, args, all, await lookUpNames(entryAddresses(all)));
}

function printServices(session: Session, args: Arguments, services: readonly Service[], index: number): number | Promise<number> {
  const sorted = !args.given.has('nosort');
  const entries = inventory(session, sorted ? sortServices(services) : services, { index, sorted });
  return args.given.has('numeric') ? print(session, args, entries, NUMERIC) : printNamed(session, args, entries);
}

function listAll(session: Session, args: Arguments, info: Info): number | Promise<number> {
  session.stdout.write(versionLine(info));
  const index = cpuIndex(session, args, info);
  if (index === null) return EXIT_LIST;
  const list = attempt(session, 'get-services', () => listServices(session.transport, index, info));
  return list === null ? EXIT_LIST : printServices(session, args, list.services, index);
}

function listOne(session: Session, args: Arguments, info: Info): number | Promise<number> {
  const { service: named } = args.values;
  const index = cpuIndex(session, args, info);
  if (named === undefined || index === null) return EXIT_LIST;
  const service = attempt(session, 'get-service', () => getService(session.transport, serviceKey(named), index));
  if (service === null) return EXIT_LIST;
  // Unlike in a list of everything, a service without its servers is no answer.
  const [entry] = inventory(session, [service], { index, sorted: !args.given.has('nosort') });
  if (entry === undefined || entry.problem !== null) {
    session.stderr.write(entry?.problem ? failureText('get-dests', entry.problem) : 'No such service\n');
    return EXIT_LIST;
  }
  return args.given.has('numeric') ? print(session, args, [entry], NUMERIC) : printNamed(session, args, [entry]);
}

export const list: Command = (args, open, io) => {
  for (const column of ['timeout', 'daemon'] as const) {
    if (!args.given.has(column)) continue;
    io.stderr.write(`--${column}: not supported by this daemon, dpvs has nothing to list for it\n`);
    return EXIT_LIST;
  }
  const session = open();
  if (args.given.has('connection')) return listConnections(session, args);
  const info = session.info();
  return args.values.service === undefined ? listAll(session, args, info) : listOne(session, args, info);
};
