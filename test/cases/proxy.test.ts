// SPDX-License-Identifier: Apache-2.0
// PROXY headers in front of a client's first data: TCP and UDP, FullNAT and NAT64.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { ethernet, icmp, icmp6, ip, tcp, tcpOption, udp, uoa } from '../harness/frames';
import { proxyV1, proxyV2, type ProxyEnds } from '../harness/proxy-header';
import { CLIENT_ISN, RS_ISN, startConnection, TcpConnection, type Segment } from './tcp-connection';
import {
  CLIENTS, configureService, endpoint, fromClient, fromServer, mac, quieten, SERVERS, serviceWord, sides, startSides, startWorld, toClient, toServerSide, v4,
  type Sides,
} from './topology'; // prettier-ignore

stopDaemonsAfterEach();

const PORT = 80;
const CPORT = 40000;
const FIRST = CLIENT_ISN + 1;

const ends = (s: Sides, sport = CPORT): ProxyEnds => ({ src: s.clients.client, dst: s.clients.vip, sport, dport: PORT });
const someoneElse: ProxyEnds = { src: '6.6.6.6', dst: '7.7.7.7', sport: 666, dport: 777 };

const versions = [
  { version: 'v1', other: 'v2', header: proxyV1, foreign: proxyV2 },
  { version: 'v2', other: 'v1', header: proxyV2, foreign: proxyV1 },
] as const;
type Version = (typeof versions)[number];

async function start(s: Sides, option: string, proto: 'tcp' | 'udp' = 'tcp'): Promise<Case> {
  return startSides(s, { proto, port: PORT, extra: `--proxy-protocol ${option}` });
}

/** Data of the client at an offset behind its first byte. */
function data(offset: number, payload: string | Uint8Array, flags = 'PA'): Segment & { readonly payload: string | Uint8Array } {
  return { seq: FIRST + offset, ack: RS_ISN + 1, flags, payload };
}

function join(...parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

/** As it reaches the server: the header's place in the stream, then what is given. */
function seen(t: TcpConnection, segment: Segment, add: number, payload: Segment['payload'] = segment.payload): Segment {
  return { ...segment, seq: segment.seq + t.delta + add, ...(payload === undefined ? {} : { payload }) };
}

describe.each(sides)('$name', (s) => {
  describe.each(versions)('$version', (v: Version) => {
    const header = v.header(ends(s));
    const n = header.length;

    test('DPL-128 the first data segment has the header, what follows is shifted', async () => {
      const c = await start(s, v.version);
      const t = new TcpConnection(c, s, PORT, CPORT);
      c.send(CLIENTS, t.clientFrame({ seq: CLIENT_ISN, flags: 'S', options: [tcpOption.mss(1400)] }));
      t.learn(c.collectOne(SERVERS));
      t.serverSends({ seq: RS_ISN, ack: FIRST + t.delta, flags: 'SA' }, { seq: RS_ISN, ack: FIRST, flags: 'SA' });

      // Neither header nor TOA without data.
      const ack = { seq: FIRST, ack: RS_ISN + 1, flags: 'A' };
      t.clientSends(ack, seen(t, ack, 0));
      const request = data(0, 'GET / HTTP/1.0\r\n');
      t.clientSends(request, seen(t, request, 0, join(header, request.payload)));
      const more = data(16, 'Host: x\r\n\r\n');
      t.clientSends(more, seen(t, more, n));

      // The server has the header: its number of bytes is taken off, here and in blocks beyond a gap.
      const end = FIRST + 16 + 11;
      const answer = { seq: RS_ISN + 1, ack: end + t.delta + n, flags: 'PA', payload: 'HTTP/1.0 200 OK\r\n\r\n' };
      t.serverSends(answer, { ...answer, ack: end });
      const later = { seq: end, ack: RS_ISN + 20, flags: 'A' };
      t.clientSends(later, seen(t, later, n));
      const sack = (shift: number): Segment['options'] => [tcpOption.nop(), tcpOption.nop(), tcpOption.sack(end + 100 + shift, end + 200 + shift)];
      const gap = { seq: RS_ISN + 20, flags: 'A' };
      t.serverSends({ ...gap, ack: end + t.delta + n, options: sack(t.delta + n) ?? [] }, { ...gap, ack: end, options: sack(0) ?? [] });
      const fin = { seq: end, ack: RS_ISN + 20, flags: 'FA' };
      t.clientSends(fin, seen(t, fin, n));
      t.serverSends({ ...gap, ack: end + 1 + t.delta + n }, { ...gap, ack: end + 1 });
      expect(t.state()).toBe('CLOSE_WAIT');

      // Bytes of statistics are the client's.
      const header20 = 20 + s.clients.headerLength;
      const bytes = header20 * 6 + 4 + 16 + 11;
      const row = c.output(`ipvsadm -ln --stats --exact ${serviceWord(s.clients, { proto: 'tcp', port: PORT })}`).split('\n').find((line) => line.includes('->') && /\d\s*$/.test(line));
      expect(row?.trim().split(/\s+/)[5]).toBe(String(bytes));
    });

    test('DPL-128 a repeated first segment has it again, whatever its length', async () => {
      const c = await start(s, v.version);
      const t = startConnection(c, s, PORT, CPORT);
      const first = data(0, 'abcdefgh');
      for (const payload of ['abcdefgh', 'abcdefgh', 'abc', 'abcdefghijklmnop']) {
        const segment = { ...first, payload };
        t.clientSends(segment, seen(t, segment, 0, join(header, payload)));
      }
      const next = data(8, 'ijklmnop');
      t.clientSends(next, seen(t, next, n));
      // An acknowledgement of a part of the header acknowledges nothing.
      const ack = { seq: RS_ISN + 1, flags: 'A' };
      t.serverSends({ ...ack, ack: FIRST + t.delta }, { ...ack, ack: FIRST });
      t.serverSends({ ...ack, ack: FIRST + t.delta + n - 1 }, { ...ack, ack: FIRST });
      const block = (from: number, to: number): Segment['options'] => [tcpOption.sack(from, to)];
      t.serverSends(
        { ...ack, ack: FIRST + t.delta, options: block(FIRST + t.delta + n + 8, FIRST + t.delta + n + 16) ?? [] },
        { ...ack, ack: FIRST, options: block(FIRST + 8, FIRST + 16) ?? [] },
      );
      t.clientSends(first, seen(t, first, 0, join(header, first.payload)));
      t.serverSends({ ...ack, ack: FIRST + t.delta + n + 3 }, { ...ack, ack: FIRST + 3 });
      // From here on the server has the header; the data is where it belongs.
      t.clientSends(first, seen(t, first, n));
      t.serverSends({ ...ack, ack: FIRST + t.delta + n + 16 }, { ...ack, ack: FIRST + 16 });
    });

    test('DPL-128 no room: the header goes first, in a segment of its own', async () => {
      const c = await start(s, v.version);
      const t = startConnection(c, s, PORT, CPORT);
      // The longest that leaves room, and one byte more.
      const limit = 1500 - s.servers.headerLength - 20;
      const fits = data(0, Buffer.alloc(limit - n, 0x61), 'A');
      const full = data(0, Buffer.alloc(limit - n + 1, 0x61), 'FPA');
      const alone = { seq: FIRST, ack: RS_ISN + 1, window: 4321 };
      t.clientSends(fits, seen(t, fits, 0, join(header, fits.payload)));
      t.clientSendsMany({ ...full, window: 4321 }, seen(t, { ...alone, flags: 'PA', payload: header }, 0), seen(t, { ...full, window: 4321 }, n));
      const bare = { ...full, flags: 'A', window: 4321 };
      t.clientSendsMany(bare, seen(t, { ...alone, flags: 'A', payload: header }, 0), seen(t, bare, n));
      // Only the header arrived.
      t.serverSends({ seq: RS_ISN + 1, ack: FIRST + t.delta + n, flags: 'A' }, { seq: RS_ISN + 1, ack: FIRST, flags: 'A' });
      t.clientSends(bare, seen(t, bare, n));
    });

    test('DPL-128 what the client pretends to be is replaced', async () => {
      const c = await start(s, v.version);
      const forged = [
        v.header(someoneElse),
        v.foreign(someoneElse),
        proxyV2(someoneElse, { tlvs: Buffer.from([0x04, 0, 2, 9, 9]) }),
        proxyV2(someoneElse, { local: true }),
        Buffer.from('PROXY UNKNOWN\r\n'),
      ];
      for (const [i, old] of forged.entries()) {
        const t = startConnection(c, s, PORT, CPORT + i);
        const ours = v.header(ends(s, CPORT + i));
        const shift = ours.length - old.length;
        const first = data(0, join(old, 'hello'));
        t.clientSends(first, seen(t, first, 0, join(ours, 'hello')));
        const next = data(old.length + 5, 'world');
        t.clientSends(next, seen(t, next, shift));
        // Parts of it again: shorter than the old header, from its middle, from the data.
        const shorter = data(0, old.subarray(0, 10));
        t.clientSends(shorter, seen(t, shorter, 0, ours));
        const middle = data(5, join(old.subarray(5), 'hello'));
        t.clientSends(middle, seen(t, middle, ours.length - 5, 'hello'));
        const tail = data(old.length + 2, 'llo');
        t.clientSends(tail, seen(t, tail, shift));
        const ack = { seq: RS_ISN + 1, flags: 'A' };
        t.serverSends({ ...ack, ack: FIRST + t.delta + ours.length }, { ...ack, ack: FIRST + old.length });
        const last = data(old.length + 10, '!');
        t.clientSends(last, seen(t, last, shift));
        t.serverSends({ ...ack, ack: FIRST + t.delta + ours.length + 11 }, { ...ack, ack: FIRST + old.length + 11 });
      }
    });

    test('DPL-128 insecure: a header of the same version is believed, others are replaced', async () => {
      const c = await start(s, `${v.version}-insecure`);
      const believed = startConnection(c, s, PORT, CPORT);
      const first = data(0, join(v.header(someoneElse), 'hello'));
      believed.clientSends(first, seen(believed, first, 0));
      believed.clientSends(first, seen(believed, first, 0));
      const next = data(first.payload.length, 'world');
      believed.clientSends(next, seen(believed, next, 0));

      const replaced = [v.foreign(someoneElse), v.version === 'v2' ? proxyV2(someoneElse, { local: true }) : Buffer.from('PROXY UNKNOWN\r\n')];
      for (const [i, old] of [...replaced, Buffer.alloc(0)].entries()) {
        const t = startConnection(c, s, PORT, CPORT + 1 + i);
        const segment = data(0, join(old, 'hello'));
        t.clientSends(segment, seen(t, segment, 0, join(v.header(ends(s, CPORT + 1 + i)), 'hello')));
      }
    });
  });

  test('DPL-128 an existing header in parts is data: ours comes first', async () => {
    const c = await start(s, 'v1');
    const t = startConnection(c, s, PORT, CPORT);
    const header = proxyV1(ends(s));
    const old = proxyV1(someoneElse);
    const first = data(0, old.subarray(0, 12));
    t.clientSends(first, seen(t, first, 0, join(header, first.payload)));
    const rest = data(12, old.subarray(12));
    t.clientSends(rest, seen(t, rest, header.length));
  });

  test('DPL-128 nothing reaches the server in front of the header', async () => {
    const c = await start(s, 'v2');
    const t = startConnection(c, s, PORT, CPORT);
    const header = proxyV2(ends(s));
    const forged = proxyV2(someoneElse);
    const refused = [data(8, 'later'), data(-1, join('x', forged)), { ...data(8, ''), flags: 'FA' }];
    for (const segment of refused) c.expectDrops({ proxy_order: 1 }, () => c.send(CLIENTS, t.clientFrame(segment)));
    c.expectNothing();
    // Keep-alives and window probes are not data.
    const probe = data(-1, 'x', 'A');
    t.clientSends(probe, seen(t, probe, 0));
    const first = data(0, 'first...');
    t.clientSends(first, seen(t, first, 0, join(header, 'first...')));
    const second = data(8, 'later');
    t.clientSends(second, seen(t, second, header.length));
    c.expectDrops({ proxy_order: 1 }, () => c.send(CLIENTS, t.clientFrame(data(-1, join('x', forged)))));
    t.clientSends(probe, seen(t, probe, 0));
  });

  test('DPL-128 data with FIN, FIN without data, reset', async () => {
    const c = await start(s, 'v2');
    const header = proxyV2(ends(s));
    const t = startConnection(c, s, PORT, CPORT);
    const all = data(0, 'all', 'FPA');
    t.clientSends(all, seen(t, all, 0, join(header, 'all')));
    const ack = { seq: RS_ISN + 1, flags: 'A' };
    t.serverSends({ ...ack, ack: FIRST + t.delta + header.length + 4 }, { ...ack, ack: FIRST + 4 });

    const silent = startConnection(c, s, PORT, CPORT + 1);
    const fin = { seq: FIRST, ack: RS_ISN + 1, flags: 'FA' };
    silent.clientSends(fin, seen(silent, fin, 0));
    silent.serverSends({ ...ack, ack: FIRST + silent.delta + 1 }, { ...ack, ack: FIRST + 1 });
    const last = { seq: FIRST + 1, ack: RS_ISN + 2, flags: 'A' };
    silent.clientSends(last, seen(silent, last, 0));

    const hasty = startConnection(c, s, PORT, CPORT + 2);
    const word = data(0, 'abc');
    hasty.clientSends(word, seen(hasty, word, 0, join(proxyV2(ends(s, CPORT + 2)), 'abc')));
    const rst = { seq: FIRST + 3, ack: RS_ISN + 1, flags: 'RA' };
    hasty.clientSends(rst, seen(hasty, rst, header.length));
    expect(hasty.state()).toBe('TCP_CLOSE');
  });

  test('DPL-128 data on a SYN is left for the client to send again', async () => {
    const c = await start(s, 'v2');
    const cookie = Buffer.from([34, 10, 1, 2, 3, 4, 5, 6, 7, 8]);
    const t = new TcpConnection(c, s, PORT, CPORT);
    const syn = { seq: CLIENT_ISN, flags: 'S', options: [tcpOption.mss(1400), cookie, tcpOption.nop(), tcpOption.nop()] };
    const expectSyn = (): void => {
      const frame = c.collectOne(SERVERS);
      t.learn(frame);
      const nops = Array.from({ length: 12 }, () => tcpOption.nop());
      const wanted = tcp({ ...t.toServer, seq: CLIENT_ISN + t.delta, flags: 'S', options: [tcpOption.mss(1400), ...nops] });
      expect(frame.toString('hex')).toBe(toServerSide(s, wanted).toString('hex'));
    };
    c.send(CLIENTS, t.clientFrame({ ...syn, payload: proxyV2(someoneElse) }));
    expectSyn();
    t.serverSends({ seq: RS_ISN, ack: FIRST + t.delta, flags: 'SA' }, { seq: RS_ISN, ack: FIRST, flags: 'SA' });
    const first = data(0, 'hello');
    t.clientSends(first, seen(t, first, 0, join(proxyV2(ends(s)), 'hello')));

    // The same when the port is used again while the old connection is closing.
    t.serverSends({ seq: RS_ISN + 1, ack: FIRST + 5 + t.delta + proxyV2(ends(s)).length, flags: 'FA' }, { seq: RS_ISN + 1, ack: FIRST + 5, flags: 'FA' });
    const fin = { seq: FIRST + 5, ack: RS_ISN + 2, flags: 'FA' };
    t.clientSends(fin, seen(t, fin, proxyV2(ends(s)).length));
    expect(t.state()).toBe('TIME_WAIT');
    c.send(CLIENTS, t.clientFrame({ ...syn, payload: proxyV2(someoneElse) }));
    expectSyn();
    t.serverSends({ seq: RS_ISN, ack: FIRST + t.delta, flags: 'SA' }, { seq: RS_ISN, ack: FIRST, flags: 'SA' });
    t.clientSends(first, seen(t, first, 0, join(proxyV2(ends(s)), 'hello')));
  });

  test('DPL-128 a server that has forgotten the connection gets the header again', async () => {
    const c = await start(s, 'v2');
    const header = proxyV2(ends(s));
    const t = startConnection(c, s, PORT, CPORT);
    const first = data(0, 'hello');
    t.clientSends(first, seen(t, first, 0, join(header, 'hello')));
    const known = { seq: RS_ISN, flags: 'SA' };
    t.serverSends({ seq: RS_ISN + 1, ack: FIRST + 5 + t.delta + header.length, flags: 'A' }, { seq: RS_ISN + 1, ack: FIRST + 5, flags: 'A' });
    // A late copy of the old handshake changes nothing.
    c.send(SERVERS, t.serverFrame({ ...known, ack: FIRST + t.delta }));
    c.discard();
    const second = data(5, 'world');
    t.clientSends(second, seen(t, second, header.length));
    // The client starts anew with another number, and so does the server.
    const isn = CLIENT_ISN + 70_000;
    const syn = { seq: isn, flags: 'S' };
    t.clientSends(syn, seen(t, syn, header.length));
    t.serverSends({ seq: RS_ISN + 900, ack: isn + 1 + t.delta + header.length, flags: 'SA' }, { seq: RS_ISN + 900, ack: isn + 1, flags: 'SA' });
    const again = { ...data(70_000, 'hello'), ack: RS_ISN + 901 };
    t.clientSends(again, seen(t, again, header.length, join(header, 'hello')));
    const more = { ...data(70_005, 'world'), ack: RS_ISN + 901 };
    t.clientSends(more, seen(t, more, 2 * header.length));
  });

  test('an error about a segment that was shifted quotes the one that the client sent', async () => {
    const c = await start(s, 'v2');
    const t = startConnection(c, s, PORT, CPORT);
    c.send(CLIENTS, t.clientFrame(data(0, 'abc')));
    c.collectOne(SERVERS);
    c.send(CLIENTS, t.clientFrame(data(3, 'def')));
    const shifted = c.collectOne(SERVERS).subarray(14);
    const body = join(Buffer.from([0, 0, 0x05, 0x78]), shifted);
    const error = s.servers === v4 ? icmp(3, 4, body) : icmp6(2, 0, body);
    const { servers, lip } = s.servers;
    c.send(SERVERS, ethernet({ src: mac.server[0], dst: mac.port[1] }, ip({ src: servers[0], dst: lip }, error)));
    const frame = c.collectOne(CLIENTS);
    // Ethernet, IP, ICMP, quoted IP header, then the quoted sequence number.
    const at = 14 + s.clients.headerLength + 8 + s.clients.headerLength + 4;
    expect(frame.readUInt32BE(at)).toBe(FIRST + 3);
    // The header must fit too, and what was IPv4 is shorter by the difference of the IP headers.
    expect(frame.readUInt32BE(14 + s.clients.headerLength + 4)).toBe(1400 - proxyV2(ends(s)).length + (s.name === 'NAT64' ? 20 : 0));
  });

  test('a first segment in pieces of memory', async () => {
    const c = await start(s, 'v2');
    const t = startConnection(c, s, PORT, CPORT);
    const first = data(0, Buffer.alloc(300, 0x62));
    c.sendSplit(CLIENTS, 14 + s.clients.headerLength + 20 + 30, t.clientFrame(first));
    c.expectFrames(SERVERS, toServerSide(s, tcp({ ...seen(t, first, 0, join(proxyV2(ends(s)), first.payload)), ...t.toServer })));
  });

  describe('DPL-129 UDP', () => {
    const question = { sport: CPORT, dport: PORT, payload: 'question' };
    const header = proxyV2(ends(s), { udp: true });

    test('DPL-129 version 2: in the first datagram, once, and no UOA', async () => {
      const c = await start(s, 'v2', 'udp');
      const frame = fromClient(s.clients, udp(question));
      c.send(CLIENTS, frame);
      const first = c.collectOne(SERVERS);
      const to = { sport: numberOf(first, 'udp.sport'), dport: PORT };
      expect(first.toString('hex')).toBe(toServerSide(s, udp({ ...to, payload: join(header, 'question') })).toString('hex'));
      c.exchange(CLIENTS, [frame], SERVERS, [toServerSide(s, udp({ ...to, payload: 'question' }))]);
      const answer = { sport: PORT, dport: to.sport, payload: 'the answer' };
      c.exchange(SERVERS, [fromServer(s.servers, udp(answer))], CLIENTS, [toClient(s.clients, udp({ ...answer, dport: CPORT }))]);
    });

    test('DPL-129 too big: a datagram of its own goes first', async () => {
      const c = await start(s, 'v2', 'udp');
      const payload = Buffer.alloc(1500 - s.servers.headerLength - 8 - header.length + 1, 0x63);
      c.send(CLIENTS, fromClient(s.clients, udp({ ...question, payload })));
      const frames = c.collect(SERVERS);
      const to = { sport: numberOf(frames[0] ?? Buffer.alloc(0), 'udp.sport'), dport: PORT };
      expect(frames.map((frame) => frame.toString('hex'))).toEqual(
        [header, payload].map((bytes) => toServerSide(s, udp({ ...to, payload: bytes })).toString('hex')),
      );
    });

    test('DPL-129 an existing header is replaced, or believed', async () => {
      const forged = proxyV2(someoneElse, { udp: true, tlvs: Buffer.from([1, 0, 0]) });
      for (const option of ['v2', 'v2-insecure']) {
        const c = await start(s, option, 'udp');
        c.send(CLIENTS, fromClient(s.clients, udp({ ...question, payload: join(forged, 'question') })));
        const frame = c.collectOne(SERVERS);
        const to = { sport: numberOf(frame, 'udp.sport'), dport: PORT };
        const wanted = option === 'v2' ? header : forged;
        expect(frame.toString('hex')).toBe(toServerSide(s, udp({ ...to, payload: join(wanted, 'question') })).toString('hex'));
      }
    });

    test('DPL-129 version 1 changes nothing', async () => {
      const c = await start(s, 'v1', 'udp');
      c.send(CLIENTS, fromClient(s.clients, udp(question)));
      const frame = c.collectOne(SERVERS);
      const inner = { sport: numberOf(frame, 'udp.sport'), dport: PORT, payload: 'question' };
      expect(frame.toString('hex')).toBe(toServerSide(s, uoa({ address: s.clients.client, port: CPORT }, inner)).toString('hex'));
    });
  });
});

test('DPL-129 one-packet scheduling: every datagram is the first', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: PORT, extra: '--proxy-protocol v2 --ops' });
  const header = proxyV2({ src: v4.client, dst: v4.vip, sport: CPORT, dport: PORT }, { udp: true });
  for (const payload of ['one', 'two']) {
    c.send(CLIENTS, fromClient(v4, udp({ sport: CPORT, dport: PORT, payload })));
    expect(c.collectOne(SERVERS).subarray(14 + 20 + 8).toString('hex')).toBe(join(header, payload).toString('hex'));
  }
});

test('DPL-129 no checksum stays no checksum', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: PORT, extra: '--proxy-protocol v2' });
  c.send(CLIENTS, fromClient(v4, udp({ sport: CPORT, dport: PORT, payload: 'abc', checksum: 0 })));
  const frame = c.collectOne(SERVERS);
  expect(frame.readUInt16BE(14 + 20 + 6)).toBe(0);
  expect(frame.subarray(14 + 20 + 8 + 28).toString()).toBe('abc');
});

test('DPL-128 other forwarding modes show the client anyway: no header', async () => {
  const c = await startWorld(v4);
  const word = serviceWord(v4, { proto: 'tcp', port: PORT });
  c.run(`
    ipvsadm -A ${word} -s rr --proxy-protocol v2
    ipvsadm -a ${word} -r ${endpoint(v4.servers[0], PORT)} -g`);
  quieten(c, v4);
  c.send(CLIENTS, fromClient(v4, tcp({ sport: CPORT, dport: PORT, seq: CLIENT_ISN, flags: 'S' })));
  c.discard();
  const first = fromClient(v4, tcp({ sport: CPORT, dport: PORT, ...data(0, 'hello') }));
  c.send(CLIENTS, first);
  expect(c.collectOne(SERVERS).subarray(14).toString('hex')).toBe(first.subarray(14).toString('hex'));
});
