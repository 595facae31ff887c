// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { encode, MSG, route6Ops, sizeOf, type DeepPartial, type Structs } from '../codec';
import { elements, exactElements, leadingCount } from './lists';

export { routeFlags } from '../codec';

/** An IPv4 route. Addresses are 16 byte fields with the address in the first 4. */
export type Route4 = Structs['dp_vs_route_detail'];
/** An IPv6 route. */
export type Route6 = Structs['dp_vs_route6_conf'];

export type Route4Spec = DeepPartial<Route4>;
export type Route6Spec = DeepPartial<Omit<Route6, 'ops'>>;

function send4(transport: Transport, id: number, route: Route4Spec): void {
  transport.request(id, 'set', encode('dp_vs_route_detail', route));
}

/** Adds an IPv4 route; daemons report success when it is there already. @throws DaemonError INVAL (device) */
export function addRoute4(transport: Transport, route: Route4Spec): void {
  send4(transport, MSG.SOCKOPT_SET_ROUTE_ADD, route);
}

/** Deletes an IPv4 route; daemons report success when it is not there. @throws DaemonError INVAL (device) */
export function deleteRoute4(transport: Transport, route: Route4Spec): void {
  send4(transport, MSG.SOCKOPT_SET_ROUTE_DEL, route);
}

/** Changes an IPv4 route. @throws DaemonError NOTSUPP from daemons of DPVS */
export function setRoute4(transport: Transport, route: Route4Spec): void {
  send4(transport, MSG.SOCKOPT_SET_ROUTE_SET, route);
}

/** Deletes all IPv4 routes of a device. */
export function flushRoutes4(transport: Transport, ifname: string): void {
  send4(transport, MSG.SOCKOPT_SET_ROUTE_FLUSH, { ifname });
}

/** Lists IPv4 routes, of all devices when ifname is empty. @throws DaemonError NOTEXIST (device) */
export function listRoutes4(transport: Transport, ifname: string): Route4[] {
  const body = transport.request(MSG.SOCKOPT_GET_ROUTE_SHOW, 'get', encode('dp_vs_route_detail', { ifname }));
  const count = leadingCount('dp_vs_route_conf_array', body);
  const decodeList = ifname === '' ? exactElements : elements;
  return decodeList('dp_vs_route_detail', body, sizeOf.dp_vs_route_conf_array, count);
}

function send6(transport: Transport, id: number, ops: number, route: Route6Spec): void {
  transport.request(id, 'set', encode('dp_vs_route6_conf', { ...route, ops }));
}

/** Adds an IPv6 route. @throws DaemonError EXIST, INVAL (device) */
export function addRoute6(transport: Transport, route: Route6Spec): void {
  send6(transport, MSG.SOCKOPT_SET_ROUTE6_ADD_DEL, route6Ops.RT6_OPS_ADD, route);
}

/** Deletes an IPv6 route. @throws DaemonError NOTEXIST, INVAL (device) */
export function deleteRoute6(transport: Transport, route: Route6Spec): void {
  send6(transport, MSG.SOCKOPT_SET_ROUTE6_ADD_DEL, route6Ops.RT6_OPS_DEL, route);
}

/** Deletes all IPv6 routes of the device in `route`. */
export function flushRoutes6(transport: Transport, route: Route6Spec): void {
  send6(transport, MSG.SOCKOPT_SET_ROUTE6_FLUSH, route6Ops.RT6_OPS_FLUSH, route);
}

/** Lists IPv6 routes, of all devices when the name in `filter` is empty. */
export function listRoutes6(transport: Transport, filter: Route6Spec): Route6[] {
  const body = transport.request(MSG.SOCKOPT_GET_ROUTE6_SHOW, 'get', encode('dp_vs_route6_conf', filter));
  const count = leadingCount('dp_vs_route6_conf_array', body);
  return elements('dp_vs_route6_conf', body, sizeOf.dp_vs_route6_conf_array, count);
}
