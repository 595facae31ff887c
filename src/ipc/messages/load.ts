// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { decode, ext, MSG, type Structs } from '../codec';
import { splitRecords } from './records';

/** How busy an lcore is, and how much room its rings and buffers have. */
export type LcoreLoad = Structs['ds_lcore_load'];

/** Rings of LcoreLoad.ring, by index. */
export const LOAD_RINGS = ['punt', 'inject', 'kernel', 'handover', 'isolated'] as const;

/** All lcores: control, workers, isolated. @throws as Transport.request, ShortReplyError */
export function listLoads(transport: Transport): LcoreLoad[] {
  return splitRecords(transport.request(MSG.DS_MSG_LCORE_LOAD, 'get'))
    .filter(({ type }) => type === ext.DS_TLV_LCORE_LOAD)
    .map(({ payload }) => decode('ds_lcore_load', payload));
}
