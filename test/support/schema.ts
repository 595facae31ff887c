// SPDX-License-Identifier: Apache-2.0
// JSON against the schema that is published with the documentation.
import Ajv2020 from 'ajv/dist/2020';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';

const file = path.join(import.meta.dirname, '../../docs/schema/ipvsadm.schema.json');
const schema = JSON.parse(readFileSync(file, 'utf8')) as { $id: string };
const ajv = new Ajv2020({ strict: true, allErrors: true });
ajv.addSchema(schema);

/** Parses one document and holds it against its part of the schema, and against the whole. */
export function validDocument(kind: string, text: string): unknown {
  const document: unknown = JSON.parse(text);
  const validate = ajv.getSchema(`${schema.$id}#/$defs/${kind}`);
  if (validate === undefined) throw new Error(`the schema has no ${kind}`);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  expect(ajv.getSchema(schema.$id)?.(document)).toBe(true);
  return document;
}
