// SPDX-License-Identifier: Apache-2.0
// Huge pages with files, for daemons that other DPDK processes are to attach to. They are given back by release().
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { StepError } from '../lib/steps.mjs';

const RESERVED = '/proc/sys/vm/nr_hugepages';
const PAGE_MB = 2;

export class HugePages {
  #dir;
  #before;

  /** @param {number} megabytes reserved on top of what is reserved already */
  constructor(megabytes) {
    this.megabytes = megabytes;
    this.#before = Number(readFileSync(RESERVED, 'utf8'));
    const wanted = this.#before + megabytes / PAGE_MB;
    writeFileSync(RESERVED, String(wanted));
    this.#dir = mkdtempSync(path.join(os.tmpdir(), 'dpvs-huge-'));
    const mounted = spawnSync('mount', ['-t', 'hugetlbfs', 'none', this.#dir], { encoding: 'utf8' });
    if (Number(readFileSync(RESERVED, 'utf8')) < wanted || mounted.status !== 0) {
      this.release();
      throw new StepError(`${megabytes} MB of huge pages cannot be had`, mounted.stderr);
    }
    this.prefix = path.basename(this.#dir);
  }

  /** What the EAL of the daemon is told. */
  get arguments() {
    return ['--huge-dir', this.#dir, '--file-prefix', this.prefix, '-m', String(this.megabytes)];
  }

  release() {
    spawnSync('umount', [this.#dir]);
    rmSync(this.#dir, { recursive: true, force: true });
    if (this.prefix !== undefined) rmSync(path.join('/var/run/dpdk', this.prefix), { recursive: true, force: true });
    writeFileSync(RESERVED, String(this.#before));
  }
}
