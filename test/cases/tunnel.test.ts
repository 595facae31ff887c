// SPDX-License-Identifier: Apache-2.0
// IP tunnels: the other end is a host behind port test1, and a net of its own is behind the tunnel.
import { describe, expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, type Case, type CaseOptions } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { arp, ethernet, icmp, icmp6Echo, icmpEcho, ip, ipv4, udp, type Layer3, type Layer4 } from '../harness/frames';
import { gre, ipip, type GreFields } from '../harness/tunnels';
import { CLIENTS, endpoint, fromClient, mac, quieten, SERVERS, toClient, v4, v6, type Family } from './topology';

stopDaemonsAfterEach();

const LOCAL = v4.port[1];
const REMOTE = v4.servers[0];
const PORT = 53;

/** Both ends of the net behind the tunnel. */
const inside = {
  IPv4: { ours: '192.168.7.1', host: '192.168.7.2', lip: '192.168.7.200', plen: 24 },
  IPv6: { ours: '2001:db8:7::1', host: '2001:db8:7::2', lip: '2001:db8:7::200', plen: 64 },
} as const;

const FORWARDING = { ipv4_defs: ['forwarding on'], ipv6_defs: ['forwarding on'], ipvs_defs: ['udp {', 'uoa_max_trail 0', '}'] };

/** A daemon with a tunnel to REMOTE; `words` say what kind. */
async function start(words: string, options: CaseOptions = {}): Promise<Case> {
  const c = await startCase({ conf: FORWARDING, ...options });
  c.run(`
    dpip addr add ${v4.port[0]}/24 dev test0
    dpip addr add ${v6.port[0]}/64 dev test0
    dpip addr add ${LOCAL}/24 dev test1
    dpip neigh add ${v4.client} lladdr ${mac.client} dev test0
    dpip neigh add ${v6.client} lladdr ${mac.client} dev test0
    dpip neigh add ${REMOTE} lladdr ${mac.server[0]} dev test1
    dpip tunnel add tun1 ${words} remote ${REMOTE} local ${LOCAL}`);
  for (const net of [inside.IPv4, inside.IPv6]) c.run(`dpip addr add ${net.ours}/${net.plen} dev tun1`);
  quieten(c, v6);
  return c;
}

interface Outer {
  readonly ttl?: number;
  readonly tos?: number;
  readonly id?: number;
  readonly df?: boolean;
}

/** What the other end sends to us. */
function fromPeer(payload: Layer4, outer: Outer & { readonly src?: string; readonly dst?: string } = {}): Buffer {
  const { src = REMOTE, dst = LOCAL, ...rest } = outer;
  return ethernet({ src: mac.server[0], dst: mac.port[1] }, ipv4({ src, dst, ...rest }, payload));
}

/** What it gets. */
function toPeer(payload: Layer4, outer: Outer = {}): Buffer {
  return ethernet({ src: mac.port[1], dst: mac.server[0] }, ipv4({ src: LOCAL, dst: REMOTE, ...outer }, payload));
}

const QUESTION = { sport: 5000, dport: PORT, payload: 'question' };

/** A packet from a client to the host behind the tunnel. */
function passing(extra: { readonly ttl?: number; readonly df?: boolean; readonly tos?: number } = {}, payload = 'question'): Layer3 {
  return ipv4({ src: v4.client, dst: inside.IPv4.host, ...extra }, udp({ ...QUESTION, payload }));
}

const clientFrame = (packet: Layer3): Buffer => ethernet({ src: mac.client, dst: mac.port[0] }, packet);

/** Kinds of tunnels, and what each puts around a packet. */
const kinds = [
  { id: 'DPL-048', name: 'ipip', words: 'mode ipip', overhead: 20, wrap: (): ((inner: Layer3) => Layer4) => ipip },
  { id: 'DPL-049', name: 'gre', words: 'mode gre', overhead: 24, wrap: wrapper({}) },
  { id: 'DPL-049', name: 'gre with key', words: 'mode gre key 5', overhead: 28, wrap: wrapper({ key: 5 }) },
  { id: 'DPL-049', name: 'gre with all', words: 'mode gre key 1.2.3.4 csum seq', overhead: 36, wrap: wrapper({ key: 0x01020304, csum: true }, true) },
] as const;

/** Numbered packets are numbered by the wrapper of a test. */
function wrapper(fields: GreFields, numbered = false): () => (inner: Layer3) => Layer4 {
  return () => {
    let seq = 0;
    return (inner) => gre({ ...fields, ...(numbered ? { seq: seq++ } : {}) }, inner);
  };
}

describe.each(kinds)('$name', ({ id, words, overhead, wrap }) => {
  test.each(['IPv4', 'IPv6'] as const)(`${id} echo through the tunnel, %s inside`, async (family) => {
    const c = await start(words);
    const { ours, host } = inside[family];
    const [out, back] = [wrap(), wrap()];
    const echo = family === 'IPv6' ? icmp6Echo : icmpEcho;
    for (let n = 0; n < 3; n++) {
      const fields = { id: 7, seq: n, payload: 'are you there?' };
      // IPv6 is never fragmented on its way; IPv4 answers may be.
      const outer = family === 'IPv6' ? { df: true } : { id: n };
      c.exchange(
        SERVERS, [fromPeer(out(ip({ src: host, dst: ours, ttl: 9 }, echo({ type: 'request', ...fields }))))],
        SERVERS, [toPeer(back(ip({ src: ours, dst: host }, echo({ type: 'reply', ...fields }))), outer)],
      ); // prettier-ignore
    }
    expect([...c.drops()]).toEqual([]);
  });

  test(`${id} packets on their way, and those that are too long`, async () => {
    const c = await start(words);
    const mtu = 1500 - overhead;
    const out = wrap();
    c.exchange(CLIENTS, [clientFrame(passing({ df: true }))], SERVERS, [
      toPeer(out(passing({ df: true, ttl: 63 })), { df: true, ttl: 63 }),
    ]);
    // As long as can be.
    const longest = 'x'.repeat(mtu - 28);
    c.exchange(CLIENTS, [clientFrame(passing({ df: true }, longest))], SERVERS, [
      toPeer(out(passing({ df: true, ttl: 63 }, longest)), { df: true, ttl: 63 }),
    ]);
    const tooLong = passing({ df: true }, `${longest}y`);
    c.send(CLIENTS, clientFrame(tooLong));
    const needed = Buffer.concat([Buffer.from([0, 0, mtu >> 8, mtu & 0xff]), tooLong.bytes.subarray(0, 548)]);
    c.expectFrames(CLIENTS, ethernet({ src: mac.port[0], dst: mac.client }, ipv4({ src: v4.port[0], dst: v4.client, tos: 0xc0 }, icmp(3, 4, needed))));
    c.expectNothing();
    // And back.
    const answer = ipv4({ src: inside.IPv4.host, dst: v4.client }, udp({ sport: PORT, dport: 5000, payload: 'answer' }));
    c.exchange(SERVERS, [fromPeer(wrap()(answer))], CLIENTS, [
      ethernet({ src: mac.port[0], dst: mac.client }, ipv4({ src: inside.IPv4.host, dst: v4.client, ttl: 63 }, udp({ sport: PORT, dport: 5000, payload: 'answer' }))),
    ]);
  });

  test.each([1, 2])(`${id} FullNAT to a real server behind the tunnel, %i worker(s)`, async (n) => {
    for (const f of [v4, v6]) {
      const c = await start(words, n === 2 ? { conf: FORWARDING, workers: 2, queues: 2 } : {});
      await fullNat(c, f, wrap);
      c.daemon.stop();
    }
  });
});

async function fullNat(c: Case, f: Family, wrap: () => (inner: Layer3) => Layer4): Promise<void> {
  const { host, lip } = inside[f.name];
  const [out, back] = [wrap(), wrap()];
  c.run(`
    dpip addr add ${f.vip}/${f.hostPlen} dev test0
    ipvsadm -A -u ${endpoint(f.vip, PORT)} -s rr
    ipvsadm -P -u ${endpoint(f.vip, PORT)} -z ${lip} -F tun1
    ipvsadm -a -u ${endpoint(f.vip, PORT)} -r ${endpoint(host, PORT)} -b`);
  quieten(c, f);
  for (const sport of [5000, 5001, 5002, 5003]) {
    const question = { ...QUESTION, sport };
    c.send(CLIENTS, fromClient(f, udp(question)));
    const frame = c.collectOne(SERVERS);
    // The local port is in front of the payload's eight bytes and the rest of the UDP header.
    const lport = frame.readUInt16BE(frame.length - question.payload.length - 8);
    const id = frame.readUInt16BE(18);
    const inner = ip({ src: lip, dst: host }, udp({ ...question, sport: lport }));
    const want = toPeer(out(inner), f === v4 ? { id } : { df: true });
    // Workers number for themselves which packets of a tunnel they send; what each sends is all there.
    expect(frame.toString('hex')).toBe(want.toString('hex'));
    const answer = { sport: PORT, dport: lport, payload: `answer ${sport}` };
    c.send(SERVERS, fromPeer(back(ip({ src: host, dst: lip }, udp(answer)))));
    c.expectFrames(CLIENTS, toClient(f, udp({ ...answer, dport: sport })));
    c.expectNothing();
  }
  expect([...c.drops()]).toEqual([]);
}

describe('headers', () => {
  test.each([
    { words: 'ttl 33', inner: { tos: 0xb8 }, outer: { ttl: 33, tos: 0 } },
    { words: 'tos inherit', inner: { tos: 0xb8 }, outer: { ttl: 63, tos: 0xb8 } },
    { words: 'ttl inherit tos 32', inner: { tos: 0xb9 }, outer: { ttl: 63, tos: 0x21 } },
  ])('DPL-048 $words', async ({ words, inner, outer }) => {
    const c = await start(`mode ipip ${words}`);
    c.exchange(CLIENTS, [clientFrame(passing({ df: true, ...inner }))], SERVERS, [toPeer(ipip(passing({ df: true, ttl: 63, ...inner })), { df: true, ...outer })]);
  });

  test('DPL-048 congestion met between the ends is told to the packet inside (RFC 6040)', async () => {
    const c = await start('mode ipip');
    const answer = (tos: number, ttl = 64): Layer3 => ipv4({ src: inside.IPv4.host, dst: v4.client, tos, ttl }, udp({ sport: 1, dport: 2 }));
    const got = (tos: number): Buffer => ethernet({ src: mac.port[0], dst: mac.client }, answer(tos, 63));
    c.exchange(SERVERS, [fromPeer(ipip(answer(2)), { tos: 3 })], CLIENTS, [got(3)]);
    c.exchange(SERVERS, [fromPeer(ipip(answer(2)), { tos: 2 })], CLIENTS, [got(2)]);
    c.expectDrops({ tunnel_ecn: 1 }, () => {
      c.send(SERVERS, fromPeer(ipip(answer(0)), { tos: 3 }));
    });
    c.expectNothing();
  });

  test('DPL-048 packets without DF are cut to the MTU of the tunnel, each part with a header of its own', async () => {
    const c = await start('mode ipip');
    c.send(CLIENTS, clientFrame(passing({}, 'x'.repeat(1470))));
    const frames = c.collect(SERVERS);
    expect(frames.map((frame) => frame.length)).toEqual([14 + 20 + 20 + 1456, 14 + 20 + 20 + 22]);
    expect(frames.map((frame) => numberOf(frame, 'ip.proto'))).toEqual([4, 4]);
    c.expectNothing();
  });

  test('DPL-048 outer fragments are put together', async () => {
    const c = await start('mode ipip', { conf: { ...FORWARDING, ipvs_defs: ['fragment_mode reassemble', 'conn {', 'conn_pool_size 65535', '}'] } });
    const answer = ipv4({ src: inside.IPv4.host, dst: v4.client, ttl: 64 }, udp({ sport: 1, dport: 2, payload: 'x'.repeat(600) }));
    const whole = ipip(answer).bytes(Buffer.alloc(4), Buffer.alloc(4));
    const part = (at: number, end: number): Buffer =>
      ethernet({ src: mac.server[0], dst: mac.port[1] }, ipv4({ src: REMOTE, dst: LOCAL, id: 77, mf: end < whole.length, fragmentOffset: at }, { proto: 4, bytes: () => whole.subarray(at, end) }));
    c.send(SERVERS, part(400, whole.length), part(0, 400));
    c.expectFrames(CLIENTS, ethernet({ src: mac.port[0], dst: mac.client }, ipv4({ src: inside.IPv4.host, dst: v4.client, ttl: 63 }, udp({ sport: 1, dport: 2, payload: 'x'.repeat(600) }))));
  });
});

describe('who gets a packet', () => {
  const ECHO = { type: 'request', id: 1, seq: 1, payload: 'x' } as const;

  test('DPL-049 a packet with a wrong key is answered with port unreachable', async () => {
    const c = await start('mode gre key 5');
    for (const fields of [{ key: 6 }, {}]) {
      const wrong = ipv4({ src: REMOTE, dst: LOCAL }, gre(fields, ipv4({ src: inside.IPv4.host, dst: inside.IPv4.ours }, icmpEcho(ECHO))));
      c.expectDrops({ tunnel_unknown: 1 }, () => {
        c.send(SERVERS, ethernet({ src: mac.server[0], dst: mac.port[1] }, wrong));
      });
      const error = icmp(3, 3, Buffer.concat([Buffer.alloc(4), wrong.bytes]));
      c.expectFrames(SERVERS, ethernet({ src: mac.port[1], dst: mac.server[0] }, ipv4({ src: LOCAL, dst: REMOTE, tos: 0xc0 }, error)));
      c.expectNothing();
    }
  });

  test('DPL-048 an ipip packet of nobody is dropped without a word', async () => {
    const c = await start('mode ipip');
    c.expectDrops({ tunnel_unknown: 1 }, () => {
      c.send(SERVERS, fromPeer(ipip(ipv4({ src: inside.IPv4.host, dst: inside.IPv4.ours }, icmpEcho(ECHO))), { src: v4.servers[1] }));
    });
    c.expectNothing();
  });

  test('DPL-049 checksum and number are there when they must be, and right', async () => {
    const c = await start('mode gre csum seq');
    const inner = ipv4({ src: inside.IPv4.host, dst: v4.client }, udp({ sport: 1, dport: 2 }));
    const drop = (reason: string, fields: GreFields): void => {
      c.expectDrops({ [reason]: 1 }, () => {
        c.send(SERVERS, fromPeer(gre(fields, inner)));
      });
      c.expectNothing();
    };
    const pass = (seq: number): void => {
      c.send(SERVERS, fromPeer(gre({ csum: true, seq }, inner)));
      expect(c.collect(CLIENTS)).toHaveLength(1);
    };
    drop('tunnel_flags', { seq: 0 });
    drop('tunnel_flags', { csum: true });
    drop('tunnel_checksum', { csum: true, seq: 0, wrong: { checksum: 0x1234 } });
    pass(0);
    drop('tunnel_sequence', { csum: true, seq: 0 });
    pass(1);
    pass(5); // others were lost
    drop('tunnel_sequence', { csum: true, seq: 4 });
    drop('tunnel_sequence', { csum: true, seq: 0x80000006 }); // behind, in a circle
    pass(0x7fffffff);
    pass(0xffffffff);
    pass(0); // round
  });

  test('DPL-048 both ends count more than one, and the device decides between equals', async () => {
    const c = await startCase({ conf: FORWARDING });
    c.run(`
      dpip addr add ${LOCAL}/24 dev test1
      dpip tunnel add for-any mode ipip
      dpip tunnel add for-local mode ipip local ${LOCAL}
      dpip tunnel add for-remote mode ipip remote ${REMOTE}
      dpip tunnel add for-both mode ipip remote ${REMOTE} local ${LOCAL}
      dpip tunnel add linked mode ipip remote ${REMOTE} local ${LOCAL} dev test1
      dpip tunnel add elsewhere mode ipip remote ${REMOTE} local ${LOCAL} dev test0`);
    quieten(c, v4);
    const inner = ipv4({ src: inside.IPv4.host, dst: '203.0.113.9' }, udp({ sport: 1, dport: 2 }));
    const receives = (name: string, src = REMOTE): void => {
      const before = received(c, name);
      c.send(SERVERS, fromPeer(ipip(inner), { src }));
      expect(received(c, name), name).toBe(before + 1);
    };
    receives('linked');
    c.run('dpip link set linked link down');
    receives('for-both');
    c.run('dpip tunnel del linked\ndpip tunnel del for-both');
    receives('for-remote');
    c.run('dpip tunnel del for-remote');
    receives('for-local');
    receives('for-local', '10.1.0.77');
    c.run('dpip tunnel del for-local');
    receives('for-any', '10.1.0.77');
    expect(received(c, 'elsewhere')).toBe(0);
  });
});

/** Packets that a device received. */
function received(c: Case, name: string): number {
  const [, , , , values = ''] = c.output(`dpip -s link show ${name}`).split('\n');
  return Number(values.trim().split(/\s+/)[0]);
}

describe('what cannot be', () => {
  test('DPL-049 broken headers and strange payloads', async () => {
    const c = await start('mode gre');
    const inner = ipv4({ src: inside.IPv4.host, dst: inside.IPv4.ours }, icmpEcho({ type: 'request', id: 1, seq: 1 }));
    const drop = (reason: string, payload: Layer4): void => {
      c.expectDrops({ [reason]: 1 }, () => {
        c.send(SERVERS, fromPeer(payload));
      });
      c.expectNothing();
    };
    drop('tunnel_gre', { proto: 47, bytes: () => Buffer.from([0, 0, 8]) });
    drop('tunnel_gre', { proto: 47, bytes: () => Buffer.from([0x20, 0, 8, 0, 0, 0]) });
    drop('tunnel_gre', gre({ wrong: { flags: 1 } }, inner)); // another version
    drop('tunnel_gre', gre({ wrong: { flags: 0x4000 } }, inner)); // a source route
    drop('tunnel_payload', gre({}, arp({ op: 'request', senderMac: mac.server[0], senderIp: inside.IPv4.host, targetIp: inside.IPv4.ours })));
    drop('tunnel_payload', gre({ wrong: { etherType: 0x86dd } }, inner));
    drop('tunnel_payload', { proto: 47, bytes: () => Buffer.from([0, 0, 8, 0]) });
    drop('ip4_checksum', gre({}, ipv4({ src: inside.IPv4.host, dst: inside.IPv4.ours, wrong: { checksum: 1 } }, udp({ sport: 1, dport: 2 }))));
    drop('ip4_truncated', gre({}, ipv4({ src: inside.IPv4.host, dst: inside.IPv4.ours, wrong: { totalLength: 2000 } }, udp({ sport: 1, dport: 2 }))));
    drop('ip4_address', gre({}, ipv4({ src: '127.0.0.1', dst: inside.IPv4.ours }, udp({ sport: 1, dport: 2 }))));
  });

  test('DPL-048 tunnels in tunnels end', async () => {
    const c = await start('mode ipip');
    let packet = ipv4({ src: inside.IPv4.host, dst: v4.client }, udp({ sport: 1, dport: 2 }));
    const deep: Layer3[] = [];
    for (let n = 0; n < 6; n++) deep.push((packet = ipv4({ src: REMOTE, dst: LOCAL }, ipip(packet))));
    const frames = deep.map((one) => ethernet({ src: mac.server[0], dst: mac.port[1] }, one));
    c.expectDrops({ tunnel_nested: 2 }, () => {
      c.send(SERVERS, ...frames);
    });
    expect(c.collect(CLIENTS)).toHaveLength(4);
  });

  test('DPL-048 ways that lead back into the tunnel, and tunnels without a way', async () => {
    const c = await start('mode ipip');
    c.run(`
      dpip route add ${REMOTE}/32 dev tun1
      dpip tunnel add nowhere mode ipip remote 203.0.113.1
      dpip tunnel add deaf mode ipip local ${LOCAL}
      dpip tunnel add astray mode ipip remote ${v4.servers[1]} dev test0
      dpip route add 198.51.100.1/32 dev nowhere
      dpip route add 198.51.100.2/32 dev deaf
      dpip route add 198.51.100.3/32 dev astray`);
    const drop = (reason: string, dst: string): void => {
      c.expectDrops({ [reason]: 1 }, () => {
        c.send(CLIENTS, clientFrame(ipv4({ src: v4.client, dst }, udp(QUESTION))));
      });
      c.expectNothing();
    };
    drop('tunnel_loop', inside.IPv4.host);
    drop('tunnel_no_route', '198.51.100.1');
    drop('tunnel_no_route', '198.51.100.2');
    drop('tunnel_no_route', '198.51.100.3');
    c.run(`dpip route del ${REMOTE}/32 dev tun1`);
    c.exchange(CLIENTS, [clientFrame(passing({ df: true }))], SERVERS, [toPeer(ipip(passing({ df: true, ttl: 63 })), { df: true, ttl: 63 })]);
    // Two that lead into each other.
    c.run(`
      dpip tunnel add one mode ipip remote 198.51.100.12 local ${LOCAL}
      dpip tunnel add two mode ipip remote 198.51.100.11 local ${LOCAL}
      dpip route add 198.51.100.11/32 dev one
      dpip route add 198.51.100.12/32 dev two`);
    drop('tunnel_loop', '198.51.100.11');
  });
});

describe('commands', () => {
  test('DPL-048 DP-072 DP-073 DP-074 made, shown, changed and taken away', async () => {
    const c = await startCase({ conf: FORWARDING });
    c.run(`
      dpip addr add ${LOCAL}/24 dev test1
      dpip tunnel add ipip0 mode ipip remote ${REMOTE} local ${LOCAL} dev test1
      dpip tunnel add gre0 mode gre remote ${v4.servers[1]} local ${LOCAL} ttl 64 tos inherit key 5
      dpip tunnel add type gre remote ${v4.servers[2]} ikey 1.2.3.4 ocsum seq`);
    const ipip0 = `ipip0: ipip remote ${REMOTE} local ${LOCAL} dev test1 ttl inherit `;
    const gre0 = `gre0:  gre remote ${v4.servers[1]} local ${LOCAL} ttl 64 tos 0x1 i_flags 0x4 o_flags 0x4 i_key 0x5 o_key 0x5 `;
    const gre4 = `gre4:  gre remote ${v4.servers[2]} local 0.0.0.0 ttl inherit i_flags 0xc o_flags 0x9 i_key 0x1020304 `;
    c.expectOutput('dpip tunnel show', [ipip0, gre0, gre4]);
    c.expectOutput('dpip tunnel show mode gre', [gre0, gre4]);
    c.expectOutput('dpip tunnel show ipip0', [ipip0]);
    c.run('dpip tunnel change ipip0 ttl 7');
    c.expectOutput('dpip tunnel show ipip0', [ipip0.replace('inherit', '7')]);
    c.run(`dpip tunnel replace ipip0 mode gre remote ${REMOTE}`);
    c.expectOutput('dpip tunnel show ipip0', [`ipip0:  gre remote ${REMOTE} local 0.0.0.0 ttl inherit `]);
    c.run('dpip tunnel del gre4');
    c.expectOutput('dpip tunnel show mode gre', [`ipip0:  gre remote ${REMOTE} local 0.0.0.0 ttl inherit `, gre0]);
  });

  test('DPL-048 DP-058 what a tunnel is as a device', async () => {
    const c = await startCase({ conf: FORWARDING });
    c.run(`
      dpip addr add ${LOCAL}/24 dev test1
      dpip tunnel add ipip0 mode ipip remote ${REMOTE} local ${LOCAL}
      dpip tunnel add gre0 mode gre remote ${REMOTE} local ${LOCAL} key 5 dev test1
      dpip tunnel add gre1 mode gre remote ${REMOTE} local ${LOCAL} key 6 seq`);
    const show = (name: string): string[] => c.output(`dpip link show ${name}`).split('\n');
    expect(show('ipip0')[0]).toMatch(/^3: ipip0: socket 0 mtu 1480 rx-queue 0 tx-queue 0/);
    expect(show('ipip0')[1]).toContain('DOWN 0 Mbps half-duplex fixed-nego');
    expect(show('ipip0').join('\n')).toContain('addr 00:00:00:00:00:00');
    expect(show('gre0')[0]).toContain('mtu 1472');
    expect(show('gre0')[1]).toContain('UP');
    expect(show('gre1')[0]).toContain('mtu 1468');
    // No IPv6 link-local address, no neighbours to be shown, and none to be added.
    expect(c.output('dpip -6 addr show dev gre0')).toBe('');
    expect(c.output('dpip neigh show dev gre0')).toBe('');
    for (const line of [
      `dpip neigh add 192.168.7.2 lladdr ${mac.client} dev gre0`,
      'dpip link set gre0 promisc on',
      'dpip vlan add link gre0 id 5',
    ]) {
      expect(c.command(line).status, line).not.toBe(0);
    }
  });

  test('DPL-048 the MTU follows the way to the other end', async () => {
    const c = await startCase({ conf: FORWARDING });
    c.run(`
      dpip addr add ${LOCAL}/24 dev test1
      dpip tunnel add ipip0 mode ipip remote 203.0.113.1 local ${LOCAL}`);
    expect(c.output('dpip link show ipip0')).toContain('mtu 1480 ');
    c.run(`dpip route add 203.0.113.0/24 via ${REMOTE} dev test1 mtu 1300`);
    c.settle({ timers: true });
    expect(c.output('dpip link show ipip0')).toContain('mtu 1280 ');
    c.run('dpip route del 203.0.113.0/24 dev test1');
    c.settle({ timers: true });
    expect(c.output('dpip link show ipip0')).toContain('mtu 1480 ');
  });

  test('DPL-048 what is refused, and why', async () => {
    const c = await startCase({ conf: FORWARDING });
    c.run(`
      dpip vlan add link test1 id 9
      dpip tunnel add t mode ipip remote ${REMOTE} dev test1.9`);
    const refuse = (line: string, code: number, text: string): void => {
      const { status, stderr } = c.command(line);
      expect(status, line).not.toBe(0);
      expect(stderr, line).toContain(text);
      expect(stderr, line).toContain(String(code));
    };
    refuse('dpip tunnel add t mode gre', -3, 'exist');
    refuse(`dpip tunnel add u mode ipip remote ${REMOTE} dev test1.9`, -3, 'exist');
    refuse('dpip tunnel add u mode sit', -1, 'invalid');
    refuse('dpip tunnel add u mode ipip key 5', -1, 'invalid');
    refuse('dpip tunnel add u mode ipip remote 224.0.0.5', -1, 'invalid');
    refuse('dpip tunnel add cpu7 mode ipip', -1, 'invalid');
    refuse('dpip tunnel del test0', -1, 'invalid');
    refuse('dpip tunnel del nobody', -4, 'exist');
    refuse('dpip vlan del test1.9', -13, 'busy');
    c.expectOutput('dpip tunnel show', [`t: ipip remote ${REMOTE} local 0.0.0.0 dev test1.9 ttl inherit `]);
    c.run('dpip tunnel del t\ndpip vlan del test1.9');
  });

  test('DPL-048 addresses, routes and flows of a tunnel go with it', async () => {
    const c = await start('mode gre');
    c.run(`dpip route add 198.51.100.0/24 via ${inside.IPv4.host} dev tun1`);
    const farther = (ttl: number): Layer3 => ipv4({ src: v4.client, dst: '198.51.100.9', df: true, ttl }, udp(QUESTION));
    c.exchange(CLIENTS, [clientFrame(farther(64))], SERVERS, [toPeer(gre({}, farther(63)), { df: true, ttl: 63 })]);
    expect(c.output('dpip route show')).toContain('tun1');
    c.run('dpip tunnel del tun1');
    expect(c.output('dpip route show')).not.toContain('tun1');
    expect(c.output('dpip addr show')).not.toContain('tun1');
    c.expectDrops({ ip4_no_route: 1 }, () => {
      c.send(CLIENTS, clientFrame(farther(64)));
    });
    c.discard();
    // The same id for another one.
    c.run(`dpip tunnel add again mode ipip remote ${REMOTE} local ${LOCAL}\ndpip route add 198.51.100.0/24 dev again`);
    c.exchange(CLIENTS, [clientFrame(farther(64))], SERVERS, [toPeer(ipip(farther(63)), { df: true, ttl: 63 })]);
  });
});

test('DPL-049 numbers of a tunnel do not repeat when two workers send', async () => {
  const c = await start('mode gre oseq', { conf: FORWARDING, workers: 2, queues: 2 });
  const frames = [0, 1, 2, 3, 4, 5].map((n) => clientFrame(passing({ df: true }, `packet ${n}`)));
  for (const [n, frame] of frames.entries()) c.sendOn(CLIENTS, n % 2, frame);
  const seqs = c.collect(SERVERS).map((frame) => frame.readUInt32BE(14 + 20 + 4));
  expect(seqs).toEqual([0, 1, 2, 3, 4, 5]);
});
