// SPDX-License-Identifier: Apache-2.0
// Runs when npm installs the package: loads the addon that came with it, and builds one from the sources that came with it
// if that one is for another machine. In a checkout it does nothing, because npm run build does it there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const addon = path.join(root, 'build/Release/dpvs_ipc.node');

/** Why the addon cannot be used; null: it can. */
function problem() {
  if (!existsSync(addon)) return 'it did not come with the package';
  // Another process: what was loaded once would stay, also when the file is replaced.
  const code = `process.dlopen({ exports: {} }, ${JSON.stringify(addon)})`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  return status === 0 ? null : (/^Error: (.*)$/m.exec(stderr)?.[1] ?? 'it cannot be loaded');
}

/** npm brings node-gyp for install scripts. */
function nodeGyp() {
  const given = process.env.npm_config_node_gyp;
  if (given !== undefined && existsSync(given)) return given;
  try {
    return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  } catch {
    return null;
  }
}

/** Headers that came with this node; without them node-gyp fetches them. */
function nodeHeaders() {
  const prefix = path.dirname(path.dirname(process.execPath));
  return existsSync(path.join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

function build(gyp) {
  const run = spawnSync(process.execPath, [gyp, 'rebuild', '--silent', ...nodeHeaders()], { cwd: root, encoding: 'utf8' });
  if (run.status === 0) return;
  process.stderr.write(`${run.stdout ?? ''}${run.stderr ?? ''}`);
}

function main() {
  if (existsSync(path.join(root, 'tsconfig.json'))) return;
  const before = problem();
  if (before === null) return;
  process.stdout.write(`dpvs-suite: the prebuilt addon does not fit (${before}); building it\n`);
  const gyp = nodeGyp();
  if (gyp !== null) build(gyp);
  const after = gyp === null ? 'node-gyp is missing: npm has it, so install with npm' : problem();
  if (after === null) return;
  process.stderr.write(`dpvs-suite: no addon for ${process.platform}-${process.arch}: ${after}; building it needs python3, make and g++\n`);
  process.exitCode = 1;
}

main();
