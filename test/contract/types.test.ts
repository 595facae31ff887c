// SPDX-License-Identifier: Apache-2.0
// Declarations of the package's API, and the code in docs/api.md: both compile where nothing but the package is known.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);
let folder = '';

/** Compiles files of a package that has ours installed. @returns what the compiler complains about */
function compile(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  const args = [require.resolve('typescript/bin/tsc'), ...options, ...Object.keys(files)];
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }).stdout;
}

beforeAll(() => {
  const built = spawnSync(process.execPath, [path.join(root, 'scripts/build.mjs'), '--types'], { encoding: 'utf8' });
  expect(built.stderr).toBe('');
  folder = mkdtempSync(path.join(tmpdir(), 'api-types-'));
  mkdirSync(path.join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(root, path.join(folder, 'node_modules/dpvs-suite'));
  symlinkSync(path.dirname(require.resolve('@types/node/package.json')), path.join(folder, 'node_modules/@types/node'));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('the code of docs/api.md compiles', { timeout: 120_000 }, () => {
  const text = readFileSync(path.join(root, 'docs/api.md'), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code);
  expect(blocks.length).toBeGreaterThan(3);
  expect(compile(Object.fromEntries(blocks.map((code, i) => [`block${i}.ts`, code])))).toBe('');
});

it('wrong calls do not compile', { timeout: 120_000 }, () => {
  const start = "import { DpvsClient } from 'dpvs-suite';\nconst c = new DpvsClient();\n";
  const out = compile({
    'a.ts': `${start}c.addService({ protocol: 'http', address: '10.0.0.1', port: 80 });`,
    'b.ts': `${start}c.addServer({ fwmark: 1 }, { port: 80 });`,
    'c.ts': `${start}const n: number = c.services()[0]!.counters.connections;`,
    'd.ts': `${start}c.watch({ interval: '1s' });`,
  });
  expect([...out.matchAll(/^([a-d])\.ts\(3,\d+\): error/gm)].map(([, name]) => name)).toEqual(['a', 'b', 'c', 'd']);
});
