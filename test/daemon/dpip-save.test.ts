// SPDX-License-Identifier: Apache-2.0
// dpip save and restore: a daemon that was told what another one had saved saves the same.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Daemon } from '../harness/daemon';

const bin = path.resolve(import.meta.dirname, '../../bin');
const daemons: Daemon[] = [];

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop();
});

async function start(): Promise<Daemon> {
  const daemon = await new Daemon({ ports: 2 }).start();
  daemons.push(daemon);
  return daemon;
}

function dpip(daemon: Daemon, words: string, input = ''): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, DPVS_IPC_FILE: daemon.socket };
  const { status, stdout, stderr } = spawnSync(path.join(bin, 'dpip'), words.split(' '), { encoding: 'utf8', env, input, timeout: 60_000 });
  return { status, stdout, stderr };
}

const SETUP = `
vlan add link test0 id 100
vlan add inner link test0.100 id 200
tunnel add gre1 mode gre local 10.0.0.1 remote 10.0.0.9 ikey 7 okey 8 ocsum iseq ttl 9 tos inherit
tunnel add ipip7 mode ipip local 10.0.0.1 remote 10.0.0.8 dev test0
addr add 10.0.0.1/24 dev test0 broadcast 10.0.0.255
addr add 10.1.0.200/32 dev test1 sapool
addr add 10.1.0.1/24 dev test1 scope link
addr add 2001:db8::1/64 dev test0.100
neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev test0
neigh add 2001:db8::9 lladdr 02:00:00:00:00:0a dev test0.100
route add default via 10.0.0.9 dev test0 mtu 1400 metric 3
route add 10.7.0.0/16 via 10.1.0.9 dev test1 src 10.1.0.1
route add 10.8.0.0/16 dev gre1
-6 route add 2001:db8:5::/48 via 2001:db8::9 dev test0.100
ipset create nets hash:net,port comment maxelem 1000
ipset add nets 10.5.0.0/16,tcp:80 comment "one \\"two\\""
ipset add nets 10.5.6.0/24,udp:53 nomatch
-6 ipset create six hash:ip
ipset add six 2001:db8::77
ipset create ports bitmap:port range 1-1000
ipset add ports udp:53
qsch add dev test1 root tbf rate 10m burst 20000 limit 300000 peakrate 20m mtu 2000
qsch add dev test1 handle 1: parent root pfifo_fast
qsch add dev test1 handle 2:5 parent 1: bfifo limit 70000
qsch add dev test0 ingress pfifo limit 77
cls add dev test1 handle 9:1 prio 4 match pattern udp,to=:53 target 1:
cls add dev test1 handle 9:2 pkttype ipv6 match pattern icmp6,from=[2001:db8::1-2001:db8::5],oif=test1 target drop
cls add dev test0 qsch ingress handle 9:3 pkttype vlan ipset match nets,dst target drop
link set test1 tc-egress on
link set test0 tc-ingress on
link set test0 promisc on
`;

test('DB-09 all that was told is saved, and told to another daemon, once or twice', async () => {
  const one = await start();
  expect(dpip(one, '-b -', SETUP)).toEqual({ status: 0, stdout: '', stderr: '' });
  const saved = dpip(one, 'save');
  expect(saved).toMatchObject({ status: 0, stderr: '' });
  const lines = saved.stdout.trim().split('\n');
  for (const object of ['vlan', 'tunnel', 'addr', 'neigh', 'route', 'ipset', 'qsch', 'cls', 'link']) {
    expect([object, lines.some((line) => line.replace(/^-\S+ /, '').startsWith(`${object} `))]).toEqual([object, true]);
  }
  expect(lines).toContain('tunnel add gre1 mode gre remote 10.0.0.9 local 10.0.0.1 ikey 7 iseq okey 8 ocsum ttl 9 tos inherit');
  expect(lines).toContain('cls replace dev test1 qsch root handle 9:2 pkttype ipv6 prio 0 match pattern icmp6,from=[2001:db8::1-2001:db8::5]:0-0,oif=test1 target drop');
  // What addresses bring is not said; link-local addresses are the port's own.
  expect(lines.filter((line) => line.startsWith('route'))).toHaveLength(3);

  const two = await start();
  expect(dpip(two, 'restore', saved.stdout)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(dpip(two, 'save').stdout).toBe(saved.stdout);
  expect(dpip(two, 'restore', saved.stdout)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(dpip(two, 'save').stdout).toBe(saved.stdout);

  const three = await start();
  expect(dpip(three, '-b -', saved.stdout)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(dpip(three, 'save').stdout).toBe(saved.stdout);
});

test('DB-09 single objects; sets in the form of Linux; what is wrong is named', async () => {
  const one = await start();
  expect(dpip(one, '-b -', SETUP)).toMatchObject({ status: 0 });
  expect(dpip(one, 'save vlan').stdout).toBe('vlan add test0.100 link test0 proto 802.1q id 100\nvlan add inner link test0.100 proto 802.1q id 200\n');
  const linux = dpip(one, 'save linux-ipset').stdout;
  expect(linux).toContain('create nets hash:net,port family inet hashsize 1024 maxelem 1000 comment\n');
  expect(linux).toContain('add nets 10.5.0.0/16,tcp:80 comment "one \\"two\\""\n');
  expect(linux).toContain('create ports bitmap:port range 1-1000\nadd ports udp:53\n');
  const two = await start();
  const text = `create other hash:ip family inet6 hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1234abcd\nadd other 2001:db8::5\n${linux}`;
  expect(dpip(two, 'restore -', text)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(dpip(two, 'save linux-ipset').stdout).toBe(linux.replace('create ports', 'create other hash:ip family inet6 hashsize 1024 maxelem 65536\nadd other 2001:db8::5\ncreate ports'));
  expect(dpip(two, 'save bogus')).toMatchObject({ status: 1, stderr: "dpip: save 'bogus': vlan, tunnel, addr, neigh, route, ipset, qsch, cls, link, linux-ipset\n" });
  expect(dpip(two, 'restore -', 'route add 10.0.0.0/8 via 1.1.1.1\n')).toMatchObject({ status: 1, stderr: expect.stringContaining('standard input, line 1') as string });
  expect(dpip(two, 'restore /nonesuch/file')).toMatchObject({ status: 1, stderr: expect.stringContaining('cannot read /nonesuch/file') as string });
});
