// SPDX-License-Identifier: Apache-2.0
'use strict';
// Starts a bundle of dist/. Kept this small because every command pays for it before it does anything. A V8 code cache was
// measured and left out: it gains 2 ms of 65 on a quiet machine and nothing on a busy one.

const OLDEST_NODE = 20;

function stop(tool, text) {
  process.stderr.write(`${tool}: ${text}\n`);
  process.exitCode = 1;
}

module.exports = function launch(tool) {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    return stop(tool, `Node.js ${process.versions.node} is too old; install version ${OLDEST_NODE} or newer`);
  }
  try {
    require(`../dist/${tool}.cjs`);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND' || !String(error.message).startsWith(`Cannot find module '../dist/${tool}.cjs'`)) throw error;
    stop(tool, `dist/${tool}.cjs is missing; build it with: npm ci && npm run build`);
  }
};
