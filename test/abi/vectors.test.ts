// SPDX-License-Identifier: Apache-2.0
// Recorded exchanges through the codec, both ways.
import { describe, expect, it } from 'vitest';
import { decode, encode, messages, sizeOf, type MessageRow, type StructName } from '../../src/ipc/codec';
import { valuesOf } from '../support/vector-fields';
import { loadVectors, masked, replyBody, requestBody, vectorAreas, type Exchange, type Ranges } from '../support/vectors';

const rows = new Map<number, MessageRow>(Object.values(messages).map((row) => [row[0], row]));

function isStruct(name: string): name is StructName {
  return name in sizeOf;
}

/** A structure inside a body, with the fields that the vector gives for it. */
interface Piece {
  readonly struct: StructName;
  readonly offset: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

function elements(fields: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>>[] {
  return (fields[key] ?? []) as Readonly<Record<string, unknown>>[];
}

function requestPieces(exchange: Exchange): Piece[] {
  const fields = exchange.requestFields ?? {};
  const [, , , , , request = 'none'] = rows.get(exchange.id) ?? [];
  if (request === 'dp_vs_service_dest') return [{ struct: request, offset: 0, fields: { svc: fields['service'], dest: fields['dest'] } }];
  if (!isStruct(request) || Object.keys(fields).length === 0) return [];
  return requestBody(exchange).length >= sizeOf[request] ? [{ struct: request, offset: 0, fields }] : [];
}

function replyPieces(exchange: Exchange): Piece[] {
  const fields = exchange.replyFields;
  const row = rows.get(exchange.id);
  if (fields === undefined || row === undefined) return [];
  const [, , , , , , reply, element] = row;
  const pieces: Piece[] = isStruct(reply) ? [{ struct: reply, offset: 0, fields }] : [];
  if (!isStruct(element)) return pieces;
  let offset = isStruct(reply) ? sizeOf[reply] : 0;
  const list = elements(fields, 'elements');
  for (const item of list) {
    pieces.push({ struct: element, offset, fields: item });
    offset += sizeOf[element];
  }
  for (const member of list.flatMap((item) => elements(item, 'members_list'))) {
    pieces.push({ struct: 'ipset_member', offset, fields: member });
    offset += sizeOf.ipset_member;
  }
  return pieces;
}

/** The ranges that fall into a piece, counted from its start. */
function shifted(ranges: Ranges | undefined, offset: number, size: number): Ranges {
  return (ranges ?? [])
    .map(([at, length]) => [Math.max(at, offset), Math.min(at + length, offset + size)] as const)
    .filter(([start, end]) => start < end)
    .map(([start, end]) => [start - offset, end - start] as const);
}

/** Values with what an IPv4 address leaves undefined cleared. */
function comparable(value: unknown, expected: unknown): unknown {
  if (value instanceof Uint8Array && expected instanceof Uint8Array && value.length === 16) {
    const isV4 = expected.subarray(4).every((byte) => byte === 0);
    return isV4 ? [...value.subarray(0, 4)] : [...value];
  }
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value) && Array.isArray(expected)) return value.map((item, i) => comparable(item, expected[i]));
  if (typeof value !== 'object' || value === null || typeof expected !== 'object' || expected === null) return value;
  const want = expected as Record<string, unknown>;
  const got = value as Record<string, unknown>;
  return Object.fromEntries(Object.keys(want).map((key) => [key, comparable(got[key], want[key])]));
}

function checkPiece(piece: Piece, body: Buffer, dontCare: Ranges | undefined): void {
  const size = sizeOf[piece.struct];
  const ranges = shifted(dontCare, piece.offset, size);
  const bytes = masked(body.subarray(piece.offset, piece.offset + size), ranges);
  const values = valuesOf(piece.struct, piece.fields);

  const decoded = decode(piece.struct, body, piece.offset);
  expect(comparable(decoded, values), `${piece.struct} decoded`).toEqual(comparable(values, values));
  expect(masked(encode(piece.struct, values), ranges).toString('hex'), `${piece.struct} encoded`).toBe(bytes.toString('hex'));
  const again = masked(encode(piece.struct, decode(piece.struct, bytes)), ranges);
  expect(again.toString('hex'), `${piece.struct} decoded and encoded`).toBe(bytes.toString('hex'));
}

describe.each(vectorAreas())('%s', (area) => {
  it.each(loadVectors(area).map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    for (const exchange of vector.exchanges) {
      for (const piece of requestPieces(exchange)) checkPiece(piece, requestBody(exchange), exchange.requestDontCare);
      for (const piece of replyPieces(exchange)) checkPiece(piece, replyBody(exchange), exchange.replyDontCare);
      expect(rows.get(exchange.id)?.[1] ?? 'unknown id').toMatch(/GET|SET|BOTH|unknown id/);
    }
  });
});

describe('coverage of the vectors', () => {
  const all = vectorAreas().flatMap((area) => loadVectors(area)).flatMap((vector) => vector.exchanges);

  it('checks bodies of most messages, so that an empty loop cannot pass', () => {
    const pieces = all.flatMap((exchange) => [...requestPieces(exchange), ...replyPieces(exchange)]);
    expect(pieces.length).toBeGreaterThan(700);
    expect(new Set(pieces.map((piece) => piece.struct)).size).toBeGreaterThan(45);
  });

  it('decodes the route that keepalived sends in the form of older versions', () => {
    const old = all.find((exchange) => exchange.requestBodyLen === sizeOf.dp_vs_route_conf);
    const { dst, ...route } = decode('dp_vs_route_conf', old === undefined ? Buffer.alloc(0) : requestBody(old));
    expect([...dst.subarray(0, 4)]).toEqual([10, 9, 0, 0]);
    expect(route).toMatchObject({ af: 2, plen: 24, ifname: 'dpdk0' });
  });

  it('decodes reply headers as recorded', () => {
    for (const { replyHeaderHex, id, errcode, errstr } of all) {
      if (replyHeaderHex === null || errcode === undefined) continue;
      expect(decode('dpvs_sock_msg_reply', Buffer.from(replyHeaderHex, 'hex'))).toMatchObject({ id, errcode, errstr });
    }
  });
});
