// SPDX-License-Identifier: Apache-2.0
import { decode, ShortReplyError, sizeOf } from '../codec';

/** A record of an extension reply (dataplane/include/abi/ext.h). */
export interface ExtRecord {
  /** DS_TLV_*. */
  readonly type: number;
  readonly payload: Buffer;
}

/**
 * Splits the body of an extension reply into its records. Callers skip types that they do not know.
 * @throws ShortReplyError when a record is cut off
 */
export function splitRecords(body: Buffer): ExtRecord[] {
  const records: ExtRecord[] = [];
  let at = 0;
  while (at < body.length) {
    const head = decode('ds_tlv', body, at);
    const start = at + sizeOf.ds_tlv;
    if (start + head.len > body.length) throw new ShortReplyError('ds_tlv', start + head.len, body.length);
    records.push({ type: head.type, payload: body.subarray(start, start + head.len) });
    at = start + Math.ceil(head.len / 8) * 8;
  }
  return records;
}
