// SPDX-License-Identifier: Apache-2.0
// Commands that turn the lab's empty daemon into a balancer, as an operator would type them.
import { endpoint, MODES, NET, vipOf } from './net.mjs';

/** The director's own addresses and the way to both networks. */
export function addressCommands() {
  return [
    ['dpip', 'addr', 'add', `${NET.vip4}/24`, 'dev', 'dpdk0'],
    ['dpip', 'addr', 'add', `${NET.vip6}/64`, 'dev', 'dpdk0'],
    ['dpip', 'addr', 'add', `${NET.lan4}/24`, 'dev', 'dpdk1'],
    ['dpip', 'addr', 'add', `${NET.lan6}/64`, 'dev', 'dpdk1'],
  ];
}

/** A mode's virtual address; that of FullNAT is among the director's own. */
export function vipCommands(mode, af) {
  return mode === 'FullNAT' ? [] : [['dpip', 'addr', 'add', `${vipOf(mode, af)}/${af === 4 ? 32 : 128}`, 'dev', 'dpdk0']];
}

/**
 * One service with its real servers.
 * @param {{mode?: string, af: 4 | 6, proto?: 'tcp' | 'udp', port: number, serverPort?: number, servers?: string[], scheduler?: string}} service
 * servers: addresses, of the mode's family of servers.
 */
export function serviceCommands({ mode = 'FullNAT', af, proto = 'tcp', port, serverPort = port, servers, scheduler = 'rr' }) {
  const { option, serverAf = af } = MODES[mode];
  const service = [`-${proto[0]}`, endpoint(vipOf(mode, af), port)];
  return [
    ['ipvsadm', '-A', ...service, '-s', scheduler],
    ...(option === '-b' ? [['ipvsadm', '-P', ...service, '-z', serverAf === 4 ? NET.lip4 : NET.lip6, '-F', 'dpdk1']] : []),
    ...servers.map((ip) => ['ipvsadm', '-a', ...service, '-r', endpoint(ip, serverPort), option]),
  ];
}

/** Addresses of the first n real servers. */
export const serverAddresses = (af, n) => Array.from({ length: n }, (_, i) => (af === 4 ? NET.rs4(i + 1) : NET.rs6(i + 1)));
