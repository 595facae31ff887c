// SPDX-License-Identifier: Apache-2.0
// npm test: installs and builds what is missing, then runs every ring of tests and says how many passed.
//   npm test -- --only NAME[,NAME]   some rings (names below)      npm test -- --list   their names
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bootstrap, buildDataplane } from './lib/bootstrap.mjs';
import { fail, root, runLong, seconds, step, StepError } from './lib/steps.mjs';

const ASAN_BUILD = ['-Db_sanitize=address,undefined', '-Db_lundef=false', '-Doptimization=1'];
/** LeakSanitizer cannot see through DPDK's own memory; everything else is an error. */
const ASAN_ENV = { ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:disable_coredump=1', UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1' };
const asanDaemon = path.join(root, 'dataplane/build-asan/src/main/dpvs');

const scratch = mkdtempSync(path.join(os.tmpdir(), 'dpvs-test-'));

const CPUS = os.availableParallelism();

/** vitest with a JSON report; returns the numbers of passed and failed tests. */
async function vitest(name, dirs, env = {}, atOnce = CPUS) {
  const report = path.join(scratch, `${name}.json`);
  let failure;
  try {
    await runLong('npx', ['vitest', 'run', ...dirs, '--maxWorkers', String(atOnce), '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], {
      env: { ...process.env, ...env }, tailLines: 120,
    });
  } catch (error) {
    failure = error;
  }
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    throw failure ?? new StepError(`${name}: vitest left no report`);
  }
  if (failure) process.stdout.write(`${failure.message}\n`);
  const failed = result.numFailedTests + (failure && result.numFailedTests === 0 ? 1 : 0);
  return { passed: result.numPassedTests, failed };
}

/** C unit tests of a build directory. */
async function mesonTest(dir, env = {}) {
  const build = path.join(root, 'dataplane', dir);
  const done = spawnSync('meson', ['test', '-C', build, '--no-rebuild', '--print-errorlogs', '-t', '3'], {
    encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 28,
  });
  const number = (label) => Number(new RegExp(`^${label}:\\s+(\\d+)`, 'm').exec(done.stdout)?.[1] ?? 0);
  const cases = countCases(path.join(build, 'meson-logs/testlog.txt'));
  const failed = number('Fail') + number('Timeout') + number('Unexpected Pass');
  if (done.status !== 0) process.stdout.write(`${done.stdout}${done.stderr}\n`);
  return { passed: Math.max(cases, number('Ok')), failed: failed + (done.status !== 0 && failed === 0 ? 1 : 0) };
}

/** cmocka says how many cases each program ran. */
function countCases(log) {
  const text = readFileSync(log, 'utf8');
  return [...text.matchAll(/^\[ {2}PASSED {2}\] (\d+) test/gm)].reduce((sum, m) => sum + Number(m[1]), 0);
}

async function check(command, args) {
  await runLong(command, args, { tailLines: 120 });
  return { passed: 1, failed: 0 };
}

async function fuzz() {
  await runLong('node', [path.join(root, 'test/fuzz/run.mjs'), '--seconds', '15'], { what: 'fuzzing ipvsadm', show: true });
  const env = { CC: 'clang' };
  await buildDataplane({ dir: 'build-fuzz', options: ['-Dfuzz=true', '-Db_sanitize=address,undefined', '-Db_lundef=false', '-Doptimization=1', '-Dwerror=false'], env, targets: ['fuzzers'], title: 'fuzz targets' });
  let passed = 1;
  for (const target of ['fuzz_packet', 'fuzz_fragments', 'fuzz_icmp', 'fuzz_lldp', 'fuzz_nat64', 'fuzz_synproxy', 'fuzz_tunnel', 'fuzz_conf', 'fuzz_ctrl', 'fuzz_lists']) {
    const corpus = path.join(scratch, target);
    mkdirSync(corpus, { recursive: true });
    const where = path.join(root, 'dataplane/build-fuzz/fuzz');
    await runLong(path.join(where, target), ['-max_total_time=5', '-timeout=5', '-rss_limit_mb=2048', corpus, path.join(root, 'dataplane/fuzz/corpus', target)], {
      what: `fuzzing with ${target}`, cwd: where, env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' },
    });
    passed++;
  }
  return { passed, failed: 0 };
}

/** A daemon that starts sleeps a tenth of a second to measure its clock: others use the CPU meanwhile. */
const CASES_AT_ONCE = 2 * CPUS;

const RINGS = {
  typecheck: ['TypeScript types', () => check('npx', ['tsc', '--noEmit'])],
  lint: ['style and import rules', () => check('npm', ['run', '-s', 'lint'])],
  ts: ['TypeScript: unit, golden, ABI, contract', () => vitest('ts', ['test/unit', 'test/golden', 'test/abi', 'test/contract'])],
  package: ['the package, installed elsewhere without network and compilers', () => vitest('package', ['test/package'])],
  c: ['C unit tests', () => mesonTest('build')],
  daemon: ['the daemon and hostile clients', () => vitest('daemon', ['test/daemon'])],
  cases: ['packet cases', () => vitest('cases', ['test/cases'], {}, CASES_AT_ONCE)],
  instructions: ['instructions per packet, against test/instructions/baseline.json', () => vitest('instructions', ['test/instructions'])],
  lab: ['the lab: real clients and servers', () => vitest('lab', ['test/lab'])],
  asan: ['C unit tests, packet cases with two workers and part of the lab under AddressSanitizer and UBSan', async () => {
    await buildDataplane({ dir: 'build-asan', options: ASAN_BUILD, title: 'data plane with sanitizers' });
    const unit = await mesonTest('build-asan', ASAN_ENV);
    const cases = await vitest('asan', ['test/cases', 'test/lab/basic'], { ...ASAN_ENV, CASE_WORKERS: '2', CASE_KERNEL_LCORE: '1', DPVS_BIN: asanDaemon }, CASES_AT_ONCE);
    return { passed: unit.passed + cases.passed, failed: unit.failed + cases.failed };
  }],
  fuzz: ['fuzz targets, briefly', fuzz],
};

/** What the command line asks for; a word that nobody reads would make a run of everything look like the one that was meant. */
function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({ options: { list: { type: 'boolean' }, only: { type: 'string' } } }));
  } catch (error) {
    throw new StepError(error.message, '', 'npm test [-- --list] [-- --only NAME,NAME]');
  }
  const only = values.only?.split(',') ?? Object.keys(RINGS);
  for (const name of only) if (!Object.hasOwn(RINGS, name)) throw new StepError(`no ring of tests is called '${name}'`, '', 'npm test -- --list');
  return { list: values.list, only };
}

async function test() {
  const { list, only } = readOptions();
  if (list) {
    for (const [name, [title]] of Object.entries(RINGS)) process.stdout.write(`${name.padEnd(10)} ${title}\n`);
    return;
  }
  await bootstrap('test');
  const rows = [];
  for (const name of only) {
    const [title, ring] = RINGS[name];
    const began = Date.now();
    let result;
    try {
      result = await step(title, ring);
    } catch (error) {
      process.stdout.write(`${error.message}\n`);
      result = { passed: 0, failed: 1 };
    }
    rows.push({ name, time: seconds(began), ...result });
  }
  process.stdout.write('\n');
  for (const row of rows) process.stdout.write(`${row.name.padEnd(10)} ${String(row.passed).padStart(5)} passed ${String(row.failed).padStart(4)} failed  ${row.time}\n`);
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`);
  if (sum('failed') > 0 || sum('passed') === 0) process.exitCode = 1;
}

test().catch(fail).finally(() => rmSync(scratch, { recursive: true, force: true }));
