// SPDX-License-Identifier: Apache-2.0
// What can go wrong at the start: status 1, one clear sentence with the remedy, nothing left behind.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { newDaemon, stopDaemonsAfterEach } from '../harness/case';
import { Daemon, type DaemonOptions } from '../harness/daemon';

stopDaemonsAfterEach();

const EAL = ['--no-huge', '--no-shconf', '--no-pci', '-m', '192', '--no-telemetry', '--lcores', '0@0,1@1,2@1'];

/** Starts a daemon that must end with status 1; returns what it said. */
async function refusal(options: DaemonOptions): Promise<string> {
  const daemon = new Daemon({ eal: EAL, ...options });
  try {
    daemon.spawn();
    const exit = await daemon.ended();
    const said = daemon.log();
    expect(exit, said).toEqual({ code: 1, signal: null });
    expect(existsSync(daemon.socket)).toBe(false);
    expect(existsSync(daemon.pidFile)).toBe(false);
    expect(said).toMatch(/^ERR main: failed to init /m);
    return said;
  } finally {
    rmSync(daemon.folder, { recursive: true, force: true });
  }
}

const DEVICES = 'netif_defs {\n pktpool_size 8191\n device test0 {\n }\n device test1 {\n }\n}\n';
const MASTER = ' worker cpu0 {\n type master\n cpu_id 0\n }\n';

interface Queues {
  readonly rx: string;
  readonly tx: string;
}

function worker(cpu: number, ports: Readonly<Record<string, Queues>>): string {
  const blocks = Object.entries(ports).map(([name, { rx, tx }]) => `  port ${name} {\n   rx_queue_ids ${rx}\n   tx_queue_ids ${tx}\n  }\n`);
  return ` worker cpu${cpu} {\n  type slave\n  cpu_id ${cpu}\n${blocks.join('')} }\n`;
}

const both = (rx: string, tx = rx): Record<string, Queues> => ({ test0: { rx, tx }, test1: { rx, tx } });

function conf(...workers: string[]): string {
  return `global_defs {\n kni off\n}\n${DEVICES}worker_defs {\n${MASTER}${workers.join('')}}\nipvs_defs {\n conn {\n conn_pool_size 65535\n }\n}\n`;
}

describe('ports and workers', () => {
  test('DPL-004 no ports: what a port can be', async () => {
    const said = await refusal({ ports: 0 });
    expect(said).toMatch(/No dpdk ports found! Bind a NIC to vfio-pci .*--vdev net_af_packet0,iface=eth1/);
  });

  test('DPL-004 DPL-018 more ports than device blocks: both numbers', async () => {
    const said = await refusal({ ports: 2, confText: 'netif_defs {\n device one {\n }\n}\n' });
    expect(said).toContain('2 DPDK ports found, but the configuration has 1 device blocks: add blocks to netif_defs, or limit the ports with -- -a');
  });

  test.each([
    ['-1', 'a queue that the device does not have', conf(worker(1, both('0')), worker(2, both('9'))), 'names rx queue 9 of port test0, but the device offers'],
    ['-2', 'an rx queue with two workers', conf(worker(1, both('0')), worker(2, both('0', '1'))), 'rx queue 0 of port test0 is named twice, the second time by worker cpu2'],
    ['-3', 'a tx queue with two workers', conf(worker(1, both('0')), worker(2, both('1', '0'))), 'tx queue 0 of port test0 is named twice'],
    ['-4', 'queue ids with a hole', conf(worker(1, both('0')), worker(2, both('2', '1'))), 'the rx queues of port test0 are not 0-1 without holes'],
    ['-5', 'a port that is not there', conf(worker(1, { ...both('0'), test7: { rx: '0', tx: '0' } })), 'worker cpu1 names port test7, but there are 2 ports and none of that name'],
    ['-6', 'a worker without tx queue', conf(worker(1, both('0')), worker(2, { test0: { rx: '1', tx: '1' } })), 'the worker on lcore 2 has no tx queue on port test1'],
    ['-7', 'no worker', conf(), 'no worker block is of type slave'],
  ])('DPL-004 DPL-009 worker table, code %s: %s', async (code, _, confText, why) => {
    const said = await refusal({ ports: 2, queues: 4, confText });
    expect(said).toContain(`bad lcore configuration (error code: ${code}): `);
    expect(said).toContain(why);
  });

  test('DPL-004 lcores that the EAL was not given', async () => {
    const said = await refusal({ ports: 2, confText: conf(worker(5, both('0'))) });
    expect(said).toContain('worker cpu5 names cpu_id 5, which is not among the lcores of the EAL: add it to -l or --lcores');
  });

  test('DPL-004 a master that is not the main lcore', async () => {
    const said = await refusal({ ports: 2, confText: conf(worker(1, both('0'))), eal: [...EAL, '--main-lcore', '2'] });
    expect(said).toContain("worker cpu0 of type master names cpu_id 0, but the EAL's main lcore is 2: change cpu_id or start with -- --main-lcore 0");
  });

  test('DPL-004 one lcore only', async () => {
    const said = await refusal({ ports: 1, confText: '', eal: EAL.map((word) => (word.startsWith('0@') ? '0@0' : word)) });
    expect(said).toContain("only lcore 0 is enabled, but one lcore controls and at least one forwards: start with -- --lcores '0@0,1@1'");
  });

  test('DPL-018 ports have the names of the device blocks in their order', async () => {
    const text = (names: readonly string[]): string =>
      `global_defs {\n idle_mode sleep\n kni off\n}\nnetif_defs {\n pktpool_size 8191\n${names.map((name) => ` device ${name} {\n }\n`).join('')}}\nipvs_defs {\n conn {\n conn_pool_size 65535\n }\n}\n`;
    const seen: string[] = [];
    for (const names of [['left', 'right'], ['right', 'left']]) {
      const daemon = await newDaemon({ ports: 2, confText: text(names) }).start();
      seen.push(...(daemon.log().match(/port (left|right): net_ring, (\S+),/g) ?? []).map((line) => line.replace('net_ring, ', '')));
      await daemon.stop();
    }
    const addresses = seen.map((line) => line.split(': ')[1]);
    expect(seen.map((line) => line.split(' ')[1])).toEqual(['left:', 'right:', 'right:', 'left:']);
    expect(addresses.slice(0, 2)).toEqual(addresses.slice(2));
  });
});

describe('memory and the environment', () => {
  test('DPL-004 packet buffers that do not fit into memory', async () => {
    const said = await refusal({ ports: 1, confText: 'netif_defs {\n pktpool_size 134217727\n}\n' });
    expect(said).toMatch(/no memory for 134217727 packet buffers .*: lower netif_defs\/pktpool_size, reserve more huge pages or raise -m/);
  });

  test('DPL-004 memory that the machine does not have', async () => {
    const said = await refusal({ ports: 1, eal: EAL.map((word) => (word === '192' ? '900000000' : word)) });
    expect(said).toMatch(/cannot start the DPDK environment \(EAL\): .*; (give -m less than what is free|the lines of EAL above say)/);
  });

  test.runIf(/HugePages_Total:\s+0\b/.test(readFileSync('/proc/meminfo', 'utf8')))('DPL-004 no huge pages: how to have some, how to do without', async () => {
    const said = await refusal({ ports: 1, eal: EAL.filter((word) => word !== '--no-huge') });
    expect(said).toMatch(/no huge pages are reserved: echo 1024 > \/proc\/sys\/vm\/nr_hugepages, or start with -- --no-huge -m 512/);
  });

  test('DPL-004 an option that the EAL does not have', async () => {
    const said = await refusal({ ports: 1, eal: [...EAL, '--nonsense'] });
    expect(said).toContain('--nonsense');
    expect(said).toMatch(/cannot start the DPDK environment \(EAL\): .*; the lines of EAL above/);
  });

  test('DPL-004 a virtual device that cannot be made', async () => {
    const said = await refusal({ ports: 0, eal: [...EAL, '--vdev', 'net_af_packet0,iface=nobody0'] });
    expect(said).toContain('the virtual device net_af_packet0,iface=nobody0 could not be made, the lines above say why: does its interface exist?');
  });

  test('DPL-004 a pid file and a log file in folders that are not there', async () => {
    expect(await refusal({ ports: 1, args: ['-p', '/nonexistent/pid'] })).toContain('cannot write the pid file /nonexistent/pid: No such file or directory; name another one with -p');
    expect(await refusal({ ports: 1, confText: 'global_defs {\n log_file /nonexistent/log\n}\n' })).toContain(
      'cannot write the log file /nonexistent/log: No such file or directory; correct global_defs/log_file',
    );
  });
});

test.each([
  ['client', 'a port that does not start', /^WARNING port: port dpdk0 does not start \(.*\): it is not used$/m],
  ['server', 'a link that is down', /^WARNING port: port dpdk0: link is down; going on without waiting for it$/m],
])('DPL-004 memif, %s without peer: %s is a warning, the daemon goes on', async (role, _, warning) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'dpvs-link-'));
  try {
    const eal = [...EAL, '--vdev', `net_memif0,role=${role},socket-abstract=no,socket=${folder}/memif`];
    const confText = 'global_defs {\n idle_mode sleep\n kni off\n}\nipvs_defs {\n conn {\n conn_pool_size 65535\n }\n}\n';
    const daemon = await newDaemon({ ports: 0, confText, eal }).start();
    expect(daemon.log()).toMatch(warning);
    expect(daemon.log()).toMatch(/is ready: 2 workers, 1 port/);
    await daemon.stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
