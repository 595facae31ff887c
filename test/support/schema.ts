// SPDX-License-Identifier: Apache-2.0
// JSON against the schema that is published with the documentation.
import Ajv2020 from 'ajv/dist/2020';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';

type Tool = 'ipvsadm' | 'dpip';

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });

function load(tool: Tool): { $id: string } {
  const file = path.join(import.meta.dirname, `../../docs/schema/${tool}.schema.json`);
  const schema = JSON.parse(readFileSync(file, 'utf8')) as { $id: string };
  ajv.addSchema(schema);
  return schema;
}

const schemas = { ipvsadm: load('ipvsadm'), dpip: load('dpip') };

/** Parses one document and holds it against its part of the schema, and against the whole. */
export function validDocument(kind: string, text: string, tool: Tool = 'ipvsadm'): unknown {
  const schema = schemas[tool];
  const document: unknown = JSON.parse(text);
  const validate = ajv.getSchema(`${schema.$id}#/$defs/${kind}`);
  if (validate === undefined) throw new Error(`the schema has no ${kind}`);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  expect(ajv.getSchema(schema.$id)?.(document)).toBe(true);
  return document;
}
