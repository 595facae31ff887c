// SPDX-License-Identifier: Apache-2.0
'use strict';
// Starts a bundle of dist/. Kept this small because every command pays for it before it does anything.
module.exports = function launch(tool) {
  try {
    require(`../dist/${tool}.cjs`);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND' || !String(error.message).includes(`dist/${tool}.cjs`)) throw error;
    process.stderr.write(`${tool}: dist/${tool}.cjs is missing; build it with: npm ci && npm run build\n`);
    process.exitCode = 1;
  }
};
