// SPDX-License-Identifier: Apache-2.0
// Lists in pages (dataplane/include/abi/list.h): what their replies have in common, and the care that a reply needs.
import { decode, ext, ShortReplyError, sizeOf, type StructName, type Structs } from '../codec';
import { ProtocolError } from '../errors';

export type ListInfo = Structs['ds_list_info'];

/** Where the elements of a record are: `count` structures from `at` on. */
export interface Span {
  readonly at: number;
  readonly count: number;
}

/** Calls `visit` for each record of an extension reply with type, start and length of its payload. @throws ShortReplyError */
export function eachRecord(body: Buffer, visit: (type: number, at: number, len: number) => void): void {
  const head = sizeOf.ds_tlv;
  let at = 0;
  while (at < body.length) {
    if (at + head > body.length) throw new ShortReplyError('ds_tlv', at + head, body.length);
    const len = body.readUInt32LE(at + 4);
    const start = at + head;
    if (start + len > body.length) throw new ShortReplyError('ds_tlv', start + len, body.length);
    visit(body.readUInt16LE(at), start, len);
    at = start + Math.ceil(len / 8) * 8;
  }
}

/** The elements of a record that is nothing but elements. @throws ProtocolError when its length is no multiple of theirs */
export function spanOf(name: StructName, at: number, len: number): Span {
  const count = len / sizeOf[name];
  if (!Number.isInteger(count)) throw new ProtocolError(`the reply has a list of ${name} with ${len} bytes, no multiple of ${sizeOf[name]}`);
  return { at, count };
}

/** The record that starts a page. @throws ProtocolError */
export function listInfo(body: Buffer): ListInfo {
  const start = sizeOf.ds_tlv;
  if (body.length < start) throw new ShortReplyError('ds_list_info', start + sizeOf.ds_list_info, body.length);
  if (body.readUInt16LE(0) !== ext.DS_TLV_LIST_INFO) throw new ProtocolError('the reply to a list does not start with its description');
  const len = body.readUInt32LE(4);
  if (len < sizeOf.ds_list_info) throw new ProtocolError(`the reply describes its list in ${len} bytes, ${sizeOf.ds_list_info} are needed`);
  return decode('ds_list_info', body, start);
}

export function hasMore(info: ListInfo): boolean {
  return (info.flags & ext.DS_LIST_F_MORE) !== 0;
}

/** Empty pages in a row before a walk is given up; a daemon looks at thousands of entries for each. */
const MAX_EMPTY_PAGES = 65_536;

/**
 * Watches over the cursors of one walk, so that it ends whatever the daemon says: a cursor that comes back would repeat
 * the walk. Keeps one old cursor, and a later one each time that twice as many pages have passed (Brent).
 */
export class CursorGuard {
  #old = Buffer.alloc(0);
  #pages = 0;
  #nextMark = 1;
  #empty = 0;

  /**
   * The page just read goes on at `cursor`.
   * @param entries in the page
   * @throws ProtocolError
   */
  advance(cursor: Uint8Array, entries: number): void {
    this.#empty = entries === 0 ? this.#empty + 1 : 0;
    if (this.#empty > MAX_EMPTY_PAGES) throw new ProtocolError('the daemon announces more of a list and sends none of it');
    if (cursor.every((byte) => byte === 0) || this.#old.equals(cursor)) {
      throw new ProtocolError('the daemon goes through its list in circles');
    }
    this.#pages += 1;
    if (this.#pages !== this.#nextMark) return;
    this.#nextMark *= 2;
    this.#old = Buffer.from(cursor);
  }
}
