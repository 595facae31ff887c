// SPDX-License-Identifier: Apache-2.0
// Addresses of devices that local addresses of services need.
import { IpcError, type Transport } from '../../ipc/client';
import { addAddress, deleteAddress, ifaddrFlags, type AddressSpec } from '../../ipc/messages/addr';
import { isUnsupported } from '../../ipc/messages/failures';
import { listLaddrs, type LocalAddress } from '../../ipc/messages/laddr';
import { listServices, type Service } from '../../ipc/messages/service';
import { AF_INET6, compareAddress } from '../parse/address';
import { formatIp } from '../render/address';
import { libraryLine } from '../runtime/library-line';
import { briefText, isExisting } from './failure';
import type { Session } from './session';

/** The address as its device gets it: alone in its prefix, with a pool of ports. */
function deviceAddress({ af, addr, ifname }: LocalAddress): AddressSpec {
  return { af, addr, ifname, plen: af === AF_INET6 ? 128 : 32, flags: ifaddrFlags.IFA_F_SAPOOL };
}

/** Gives an address to its device. @throws as addAddress */
export function addToDevice(transport: Transport, local: LocalAddress): void {
  addAddress(transport, deviceAddress(local));
}

/** Takes an address from its device. @throws as deleteAddress */
export function deleteFromDevice(transport: Transport, local: LocalAddress): void {
  deleteAddress(transport, deviceAddress(local));
}

/** A failure that what depends on the address survives; that it is there already is none. */
export function tellDevice(session: Session, error: IpcError): void {
  if (!isExisting(error)) session.stderr.write(`${libraryLine(error) ?? error.message}\n`);
}

/** Changes the device's addresses; a failure is told, and what depends on it goes on. @returns true if it was done */
export function changeDevice(session: Session, change: typeof addToDevice, local: LocalAddress): boolean {
  try {
    change(session.transport, local);
    return true;
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    tellDevice(session, error);
    return false;
  }
}

/**
 * True when a service has the local address.
 * @throws IpcError when that cannot be found out
 */
function isUsed(transport: Transport, services: readonly Service[], local: LocalAddress): boolean {
  return services.some((service) =>
    listLaddrs(transport, service).some(({ af, addr }) => af === local.af && compareAddress(af, addr, local.addr) === 0),
  );
}

/** A device keeps the address while a service needs it, and when nobody can tell. */
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
