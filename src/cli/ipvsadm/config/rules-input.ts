// SPDX-License-Identifier: Apache-2.0
// Files of rules as configurations: what -S writes, and what people write in its place.
import type { Io } from '../../runtime/io';
import type { Arguments, Values } from '../arguments';
import { newService, aclSubject, localAddress, requiredService, serverRequest, serviceKey } from '../requests';
import { invalid, UsageError } from '../errors';
import { serviceId } from '../identity';
import { ruleLines } from '../restore/input';
import { LineSource, type Source } from '../restore/source';
import type { Rules } from '../restore/rules';
import { addEntry, addLaddrTo, addServer, Wanted, type WantedService } from './wanted';

/** A line that is wrong. */
export interface Mistake {
  readonly source: Source;
  readonly error: UsageError;
}

/** More of them help nobody. */
export const MAX_MISTAKES = 100;

const EVERYTHING = { servers: true, laddrs: true, deny: true, allow: true } as const;

function refuseTwice(before: string | null): void {
  if (before !== null) throw invalid(`the same as ${before}`);
}

function ownerOf(wanted: Wanted, values: Readonly<Values>): WantedService {
  const owner = wanted.services.get(serviceId(serviceKey(requiredService(values))));
  if (owner === undefined) throw invalid('no line before it adds the service (-A)');
  return owner;
}

/** @throws UsageError */
function addRule(wanted: Wanted, args: Arguments, where: string): void {
  const { command, values } = args;
  switch (command.id) {
    case 'add-service': {
      const before = wanted.addService(where, newService(args), EVERYTHING);
      refuseTwice(typeof before === 'string' ? before : null);
      return;
    }
    case 'add-server':
      refuseTwice(addServer(ownerOf(wanted, values), where, serverRequest(args).dest));
      return;
    case 'add-laddr':
      refuseTwice(addLaddrTo(ownerOf(wanted, values), where, localAddress(values)));
      return;
    case 'add-blklst':
      if (values.deny !== undefined) refuseTwice(addEntry(ownerOf(wanted, values), 'deny', where, aclSubject(values.deny)));
      return;
    case 'add-whtlst':
      if (values.allow !== undefined) refuseTwice(addEntry(ownerOf(wanted, values), 'allow', where, aclSubject(values.allow)));
      return;
    default:
      throw invalid(`the '${command.name}' command says nothing of what there shall be; require -A, -a, -P, -U or -O`);
  }
}

/** The configuration that rules describe, or what is wrong with them. @throws CommandError when there is too much of it */
export async function readRules(input: Iterable<Uint8Array>, io: Io, rules: Rules): Promise<Wanted | Mistake[]> {
  const wanted = new Wanted();
  const mistakes: Mistake[] = [];
  const lines = ruleLines(input, (error, line) => void mistakes.push({ source: new LineSource(line), error }));
  for (const line of lines) {
    const source = new LineSource(line);
    try {
      const parsed = rules.parse(line.words, io);
      addRule(wanted, parsed instanceof Promise ? await parsed : parsed, source.where);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      mistakes.push({ source, error });
    }
    if (mistakes.length >= MAX_MISTAKES) break;
  }
  return mistakes.length > 0 ? mistakes : wanted;
}
