// SPDX-License-Identifier: Apache-2.0
// The daemons that commands are measured against; each has a folder of its own and goes away with stop().
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { Director } from '../bench/director.mjs';
import { FLOWS_POSSIBLE } from '../bench/network.mjs';
import { root } from '../lib/steps.mjs';

const START_MS = 60_000;
const STOP_MS = 10_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @typedef {{title: string, socket: string, folder: string, others: number, busy?: () => Promise<number>, stop: () => Promise<void>}} Running
 *  others: services it has beside the measured ones; busy: packets that its worker handled since the last question. */

function newFolder() {
  return mkdtempSync(path.join(os.tmpdir(), 'bench-cli-'));
}

async function ready(child, log, isReady) {
  let ended = false;
  child.on('exit', () => void (ended = true)).on('error', () => void (ended = true));
  for (const end = Date.now() + START_MS; !isReady(); await sleep(20)) {
    if (ended || Date.now() > end) throw new Error(`the daemon did not come up\n${existsSync(log) ? readFileSync(log, 'utf8').slice(-4000) : ''}`);
  }
}

async function end(child, folder) {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(late);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** A daemon in memory that knows what DPVS v1.10 knows and no extensions. @returns {Promise<Running>} */
export async function withoutExtensions() {
  const folder = newFolder();
  const socket = path.join(folder, 'ipc');
  const file = path.join(folder, 'daemon.mjs');
  await build({ entryPoints: [path.join(root, 'test/support/memory-server-main.ts')], bundle: true, platform: 'node', format: 'esm', target: 'node20', outfile: file, logLevel: 'error' });
  const log = path.join(folder, 'log');
  const fd = openSync(log, 'w');
  const child = spawn(process.execPath, [file, socket], { stdio: ['ignore', fd, fd] });
  closeSync(fd);
  await ready(child, log, () => existsSync(log) && readFileSync(log, 'utf8').includes('ready'));
  return { title: 'a daemon without extensions (in memory)', socket, folder, others: 0, stop: () => end(child, folder) };
}

const CONF = `global_defs {
    log_level WARNING
    idle_mode sleep
}
netif_defs {
    pktpool_size 8191
    device test0 {
    }
}
worker_defs {
    worker cpu0 {
        type master
        cpu_id 0
    }
    worker cpu1 {
        type slave
        cpu_id 1
        port test0 {
            rx_queue_ids 0
            tx_queue_ids 0
        }
    }
}
ipvs_defs {
    conn {
        conn_pool_size 65535
    }
}
`;

/** dpvs with a port that a test would fill; nothing comes in, its worker sleeps. @returns {Promise<Running>} */
export async function idle({ daemon: binary }) {
  const folder = newFolder();
  const socket = path.join(folder, 'ipc');
  const log = path.join(folder, 'log');
  writeFileSync(path.join(folder, 'conf'), CONF);
  const fd = openSync(log, 'w');
  const eal = ['--no-huge', '--no-shconf', '--no-pci', '-m', '256', '--no-telemetry', '--lcores', `0@0,1@${os.cpus().length - 1}`];
  const args = ['-c', path.join(folder, 'conf'), '-p', path.join(folder, 'pid'), '-x', socket, '--test-ports', '1,1', '--', ...eal];
  const child = spawn(binary, args, { stdio: ['ignore', fd, fd] });
  closeSync(fd);
  await ready(child, log, () => existsSync(socket));
  return { title: 'dpvs, its worker idle', socket, folder, others: 0, stop: () => end(child, folder) };
}

/** dpvs with a packet source of its own: its worker is never done. @returns {Promise<Running>} */
export async function loaded(files) {
  const director = new Director(files);
  await director.start();
  director.configure([{ mode: 'fnat', proto: 'udp', af: 4 }]);
  await director.connect();
  const flows = Math.min(1024, FLOWS_POSSIBLE);
  await director.job(`lives udp-up 4 0 ${flows}`);
  let packets = 0;
  let running = true;
  // Job after job, so that there is load for as long as somebody measures.
  const load = (async () => {
    while (running) packets += (await director.job('steady udp 4 both 10 500')).offered;
  })();
  return {
    title: 'dpvs, its worker at full load',
    socket: director.file('ipc'),
    folder: newFolder(),
    others: 1,
    async busy() {
      const before = packets;
      await sleep(50);
      packets -= before;
      return before;
    },
    async stop() {
      running = false;
      await load;
      await director.close();
      rmSync(this.folder, { recursive: true, force: true });
    },
  };
}
