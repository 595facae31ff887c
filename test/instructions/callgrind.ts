// SPDX-License-Identifier: Apache-2.0
// A daemon whose instructions are counted by Callgrind, and only while a worker is in one of the functions that are named. Counts do not depend on
// the load or the speed of the machine: the same packets in vectors of the same length give the same number.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Case, CaseOptions } from '../harness/case';
import { holdWorker, inject, type Injection } from '../harness/testmode';

/** Packets of a vector, as the daemon's workers receive them. */
export const VECTOR = 32;

/** Where counting begins and ends: a vector of received frames, until all of it is in the buffers of ports; a connection that ends by its timer. */
const COUNTED = ['frames_input', 'lb_conn_expire'];

export interface Count {
  /** Instructions in all. */
  readonly total: number;
  /** Instructions of each function, without those that it calls. What the compiler made part of another function counts there. */
  readonly functions: ReadonlyMap<string, number>;
}

/** Reads a profile in Callgrind's format: lines of costs below `fn=`, and below `calls=` those that the callee has already. */
export function readProfile(text: string): Count {
  const names = new Map<string, string>();
  const functions = new Map<string, number>();
  let current = '';
  let isCall = false;
  for (const line of text.split('\n')) {
    const name = /^(c?)fn=\((\d+)\)(?: (.*))?$/.exec(line);
    if (name !== null) {
      const [, callee, id = '', word] = name;
      if (word !== undefined) names.set(id, word);
      if (callee === '') current = id;
      continue;
    }
    if (line.startsWith('calls=')) {
      isCall = true;
      continue;
    }
    const cost = /^(?:[+-]?\d+|\*) (\d+)$/.exec(line)?.[1];
    if (cost === undefined) continue;
    if (!isCall) functions.set(current, (functions.get(current) ?? 0) + Number(cost));
    isCall = false;
  }
  const total = Number(/^summary: (\d+)$/m.exec(text)?.[1]);
  return { total, functions: new Map([...functions].map(([id, n]) => [names.get(id) ?? id, n])) };
}

export class Callgrind {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'dpvs-callgrind-'));

  /** For startCase(). */
  options(): CaseOptions {
    const toggles = COUNTED.map((name) => `--toggle-collect=${name}`);
    return {
      oneWorker: 'instructions of one worker are counted',
      under: ['valgrind', '-q', '--tool=callgrind', '--collect-atstart=no', ...toggles, `--callgrind-out-file=${path.join(this.#folder, 'out')}`],
    };
  }

  #tell(c: Case, word: string): void {
    const { status, stderr, error } = spawnSync('vgdb', [`--pid=${c.daemon.pid}`, '--wait=10', word], { encoding: 'utf8', timeout: 20_000 });
    if (error ?? status !== 0) throw new Error(`vgdb ${word}: ${error?.message ?? stderr}`);
  }

  /** What the daemon spends on this. */
  count(c: Case, action: () => void): Count {
    this.#tell(c, 'zero');
    action();
    for (const name of readdirSync(this.#folder)) rmSync(path.join(this.#folder, name));
    this.#tell(c, 'dump');
    const [file, ...others] = readdirSync(this.#folder).filter((name) => /^out\.\d+$/.test(name));
    if (file === undefined || others.length > 0) throw new Error(`${others.length} profiles instead of one in ${this.#folder}`);
    return readProfile(readFileSync(path.join(this.#folder, file), 'utf8'));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Lets the worker receive all of these frames at once. */
export function receiveAtOnce(c: Case, frames: readonly Injection[]): void {
  holdWorker(c.transport, 0, true);
  inject(c.transport, frames);
  holdWorker(c.transport, 0, false);
  c.settle();
}
