// SPDX-License-Identifier: Apache-2.0
import { listDests, type Dest } from '../../ipc/messages/dest';
import { getService, type ServiceSpec } from '../../ipc/messages/service';
import { compareAddress } from '../parse/address';
import { EXIT_SYNTAX } from './errors';
import type { ServerKey } from './requests';
import { attempt, type Session } from './session';

/** Exit status for a server that is not there: the low byte of the daemon's code for it. */
const EXIT_NO_SERVER = 252;

/**
 * Servers of a service as they are now.
 * @param server null: all of them
 * @returns the exit status after saying that there is no such service or server
 */
export function findServers(session: Session, service: ServiceSpec, server: ServerKey | null): Dest[] | number {
  const { transport } = session;
  const found = attempt(session, 'get-service', () => getService(transport, service));
  if (found === null) return EXIT_SYNTAX;
  const dests = attempt(session, 'get-dests', () => listDests(transport, found) ?? []);
  if (dests === null) return EXIT_SYNTAX;
  if (server === null) return dests;
  const wanted = dests.filter((dest) => dest.af === server.af && dest.port === server.port && compareAddress(dest.af, dest.addr, server.addr) === 0);
  if (wanted.length > 0) return wanted;
  session.stderr.write('No such destination\n');
  return EXIT_NO_SERVER;
}
