// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { decode, MSG, ShortReplyError, sizeOf, type Structs } from '../codec';

export type LcoreStats = Structs['netif_lcore_stats_get'];

export interface LcoreIds {
  readonly master: number;
  /** Lcore of kernel traffic; 0 when there is none. */
  readonly kni: number;
  /** Ascending. */
  readonly workers: readonly number[];
  /** Lcores that only receive, ascending. */
  readonly isolated: readonly number[];
}

export interface LcoreBasic {
  readonly socket: number;
  /** Text of the daemon: queues that the lcore serves; empty when it serves none. */
  readonly queues: string;
}

function bitsOf(mask: bigint): number[] {
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
}

/** Which lcores there are and what they do. */
export function listLcores(transport: Transport): LcoreIds {
  const mask = decode('netif_lcore_mask_get', transport.request(MSG.SOCKOPT_NETIF_GET_LCORE_MASK, 'get'));
  return {
    master: mask.master_lcore_id,
    kni: mask.kni_lcore_id,
    workers: bitsOf(mask.slave_lcore_mask),
    isolated: bitsOf(mask.isol_rx_lcore_mask),
  };
}

/** NUMA socket and queues of an lcore. @param id 0 to 255 @throws DaemonError INVAL for an lcore that does not exist */
export function getLcore(transport: Transport, id: number): LcoreBasic {
  const body = transport.request(MSG.SOCKOPT_NETIF_GET_LCORE_BASIC, 'get', Uint8Array.of(id));
  const basic = decode('netif_lcore_basic_get', body);
  const end = sizeOf.netif_lcore_basic_get + basic.queue_data_len;
  if (end > body.length) throw new ShortReplyError('netif_lcore_basic_get', end, body.length);
  const text = body.toString('latin1', sizeOf.netif_lcore_basic_get, end);
  const nul = text.indexOf('\0');
  return { socket: basic.socket_id, queues: nul < 0 ? text : text.slice(0, nul) };
}

/** Counters of an lcore. @param id 0 to 255 @throws DaemonError INVAL, MSG_DROP */
export function getLcoreStats(transport: Transport, id: number): LcoreStats {
  const body = transport.request(MSG.SOCKOPT_NETIF_GET_LCORE_STATS, 'get', Uint8Array.of(id));
  return decode('netif_lcore_stats_get', body);
}
