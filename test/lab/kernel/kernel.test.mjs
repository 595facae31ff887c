// SPDX-License-Identifier: Apache-2.0
// The host's life beside the balancer: BIRD, ping, curl and nginx in the director's namespace, over the interface that dpdk0 has in
// the kernel.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RoutedLab, ROUTED } from '../../../scripts/lab/routing.mjs';
import { until } from '../../../scripts/lab/until.mjs';
import { webServer } from '../../../scripts/lab/web.mjs';

describe('interfaces in the kernel', () => {
  let lab;
  beforeAll(async () => {
    lab = await new RoutedLab().open({ configure: false });
    lab.configureHost();
    lab.start('director', 'nginx', webServer(lab.dir, 'director'));
    await lab.startRouting();
  }, 120_000);
  afterAll(() => lab?.close());

  const curl = (url, options = {}) => lab.exec('client', 'curl', ['-sS', '--max-time', '10', url], options);
  const routes = () => lab.exec('router', 'ip', ['route', 'show', ROUTED.vip]).stdout.trim();

  it('DPL-024 DPL-025 DPL-026 the router learns the virtual address by OSPF and by BGP, and clients reach it', async () => {
    await until('the virtual address at the router', () => lab.learned().length === 2);
    expect(lab.learned()).toEqual(['bgp', 'ospf']);
    expect(readFileSync(lab.log, 'utf8')).toContain(`dpdk0 is dpdk0.kni in the kernel, by ${existsSync('/dev/vhost-net') ? 'virtio-user' : 'TAP'}`);
    expect(routes()).toMatch(new RegExp(`^${ROUTED.vip} via ${ROUTED.host} dev eth1`));
    for (let i = 0; i < 4; i++) expect(curl(`http://${ROUTED.vip}/`).stdout).toMatch(/^rs[12] saw 10\.0\.2\.200\n$/);
  });

  it('DPL-024 DPL-025 hosts reach the director: ping, and TCP in both directions, with right checksums', async () => {
    // The director's host learns the way back to the clients by routing, too.
    await until('the first answer', () => lab.exec('client', 'ping', ['-c', '1', '-W', '1', ROUTED.host], { ok: false }).status === 0, 20_000);
    expect(lab.exec('client', 'ping', ['-c', '3', '-i', '0.2', '-W', '2', ROUTED.host]).stdout).toMatch(/3 packets transmitted, 3 received/);
    expect(lab.exec('director', 'ping', ['-c', '3', '-i', '0.2', '-W', '2', ROUTED.router]).stdout).toMatch(/3 packets transmitted, 3 received/);
    expect(curl(`http://${ROUTED.host}/`).stdout).toBe(`director saw ${ROUTED.client}\n`);
    // 100 kB and more: segments that the kernel cuts, and acknowledgements both ways.
    expect(curl(`http://${ROUTED.host}/big`).stdout.length).toBeGreaterThan(100_000);
    // A port of the virtual address without service is the host's, which does not have the address.
    expect(lab.exec('client', 'curl', ['-sS', '--max-time', '2', `http://${ROUTED.vip}:81/`], { ok: false }).status).not.toBe(0);
  });

  it('DPL-029 multicast groups that the host joins are in the filter of the port', async () => {
    const group = '01:00:5e:7f:00:07';
    const filter = () => lab.dpip('maddr', 'show', 'dev', 'dpdk0');
    expect(filter()).toMatch(/link 01:00:5e:00:00:05/);
    expect(filter()).not.toContain(group);
    lab.exec('director', 'ip', ['maddr', 'add', group, 'dev', 'dpdk0.kni']);
    await until('the group in the filter', () => filter().includes(group));
    lab.exec('director', 'ip', ['maddr', 'del', group, 'dev', 'dpdk0.kni']);
    await until('the group to leave the filter', () => !filter().includes(group));
  });

  it('a flood for the host takes neither the routes nor the service away', async () => {
    const lines = () => lab.birdc('router', 'show', 'protocols').split('\n').filter((line) => /BGP|OSPF/.test(line)).map((line) => line.trim().split(/\s+/).slice(0, 5));
    // BIRD reckons these times anew whenever it is asked, to some milliseconds.
    const states = (of) => of.map((words) => words.slice(0, 4).join(' '));
    const times = (of) => of.map((words) => Date.parse(`1970-01-01T${words[4]}Z`));
    const before = lines();
    const flood = lab.start('client', 'ping', ['-f', '-s', '1200', '-l', '64', ROUTED.host]);
    const udp = lab.start('router', 'bash', ['-c', `while :; do echo x > /dev/udp/${ROUTED.host}/9; done`]);
    for (let i = 0; i < 20; i++) {
      expect(curl(`http://${ROUTED.vip}/`).stdout).toMatch(/^rs[12] saw/);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    for (const child of [flood, udp]) child.kill('SIGINT');
    // Longer than BGP and OSPF wait for a silent neighbour: neither has gone down since.
    const after = lines();
    expect(states(after)).toEqual(states(before));
    for (const [i, at] of times(after).entries()) expect(Math.abs(at - times(before)[i])).toBeLessThan(1000);
    expect(routes()).not.toBe('');
  }, 60_000);

  it('DPL-011 the virtual address is withdrawn when the daemon stops, and comes back with it', async () => {
    expect(await lab.stopDaemon()).toBe(0);
    expect(lab.exec('director', 'ip', ['link', 'show', 'dpdk0.kni'], { ok: false }).status).not.toBe(0);
    await until('the route to go', () => routes() === '', 20_000);
    expect(lab.learned()).toEqual([]);
    // This time with an lcore of its own for the kernel, and an interface by a driver of DPDK.
    lab.kernelLcore = true;
    lab.extraConf = 'global_defs {\n    kni_driver net_tap\n}\n';
    await lab.startDaemon();
    lab.configureHost();
    expect(lab.dpip('lcore', 'show')).toMatch(/^cpu2: kernel busy/m);
    await until('the route to come back', () => lab.learned().length === 2 && routes() !== '', 40_000);
    expect(curl(`http://${ROUTED.vip}/`).stdout).toMatch(/^rs[12] saw/);
    expect(curl(`http://${ROUTED.host}/big`).stdout.length).toBeGreaterThan(100_000);
    expect(lab.exec('client', 'ping', ['-c', '3', '-i', '0.2', '-W', '2', '-s', '1400', '-M', 'do', ROUTED.host]).stdout).toMatch(/3 packets transmitted, 3 received/);
  }, 90_000);
});
