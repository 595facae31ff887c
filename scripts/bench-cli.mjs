// SPDX-License-Identifier: Apache-2.0
// What a command costs: wall time of `bin/ipvsadm -ln` with one service, side by side with `node -e 0`. Asks the daemon
// that listens on --socket, or a fake one that plays a recorded service. With --max R it fails when the ratio is above R.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const FRONT = 8;
const SERVICE = 264;
const HEADER = 88;

/** Exchanges of a recorded `ipvsadm -ln`, cut down to its first service. */
function oneService() {
  const vectors = JSON.parse(readFileSync(path.join(root, 'test/abi/vectors/ipvsadm.json'), 'utf8'));
  const { exchanges } = vectors.find((vector) => vector.name === 'scripted/ipvsadm-list');
  const bytes = (e) => {
    const body = Buffer.alloc(e.replyBodyLen);
    for (const [offset, hex] of e.replyBodySparse ?? [[0, e.replyBodyHex]]) body.write(hex, offset, 'hex');
    return Buffer.concat([Buffer.from(e.replyHeaderHex, 'hex'), body]);
  };
  const first = (id) => exchanges.find((e) => e.id === id);
  const { addr, port, proto } = first(21).requestFields;
  const at = first(19).replyFields.elements.findIndex((s) => s.addr === addr && s.port === port && s.proto === proto);

  const info = bytes(first(18));
  info.writeUInt32LE(1, HEADER + 8);
  const all = bytes(first(19));
  const services = Buffer.concat([
    all.subarray(0, HEADER + FRONT),
    all.subarray(HEADER + FRONT + at * SERVICE, HEADER + FRONT + (at + 1) * SERVICE),
  ]);
  services.writeBigUInt64LE(BigInt(FRONT + SERVICE), 80);
  services.writeUInt16LE(1, HEADER + 2);
  return { 18: info, 19: services, 21: bytes(first(21)) };
}

/** Starts the fake daemon in a thread; gives its socket and a function that stops it. */
async function fakeDaemon() {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-cli-'));
  const socket = path.join(folder, 'dpvs.ipc');
  const worker = new Worker(path.join(root, 'test/support/fake-daemon-main.mjs'), {
    workerData: { fakeDaemon: { path: socket, steps: [{ byId: oneService() }], repeat: true } },
  });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return {
    socket,
    stop: async () => {
      await worker.terminate();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Milliseconds that a process takes from start to end. */
function time(command, args, env) {
  const start = process.hrtime.bigint();
  const run = spawnSync(command, args, { env, encoding: 'utf8' });
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${run.stderr || run.error?.message}`);
  return { ms, stdout: run.stdout };
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];

function report(name, values) {
  console.log(`${name.padEnd(16)} median ${median(values).toFixed(1)} ms   min ${Math.min(...values).toFixed(1)} ms`);
}

async function main() {
  const { values } = parseArgs({
    options: { runs: { type: 'string', default: '40' }, socket: { type: 'string' }, max: { type: 'string' } },
  });
  const tool = path.join(root, 'bin/ipvsadm');
  if (!existsSync(path.join(root, 'dist/ipvsadm.cjs'))) throw new Error('dist/ipvsadm.cjs is missing; run: npm run build');

  const daemon = values.socket === undefined ? await fakeDaemon() : { socket: values.socket, stop: async () => {} };
  const env = { ...process.env, DPVS_IPC_FILE: daemon.socket };
  const empty = [];
  const listing = [];
  try {
    const { stdout } = time(tool, ['-ln'], env);
    if (!/^(TCP|UDP|SCTP|FWM|MATCH)\b/m.test(stdout)) throw new Error(`ipvsadm -ln lists no service:\n${stdout}`);
    for (let i = 0; i < Number(values.runs); i += 1) {
      empty.push(time('node', ['-e', '0'], env).ms);
      listing.push(time(tool, ['-ln'], env).ms);
    }
  } finally {
    await daemon.stop();
  }

  const ratio = median(listing) / median(empty);
  report('node -e 0', empty);
  report('ipvsadm -ln', listing);
  console.log(`ratio            ${ratio.toFixed(2)} of medians, ${(Math.min(...listing) / Math.min(...empty)).toFixed(2)} of minima, ${values.runs} runs each`);
  if (values.max !== undefined && ratio > Number(values.max)) throw new Error(`the ratio is above ${values.max}`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench-cli: ${error.message}\n`);
  process.exitCode = 1;
}
