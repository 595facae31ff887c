// SPDX-License-Identifier: Apache-2.0
// Interfaces in the kernel: what goes there, byte by byte, what comes from there, and nothing else.
import { describe, expect, test } from 'vitest';
import { multicastMac } from '../harness/addresses';
import { kernelLcore, stopDaemonsAfterEach, type Case, type CaseOptions } from '../harness/case';
import { dissect } from '../harness/dissect';
import { arp, ethernet, ETHERTYPE, icmp, icmp6, icmp6Echo, icmpEcho, ip, ipv4, ipv6, neighbourAdvertisement, neighbourSolicitation, raw, sctp, tcp, udp, type Layer3, type Layer4 } from '../harness/frames';
import { CLIENTS, configureService, families, fromClient, mac, SERVERS, solicitedGroup, startWorld, v4, v6, type Family } from './topology';

stopDaemonsAfterEach();

const OSPF = 89;

function withKernel(extra: Readonly<Record<string, readonly string[]>> = {}): CaseOptions {
  return { kernelLcore, conf: { global_defs: ['kni on'], ...extra } };
}

const forwarding = { ipv4_defs: ['forwarding on'], ipv6_defs: ['forwarding on'] };

function hex(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString('hex'));
}

/** The kernel gets the frame as it is; nothing leaves by a port, and nothing is dropped. */
function toKernel(c: Case, frame: Buffer, port = CLIENTS): void {
  const before = [...c.drops()];
  c.send(port, frame);
  expect(hex(c.collectFromKernel(port))).toEqual(hex([frame]));
  expect(hex([CLIENTS, SERVERS].flatMap((p) => c.collect(p)))).toEqual([]);
  expect([...c.drops()]).toEqual(before);
}

function notToKernel(c: Case, frame: Buffer): void {
  c.send(CLIENTS, frame);
  expect(hex(c.collectFromKernel(CLIENTS))).toEqual([]);
}

function frame(f: Family, dst: string, l4: Layer4, dstMac: string = mac.port[0]): Buffer {
  return ethernet({ src: mac.client, dst: dstMac }, ip({ src: f.client, dst, ttl: 64 }, l4));
}

const datagram = udp({ sport: 1000, dport: 2000, payload: 'for the host' });

describe.each(families)('$name', (f) => {
  const [reason, everybody, group] = f === v4 ? ['ip4_no_route', '255.255.255.255', '224.0.0.9'] : ['ip6_no_route', 'ff02::1', 'ff02::9'];
  const multicast = f === v4 ? '01:00:5e:00:00:09' : multicastMac(group);

  test('DPL-024 transport that has no service, and protocols that nobody here speaks, to our addresses', async () => {
    const c = await startWorld(f, withKernel());
    configureService(c, f, { proto: 'tcp', port: 80 });
    for (const address of [f.vip, f.port[0]]) {
      toKernel(c, frame(f, address, tcp({ sport: 1, dport: 22, seq: 1, flags: 'S' })));
      toKernel(c, frame(f, address, datagram));
      toKernel(c, frame(f, address, sctp({ sport: 1, dport: 2, tag: 0, chunks: [] })));
      toKernel(c, frame(f, address, raw(112, Buffer.from('0123456789'))));
    }
    // The service's own is not the kernel's.
    notToKernel(c, frame(f, f.vip, tcp({ sport: 1, dport: 80, seq: 1, flags: 'S' })));
    c.collectOne(SERVERS);
  });

  test('DPL-024 ICMP other than echo requests', async () => {
    const c = await startWorld(f, withKernel());
    const body = Buffer.alloc(12);
    toKernel(c, frame(f, f.vip, f === v4 ? icmp(0, 0, body) : icmp6(129, 0, body)));
    notToKernel(c, frame(f, f.vip, f === v4 ? icmpEcho({ type: 'request', id: 1, seq: 1 }) : icmp6Echo({ type: 'request', id: 1, seq: 1 })));
    expect(dissect(c.collectOne(CLIENTS)).get('icmp.type')).toBe(f === v4 ? 0 : 129);
  });

  test('DPL-024 no route, whether packets are forwarded or not', async () => {
    for (const conf of [forwarding, {}]) {
      const c = await startWorld(f, withKernel(conf));
      toKernel(c, frame(f, f === v4 ? '203.0.113.9' : '2001:db8:99::9', datagram));
      if (conf !== forwarding) continue;
      notToKernel(c, frame(f, f.servers[0], datagram));
      c.collectOne(SERVERS);
    }
    expect(reason).toMatch(/no_route/);
  });

  test('DPL-024 an address of the kernel, by route', async () => {
    const c = await startWorld(f, withKernel());
    const [flag, host] = f === v4 ? ['', '10.0.0.9'] : ['-6', '2001:db8::9'];
    c.run(`dpip ${flag} route add ${host}/${f.hostPlen} dev test0 scope kni_host`);
    expect(c.output(`dpip ${flag} route show`)).toMatch(new RegExp(`${host}(/${f.hostPlen})? .*dev test0 .*scope kni_host`));
    toKernel(c, frame(f, host, datagram));
    toKernel(c, frame(f, host, tcp({ sport: 5000, dport: 179, seq: 1, flags: 'S' })));
    c.run(`dpip ${flag} route del ${host}/${f.hostPlen} dev test0`);
    notToKernel(c, frame(f, host, datagram));
  });

  test('DPL-024 multicast and broadcast', async () => {
    const c = await startWorld(f, withKernel(forwarding));
    c.run(`dpip ${f === v4 ? '' : '-6'} route add default via ${f.servers[0]} dev test1`);
    toKernel(c, frame(f, group, datagram, multicast));
    toKernel(c, frame(f, everybody, datagram, f === v4 ? mac.broadcast : multicastMac(everybody)));
    // Of other hosts' frames the kernel hears nothing.
    notToKernel(c, frame(f, f.vip, datagram, '02:cc:00:00:00:01'));
  });

  test('DPL-024 malformed packets do not go there', async () => {
    const c = await startWorld(f, withKernel());
    const cut = frame(f, f.vip, datagram).subarray(0, 14 + f.headerLength + 6);
    const wrong = frame(f, f.vip, f === v4 ? icmp(0, 0, Buffer.alloc(8), 0x1234) : icmp6(129, 0, Buffer.alloc(8), 0x1234));
    for (const bad of [cut, wrong]) notToKernel(c, bad);
  });

  test('DPL-024 without interfaces all that is dropped, and named', async () => {
    const c = await startWorld(f);
    c.expectDrops({ local_no_service: 1, [f === v4 ? 'ip4_multicast' : 'ip6_multicast']: 1 }, () => {
      c.send(CLIENTS, frame(f, f.vip, datagram), frame(f, group, datagram, multicast));
    });
    const { status, stderr } = c.command(`dpip ${f === v4 ? '' : '-6'} route add ${f.client}/${f.hostPlen} dev test0 scope kni_host`);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/invalid parameter/)]);
    const on = c.command('dpip link set test0 forward2kni on');
    expect([on.status, on.stderr]).toEqual([1, expect.stringMatching(/not support/)]);
  });

  test('DPL-025 what the kernel sends leaves as it is, also for addresses that the balancer serves', async () => {
    const c = await startWorld(f, withKernel());
    configureService(c, f, { proto: 'udp', port: 53 });
    const sent = [
      ethernet({ src: mac.port[0], dst: mac.client }, ip({ src: f.port[0], dst: f.client }, datagram)),
      ethernet({ src: mac.port[0], dst: mac.client }, ip({ src: f.client, dst: f.vip }, udp({ sport: 1, dport: 53 }))),
      ethernet({ src: mac.port[0], dst: mac.broadcast }, ip({ src: f.port[0], dst: everybody }, udp({ sport: 68, dport: 67, payload: Buffer.alloc(1400) }))),
    ];
    c.sendFromKernel(CLIENTS, ...sent);
    expect(hex(c.collect(CLIENTS))).toEqual(hex(sent));
    expect(hex(c.collect(SERVERS))).toEqual([]);
    expect(c.output('ipvsadm -lnc')).toBe('');
  });

  test('DPL-024 a VLAN has an interface of its own, and loses it with the device', async () => {
    const c = await startWorld(f, withKernel());
    const tag = (inner: Buffer): Buffer => Buffer.concat([inner.subarray(0, 12), Buffer.from([0x81, 0, 0, 100]), inner.subarray(12)]);
    const [VLAN, address] = [2, f === v4 ? '10.9.0.1' : '2001:db8:9::1'];
    c.run(`
      dpip vlan add link test0 id 100
      dpip addr add ${address}/${f.hostPlen} dev test0.100`);
    c.warp(6000);
    c.settle({ timers: true });
    c.discard();
    const forHost = frame(f, address, datagram);
    c.send(CLIENTS, tag(forHost));
    expect(hex(c.collectFromKernel(VLAN))).toEqual(hex([forHost]));
    expect(hex(c.collectFromKernel(CLIENTS))).toEqual([]);
    const answer = ethernet({ src: mac.port[0], dst: mac.client }, ip({ src: address, dst: f.client }, datagram));
    c.sendFromKernel(VLAN, answer);
    expect(hex(c.collect(CLIENTS))).toEqual(hex([tag(answer)]));
    c.run('dpip vlan del test0.100');
    expect(() => {
      c.sendFromKernel(VLAN, answer);
    }).toThrow(/not exist/);
  });

  test('DPL-019 forward2kni: the kernel sees copies of all that a port receives and sends, and nothing twice', async () => {
    const c = await startWorld(f, withKernel());
    configureService(c, f, { proto: 'udp', port: 53 });
    c.run('dpip link set test0 forward2kni on');
    expect(c.output('dpip link show test0')).toMatch(/foward2kni/);
    const [ping, question, foreign] = [
      frame(f, f.vip, f === v4 ? icmpEcho({ type: 'request', id: 1, seq: 1 }) : icmp6Echo({ type: 'request', id: 1, seq: 1 })),
      fromClient(f, udp({ sport: 9, dport: 53 })),
      frame(f, f.vip, datagram),
    ];
    c.send(CLIENTS, ping);
    const pong = c.collectOne(CLIENTS);
    expect(hex(c.collectFromKernel(CLIENTS))).toEqual(hex([ping, pong]));
    c.send(CLIENTS, question, foreign);
    c.collectOne(SERVERS);
    expect(hex(c.collectFromKernel(CLIENTS))).toEqual(hex([question, foreign]));
    c.run('dpip link set test0 forward2kni off');
    c.send(CLIENTS, ping);
    expect(hex(c.collectFromKernel(CLIENTS))).toEqual([]);
  });
});

test('DPL-026 OSPF goes there before anything else', async () => {
  const c = await startWorld(v4, withKernel(forwarding));
  configureService(c, v4, { proto: 'tcp', port: 80 });
  const hello = raw(OSPF, Buffer.alloc(44, 1));
  toKernel(c, frame(v4, '224.0.0.5', hello, '01:00:5e:00:00:05'));
  toKernel(c, frame(v4, v4.vip, hello));
  // Also what would be forwarded.
  toKernel(c, frame(v4, v4.servers[0], hello));
});

test('DPL-024 unknown kinds of frames', async () => {
  const c = await startWorld(v4, withKernel());
  const unknown: Layer3 = { etherType: 0x88b5, bytes: Buffer.from('local experiment') };
  toKernel(c, ethernet({ src: mac.client, dst: mac.port[0] }, unknown));
  toKernel(c, ethernet({ src: mac.client, dst: mac.broadcast }, unknown));
  const lldp: Layer3 = { etherType: 0x88cc, bytes: Buffer.alloc(46) };
  toKernel(c, ethernet({ src: mac.client, dst: '01:80:c2:00:00:0e' }, lldp));
});

describe('DPL-024 ARP', () => {
  const fields = { senderMac: mac.client, senderIp: v4.client };
  const broadcast = (op: 'request' | 'reply', targetIp: string): Buffer => ethernet({ src: mac.client, dst: mac.broadcast }, arp({ ...fields, op, targetIp }), 60);

  test('questions for addresses that are not ours here', async () => {
    const c = await startWorld(v4, withKernel());
    toKernel(c, broadcast('request', '10.0.0.9'));
    toKernel(c, broadcast('request', v4.port[1]));
    notToKernel(c, broadcast('request', v4.vip));
    expect(dissect(c.collectOne(CLIENTS)).get('arp.op')).toBe(2);
  });

  test('answers: those for others, and copies of those for us', async () => {
    const c = await startWorld(v4, withKernel());
    const reply = (targetIp: string): Buffer => ethernet({ src: mac.client, dst: mac.port[0] }, arp({ ...fields, op: 'reply', senderIp: '10.0.0.7', targetMac: mac.port[0], targetIp }), 60);
    toKernel(c, reply('10.0.0.9'));
    expect(c.output('dpip neigh show')).not.toContain('10.0.0.7');
    toKernel(c, reply(v4.port[0]));
    expect(c.output('dpip neigh show')).toMatch(/10\.0\.0\.7 .*REACHABLE/);
  });

  test('the kernel asks and answers by itself', async () => {
    const c = await startWorld(v4, withKernel());
    const ask = ethernet({ src: mac.port[0], dst: mac.broadcast }, arp({ op: 'request', senderMac: mac.port[0], senderIp: '10.0.0.9', targetIp: v4.client }));
    c.sendFromKernel(CLIENTS, ask);
    expect(hex(c.collect(CLIENTS))).toEqual(hex([ask]));
  });
});

describe('DPL-024 neighbour discovery', () => {
  test('what is not about us, and copies of what is', async () => {
    const c = await startWorld(v6, withKernel());
    const solicit = (target: string): Buffer => {
      const group = solicitedGroup(target);
      return ethernet({ src: mac.client, dst: group.mac }, ipv6({ src: v6.client, dst: group.ip, hopLimit: 255 }, neighbourSolicitation({ target, sourceMac: mac.client })));
    };
    toKernel(c, solicit('2001:db8::9'));
    const about = solicit(v6.vip);
    c.send(CLIENTS, about);
    expect(hex(c.collectFromKernel(CLIENTS))).toEqual(hex([about]));
    expect(dissect(c.collectOne(CLIENTS)).get('icmp.type')).toBe(136);
    const advertisement = neighbourAdvertisement({ target: '2001:db8::7', targetMac: mac.client, solicited: true });
    toKernel(c, ethernet({ src: mac.client, dst: mac.port[0] }, ipv6({ src: '2001:db8::7', dst: '2001:db8::9', hopLimit: 255 }, advertisement)));
  });

  test('router messages and redirects', async () => {
    const c = await startWorld(v6, withKernel());
    for (const type of [133, 134, 137]) {
      toKernel(c, ethernet({ src: mac.client, dst: multicastMac('ff02::1') }, ipv6({ src: 'fe80::1', dst: 'ff02::1', hopLimit: 255 }, icmp6(type, 0, Buffer.alloc(16)))));
    }
  });

  test('a link-local address of the interface', async () => {
    const c = await startWorld(v6, withKernel());
    toKernel(c, ethernet({ src: mac.client, dst: mac.port[0] }, ipv6({ src: 'fe80::2', dst: 'fe80::77' }, tcp({ sport: 179, dport: 4000, seq: 1, flags: 'A' }))));
  });
});

test('routing protocols have a ring of their own: a flood for the host does not keep them away', async () => {
  const c = await startWorld(v4, withKernel());
  const flood = Array.from({ length: 1900 }, () => frame(v4, v4.port[0], datagram));
  const bgp = frame(v4, v4.port[0], tcp({ sport: 179, dport: 30000, seq: 1, flags: 'A' }));
  const hello = frame(v4, '224.0.0.5', raw(OSPF, Buffer.alloc(44, 1)), '01:00:5e:00:00:05');
  c.send(CLIENTS, ...flood, bgp, hello);
  const got = hex(c.collectFromKernel(CLIENTS));
  for (const wanted of hex([bgp, hello])) expect(got.indexOf(wanted)).toBeGreaterThanOrEqual(0);
  // All that the flood lost has a name.
  expect((c.drops().get('kernel_full') ?? 0) + got.length).toBe(flood.length + 2);
});

test('names of interfaces; a name that is too long is refused with the remedy', async () => {
  const c = await startWorld(v4, { conf: { global_defs: ['kni on', 'log_level DEBUG'] } });
  expect(c.daemon.log()).toMatch(/test0 is test0\.kni in the kernel/);
  c.run('dpip vlan add averylongname01 link test0 id 3');
  expect(c.daemon.log()).toMatch(/averylongname01 has no interface in the kernel: its name averylongname01\.kni is longer than 15 characters/);
});

test('frames that the kernel makes too long are dropped, and named', async () => {
  const c = await startWorld(v4, withKernel());
  c.expectDrops({ kernel_refused: 1 }, () => {
    c.sendFromKernel(CLIENTS, ethernet({ src: mac.port[0], dst: mac.client, etherType: ETHERTYPE.IPV4 }, ipv4({ src: v4.port[0], dst: v4.client }, udp({ sport: 1, dport: 2, payload: Buffer.alloc(1600) }))));
  });
  expect(hex(c.collect(CLIENTS))).toEqual([]);
});
