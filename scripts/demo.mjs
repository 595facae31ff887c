// SPDX-License-Identifier: Apache-2.0
// npm run demo [-- --keep] [-- --workers N]: the whole chain for real. Installs and builds what is missing, makes a lab of network
// namespaces, starts dpvs in it, configures it with our own commands, sends requests with curl, shows listings, tears down.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bootstrap } from './lib/bootstrap.mjs';
import { fail, root, step, StepError } from './lib/steps.mjs';
import { Lab, NET } from './lab/lab.mjs';
import { STOP_SCRIPT } from './lab/leftovers.mjs';

const CURL_TIMEOUT = 28;
const USAGE = 'npm run demo [-- --keep] [-- --workers N], N from 1 to 15';

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({ options: { keep: { type: 'boolean' }, workers: { type: 'string', default: '1' } } }));
  } catch (error) {
    throw new StepError(error.message, '', USAGE);
  }
  if (!/^([1-9]|1[0-5])$/.test(values.workers)) throw new StepError(`--workers ${values.workers}: not a number of workers`, '', USAGE);
  return { keep: values.keep ?? false, workers: Number(values.workers) };
}

function paint(code, text) {
  return process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text;
}

let interrupted = '';

/** Lets signals in between two steps; ends the demo, with its cleaning up, when one came. */
async function breathe() {
  await nextTurn();
  if (interrupted) throw new StepError(`stopped by ${interrupted}`);
}

/** Shows a command as typed in the lab and what it printed. */
function show(lab, name, ...rest) {
  process.stdout.write(`${paint('1;36', `# ${[name, ...rest].join(' ')}`)}\n`);
  process.stdout.write(lab.tool(name, rest).stdout);
}

function request(lab, url) {
  const line = `curl -s ${url}`;
  const { stdout, status } = lab.exec('client', 'curl', ['-s', '-g', '--max-time', '5', url], { ok: false });
  process.stdout.write(`${paint('1;36', `client# ${line}`)}\n  ${stdout.trimEnd()}\n`);
  if (status !== 0) throw new StepError(`no answer from ${url}`, status === CURL_TIMEOUT ? 'nothing came within 5 s' : `curl: exit status ${status}`);
  return stdout.split(' ')[0];
}

async function requests(lab, what, url, count) {
  const by = new Map();
  for (let i = 0; i < count; i++) {
    await breathe();
    const server = request(lab, url);
    by.set(server, (by.get(server) ?? 0) + 1);
  }
  process.stdout.write(`  ${what}: ${[...by].map(([server, n]) => `${server} answered ${n}`).join(', ')}\n`);
  if (by.size < lab.servers)
    throw new StepError(`${what}: not every real server answered`, `answers came from ${[...by.keys()].join(', ') || 'nobody'}`);
}

const LISTINGS = [
  ['ipvsadm', '-ln'], ['ipvsadm', '-ln', '--stats'], ['ipvsadm', '-lnc'],
  ['dpip', 'link', 'show'], ['dpip', '-s', 'link', 'show'], ['dpip', 'addr', 'show'],
  ['dpip', 'route', 'show'], ['dpip', '-6', 'route', 'show'], ['dpip', 'neigh', 'show'],
];

function keepRunning(lab) {
  const stop = path.join(lab.dir, STOP_SCRIPT);
  const namespaces = lab.namespaces.join(' ');
  writeFileSync(stop, `#!/bin/sh
# Stops the lab that the demo left running.
kill "$(cat ${lab.dir}/dpvs.pid)" 2>/dev/null
for n in ${namespaces}; do ip netns pids "$n" | xargs -r kill 2>/dev/null; done
sleep 1
for n in ${namespaces}; do ip netns pids "$n" | xargs -r kill -9 2>/dev/null; ip netns del "$n"; done
rm -rf ${lab.dir}
`, { mode: 0o755 });
  process.stdout.write(`
The lab is still running.
  use the commands:   export DPVS_IPC_FILE=${lab.socket} PATH="${root}/bin:$PATH"
                      ipvsadm -ln --rate; dpip -s link show cpu; dpip drop show
  be the client:      ip netns exec ${lab.ns('client')} curl http://${NET.vip4}/
  watch a server:     ip netns exec ${lab.ns('rs1')} tcpdump -ni eth0
  the daemon's log:   ${lab.log}
  stop everything:    ${stop}
`);
  for (const child of lab.children) child.unref();
}

async function demo() {
  const { keep, workers } = readOptions();
  await bootstrap('demo');
  const lab = new Lab({ servers: 2, workers });
  let kept = false;
  let up = false;
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (interrupted = signal));
  try {
    await step('making a lab: client, director, two real servers', () => lab.makeNetwork());
    await step('starting nginx on the real servers', () => lab.startWeb());
    await step(`starting dpvs (${workers} worker${workers > 1 ? 's' : ''}, no hugepages, no NIC)`, () => lab.startDaemon());
    up = true;
    process.stdout.write('\nConfiguration, as an operator would type it:\n');
    for (const [name, ...rest] of lab.fullnatCommands()) {
      await breathe();
      show(lab, name, ...rest);
    }
    process.stdout.write('\nRequests through the virtual service:\n');
    await requests(lab, 'IPv4', `http://${NET.vip4}/`, 6);
    await requests(lab, 'IPv6', `http://[${NET.vip6}]/`, 6);
    process.stdout.write('\nWhat the director says:\n');
    for (const [name, ...rest] of LISTINGS) {
      await breathe();
      show(lab, name, ...rest);
    }
    kept = keep;
  } catch (error) {
    if (up && !interrupted) process.stderr.write(`\n${await lab.trouble()}\n\n`);
    throw error;
  } finally {
    if (kept) keepRunning(lab);
    else await step('taking the lab down', () => lab.close());
  }
  if (!kept) process.stdout.write('\nAll of it worked. `npm run demo -- --keep` leaves it running for you to try.\n');
}

demo().then(
  () => process.exit(process.exitCode ?? 0),
  (error) => {
    fail(error);
    process.exit(interrupted ? 130 : 1);
  },
);
