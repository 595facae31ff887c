// SPDX-License-Identifier: Apache-2.0
// --replace-server
import { DaemonError, IpcError } from '../../../ipc/client';
import { BatchRecorder, sendBatch } from '../../../ipc/messages/batch';
import { capabilities, MSG } from '../../../ipc/messages/capabilities';
import { addDest, deleteDest, type Dest, type DestSpec } from '../../../ipc/messages/dest';
import { errorTexts } from '../../../ipc/messages/failures';
import type { ServiceSpec } from '../../../ipc/messages/service';
import { changeStatus, type Action } from '../failure';
import { requiredService, serverKey, serviceKey } from '../requests';
import { findServers } from '../servers';
import { change, type Command, type Session } from '../session';
import { invalid } from '../errors';

/** Both changes in one transaction. @returns the exit status */
function replaceAtOnce(session: Session, service: ServiceSpec, old: Dest, fresh: DestSpec): number {
  const recorder = new BatchRecorder();
  addDest(recorder, service, fresh);
  deleteDest(recorder, service, old);
  const actions: readonly Action[] = ['add-dest', 'delete-dest'];
  const { codes, firstFailed } = sendBatch(session.transport, recorder.items, { atomic: true });
  if (firstFailed === null) return 0;
  const code = codes[firstFailed] ?? 0;
  const error = new DaemonError(recorder.items[firstFailed]?.id ?? 0, code, errorTexts[code] ?? 'unknown error');
  session.fail(actions[firstFailed] ?? 'replace-dest', error);
  return changeStatus(error);
}

/** First the new one, so that the service is never without both. @returns the exit status */
function replaceInSteps(session: Session, service: ServiceSpec, old: Dest, fresh: DestSpec): number {
  const added = change(session, 'add-dest', () => {
    addDest(session.transport, service, fresh);
  });
  if (added !== 0) return added;
  return change(session, 'delete-dest', () => {
    deleteDest(session.transport, service, old);
  });
}

/** The new server gets all attributes of the old one, which goes; connections of the old one go on. */
export const replaceServer: Command = (args, open) => {
  const key = serviceKey(requiredService(args.values));
  const from = serverKey(args.values.realServer, args);
  const to = serverKey(args.values.replacement, args);
  if (from.af === to.af && from.port === to.port && Buffer.compare(from.addr, to.addr) === 0) {
    throw invalid('the replacement is the server itself');
  }
  const session = open();
  const servers = findServers(session, key, from);
  if (typeof servers === 'number') return servers;
  const [old] = servers;
  if (old === undefined) throw new Error('a server that was found is missing');
  const fresh: DestSpec = { ...old, af: to.af, addr: to.addr, port: to.port };
  try {
    const batches = capabilities(session.transport).serves(MSG.DS_MSG_BATCH);
    return batches ? replaceAtOnce(session, key, old, fresh) : replaceInSteps(session, key, old, fresh);
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    session.fail('replace-dest', error);
    return changeStatus(error);
  }
};
