// SPDX-License-Identifier: Apache-2.0
// A dpvs process of its own: temporary configuration, socket and pid file; its log; its end.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectTransport, type SocketTransport } from '../../src/ipc/client';

const root = path.resolve(import.meta.dirname, '../..');

/** AddressSanitizer needs more time for everything. */
const START_MS = 60_000;
const STOP_MS = 20_000;
const REQUEST_MS = 20_000;
const POLL_MS = 20;

export interface DaemonOptions {
  /** Test ports; 0 starts the daemon without test mode. */
  readonly ports?: number;
  /** Receive and transmit queues of each port. */
  readonly queues?: number;
  readonly workers?: number;
  /** Ports count as devices that put all packets of a flow into one queue; cases have to keep to that, except for fragments. */
  readonly rss?: boolean;
  /** The same, and they take flow rules, which choose the queue of a frame whatever the case says. */
  readonly flows?: boolean;
  /** An lcore of its own for the kernel, with a receive and a transmit queue of each port. */
  readonly kernelLcore?: boolean;
  /** Lines inside sections of the configuration, by section: `{ ipvs_defs: ['conn { ...', '}'] }`. */
  readonly conf?: Readonly<Record<string, readonly string[]>>;
  /** Whole configuration instead of the generated one. */
  readonly confText?: string;
  /** More arguments in front of `--`. */
  readonly args?: readonly string[];
  /** A command that runs the daemon, which follows it. */
  readonly under?: readonly string[];
  /** Arguments behind `--` instead of the usual ones. */
  readonly eal?: readonly string[];
  /** Use this folder (and what is left in it) instead of a new one. */
  readonly folder?: string;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The daemon is gone or did not come up; the message has the end of its log. */
export class DaemonDied extends Error {
  override readonly name = 'DaemonDied';
}

export function daemonBinary(): string {
  return process.env['DPVS_BIN'] ?? path.join(root, 'dataplane/build/src/main/dpvs');
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

function numbers(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** Queue ids that worker `w` of `workers` polls: with fewer queues than workers the first ones get them. */
function queuesOf(w: number, workers: number, queues: number): string {
  return numbers(queues).filter((q) => q % workers === w).join(' ');
}

function workerPort(port: number, w: number, workers: number, queues: number): string[] {
  const rx = queuesOf(w, workers, queues);
  // Transmit queues are not shared: with fewer than workers there is none left for the last ones.
  return [`port test${port} {`, ...(rx === '' ? [] : [`rx_queue_ids ${rx}`]), `tx_queue_ids ${w}`, '}'];
}

function generatedConf(options: DaemonOptions): string {
  const { ports = 1, queues = 1, workers = 1, kernelLcore = false, conf = {} } = options;
  const more = kernelLcore ? 1 : 0;
  const devices = numbers(ports).flatMap((p) => [
    `device test${p} {`,
    `rx {`, `queue_number ${queues + more}`, '}',
    `tx {`, `queue_number ${Math.max(queues, workers) + more}`, '}',
    '}',
  ]);
  const slaves = numbers(workers).flatMap((w) => [
    `worker cpu${w + 1} {`,
    'type slave',
    `cpu_id ${w + 1}`,
    ...numbers(ports).flatMap((p) => workerPort(p, w, workers, queues)),
    '}',
  ]);
  const kernel = numbers(ports).flatMap((p) => [`port test${p} {`, `rx_queue_ids ${queues}`, `tx_queue_ids ${workers}`, '}']);
  const kni = kernelLcore ? [`worker cpu${workers + 1} {`, 'type kni', `cpu_id ${workers + 1}`, ...kernel, '}'] : [];
  const sections: Record<string, readonly string[]> = {
    global_defs: ['log_level INFO', 'idle_mode sleep', 'kni off', ...(conf['global_defs'] ?? [])],
    netif_defs: ['pktpool_size 8191', ...devices, ...(conf['netif_defs'] ?? [])],
    worker_defs: ['worker cpu0 {', 'type master', 'cpu_id 0', '}', ...slaves, ...kni],
    // Link-local addresses would announce themselves in the middle of a case.
    ipv6_defs: ['addr_gen_mode none', ...(conf['ipv6_defs'] ?? [])],
    ipvs_defs: conf['ipvs_defs'] ?? ['conn {', 'conn_pool_size 65535', '}'],
  };
  const others = Object.keys(conf).filter((name) => !(name in sections));
  for (const name of others) sections[name] = conf[name] ?? [];
  return Object.entries(sections)
    .map(([name, lines]) => `${name} {\n${lines.join('\n')}\n}\n`)
    .join('\n');
}

export class Daemon {
  readonly folder: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly confFile: string;
  readonly options: DaemonOptions;
  readonly transport: SocketTransport;
  readonly #logFile: string;
  readonly #ownFolder: boolean;
  #child: ChildProcess | undefined;
  #exit: Exit | undefined;

  constructor(options: DaemonOptions = {}) {
    this.options = options;
    this.#ownFolder = options.folder === undefined;
    this.folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'dpvs-case-'));
    this.socket = path.join(this.folder, 'dpvs.ipc');
    this.pidFile = path.join(this.folder, 'dpvs.pid');
    this.confFile = path.join(this.folder, 'dpvs.conf');
    this.#logFile = path.join(this.folder, 'log');
    this.transport = connectTransport({ path: this.socket, timeoutMs: REQUEST_MS });
    this.writeConf(options.confText ?? generatedConf(options));
  }

  configuration(): string {
    return readFileSync(this.confFile, 'utf8');
  }

  writeConf(text: string): void {
    writeFileSync(this.confFile, text);
  }

  /** What the daemon wrote to its standard output and error. */
  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  #arguments(): string[] {
    const { ports = 1, queues = 1, workers = 1, rss = false, flows = false, kernelLcore = false, args = [] } = this.options;
    const more = kernelLcore ? 1 : 0;
    const test = ports > 0 ? ['--test-ports', `${ports},${Math.max(queues, workers) + more}${flows ? ',flow' : rss ? ',rss' : ''}`] : [];
    const lcores = ['0@0', ...numbers(workers + more).map((w) => `${w + 1}@1`)].join(',');
    const files = ['-c', this.confFile, '-p', this.pidFile, '-x', this.socket];
    const eal = ['--no-huge', '--no-shconf', '--no-pci', '-m', '192', '--no-telemetry', '--lcores', lcores];
    return [...files, ...test, ...args, '--', ...(this.options.eal ?? eal)];
  }

  /** Starts the process without waiting for anything. */
  spawn(): void {
    const binary = daemonBinary();
    if (!existsSync(binary)) throw new DaemonDied(`${binary} does not exist: build the data plane, or set DPVS_BIN`);
    const log = openSync(this.#logFile, 'a');
    const env = { UBSAN_OPTIONS: 'print_stacktrace=1', ...process.env };
    const [program, ...words] = [...(this.options.under ?? []), binary, ...this.#arguments()] as [string, ...string[]];
    const child = spawn(program, words, { env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#exit = undefined;
    this.#child = child;
    child.on('exit', (code, signal) => void (this.#exit = { code, signal }));
    child.on('error', () => void (this.#exit = { code: null, signal: null }));
    process.once('exit', this.#kill);
  }

  readonly #kill = (): void => {
    if (this.#exit === undefined) this.#child?.kill('SIGKILL');
  };

  /** Starts the process and waits until it answers. @throws DaemonDied */
  async start(): Promise<this> {
    this.spawn();
    await this.waitFor('its control socket', () => existsSync(this.socket) && this.answers(), START_MS);
    return this;
  }

  /** True when somebody answers on the socket. */
  answers(): boolean {
    try {
      this.transport.peer();
      return true;
    } catch {
      return false;
    }
  }

  /** Waits until `ready`; @throws DaemonDied when the process ends or the time is up before. */
  async waitFor(what: string, ready: () => boolean, timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!ready()) {
      this.assertAlive();
      if (Date.now() > end) throw new DaemonDied(`waited ${timeoutMs} ms in vain for ${what}\n${this.log()}`);
      await sleep(POLL_MS);
    }
  }

  assertAlive(): void {
    if (this.#exit === undefined) return;
    const { code, signal } = this.#exit;
    throw new DaemonDied(`dpvs ended with ${signal ?? `status ${code}`}\n${this.log()}`);
  }

  /** Waits for the end of the process. */
  async ended(timeoutMs = STOP_MS): Promise<Exit> {
    const end = Date.now() + timeoutMs;
    while (this.#exit === undefined) {
      if (Date.now() > end) {
        this.#child?.kill('SIGKILL');
        throw new DaemonDied(`dpvs was still there after ${timeoutMs} ms\n${this.log()}`);
      }
      await sleep(POLL_MS);
    }
    process.removeListener('exit', this.#kill);
    return this.#exit;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Undefined behaviour is reported by an instrumented daemon, but does not end it. */
  #assertSane(): void {
    const log = this.log();
    if (/runtime error:|Sanitizer/.test(log)) throw new DaemonDied(`a sanitizer complained\n${log}`);
  }

  /** Ends the process and removes its files. @throws DaemonDied when it did not end with status 0 */
  async stop(): Promise<void> {
    try {
      if (this.#child === undefined) return;
      if (this.#exit === undefined) this.signal('SIGTERM');
      const { code, signal } = await this.ended();
      if (code !== 0) throw new DaemonDied(`dpvs ended with ${signal ?? `status ${code}`}\n${this.log()}`);
      this.#assertSane();
    } finally {
      if (this.#ownFolder) rmSync(this.folder, { recursive: true, force: true });
    }
  }
}
