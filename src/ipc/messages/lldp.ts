// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { decode, encode, lldpNode, MSG } from '../codec';

/**
 * What a device says about itself by LLDP, or what its neighbour said, as text of the daemon.
 * @throws DaemonError NODEV; NOTEXIST when nothing was received
 */
export function showLldp(transport: Transport, ifname: string, who: 'local' | 'neigh'): string {
  const node = who === 'local' ? lldpNode.DPVS_LLDP_NODE_LOCAL : lldpNode.DPVS_LLDP_NODE_NEIGH;
  const body = transport.request(MSG.SOCKOPT_GET_LLDP_SHOW, 'get', encode('lldp_param', { node, ifname }));
  // Names of systems may be UTF-8. They come from whoever is on the wire, who must not reach the terminal.
  const text = Buffer.from(decode('lldp_message', body).message, 'latin1').toString();
  // Daemons double every %, because the first of their tools took the text for a format.
  return text.replaceAll('%%', '%').replace(/[^\P{Cc}\n\t]/gu, '?');
}
