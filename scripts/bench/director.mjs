// SPDX-License-Identifier: Apache-2.0
// A daemon to be measured: the binary as it is shipped, with the benchmark's plugin as packet source. One worker on the last core.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { root, StepError } from '../lib/steps.mjs';
import { dpipCommands, familiesOf, publicAddressCommands, serviceLines } from './network.mjs';

const START_MS = 30_000;
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Free 2 MiB pages are used when there are enough of them; none are reserved. */
function memoryArgs() {
  const free = Number(/HugePages_Free:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
  return free >= 160 ? ['--in-memory', '-m', '256'] : ['--no-huge', '--no-shconf', '-m', '256'];
}

export const usesHugepages = () => memoryArgs().includes('--in-memory');

/** Daemons that run; a signal that ends the benchmark ends them first. */
const running = new Set();

function endAll(signal) {
  for (const director of running) director.abandon();
  process.exit(128 + os.constants.signals[signal]);
}

export class Director {
  /**
   * @param {{daemon: string, plugin: string, timeouts?: string, accounting?: boolean, admission?: boolean, pool?: number}} options timeouts: more lines
   * for ipvs_defs. admission: new flows may be refused; not where the source offers as much as the daemon takes, and nothing may be lost.
   */
  constructor({ daemon, plugin, timeouts = '', accounting = false, admission = false, pool = 2097151 }) {
    this.daemon = daemon;
    this.plugin = plugin;
    this.timeouts = timeouts;
    this.connLines = [
      `<init> conn_pool_size ${pool}`,
      ...(accounting ? ['<init> conn_accounting on'] : []),
      `flood_admission ${admission ? 'on' : 'off'}`,
    ].join('\n        ');
    this.dir = mkdtempSync(path.join(os.tmpdir(), 'dpvs-bench-'));
    this.ended = undefined;
    if (running.size === 0) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, endAll);
    running.add(this);
  }

  /** At once, without a last word. */
  abandon() {
    this.child?.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  file(name) {
    return path.join(this.dir, name);
  }

  conf() {
    return `! configuration of the benchmark
global_defs {
    log_level INFO
    log_file ${this.file('dpvs.log')}
}
netif_defs {
    <init> pktpool_size 16383
    <init> pktpool_cache 256
    <init> device dpdk0 {
    }
    <init> device dpdk1 {
    }
}
ipvs_defs {
    conn {
        ${this.connLines}
    }
${this.timeouts}
}
`;
  }

  text() {
    const read = (name) => (existsSync(this.file(name)) ? readFileSync(this.file(name), 'utf8') : '');
    return `${read('out')}${read('dpvs.log')}`.trim();
  }

  tool(name, args, input) {
    const done = spawnSync(path.join(root, 'bin', name), args, {
      encoding: 'utf8', input, timeout: 30_000, env: { ...process.env, DPVS_IPC_FILE: this.file('ipc') },
    });
    if (done.status !== 0) throw new StepError(`${name} ${args.join(' ')}: exit status ${done.status}`, `${done.stdout}${done.stderr}`.trim());
    return done.stdout;
  }

  async start() {
    writeFileSync(this.file('dpvs.conf'), this.conf());
    const out = openSync(this.file('out'), 'a');
    const last = os.cpus().length - 1;
    const args = ['-c', this.file('dpvs.conf'), '-p', this.file('pid'), '-x', this.file('ipc'), '--', ...memoryArgs(), '--no-pci',
      '--no-telemetry', '--lcores', `0@0,1@${last}`, '--vdev', 'net_null0,no-rx=1', '--vdev', 'net_null1,no-rx=1'];
    this.child = spawn(this.daemon, args, { stdio: ['ignore', out, out], env: { ...process.env, LD_PRELOAD: this.plugin, DPVS_BENCH_SOCKET: this.file('bench') } });
    closeSync(out);
    this.child.on('error', (error) => (this.ended = error.message));
    this.child.on('exit', (status, signal) => (this.ended = signal ?? `exit status ${status}`));
    for (const end = Date.now() + START_MS; !this.isReady(); await sleep(20)) {
      if (this.ended !== undefined) throw new StepError(`dpvs ended while starting: ${this.ended}`, this.text());
      if (Date.now() > end) throw new StepError(`dpvs was not ready after ${START_MS / 1000} s`, this.text());
    }
  }

  isReady() {
    return existsSync(this.file('ipc')) && this.text().includes(' is ready:');
  }

  /** Ports, routes and a service for each group of the plan. */
  configure(services) {
    for (const af of new Set(services.flatMap(familiesOf))) for (const args of dpipCommands(af)) this.tool('dpip', args);
    for (const af of new Set(services.filter(({ mode }) => mode === 'snat').map((s) => s.af))) for (const args of publicAddressCommands(af)) this.tool('dpip', args);
    const lines = services.flatMap(serviceLines);
    this.tool('ipvsadm', ['-R'], `${lines.join('\n')}\n`);
  }

  async connect() {
    this.socket = net.connect(this.file('bench'));
    await new Promise((resolve, reject) => this.socket.once('connect', resolve).once('error', reject));
    this.lines = readline.createInterface({ input: this.socket })[Symbol.asyncIterator]();
  }

  /** Gives the plugin a job and returns what it measured. */
  async job(line) {
    this.socket.write(`${line}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new StepError(`dpvs ended during "${line}": ${this.ended ?? 'connection closed'}`, this.text());
    const result = JSON.parse(value);
    if (result.error) throw new StepError(`the benchmark's plugin refuses "${line}": ${result.error}`);
    return result;
  }

  /** Bytes of memory the daemon really occupies. */
  resident() {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]) * 1024;
  }

  /** Bytes of the connection table divided by the connections it is made for, as the daemon says. */
  tableBytes() {
    return Number(/connections per worker, (\d+) bytes each/.exec(this.text())?.[1] ?? NaN);
  }

  drops() {
    return this.tool('dpip', ['drop', 'show']);
  }

  async close() {
    this.socket?.destroy();
    if (this.child && this.ended === undefined) {
      this.child.kill('SIGTERM');
      for (const end = Date.now() + 5000; this.ended === undefined && Date.now() < end; ) await sleep(20);
      if (this.ended === undefined) this.child.kill('SIGKILL');
    }
    rmSync(this.dir, { recursive: true, force: true });
    running.delete(this);
    if (running.size === 0) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeListener(signal, endAll);
  }
}
