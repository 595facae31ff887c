// SPDX-License-Identifier: Apache-2.0
// Routes and plain forwarding.
import { describe, expect, test } from 'vitest';
import { ipBytes, ipText } from '../harness/addresses';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { describe as show, dissect, numberOf } from '../harness/dissect';
import { ethernet, ip, ipv4, ipv6, PROTO, raw, udp } from '../harness/frames';
import { CLIENTS, families, mac, SERVERS, startWorld, v4, v6, type Family } from './topology';

stopDaemonsAfterEach();

const forwarding = { conf: { ipv4_defs: ['forwarding on'], ipv6_defs: ['forwarding on'] } };
const datagram = udp({ sport: 1000, dport: 2000, payload: 'through' });

function packetTo(f: Family, dst: string, ttl = 64): Buffer {
  return ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: f.client, dst, ttl }, datagram));
}

function forwarded(f: Family, dst: string, via: string, ttl = 63): Buffer {
  return ethernet({ src: mac.port[1], dst: via }, ip({ src: f.client, dst, ttl }, datagram));
}

const lookups: Readonly<Record<Family['name'], { readonly routes: string; readonly probes: readonly (readonly [string, number])[] }>> = {
  IPv4: {
    routes: `
      dpip route add default via 10.1.0.11 dev test1
      dpip route add 203.0.0.0/8 via 10.1.0.12 dev test1
      dpip route add 203.0.113.0/24 via 10.1.0.13 dev test1
      dpip route add 203.0.113.128/25 via 10.1.0.11 dev test1
      dpip route add 203.0.113.200/32 via 10.1.0.12 dev test1`,
    probes: [
      ['198.51.100.1', 0],
      ['203.1.2.3', 1],
      ['203.0.113.1', 2],
      ['203.0.113.127', 2],
      ['203.0.113.128', 0],
      ['203.0.113.199', 0],
      ['203.0.113.200', 1],
      ['10.1.0.13', 2],
    ],
  },
  IPv6: {
    routes: `
      dpip -6 route add default via 2001:db8:1::11 dev test1
      dpip -6 route add 2001:db8:100::/40 via 2001:db8:1::12 dev test1
      dpip -6 route add 2001:db8:123::/48 via 2001:db8:1::13 dev test1
      dpip -6 route add 2001:db8:123:8000::/49 via 2001:db8:1::11 dev test1
      dpip -6 route add 2001:db8:123::5/128 via 2001:db8:1::12 dev test1`,
    probes: [
      ['2001:db9::1', 0],
      ['2001:db8:1ff::1', 1],
      ['2001:db8:123::4', 2],
      ['2001:db8:123:7fff::1', 2],
      ['2001:db8:123:8000::1', 0],
      ['2001:db8:123::5', 1],
      ['2001:db8:1::13', 2],
    ],
  },
};

describe.each(families)('$name', (f) => {
  test('DPL-039 DPL-040 the longest prefix decides', async () => {
    const c = await startWorld(f, forwarding);
    c.run(lookups[f.name].routes);
    for (const [dst, server] of lookups[f.name].probes) {
      c.exchange(CLIENTS, [packetTo(f, dst)], SERVERS, [forwarded(f, dst, mac.server[server] ?? '')]);
    }
  });

  test.each(f === v4 ? ['trie'] : ['hlist', 'lpm'])('DPL-039 DPL-040 20 prefixes in each other, %s', async (method) => {
    const lines = method === 'trie' ? ['forwarding on'] : ['forwarding on', 'route6 {', `method ${method}`, '}'];
    const c = await startWorld(f, { conf: { [f === v4 ? 'ipv4_defs' : 'ipv6_defs']: lines } });
    // Lengths up to the host's; prefix i covers the target's first bits, and its next hop is server i % 3.
    const target = BigInt(`0x${ipBytes(f === v4 ? '203.0.113.77' : '2001:db9:aaaa:5555:1:2:3:4').toString('hex')}`);
    const bits = f === v4 ? 32 : 128;
    const lengths = Array.from({ length: 20 }, (_, i) => Math.floor(((i + 1) * bits) / 20));
    const text = (value: bigint): string => ipText(Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex'));
    const zeroed = (value: bigint, length: number): bigint => (value >> BigInt(bits - length)) << BigInt(bits - length);
    c.run(
      lengths
        .map((length, i) => [length, i % 3] as const)
        // In an order of no help.
        .sort(([x], [y]) => ((x * 7) % 23) - ((y * 7) % 23))
        .map(([length, server]) => `dpip ${f === v4 ? '' : '-6'} route add ${text(zeroed(target, length))}/${length} via ${f.servers[server] ?? ''} dev test1`)
        .join('\n'),
    );
    for (const [i, length] of lengths.entries()) {
      // The first bit behind the prefix is the other one: no longer prefix has this address.
      const probe = text(length === bits ? target : target ^ (1n << BigInt(bits - length - 1)));
      c.exchange(CLIENTS, [packetTo(f, probe)], SERVERS, [forwarded(f, probe, mac.server[i % 3] ?? '')]);
    }
    const outside = text(target ^ (1n << BigInt(bits - 1)));
    c.expectDrops({ [f === v4 ? 'ip4_no_route' : 'ip6_no_route']: 1 }, () => c.send(CLIENTS, packetTo(f, outside)));
  });

  test('DPL-039 DPL-040 a deleted route gives way to the next shorter one, and to none', async () => {
    const c = await startWorld(f, forwarding);
    const [flag, dst, wide, narrow, gw1, gw2] =
      f === v4
        ? ['', '203.0.113.1', '203.0.0.0/8', '203.0.113.0/24', '10.1.0.11', '10.1.0.12']
        : ['-6', '2001:db8:123::4', '2001:db8:100::/40', '2001:db8:123::/48', '2001:db8:1::11', '2001:db8:1::12'];
    c.run(`
      dpip ${flag} route add ${wide} via ${gw1} dev test1
      dpip ${flag} route add ${narrow} via ${gw2} dev test1`);
    c.exchange(CLIENTS, [packetTo(f, dst)], SERVERS, [forwarded(f, dst, mac.server[1])]);
    c.run(`dpip ${flag} route del ${narrow} dev test1`);
    c.exchange(CLIENTS, [packetTo(f, dst)], SERVERS, [forwarded(f, dst, mac.server[0])]);
    c.run(`dpip ${flag} route del ${wide} dev test1`);
    c.expectDrops({ [f === v4 ? 'ip4_no_route' : 'ip6_no_route']: 1 }, () => c.send(CLIENTS, packetTo(f, dst)));
  });

  test('DPL-043 nothing is forwarded while forwarding is off', async () => {
    const c = await startWorld(f);
    const reason = f === v4 ? 'ip4_forward_off' : 'ip6_forward_off';
    c.expectDrops({ [reason]: 1 }, () => c.send(CLIENTS, packetTo(f, f.servers[0])));
    c.expectNothing();
  });

  test('DPL-042 the last hop is told when the time to live runs out', async () => {
    const c = await startWorld(f, forwarding);
    const reason = f === v4 ? 'ip4_ttl' : 'ip6_hop_limit';
    const sent = packetTo(f, f.servers[0], 1);
    c.expectDrops({ [reason]: 1 }, () => c.send(CLIENTS, sent));
    const error = c.collectOne(CLIENTS);
    const fields = dissect(error);
    expect(fields.get('icmp.type'), show(error)).toBe(f === v4 ? 11 : 3);
    expect(fields.get('icmp.code')).toBe(0);
    expect(fields.get('icmp.checksum')).toBe('good');
    expect(fields.get('eth.dst')).toBe(mac.client);
    expect(String(fields.get('payload')).slice(8)).toBe(sent.subarray(14).toString('hex'));
    expect(c.collect(SERVERS)).toHaveLength(0);
    // One more hop is enough.
    c.exchange(CLIENTS, [packetTo(f, f.servers[0], 2)], SERVERS, [forwarded(f, f.servers[0], mac.server[0], 1)]);
  });
});

describe('route mtu', () => {
  const payload = Buffer.from(Array.from({ length: 1400 }, (_, i) => i & 0xff));
  const big = udp({ sport: 1, dport: 2, payload });

  function sendBig(c: Case, df: boolean): void {
    const packet = ipv4({ src: v4.client, dst: '203.0.113.1', id: 0x1234, df }, big);
    c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, packet));
  }

  test('DPL-044 IPv4 without DF is fragmented', async () => {
    const c = await startWorld(v4, forwarding);
    c.run('dpip route add 203.0.113.0/24 via 10.1.0.11 dev test1 mtu 1000');
    sendBig(c, false);
    const frames = c.collect(SERVERS);
    const whole = Buffer.concat([ipv4({ src: v4.client, dst: '203.0.113.1' }, big).bytes.subarray(20)]);
    const first = numberOf(frames[0] ?? Buffer.alloc(0), 'ip.length') - 20;
    expect(first % 8).toBe(0);
    expect(first).toBeLessThanOrEqual(980);
    const fields = { src: v4.client, dst: '203.0.113.1', id: 0x1234, ttl: 63 };
    const wanted = [
      ipv4({ ...fields, mf: true }, raw(PROTO.UDP, whole.subarray(0, first))),
      ipv4({ ...fields, fragmentOffset: first }, raw(PROTO.UDP, whole.subarray(first))),
    ].map((packet) => ethernet({ src: mac.port[1], dst: mac.server[0] }, packet));
    expect(frames.map((frame) => frame.toString('hex'))).toEqual(wanted.map((frame) => frame.toString('hex')));
  });

  test('DPL-042 DPL-044 IPv4 with DF is refused with the MTU', async () => {
    const c = await startWorld(v4, forwarding);
    c.run('dpip route add 203.0.113.0/24 via 10.1.0.11 dev test1 mtu 1000');
    c.expectDrops({ ip4_too_big: 1 }, () => sendBig(c, true));
    const error = c.collectOne(CLIENTS);
    expect(dissect(error).get('icmp.type')).toBe(3);
    expect(dissect(error).get('icmp.code')).toBe(4);
    expect(String(dissect(error).get('payload')).slice(0, 8)).toBe('000003e8');
  });

  test('DPL-042 IPv6 is refused with the MTU', async () => {
    const c = await startWorld(v6, forwarding);
    c.run('dpip -6 route add 2001:db8:123::/48 via 2001:db8:1::11 dev test1 mtu 1300');
    const packet = ipv6({ src: v6.client, dst: '2001:db8:123::1' }, big);
    c.expectDrops({ ip6_too_big: 1 }, () => c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, packet)));
    const error = c.collectOne(CLIENTS);
    expect(dissect(error).get('icmp.type')).toBe(2);
    expect(String(dissect(error).get('payload')).slice(0, 8)).toBe('00000514');
    expect(error.length).toBeLessThanOrEqual(14 + 1280);
  });
});
