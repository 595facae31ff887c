// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { MSG, sizeOf, type Structs } from '../codec';
import { elements, leadingCount } from './lists';

export type MemSegment = Structs['eal_mem_seg_ret_s'];
export type MemZone = Structs['eal_mem_zone_ret_s'];
export type MemRing = Structs['eal_mem_ring_ret_s'];
export type MemPool = Structs['eal_mem_pool_ret_s'];

export function listMemSegments(transport: Transport): MemSegment[] {
  const body = transport.request(MSG.SOCKOPT_GET_EAL_MEM_SEG, 'get');
  return elements('eal_mem_seg_ret_s', body, sizeOf.eal_all_mem_seg_ret_s, leadingCount('eal_all_mem_seg_ret_s', body));
}

export function listMemZones(transport: Transport): MemZone[] {
  const body = transport.request(MSG.SOCKOPT_GET_EAL_MEM_ZONE, 'get');
  return elements('eal_mem_zone_ret_s', body, sizeOf.eal_all_mem_zone_ret_s, leadingCount('eal_all_mem_zone_ret_s', body));
}

export function listMemRings(transport: Transport): MemRing[] {
  const body = transport.request(MSG.SOCKOPT_GET_EAL_MEM_RING, 'get');
  return elements('eal_mem_ring_ret_s', body, sizeOf.eal_all_mem_ring_ret_s, leadingCount('eal_all_mem_ring_ret_s', body));
}

export function listMemPools(transport: Transport): MemPool[] {
  const body = transport.request(MSG.SOCKOPT_GET_EAL_MEM_POOL, 'get');
  return elements('eal_mem_pool_ret_s', body, sizeOf.eal_all_mem_pool_ret_s, leadingCount('eal_all_mem_pool_ret_s', body));
}
