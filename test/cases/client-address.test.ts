// SPDX-License-Identifier: Apache-2.0
// The client's address for the real server: TOA in TCP, UOA in UDP, FullNAT and NAT64, byte by byte.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { ipBytes } from '../harness/addresses';
import { ethernet, ip, ipv4, tcp, tcpOption, udp, uoa, type Ipv4Fields, type Layer4, type UdpFields } from '../harness/frames';
import { CLIENT_ISN, RS_ISN, startConnection, TcpConnection, type Segment } from './tcp-connection';
import { CLIENTS, fromClient, mac, SERVERS, sides, startSides, toServerSide, v4, v6, type Sides } from './topology';

stopDaemonsAfterEach();

const PORT = 80;
const CPORT = 40000;
const FIRST = CLIENT_ISN + 1;

const nops = (n: number): Buffer[] => Array.from({ length: n }, () => tcpOption.nop());
const option = (kind: number, length: number): Buffer => Buffer.from([kind, length, ...Array.from({ length: length - 2 }, (_, i) => i + 1)]);
const timestamp = tcpOption.timestamp(0x01020304, 0x05060708);

describe.each(sides)('TOA, $name', (s) => {
  const toa = tcpOption.toa(s.clients.client, CPORT);
  const start = (): Promise<Case> => startSides(s, { proto: 'tcp', port: PORT });
  const shifted = (t: TcpConnection, segment: Segment, options: readonly Uint8Array[]): Segment => ({ ...segment, seq: segment.seq + t.delta, options });

  test('DPL-112 kind, length, port, address; on every segment until the client has data of the server', async () => {
    const c = await start();
    const t = startConnection(c, s, PORT, CPORT);
    expect(toa.toString('hex')).toBe(`fe${s.clients === v4 ? '08' : '14'}9c40${ipBytes(s.clients.client).toString('hex')}`);
    const ack = { seq: FIRST, ack: RS_ISN + 1, flags: 'A' };
    const first = { ...ack, flags: 'PA', payload: 'GET / HTTP/1.0\r\n\r\n' };
    const second = { ...first, seq: FIRST + first.payload.length, payload: 'x' };
    for (const segment of [ack, first, second, first, { ...second, flags: 'FPA' }]) t.clientSends(segment, shifted(t, segment, [toa]));
    // Behind other options of the client it comes first; a reset has none.
    const stamped = { ...second, options: [...nops(2), timestamp] };
    t.clientSends(stamped, shifted(t, stamped, [toa, ...stamped.options]));
    const seen = { ...ack, seq: second.seq + 1, ack: RS_ISN + 2 };
    t.clientSends(seen, shifted(t, seen, []));
  });

  test('DPL-112 a server that has forgotten the connection hears it again', async () => {
    const c = await start();
    const t = startConnection(c, s, PORT, CPORT);
    const seen = { seq: FIRST, ack: RS_ISN + 2, flags: 'A' };
    t.clientSends(seen, shifted(t, seen, []));
    const isn = CLIENT_ISN + 70_000;
    t.clientSends({ seq: isn, flags: 'S' }, { seq: isn + t.delta, flags: 'S' });
    t.serverSends({ seq: RS_ISN + 900, ack: isn + 1 + t.delta, flags: 'SA' }, { seq: RS_ISN + 900, ack: isn + 1, flags: 'SA' });
    const ack = { seq: isn + 1, ack: RS_ISN + 901, flags: 'A' };
    t.clientSends(ack, shifted(t, ack, [toa]));
  });

  test('DPL-112 neither on SYN nor on RST', async () => {
    const c = await start();
    const t = new TcpConnection(c, s, PORT, CPORT);
    c.send(CLIENTS, t.clientFrame({ seq: CLIENT_ISN, flags: 'S' }));
    const syn = c.collectOne(SERVERS);
    t.learn(syn);
    expect(syn.toString('hex')).toBe(toServerSide(s, tcp({ ...t.toServer, seq: CLIENT_ISN + t.delta, flags: 'S' })).toString('hex'));
    t.serverSends({ seq: RS_ISN, ack: FIRST + t.delta, flags: 'SA' }, { seq: RS_ISN, ack: FIRST, flags: 'SA' });
    const rst = { seq: FIRST, ack: RS_ISN + 1, flags: 'RA' };
    t.clientSends(rst, shifted(t, rst, []));
  });

  test('DPL-113 a header of 60 bytes: NOPs go first, then options from the first one on, timestamps never', async () => {
    const c = await start();
    const t = startConnection(c, s, PORT, CPORT);
    const sack = tcpOption.sack(RS_ISN + 10, RS_ISN + 20, RS_ISN + 30, RS_ISN + 40);
    const long = tcpOption.sack(RS_ISN + 10, RS_ISN + 20, RS_ISN + 30, RS_ISN + 40, RS_ISN + 50, RS_ISN + 60);
    const unknown = option(77, 8);
    const mptcp = option(30, 12);
    const one = tcpOption.sack(RS_ISN + 10, RS_ISN + 20);
    const small = s.clients === v4;
    const rows = [
      // Without NOPs 28 bytes: 8 more fit, 20 do not.
      { sent: [...nops(12), timestamp, sack], kept: small ? [timestamp, sack] : [timestamp, ...nops(2)] },
      { sent: [...nops(2), timestamp, ...nops(2), long], kept: [timestamp, ...nops(2)] },
      { sent: [unknown, one, timestamp, mptcp], kept: small ? [one, timestamp, mptcp] : [timestamp, ...nops(2)] },
      { sent: [tcpOption.toa('6.6.6.6', 6), unknown, timestamp, option(78, 14)], kept: small ? [unknown, timestamp, option(78, 14)] : [timestamp, ...nops(2)] },
      // Nothing has to go where there is room.
      { sent: [unknown, one, ...nops(2)], kept: [unknown, one, ...nops(2)] },
    ];
    for (const { sent, kept } of rows) {
      const segment = { seq: FIRST, ack: RS_ISN + 1, flags: 'PA', payload: 'data', options: sent };
      t.clientSends(segment, shifted(t, segment, [toa, ...kept]));
    }
    // A header of 60 bytes gets shorter by that, so a segment as long as the MTU has room.
    const last = Buffer.alloc(1500 - s.servers.headerLength - 60, 0x61);
    const full = { seq: FIRST, ack: RS_ISN + 1, flags: 'A', payload: last, options: [...nops(2), timestamp, ...nops(2), long] };
    t.clientSends(full, shifted(t, full, [toa, timestamp, ...nops(2)]));
  });

  test('DPL-113 a segment as long as the MTU goes without, the longest that has room with it', async () => {
    const c = await start();
    const t = startConnection(c, s, PORT, CPORT);
    const room = 1500 - s.servers.headerLength - 20 - toa.length;
    const fits = { seq: FIRST, ack: RS_ISN + 1, flags: 'A', payload: Buffer.alloc(room, 0x62) };
    t.clientSends(fits, shifted(t, fits, [toa]));
    const full = { ...fits, payload: Buffer.alloc(room + 1, 0x62) };
    t.clientSends(full, shifted(t, full, []));
  });

  test('DPL-114 what a client calls its address is blanked: on SYN, on data, later', async () => {
    const c = await start();
    const t = new TcpConnection(c, s, PORT, CPORT);
    const forged = [tcpOption.toa('6.6.6.6', 666), tcpOption.toa('2001:db8::666', 666)];
    const blank = nops(28);
    c.send(CLIENTS, t.clientFrame({ seq: CLIENT_ISN, flags: 'S', options: [...forged, tcpOption.mss(1400)] }));
    const syn = c.collectOne(SERVERS);
    t.learn(syn);
    const wanted = tcp({ ...t.toServer, seq: CLIENT_ISN + t.delta, flags: 'S', options: [...blank, tcpOption.mss(1400)] });
    expect(syn.toString('hex')).toBe(toServerSide(s, wanted).toString('hex'));
    t.serverSends({ seq: RS_ISN, ack: FIRST + t.delta, flags: 'SA' }, { seq: RS_ISN, ack: FIRST, flags: 'SA' });

    const data = { seq: FIRST, ack: RS_ISN + 1, flags: 'PA', payload: 'hello', options: [forged[0] ?? Buffer.alloc(0)] };
    t.clientSends(data, shifted(t, data, [toa, ...nops(8)]));
    // No room for ours: theirs must not stand in for it.
    const full = { ...data, payload: Buffer.alloc(1500 - s.servers.headerLength - 28, 0x63) };
    t.clientSends(full, shifted(t, full, nops(8)));
    const later = { ...data, ack: RS_ISN + 2, options: forged };
    t.clientSends(later, shifted(t, later, blank));
  });
});

const ipoOn = { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_mode ipo', '}'] } };
const question: UdpFields = { sport: CPORT, dport: PORT, payload: 'question' };

/** Sends the datagram four times; the frames that reach the server in all. */
function fourTimes(c: Case, frame: Buffer): { readonly frames: readonly string[]; readonly to: { readonly sport: number; readonly dport: number } } {
  const frames = [1, 2, 3, 4].flatMap(() => {
    c.send(CLIENTS, frame);
    return c.collect(SERVERS);
  });
  return { frames: frames.map((one) => one.toString('hex')), to: { sport: numberOf(frames.at(-1) ?? Buffer.alloc(0), 'udp.sport'), dport: PORT } };
}

describe.each(sides)('UOA, $name', (s) => {
  const client = { address: s.clients.client, port: CPORT };
  const hex = (...frames: readonly Buffer[]): string[] => frames.map((frame) => frame.toString('hex'));

  test('DPL-125 opp: protocol 248 on three datagrams, in the form of the client\'s family', async () => {
    const c = await startSides(s, { proto: 'udp', port: PORT });
    const { frames, to } = fourTimes(c, fromClient(s.clients, udp(question)));
    const inner = { ...question, ...to };
    const first = toServerSide(s, uoa(client, inner));
    expect(frames).toEqual(hex(first, first, first, toServerSide(s, udp(inner))));
    const header = s.clients === v4 ? '1011000c1f08' : '201100181f14';
    expect(frames[0]?.slice(2 * (14 + s.servers.headerLength))).toMatch(new RegExp(`^${header}9c40${ipBytes(client.address).toString('hex')}`));
  });

  test('DPL-127 no room: a packet of its own before the datagram, three times', async () => {
    const c = await startSides(s, { proto: 'udp', port: PORT });
    const payload = Buffer.alloc(1500 - s.clients.headerLength - 8, 0x64);
    expect(s.clients === v4 ? payload.length : 1472).toBe(1472);
    const { frames, to } = fourTimes(c, fromClient(s.clients, udp({ ...question, payload })));
    // Whatever the datagram's DF says, the packet of its own has none.
    const alone = uoa(client, { ...to, payload: '' });
    const mine = ethernet({ src: mac.port[1], dst: mac.server[0] }, ip({ src: s.servers.lip, dst: s.servers.servers[0] }, alone));
    const data = toServerSide(s, udp({ ...to, payload }));
    expect(frames).toEqual(hex(mine, data, mine, data, mine, data, data));
  });

  test('DPL-127 the longest datagram that has room for it, and one byte more', async () => {
    const c = await startSides(s, { proto: 'udp', port: PORT });
    const room = 1500 - s.servers.headerLength - 8 - (s.clients === v4 ? 12 : 24);
    // Between families the client's packet is longer than the server's.
    const fits = Buffer.alloc(Math.min(room, 1500 - s.clients.headerLength - 8), 0x65);
    c.send(CLIENTS, fromClient(s.clients, udp({ ...question, payload: fits })));
    expect(c.collect(SERVERS)).toHaveLength(1);
    c.send(CLIENTS, fromClient(s.clients, udp({ ...question, payload: Buffer.alloc(room + 1, 0x65) })));
    expect(c.collect(SERVERS)).toHaveLength(2);
  });

  test('DPL-126 ipo: an IPv4 option for IPv4 clients, nothing for others', async () => {
    const c = await startSides(s, { proto: 'udp', port: PORT }, ipoOn);
    const { frames, to } = fourTimes(c, fromClient(s.clients, udp(question)));
    const plain = toServerSide(s, udp({ ...question, ...to }));
    if (s.clients === v6) {
      expect(frames).toEqual(hex(plain, plain, plain, plain));
      return;
    }
    const options = Buffer.concat([Buffer.from([0x1f, 8, 0x9c, 0x40]), ipBytes(client.address)]);
    const marked = ethernet({ src: mac.port[1], dst: mac.server[0] }, ipv4({ src: s.servers.lip, dst: s.servers.servers[0], options }, udp({ ...question, ...to })));
    expect(frames).toEqual(hex(marked, marked, marked, plain));
  });
});

test('DPL-127 IPv6 with extension headers: a packet of its own before the datagram', async () => {
  const s: Sides = { name: 'IPv6', clients: v6, servers: v6 };
  const c = await startSides(s, { proto: 'udp', port: PORT });
  const behindOptions = (fields: UdpFields): Layer4 => ({
    proto: 0,
    bytes: (src, dst) => Buffer.concat([Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]), udp(fields).bytes(src, dst)]),
  });
  c.send(CLIENTS, fromClient(v6, behindOptions(question)));
  const [first, second] = c.collect(SERVERS);
  const to = { sport: second?.readUInt16BE(14 + 40 + 8) ?? 0, dport: PORT };
  expect(first?.toString('hex')).toBe(toServerSide(s, uoa({ address: v6.client, port: CPORT }, { ...to, payload: '' })).toString('hex'));
  expect(second?.toString('hex')).toBe(toServerSide(s, behindOptions({ ...question, ...to })).toString('hex'));
});

describe('UOA over IPv4, corners', () => {
  const s: Sides = { name: 'IPv4', clients: v4, servers: v4 };
  const to = (frame: Buffer): { sport: number; dport: number } => ({ sport: numberOf(frame, 'udp.sport'), dport: PORT });
  const sent = (fields: Partial<Ipv4Fields>, payload: Buffer | string = 'question'): Buffer =>
    ethernet({ src: mac.client, dst: mac.port[0] }, ipv4({ src: v4.client, dst: v4.vip, ...fields }, udp({ ...question, payload })));
  const mine = (fields: Partial<Ipv4Fields>, l4: ReturnType<typeof udp>): string =>
    ethernet({ src: mac.port[1], dst: mac.server[0] }, ipv4({ src: v4.lip, dst: v4.servers[0], ...fields }, l4)).toString('hex');
  const alone = (frame: Buffer): string => mine({}, uoa({ address: v4.client, port: CPORT }, { ...to(frame), payload: '' }));

  test('DPL-126 ipo: options of the client stay behind ours; a full header sends a packet ahead', async () => {
    const c = await startSides(s, { proto: 'udp', port: PORT }, ipoOn);
    const ours = Buffer.from([0x1f, 8, 0x9c, 0x40, ...ipBytes(v4.client)]);
    const theirs = Buffer.alloc(32, 1);
    c.send(CLIENTS, sent({ options: theirs }));
    const frame = c.collectOne(SERVERS);
    expect(frame.toString('hex')).toBe(mine({ options: Buffer.concat([ours, theirs]) }, udp({ ...question, ...to(frame) })));
    const full = Buffer.alloc(36, 1);
    c.send(CLIENTS, sent({ options: full }));
    const [first, second] = c.collect(SERVERS);
    expect(first?.toString('hex')).toBe(alone(second ?? frame));
    expect(second?.toString('hex')).toBe(mine({ options: full }, udp({ ...question, ...to(frame) })));
  });

  test('DPL-126 DPL-127 ipo and 1472 bytes: a packet ahead, with its DF clear', async () => {
    const c = await startSides(s, { proto: 'udp', port: PORT }, ipoOn);
    const payload = Buffer.alloc(1472, 0x66);
    c.send(CLIENTS, sent({ df: true }, payload));
    const [first, second] = c.collect(SERVERS);
    expect(first?.toString('hex')).toBe(alone(second ?? Buffer.alloc(0)));
    expect(second?.toString('hex')).toBe(mine({ df: true }, udp({ ...question, ...to(second ?? Buffer.alloc(0)), payload })));
  });
});
