// SPDX-License-Identifier: Apache-2.0
// What real servers of each forwarding mode need, as administrators set it up; FullNAT needs nothing.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { root, run } from '../lib/steps.mjs';
import { NET, vipOf } from './net.mjs';
import { until } from './until.mjs';

const PAST_TABLE = '100';

/** NAT: replies to clients pass the director again. */
export function routeThroughDirector(lab, server) {
  lab.exec(server, 'ip', ['route', 'add', NET.wan[4], 'via', NET.lan4]);
  lab.exec(server, 'ip', ['-6', 'route', 'add', NET.wan[6], 'via', NET.lan6]);
}

/** A second way between servers and client, past the director. */
export function layBypass(lab) {
  lab.exec('client', 'sysctl', ['-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0', 'net.ipv4.conf.eth0.rp_filter=0']);
  lab.cable('client', 'eth1', 'lan', 'client');
  lab.exec('lan', 'ip', ['link', 'set', 'client', 'master', 'br0']);
  lab.host('client', 'eth1', NET.past4, NET.past6);
}

/** Direct routing and tunnel: the server has the virtual address too, tells nobody so by ARP, and answers clients from it by gateway, past the director. */
export function holdVip(lab, server, mode, gateway = { 4: NET.past4, 6: NET.past6 }) {
  lab.exec(server, 'sysctl', ['-qw', 'net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.arp_announce=2', 'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.default.rp_filter=0', 'net.ipv4.conf.eth0.rp_filter=0']);
  for (const [af, bits, more] of [[4, 32, []], [6, 128, ['nodad']]]) {
    const vip = vipOf(mode, af);
    lab.exec(server, 'ip', [`-${af}`, 'addr', 'add', `${vip}/${bits}`, 'dev', 'lo', ...more]);
    lab.exec(server, 'ip', [`-${af}`, 'rule', 'add', 'from', vip, 'lookup', PAST_TABLE]);
    lab.exec(server, 'ip', [`-${af}`, 'route', 'replace', 'default', 'via', gateway[af], 'table', PAST_TABLE]);
  }
}

/** Tunnel: unpacks IP in IP in user space, because a kernel may come without ipip devices. */
export async function startDecapsulator(lab, server) {
  if (!existsSync('/dev/net/tun')) {
    mkdirSync('/dev/net', { recursive: true });
    run('mknod', ['/dev/net/tun', 'c', '10', '200']);
  }
  const child = lab.start(server, 'python3', [path.join(root, 'scripts/lab/decapsulate.py'), 'tun0']);
  await until('the decapsulator', () => child.text().includes('ready'));
  lab.exec(server, 'ip', ['link', 'set', 'tun0', 'up']);
}
