// SPDX-License-Identifier: Apache-2.0
// Fields of vectors (addresses and MACs as text, byte strings as hex) to the values that the codec takes.
import { isIPv4, isIPv6 } from 'node:net';
import { Op, planOf, type FieldPlan, type StructPlan } from '../../src/ipc/codec/table';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function ipv6Bytes(text: string): Uint8Array {
  const v4 = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (a = '0', b = '0'): string => ((Number(a) << 8) | Number(b)).toString(16);
  const plain = v4 === null ? text : `${v4[1]}${hex(v4[2], v4[3])}:${hex(v4[4], v4[5])}`;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const all = [...before, ...(tail === undefined ? [] : zeros), ...after];
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

function bytesOf(text: string, size: number): Uint8Array {
  if (size === 16 && isIPv4(text)) return Uint8Array.from([...text.split('.').map(Number), ...Array.from({ length: 12 }, () => 0)]);
  if (size === 16 && isIPv6(text)) return ipv6Bytes(text);
  return Uint8Array.from(Buffer.from(text.replaceAll(':', ''), 'hex'));
}

function valueOf(field: FieldPlan, value: unknown): unknown {
  if (field.op === Op.U64 || field.op === Op.I64) return BigInt(value as number | string);
  if (field.op === Op.Bytes) return bytesOf(value as string, field.size);
  if (field.op === Op.Array && field.element !== undefined) return arrayOf(field, field.element, value);
  if (field.op !== Op.Struct || field.plan === undefined) return value;
  if (typeof value === 'string') return { ether_addr_octet: bytesOf(value, 6) };
  return isFields(value) ? toValues(field.plan, value) : value;
}

/** Long arrays are given as {index: element}, the others being zero. */
function arrayOf(field: FieldPlan, element: FieldPlan, value: unknown): unknown[] {
  if (Array.isArray(value)) return value.map((item: unknown) => valueOf(element, item));
  const given = isFields(value) ? value : {};
  return Array.from({ length: field.count }, (_, i) => valueOf(element, given[String(i)] ?? {}));
}

function toValues(plan: StructPlan, fields: Fields): Record<string, unknown> {
  const known = plan.fields.filter((field) => fields[field.name] !== undefined);
  return Object.fromEntries(known.map((field) => [field.name, valueOf(field, fields[field.name])]));
}

/** Values of the structure `name` for the fields of a vector; fields that are not the structure's are left out. */
export function valuesOf(name: string, fields: Fields): Record<string, unknown> {
  return toValues(planOf(name as Parameters<typeof planOf>[0]), fields);
}
