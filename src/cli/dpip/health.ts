// SPDX-License-Identifier: Apache-2.0
// dpip health: is the daemon there, do its workers work, are its devices up. For monitoring systems.
import { IpcError, type Transport } from '../../ipc/client';
import { getInfo } from '../../ipc/messages/info';
import { getLcoreStats, listLcores } from '../../ipc/messages/lcore';
import { getLink, listLinks } from '../../ipc/messages/link';
import type { Io } from '../runtime';
import { failureText } from './failure';

/** Exit statuses, as monitoring systems know them. */
const OK = 0;
const DEGRADED = 1;
const DOWN = 2;

/** A worker that sleeps still turns thousands of times meanwhile. */
const WATCH_MS = 200;

interface Finding {
  readonly good: boolean;
  readonly text: string;
}

async function workers(transport: Transport, io: Io): Promise<Finding[]> {
  const { workers: ids } = listLcores(transport);
  const loops = (): bigint[] => ids.map((id) => getLcoreStats(transport, id).lcore_loop);
  const before = loops();
  await io.sleep(WATCH_MS);
  const after = loops();
  return ids.map((id, i) => {
    const turns = (after[i] ?? 0n) - (before[i] ?? 0n);
    return turns > 0n
      ? { good: true, text: `worker cpu${id}: ${turns} turns in ${WATCH_MS} ms` }
      : { good: false, text: `worker cpu${id} does not turn: it is stuck, or its CPU is taken` };
  });
}

function devices(transport: Transport): Finding[] {
  return listLinks(transport).map(({ name }) => {
    const { link_status: state, link_speed: speed } = getLink(transport, name);
    return state === 'UP' ? { good: true, text: `device ${name}: up, ${speed} Mbps` } : { good: false, text: `device ${name} is ${state.toLowerCase()}` };
  });
}

function version(transport: Transport): string {
  const { major, minor, patch } = getInfo(transport).version;
  return `${major}.${minor}.${patch}`;
}

/** One line for each finding. @returns 0: all is well; 1: something is not; 2: no daemon answers */
export async function health(io: Io): Promise<number> {
  const transport = io.transport();
  let findings: Finding[];
  try {
    findings = [{ good: true, text: `daemon: version ${version(transport)}` }, ...(await workers(transport, io)), ...devices(transport)];
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    io.stdout.write(`DOWN daemon: ${failureText(error)}\n`);
    return DOWN;
  }
  for (const { good, text } of findings) io.stdout.write(`${good ? 'OK  ' : 'FAIL'} ${text}\n`);
  return findings.every(({ good }) => good) ? OK : DEGRADED;
}
