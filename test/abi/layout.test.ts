// SPDX-License-Identifier: Apache-2.0
// The headers in dataplane/include/abi against the layout measured from DPVS v1.10.2 (facts.json).
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeAddon, type DescribedField, type DescribedStruct } from '../support/addon';
// @ts-expect-error a plain script without types
import { generate } from '../../scripts/generate-layout.mjs';
// @ts-expect-error a plain script without types
import { generateReaders } from '../../scripts/generate-readers.mjs';

interface FactField {
  name: string | null;
  offset: number;
  size: number;
  type: string;
  ref?: string;
  count?: number;
  elem?: { size: number; type: string; ref?: string };
  byteOrder?: string;
  bitfield?: { bit: number; bits: number };
  fields?: FactField[];
}

interface Facts {
  errors: { name: string; code: number; text: string }[];
  constants: Record<string, Record<string, number>>;
  messages: { id: number; name: string; type: string; availability: string; request: { struct: string | null; size: number } }[];
  structs: Record<string, { size: number; union: boolean; fields: FactField[]; padding: { offset: number; size: number }[] }>;
}

const root = path.join(import.meta.dirname, '../..');
const facts = JSON.parse(readFileSync(path.join(import.meta.dirname, 'facts.json'), 'utf8')) as Facts;
const described = describeAddon();
const structs = new Map(described.structs.map((s) => [s.name, s]));

function struct(name: string): DescribedStruct {
  const found = structs.get(name);
  if (found === undefined) throw new Error(`the headers have no ${name}`);
  return found;
}

/** One comparable line for each plain member, with nested unions flattened to what lies in them. */
function factLines(fields: FactField[], base: number, prefix: string): string[] {
  return fields.flatMap((f) => {
    const name = f.name === null ? prefix : `${prefix}${f.name}`;
    const at = base + f.offset;
    if (f.fields !== undefined) return factLines(f.fields, at, f.name === null ? prefix : `${name}.`);
    if (f.bitfield !== undefined) return [`${name} bit ${at * 8 + f.bitfield.bit} width ${f.bitfield.bits}`];
    const big = f.byteOrder !== undefined && /^be(16|32)\b/.test(f.byteOrder) && f.size === Number(/\d+/.exec(f.byteOrder)?.[0]) / 8;
    const type = f.type === 'array' ? `${f.elem?.ref ?? f.elem?.type}*${f.count}` : (f.ref ?? f.type);
    return [`${name} @${at} +${f.size} ${type}${big ? ' big' : ''}`];
  });
}

/** Helper structures of the headers that the facts write as unions in place. */
const INLINE = ['netif_bond_param', 'tc_qsch_qopt', 'tc_cls_copt', 'kni_conf_data', 'ipset_option_create', 'ipset_option_add'];

function describedLines(fields: readonly DescribedField[], base: number, prefix: string): string[] {
  return fields.flatMap((f) => {
    const name = `${prefix}${f.name}`;
    const at = base + f.offset;
    if (f.role === 'hidden') return [];
    if (f.role === 'bits') return [`${name} bit ${at * 8 + (f.bit ?? 0)} width ${f.bits}`];
    if (f.ref !== undefined && INLINE.includes(f.ref)) return describedLines(struct(f.ref).fields, at, `${name}.`);
    const one = (f.ref ?? f.kind).replace('chars', 'char[]').replace(/^inet_addr_range_native$/, 'inet_addr_range');
    return [`${name} @${at} +${f.size} ${f.count === undefined ? one : `${one}*${f.count}`}${f.bigEndian ? ' big' : ''}`];
  });
}

describe('layout', () => {
  it('has every structure of the facts', () => {
    expect(Object.keys(facts.structs).filter((name) => !structs.has(name))).toEqual([]);
    expect(Object.keys(facts.structs)).toHaveLength(107);
  });

  it.each(Object.keys(facts.structs))('%s has the measured size, members and padding', (name) => {
    const fact = facts.structs[name];
    if (fact === undefined) throw new Error(name);
    const got = struct(name);
    expect(got.size).toBe(fact.size);
    expect(got.union).toBe(fact.union);
    expect(describedLines(got.fields, 0, '').sort()).toEqual(factLines(fact.fields, 0, '').sort());
    const padding = got.fields.filter((f) => f.role === 'hidden' && f.name.startsWith('pad'));
    expect(padding.map((f) => ({ offset: f.offset, size: f.size }))).toEqual(fact.padding);
  });

  it('reads port ranges inside address sets in native order only', () => {
    const order = (name: string): string[] => struct(name).fields.filter((f) => f.bigEndian).map((f) => f.name);
    expect(order('inet_addr_range')).toEqual(['min_port', 'max_port']);
    expect(order('inet_addr_range_native')).toEqual([]);
    const users = described.structs.filter((s) => s.fields.some((f) => f.ref === 'inet_addr_range_native')).map((s) => s.name);
    expect(users.sort()).toEqual(['ipset_bitmap_header', 'ipset_param']);
  });
});

describe('constants, messages, errors', () => {
  it('has every constant with its value', () => {
    const got: Record<string, Record<string, number>> = {};
    for (const { group, name, value } of described.constants) (got[group] ??= {})[name] = value;
    for (const [group, values] of Object.entries(facts.constants)) expect(got[group], group).toEqual(values);
  });

  it('has every message with its id and direction', () => {
    const ours = described.messages.filter((m) => m.availability !== 'EXTENSION');
    const direction = { get: 'GET', set: 'SET', 'get/set': 'BOTH' } as Record<string, string>;
    expect(ours.map((m) => [m.id, m.name, m.direction])).toEqual(facts.messages.map((m) => [m.id, m.name, direction[m.type]]));
  });

  it('never asks for more bytes than recorded clients send', () => {
    for (const message of described.messages) {
      const fact = facts.messages.find((m) => m.id === message.id);
      if (fact !== undefined) expect(message.size, message.name).toBeLessThanOrEqual(fact.request.size);
    }
  });

  it('has every error code with its text', () => {
    expect(described.errors).toEqual(facts.errors);
  });
});

describe('headers', () => {
  const folder = path.join(root, 'dataplane/include/abi');
  const headers = readdirSync(folder).filter((file) => file.endsWith('.h'));
  const everyHeader = headers.map((file) => `#include "${file}"\n`).join('');
  const strict = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fsyntax-only', '-I', folder];

  it.each([
    ['gcc', '-std=c11', '-xc'],
    ['gcc', '-std=c17', '-xc'],
    ['g++', '-std=c++17', '-xc++'],
  ])('compile with %s %s', (compiler, standard, language) => {
    const run = spawnSync(compiler, [standard, ...strict, language, '-'], { input: everyHeader, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });

  it('have no member without a fixed width', () => {
    for (const file of headers) {
      const text = readFileSync(path.join(folder, file), 'utf8').replaceAll(/\/\*[^]*?\*\//g, '');
      for (const [, body = ''] of text.matchAll(/(?:struct|union) \w+ \{([^]*?)\n\}/g)) {
        expect(body, file).not.toMatch(/\b(long|bool|int|short|size_t|enum)\b|\*|:\s*\d/);
      }
    }
  });
});

describe('the generated files', () => {
  it.each([
    ['layout.generated.ts', generate as (d: unknown) => string],
    ['readers.generated.ts', generateReaders as (d: unknown) => string],
  ])('%s is what the headers give', (name, write) => {
    const text = readFileSync(path.join(root, 'src/ipc/codec', name), 'utf8');
    expect(write(described) === text, 'run: npm run build && npm run layout').toBe(true);
  });
});
