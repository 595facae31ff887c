// SPDX-License-Identifier: Apache-2.0
// Match services: hosts behind port test1 reach the world behind port test0 from a public address.
import { describe, expect, test } from 'vitest';
import { ipBytes } from '../harness/addresses';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { ethernet, icmp, icmp6, ip, ipv4, ipv6, tcp, tcpOption, udp, type Layer3, type Layer4, type TcpFields } from '../harness/frames';
import { atInside, atOutside, configureMatch, echo, echoProto, fromInside, fromOutside, matchWord, publicOf, publics, shown, startInside, type Proto } from './snat-world';
import { CLIENTS as OUTSIDE, endpoint, families, mac, SERVERS as INSIDE, v4, v6, type Family } from './topology';
import type { Segment } from './tcp-connection';

stopDaemonsAfterEach();

const ONE_WORKER = { oneWorker: 'frames come in the order of the queue' };

function connections(c: Case): string[] {
  return c.output('ipvsadm -lnc').split('\n').filter((line) => line !== '');
}

/** Identifier of an echo message. */
function identifier(f: Family, frame: Buffer): number {
  return frame.readUInt16BE(14 + f.headerLength + 4);
}

describe.each(families)('$name', (f) => {
  test('DPL-060 DPL-098 DPL-100 UDP: the source becomes the public address, answers come back', async () => {
    const c = await startInside(f);
    configureMatch(c, f, 'udp');
    const question = { sport: 40000, dport: 53, payload: 'question' };
    c.send(INSIDE, fromInside(f, udp(question)));
    const frame = c.collectOne(OUTSIDE);
    const port = numberOf(frame, 'udp.sport');
    expect(frame.toString('hex')).toBe(atOutside(f, udp({ ...question, sport: port })).toString('hex'));
    expect(connections(c)[0]).toMatch(/udp 300s +UDP_ONEWAY /);
    const answer = { sport: 53, dport: port, payload: 'the answer' };
    c.exchange(OUTSIDE, [fromOutside(f, udp(answer))], INSIDE, [atInside(f, udp({ ...answer, dport: 40000 }))]);
    c.exchange(INSIDE, [fromInside(f, udp(question))], OUTSIDE, [frame]);
    const [row] = connections(c);
    expect(row).toContain('UDP_NORM');
    const remote = endpoint(f.client, 53);
    expect(row?.trim().split(/\s+/).slice(-4)).toEqual([remote, endpoint(publicOf(f), port), remote, endpoint(f.servers[0], 40000)]);
    // From inside is out, from outside is in.
    const ipLength = f.headerLength + 8;
    const line = c.output('ipvsadm -ln --stats --exact').split('\n').find((text) => text.includes(publicOf(f))) ?? '';
    expect(line.trim().split(/\s+/).slice(-5).map(Number)).toEqual([1, 1, 2, ipLength + 10, 2 * (ipLength + 8)]);
    c.warp(302_000, 2000);
    expect(connections(c)).toEqual([]);
  });

  test('DPL-098 DPL-100 TCP: handshake, data, FIN; states turned', async () => {
    const c = await startInside(f);
    configureMatch(c, f, 'tcp');
    const options = [tcpOption.mss(1400), tcpOption.sackPermitted(), tcpOption.timestamp(7, 0)];
    const syn: TcpFields = { sport: 40000, dport: 80, seq: 1000, flags: 'S', options };
    c.send(INSIDE, fromInside(f, tcp(syn)));
    const frame = c.collectOne(OUTSIDE);
    const port = numberOf(frame, 'tcp.sport');
    expect(frame.toString('hex')).toBe(atOutside(f, tcp({ ...syn, sport: port })).toString('hex'));
    expect(connections(c)[0]).toContain('SYN_SENT');
    const out = (fields: Segment, state: string): void => {
      const segment = { sport: 40000, dport: 80, ...fields };
      c.exchange(INSIDE, [fromInside(f, tcp(segment))], OUTSIDE, [atOutside(f, tcp({ ...segment, sport: port }))]);
      expect(connections(c)[0]).toContain(state);
    };
    const back = (fields: Segment, state: string): void => {
      const segment = { sport: 80, dport: port, ...fields };
      c.exchange(OUTSIDE, [fromOutside(f, tcp(segment))], INSIDE, [atInside(f, tcp({ ...segment, dport: 40000 }))]);
      expect(connections(c)[0]).toContain(state);
    };
    back({ seq: 9000, ack: 1001, flags: 'SA', options }, 'TCP_EST');
    out({ seq: 1001, ack: 9001, flags: 'PA', payload: 'GET /' }, 'TCP_EST');
    back({ seq: 9001, ack: 1006, flags: 'PA', payload: 'page' }, 'TCP_EST');
    expect(c.output('ipvsadm -ln').split('\n').at(-2)).toMatch(/SNAT +1 +1 +0/);
    out({ seq: 1006, ack: 9005, flags: 'FA' }, 'FIN_WAIT');
    back({ seq: 9005, ack: 1007, flags: 'FA' }, 'TIME_WAIT');
    out({ seq: 1007, ack: 9006, flags: 'A' }, 'TIME_WAIT');
  });

  test('DPL-098 DPL-100 TCP: a reset closes', async () => {
    const c = await startInside(f);
    configureMatch(c, f, 'tcp');
    c.send(INSIDE, fromInside(f, tcp({ sport: 40000, dport: 80, seq: 1000, flags: 'S' })));
    const port = numberOf(c.collectOne(OUTSIDE), 'tcp.sport');
    const reset = { sport: 80, dport: port, seq: 0, ack: 1001, flags: 'RA' };
    c.exchange(OUTSIDE, [fromOutside(f, tcp(reset))], INSIDE, [atInside(f, tcp({ ...reset, dport: 40000 }))]);
    expect(connections(c)[0]).toContain('TCP_CLOSE');
  });

  test('DPL-107 an established connection that times out is reset on both sides', async () => {
    const c = await startInside(f);
    configureMatch(c, f, 'tcp');
    // Sequence numbers of the upper half.
    const isn = 0xf0000000;
    c.send(INSIDE, fromInside(f, tcp({ sport: 40000, dport: 80, seq: isn, flags: 'S' })));
    const port = numberOf(c.collectOne(OUTSIDE), 'tcp.sport');
    c.send(OUTSIDE, fromOutside(f, tcp({ sport: 80, dport: port, seq: isn + 50, ack: isn + 1, flags: 'SA' })));
    c.send(INSIDE, fromInside(f, tcp({ sport: 40000, dport: 80, seq: isn + 1, ack: isn + 51, flags: 'PA', payload: 'GET /' })));
    c.discard();
    c.warp(92_000, 2000);
    const gone = (frame: Buffer): unknown => Object.fromEntries(dissect(frame));
    expect(gone(c.collectOne(INSIDE))).toMatchObject({
      'ip.src': shown(f.client), 'ip.dst': shown(f.servers[0]), 'tcp.sport': 80, 'tcp.dport': 40000, 'tcp.flags': 'R', 'tcp.seq': isn + 51, 'tcp.checksum': 'good',
    }); // prettier-ignore
    expect(gone(c.collectOne(OUTSIDE))).toMatchObject({
      'ip.src': shown(publicOf(f)), 'ip.dst': shown(f.client), 'tcp.sport': port, 'tcp.dport': 80, 'tcp.flags': 'R', 'tcp.seq': isn + 6, 'tcp.checksum': 'good',
    }); // prettier-ignore
    expect(connections(c)).toEqual([]);
  });

  test('DPL-099 DPL-132 echo: two hosts with one identifier do not clash', async () => {
    const c = await startInside(f);
    configureMatch(c, f, echoProto(f));
    const ask = (seq: number): Layer4 => echo(f, { type: 'request', id: 7, seq, payload: 'ping' });
    const ids = [0, 1].map((host) => {
      c.send(INSIDE, fromInside(f, ask(1), host));
      const frame = c.collectOne(OUTSIDE);
      const id = identifier(f, frame);
      expect(frame.toString('hex')).toBe(atOutside(f, echo(f, { type: 'request', id, seq: 1, payload: 'ping' })).toString('hex'));
      return id;
    });
    expect(ids[0]).not.toBe(ids[1]);
    for (const host of [1, 0]) {
      const reply = { type: 'reply', id: ids[host] ?? 0, seq: 1, payload: 'ping' } as const;
      c.exchange(OUTSIDE, [fromOutside(f, echo(f, reply))], INSIDE, [atInside(f, echo(f, { ...reply, id: 7 }), host)]);
    }
    c.exchange(INSIDE, [fromInside(f, ask(2), 1)], OUTSIDE, [atOutside(f, echo(f, { type: 'request', id: ids[1] ?? 0, seq: 2, payload: 'ping' }))]);
    expect(connections(c)[0]).toMatch(new RegExp(`${echoProto(f)} +300s +ICMP_NORMAL`));
    // A reply that nobody waits for, and a request to the public address, are for the director itself.
    const strange = 7;
    expect(ids).not.toContain(strange);
    c.send(OUTSIDE, fromOutside(f, echo(f, { type: 'reply', id: strange, seq: 1 })));
    c.expectNothing();
    c.send(OUTSIDE, fromOutside(f, echo(f, { type: 'request', id: 9, seq: 1 })));
    expect(dissect(c.collectOne(OUTSIDE)).get('icmp.type')).toBe(f === v4 ? 0 : 129);
    c.warp(302_000, 2000);
    expect(connections(c)).toEqual([]);
  });

  test('DPL-060 what does not match passes as it is: other sources, ports, protocols, ways', async () => {
    const c = await startInside(f, { conf: { ipv4_defs: ['forwarding on'], ipv6_defs: ['forwarding on'] } });
    const range = f === v4 ? '10.1.0.12-10.1.0.12:1000-2000' : '[2001:db8:1::12-2001:db8:1::12]:1000-2000';
    configureMatch(c, f, 'udp', `-H proto=udp,src-range=${range},oif=test0`);
    const plain = (l4: Layer4, host: number): Buffer =>
      ethernet({ src: mac.port[0], dst: mac.client }, ip({ src: f.servers[host] ?? '', dst: f.client, ttl: 60 }, l4));
    const same = (l4: Layer4, host: number): void => {
      c.exchange(INSIDE, [fromInside(f, l4, host)], OUTSIDE, [plain(l4, host)]);
    };
    same(udp({ sport: 1500, dport: 53 }), 0);
    same(udp({ sport: 999, dport: 53 }), 1);
    same(udp({ sport: 2001, dport: 53 }), 1);
    same(tcp({ sport: 1500, dport: 53, seq: 1, flags: 'S' }), 1);
    same(echo(f, { type: 'request', id: 1500, seq: 1 }), 1);
    for (const sport of [1000, 2000]) {
      c.send(INSIDE, fromInside(f, udp({ sport, dport: 53 }), 1));
      expect(dissect(c.collectOne(OUTSIDE)).get('ip.src')).toBe(shown(publicOf(f)));
    }
    expect(connections(c)).toHaveLength(2);
    // To another host inside: not out of test0.
    c.send(INSIDE, fromInside(f, udp({ sport: 1000, dport: 53 }), 1, f.servers[2]));
    expect(numberOf(c.collectOne(INSIDE), 'udp.sport')).toBe(1000);
    // To the director.
    c.expectDrops({ local_no_service: 1 }, () => c.send(INSIDE, fromInside(f, udp({ sport: 1000, dport: 53 }), 1, f.port[1])));
  });

  test('DPL-060 the first service of the list wins; devices are looked at for each', async () => {
    const c = await startInside(f, ONE_WORKER);
    configureMatch(c, f, 'udp', matchWord(f, 'udp', 'iif=test0'));
    configureMatch(c, f, 'udp', matchWord(f, 'udp', f === v4 ? 'dst-range=10.0.0.2:100-200' : 'dst-range=[2001:db8::2]:100-200'));
    configureMatch(c, f, 'udp', matchWord(f, 'udp', 'oif=test0'), publics[f.name].second);
    const source = (dport: number, sport: number): unknown => {
      c.send(INSIDE, fromInside(f, udp({ sport, dport })));
      return dissect(c.collectOne(OUTSIDE)).get('ip.src');
    };
    expect(source(150, 1)).toBe(shown(publicOf(f)));
    expect(source(99, 2)).toBe(shown(publics[f.name].second));
    // Deleted: connections stay, new ones find the next service. Added again, it is the last.
    const word = matchWord(f, 'udp', f === v4 ? 'dst-range=10.0.0.2:100-200' : 'dst-range=[2001:db8::2]:100-200');
    c.run(`ipvsadm -D ${word}`);
    expect([source(150, 1), source(150, 3)]).toEqual([shown(publicOf(f)), shown(publics[f.name].second)]);
    configureMatch(c, f, 'udp', word);
    expect([source(150, 1), source(150, 4)]).toEqual([shown(publicOf(f)), shown(publics[f.name].second)]);
    c.run(`ipvsadm -D ${matchWord(f, 'udp', 'oif=test0')}`);
    expect(source(150, 5)).toBe(shown(publicOf(f)));
  });

  test('a public address that is no sapool address of a port is not used', async () => {
    const c = await startInside(f);
    configureMatch(c, f, 'udp', matchWord(f, 'udp'), f.port[0]);
    c.expectDrops({ no_laddr: 1 }, () => c.send(INSIDE, fromInside(f, udp({ sport: 1000, dport: 53 }))));
    c.expectNothing();
    expect(connections(c)).toEqual([]);
  });

  test('a stray segment of a host inside is reset, not sent with its own address; a SYN is not proxied', async () => {
    const c = await startInside(f, { conf: { ipv4_defs: ['forwarding on'], ipv6_defs: ['forwarding on'] } });
    configureMatch(c, f, 'tcp');
    c.run(`ipvsadm -E ${matchWord(f, 'tcp')} -s rr -j enable`);
    const stray = tcp({ sport: 1, dport: 80, seq: 1, ack: 77, flags: 'A' });
    const reset = tcp({ sport: 80, dport: 1, seq: 77, ack: 1, flags: 'RA', window: 0 });
    c.send(INSIDE, fromInside(f, stray));
    const frame = c.collectOne(INSIDE);
    expect(frame.subarray(14 + f.headerLength).toString('hex')).toBe(reset.bytes(ipBytes(f.client), ipBytes(f.servers[0])).toString('hex'));
    c.expectNothing();
    c.send(INSIDE, fromInside(f, tcp({ sport: 2, dport: 80, seq: 1, flags: 'S' })));
    expect(dissect(c.collectOne(OUTSIDE)).get('ip.src')).toBe(shown(publicOf(f)));
  });
});

/** An ICMP error that quotes a packet. */
function error(f: Family, kind: 'unreachable' | 'time exceeded', quoted: Layer3): Layer4 {
  const rest = Buffer.concat([Buffer.alloc(4), quoted.bytes]);
  if (f === v4) return kind === 'unreachable' ? icmp(3, 3, rest) : icmp(11, 0, rest);
  return kind === 'unreachable' ? icmp6(1, 4, rest) : icmp6(3, 0, rest);
}

function quoteOf(frame: Buffer): Layer3 {
  return { etherType: frame.readUInt16BE(12), bytes: frame.subarray(14) };
}

/** Errors, and what they quote, are written anew. */
function anew(f: Family, src: string, dst: string, l4: Layer4, ttl = 64): Layer3 {
  return f === v4 ? ipv4({ src, dst, ttl, id: 0, df: true }, l4) : ipv6({ src, dst, hopLimit: ttl }, l4);
}

describe.each(families)('ICMP errors, $name', (f) => {
  const router = f === v4 ? '10.0.0.77' : '2001:db8::77';
  const question = { sport: 40000, dport: 53, payload: 'a question of some length' };
  const rows: readonly (readonly [string, Proto, Layer4])[] = [
    ['UDP', 'udp', udp(question)],
    ['echo', echoProto(f), echo(f, { type: 'request', id: 7, seq: 1, payload: 'some data' })],
  ];

  test.each(rows)('DPL-105 %s: the host inside learns who could not forward its packet', async (_name, proto, asked) => {
    const c = await startInside(f);
    configureMatch(c, f, proto);
    c.send(INSIDE, fromInside(f, asked));
    const sent = quoteOf(c.collectOne(OUTSIDE));
    const frame = ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: router, dst: publicOf(f) }, error(f, 'time exceeded', sent)));
    const about = anew(f, f.servers[0], f.client, asked, 61);
    const wanted = ethernet({ src: mac.port[1], dst: mac.server[0] ?? '' }, anew(f, router, f.servers[0], error(f, 'time exceeded', about)));
    c.exchange(OUTSIDE, [frame], INSIDE, [wanted]);
  });

  test('DPL-105 an error of a host inside reaches the world from the public address', async () => {
    const c = await startInside(f);
    configureMatch(c, f, 'udp');
    c.send(INSIDE, fromInside(f, udp(question)));
    const port = numberOf(c.collectOne(OUTSIDE), 'udp.sport');
    const answer = { sport: 53, dport: port, payload: 'the answer' };
    c.send(OUTSIDE, fromOutside(f, udp(answer)));
    const got = quoteOf(c.collectOne(INSIDE));
    const about = anew(f, f.client, publicOf(f), udp(answer), 55);
    const wanted = ethernet({ src: mac.port[0], dst: mac.client }, anew(f, publicOf(f), f.client, error(f, 'unreachable', about)));
    c.exchange(INSIDE, [fromInside(f, error(f, 'unreachable', got))], OUTSIDE, [wanted]);
  });
});

describe.each(families)('two workers, $name', (f) => {
  test.each([2, 1])('DPL-060 DPL-085 %i queues: every flow finds its worker again, both ways', async (queues) => {
    const c = await startInside(f, { workers: 2, queues });
    configureMatch(c, f, 'udp');
    configureMatch(c, f, echoProto(f));
    const last = queues - 1;
    for (let sport = 1000; sport < 1024; sport++) {
      c.sendOn(INSIDE, sport & last, fromInside(f, udp({ sport, dport: 53 })));
      const port = numberOf(c.collectOne(OUTSIDE), 'udp.sport');
      for (const queue of new Set([0, last])) {
        c.sendOn(OUTSIDE, queue, fromOutside(f, udp({ sport: 53, dport: port })));
        c.expectFrames(INSIDE, atInside(f, udp({ sport: 53, dport: sport })));
      }
      c.sendOn(INSIDE, sport & last, fromInside(f, udp({ sport, dport: 53 })));
      c.expectFrames(OUTSIDE, atOutside(f, udp({ sport: port, dport: 53 })));
      c.sendOn(INSIDE, sport & last, fromInside(f, echo(f, { type: 'request', id: sport, seq: 1 })));
      const id = identifier(f, c.collectOne(OUTSIDE));
      c.sendOn(OUTSIDE, 0, fromOutside(f, echo(f, { type: 'reply', id, seq: 1 })));
      c.expectFrames(INSIDE, atInside(f, echo(f, { type: 'reply', id: sport, seq: 1 })));
    }
    expect(new Set(connections(c).map((line) => line.slice(0, 3))).size).toBe(2);
    expect(connections(c)).toHaveLength(48);
  });

  test('connections go on when their service is gone', async () => {
    const c = await startInside(f, { workers: 2, queues: 1 });
    configureMatch(c, f, 'udp');
    const ports = Array.from({ length: 8 }, (_, i) => {
      c.send(INSIDE, fromInside(f, udp({ sport: 1000 + i, dport: 53 })));
      return numberOf(c.collectOne(OUTSIDE), 'udp.sport');
    });
    c.run(`ipvsadm -D ${matchWord(f, 'udp')}`);
    for (const [i, port] of ports.entries()) {
      c.exchange(INSIDE, [fromInside(f, udp({ sport: 1000 + i, dport: 53 }))], OUTSIDE, [atOutside(f, udp({ sport: port, dport: 53 }))]);
      c.exchange(OUTSIDE, [fromOutside(f, udp({ sport: 53, dport: port }))], INSIDE, [atInside(f, udp({ sport: 53, dport: 1000 + i }))]);
    }
  });
});

test('a persistent match service: a host inside keeps its public address', async () => {
  const c = await startInside(v4, ONE_WORKER);
  const word = matchWord(v4, 'udp');
  c.run(`
    ipvsadm -A ${word} -s rr -p 60
    ipvsadm -a ${word} -r ${publics.IPv4.address}:0 -J
    ipvsadm -a ${word} -r ${publics.IPv4.second}:0 -J`);
  const sources = (host: number): unknown[] =>
    [1, 2, 3].map((sport) => {
      c.send(INSIDE, fromInside(v4, udp({ sport, dport: 53 }), host));
      return dissect(c.collectOne(OUTSIDE)).get('ip.src');
    });
  const [first, second] = [sources(0), sources(1)];
  expect(new Set(first).size).toBe(1);
  expect(new Set(second).size).toBe(1);
  expect(first[0]).not.toBe(second[0]);
});

test('other forwarding modes of match services, and SNAT of other services, are refused', async () => {
  const c = await startInside(v6);
  const match = matchWord(v6, 'udp');
  const plain = `-u ${endpoint(v6.vip, 53)}`;
  c.run(`ipvsadm -A ${match} -s rr`);
  c.run(`ipvsadm -A ${plain} -s rr`);
  for (const mode of ['-b', '-m', '-g', '-i']) {
    expect(c.command(`ipvsadm -a ${match} -r ${endpoint(publics.IPv6.address, 0)} ${mode}`).status).not.toBe(0);
  }
  expect(c.command(`ipvsadm -a ${plain} -r ${endpoint(publics.IPv6.address, 0)} -J`).status).not.toBe(0);
});
