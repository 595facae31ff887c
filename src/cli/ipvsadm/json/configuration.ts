// SPDX-License-Identifier: Apache-2.0
// -S --json: what -R and --apply read again (docs/rules.md).
import type { Info } from '../../../ipc/messages/info';
import { configuredDests } from '../../../ipc/messages/list';
import { formatIp } from '../../render/address';
import { printable } from '../../render/text';
import { isConhash } from '../checks';
import type { Entries } from '../inventory';
import { Saver } from '../saver';
import type { Session } from '../session';
import { count, ListDocument } from '../../runtime/document';
import { versionText } from './listing';
import { familyName, serverAttributes, serviceAttributes, serviceIdentity, subjectJson } from './service';

/** Prints services with all that is configured of them, and nothing that changes by itself. @returns the exit status */
export function writeConfiguration(session: Session, info: Info, entries: Entries, pretty: boolean): number {
  const saver = new Saver(session);
  const head = { version: versionText(info), generation: entries.generation === null ? null : count(entries.generation) };
  const document = new ListDocument(session.stdout, head, 'services', pretty);
  for (const entry of entries) {
    const { service, deny, allow } = entry;
    saver.noteProblem(entry);
    document.add({
      ...serviceIdentity(service),
      ...serviceAttributes(service),
      // Other schedulers hash nothing, whatever the daemon remembers.
      ...(isConhash(service.sched_name) ? {} : { hash_target: null }),
      servers: configuredDests(entry).map(serverAttributes),
      local_addresses: saver
        .laddrs(service, entry.laddrs)
        .map(({ af, addr, ifname }) => ({ family: familyName(af), address: formatIp(af, addr), ifname: printable(ifname) })),
      deny: saver.list('deny', service, deny).map(subjectJson),
      allow: saver.list('allow', service, allow).map(subjectJson),
    });
  }
  document.end();
  return saver.status;
}
