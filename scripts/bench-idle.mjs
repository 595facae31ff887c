// SPDX-License-Identifier: Apache-2.0
// npm run bench:idle [-- --rounds N] [-- --json FILE]: what the modes of idle_mode cost and save. A client pings the director a hundred times a
// second over a veth pair, so that its worker has come to rest before every packet; what a mode adds to the time of the answer is its
// latency. CPU shares are those that `dpip lcore show` reports. Needs root, two CPUs and a built tree.
import { existsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { Lab, NET } from './lab/lab.mjs';
import { sleep } from './lab/until.mjs';
import { fail, StepError } from './lib/steps.mjs';

const MODES = ['spin', 'pause', 'sleep'];
const PINGS = 500;
const INTERVAL_S = 0.01;
/** Means of lcores are taken over a second; two later they are of idle time alone. */
const SETTLE_MS = 2500;

const out = (text) => void process.stdout.write(`${text}\n`);

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];
const median = (values) => quantile(values, 0.5);

/** Round trips in microseconds. */
function roundTrips(lab) {
  const { stdout } = lab.exec('client', 'taskset', ['-c', '0', 'ping', '-n', '-i', String(INTERVAL_S), '-c', String(PINGS), NET.vip4]);
  const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]) * 1000);
  if (times.length < PINGS * 0.99) throw new StepError(`${PINGS - times.length} of ${PINGS} echo requests had no answer`, stdout.slice(-500));
  return times;
}

/** CPU shares in percent. */
function shares(lab) {
  const loads = JSON.parse(lab.dpip('-j', 'lcore', 'show'));
  const of = (role) => loads.find((load) => load.role === role);
  return { worker: of('worker').cpu_percent, busy: of('worker').busy_percent, control: of('control').cpu_percent };
}

async function measure(mode) {
  const lab = new Lab({ servers: 0, conf: `global_defs {\n    kni off\n    idle_mode ${mode}\n}\n` });
  await lab.open({ web: false, configure: false });
  try {
    lab.dpip('addr', 'add', `${NET.vip4}/24`, 'dev', 'dpdk0');
    roundTrips(lab); // neighbours, caches
    await sleep(SETTLE_MS);
    const idle = shares(lab);
    const times = roundTrips(lab);
    const pinged = shares(lab);
    return { idle, pinged, median: median(times), p99: quantile(times, 0.99) };
  } finally {
    await lab.close();
  }
}

function summary(mode, rounds) {
  const of = (pick) => median(rounds.map(pick));
  return {
    mode,
    idleWorker: of((r) => r.idle.worker),
    idleControl: of((r) => r.idle.control),
    pingedWorker: of((r) => r.pinged.worker),
    median: of((r) => r.median),
    p99: of((r) => r.p99),
    medians: rounds.map((r) => r.median),
  };
}

async function main() {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, json: { type: 'string' } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new StepError(`--rounds ${values.rounds}: a number from 1 on`);
  if (process.getuid() !== 0 || os.cpus().length < 2) throw new StepError('needs root and two CPUs');
  if (!existsSync('dist/dpip.cjs')) throw new StepError('the commands are not built', '', 'npm run build');
  const load = os.loadavg()[0];
  out(`${os.cpus()[0].model}, ${os.cpus().length} CPUs, load before ${load.toFixed(1)}${load > 0.5 ? ': not quiet, other processes show in the tails' : ''}`);
  const all = Object.fromEntries(MODES.map((mode) => [mode, []]));
  // In turns, so that what else the machine does meets every mode.
  for (let i = 0; i < rounds; i++) for (const mode of MODES) all[mode].push(await measure(mode));
  const rows = MODES.map((mode) => summary(mode, all[mode]));
  out('| idle_mode | CPU of an idle worker | at 100 packets/s | CPU of the control lcore, idle | answer, median | 99 % | added, median |');
  out('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const row of rows) {
    const added = row.median - rows[0].median;
    out(
      `| ${row.mode} | ${row.idleWorker.toFixed(1)} % | ${row.pingedWorker.toFixed(1)} % | ${row.idleControl.toFixed(1)} % | ${row.median.toFixed(0)} µs | ${row.p99.toFixed(0)} µs | ${
        row.mode === 'spin' ? '' : `${added.toFixed(0)} µs`
      } |`,
    );
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ load, rounds: all, rows }, null, 2)}\n`);
}

main().catch(fail);
