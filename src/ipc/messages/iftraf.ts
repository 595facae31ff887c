// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { encode, MSG, sizeOf, type Structs } from '../codec';
import { elements, leadingCount } from './lists';

export type Talker = Structs['iftraf_param'];

/** Turns the accounting of top talkers on or off. */
export function enableTraffic(transport: Transport, on: boolean): void {
  const id = on ? MSG.SOCKOPT_SET_IFTRAF_ADD : MSG.SOCKOPT_SET_IFTRAF_DEL;
  // Daemons look at none of these bytes.
  transport.request(id, 'set', Buffer.alloc(sizeOf.iftraf_param));
}

/** Top talkers of a device, of all when the name is empty; null while the accounting is off. */
export function listTraffic(transport: Transport, ifname: string): Talker[] | null {
  const body = transport.request(MSG.SOCKOPT_GET_IFTRAF_SHOW, 'get', encode('dp_vs_iftraf_conf', { ifname }));
  if (body.length === 0) return null;
  return elements('iftraf_param', body, sizeOf.iftraf_param_array, leadingCount('iftraf_param_array', body));
}
