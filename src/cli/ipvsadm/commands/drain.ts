// SPDX-License-Identifier: Apache-2.0
// --drain
import { IpcError } from '../../../ipc/client';
import { BatchRecorder, sendBatch } from '../../../ipc/messages/batch';
import { destFlags, editDest, listDests, type Dest } from '../../../ipc/messages/dest';
import { getService, type ServiceSpec } from '../../../ipc/messages/service';
import { compareAddress } from '../../parse/address';
import { formatEndpoint } from '../../render/address';
import type { Io } from '../../runtime/io';
import { EXIT_LIST } from '../errors';
import { isMissing } from '../failure';
import { requiredService, serverKey, serviceKey } from '../requests';
import { findServers } from '../servers';
import { attempt, change, type Command, type Session } from '../session';

const POLL_MS = 1000;
const INHIBITED = destFlags.DPVS_DEST_F_INHIBITED;

interface Drained {
  readonly service: ServiceSpec;
  readonly servers: readonly Dest[];
}

function nameOf({ af, addr, port }: Dest): string {
  return formatEndpoint(af, addr, port, 0);
}

/** Everything but the weight stays. @returns the exit status */
function setWeightsToZero(session: Session, { service, servers }: Drained): number {
  // One that the passive check inhibits would get its weight back.
  const weighted = servers.filter(({ weight, flags }) => weight !== 0 || (flags & INHIBITED) !== 0);
  const edit = (transport: Session['transport']): void => {
    for (const server of weighted) editDest(transport, service, { ...server, weight: 0, flags: server.flags & ~INHIBITED });
  };
  if (weighted.length < 2) {
    return change(session, 'edit-dest', () => {
      edit(session.transport);
    });
  }
  let status = 0;
  const sent = change(session, 'edit-dest', () => {
    const recorder = new BatchRecorder();
    edit(recorder);
    const { firstFailed, codes } = sendBatch(session.transport, recorder.items);
    if (firstFailed === null) return;
    session.stderr.write(`${nameOf(weighted[firstFailed] ?? (weighted[0] as Dest))}: its weight could not be changed (${codes[firstFailed] ?? 0})\n`);
    status = EXIT_LIST;
  });
  return sent === 0 ? status : sent;
}

/** Connections that are left; null after saying why nobody knows. Servers that are gone have none. */
function countConnections(session: Session, { service, servers }: Drained): number | null {
  let now: Dest[];
  try {
    now = listDests(session.transport, getService(session.transport, service)) ?? [];
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    if (isMissing(error)) return 0;
    return attempt<number>(session, 'get-dests', () => {
      throw error;
    });
  }
  const isDrained = (dest: Dest): boolean =>
    servers.some(({ af, addr, port }) => af === dest.af && port === dest.port && compareAddress(af, addr, dest.addr) === 0);
  return now.filter(isDrained).reduce((sum, { actconns, inactconns, persistconns }) => sum + actconns + inactconns + persistconns, 0);
}

function leftText(left: number): string {
  return `${left} ${left === 1 ? 'connection is' : 'connections are'} left; the weight stays 0`;
}

/** Waits for the last connection. @param deadlineMs Infinity: as long as it takes @returns the exit status */
async function waitForEnd(session: Session, drained: Drained, io: Io, deadlineMs: number): Promise<number> {
  const end = io.now() + deadlineMs;
  for (;;) {
    const left = countConnections(session, drained);
    if (left === null) return EXIT_LIST;
    if (left === 0) return 0;
    const rest = end - io.now();
    if (rest <= 0) {
      session.stderr.write(`${leftText(left)}\n`);
      return EXIT_LIST;
    }
    if (io.isTTY) session.stderr.write(`${left} left\n`);
    await io.sleep(Math.min(POLL_MS, rest), () => {
      session.stderr.write(`interrupted: ${leftText(left)}\n`);
    });
  }
}

/** No new connections for a server, or for all of a service, and then none at all. Ctrl-C leaves the weight at 0. */
export const drain: Command = (args, open, io) => {
  const service = serviceKey(requiredService(args.values));
  const server = args.values.realServer === undefined ? null : serverKey(args.values.realServer, args);
  const session = open();
  const servers = findServers(session, service, server);
  if (typeof servers === 'number') return servers;
  const drained = { service, servers };
  const status = setWeightsToZero(session, drained);
  if (status !== 0) return status;
  return waitForEnd(session, drained, io, args.values.deadline === undefined ? Infinity : args.values.deadline * 1000);
};
