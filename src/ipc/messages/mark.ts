// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { decode, encode, ext, MSG, type Structs } from '../codec';
import { splitRecords } from './records';

/** Which packets get a mark; the first rule that is for a packet counts. Ports are in native order, 0 to 0: any. */
export type MarkRule = Structs['ds_mark_rule'];

const ACTIONS = { add: ext.DS_MARK_ADD, del: ext.DS_MARK_DEL } as const;

/**
 * Adds a rule behind all others, or deletes the one for the same packets (a mark of 0: whatever its mark).
 * @throws as Transport.request; DaemonError EXIST, RESOURCE, INVAL, NOTEXIST (add: the device; del: the rule)
 */
export function changeMark(transport: Transport, action: 'add' | 'del', rule: MarkRule): void {
  transport.request(MSG.DS_MSG_MARK, 'set', encode('ds_mark', { op: ACTIONS[action], rule }));
}

/** @throws as Transport.request */
export function flushMarks(transport: Transport): void {
  transport.request(MSG.DS_MSG_MARK, 'set', encode('ds_mark', { op: ext.DS_MARK_FLUSH }));
}

/** The rules in the order in which they are tried. @throws as Transport.request, ShortReplyError */
export function listMarks(transport: Transport): MarkRule[] {
  return splitRecords(transport.request(MSG.DS_MSG_MARK_LIST, 'get'))
    .filter(({ type }) => type === ext.DS_TLV_MARK)
    .map(({ payload }) => decode('ds_mark_rule', payload));
}
