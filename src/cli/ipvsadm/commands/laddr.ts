// SPDX-License-Identifier: Apache-2.0
// -P -Q; -G is in laddr-list.ts
import { IpcError, type Transport } from '../../../ipc/client';
import { addAddress, deleteAddress, ifaddrFlags, type AddressSpec } from '../../../ipc/messages/addr';
import { addLaddr, deleteLaddr, listLaddrs, type LocalAddress } from '../../../ipc/messages/laddr';
import { isUnsupported } from '../../../ipc/messages/failures';
import { listServices, type Service } from '../../../ipc/messages/service';
import { AF_INET6, compareAddress } from '../../parse/address';
import { formatIp } from '../../render/address';
import { libraryLine } from '../../runtime/library-line';
import { briefText, isExisting } from '../failure';
import { localAddress, requiredService, serviceKey } from '../requests';
import { change, type Command, type Session } from '../session';

/** The address as its device gets it: alone in its prefix, with a pool of ports. */
export function deviceAddress({ af, addr, ifname }: LocalAddress): AddressSpec {
  return { af, addr, ifname, plen: af === AF_INET6 ? 128 : 32, flags: ifaddrFlags.IFA_F_SAPOOL };
}

/** Changes the device's addresses; a failure is told, and what depends on it goes on. @returns true if it was done */
export function changeDevice(session: Session, request: () => void): boolean {
  try {
    request();
    return true;
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    if (!isExisting(error)) session.stderr.write(`${libraryLine(error) ?? error.message}\n`);
    return false;
  }
}

export const add: Command = (args, open) => {
  const key = serviceKey(requiredService(args.values));
  const local = localAddress(args.values);
  const session = open();
  const { transport } = session;
  const added = changeDevice(session, () => {
    addAddress(transport, deviceAddress(local));
  });
  let isNew = false;
  const status = change(
    session,
    'add-laddr',
    () => {
      addLaddr(transport, key, local);
      isNew = true;
    },
    args.given,
  );
  if (!isNew && added) {
    changeDevice(session, () => {
      deleteAddress(transport, deviceAddress(local));
    });
  }
  return status;
};

/**
 * True when a service has the local address.
 * @throws IpcError when that cannot be found out
 */
function isUsed(transport: Transport, services: readonly Service[], local: LocalAddress): boolean {
  return services.some((service) =>
    listLaddrs(transport, service).some(({ af, addr }) => af === local.af && compareAddress(af, addr, local.addr) === 0),
  );
}

/** A device keeps the address while another service needs it, and when nobody can tell. */
export function mayLeaveDevice(session: Session, local: LocalAddress): boolean {
  try {
    const { services } = listServices(session.transport, 0, session.info());
    return !isUsed(session.transport, services, local);
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    if (isUnsupported(error)) return true;
    session.stderr.write(`${local.ifname} keeps ${formatIp(local.af, local.addr)}, other services may use it: ${briefText(error)}\n`);
    return false;
  }
}

export const remove: Command = (args, open) => {
  const key = serviceKey(requiredService(args.values));
  const local = localAddress(args.values);
  const session = open();
  let isGone = false;
  const status = change(
    session,
    'delete-laddr',
    () => {
      deleteLaddr(session.transport, key, local);
      isGone = true;
    },
    args.given,
  );
  if (!isGone || !mayLeaveDevice(session, local)) return status;
  changeDevice(session, () => {
    deleteAddress(session.transport, deviceAddress(local));
  });
  return status;
};

/** Prints the local addresses of services; loaded when it is wanted, because it is the largest part. */
export const list: Command = async (args, open) => (await import('./laddr-list')).list(args, open);
