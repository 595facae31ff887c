// SPDX-License-Identifier: Apache-2.0
// Runs before npm pack: builds what the package ships, and refuses to ship man pages that are older than the options.
import { existsSync } from 'node:fs';
import { run, fail, StepError } from './lib/steps.mjs';
import { outdated } from './generate-docs.mjs';

const SHIPPED = ['dist/ipvsadm.cjs', 'dist/dpip.cjs', 'dist/index.cjs', 'dist/types/index.d.ts', 'build/Release/dpvs_ipc.node'];

try {
  run('node', ['scripts/build.mjs']);
  run('node', ['scripts/build.mjs', '--types']);
  const old = (await outdated()).map(([file]) => file);
  if (old.length > 0) throw new StepError(`${old.join(', ')} are older than the option table`, '', 'npm run docs');
  const missing = SHIPPED.filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)));
  if (missing.length > 0) throw new StepError(`${missing.join(', ')} were not built`);
} catch (error) {
  fail(error);
}
