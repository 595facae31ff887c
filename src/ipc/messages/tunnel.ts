// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { encode, MSG, type DeepPartial, type Structs } from '../codec';
import { wholeBody } from './lists';

export { tunnelFlags } from '../codec';

/** A tunnel device; addresses and keys are numbers in host order. */
export type Tunnel = Structs['ip_tunnel_param'];
export type TunnelSpec = DeepPartial<Tunnel>;

function send(transport: Transport, id: number, tunnel: TunnelSpec): void {
  transport.request(id, 'set', encode('ip_tunnel_param', tunnel));
}

/** Creates a tunnel; without ifname the daemon makes a name. @throws DaemonError INVAL (kind), EXIST */
export function addTunnel(transport: Transport, tunnel: TunnelSpec): void {
  send(transport, MSG.SOCKOPT_TUNNEL_ADD, tunnel);
}

/** Deletes the tunnel of a name. @throws DaemonError NOTEXIST */
export function deleteTunnel(transport: Transport, tunnel: TunnelSpec): void {
  send(transport, MSG.SOCKOPT_TUNNEL_DEL, tunnel);
}

/** Stores exactly what is given for the tunnel of a name; what is absent is cleared. @throws DaemonError NOTEXIST */
export function changeTunnel(transport: Transport, tunnel: TunnelSpec): void {
  send(transport, MSG.SOCKOPT_TUNNEL_CHANGE, tunnel);
}

/** As changeTunnel, with the daemon's own message for it. @throws DaemonError NOTEXIST */
export function replaceTunnel(transport: Transport, tunnel: TunnelSpec): void {
  send(transport, MSG.SOCKOPT_TUNNEL_REPLACE, tunnel);
}

/** Lists tunnels by name, kind or device; all without any of them. @throws DaemonError NOTEXIST, INVAL */
export function listTunnels(transport: Transport, filter: TunnelSpec): Tunnel[] {
  return wholeBody('ip_tunnel_param', transport.request(MSG.SOCKOPT_TUNNEL_SHOW, 'get', encode('ip_tunnel_param', filter)));
}
