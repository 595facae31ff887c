// SPDX-License-Identifier: Apache-2.0
// -S
import type { Info } from '../../../ipc/messages/info';
import { configuredDests } from '../../../ipc/messages/list';
import { NUMERIC, type Names } from '../../render/names';
import { EXIT_LIST } from '../errors';
import { entryAddresses, type Entries, type Entry } from '../inventory';
import { aclLine, destLine, laddrLine, serviceLine } from '../rules';
import { Saver } from '../saver';
import { attempt, type Command, type Session } from '../session';

class RuleSaver extends Saver {
  constructor(
    session: Session,
    private readonly complete: boolean,
  ) {
    super(session);
  }

  write(entry: Entry, names: Names): void {
    const { service } = entry;
    const { stdout } = this.session;
    stdout.write(serviceLine(service, names, this.complete));
    for (const dest of configuredDests(entry)) stdout.write(destLine(service, dest, names, this.complete));
    this.noteProblem(entry);
    if (!this.complete) return;
    for (const local of this.laddrs(service, entry.laddrs)) stdout.write(laddrLine(service, local, names));
    for (const denied of this.list('deny', service, entry.deny)) stdout.write(aclLine('deny', service, denied, names));
    for (const allowed of this.list('allow', service, entry.allow)) stdout.write(aclLine('allow', service, allowed, names));
  }

  writeAll(entries: Iterable<Entry>, names: Names): number {
    for (const entry of entries) this.write(entry, names);
    return this.status;
  }
}

async function writeNamed(session: Session, saver: RuleSaver, entries: Entries): Promise<number> {
  const names = await session.names();
  await names.learn(entryAddresses(entries));
  return saver.writeAll(entries, names);
}

async function writeJson(session: Session, info: Info, entries: Entries, pretty: boolean): Promise<number> {
  return (await import('../json/configuration')).writeConfiguration(session, info, entries, pretty);
}

export const save: Command = ({ given }, open) => {
  const session = open();
  const info = session.info();
  const complete = !given.has('compat-save') || given.has('json');
  const wanted = { dests: true, laddrs: complete, acls: complete, more: complete };
  const entries = attempt(session, 'get-services', () => session.entries({ index: 0, sorted: true, wanted, info }));
  if (entries === null) return EXIT_LIST;
  if (given.has('json')) return writeJson(session, info, entries, given.has('pretty'));
  const saver = new RuleSaver(session, complete);
  return given.has('numeric') ? saver.writeAll(entries, NUMERIC) : writeNamed(session, saver, entries);
};
