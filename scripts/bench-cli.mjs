// SPDX-License-Identifier: Apache-2.0
// npm run bench:cli [-- --quick] [-- --build DIR] [-- --max R] [-- --check]: what commands cost, side by side with `node -e 0`. Small: one
// service. Big: 5,000 services with 10 servers each, restored and listed, with dpvs idle, with its worker at full load, and with a daemon
// that has no extensions; lists are compared with what was restored. --quick: small ones only. --build DIR measures an existing Meson build,
// configured with -Dbench=true. --max R fails when a small list takes more than R times as long as node itself; --check when a limit is
// exceeded.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildBench } from './bench/build.mjs';
import { cost } from './bench-cli/measure.mjs';
import { BIG, checkList, SMALL, writeDeletions, writeRules } from './bench-cli/tables.mjs';
import { fail, root, StepError } from './lib/steps.mjs';

const MiB = 2 ** 20;
/** Milliseconds and bytes that the commands may take with an extended daemon. */
const LIMITS = {
  restore: { wallMs: 3000, peakBytes: 150 * MiB },
  list: { wallMs: 1000, peakBytes: 150 * MiB },
  save: { wallMs: Infinity, peakBytes: 150 * MiB },
};

const out = (text) => void process.stdout.write(`${text}\n`);
let exceeded = 0;

/** OK, or what is exceeded; empty without a limit. */
function verdict({ wallMs, peakBytes }, limit) {
  if (limit === undefined) return '';
  const over = [...(wallMs > limit.wallMs ? [`over ${limit.wallMs / 1000} s`] : []), ...(peakBytes > limit.peakBytes ? [`over ${limit.peakBytes / MiB} MiB`] : [])];
  exceeded += over.length;
  return over.length === 0 ? 'OK' : over.join(', ');
}

function row(what, result, limit) {
  const cells = [`${result.wallMs.toFixed(0)} ms`, `${result.userMs.toFixed(0)} ms`, `${(result.peakBytes / MiB).toFixed(0)} MiB`];
  out(`  ${what.padEnd(28)} ${cells.map((cell) => cell.padStart(10)).join('')}   ${verdict(result, limit)}`.trimEnd());
}

function header(title) {
  out(`\n${title}`);
  out(`  ${''.padEnd(28)} ${['wall', 'user CPU', 'memory'].map((cell) => cell.padStart(10)).join('')}`);
}

/** A list that is wrong is not worth measuring. */
function mustBe(text, size, daemon) {
  const problem = checkList(text, size, daemon.others);
  if (problem !== null) throw new StepError(`${daemon.title}: ${problem}`);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** One service, many runs, taking turns with node itself. @returns {Promise<number>} how many times as long as node it takes */
async function small(daemon, scratch, runs) {
  const input = path.join(scratch, 'small');
  const options = { socket: daemon.socket, folder: scratch, runs: 1 };
  writeRules(input, SMALL);
  await cost('ipvsadm', ['-C'], options);
  await cost('ipvsadm', ['-R'], { ...options, input, before: () => cost('ipvsadm', ['-C'], options) });
  const [nothing, list] = [[], []];
  for (let i = 0; i < runs; i += 1) {
    nothing.push(await cost('node', ['-e', '0'], options));
    list.push(await cost('ipvsadm', ['-ln'], options));
  }
  mustBe(list[0].stdout, SMALL, daemon);
  const middle = (costs) => ({ wallMs: median(costs.map((c) => c.wallMs)), userMs: median(costs.map((c) => c.userMs)), peakBytes: median(costs.map((c) => c.peakBytes)) });
  header(`One service, ${daemon.title}; medians of ${runs} runs`);
  row('node -e 0', middle(nothing));
  row('ipvsadm -ln', middle(list));
  const ratio = middle(list).wallMs / middle(nothing).wallMs;
  out(`  ${ratio.toFixed(2)} times node`);
  return ratio;
}

/** Restores and lists the big configuration. */
async function big(daemon, scratch, { limits, runs }) {
  const input = path.join(scratch, 'big');
  const options = { socket: daemon.socket, folder: scratch, runs };
  const rules = BIG.services * (1 + BIG.servers);
  writeRules(input, BIG);
  header(`${BIG.services} services with ${BIG.servers} servers each, ${daemon.title}`);
  row('node -e 0', await cost('node', ['-e', '0'], options));
  const deletions = path.join(scratch, 'deletions');
  writeDeletions(deletions, BIG);
  let isThere = false;
  const clear = async () => {
    // Service by service: what the load goes to stays.
    if (isThere) await cost('ipvsadm', ['-R'], { ...options, input: deletions, runs: 0 });
    isThere = true;
  };
  row(`ipvsadm -R, ${rules} rules`, await cost('ipvsadm', ['-R'], { ...options, input, runs: Math.min(runs, 2), before: clear }), limits?.restore);
  const commands = [[['-ln'], limits?.list], [['-ln', '--stats'], limits?.list], [['-S', '-n'], limits?.save]];
  for (const [args, limit] of commands) {
    const result = await cost('ipvsadm', args, options);
    mustBe(result.stdout, BIG, daemon);
    row(`ipvsadm ${args.join(' ')}`, result, limit);
  }
  if (daemon.busy === undefined) return;
  const packets = await daemon.busy();
  if (packets === 0) throw new StepError(`${daemon.title}: there was no load`);
  out(`  its worker handled ${packets.toLocaleString('en')} packets meanwhile`);
}

async function withDaemon(daemon, scratch, measure) {
  try {
    return await measure(daemon, scratch);
  } finally {
    await daemon.stop();
  }
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: { runs: { type: 'string', default: '20' }, quick: { type: 'boolean' }, build: { type: 'string' }, max: { type: 'string' }, check: { type: 'boolean' } },
    }));
  } catch (error) {
    throw new StepError(error.message, '', 'npm run bench:cli [-- --quick] [-- --runs N] [-- --build DIR] [-- --max R] [-- --check]');
  }
  if (!(Number(values.runs) >= 1)) throw new StepError(`--runs ${values.runs}: not a number of runs`);
  if (values.max !== undefined && !(Number(values.max) > 0)) throw new StepError(`--max ${values.max}: not a number`);
  return { ...values, runs: Number(values.runs) };
}

async function main() {
  const { quick, runs, max, check, build } = readOptions();
  const files = quick ? null : await buildBench(build);
  if (!existsSync(path.join(root, 'dist/ipvsadm.cjs'))) throw new StepError('dist/ipvsadm.cjs does not exist', '', 'npm ci && npm run build');
  // These need packages, which are there by now.
  const { idle, loaded, withoutExtensions } = await import('./bench-cli/daemons.mjs');
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'bench-cli-'));
  try {
    const ratio = await withDaemon(await withoutExtensions(), scratch, (daemon) => small(daemon, scratch, runs));
    if (files !== null) {
      for (const start of [idle, loaded]) await withDaemon(await start(files), scratch, (daemon) => big(daemon, scratch, { limits: LIMITS, runs: 3 }));
      await withDaemon(await withoutExtensions(), scratch, (daemon) => big(daemon, scratch, { runs: 1 }));
    }
    if (max !== undefined && ratio > Number(max)) throw new StepError(`a small list takes ${ratio.toFixed(2)} times as long as node, more than ${max}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  if (check && exceeded > 0) throw new StepError(`${exceeded} limits are exceeded`);
}

main().catch(fail);
