// SPDX-License-Identifier: Apache-2.0
import { DaemonError, ProtocolError, type Transport } from '../client';
import { af, decode, decodeArray, EDPVS, encode, ext, MSG, sizeOf, type DeepPartial, type Structs } from '../codec';
import { getInfo, type Info } from './info';

export { destCheckDefaults, destCheckTypes, proxyProtocol, svcFlags } from '../codec';

/** A virtual service as the daemon describes it. */
export type Service = Structs['dp_vs_service_compat'] & {
  /** Connections at the same time, 0: no limit; absent: the daemon does not tell, or a request leaves it as it is. */
  conn_limit?: number | undefined;
};

/** A virtual service as a request describes it; what is not given is zero. */
export type ServiceSpec = DeepPartial<Service>;

/** Selects services by source and destination ranges and interfaces. */
export type Match = Structs['dp_vs_match'];

export interface ServiceList {
  readonly info: Info;
  /** In the daemon's order. */
  readonly services: readonly Service[];
}

/** Attempts to get a list while others add and delete services. */
const LIST_ATTEMPTS = 5;
const MAX_COUNT = 0xffff;

/** Daemons send uninitialised bytes behind IPv4 addresses; nobody may get them back from us. */
export function withCleanService(service: Service): Service {
  if (service.af !== af.AF_INET6) service.addr.fill(0, 4);
  return service;
}

/** Another number of services than was asked for. */
class StaleCountError extends ProtocolError {}

function isStale(error: unknown): boolean {
  if (error instanceof StaleCountError) return true;
  return error instanceof DaemonError && error.code === EDPVS.EDPVS_MSG_FAIL;
}

function requestServices(transport: Transport, index: number, count: number): Service[] {
  if (count > MAX_COUNT) throw new ProtocolError(`the daemon has ${count} services, the protocol can list ${MAX_COUNT}`);
  const body = transport.request(MSG.DPVS_SO_GET_SERVICES, 'get', encode('dp_vs_services_front', { index, count }));
  const front = decode('dp_vs_services_front', body);
  if (front.count !== count) throw new StaleCountError(`the daemon lists ${front.count} services where it announced ${count}`);
  return decodeArray('dp_vs_service_compat', body, sizeOf.dp_vs_services_front, front.count).map(withCleanService);
}

/**
 * All services as lcore `index` has them (0: sums over all). The list must be asked for with its length, so a list that
 * changes in between is asked for again.
 * @param info as just asked for, to save a request
 * @throws as Transport.request, ShortReplyError
 */
export function listServices(transport: Transport, index = 0, info: Info = getInfo(transport)): ServiceList {
  let latest = info;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { info: latest, services: requestServices(transport, index, latest.services) };
    } catch (error) {
      if (!isStale(error) || attempt === LIST_ATTEMPTS) throw error;
      latest = getInfo(transport);
    }
  }
}

/**
 * One service.
 * @param key service whose af, proto, addr, port, fwmark and match name it
 * @throws as Transport.request, ShortReplyError; a missing service is answered with -23 or -4
 */
export function getService(transport: Transport, key: ServiceSpec, index = 0): Service {
  const body = transport.request(MSG.DPVS_SO_GET_SERVICE, 'get', encode('dp_vs_service_compat', { ...key, index }));
  return withCleanService(decode('dp_vs_service_compat', body));
}

function set(transport: Transport, id: number, service: ServiceSpec): void {
  transport.request(id, 'set', encode('dp_vs_service_compat', service));
}

/** Like set, with the limit that other daemons than ours would not look at. */
function setLimited(transport: Transport, id: number, service: ServiceSpec, limit: number): void {
  const more = encode('ds_service_ext', { mark: ext.DS_SERVICE_EXT, conn_limit: limit });
  transport.request(id, 'set', Buffer.concat([encode('dp_vs_service_compat', service), more]));
}

/** A limit of connections needs DS_FEATURE_CONN_LIMIT. @throws as Transport.request */
export function addService(transport: Transport, service: ServiceSpec): void {
  const { conn_limit: limit = 0 } = service;
  if (limit === 0) set(transport, MSG.DPVS_SO_SET_ADD, service);
  else setLimited(transport, MSG.DPVS_SO_SET_ADD, service, limit);
}

/** Replaces all attributes of a service but the limit of connections, and that too when it is given. @throws as addService */
export function editService(transport: Transport, service: ServiceSpec): void {
  const { conn_limit: limit } = service;
  if (limit === undefined) set(transport, MSG.DPVS_SO_SET_EDIT, service);
  else setLimited(transport, MSG.DPVS_SO_SET_EDIT, service, limit);
}

/** The service at `at` of a list in which DS_TLV_SERVICE has `len` bytes for it. */
export function decodeListed(body: Uint8Array, at: number, len: number): Service {
  const service: Service = withCleanService(decode('dp_vs_service_compat', body, at));
  const behind = sizeOf.dp_vs_service_compat;
  if (len < behind + sizeOf.ds_service_ext) return service;
  const { mark, conn_limit } = decode('ds_service_ext', body, at + behind);
  return mark === ext.DS_SERVICE_EXT ? { ...service, conn_limit } : service;
}

/** Deletes a service with its servers. @throws as Transport.request */
export function deleteService(transport: Transport, key: ServiceSpec): void {
  set(transport, MSG.DPVS_SO_SET_DEL, key);
}

/** Zeroes the counters of a service and its servers; a key without family means all services. @throws as Transport.request */
export function zeroService(transport: Transport, key: ServiceSpec): void {
  set(transport, MSG.DPVS_SO_SET_ZERO, key);
}

/** Deletes all services. @throws as Transport.request */
export function flushServices(transport: Transport): void {
  transport.request(MSG.DPVS_SO_SET_FLUSH, 'set');
}

/** A service as the daemon would describe it right after such a request; counters are zero. */
export function serviceOf(spec: ServiceSpec): Service {
  const service = decode('dp_vs_service_compat', encode('dp_vs_service_compat', spec));
  return spec.conn_limit === undefined ? service : { ...service, conn_limit: spec.conn_limit };
}

/** True when both describe the same service. */
export function sameService(a: Service, b: Service): boolean {
  const equalBytes = (x: Uint8Array, y: Uint8Array): boolean => Buffer.compare(x, y) === 0;
  return (
    a.af === b.af &&
    a.proto === b.proto &&
    a.port === b.port &&
    a.fwmark === b.fwmark &&
    equalBytes(a.addr, b.addr) &&
    equalBytes(encode('dp_vs_match', a.match), encode('dp_vs_match', b.match))
  );
}
