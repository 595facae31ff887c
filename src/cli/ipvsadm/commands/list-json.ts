// SPDX-License-Identifier: Apache-2.0
// -L --json
import { NUMERIC } from '../../render/names';
import { EXIT_LIST } from '../errors';
import type { Entry } from '../inventory';
import { count, ListDocument } from '../../runtime/document';
import { entryJson, versionText } from '../json/listing';
import { fetchShares, type Share } from '../lcores';
import { reportProblem, type Listing } from '../listing';

function* alone(entries: Iterable<Entry>): Generator<{ entry: Entry; shares: readonly Share[] | null }> {
  for (const entry of entries) yield { entry, shares: null };
}

export function printJson(listing: Listing): number {
  const { session, args, info, entries } = listing;
  const { cpu } = args.values;
  const shared = cpu === 'all' ? fetchShares(listing) : { entries: alone(entries) };
  if (shared === null) return EXIT_LIST;
  const head = {
    version: versionText(info),
    connection_table_size: info.size,
    workers: info.workers,
    lcore_index: cpu === 'all' ? 0 : (cpu ?? 0),
    generation: entries.generation === null ? null : count(entries.generation),
  };
  const document = new ListDocument(session.stdout, head, 'services', args.given.has('pretty'));
  let status = 0;
  for (const { entry, shares } of shared.entries) {
    document.add(entryJson(entry, { bits: args.given.has('bits'), shares }));
    status = reportProblem(listing, entry, NUMERIC) || status;
  }
  document.end();
  return status;
}
