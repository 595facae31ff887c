// SPDX-License-Identifier: Apache-2.0
// npm run bench:instructions [-- --update] [-- --functions]: what a worker executes for a packet, counted by Callgrind, beside the committed baseline.
// --functions: by function; --update: makes these numbers the baseline, in the commit that changes them.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bootstrap } from './lib/bootstrap.mjs';
import { fail, root, runLong, step, StepError } from './lib/steps.mjs';

const BASELINE = path.join(root, 'test/instructions/baseline.json');

function print(measured, baseline, functions) {
  const width = Math.max(...Object.keys(measured).map((name) => name.length));
  process.stdout.write(`${''.padEnd(width)}  instructions  baseline\n`);
  for (const [name, { instructions, functions: parts }] of Object.entries(measured)) {
    const before = baseline[name]?.instructions;
    const change = before === undefined ? 'new' : `${before.toFixed(1)} (${instructions >= before ? '+' : ''}${((instructions / before - 1) * 100).toFixed(1)} %)`;
    process.stdout.write(`${name.padEnd(width)}  ${instructions.toFixed(1).padStart(12)}  ${change}\n`);
    if (functions) for (const [word, n] of Object.entries(parts)) process.stdout.write(`${''.padEnd(width)}  ${n.toFixed(1).padStart(12)}    ${word}\n`);
  }
}

async function main() {
  const { values } = parseArgs({ options: { update: { type: 'boolean' }, functions: { type: 'boolean' } } });
  await bootstrap('test');
  const scratch = mkdtempSync(path.join(tmpdir(), 'dpvs-instructions-'));
  const result = path.join(scratch, 'result.json');
  try {
    await step('counting instructions', () => runLong('npx', ['vitest', 'run', 'test/instructions'], { env: { ...process.env, INSTRUCTIONS_RESULT: result }, tailLines: 60 }));
    const measured = JSON.parse(readFileSync(result, 'utf8'));
    print(measured, JSON.parse(readFileSync(BASELINE, 'utf8')), values.functions ?? false);
    if (values.update) copyFileSync(result, BASELINE);
  } catch (error) {
    throw error.code === 'ENOENT' ? new StepError('no numbers', error.message, 'run npx vitest run test/instructions to see why') : error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

main().catch(fail);
