// SPDX-License-Identifier: Apache-2.0
// Fragments: dropped, or put together in front of the balancer and cut again behind it.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { fragment, fragments } from '../harness/fragments';
import {
  ethernet, icmp6Echo, icmpEcho, ip, ipv4, PROTO, raw, tcp, udp, uoa, type Layer3, type Layer4,
} from '../harness/frames'; // prettier-ignore
import { answer, bytes, clientFragments, CPORT, expectFragments, ID, inFrames, localPort, PORT, question, reassembling, serverFragments, UDP_SERVICE, UOA_OFF } from './fragments-world';
import { CLIENT_ISN, RS_ISN, startConnection } from './tcp-connection';
import {
  CLIENTS, configureService, endpoint, families, fromClient, fromServer, mac, packet, quieten, SERVERS, serviceWord, sides, startSides,
  startWorld, toServer, v4,
} from './topology'; // prettier-ignore

stopDaemonsAfterEach();

const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] as const;

describe.each(families)('$name', (f) => {
  const dropped = f === v4 ? 'ip4_fragment' : 'ip6_fragment';

  test('DPL-106 fragments are dropped and counted unless told otherwise', async () => {
    const c = await startWorld(f);
    configureService(c, f, UDP_SERVICE);
    c.expectDrops({ [dropped]: 3 }, () => {
      c.send(CLIENTS, ...clientFragments(f, udp(question)));
    });
    c.expectDrops({ [dropped]: 3 }, () => {
      c.send(SERVERS, ...serverFragments(f, udp(answer), f.lip));
    });
    c.expectNothing();
  });

  test('DPL-106 any order of three fragments, both directions of FullNAT', async () => {
    const c = await startWorld(f, reassembling());
    configureService(c, f, UDP_SERVICE);
    const ids = new Set<number>();
    for (const order of ORDERS) {
      const sent = clientFragments(f, udp(question));
      expect(sent).toHaveLength(3);
      for (const at of order) {
        c.expectNothing();
        c.send(CLIENTS, sent[at] ?? Buffer.alloc(0));
      }
      const lport = localPort(c, f.lip);
      ids.add(expectFragments(c, SERVERS, mac.server[0], { src: f.lip, dst: f.servers[0] }, udp({ ...question, sport: lport })));

      const reply = serverFragments(f, udp({ ...answer, dport: lport }), f.lip);
      c.send(SERVERS, ...order.map((at) => reply[at] ?? Buffer.alloc(0)));
      expectFragments(c, CLIENTS, mac.client, { src: f.vip, dst: f.client }, udp(answer));
    }
    // Clients of one local address choose equal ids: theirs are not kept.
    expect(ids.size).toBe(ORDERS.length);
    expect([...c.drops()]).toEqual([]);
  });

  test('DPL-106 the address of the client goes in front of the fragments', async () => {
    const c = await startWorld(f, reassembling(['udp {', 'uoa_max_trail 1', '}']));
    configureService(c, f, UDP_SERVICE);
    c.send(CLIENTS, ...clientFragments(f, udp(question)));
    const lport = localPort(c, f.lip);
    const [first, ...others] = c.collect(SERVERS);
    const l4 = uoa({ address: f.client, port: CPORT }, { sport: lport, dport: PORT });
    const alone = f === v4 ? ethernet({ src: mac.port[1], dst: mac.server[0] }, ipv4({ src: f.lip, dst: f.servers[0], id: ID }, l4)) : toServer(f, l4);
    expect(first?.toString('hex')).toBe(alone.toString('hex'));
    expect(others).toHaveLength(3);
    // The next one has none.
    c.send(CLIENTS, ...clientFragments(f, udp(question), { id: 2 }));
    expectFragments(c, SERVERS, mac.server[0], { src: f.lip, dst: f.servers[0] }, udp({ ...question, sport: lport }));
  });

  test('a datagram that fits is sent whole', async () => {
    const c = await startWorld(f, reassembling(['udp {', 'uoa_max_trail 1', '}']));
    configureService(c, f, UDP_SERVICE);
    const small = { ...question, payload: bytes(1000) };
    const sent = clientFragments(f, udp(small), { step: 400 });
    expect(sent).toHaveLength(3);
    c.send(CLIENTS, ...sent);
    const lport = localPort(c, f.lip);
    const wanted = (l4: Layer4): Buffer => {
      const fields = { src: f.lip, dst: f.servers[0] };
      return ethernet({ src: mac.port[1], dst: mac.server[0] }, f === v4 ? ipv4({ ...fields, id: ID }, l4) : ip(fields, l4));
    };
    c.expectFrames(SERVERS, wanted(uoa({ address: f.client, port: CPORT }, { ...small, sport: lport })));
    c.send(CLIENTS, ...sent);
    c.expectFrames(SERVERS, wanted(udp({ ...small, sport: lport })));
  });

  test('DPL-106 NAT: requests, and replies that are for the client', async () => {
    const c = await startWorld(f, reassembling());
    const word = serviceWord(f, UDP_SERVICE);
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], 8053)} -m`);
    c.send(CLIENTS, ...clientFragments(f, udp(question)));
    expectFragments(c, SERVERS, mac.server[0], { src: f.client, dst: f.servers[0] }, udp({ ...question, dport: 8053 }));
    c.send(SERVERS, ...serverFragments(f, udp({ ...answer, sport: 8053 }), f.client));
    expectFragments(c, CLIENTS, mac.client, { src: f.vip, dst: f.client }, udp(answer));
    // When the server and its connections have gone, its fragments are nobody's business but the router's.
    c.run(`ipvsadm -d ${word} -r ${endpoint(f.servers[0], 8053)}`);
    c.warp(400_000, 20_000);
    c.expectDrops({ [f === v4 ? 'ip4_forward_off' : 'ip6_forward_off']: 3 }, () => {
      c.send(SERVERS, ...serverFragments(f, udp({ ...answer, sport: 9999 }), f.client));
    });
  });

  test('DPL-106 direct routing', async () => {
    const c = await startWorld(f, reassembling());
    const word = serviceWord(f, UDP_SERVICE);
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], PORT)} -g`);
    c.send(CLIENTS, ...clientFragments(f, udp(question)).reverse());
    expectFragments(c, SERVERS, mac.server[0], { src: f.client, dst: f.vip }, udp(question));
  });

  test('DPL-106 tunnel: the outer packet is cut', async () => {
    const c = await startWorld(f, reassembling());
    const word = serviceWord(f, UDP_SERVICE);
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], PORT)} -i`);
    c.send(CLIENTS, ...clientFragments(f, udp(question)));
    const fields = { src: f.client, dst: f.vip };
    const inner = f === v4 ? ipv4({ ...fields, id: ID }, udp(question)) : ip(fields, udp(question));
    expectFragments(c, SERVERS, mac.server[0], { src: f.port[1], dst: f.servers[0] }, raw(f === v4 ? 4 : 41, inner.bytes));
  });

  const overlaps: readonly (readonly [string, readonly (readonly [number, number, boolean])[]])[] = [
    ['end of the first', [[0, 1400, true], [1392, 1400, true], [2792, 1216, false]]],
    ['inside the first (teardrop)', [[0, 1400, true], [8, 16, false]]],
    ['the last again, but longer', [[0, 1400, true], [2800, 1208, false], [2800, 1216, false], [1400, 1400, true]]],
    ['behind the last', [[0, 1400, true], [2800, 1208, false], [4008, 8, true], [1400, 1400, true]]],
    ['the first again, but shorter', [[0, 1400, true], [0, 1392, true], [1400, 1400, true], [2800, 1208, false]]],
  ]; // prettier-ignore
  test.each(overlaps)('DPL-106 overlap: %s', async (_, ranges) => {
    const c = await startWorld(f, reassembling());
    configureService(c, f, UDP_SERVICE);
    const fields = { src: f.client, dst: f.vip, id: ID };
    const whole = bytes(4100);
    const good = clientFragments(f, udp(question));
    const sent = ranges.map(([at, length, more]) => packet(CLIENTS, mac.client, fragment(fields, PROTO.UDP, at, whole.subarray(at, at + length), more)));
    c.expectDrops({ frag_overlap: sent.length }, () => {
      c.sendOn(CLIENTS, 0, ...sent);
    });
    // Nor is anything made of fragments that come later (RFC 5722).
    c.expectDrops({ frag_overlap: good.length }, () => {
      c.sendOn(CLIENTS, 0, ...good);
    });
    c.expectNothing();
    expect(c.output('ipvsadm -lnc')).toBe('');
    c.warp(1000);
    c.sendOn(CLIENTS, 0, ...good);
    const lport = localPort(c, f.lip);
    expectFragments(c, SERVERS, mac.server[0], { src: f.lip, dst: f.servers[0] }, udp({ ...question, sport: lport }));
  });

  test('DPL-106 a fragment that comes twice counts once', async () => {
    const c = await startWorld(f, reassembling());
    configureService(c, f, UDP_SERVICE);
    const [a, b, last] = clientFragments(f, udp(question)) as [Buffer, Buffer, Buffer];
    c.expectDrops({ frag_duplicate: 3 }, () => {
      c.sendOn(CLIENTS, 0, a, a, last, last, a, b);
    });
    const lport = localPort(c, f.lip);
    expectFragments(c, SERVERS, mac.server[0], { src: f.lip, dst: f.servers[0] }, udp({ ...question, sport: lport }));
  });

  test('DPL-106 fragments that cannot be', async () => {
    const c = await startWorld(f, reassembling());
    configureService(c, f, { proto: 'tcp', port: 80 });
    const fields = { src: f.client, dst: f.vip, id: ID };
    const send = (proto: number, at: number, length: number, more: boolean): void => {
      c.send(CLIENTS, packet(CLIENTS, mac.client, fragment(fields, proto, at, Buffer.alloc(length, 0x50), more)));
    };
    c.expectDrops({ frag_malformed: 3 }, () => {
      send(PROTO.TCP, 0, 16, true); // the header is in two (RFC 1858)
      send(PROTO.UDP, 0, 100, true); // not in units of 8 bytes
      send(PROTO.UDP, 65528, 100, false); // longer than a packet can be
    });
    c.expectNothing();
  });

  test('DPL-106 fragments that stay alone are given up, and their sender is told', async () => {
    const c = await startWorld(f, reassembling(UOA_OFF, ['ttl 5']));
    configureService(c, f, UDP_SERVICE);
    const [a, b, last] = clientFragments(f, udp(question)) as [Buffer, Buffer, Buffer];
    c.send(CLIENTS, a, last);
    c.warp(4900, 100);
    c.expectNothing();
    c.expectDrops({ frag_timeout: 2 }, () => {
      c.warp(200, 100);
    });
    const error = dissect(c.collectOne(CLIENTS));
    expect(error.get('eth.dst')).toBe(mac.client);
    expect([error.get('icmp.type'), error.get('icmp.code')]).toEqual([f === v4 ? 11 : 3, 1]);
    expect(error.get('icmp.checksum')).toBe('good');
    // Without the first fragment nobody is told.
    c.send(CLIENTS, b);
    c.expectDrops({ frag_timeout: 1 }, () => {
      c.warp(5000);
    });
    c.expectNothing();
    c.send(CLIENTS, b, a, last);
    expect(c.collect(SERVERS)).toHaveLength(3);
  });

  test('an echo request in fragments is answered', async () => {
    const c = await startWorld(f, reassembling());
    const echo = (type: 'request' | 'reply'): Layer4 => (f === v4 ? icmpEcho : icmp6Echo)({ type, id: 7, seq: 1, payload: bytes(5000) });
    c.send(CLIENTS, ...clientFragments(f, echo('request'), { dst: f.port[0] }));
    expectFragments(c, CLIENTS, mac.client, { src: f.port[0], dst: f.client }, echo('reply'));
    const wrong = (f === v4 ? icmpEcho : icmp6Echo)({ type: 'request', id: 7, seq: 1, payload: bytes(5000), wrong: { checksum: 0x1234 } });
    c.expectDrops({ icmp_checksum: 1 }, () => {
      c.send(CLIENTS, ...clientFragments(f, wrong, { dst: f.port[0] }));
    });
  });

  test('fragments for others are routed as they are', async () => {
    const options = reassembling();
    const forwarding = { conf: { ...options.conf, ipv4_defs: ['forwarding on'], ipv6_defs: ['forwarding on'] } };
    const c = await startWorld(f, forwarding);
    const fields = { src: f.client, dst: f.servers[0], id: ID };
    const [a, , last] = fragments(fields, udp(question), 1400) as [Layer3, Layer3, Layer3];
    const [ra, , rlast] = fragments({ ...fields, ttl: 63 }, udp(question), 1400) as [Layer3, Layer3, Layer3];
    const routed = [rlast, ra].map((layer) => ethernet({ src: mac.port[1], dst: mac.server[0] }, layer));
    c.sendOn(CLIENTS, 0, ...inFrames(CLIENTS, mac.client, [last, a]));
    c.expectFrames(SERVERS, ...routed);
  });

  test('DPL-106 a segment of TCP in fragments', async () => {
    const c = await startWorld(f, reassembling());
    configureService(c, f, { proto: 'tcp', port: 80 });
    for (let cport = 40000; cport < 40004; cport++) {
      const t = startConnection(c, f, 80, cport);
      const data = { seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'PA', payload: bytes(3000) };
      c.send(CLIENTS, ...clientFragments(f, tcp({ ...data, ...t.client }), { id: cport }));
      expectFragments(c, SERVERS, mac.server[0], { src: f.lip, dst: f.servers[0] }, tcp({ ...data, ...t.toServer, seq: data.seq + t.delta }));
      const back = { seq: RS_ISN + 1, ack: CLIENT_ISN + 3001, flags: 'PA', payload: bytes(2000, 9) };
      c.send(SERVERS, ...serverFragments(f, tcp({ ...back, ack: back.ack + t.delta, sport: 80, dport: t.lport }), f.lip));
      expectFragments(c, CLIENTS, mac.client, { src: f.vip, dst: f.client }, tcp({ ...back, sport: 80, dport: cport }));
    }
  });

  test('DPL-085 DPL-106 datagrams in fragments and whole ones share a connection, whatever worker gets them', async () => {
    const c = await startWorld(f, { ...reassembling(), workers: 2, queues: 2 });
    configureService(c, f, UDP_SERVICE);
    for (let sport = 6000; sport < 6016; sport++) {
      const whole = { ...question, sport, payload: 'whole' };
      const sent = clientFragments(f, udp({ ...question, sport }), { id: sport });
      const steps = [(): void => { c.sendOn(CLIENTS, sport & 1, fromClient(f, udp(whole))); }, (): void => { for (const [i, frame] of sent.entries()) c.sendOn(CLIENTS, (sport + i) & 1, frame); }]; // prettier-ignore
      for (const step of (sport & 2) === 0 ? steps : steps.reverse()) step();
      const got = c.collect(SERVERS);
      expect(got).toHaveLength(4);
      const first = got.filter((frame) => numberOf(frame, 'ip.length') < 100 && dissect(frame).has('udp.sport'));
      const lport = numberOf(first[0] ?? Buffer.alloc(0), 'udp.sport');
      const reply = serverFragments(f, udp({ ...answer, dport: lport }), f.lip, sport);
      for (const [i, frame] of reply.entries()) c.sendOn(SERVERS, i & 1, frame);
      expectFragments(c, CLIENTS, mac.client, { src: f.vip, dst: f.client }, udp({ ...answer, dport: sport }));
    }
    const lines = c.output('ipvsadm -lnc').trim().split('\n');
    expect(lines).toHaveLength(16);
    expect(new Set(lines.map((line) => line.slice(0, 3)))).toEqual(new Set(['[1]', '[2]']));
    expect([...c.drops()]).toEqual([]);
  });

  test('fragments in several buffers', async () => {
    const c = await startWorld(f, reassembling());
    configureService(c, f, UDP_SERVICE);
    for (const frame of clientFragments(f, udp(question))) c.sendSplit(CLIENTS, 90, frame);
    const lport = localPort(c, f.lip);
    expectFragments(c, SERVERS, mac.server[0], { src: f.lip, dst: f.servers[0] }, udp({ ...question, sport: lport }));
  });
});

describe('NAT64', () => {
  test('DPL-106 both directions', async () => {
    const side = sides.find(({ name }) => name === 'NAT64');
    if (side === undefined) throw new Error('no NAT64');
    const c = await startSides(side, UDP_SERVICE, reassembling());
    const { clients, servers } = side;
    c.send(CLIENTS, ...clientFragments(clients, udp(question)));
    const lport = localPort(c, servers.lip);
    expectFragments(c, SERVERS, mac.server[0], { src: servers.lip, dst: servers.servers[0] }, udp({ ...question, sport: lport }));
    for (const checksum of [undefined, 0]) {
      const back = { ...answer, dport: lport, ...(checksum === undefined ? {} : { checksum }) };
      c.send(SERVERS, ...serverFragments(servers, udp(back), servers.lip, ID + (checksum ?? 1)));
      expectFragments(c, CLIENTS, mac.client, { src: clients.vip, dst: clients.client }, udp(answer));
    }
  });
});

describe('floods', () => {
  const FLOOD = 100_000;
  const MAX = 512;

  function flood(c: Case, make: (i: number) => Buffer): void {
    for (let i = 0; i < FLOOD; i += 500) c.send(CLIENTS, ...Array.from({ length: 500 }, (_, k) => make(i + k)));
  }

  test('DPL-106 100,000 first fragments hold what they may and no more; others get through', async () => {
    const c = await startWorld(v4, { ...reassembling(UOA_OFF, [`max_entries ${MAX}`]), oneWorker: 'the table of one worker' });
    configureService(c, v4, UDP_SERVICE);
    const first = (i: number): Buffer =>
      packet(CLIENTS, mac.client, fragment({ src: v4.client, dst: i > 0xffff ? v4.vip : v4.port[0], id: i & 0xffff }, PROTO.UDP, 0, Buffer.alloc(16), true));
    c.expectDrops({ frag_table_full: FLOOD - MAX }, () => {
      flood(c, first);
    });
    // The honest one takes the place of the oldest.
    c.expectDrops({ frag_table_full: 1 }, () => {
      c.send(CLIENTS, ...clientFragments(v4, udp(question)));
    });
    const lport = localPort(c, v4.lip);
    expectFragments(c, SERVERS, mac.server[0], { src: v4.lip, dst: v4.servers[0] }, udp({ ...question, sport: lport }));
    c.expectDrops({ frag_timeout: MAX - 1 }, () => {
      c.warp(1000);
    });
  }, 120_000);

  test('DPL-106 held fragments never take more than a quarter of the buffers', async () => {
    const c = await startWorld(v4, { ...reassembling(), oneWorker: 'the table of one worker' });
    configureService(c, v4, UDP_SERVICE);
    const held = (8191 - (8191 % 4)) / 4;
    // Of each datagram 32 fragments.
    const one = (i: number): Buffer =>
      packet(CLIENTS, mac.client, fragment({ src: v4.client, dst: v4.vip, id: i >> 5 }, PROTO.UDP, (i & 31) * 16, Buffer.alloc(16), true));
    flood(c, one);
    const given = c.drops().get('frag_table_full') ?? 0;
    expect(given).toBeGreaterThanOrEqual(FLOOD - held);
    expect(given).toBeLessThanOrEqual(FLOOD - held + 32);
    c.send(CLIENTS, ...clientFragments(v4, udp(question), { id: 60000 }));
    expect(c.collect(SERVERS)).toHaveLength(3);
    c.expectNothing();
  }, 120_000);

  test('DPL-106 more fragments than a datagram can need', async () => {
    const c = await startWorld(v4, reassembling());
    configureService(c, v4, UDP_SERVICE);
    const tiny = fragments({ src: v4.client, dst: v4.vip, id: ID }, udp(question), 32);
    c.expectDrops({ frag_too_many: 65, frag_overlap: tiny.length - 65 }, () => {
      c.sendOn(CLIENTS, 0, ...inFrames(CLIENTS, mac.client, tiny));
    });
    c.expectNothing();
    // 64 are enough for what is as long as can be.
    const longest = { ...question, payload: bytes(65507) };
    c.sendOn(CLIENTS, 0, ...clientFragments(v4, udp(longest), { id: 9 }));
    const lport = localPort(c, v4.lip);
    expectFragments(c, SERVERS, mac.server[0], { src: v4.lip, dst: v4.servers[0] }, udp({ ...longest, sport: lport }));
  });
});

test('a server behind FullNAT answers in fragments to an address that is none of a service any more', async () => {
  const c = await startWorld(v4, reassembling());
  configureService(c, v4, UDP_SERVICE);
  c.send(CLIENTS, fromClient(v4, udp({ ...question, payload: 'q' })));
  const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
  c.run(`ipvsadm -D ${serviceWord(v4, UDP_SERVICE)}`);
  quieten(c, v4);
  c.send(SERVERS, fromServer(v4, udp({ ...answer, payload: 'short', dport: lport })));
  expect(c.collect(CLIENTS)).toHaveLength(1);
});
