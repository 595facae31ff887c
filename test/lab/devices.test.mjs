// SPDX-License-Identifier: Apache-2.0
// Devices of two drivers, af_packet and tap, as the daemon starts and shows them, and what DPDK's own dumpcap sees of them.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HugePages } from '../../scripts/lab/hugepages.mjs';
import { Lab, NET, until } from '../../scripts/lab/lab.mjs';

const MEGABYTES = 200;
const TAP = 'dpvstap0';
const HERE = '10.9.0.1';
const THERE = '10.9.0.2';

describe('devices', () => {
  let huge, lab;
  beforeAll(async () => {
    huge = new HugePages(MEGABYTES);
    lab = new Lab({ servers: 0, queues: 2, workers: 2, memory: huge.arguments, lanDevice: `net_tap0,iface=${TAP}`, conf: 'global_defs {\n    pdump on\n    kni off\n}\n' });
    await lab.open({ web: false, configure: false });
    lab.dpip('addr', 'add', `${NET.vip4}/24`, 'dev', 'dpdk0');
    lab.dpip('addr', 'add', `${HERE}/24`, 'dev', 'dpdk1');
    lab.exec('director', 'ip', ['addr', 'add', `${THERE}/24`, 'dev', TAP]);
  }, 60_000);
  afterAll(async () => {
    await lab?.close();
    huge?.release();
  });

  const ping = (ns, to, count, ...more) => lab.exec(ns, 'ping', ['-n', '-q', '-i', '0.02', '-c', String(count), ...more, to]);
  const link = (name, ...options) => JSON.parse(lab.dpip('-j', ...options, 'link', 'show', name))[0];

  it('DPL-017 two drivers: started with their queues, in both directions, counted', async () => {
    for (const name of ['dpdk0', 'dpdk1']) {
      expect(lab.dpip('link', 'show', name)).toMatch(new RegExp(`^\\d+: ${name}: socket 0 mtu 1500 rx-queue 2 tx-queue 2\\n {4}UP \\d+ Mbps full-duplex `));
    }
    expect(lab.dpip('-v', 'link', 'show', 'dpdk0')).toContain('net_af_packet');
    expect(lab.dpip('-v', 'link', 'show', 'dpdk1')).toContain('net_tap');
    await until('the way to both', () => ping('client', NET.vip4, 1).status === 0 && lab.exec('director', 'ping', ['-c', '1', '-W', '1', HERE], { ok: false }).status === 0);
    const before = ['dpdk0', 'dpdk1'].map((name) => link(name, '-s').counters);
    ping('client', NET.vip4, 50, '-s', '1000');
    ping('director', HERE, 50, '-s', '1000');
    for (const [i, name] of ['dpdk0', 'dpdk1'].entries()) {
      const { in_packets, in_bytes, out_packets, out_bytes } = link(name, '-s').counters;
      const grown = [in_packets - before[i].in_packets, out_packets - before[i].out_packets];
      for (const n of grown) expect([name, n >= 50 && n < 70]).toEqual([name, true]);
      for (const n of [in_bytes - before[i].in_bytes, out_bytes - before[i].out_bytes]) expect(n).toBeGreaterThanOrEqual(50 * 1042);
    }
  });

  it('DPL-017 what a driver offers is done, what it lacks is refused and changes nothing', () => {
    lab.dpip('link', 'set', 'dpdk0', 'promisc', 'on');
    expect(lab.dpip('link', 'show', 'dpdk0')).toMatch(/promisc/);
    lab.dpip('link', 'set', 'dpdk0', 'promisc', 'off');
    expect(lab.dpip('link', 'show', 'dpdk0')).not.toMatch(/promisc/);
    const mac = '02:00:00:00:99:01';
    lab.dpip('link', 'set', 'dpdk0', 'addr', mac);
    expect(lab.dpip('link', 'show', 'dpdk0').toLowerCase()).toContain(mac);
    lab.exec('client', 'ip', ['neigh', 'flush', 'dev', 'eth0']);
    ping('client', NET.vip4, 3);
    expect(lab.exec('client', 'ip', ['neigh', 'show', 'dev', 'eth0']).stdout).toContain(mac);
    // A narrower device: what is longer comes in fragments, and goes when it may not.
    expect(link('dpdk0').mtu).toBe(1500);
    lab.dpip('link', 'set', 'dpdk0', 'mtu', '1300');
    expect(link('dpdk0').mtu).toBe(1300);
    expect(lab.exec('director', 'ip', ['link', 'show', 'wan']).stdout).toContain('mtu 1300');
    expect(ping('client', NET.vip4, 3, '-s', '1200', '-M', 'do').stdout).toMatch(/3 received/);
    lab.dpip('link', 'set', 'dpdk0', 'mtu', '1500');
    expect(ping('client', NET.vip4, 3, '-s', '1400', '-M', 'do').stdout).toMatch(/3 received/);
    // af_packet has no switch for all multicast.
    const { status, stderr } = lab.tool('dpip', ['link', 'set', 'dpdk0', 'allmulticast', 'on'], { ok: false });
    expect([status, stderr.trim().split('\n').at(-1)]).toEqual([1, expect.stringContaining('not support')]);
  });

  it('DPL-028 dpdk-dumpcap sees what comes and what goes, and leaves again', async () => {
    expect(lab.exec('director', 'dpdk-dumpcap', [`--file-prefix=${huge.prefix}`, '-D']).stdout).toContain('net_af_packet0');
    const file = path.join(lab.dir, 'capture.pcapng');
    const capture = lab.start('director', 'dpdk-dumpcap', [`--file-prefix=${huge.prefix}`, '-i', '0', '-c', '6', '-w', file]);
    let ended;
    capture.done.then((status) => (ended = status));
    await until('six packets to be captured', () => {
      ping('client', NET.vip4, 2);
      return ended !== undefined;
    });
    expect(ended).toBe(0);
    const { stdout } = lab.exec('director', 'tcpdump', ['-nr', file]);
    expect(stdout).toMatch(new RegExp(`IP ${NET.client4} > ${NET.vip4}: ICMP echo request`));
    expect(stdout).toMatch(new RegExp(`IP ${NET.vip4} > ${NET.client4}: ICMP echo reply`));
    ping('client', NET.vip4, 5); // the daemon goes on
  });
});
