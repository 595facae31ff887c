// SPDX-License-Identifier: Apache-2.0
// Labs with bonding devices: two cables between the director and the servers' bridge, which takes them for one (its two ports do not
// speak to each other), or between two daemons that speak LACP.
//
//   client ── wan(dpdk0) director (dpdk1)lan ═╗ bond0 ── bridge ── rs1, rs2
//                                 (dpdk2)lan2 ╝
import { existsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Lab } from './lab.mjs';
import { NET } from './net.mjs';
import { until } from './until.mjs';

const MEMBERS = ['dpdk1', 'dpdk2'];

/** @param {{log: string, mode: number, devices: string[], extra?: string}} options */
function confText({ log, mode, devices, extra = '' }) {
  const block = (name) => `device ${name} {\n rx {\n queue_number 1\n }\n tx {\n queue_number 1\n }\n }\n`;
  const port = (name) => `port ${name} {\n rx_queue_ids 0\n tx_queue_ids 0\n }\n`;
  return `global_defs {\n log_level INFO\n log_file ${log}\n idle_mode sleep\n kni off\n}
netif_defs {
 pktpool_size 16383
 ${devices.map(block).join(' ')}
 bonding bond0 {\n mode ${mode}\n ${MEMBERS.map((name) => `slave ${name}`).join('\n ')}\n primary dpdk1\n }
}
worker_defs {
 worker cpu0 {\n type master\n cpu_id 0\n }
 worker cpu1 {\n type slave\n cpu_id 1\n ${port('dpdk0')} ${port('bond0')} }
}
ipvs_defs {\n conn {\n conn_pool_size 65535\n }\n}
${extra}`;
}

function daemonArgs({ dir, name, socket, ifaces }) {
  const vdevs = ifaces.flatMap((iface, n) => ['--vdev', `net_af_packet${n},iface=${iface}`]);
  return ['-c', path.join(dir, `${name}.conf`), '-p', path.join(dir, `${name}.pid`), '-x', socket, '--',
    '--no-huge', '--no-shconf', '--no-pci', '--no-telemetry', '-m', '256', '--lcores', `0@0,1@${1 % os.cpus().length}`, ...vdevs];
}

export class BondedLab extends Lab {
  /** @param {{mode?: number}} [options] */
  constructor(options = {}) {
    super(options);
    this.mode = options.mode ?? 0;
  }

  makeNetwork() {
    super.makeNetwork();
    this.cable('director', 'lan2', 'lan', 'dir2');
    this.joinSwitch();
  }

  /** What a switch does whose ports are a port channel: what comes in by one does not leave by the other. */
  joinSwitch() {
    this.exec('lan', 'ip', ['link', 'set', 'dir2', 'master', 'br0']);
    for (const port of ['dir', 'dir2']) this.exec('lan', 'bridge', ['link', 'set', 'dev', port, 'isolated', 'on']);
  }

  /** Starts a daemon over interfaces of a namespace and waits until it answers. */
  async startNamed(name, ns, ifaces, socket, log, extra) {
    writeFileSync(path.join(this.dir, `${name}.conf`), confText({ log, mode: this.mode, devices: ['dpdk0', ...MEMBERS], extra }));
    const child = this.start(ns, this.daemon, daemonArgs({ dir: this.dir, name, socket, ifaces }), { env: this.env });
    await until(`${name} to answer`, () => existsSync(socket) && this.tool('dpip', ['link', 'show'], { ok: false, socket }).status === 0, 30_000);
    return child;
  }

  async startDaemon() {
    this.dpvs = await this.startNamed('dpvs', 'director', ['wan', 'lan', 'lan2'], this.socket, this.log);
  }

  bondCommands() {
    return [
      ['dpip', 'addr', 'add', `${NET.vip4}/24`, 'dev', 'dpdk0'],
      ['dpip', 'addr', 'add', `${NET.lan4}/24`, 'dev', 'bond0'],
      ['ipvsadm', '-A', '-t', `${NET.vip4}:80`, '-s', 'rr'],
      ['ipvsadm', '-P', '-t', `${NET.vip4}:80`, '-z', NET.lip4, '-F', 'bond0'],
      ...[1, 2].map((n) => ['ipvsadm', '-a', '-t', `${NET.vip4}:80`, '-r', `${NET.rs4(n)}:80`, '-b']),
    ];
  }

  /** Packets received and sent by a device. */
  carried(name) {
    const values = this.dpip('-s', 'link', 'show', name).split('\n')[4] ?? '';
    const [rx = 0, tx = 0] = values.trim().split(/\s+/).map(Number);
    return { rx, tx };
  }

  /** Members that carry packets, of all: "2/2". */
  active(socket = this.socket) {
    return /ative\/slaves (\d+\/\d+)/.exec(this.tool('dpip', ['link', 'show', 'bond0', 'status'], { socket }).stdout)?.[1] ?? '';
  }
}

/** Behind the partner, a second daemon that routes. */
export const FAR = { partner: '10.0.2.254', gateway: '10.0.4.1', server: '10.0.4.11' };

/** The other end of both cables is a daemon, too: LACP is spoken, and the real server is behind it. */
export class LacpLab extends BondedLab {
  constructor() {
    super({ mode: 4, servers: 1 });
  }

  get partnerSocket() {
    return path.join(this.dir, 'partner.ipc');
  }

  joinSwitch() {
    this.exec('lan', 'ip', ['link', 'del', 'br0']);
    this.exec('rs1', 'ip', ['addr', 'add', `${FAR.server}/24`, 'dev', 'eth0']);
    this.exec('rs1', 'ip', ['route', 'add', 'default', 'via', FAR.gateway]);
    this.exec('rs1', 'ip', ['addr', 'del', `${NET.rs4(1)}/24`, 'dev', 'eth0']);
  }

  async startDaemon() {
    await super.startDaemon();
    const log = path.join(this.dir, 'partner.log');
    await this.startNamed('partner', 'lan', ['rs1', 'dir', 'dir2'], this.partnerSocket, log, 'ipv4_defs {\n forwarding on\n}\n');
  }

  configureBoth() {
    const partner = [
      ['addr', 'add', `${FAR.partner}/24`, 'dev', 'bond0'],
      ['addr', 'add', `${FAR.gateway}/24`, 'dev', 'dpdk0'],
    ];
    for (const args of partner) this.tool('dpip', args, { socket: this.partnerSocket });
    this.configure([
      ['dpip', 'addr', 'add', `${NET.vip4}/24`, 'dev', 'dpdk0'],
      ['dpip', 'addr', 'add', `${NET.lan4}/24`, 'dev', 'bond0'],
      ['dpip', 'route', 'add', '10.0.4.0/24', 'via', FAR.partner, 'dev', 'bond0'],
      ['ipvsadm', '-A', '-t', `${NET.vip4}:80`, '-s', 'rr'],
      ['ipvsadm', '-P', '-t', `${NET.vip4}:80`, '-z', NET.lip4, '-F', 'bond0'],
      ['ipvsadm', '-a', '-t', `${NET.vip4}:80`, '-r', `${FAR.server}:80`, '-b'],
    ]);
  }
}
