// SPDX-License-Identifier: Apache-2.0
import { ShortReplyError } from './errors';
import { sizeOf, type Structs } from './layout.generated';
import { readers } from './readers.generated';
import { copyBytes, readText, sourceOf, type Source } from './source';
import { Op, planOf, type FieldPlan, type StructName, type StructPlan } from './table';

function readBits(view: DataView, field: FieldPlan, at: number): number {
  let storage: number;
  if (field.size === 1) storage = view.getUint8(at);
  else if (field.size === 2) storage = view.getUint16(at, true);
  else storage = view.getUint32(at, true);
  return (storage >>> field.shift) & field.mask;
}

function readArray(source: Source, field: FieldPlan, at: number): unknown[] {
  const { element, count, size } = field;
  const out: unknown[] = [];
  if (element === undefined) return out;
  for (let i = 0; i < count; i += 1) out.push(readField(source, element, at + i * size));
  return out;
}

function readField(source: Source, field: FieldPlan, base: number): unknown {
  const at = base + field.offset;
  switch (field.op) {
    case Op.U8:
      return source.view.getUint8(at);
    case Op.I8:
      return source.view.getInt8(at);
    case Op.U16:
      return source.view.getUint16(at, field.littleEndian);
    case Op.I16:
      return source.view.getInt16(at, field.littleEndian);
    case Op.U32:
      return source.view.getUint32(at, field.littleEndian);
    case Op.I32:
      return source.view.getInt32(at, field.littleEndian);
    case Op.U64:
      return source.view.getBigUint64(at, field.littleEndian);
    case Op.I64:
      return source.view.getBigInt64(at, field.littleEndian);
    case Op.Bits:
      return readBits(source.view, field, at);
    case Op.Chars:
      return readText(source.bytes, at, field.size);
    case Op.Bytes:
      return copyBytes(source.bytes, at, field.size);
    case Op.Struct:
      return field.plan === undefined ? undefined : readStruct(source, field.plan, at);
    case Op.Array:
      return readArray(source, field, at);
  }
}

function readStruct(source: Source, plan: StructPlan, base: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of plan.fields) out[field.name] = readField(source, field, base);
  return out;
}

function requireBytes(name: StructName, buf: Uint8Array, offset: number, size: number): void {
  if (offset < 0 || offset + size > buf.byteLength) throw new ShortReplyError(name, offset + size, buf.byteLength);
}

/** How the structure `name` is read: by code of its own when it comes by the thousand, else by its table. */
function readerOf<K extends StructName>(name: K): (source: Source, at: number) => Structs[K] {
  const reader = readers[name];
  if (reader !== undefined) return reader;
  return tableReader(name);
}

/** Reads the structure `name` by its table; its bytes must be there. */
export function tableReader<K extends StructName>(name: K): (source: Source, at: number) => Structs[K] {
  const plan = planOf(name);
  return (source, at) => readStruct(source, plan, at) as Structs[K];
}

/**
 * Decodes the structure `name` at `offset` of `buf`.
 * @throws ShortReplyError when it does not fit.
 */
export function decode<K extends StructName>(name: K, buf: Uint8Array, offset = 0): Structs[K] {
  requireBytes(name, buf, offset, sizeOf[name]);
  return readerOf(name)(sourceOf(buf), offset);
}

/**
 * Decodes `count` structures that follow each other from `offset` on, without gaps.
 * @throws ShortReplyError when they do not fit; checked before anything is decoded.
 */
export function decodeArray<K extends StructName>(name: K, buf: Uint8Array, offset: number, count: number): Structs[K][] {
  const size = sizeOf[name];
  requireBytes(name, buf, offset, Math.max(count, 0) * size);
  const source = sourceOf(buf);
  const read = readerOf(name);
  const out: Structs[K][] = [];
  for (let i = 0; i < count; i += 1) out.push(read(source, offset + i * size));
  return out;
}
