// SPDX-License-Identifier: Apache-2.0
// A lab whose clients are behind a router that speaks OSPF and BGP with the director's host, over the interface that dpdk0 has in the
// kernel. The router learns the virtual address, and loses it with the daemon.
//
//   client ── eth0 ── router ── eth1 ── wan(dpdk0) director (dpdk1)lan ── rs1, rs2
//             10.0.3.0/24      10.0.1.0/24
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Lab } from './lab.mjs';
import { NET } from './net.mjs';
import { until } from './until.mjs';

export const ROUTED = {
  client: '10.0.3.100',
  routerInside: '10.0.3.254',
  router: '10.0.1.254',
  /** The director's host: an address of dpdk0.kni. */
  host: '10.0.1.2',
  vip: '10.0.9.1',
};

const AS = { router: 65001, director: 65002 };

/** What both BIRDs have: OSPF with quick timers and BGP with the other side. */
function birdConf({ id, iface, me, neighbour, own, other, exported, stub }) {
  return `router id ${id};
protocol device { scan time 1; }
${exported}
protocol kernel { ipv4 { export where source = RTS_OSPF || source = RTS_OSPF_EXT2 || source = RTS_BGP; }; }
protocol ospf v2 {
  ipv4 { import all; export ${exported ? 'where source = RTS_STATIC' : 'none'}; };
  area 0 { interface "${iface}" { hello 1; dead 5; type broadcast; };${stub} };
}
protocol bgp {
  local ${me} as ${own};
  neighbor ${neighbour} as ${other};
  hold time 6; keepalive time 2; connect retry time 2; connect delay time 1; error wait time 1, 5;
  ipv4 { import all; export ${exported ? 'where source = RTS_STATIC' : 'none'}; };
}
`;
}

export class RoutedLab extends Lab {
  makeNetwork() {
    super.makeNetwork();
    this.addNamespace('router');
    // The cable between client and director becomes one between router and director.
    this.exec('client', 'ip', ['link', 'del', 'eth0']);
    this.cable('client', 'eth0', 'router', 'eth0');
    this.cable('router', 'eth1', 'director', 'wan');
    for (const [name, iface, address] of [['client', 'eth0', ROUTED.client], ['router', 'eth0', ROUTED.routerInside], ['router', 'eth1', ROUTED.router]]) {
      this.exec(name, 'ethtool', ['-K', iface, 'tx', 'off']);
      this.exec(name, 'ip', ['addr', 'add', `${address}/24`, 'dev', iface]);
    }
    this.exec('client', 'ip', ['route', 'add', 'default', 'via', ROUTED.routerInside]);
    this.exec('router', 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
    // The port that DPDK reads is a device of the kernel's, too, which must not answer a second time.
    const rules = 'table netdev port { chain in { type filter hook ingress device wan priority 0; policy drop; }; }';
    this.exec('director', 'nft', ['-f', '-'], { input: rules });
  }

  /** Addresses and routes of the daemon, and the host's own on dpdk0.kni; call whenever the daemon has started. */
  configureHost() {
    this.configure([
      ['dpip', 'addr', 'add', '10.0.1.1/24', 'dev', 'dpdk0'],
      ['dpip', 'addr', 'add', `${ROUTED.vip}/32`, 'dev', 'dpdk0'],
      ['dpip', 'addr', 'add', `${NET.lan4}/24`, 'dev', 'dpdk1'],
      ['dpip', 'route', 'add', 'default', 'via', ROUTED.router, 'dev', 'dpdk0'],
      ['dpip', 'route', 'add', `${ROUTED.host}/32`, 'dev', 'dpdk0', 'scope', 'kni_host'],
      ['ipvsadm', '-A', '-t', `${ROUTED.vip}:80`, '-s', 'rr'],
      ['ipvsadm', '-P', '-t', `${ROUTED.vip}:80`, '-z', NET.lip4, '-F', 'dpdk1'],
      ...[1, 2].map((n) => ['ipvsadm', '-a', '-t', `${ROUTED.vip}:80`, '-r', `${NET.rs4(n)}:80`, '-b']),
    ]);
    this.exec('director', 'ip', ['link', 'set', 'dpdk0.kni', 'up']);
    this.exec('director', 'ip', ['addr', 'add', `${ROUTED.host}/24`, 'dev', 'dpdk0.kni']);
  }

  #bird(name, conf) {
    const file = path.join(this.dir, `${name}.bird`);
    writeFileSync(file, conf);
    return this.start(name, 'bird', ['-f', '-c', file, '-s', path.join(this.dir, `${name}.ctl`)]);
  }

  /** BIRD on the router and in the director's namespace; waits until both protocols are up. */
  async startRouting() {
    this.#bird('router', birdConf({ id: ROUTED.router, iface: 'eth1', me: ROUTED.router, neighbour: ROUTED.host, own: AS.router, other: AS.director, exported: '', stub: ' interface "eth0" { stub; };' }));
    const exported = `protocol static { ipv4; route ${ROUTED.vip}/32 blackhole; }`;
    this.#bird('director', birdConf({ id: ROUTED.host, iface: 'dpdk0.kni', me: ROUTED.host, neighbour: ROUTED.router, own: AS.director, other: AS.router, exported, stub: '' }));
    await until('BGP to be established', () => this.protocols('router').bgp === 'Established', 30_000);
    await until('OSPF to be full', () => /Full/.test(this.birdc('router', 'show', 'ospf', 'neighbors')), 30_000);
  }

  birdc(name, ...words) {
    return this.exec(name, 'birdc', ['-s', path.join(this.dir, `${name}.ctl`), ...words], { ok: false }).stdout;
  }

  /** Last column of `show protocols`, by protocol: "Established", "Running"… */
  protocols(name) {
    const lines = this.birdc(name, 'show', 'protocols').split('\n').map((line) => line.trim().split(/\s+/));
    const of = (proto) => lines.find((words) => words[1]?.toLowerCase() === proto)?.at(-1) ?? '';
    return { bgp: of('bgp'), ospf: of('ospf') };
  }

  /** Who has told the router of the virtual address: names of protocols. */
  learned() {
    const text = this.birdc('router', 'show', 'route', `${ROUTED.vip}/32`, 'all');
    return [...new Set([...text.matchAll(/\[(bgp|ospf)\d* /g)].map(([, name]) => name))].sort();
  }
}
