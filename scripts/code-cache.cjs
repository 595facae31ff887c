// SPDX-License-Identifier: Apache-2.0
'use strict';
// Writes dist/<tool>.cache: the bundle as V8 compiled it, with the functions that `<tool> <arguments>` used. Usage:
// node scripts/code-cache.cjs <tool> [arguments]; what the run prints and how it ends does not matter.
const { renameSync, rmSync, writeFileSync } = require('node:fs');
const { compile, DIST, execute } = require('../bin/launch.cjs');

const [tool, ...args] = process.argv.slice(2);
const file = `${DIST}/${tool}.cache`;

rmSync(file, { force: true });
const script = compile(tool);
process.on('exit', () => {
  writeFileSync(`${file}.new`, script.createCachedData());
  renameSync(`${file}.new`, file);
  process.exitCode = 0;
});
process.argv.splice(1, process.argv.length, `${tool}`, ...args);
execute(script, tool);
