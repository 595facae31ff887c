// SPDX-License-Identifier: Apache-2.0
// -P -Q -G
import { IpcError, type Transport } from '../../../ipc/client';
import { addAddress, deleteAddress, ifaddrFlags, type AddressSpec } from '../../../ipc/messages/addr';
import { addLaddr, deleteLaddr, listLaddrs, type Laddr, type LocalAddress } from '../../../ipc/messages/laddr';
import { isUnsupported } from '../../../ipc/messages/failures';
import { getService, listServices, type Service } from '../../../ipc/messages/service';
import { AF_INET6, compareAddress } from '../../parse/address';
import { formatEndpoint, formatIp } from '../../render/address';
import { left } from '../../render/columns';
import { libraryLine } from '../../runtime/library-line';
import { EXIT_LIST } from '../errors';
import { briefText, failureText, isExisting } from '../failure';
import { localAddress, requiredService, serviceKey } from '../requests';
import { attempt, change, type Command, type Session } from '../session';
import { cpuIndex } from './cpu';

/** The address as its device gets it: alone in its prefix, with a pool of ports. */
function deviceAddress({ af, addr, ifname }: LocalAddress): AddressSpec {
  return { af, addr, ifname, plen: af === AF_INET6 ? 128 : 32, flags: ifaddrFlags.IFA_F_SAPOOL };
}

/** Changes the device's addresses; a failure is told, and what depends on it goes on. @returns true if it was done */
function changeDevice(session: Session, request: () => void): boolean {
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
  const status = change(session, 'add-laddr', () => {
    addLaddr(transport, key, local);
  });
  if (status !== 0 && added) {
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
function mayLeaveDevice(session: Session, local: LocalAddress): boolean {
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
  const status = change(session, 'delete-laddr', () => {
    deleteLaddr(session.transport, key, local);
  });
  if (status !== 0 || !mayLeaveDevice(session, local)) return status;
  changeDevice(session, () => {
    deleteAddress(session.transport, deviceAddress(local));
  });
  return status;
};

const TITLE = row('VIP:VPORT', 'TOTAL', 'SNAT_IP', 'CONFLICTS', 'CONNS');

function row(...cells: readonly [string, string, string, string | bigint, string | number]): string {
  const [virtual, total, local, conflicts, conns] = cells;
  return `${left(virtual, 20)} ${left(total, 8)} ${left(local, 20)} ${left(conflicts, 10)} ${left(conns, 10)}\n`;
}

/** A service and its local addresses; the first line ends behind the count. */
export function laddrTable(service: Service, laddrs: readonly Laddr[]): string {
  const virtual = formatEndpoint(service.af, service.addr, service.port, service.proto);
  const rows = laddrs.map(({ af, addr, nport_conflict, nconns }) => row('', '', formatIp(af, addr), nport_conflict, nconns));
  return `${left(virtual, 20)} ${left(laddrs.length, 8)} \n${rows.join('')}`;
}

/** Prints one service; @returns the exit status */
function show(session: Session, service: Service, index: number): number {
  const { transport, stdout, stderr } = session;
  try {
    stdout.write(laddrTable(service, listLaddrs(transport, service, index)));
    return 0;
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const virtual = formatEndpoint(service.af, service.addr, service.port, service.proto);
    stderr.write(`${virtual}: ${briefText(error)}\n`);
    return EXIT_LIST;
  }
}

function showOne(session: Session, service: Service, index: number): number {
  try {
    const laddrs = listLaddrs(session.transport, service, index);
    session.stdout.write(TITLE + laddrTable(service, laddrs));
    return 0;
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    session.stderr.write(failureText('get-laddrs', error));
    return EXIT_LIST;
  }
}

export const list: Command = (args, open) => {
  const session = open();
  const { transport } = session;
  const info = session.info();
  const index = cpuIndex(session, args, info);
  if (index === null) return EXIT_LIST;

  const { service } = args.values;
  if (service !== undefined) {
    const found = attempt(session, 'get-service', () => getService(transport, serviceKey(service), index));
    return found === null ? EXIT_LIST : showOne(session, found, index);
  }
  const services = attempt(session, 'get-services', () => listServices(transport, index, info).services);
  if (services === null) return EXIT_LIST;
  if (services.length > 0) session.stdout.write(TITLE);
  return Math.max(0, ...services.map((each) => show(session, each, index)));
};
