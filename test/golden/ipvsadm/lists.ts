// SPDX-License-Identifier: Apache-2.0
// A daemon with something of everything, for tests of lists.
import { addAclEntry } from '../../../src/ipc/messages/acl';
import { addDest } from '../../../src/ipc/messages/dest';
import { addLaddr } from '../../../src/ipc/messages/laddr';
import { addService } from '../../../src/ipc/messages/service';
import { MemoryDaemon, type MemoryDaemonOptions } from '../../support/extension-daemon';
import { address } from './run';

/** 2001:db8::LAST */
export function address6(last: number): Uint8Array {
  return address(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last);
}

const WEB = { af: 2, proto: 6, addr: address(10, 0, 0, 1), port: 80, netmask: 0xffffffff, sched_name: 'wlc' };
const DNS = { af: 10, proto: 17, addr: address6(1), port: 53, netmask: 128, sched_name: 'rr' };

/** Four services: a mark, a rule, IPv6 UDP and IPv4 TCP with two servers, lists, local addresses and three connections. */
export function fullDaemon(options: MemoryDaemonOptions = {}): MemoryDaemon {
  const daemon = new MemoryDaemon({ workers: 2, ...options });
  const any = address();
  const range = { min_addr: address(192, 168, 0, 1), max_addr: address(192, 168, 0, 9), min_port: 1, max_port: 99 };
  const match = { af: 2, srange: range, iifname: 'dpdk0' };
  addService(daemon, { af: 2, proto: 6, addr: any, fwmark: 7, netmask: 0xffffffff, sched_name: 'rr' });
  addService(daemon, { af: 2, proto: 17, addr: any, flags: 0x400, match, netmask: 0xffffffff, sched_name: 'rr' });
  addService(daemon, DNS);
  addService(daemon, {
    ...WEB, flags: 0x1 | 0x8 | 0x10, timeout: 360, netmask: 0x00ffffff, conn_timeout: 1800, proxy_protocol: 0x12,
    check_conf: { types: 0x13, dest_down_notice_num: 1, dest_up_notice_num: 1, dest_down_wait: 3, dest_inhibit_min: 5, dest_inhibit_max: 3600 },
  }); // prettier-ignore
  addDest(daemon, WEB, { af: 2, addr: address(172, 16, 0, 2), port: 8080, weight: 5, fwdmode: 5, conn_flags: 5, max_conn: 1000, min_conn: 10 });
  addDest(daemon, WEB, { af: 2, addr: address(172, 16, 0, 1), port: 8080, weight: 1, fwdmode: 0, conn_flags: 0 });
  addDest(daemon, DNS, { af: 10, addr: address6(0x11), port: 53, weight: 1, fwdmode: 3, conn_flags: 3 });
  addLaddr(daemon, WEB, { af: 2, addr: address(192, 168, 100, 200), ifname: 'dpdk1' });
  addAclEntry(daemon, 'deny', { af: 2, proto: 6, vaddr: WEB.addr, vport: 80, subject: address(203, 0, 113, 9) });
  addAclEntry(daemon, 'deny', { af: 2, proto: 6, vaddr: WEB.addr, vport: 80, ipset: 'bad' });
  addAclEntry(daemon, 'allow', { af: 10, proto: 17, vaddr: DNS.addr, vport: 53, subject: address6(0x99) });
  for (const { service, dests } of daemon.services) {
    service.bps = service.port === 80 ? 100 : 0;
    service.limit_proportion = 100;
    for (const [i, dest] of dests.entries()) {
      dest.actconns = 10 + i;
      dest.inactconns = i;
      dest.flags = i;
      dest.stats = {
        conns: 1000n, inpkts: 9_007_199_254_740_993n, outpkts: 5n, inbytes: 123_456_789n, outbytes: 7n,
        cps: 3, inpps: 20, outpps: 10, inbps: 1_000_000, outbps: 2_000,
      }; // prettier-ignore
    }
  }
  const tcp = { vaddr: WEB.addr, vport: 80, laddr: address(192, 168, 100, 200), daddr: address(172, 16, 0, 1), dport: 8080, state: 'TCP_EST' };
  daemon.addConn({ ...tcp, caddr: address(198, 51, 100, 7), cport: 40001, lport: 1025, timeout: 90 });
  daemon.addConn({ ...tcp, caddr: address(198, 51, 100, 8), cport: 40002, lport: 1026, timeout: 3605, lcoreid: 2, state: 'TCP_CLOSE' });
  daemon.addConn({
    in_af: 10, out_af: 10, proto: 17, caddr: address6(0x70), cport: 5353, vaddr: DNS.addr, vport: 53, laddr: address6(2), lport: 2000,
    daddr: address6(0x11), dport: 53, timeout: 300, state: 'UDP_ONEWAY',
  }); // prettier-ignore
  return daemon;
}
