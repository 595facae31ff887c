// SPDX-License-Identifier: Apache-2.0
import { DaemonError, ProtocolError, type Transport } from '../client';
import {
  af,
  decode,
  decodeArray,
  EDPVS,
  encode,
  encodeInto,
  MSG,
  ShortReplyError,
  sizeOf,
  type DeepPartial,
  type Structs,
} from '../codec';
import { listServices, sameService, type Service, type ServiceSpec } from './service';

export { destFlags, fwdMode } from '../codec';

/** A real server as the daemon describes it. */
export type Dest = Structs['dp_vs_dest_compat'];

/** A real server as a request describes it; what is not given is zero. */
export type DestSpec = DeepPartial<Dest>;

const ATTEMPTS = 3;

/** Daemons send uninitialised bytes behind IPv4 addresses; nobody may get them back from us. */
export function withCleanDest(dest: Dest): Dest {
  if (dest.af !== af.AF_INET6) dest.addr.fill(0, 4);
  return dest;
}

/** Servers as they were sent, decoded when they are asked for. */
export interface DestList {
  /** With as many servers as there are. */
  readonly service: Service;
  dests(): Dest[];
}

/** Another number of servers than was asked for. */
class StaleCountError extends ProtocolError {}

function requestDests(transport: Transport, service: Service, index: number): DestList {
  const { proto, port, fwmark, addr, match, num_dests } = service;
  const request = encode('dp_vs_dest_table', { af: service.af, proto, port, fwmark, addr, match, num_dests, index });
  const body = transport.request(MSG.DPVS_SO_GET_DESTS, 'get', request);
  const front = decode('dp_vs_dest_table', body);
  const needed = sizeOf.dp_vs_dest_table + front.num_dests * sizeOf.dp_vs_dest_compat;
  if (needed > body.length) throw new ShortReplyError('dp_vs_dest_compat', needed, body.length);
  if (front.num_dests !== num_dests) {
    throw new StaleCountError(`the daemon lists ${front.num_dests} servers of a service that announces ${num_dests}`);
  }
  return {
    service,
    dests: () => decodeArray('dp_vs_dest_compat', body, sizeOf.dp_vs_dest_table, num_dests).map(withCleanDest),
  };
}

function isStale(error: unknown): boolean {
  if (error instanceof StaleCountError) return true;
  return error instanceof DaemonError && error.code === EDPVS.EDPVS_MSG_FAIL;
}

/**
 * The servers of a service as lcore `index` has them (0: sums over all). They must be asked for with their number, so
 * servers that changed since the service was fetched are asked for again.
 * @returns null when the service was deleted in the meantime
 * @throws as Transport.request, ProtocolError
 */
export function listDests(transport: Transport, service: Service, index = 0): Dest[] | null {
  return fetchDests(transport, service, index)?.dests() ?? null;
}

/** As listDests, with the service as it is then. @throws as listDests */
export function fetchDests(transport: Transport, service: Service, index: number): DestList | null {
  let latest = service;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return requestDests(transport, latest, index);
    } catch (error) {
      if (!isStale(error) || attempt === ATTEMPTS) throw error;
      const now = relist(transport, service, index);
      if (now === undefined) return null;
      if (now === 'unknown' || now.num_dests === latest.num_dests) throw error;
      latest = now;
    }
  }
}

function relist(transport: Transport, service: Service, index: number): Service | undefined | 'unknown' {
  try {
    return listServices(transport, index).services.find((other) => sameService(other, service));
  } catch {
    return 'unknown';
  }
}

function set(transport: Transport, id: number, service: ServiceSpec, dest: DestSpec): void {
  const request = Buffer.allocUnsafe(sizeOf.dp_vs_service_dest);
  encodeInto('dp_vs_service_dest', { svc: service, dest }, request, 0);
  transport.request(id, 'set', request);
}

/** A server as the daemon would describe it right after such a request; counters are zero. */
export function destOf(spec: DestSpec): Dest {
  return decode('dp_vs_dest_compat', encode('dp_vs_dest_compat', spec));
}

/** @throws as Transport.request */
export function addDest(transport: Transport, service: ServiceSpec, dest: DestSpec): void {
  set(transport, MSG.DPVS_SO_SET_ADDDEST, service, dest);
}

/** Replaces all attributes of a server. @throws as Transport.request */
export function editDest(transport: Transport, service: ServiceSpec, dest: DestSpec): void {
  set(transport, MSG.DPVS_SO_SET_EDITDEST, service, dest);
}

/** @throws as Transport.request */
export function deleteDest(transport: Transport, service: ServiceSpec, dest: DestSpec): void {
  set(transport, MSG.DPVS_SO_SET_DELDEST, service, dest);
}
