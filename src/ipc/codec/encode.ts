// SPDX-License-Identifier: Apache-2.0
import { EncodeError } from './errors';
import type { Structs } from './layout.generated';
import { Op, planOf, type FieldPlan, type StructName, type StructPlan } from './table';

/** Like Partial, for nested structures too; arrays may be shorter than the member. */
export type DeepPartial<T> = T extends Uint8Array | string | number | bigint
  ? T
  : T extends readonly (infer E)[]
    ? readonly DeepPartial<E>[]
    : { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined };

function reject(path: string, why: string): never {
  throw new EncodeError(`${path} ${why}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function integer(path: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return reject(path, `must be an integer, not ${String(value)}`);
  if (value < min || value > max) return reject(path, `must be from ${min} to ${max}, not ${value}`);
  return value;
}

function bigInteger(path: string, value: unknown, signed: boolean): bigint {
  const wide = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof wide !== 'bigint') return reject(path, `must be an integer, not ${String(value)}`);
  const fits = signed ? BigInt.asIntN(64, wide) : BigInt.asUintN(64, wide);
  return fits === wide ? wide : reject(path, `does not fit 64 bits: ${wide}`);
}

/** Texts keep room for their NUL. */
function writeText(path: string, value: unknown, into: Buffer, at: number, size: number): void {
  if (typeof value !== 'string') return reject(path, `must be a text, not ${String(value)}`);
  if (value.length >= size) return reject(path, `is longer than ${size - 1} characters: ${value}`);
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    if (code === 0 || code > 255) return reject(path, `has a character that cannot be sent: ${value}`);
    into[at + i] = code;
  }
}

function writeBytes(path: string, value: unknown, into: Buffer, at: number, size: number): void {
  if (!(value instanceof Uint8Array)) return reject(path, 'must be bytes');
  if (value.length > size) return reject(path, `is longer than ${size} bytes`);
  into.set(value, at);
}

function writeArray(path: string, field: FieldPlan, value: unknown, into: Buffer, at: number): void {
  const { element, count, size } = field;
  if (!Array.isArray(value)) return reject(path, 'must be an array');
  if (value.length > count) return reject(path, `has more than ${count} elements`);
  if (element === undefined) return;
  value.forEach((item: unknown, i) => {
    writeField(`${path}[${i}]`, element, item, into, at + i * size);
  });
}

function writeBits(path: string, field: FieldPlan, value: unknown, into: Buffer, at: number): void {
  const bits = integer(path, value, 0, field.mask) << field.shift;
  const old = into.readUIntLE(at, field.size);
  into.writeUIntLE(((old & ~(field.mask << field.shift)) | bits) >>> 0, at, field.size);
}

function writeField(path: string, field: FieldPlan, value: unknown, into: Buffer, base: number): void {
  const at = base + field.offset;
  switch (field.op) {
    case Op.U8:
    case Op.U16:
    case Op.U32: {
      const n = integer(path, value, 0, 2 ** (8 * field.size) - 1);
      if (field.littleEndian) into.writeUIntLE(n, at, field.size);
      else into.writeUIntBE(n, at, field.size);
      return;
    }
    case Op.I8:
    case Op.I16:
    case Op.I32: {
      const half = 2 ** (8 * field.size - 1);
      const n = integer(path, value, -half, half - 1);
      if (field.littleEndian) into.writeIntLE(n, at, field.size);
      else into.writeIntBE(n, at, field.size);
      return;
    }
    case Op.U64:
    case Op.I64: {
      const n = BigInt.asUintN(64, bigInteger(path, value, field.op === Op.I64));
      if (field.littleEndian) into.writeBigUInt64LE(n, at);
      else into.writeBigUInt64BE(n, at);
      return;
    }
    case Op.Bits:
      return writeBits(path, field, value, into, at);
    case Op.Chars:
      return writeText(path, value, into, at, field.size);
    case Op.Bytes:
      return writeBytes(path, value, into, at, field.size);
    case Op.Struct:
      if (field.plan !== undefined) writeStruct(path, field.plan, value, into, at);
      return;
    case Op.Array:
      return writeArray(path, field, value, into, at);
  }
}

/** Fields that are absent keep what is there: zero, or what another member of the same union wrote. */
function writeStruct(path: string, plan: StructPlan, value: unknown, into: Buffer, base: number): void {
  if (!isRecord(value)) return reject(path, 'must be an object');
  for (const field of plan.fields) {
    const member = value[field.name];
    if (member !== undefined) writeField(`${path}.${field.name}`, field, member, into, base);
  }
}

/**
 * Writes the structure `name` into `into` at `offset`; fields that are not given are zero.
 * @throws EncodeError when a value does not fit its member, or the structure does not fit the buffer.
 */
export function encodeInto<K extends StructName>(name: K, value: DeepPartial<Structs[K]>, into: Buffer, offset: number): void {
  const plan = planOf(name);
  if (offset < 0 || offset + plan.size > into.length) {
    throw new EncodeError(`${name} needs ${plan.size} bytes at ${offset}, the buffer has ${into.length}`);
  }
  into.fill(0, offset, offset + plan.size);
  writeStruct(name, plan, value, into, offset);
}

/**
 * The structure `name` as bytes; fields that are not given are zero.
 * @throws EncodeError when a value does not fit its member.
 */
export function encode<K extends StructName>(name: K, value: DeepPartial<Structs[K]>): Buffer {
  // From the pool: restores encode a hundred thousand of these, and memory of their own is slow to get and to free.
  const into = Buffer.allocUnsafe(planOf(name).size).fill(0);
  writeStruct(name, planOf(name), value, into, 0);
  return into;
}
