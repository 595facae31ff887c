// SPDX-License-Identifier: Apache-2.0
// Packet cases: a daemon, commands for it, frames in, frames out. The clock stands unless the case moves it.
import { afterEach, expect } from 'vitest';
import type { SocketTransport } from '../../src/ipc/client';
import { listDrops } from '../../src/ipc/messages/drops';
import { runInside, runProcess, type CommandResult } from './commands';
import { Daemon, DaemonDied, type DaemonOptions } from './daemon';
import { describe, difference, dissect } from './dissect';
import { collect, inject, isBusy, stopClock, warpClock, KERNEL } from './testmode';

const SETTLE_MS = 30_000;
const WARP_STEP_MS = 1000;

/** Workers of all cases that do not say otherwise. */
export const workers = Number(process.env['CASE_WORKERS'] ?? '1');
/** Whether cases with interfaces in the kernel have an lcore for them. */
export const kernelLcore = process.env['CASE_KERNEL_LCORE'] === '1';

export interface CaseOptions extends DaemonOptions {
  /** Why the case has one worker whatever the others have, such as the order of a scheduler. */
  readonly oneWorker?: string;
  /** Leave the clock running. */
  readonly clockRuns?: boolean;
}

/** What a device with several queues does: both directions of a flow have one queue, other frames have queue 0. */
function flowQueue(frame: Uint8Array, queues: number): number {
  const fields = dissect(frame);
  const parts = ['ip.src', 'ip.dst', 'tcp.sport', 'tcp.dport', 'udp.sport', 'udp.dport', 'sctp.sport', 'sctp.dport'].map((name) => fields.get(name));
  if (parts[0] === undefined) return 0;
  const letters = [...parts.join(' ')].map((letter) => letter.charCodeAt(0));
  return letters.reduce((sum, code) => sum + code, 0) % queues;
}

export class Case {
  readonly daemon: Daemon;
  readonly queues: number;

  constructor(daemon: Daemon) {
    this.daemon = daemon;
    this.queues = Math.max(daemon.options.queues ?? 1, 1);
  }

  get transport(): SocketTransport {
    return this.daemon.transport;
  }

  /** Requests fail in a puzzling way when the daemon has died: say that instead. */
  #guarded<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof Error) || error instanceof DaemonDied) throw error;
      const answers = this.daemon.answers();
      if (answers) throw error;
      throw new DaemonDied(`dpvs does not answer any more (${error.message})\n${this.daemon.log()}`, { cause: error });
    }
  }

  /** Runs a command line of ours, such as "ipvsadm -ln", as a process. Words are split at blanks. */
  command(line: string, stdin = ''): CommandResult {
    return runProcess(line, this.daemon.socket, stdin);
  }

  /** Runs commands, one a line, that must succeed and say nothing. */
  run(lines: string): void {
    for (const line of lines.split('\n').map((text) => text.trim()).filter((text) => text !== '')) {
      const { status, stdout, stderr } = this.#guarded(() => runInside(line, this.transport));
      if (status === 0 && stdout + stderr === '') continue;
      throw new Error(`${line}: status ${status}\n${stdout}${stderr}\n${this.daemon.log()}`);
    }
  }

  /** Output of a command that must succeed. */
  output(line: string): string {
    const { status, stdout, stderr } = this.#guarded(() => runInside(line, this.transport));
    if (status !== 0) throw new Error(`${line}: status ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs a command as users do and compares its whole output; blanks at ends of lines count. */
  expectOutput(line: string, lines: readonly string[]): void {
    expect(this.command(line)).toEqual({ status: 0, stdout: lines.map((text) => `${text}\n`).join(''), stderr: '' });
  }

  /** Lets the daemon receive frames on a port and waits until it is done with them. */
  send(port: number, ...frames: readonly Uint8Array[]): void {
    this.#guarded(() => {
      inject(this.transport, frames.map((frame) => ({ port, queue: flowQueue(frame, this.queues), frame })));
    });
    this.settle();
  }

  /** Like send, on a queue of the test's choice. */
  sendOn(port: number, queue: number, ...frames: readonly Uint8Array[]): void {
    this.#guarded(() => inject(this.transport, frames.map((frame) => ({ port, queue, frame }))));
    this.settle();
  }

  /** Like send, with the frame in several buffers, `first` bytes in the first one. */
  sendSplit(port: number, first: number, frame: Uint8Array): void {
    this.#guarded(() => inject(this.transport, [{ port, queue: 0, frame, first }]));
    this.settle();
  }

  /** Like send, by a device that looks at the checksums of IPv4 headers. */
  sendChecked(port: number, checksum: 'good' | 'bad', ...frames: readonly Uint8Array[]): void {
    this.#guarded(() => {
      inject(this.transport, frames.map((frame) => ({ port, queue: flowQueue(frame, this.queues), frame, checksum })));
    });
    this.settle();
  }

  /** Lets the kernel send frames by the interface of a port. */
  sendFromKernel(port: number, ...frames: readonly Uint8Array[]): void {
    this.#guarded(() => inject(this.transport, frames.map((frame) => ({ port: port | KERNEL, queue: 0, frame }))));
    this.settle();
  }

  /** What the kernel was given by the interface of a port. */
  collectFromKernel(port: number): Buffer[] {
    return this.collect(port | KERNEL);
  }

  settle(options: { readonly timers?: boolean; readonly turns?: number } = {}): void {
    const end = Date.now() + SETTLE_MS;
    const { timers = false, turns = 3 } = options;
    while (this.#guarded(() => isBusy(this.transport, { timers, turns }))) {
      if (Date.now() > end) throw new DaemonDied(`packets did not come to rest in ${SETTLE_MS} ms\n${this.daemon.log()}`);
    }
  }

  /** Moves the clock, in steps small enough that timers run in their order. */
  warp(ms: number, step = WARP_STEP_MS): void {
    for (let left = ms; left > 0; left -= step) {
      this.#guarded(() => warpClock(this.transport, Math.min(left, step)));
      this.settle({ timers: true, turns: 64 });
    }
  }

  /** Frames sent on the port since the last look. */
  collect(port: number): Buffer[] {
    return this.#guarded(() => collect(this.transport, port));
  }

  /** The one frame sent on the port since the last look. */
  collectOne(port: number): Buffer {
    const frames = this.collect(port);
    const [first] = frames;
    if (first === undefined || frames.length > 1) {
      throw new Error(`port ${port}: expected one frame, got ${frames.length}\n${frames.map(describe).join('\n\n')}${this.#drops()}`);
    }
    return first;
  }

  /** Forgets what was sent until now. */
  discard(): void {
    for (let port = 0; port < (this.daemon.options.ports ?? 1); port++) this.collect(port);
  }

  /** The frames sent on the port since the last look are these, byte by byte and in this order. */
  expectFrames(port: number, ...frames: readonly Uint8Array[]): void {
    const got = this.collect(port);
    const problems: string[] = [];
    for (const [i, want] of frames.entries()) {
      const frame = got[i];
      if (frame === undefined) problems.push(`frame ${i} is missing:\n${describe(want)}`);
      else if (difference(want, frame) !== '') problems.push(`frame ${i} differs:\n${difference(want, frame)}`);
    }
    for (const [i, frame] of got.slice(frames.length).entries()) {
      problems.push(`frame ${frames.length + i} was not expected:\n${describe(frame)}`);
    }
    if (problems.length > 0) throw new Error(`port ${port}: ${problems.join('\n')}${this.#drops()}`);
  }

  expectNothing(): void {
    for (let port = 0; port < (this.daemon.options.ports ?? 1); port++) this.expectFrames(port);
  }

  /** Sends frames on one port and expects others on one; nothing elsewhere. */
  exchange(from: number, frames: readonly Uint8Array[], to: number, expected: readonly Uint8Array[]): void {
    this.send(from, ...frames);
    this.expectFrames(to, ...expected);
    this.expectNothing();
  }

  /** Packets dropped until now, by reason in lower case, reasons without packets left out. */
  drops(): Map<string, number> {
    const rows = this.#guarded(() => listDrops(this.transport));
    return new Map(rows.filter(({ packets }) => packets > 0n).map(({ name, packets }) => [name.toLowerCase(), Number(packets)]));
  }

  #drops(): string {
    try {
      return `\ndrops: ${[...this.drops()].map(([name, n]) => `${name} ${n}`).join(', ')}`;
    } catch {
      return '';
    }
  }

  /** Does something and checks that it drops exactly these packets. */
  expectDrops(expected: Readonly<Record<string, number>>, action: () => void): void {
    const before = this.drops();
    action();
    const grown = [...this.drops()]
      .map(([name, n]) => [name, n - (before.get(name) ?? 0)] as const)
      .filter(([, n]) => n > 0);
    expect(Object.fromEntries(grown)).toEqual(expected);
  }
}

const running: Daemon[] = [];

/** Stops the daemons of a test; a crash or a sanitizer report at the end fails it. */
export function stopDaemonsAfterEach(): void {
  afterEach(async () => {
    for (const daemon of running.splice(0)) await daemon.stop();
  });
}

/** A daemon that is stopped after the test. */
export function newDaemon(options: DaemonOptions): Daemon {
  const daemon = new Daemon(options);
  running.push(daemon);
  return daemon;
}

/** A daemon in test mode for one test. */
export async function startCase(options: CaseOptions = {}): Promise<Case> {
  const n = options.oneWorker === undefined ? (options.workers ?? workers) : 1;
  const daemon = newDaemon({ ports: 2, queues: n, ...options, workers: n });
  await daemon.start();
  if (options.clockRuns !== true) stopClock(daemon.transport);
  return new Case(daemon);
}
