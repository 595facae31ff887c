// SPDX-License-Identifier: Apache-2.0
'use strict';
// Starts a bundle of dist/. Kept this small because every command pays for it before it does anything. The compiled form
// that the build leaves next to a bundle saves 5 of 70 ms; V8 refuses it when it was made by another version, and
// everything works without it.
const fs = require('node:fs');
const vm = require('node:vm');

const OLDEST_NODE = 20;
const DIST = `${__dirname.slice(0, __dirname.lastIndexOf('/'))}/dist`;

/** The bundle as a function of the names that CommonJS gives to a module. */
function compile(tool) {
  const filename = `${DIST}/${tool}.cjs`;
  const source = fs.readFileSync(filename, 'latin1');
  let cachedData;
  try {
    cachedData = fs.readFileSync(`${DIST}/${tool}.cache`);
  } catch {
    // Not built, or not readable: V8 compiles the source.
  }
  return new vm.Script(`(function (require, module, exports, __filename, __dirname) {${source}\n})`, { filename, cachedData });
}

function execute(script, tool) {
  const module = { exports: {} };
  script.runInThisContext()(require, module, module.exports, `${DIST}/${tool}.cjs`, DIST);
}

function stop(tool, text) {
  process.stderr.write(`${tool}: ${text}\n`);
  process.exitCode = 1;
}

function launch(tool) {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    return stop(tool, `Node.js ${process.versions.node} is too old; install version ${OLDEST_NODE} or newer`);
  }
  let script;
  try {
    script = compile(tool);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return stop(tool, `dist/${tool}.cjs is missing; build it with: npm ci && npm run build`);
  }
  execute(script, tool);
}

module.exports = { launch, compile, execute, DIST };
