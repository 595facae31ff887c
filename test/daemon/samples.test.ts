// SPDX-License-Identifier: Apache-2.0
// Sample configurations: those that come with the daemon, and files with every key, as sites of DPVS have them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newDaemon, stopDaemonsAfterEach } from '../harness/case';
import { daemonBinary } from '../harness/daemon';

stopDaemonsAfterEach();

const OURS = path.resolve(import.meta.dirname, '../../dataplane/conf');
const THEIRS = path.join(import.meta.dirname, 'samples');

let folder = '';
let defaults = new Map<string, string>();

interface Checked {
  readonly status: number | null;
  readonly values: Map<string, string>;
  readonly said: readonly string[];
}

function check(file: string): Checked {
  const { status, stdout, stderr } = spawnSync(daemonBinary(), ['-t', '-c', file], { encoding: 'utf8', timeout: 20_000 });
  const values = stdout.split('\n').filter((line) => line !== '').map((line): [string, string] => {
    const at = line.lastIndexOf('/');
    const blank = line.indexOf(' ', at);
    return [line.slice(0, blank), line.slice(blank + 1)];
  });
  return { status, values: new Map(values), said: stderr.split('\n').filter((line) => line !== '') };
}

/** Values that a file changes, but those of devices and workers. */
function changed({ values }: Checked): Record<string, string> {
  return Object.fromEntries([...values].filter(([key, value]) => !/^(netif_defs\/(device|bonding)|worker_defs\/worker) /.test(key) && defaults.get(key) !== value));
}

/** Values of the devices or workers whose lines begin so, without that beginning. */
function below({ values }: Checked, prefix: string): Record<string, string> {
  return Object.fromEntries([...values].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]));
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dpvs-samples-'));
  const empty = path.join(folder, 'empty.conf');
  writeFileSync(empty, '');
  defaults = check(empty).values;
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const device = (queues: string, descriptors: readonly [string, string], more: Record<string, string> = {}): Record<string, string> => ({
  'rx/queue_number': queues,
  'rx/descriptor_number': descriptors[0],
  'rx/rss': 'all',
  'tx/queue_number': queues,
  'tx/descriptor_number': descriptors[1],
  'tx/mbuf_fast_free': 'on',
  promisc_mode: 'off',
  allmulticast: 'off',
  mtu: '1500',
  kni_name: '""',
  ...more,
});
const bonding = (mode: string, slaves: string, more: Record<string, string> = {}): Record<string, string> => ({
  mode,
  slave: slaves,
  primary: slaves.split(' ')[0] ?? '',
  numa_node: '0',
  kni_name: '""',
  options: 'dedicated_queues=on',
  ...more,
});
const served = (ports: readonly string[], queue: string): Record<string, string> =>
  Object.fromEntries(
    ports.flatMap((port) => [
      [`port ${port}/rx_queue_ids`, queue],
      [`port ${port}/tx_queue_ids`, queue],
      [`port ${port}/isol_rx_cpu_ids`, '""'],
      [`port ${port}/isol_rxq_ring_sz`, '1048576'],
    ]),
  );
const worker = (cpu: number, ports: readonly string[], redirect = 'off'): Record<string, string> => ({
  type: 'slave',
  cpu_id: `${cpu}`,
  icmp_redirect_core: redirect,
  ...served(ports, `${cpu - 1}`),
});

const UNSET = '(as many as the workers name)';

describe('that come with the daemon', () => {
  const samples: readonly {
    readonly file: string;
    readonly changes: Record<string, string>;
    readonly devices: Record<string, Record<string, string>>;
    readonly bonds?: Record<string, Record<string, string>>;
    readonly ports: readonly string[];
    readonly workers: number;
  }[] = [
    {
      file: 'dpvs.single-nic.conf.sample',
      changes: { 'global_defs/log_level': 'INFO' },
      devices: { dpdk0: device('2', ['1024', '1024']) },
      ports: ['dpdk0'],
      workers: 2,
    },
    {
      file: 'dpvs.conf.sample',
      changes: { 'global_defs/log_level': 'INFO', 'ipvs_defs/udp/timeout/oneway': '60' },
      devices: { dpdk0: device('4', ['1024', '1024']), dpdk1: device('4', ['1024', '1024']) },
      ports: ['dpdk0', 'dpdk1'],
      workers: 4,
    },
    {
      file: 'dpvs.bond.conf.sample',
      changes: { 'global_defs/log_level': 'INFO' },
      devices: { dpdk0: device('2', ['1024', '1024']), dpdk1: device('2', ['1024', '1024']) },
      bonds: { bond0: bonding('4', 'dpdk0 dpdk1', { options: 'dedicated_queues=off' }) },
      ports: ['bond0'],
      workers: 2,
    },
    {
      file: 'dpvs.lab.conf.sample',
      changes: { 'global_defs/log_level': 'INFO', 'global_defs/idle_mode': 'sleep' },
      devices: { wan: device(UNSET, ['256', '512'], { 'rx/rss': 'tcp' }), lan: device(UNSET, ['256', '512'], { 'rx/rss': 'tcp' }) },
      ports: [],
      workers: 0,
    },
  ];

  test.each(samples)('DPL-007 $file: not a word about it, and its values', ({ file, changes, devices, bonds = {}, ports, workers }) => {
    const checked = check(path.join(OURS, file));
    expect([checked.status, checked.said]).toEqual([0, []]);
    expect(changed(checked)).toEqual(changes);
    for (const [name, values] of Object.entries(devices)) expect(below(checked, `netif_defs/device ${name}/`)).toEqual(values);
    for (const [name, values] of Object.entries(bonds)) expect(below(checked, `netif_defs/bonding ${name}/`)).toEqual(values);
    for (let cpu = 1; cpu <= workers; cpu++) expect(below(checked, `worker_defs/worker cpu${cpu}/`)).toEqual(worker(cpu, ports));
    expect(below(checked, `worker_defs/worker cpu${workers + 1}/`)).toEqual({});
  });

  test.each(samples)('DPL-001 $file: a daemon starts with it', async ({ file, devices, workers }) => {
    const n = Math.max(workers, 1);
    const lcores = ['0@0', ...Array.from({ length: n }, (_, i) => `${i + 1}@1`)].join(',');
    // Machines that run tests have few CPUs: nobody spins.
    const confText = `${readFileSync(path.join(OURS, file), 'utf8').replace(/(idle_mode +)spin/, '$1sleep').replace('global_defs {', 'global_defs {\nkni off')}`;
    const daemon = await newDaemon({
      ports: Object.keys(devices).length,
      queues: n,
      confText,
      eal: ['--no-huge', '--no-shconf', '--no-pci', '-m', '512', '--no-telemetry', '--lcores', lcores],
    }).start();
    expect(daemon.answers()).toBe(true);
    expect(daemon.log()).toContain(`is ready: ${n} worker${n === 1 ? '' : 's'}`);
    expect(daemon.log()).not.toMatch(/^WARNING conf/m);
  });
});

describe('with every key, as sites of DPVS have them', () => {
  const CHANGES = {
    'global_defs/log_level': 'INFO',
    'netif_defs/pktpool_size': '1048575',
    'timer_defs/schedule_interval': '500',
    'ipv6_defs/stable_secret': '0123456789abcdef0123456789abcdef',
    'ctrl_defs/lcore_msg/sync_msg_timeout_us': '20000',
    'ipvs_defs/conn/conn_pool_size': '2097151',
    'ipvs_defs/udp/timeout/oneway': '60',
    'ipvs_defs/udp/timeout/last': '3',
    'ipvs_defs/tcp/synproxy/close_client_window': 'on',
  };
  const nic = (name: string): Record<string, string> => device('4', ['1024', '1024'], { kni_name: `${name}.kni` });

  test.each([
    { file: 'single-nic.conf', changes: CHANGES, devices: { dpdk0: nic('dpdk0') }, bonds: {}, ports: ['dpdk0'] },
    {
      file: 'single-bond.conf',
      changes: CHANGES,
      devices: { dpdk0: nic('dpdk0'), dpdk1: nic('dpdk1') },
      bonds: { bond0: bonding('0', 'dpdk0 dpdk1', { kni_name: 'bond0.kni' }) },
      ports: ['bond0'],
    },
    {
      file: 'bond-and-nics.conf',
      changes: { ...CHANGES, 'ipv4_defs/forwarding': 'on', 'ipvs_defs/tcp/timeout/established': '150' },
      devices: { dpdk0: nic('dpdk0'), dpdk2: nic('dpdk2'), dpdk1: { ...nic('dpdk1'), kni_name: 'wan' }, dpdk3: nic('dpdk3') },
      bonds: { bond1: bonding('4', 'dpdk1 dpdk3', { kni_name: 'bond1.kni' }) },
      ports: ['dpdk0', 'dpdk2', 'bond1'],
    },
  ])('DPL-008 $file: no warning, and its values', ({ file, changes, devices, bonds, ports }) => {
    const checked = check(path.join(THEIRS, file));
    expect(checked.status).toBe(0);
    expect(checked.said.filter((line) => !line.startsWith('NOTICE conf: these keys are set and have no effect here'))).toEqual([]);
    expect(changed(checked)).toEqual(changes);
    for (const [name, values] of Object.entries(devices)) expect(below(checked, `netif_defs/device ${name}/`)).toEqual(values);
    for (const [name, values] of Object.entries(bonds)) expect(below(checked, `netif_defs/bonding ${name}/`)).toEqual(values);
    expect(below(checked, 'worker_defs/worker cpu0/')).toEqual({ type: 'master', cpu_id: '0', icmp_redirect_core: 'off' });
    for (let cpu = 1; cpu <= 4; cpu++) expect(below(checked, `worker_defs/worker cpu${cpu}/`)).toEqual(worker(cpu, ports, cpu === 1 ? 'on' : 'off'));
  });
});
