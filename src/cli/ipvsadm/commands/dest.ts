// SPDX-License-Identifier: Apache-2.0
// -a -e -d
import { addDest, deleteDest, editDest, listDests, type DestSpec } from '../../../ipc/messages/dest';
import { getService, type ServiceSpec } from '../../../ipc/messages/service';
import { EDPVS } from '../../../ipc/messages/failures';
import { DaemonError, IpcError } from '../../../ipc/client';
import { compareAddress } from '../../parse/address';
import { formatEndpoint } from '../../render/address';
import type { Action } from '../failure';
import { serverRequest } from '../requests';
import { change, type Command, type Session } from '../session';

type Request = typeof addDest;

/** People leave out -b with -e, which turns the server's port into the service's: say which ports there are. */
function hintOtherPorts(session: Session, service: ServiceSpec, dest: DestSpec): void {
  const { af = 0, addr } = dest;
  if (addr === undefined) return;
  let ports: number[];
  try {
    const found = getService(session.transport, { ...service, flags: 0 });
    const servers = listDests(session.transport, found) ?? [];
    ports = servers.filter((other) => other.af === af && compareAddress(af, other.addr, addr) === 0).map((other) => other.port);
  } catch (error) {
    if (error instanceof IpcError) return;
    throw error;
  }
  if (ports.length === 0 || ports.includes(dest.port ?? 0)) return;
  const endpoints = ports.map((port) => formatEndpoint(af, addr, port, 0)).join(', ');
  session.stderr.write(`hint: the service has ${endpoints}; repeat its forwarding option (-b, -m ...) and its port\n`);
}

function command(action: Action, request: Request): Command {
  return (args, open) => {
    const { service, dest } = serverRequest(args);
    const session = open();
    const attempt = (): void => {
      try {
        request(session.transport, service, dest);
      } catch (error) {
        const absent = error instanceof DaemonError && error.code === EDPVS.EDPVS_NOTEXIST;
        if (absent && action !== 'add-dest' && !args.given.has('if-exists')) hintOtherPorts(session, service, dest);
        throw error;
      }
    };
    return change(session, action, attempt, args.given);
  };
}

export const add = command('add-dest', addDest);
export const edit = command('edit-dest', editDest);
export const remove = command('delete-dest', deleteDest);
