// SPDX-License-Identifier: Apache-2.0
import { sizeOf, tables, type Structs } from './layout.generated';

export type StructName = keyof Structs;

/** What to do for one field. Numbers, because decode and encode switch on them once per field. */
export const Op = {
  U8: 0,
  I8: 1,
  U16: 2,
  I16: 3,
  U32: 4,
  I32: 5,
  U64: 6,
  I64: 7,
  Bits: 8,
  Chars: 9,
  Bytes: 10,
  Struct: 11,
  Array: 12,
} as const;

export type Op = (typeof Op)[keyof typeof Op];

/** One field of a structure, ready to run. */
export interface FieldPlan {
  readonly name: string;
  readonly op: Op;
  /** Bytes from the start of the structure. */
  readonly offset: number;
  /** Bytes: of a text or byte string, of one element of an array, of the storage of bits. */
  readonly size: number;
  /** Byte order of integers. */
  readonly littleEndian: boolean;
  /** Position and mask (before shifting) of bits. */
  readonly shift: number;
  readonly mask: number;
  /** Structure of a nested value. */
  readonly plan: StructPlan | undefined;
  /** Elements of an array, each handled as `element`. */
  readonly count: number;
  readonly element: FieldPlan | undefined;
}

export interface StructPlan {
  readonly name: StructName;
  /** Bytes. */
  readonly size: number;
  readonly fields: readonly FieldPlan[];
}

const INTEGER: Readonly<Record<string, { op: Op; size: number }>> = {
  u8: { op: Op.U8, size: 1 },
  i8: { op: Op.I8, size: 1 },
  u16: { op: Op.U16, size: 2 },
  i16: { op: Op.I16, size: 2 },
  u32: { op: Op.U32, size: 4 },
  i32: { op: Op.I32, size: 4 },
  u64: { op: Op.U64, size: 8 },
  i64: { op: Op.I64, size: 8 },
};

const plans = new Map<StructName, StructPlan>();

/** The plan of a structure, made from its table when it is first used. */
export function planOf(name: StructName): StructPlan {
  const known = plans.get(name);
  if (known !== undefined) return known;
  const plan: StructPlan = { name, size: sizeOf[name], fields: tables[name].split(' ').map(parseField) };
  plans.set(name, plan);
  return plan;
}

/** Bytes from the start of a structure to a member. */
export function offsetOf<K extends StructName>(name: K, member: keyof Structs[K] & string): number {
  const field = planOf(name).fields.find((one) => one.name === member);
  if (field === undefined) throw new Error(`${name} has no member ${member}`);
  return field.offset;
}

/** Parses name:type@offset. */
function parseField(text: string): FieldPlan {
  const match = /^(\w+):(.+)@(\d+)$/.exec(text);
  if (match === null) throw new Error(`bad layout table entry ${text}`);
  const [, name = '', type = '', offset = ''] = match;
  return parseType(name, type, Number(offset));
}

/**
 * Types: u8 to i64 native, U16 to I64 network order, c16 text, b16 bytes, f16.0.1 bit 0, one bit wide, of 16,
 * @name a structure, and any of these with *16 for an array of 16.
 */
function parseType(name: string, type: string, offset: number): FieldPlan {
  const star = type.indexOf('*');
  if (star >= 0) {
    const element = parseType('', type.slice(0, star), 0);
    return { ...scalar(name, Op.Array, offset, element.size), count: Number(type.slice(star + 1)), element };
  }
  if (type.startsWith('@')) {
    const plan = planOf(type.slice(1) as StructName);
    return { ...scalar(name, Op.Struct, offset, plan.size), plan };
  }
  if (type.startsWith('c')) return scalar(name, Op.Chars, offset, Number(type.slice(1)));
  if (type.startsWith('b')) return scalar(name, Op.Bytes, offset, Number(type.slice(1)));
  if (type.startsWith('f')) {
    const [storage = 0, shift = 0, bits = 0] = type.slice(1).split('.').map(Number);
    return { ...scalar(name, Op.Bits, offset, storage / 8), shift, mask: 2 ** bits - 1 };
  }
  const integer = INTEGER[type.toLowerCase()];
  if (integer === undefined) throw new Error(`bad layout type ${type}`);
  return { ...scalar(name, integer.op, offset, integer.size), littleEndian: type === type.toLowerCase() };
}

function scalar(name: string, op: Op, offset: number, size: number): FieldPlan {
  return { name, op, offset, size, littleEndian: true, shift: 0, mask: 0, plan: undefined, count: 0, element: undefined };
}
