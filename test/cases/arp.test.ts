// SPDX-License-Identifier: Apache-2.0
// Address resolution, IPv4 (RFC 826).
import { describe, expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, workers } from '../harness/case';
import { dissect } from '../harness/dissect';
import { arp, ethernet, icmpEcho, ip, ipv4, udp } from '../harness/frames';
import { arpRequest, CLIENTS, configureAddresses, mac, SERVERS, startWorld, v4 } from './topology';

stopDaemonsAfterEach();

const forwarding = { conf: { ipv4_defs: ['forwarding on'] } };

function whoHas(targetIp: string): Buffer {
  const fields = { op: 'request', senderMac: mac.client, senderIp: v4.client, targetIp } as const;
  return ethernet({ src: mac.client, dst: mac.broadcast }, arp(fields), 60);
}

function isAt(port: number, from: string, senderIp: string, targetIp: string): Buffer {
  const target = mac.port[port] ?? '';
  const fields = { op: 'reply', senderMac: from, senderIp, targetMac: target, targetIp } as const;
  return ethernet({ src: from, dst: target }, arp(fields), 60);
}

/** A datagram that has to leave to a server whose MAC address nobody knows. */
function toUnknown(id: number): { readonly sent: Buffer; readonly forwarded: (dstMac: string) => Buffer } {
  const l4 = udp({ sport: 1000, dport: 2000, payload: `packet ${id}` });
  const fields = { src: v4.client, dst: v4.servers[0], id };
  return {
    sent: ethernet({ src: mac.client, dst: mac.port[0] }, ipv4({ ...fields, ttl: 64 }, l4)),
    forwarded: (dst) => ethernet({ src: mac.port[1], dst }, ipv4({ ...fields, ttl: 63 }, l4)),
  };
}

describe('answers', () => {
  test('DPL-030 own addresses, on the port that has them, and no others', async () => {
    const c = await startCase();
    configureAddresses(c, v4);
    for (const own of [v4.port[0], v4.vip]) {
      c.send(CLIENTS, whoHas(own));
      const [reply] = c.collect(CLIENTS);
      const fields = dissect(reply ?? Buffer.alloc(0));
      expect(Object.fromEntries(fields)).toMatchObject({
        'eth.dst': mac.client,
        'eth.src': mac.port[0],
        'arp.op': 2,
        'arp.sender.mac': mac.port[0],
        'arp.sender.ip': own,
        'arp.target.mac': mac.client,
        'arp.target.ip': v4.client,
      });
    }
    c.expectDrops({ arp_not_ours: 2 }, () => c.send(CLIENTS, whoHas('10.0.0.77'), whoHas(v4.port[1])));
    c.expectNothing();
  });

  test('DPL-030 malformed ARP is counted and not answered', async () => {
    const c = await startCase();
    configureAddresses(c, v4);
    const cut = whoHas(v4.vip).subarray(0, 30);
    const wrongHardware = Buffer.from(whoHas(v4.vip));
    wrongHardware.writeUInt16BE(6, 14);
    c.expectDrops({ arp_malformed: 2 }, () => c.send(CLIENTS, cut, wrongHardware));
    c.expectNothing();
  });
});

describe('resolves', () => {
  test('DPL-031 with one request, keeps packets meanwhile and sends them in order', async () => {
    const c = await startCase(forwarding);
    configureAddresses(c, v4);
    c.run(`dpip neigh add ${v4.client} lladdr ${mac.client} dev test0`);
    const packets = [1, 2, 3].map(toUnknown);
    c.send(CLIENTS, ...packets.map(({ sent }) => sent));
    c.expectFrames(SERVERS, arpRequest(SERVERS, v4.port[1], v4.servers[0]));

    c.send(SERVERS, isAt(SERVERS, mac.server[0], v4.servers[0], v4.port[1]));
    c.expectFrames(SERVERS, ...packets.map(({ forwarded }) => forwarded(mac.server[0])));

    const next = toUnknown(4);
    c.exchange(CLIENTS, [next.sent], SERVERS, [next.forwarded(mac.server[0])]);
    const line = c.output('dpip neigh show dev test1').split('\n').find((text) => text.includes(v4.servers[0])) ?? '';
    expect(line).toMatch(/mac: 02:bb:00:00:00:01 +state: REACHABLE/);
  });

  test('DPL-031 gives up on a neighbour that does not answer and counts what waited', async () => {
    const c = await startCase(forwarding);
    configureAddresses(c, v4);
    c.expectDrops({ neigh_failed: 2 }, () => {
      c.send(CLIENTS, toUnknown(1).sent, toUnknown(2).sent);
      c.warp(8000);
    });
    expect(c.output('dpip neigh show')).not.toContain(v4.servers[0]);
  });

  test('DPL-031 tells the sender of what waited, also when that is the very neighbour', async () => {
    const c = await startCase(forwarding);
    configureAddresses(c, v4);
    const host = '10.0.0.77';
    c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, ipv4({ src: host, dst: host }, udp({ sport: 1, dport: 2 }))));
    c.expectFrames(CLIENTS, arpRequest(CLIENTS, v4.port[0], host));
    c.warp(6000);
    // The error about the packet waits for a new answer.
    c.expectFrames(CLIENTS, arpRequest(CLIENTS, v4.port[0], host));
    c.send(CLIENTS, isAt(CLIENTS, mac.client, host, v4.port[0]));
    expect(Object.fromEntries(dissect(c.collectOne(CLIENTS)))).toMatchObject({ 'eth.dst': mac.client, 'icmp.type': 3 });
    expect(c.output('dpip neigh show').split('\n').filter((line) => line.includes(host))).toHaveLength(workers);
  });

  test('DPL-031 holds no more than unres_queue_length packets', async () => {
    const c = await startCase({ conf: { ...forwarding.conf, neigh_defs: ['unres_queue_length 16'] } });
    configureAddresses(c, v4);
    const packets = Array.from({ length: 20 }, (_, i) => toUnknown(i));
    c.expectDrops({ neigh_queue_full: 4 }, () => c.send(CLIENTS, ...packets.map(({ sent }) => sent)));
    c.discard();
    c.send(SERVERS, isAt(SERVERS, mac.server[0], v4.servers[0], v4.port[1]));
    c.expectFrames(SERVERS, ...packets.slice(0, 16).map(({ forwarded }) => forwarded(mac.server[0])));
  });

  test('DPL-032 again when an entry has aged, and follows a new MAC address', async () => {
    const c = await startCase(forwarding);
    configureAddresses(c, v4);
    c.send(CLIENTS, toUnknown(1).sent);
    c.send(SERVERS, isAt(SERVERS, mac.server[0], v4.servers[0], v4.port[1]));
    c.discard();
    c.warp(62_000, 2000);
    expect(c.output('dpip neigh show')).toMatch(/02:bb:00:00:00:01 +state: PROBE/);

    const packet = toUnknown(2);
    // The packet goes to the old MAC address at once; the question whether it still holds follows.
    c.send(CLIENTS, packet.sent);
    c.warp(1100);
    const sent = c.collect(SERVERS);
    expect(sent.some((frame) => frame.equals(packet.forwarded(mac.server[0])))).toBe(true);
    expect(sent.some((frame) => dissect(frame).get('arp.op') === 1)).toBe(true);

    c.send(SERVERS, isAt(SERVERS, mac.server[1], v4.servers[0], v4.port[1]));
    c.warp(10);
    c.discard();
    c.exchange(CLIENTS, [packet.sent], SERVERS, [packet.forwarded(mac.server[1])]);
  });

  test('DPL-034 a reply that nobody asked for does not replace a static entry', async () => {
    const c = await startWorld(v4, forwarding);
    c.send(SERVERS, isAt(SERVERS, mac.server[2], v4.servers[0], v4.port[1]));
    c.warp(10);
    const packet = toUnknown(1);
    c.exchange(CLIENTS, [packet.sent], SERVERS, [packet.forwarded(mac.server[0])]);
    const lines = c.output('dpip neigh show').split('\n').filter((line) => line.includes(v4.servers[0]));
    // The listing has the one entry once for each worker.
    expect(lines).toHaveLength(workers);
    for (const line of lines) expect(line).toMatch(/mac: 02:bb:00:00:00:01 .* static$/);
  });

  test('DPL-034 static entries stay and can be deleted', async () => {
    const c = await startWorld(v4, forwarding);
    const packet = toUnknown(1);
    c.warp(200_000, 50_000);
    c.exchange(CLIENTS, [packet.sent], SERVERS, [packet.forwarded(mac.server[0])]);
    c.run(`dpip neigh del ${v4.servers[0]} dev test1`);
    c.send(CLIENTS, packet.sent);
    c.expectFrames(SERVERS, arpRequest(SERVERS, v4.port[1], v4.servers[0]));
  });
});

test('DPL-035 a new address is announced', async () => {
  const c = await startCase();
  c.run(`dpip addr add ${v4.vip}/32 dev test0`);
  c.settle({ timers: true });
  const [frame] = c.collect(CLIENTS);
  expect(frame).toBeDefined();
  expect(Object.fromEntries(dissect(frame ?? Buffer.alloc(0)))).toMatchObject({
    'eth.dst': mac.broadcast,
    'eth.src': mac.port[0],
    'arp.sender.ip': v4.vip,
    'arp.target.ip': v4.vip,
    'arp.sender.mac': mac.port[0],
  });
});

test('DPL-046 frames for another MAC address are not answered', async () => {
  const c = await startWorld(v4);
  const ping = icmpEcho({ type: 'request', id: 1, seq: 1 });
  const frame = ethernet({ src: mac.client, dst: '02:cc:00:00:00:01' }, ip({ src: v4.client, dst: v4.vip }, ping));
  c.expectDrops({ other_host: 1 }, () => c.send(CLIENTS, frame));
  c.expectNothing();
});
