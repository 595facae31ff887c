// SPDX-License-Identifier: Apache-2.0
// Packets that are wrong: each is counted under its name and goes nowhere.
import { expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { ethernet, ip, ipv4, ipv6, PROTO, raw, tcp, udp, type Layer3 } from '../harness/frames';
import { CLIENTS, configureService, mac, SERVERS, startWorld, v4, v6 } from './topology';

stopDaemonsAfterEach();

const datagram = udp({ sport: 1000, dport: 53, payload: '0123456789' });

function frame(packet: Layer3): Buffer {
  return ethernet({ src: mac.client, dst: mac.port[0] }, packet);
}

/** Sends frames one by one and checks the counter of each. */
function expectEach(c: Case, rows: readonly (readonly [reason: string, frame: Uint8Array])[]): void {
  for (const [reason, bytes] of rows) c.expectDrops({ [reason]: 1 }, () => c.send(CLIENTS, bytes));
  // ICMP errors may tell the sender, but nothing gets through.
  c.expectFrames(SERVERS);
  c.discard();
}

test('DPL-045 IPv4', async () => {
  const c = await startWorld(v4, { conf: { ipv4_defs: ['forwarding on'] } });
  configureService(c, v4, { proto: 'udp', port: 53 });
  const to = { src: v4.client, dst: v4.vip };
  const good = frame(ipv4(to, datagram));
  expectEach(c, [
    ['eth_truncated', good.subarray(0, 10)],
    ['ip4_header', frame(ipv4({ ...to, wrong: { version: 5 } }, datagram))],
    ['ip4_header', frame(ipv4({ ...to, wrong: { headerWords: 4 } }, datagram))],
    ['ip4_checksum', frame(ipv4({ ...to, wrong: { checksum: 0x1111 } }, datagram))],
    ['ip4_truncated', frame(ipv4({ ...to, wrong: { totalLength: 200 } }, datagram))],
    ['ip4_truncated', good.subarray(0, 30)],
    ['ip4_address', frame(ipv4({ src: '127.0.0.1', dst: v4.vip }, datagram))],
    ['ip4_address', frame(ipv4({ src: '224.0.0.1', dst: v4.vip }, datagram))],
    ['l4_truncated', frame(ipv4(to, raw(PROTO.UDP, Buffer.alloc(7))))],
    ['l4_truncated', frame(ipv4(to, udp({ sport: 1, dport: 53, wrong: { length: 4 } })))],
    ['l4_truncated', frame(ipv4(to, udp({ sport: 1, dport: 53, wrong: { length: 100 } })))],
    ['l4_truncated', frame(ipv4(to, raw(PROTO.TCP, Buffer.alloc(19))))],
    ['ip4_fragment', frame(ipv4({ ...to, mf: true }, datagram))],
    ['ip4_fragment', frame(ipv4({ ...to, fragmentOffset: 64 }, datagram))],
    ['ip4_no_route', frame(ipv4({ src: v4.client, dst: '203.0.113.1' }, datagram))],
  ]);
  // And the good one is still served.
  c.send(CLIENTS, good);
  expect(c.collect(SERVERS)).toHaveLength(1);
});

test('DPL-045 TCP data offset beyond the packet', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'tcp', port: 80 });
  const to = { src: v4.client, dst: v4.vip };
  expectEach(c, [
    ['l4_truncated', frame(ipv4(to, tcp({ sport: 1, dport: 80, seq: 1, flags: 'S', wrong: { headerWords: 15 } })))],
    ['l4_truncated', frame(ipv4(to, tcp({ sport: 1, dport: 80, seq: 1, flags: 'S', wrong: { headerWords: 4 } })))],
  ]);
});

test('DPL-045 IPv6', async () => {
  const c = await startWorld(v6, { conf: { ipv6_defs: ['forwarding on'] } });
  configureService(c, v6, { proto: 'udp', port: 53 });
  const to = { src: v6.client, dst: v6.vip };
  const good = frame(ipv6(to, datagram));
  expectEach(c, [
    ['ip6_header', frame(ipv6({ ...to, wrong: { version: 4 } }, datagram))],
    ['ip6_truncated', frame(ipv6({ ...to, wrong: { payloadLength: 500 } }, datagram))],
    ['ip6_truncated', good.subarray(0, 40)],
    ['ip6_address', frame(ipv6({ src: 'ff02::1', dst: v6.vip }, datagram))],
    ['ip6_address', frame(ipv6({ src: '::1', dst: v6.vip }, datagram))],
    ['l4_truncated', frame(ipv6(to, raw(PROTO.UDP, Buffer.alloc(7))))],
    ['ip6_no_route', frame(ipv6({ src: v6.client, dst: '2001:db9::1' }, datagram))],
  ]);
  c.send(CLIENTS, good);
  expect(c.collect(SERVERS)).toHaveLength(1);
});

test('DPL-045 IPv6 disabled drops all of it', async () => {
  const c = await startWorld(v4, { conf: { ipv6_defs: ['disable on'] } });
  c.expectDrops({ ip6_disabled: 1 }, () => c.send(CLIENTS, frame(ipv6({ src: v6.client, dst: v6.vip }, datagram))));
});

test('DPL-045 a header spread over two buffers is refused, not misread', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: 53 });
  const bytes = frame(ip({ src: v4.client, dst: v4.vip }, datagram));
  c.expectDrops({ ip4_truncated: 1 }, () => c.sendSplit(CLIENTS, 20, bytes));
  c.expectDrops({ l4_truncated: 1 }, () => c.sendSplit(CLIENTS, 38, bytes));
  c.expectNothing();
});

test('DPL-045 what is behind a packet in its frame is not sent on, in however many buffers it is', async () => {
  const c = await startWorld(v4, { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } });
  configureService(c, v4, { proto: 'udp', port: 53 });
  const bytes = frame(ip({ src: v4.client, dst: v4.vip }, datagram));
  const padded = Buffer.concat([bytes, Buffer.alloc(600, 0x55)]);
  for (const first of [bytes.length - 5, bytes.length, bytes.length + 100]) {
    c.sendSplit(CLIENTS, first, padded);
    expect(c.collectOne(SERVERS)).toHaveLength(bytes.length);
  }
});

test('DPL-045 random damage never gets out of hand', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: 53 });
  const good = frame(ip({ src: v4.client, dst: v4.vip }, datagram));
  let state = 12345;
  const random = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  for (let round = 0; round < 20; round++) {
    const frames = Array.from({ length: 50 }, () => {
      const copy = Buffer.from(good.subarray(0, 1 + random(good.length)));
      for (let i = 0; i < 3; i++) copy.writeUInt8(random(256), random(copy.length));
      return copy;
    });
    c.send(CLIENTS, ...frames);
    c.discard();
  }
  c.send(CLIENTS, good);
  expect(c.collect(SERVERS)).toHaveLength(1);
});
