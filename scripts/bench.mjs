// SPDX-License-Identifier: Apache-2.0
// npm run bench [-- --quick] [-- --json FILE] [-- --against FILE] [-- --max CYCLES] [-- --max-mode RATIO] [-- --build DIR] [-- --accounting] [-- --flood]: what a packet and
// a connection cost one worker.
// docs/benchmark.md says how it is measured and how to read it. --max fails when FullNAT UDP/IPv4 with 1,024 flows costs more
// cycles per packet above the ceiling, --max-mode when another forwarding mode costs more than RATIO times FullNAT. --build measures an existing Meson build directory.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fail, seconds, StepError } from './lib/steps.mjs';
import { comparison, readResults } from './bench/against.mjs';
import { buildBench } from './bench/build.mjs';
import { measure } from './bench/measure.mjs';
import { FLOODS, FULL, QUICK } from './bench/plan.mjs';
import { caseName, count, machine, printCalm, printCase, printCaseHeader, printFlood, printFloodHeader, printMachine, printMemory, printRate, printRateHeader, printSyn, printSynHeader, WAYS } from './bench/report.mjs';

const GATE = { mode: 'fnat', proto: 'udp', af: 4, flows: 1024, way: 'in' };

function checkGate(results, max) {
  const gate = results.cases.find((r) => Object.entries(GATE).every(([key, value]) => r[key] === value));
  const verdict = gate.above.median <= max ? 'kept' : 'missed';
  process.stdout.write(`\nUDP/IPv4, 1 k flows: ${gate.above.median.toFixed(0)} cycles per packet above the ceiling; the bound of ${max} is ${verdict}.\n`);
  return verdict === 'kept';
}

/** No forwarding mode may be much dearer than FullNAT. */
function checkModes(results, max) {
  const others = results.cases.filter((r) => r.relative !== undefined);
  const dearest = others.reduce((a, b) => (b.relative > a.relative ? b : a));
  const verdict = dearest.relative <= max ? 'kept' : 'missed';
  process.stdout.write(`The dearest forwarding mode, ${caseName(dearest)}, ${WAYS[dearest.way]}, ${count(dearest.flows)} flows, costs ${
    dearest.relative.toFixed(2)} × FullNAT above the ceiling; the bound of ${max} is ${verdict}.\n`);
  return verdict === 'kept';
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: { quick: { type: 'boolean' }, json: { type: 'string' }, against: { type: 'string' }, max: { type: 'string' }, 'max-mode': { type: 'string' }, build: { type: 'string' }, accounting: { type: 'boolean' }, flood: { type: 'boolean' } },
    }));
  } catch (error) {
    throw new StepError(error.message, '', 'npm run bench [-- --quick] [-- --json FILE] [-- --against FILE] [-- --max CYCLES] [-- --max-mode RATIO] [-- --build DIR] [-- --accounting] [-- --flood]');
  }
  if (values.max !== undefined && !(Number(values.max) > 0)) throw new StepError(`--max ${values.max}: not a number of cycles`);
  if (values['max-mode'] !== undefined && !(Number(values['max-mode']) > 0)) throw new StepError(`--max-mode ${values['max-mode']}: not a ratio`);
  return values;
}

async function main() {
  const values = readOptions();
  const before = values.against === undefined ? undefined : readResults(values.against);
  const files = { ...(await buildBench(values.build)), accounting: values.accounting === true };
  const began = Date.now();
  const description = machine();
  printMachine(description);
  let rates = 0;
  let syns = 0;
  let floods = 0;
  if (!values.flood) printCaseHeader();
  const results = await measure(files, values.flood ? FLOODS : values.quick ? QUICK : FULL, {
    onCase: printCase,
    maxRelative: Number(values['max-mode'] ?? 1.3),
    onRate: (r) => {
      if (rates++ === 0) printRateHeader();
      printRate(r);
    },
    onSyn: (r) => {
      if (syns++ === 0) printSynHeader();
      printSyn(r);
    },
    onFlood: (r) => {
      if (floods++ === 0) printFloodHeader();
      printFlood(r);
    },
  });
  if (!values.flood) printMemory(results.memory);
  printCalm(results);
  const kept = values.flood || checkGate(results, Number(values.max ?? 300));
  const modesKept = values.flood || checkModes(results, Number(values['max-mode'] ?? 1.3));
  process.stdout.write(`Measured in ${seconds(began)}.\n`);
  if (before !== undefined) process.stdout.write(`\nBeside ${values.against}:\n${comparison(before, results).join('\n')}\n`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine: description, ...results }, null, 2)}\n`);
  if ((values.max !== undefined && !kept) || (values['max-mode'] !== undefined && !modesKept)) throw new StepError('the bound was missed', '', 'compare with an idle machine; docs/benchmark.md says where cycles go');
}

main().catch(fail);
