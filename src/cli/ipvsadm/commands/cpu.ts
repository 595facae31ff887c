// SPDX-License-Identifier: Apache-2.0
import type { Info } from '../../../ipc/messages/info';
import type { Arguments } from '../arguments';
import type { Session } from '../session';

/**
 * The lcore index of --cpu, 0 if it was not given. DPVS answers indexes far beyond the last worker with the sums, so they
 * are checked here.
 * @returns null after saying that the daemon has no such lcore
 */
export function cpuIndex(session: Session, args: Arguments, info: Info): number | null {
  const index = args.values.cpu === 'all' ? 0 : (args.values.cpu ?? 0);
  if (info.workers === null || index <= info.workers) return index;
  session.stderr.write(`illegal cpu '${index}' specified, this daemon has 0 (all) to ${info.workers}\n`);
  return null;
}
