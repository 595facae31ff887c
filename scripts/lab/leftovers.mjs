// SPDX-License-Identifier: Apache-2.0
// Names of labs, and what labs left behind whose process was killed before it could clean up. A name carries the process that owns
// the lab and when that process began (numbers of processes come again), so that labs of several processes stand side by side.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A kept lab has this file in its directory; whoever wants it gone runs it. */
export const STOP_SCRIPT = 'stop.sh';

const NAME = /^dpvs-lab-(\d+)-(\d+)-\d+/;
let made = 0;

/** When a process began, in clock ticks since the machine started; undefined when there is none. */
function beganAt(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** A name that no other lab has. */
export function labName() {
  return `dpvs-lab-${process.pid}-${beganAt(process.pid)}-${++made}`;
}

export const labDir = (name) => path.join(os.tmpdir(), name);

function isLeftover(name) {
  const [lab, pid, began] = NAME.exec(name) ?? [];
  return lab !== undefined && beganAt(pid) !== began && !existsSync(path.join(labDir(lab), STOP_SCRIPT));
}

/** Ends what runs in a namespace and removes it. */
export function removeNamespace(name) {
  const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout ?? '';
  for (const pid of pids.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it ended by itself
    }
  }
  spawnSync('ip', ['netns', 'del', name]);
}

/** Removes namespaces and directories of labs whose owner is gone, except those that were kept on purpose. */
export function removeLeftovers() {
  const listed = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout ?? '';
  const namespaces = listed.split('\n').map((line) => line.split(' ')[0]).filter(isLeftover);
  const dirs = readdirSync(os.tmpdir()).filter(isLeftover);
  for (const name of namespaces) removeNamespace(name);
  for (const name of dirs) rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
}
