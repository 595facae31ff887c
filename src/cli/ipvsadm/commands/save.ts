// SPDX-License-Identifier: Apache-2.0
// -S
import { IpcError } from '../../../ipc/client';
import { listAclEntries, type AclEntry, type AclKind } from '../../../ipc/messages/acl';
import { listAddresses } from '../../../ipc/messages/addr';
import { isUnsupported } from '../../../ipc/messages/failures';
import { listLaddrs } from '../../../ipc/messages/laddr';
import type { Service } from '../../../ipc/messages/service';
import { compareAddress } from '../../parse/address';
import { formatIp } from '../../render/address';
import { NUMERIC, type Names } from '../../render/names';
import { entriesByService } from '../acl-entries';
import { EXIT_LIST } from '../errors';
import { briefText } from '../failure';
import { entryAddresses, fetchEntries, type Entry } from '../inventory';
import { aclLine, destLine, laddrLine, serviceLine } from '../rules';
import { serviceName } from '../service-text';
import { attempt, type Command, type Session } from '../session';

/** What upstream does not save, of all services together. */
interface Extras {
  readonly deny: (service: Service) => readonly AclEntry[];
  readonly allow: (service: Service) => readonly AclEntry[];
  /** Device of an address; undefined: no device has it. */
  device(af: number, addr: Uint8Array): string | undefined;
}

/** A saver remembers whether anything is missing from what it wrote. */
class Saver {
  status = 0;
  /** Services of marks and rules share the entries of the any-address; a second one would be refused by -R. */
  readonly #written = new Set<AclEntry>();

  constructor(private readonly session: Session) {}

  complain(about: string, problem: string): void {
    this.session.stderr.write(`${about}: ${problem}\n`);
    this.status = EXIT_LIST;
  }

  /** A list that the daemon may not know, in which case there is nothing in it. */
  #fetch<T>(what: string, request: () => T[]): T[] {
    try {
      return request();
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      if (!isUnsupported(error)) this.complain(what, briefText(error));
      return [];
    }
  }

  fetchExtras(): Extras {
    const { transport } = this.session;
    const list = (kind: AclKind): Extras[AclKind] => entriesByService(this.#fetch(`the ${kind} lists`, () => listAclEntries(transport, kind)));
    let devices: ReturnType<typeof listAddresses>['addresses'] | undefined;
    return {
      deny: list('deny'),
      allow: list('allow'),
      device: (af, addr) => {
        devices ??= this.#fetch('the addresses of devices', () => [
          ...listAddresses(transport, {}, { verbose: false, stats: false }).addresses,
        ]);
        const owner = devices.find(({ ifa_entry: own }) => own.af === af && compareAddress(af, own.addr, addr) === 0);
        return owner?.ifa_entry.ifname;
      },
    };
  }

  laddrLines(service: Service, extras: Extras, names: Names): string {
    const name = serviceName(service, names);
    const laddrs = this.#fetch(`${name}: the local addresses`, () => listLaddrs(this.session.transport, service));
    return laddrs
      .map(({ af, addr }) => {
        const ifname = extras.device(af, addr);
        if (ifname === undefined) {
          this.complain(name, `no device has the local address ${formatIp(af, addr)}, it is not saved`);
          return '';
        }
        return laddrLine(service, { af, addr, ifname }, names);
      })
      .join('');
  }

  write({ service, dests, problem }: Entry, extras: Extras | null, names: Names): void {
    const { stdout } = this.session;
    stdout.write(serviceLine(service, names, extras !== null));
    for (const dest of dests) stdout.write(destLine(service, dest, names, extras !== null));
    if (problem !== null) this.complain(serviceName(service, names), briefText(problem));
    if (extras === null) return;
    stdout.write(this.laddrLines(service, extras, names));
    for (const kind of ['deny', 'allow'] as const) {
      for (const entry of extras[kind](service)) {
        if (this.#written.has(entry)) continue;
        this.#written.add(entry);
        stdout.write(aclLine(kind, service, entry, names));
      }
    }
  }

  writeAll(entries: Iterable<Entry>, extras: Extras | null, names: Names): number {
    for (const entry of entries) this.write(entry, extras, names);
    return this.status;
  }
}

async function writeNamed(session: Session, saver: Saver, entries: Iterable<Entry>, extras: Extras | null): Promise<number> {
  const all = [...entries];
  const names = await session.names();
  await names.learn(entryAddresses(all));
  return saver.writeAll(all, extras, names);
}

export const save: Command = (args, open) => {
  const session = open();
  const entries = attempt(session, 'get-services', () =>
    fetchEntries(session.transport, { index: 0, sorted: true, wanted: { dests: true }, info: session.info() }),
  );
  if (entries === null) return EXIT_LIST;
  const saver = new Saver(session);
  const extras = args.given.has('compat-save') ? null : saver.fetchExtras();
  return args.given.has('numeric') ? saver.writeAll(entries, extras, NUMERIC) : writeNamed(session, saver, entries, extras);
};
