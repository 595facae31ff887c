// SPDX-License-Identifier: Apache-2.0
// Match services and marks with fragments: they are put together although they are on their way to somebody else, and nothing else is.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case, type CaseOptions } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { fragments } from '../harness/fragments';
import { ethernet, ip, ipv4, PROTO, udp, type Layer4 } from '../harness/frames';
import { answer, bytes, CPORT, expectFragments, ID, MTU, PORT, question, reassembling } from './fragments-world';
import { atInside, atOutside, configureMatch, echo, echoProto, fromInside, fromOutside, matchWord, publicOf, startInside } from './snat-world';
import { CLIENTS as OUTSIDE, endpoint, families, mac, SERVERS as INSIDE, v4, v6, type Family } from './topology';

stopDaemonsAfterEach();

const FORWARDING = { ipv4_defs: ['forwarding on', 'fragment {', '}'], ipv6_defs: ['forwarding on'] };
const ORDERS = [[0, 1, 2], [2, 1, 0], [1, 2, 0]] as const;

function forwarding(): CaseOptions {
  return { conf: { ...reassembling().conf, ...FORWARDING } };
}

function insideFragments(f: Family, l4: Layer4, host = 0, id = ID): Buffer[] {
  const fields = { src: f.servers[host] ?? '', dst: f.client, id, ttl: 61 };
  return fragments(fields, l4, 1400).map((layer) => ethernet({ src: mac.server[host] ?? '', dst: mac.port[1] }, layer));
}

function outsideFragments(f: Family, l4: Layer4, dst = publicOf(f), id = ID): Buffer[] {
  return fragments({ src: f.client, dst, id, ttl: 55 }, l4, 1400).map((layer) => ethernet({ src: mac.client, dst: mac.port[0] }, layer));
}

function sendInOrder(c: Case, port: number, order: readonly number[], frames: readonly Buffer[]): void {
  expect(frames).toHaveLength(order.length);
  for (const at of order) {
    c.expectNothing();
    c.send(port, frames[at] ?? Buffer.alloc(0));
  }
}

/** A field of two bytes behind the headers of the first fragment. */
function number16(f: Family, first: Buffer | undefined, at: number): number {
  return (first ?? Buffer.alloc(100)).readUInt16BE(14 + f.headerLength + (f === v4 ? 0 : 8) + at);
}

/** Fragments of a datagram that was sent from the public address; its port, or the identifier of an echo. */
function expectOutside(c: Case, f: Family, l4: (source: number) => Layer4, at = 0): number {
  const got = c.collect(OUTSIDE);
  const source = number16(f, got[0], at);
  expectFragments(c, OUTSIDE, mac.client, { src: publicOf(f), dst: f.client, ttl: 61 }, l4(source), MTU, got);
  return source;
}

function expectInside(c: Case, f: Family, l4: Layer4, host = 0): void {
  expectFragments(c, INSIDE, mac.server[host] ?? '', { src: f.client, dst: f.servers[host] ?? '', ttl: 55 }, l4);
}

describe.each(families)('$name', (f) => {
  const dstPort = `dst-range=${f === v4 ? `${f.client}-${f.client}` : `[${f.client}-${f.client}]`}:${PORT}`;

  test('DPL-100 DPL-106 UDP both ways, in any order, though only the first fragment has the ports of the rule', async () => {
    const c = await startInside(f, reassembling());
    configureMatch(c, f, 'udp', matchWord(f, 'udp', `${dstPort},iif=test1,oif=test0`));
    for (const [i, order] of ORDERS.entries()) {
      const asked = { ...question, sport: CPORT + i };
      const replied = { ...answer, dport: asked.sport, payload: bytes(3000, i) };
      sendInOrder(c, INSIDE, order, insideFragments(f, udp(asked)));
      const dport = expectOutside(c, f, (sport) => udp({ ...asked, sport }));
      sendInOrder(c, OUTSIDE, order, outsideFragments(f, udp({ ...replied, dport })));
      expectInside(c, f, udp(replied));
    }
    expect([...c.drops()]).toEqual([]);
  });

  test('DPL-099 DPL-106 echo: requests and replies that are longer than a frame', async () => {
    const c = await startInside(f, reassembling());
    configureMatch(c, f, echoProto(f));
    const message = { seq: 1, payload: bytes(4000, 5) };
    c.send(INSIDE, ...insideFragments(f, echo(f, { ...message, type: 'request', id: 7 })));
    const id = expectOutside(c, f, (of) => echo(f, { ...message, type: 'request', id: of }), 4);
    c.send(OUTSIDE, ...outsideFragments(f, echo(f, { ...message, type: 'reply', id })));
    expectInside(c, f, echo(f, { ...message, type: 'reply', id: 7 }));
    expect([...c.drops()]).toEqual([]);
  });

  test('DPL-100 a datagram in fragments that fits a frame leaves whole', async () => {
    const c = await startInside(f, reassembling());
    configureMatch(c, f, 'udp');
    const asked = { ...question, payload: bytes(1200) };
    const sent = fragments({ src: f.servers[0], dst: f.client, id: ID, ttl: 61 }, udp(asked), 800);
    expect(sent).toHaveLength(2);
    c.send(INSIDE, ...sent.map((layer) => ethernet({ src: mac.server[0], dst: mac.port[1] }, layer)));
    const frame = c.collectOne(OUTSIDE);
    const l4 = udp({ ...asked, sport: numberOf(frame, 'udp.sport') });
    const fields = { src: publicOf(f), dst: f.client, ttl: 61 };
    expect(frame.toString('hex')).toBe(ethernet({ src: mac.port[0], dst: mac.client }, f === v4 ? ipv4({ ...fields, id: ID }, l4) : ip(fields, l4)).toString('hex'));
  });

  // None of these waits for the fragment that is missing.
  const others: readonly (readonly [string, (c: Case) => void])[] = [
    ['without services', (): void => undefined],
    ['another source', (c) => configureMatch(c, f, 'udp', `-H proto=udp,src-range=${f.servers[1]}-${f.servers[1]},oif=test0`)],
    ['another destination', (c) => configureMatch(c, f, 'udp', `-H proto=udp,dst-range=${f.servers[1]}-${f.servers[1]},oif=test0`)],
    ['another protocol', (c) => configureMatch(c, f, 'tcp')],
    ['another device on the way in', (c) => configureMatch(c, f, 'udp', matchWord(f, 'udp', 'iif=test0'))],
    ['another device on the way out', (c) => configureMatch(c, f, 'udp', matchWord(f, 'udp', 'oif=test1'))],
    ['a mark without service', (c) => c.run(`dpip mark add 7 proto udp from ${f.servers[0]}/${f.hostPlen}`)],
    ['a mark for others', (c) => c.run(`
      dpip mark add 7 proto udp from ${f.servers[1]}/${f.hostPlen}
      ipvsadm -A -f 7 ${f === v4 ? '' : '-6'} -s rr`)],
  ]; // prettier-ignore
  test.each(others)('DPL-060 fragments of others are routed as they are: %s', async (_name, configure) => {
    const c = await startInside(f, forwarding());
    configure(c);
    c.discard();
    const [a, , last] = insideFragments(f, udp(question)) as [Buffer, Buffer, Buffer];
    const routed = fragments({ src: f.servers[0], dst: f.client, id: ID, ttl: 60 }, udp(question), 1400);
    const [ra, , rlast] = routed.map((layer) => ethernet({ src: mac.port[0], dst: mac.client }, layer)) as [Buffer, Buffer, Buffer];
    c.sendOn(INSIDE, 0, last, a);
    c.expectFrames(OUTSIDE, rlast, ra);
    expect([...c.drops()]).toEqual([]);
  });

  test('DPL-060 a datagram of another port than the rule says is routed, in fragments again', async () => {
    const c = await startInside(f, forwarding());
    configureMatch(c, f, 'udp', matchWord(f, 'udp', dstPort));
    const asked = { ...question, dport: PORT + 1 };
    c.send(INSIDE, ...insideFragments(f, udp(asked)));
    expectFragments(c, OUTSIDE, mac.client, { src: f.servers[0], dst: f.client, ttl: 60 }, udp(asked));
    expect(c.output('ipvsadm -lnc')).toBe('');
  });

  test('DPL-106 dropped where fragments are not put together, so that no address of the inside gets out', async () => {
    const c = await startInside(f, { conf: { ipv4_defs: ['forwarding on'], ipv6_defs: ['forwarding on'] } });
    const dropped = f === v4 ? 'ip4_fragment' : 'ip6_fragment';
    configureMatch(c, f, 'udp', `-H proto=udp,src-range=${f.servers[0]}-${f.servers[0]},oif=test0`);
    c.expectDrops({ [dropped]: 3 }, () => c.send(INSIDE, ...insideFragments(f, udp(question))));
    c.expectDrops({ [dropped]: 3 }, () => c.send(OUTSIDE, ...outsideFragments(f, udp(answer))));
    c.expectNothing();
    c.sendOn(INSIDE, 0, ...insideFragments(f, udp(question), 1));
    const routed = fragments({ src: f.servers[1], dst: f.client, id: ID, ttl: 60 }, udp(question), 1400);
    c.expectFrames(OUTSIDE, ...routed.map((layer) => ethernet({ src: mac.port[0], dst: mac.client }, layer)));
  });

  test('DPL-106 what stays incomplete is given up, and the host inside is told', async () => {
    const c = await startInside(f, reassembling());
    configureMatch(c, f, 'udp');
    const [a, , last] = insideFragments(f, udp(question)) as [Buffer, Buffer, Buffer];
    c.send(INSIDE, a, last);
    c.expectDrops({ frag_timeout: 2 }, () => c.warp(1100, 100));
    const told = dissect(c.collectOne(INSIDE));
    expect([told.get('eth.dst'), told.get('icmp.type'), told.get('icmp.code')]).toEqual([mac.server[0], f === v4 ? 11 : 3, 1]);
    c.expectNothing();
  });

  test('DPL-061 DPL-106 a service of a mark gets datagrams in fragments for addresses of others', async () => {
    const c = await startInside(f, reassembling());
    const word = f === v4 ? '-f 7' : '-f 7 -6';
    c.run(`
      dpip mark add 7 proto udp from ${f.client}/${f.hostPlen} dport ${PORT} iif test0
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], 0)} -m`);
    const elsewhere = f === v4 ? '10.77.0.1' : '2001:db8:77::1';
    c.send(OUTSIDE, ...outsideFragments(f, udp(question), elsewhere).reverse());
    expectInside(c, f, udp(question));
    expect([...c.drops()]).toEqual([]);
  });

  test.each([
    { queues: 2, extra: '' },
    { queues: 1, extra: '' },
    { queues: 2, extra: '-p 60' },
  ])('DPL-085 DPL-106 two workers, $queues queues $extra: fragments and whole datagrams of a flow share its connection', async ({ queues, extra }) => {
    const c = await startInside(f, { ...reassembling(), workers: 2, queues });
    configureMatch(c, f, 'udp');
    configureMatch(c, f, echoProto(f));
    if (extra !== '') c.run(`ipvsadm -E ${matchWord(f, 'udp')} -s rr ${extra}`);
    const last = queues - 1;
    const spread = (port: number, frames: readonly Buffer[], seed: number): void => {
      for (const [i, frame] of frames.entries()) c.sendOn(port, (seed + i) & last, frame);
    };
    for (let sport = 1000; sport < 1024; sport++) {
      const asked = { ...question, sport };
      const whole = { ...asked, payload: 'whole' };
      // The first packet of the flow is one or the other.
      const sendWhole = (): number => {
        c.sendOn(INSIDE, sport & last, fromInside(f, udp(whole)));
        const frame = c.collectOne(OUTSIDE);
        const source = numberOf(frame, 'udp.sport');
        expect(frame.toString('hex')).toBe(atOutside(f, udp({ ...whole, sport: source })).toString('hex'));
        return source;
      };
      const sendFragments = (): number => {
        spread(INSIDE, insideFragments(f, udp(asked), 0, sport), sport >> 1);
        return expectOutside(c, f, (source) => udp({ ...asked, sport: source }));
      };
      const ports = (sport & 2) === 0 ? [sendWhole(), sendFragments()] : [sendFragments(), sendWhole()];
      const dport = ports[0] ?? 0;
      expect(ports[1]).toBe(dport);
      spread(OUTSIDE, outsideFragments(f, udp({ ...answer, dport }), publicOf(f), sport), sport >> 2);
      expectInside(c, f, udp({ ...answer, dport: sport }));
      c.sendOn(OUTSIDE, sport & last, fromOutside(f, udp({ sport: PORT, dport, payload: 'short' })));
      c.expectFrames(INSIDE, atInside(f, udp({ sport: PORT, dport: sport, payload: 'short' })));

      const message = { seq: 1, payload: bytes(3000, sport) };
      spread(INSIDE, insideFragments(f, echo(f, { ...message, type: 'request', id: sport }), 0, sport), sport >> 1);
      const id = expectOutside(c, f, (of) => echo(f, { ...message, type: 'request', id: of }), 4);
      spread(OUTSIDE, outsideFragments(f, echo(f, { ...message, type: 'reply', id }), publicOf(f), sport), sport);
      expectInside(c, f, echo(f, { ...message, type: 'reply', id: sport }));
    }
    const lines = c.output('ipvsadm -lnc').trim().split('\n');
    expect(lines).toHaveLength(48);
    expect(new Set(lines.map((line) => line.slice(0, 3)))).toEqual(new Set(['[1]', '[2]']));
    if (extra !== '') expect(c.output('ipvsadm -lnc --persistent-conn').trim().split('\n')).toHaveLength(1);
    expect([...c.drops()]).toEqual([]);
  });
});

test('DPL-106 IPv6: the protocol may be behind options that are in the first fragment', async () => {
  const DESTINATION_OPTIONS = 60;
  const c = await startInside(v6, forwarding());
  configureMatch(c, v6, 'udp');
  const inner = (l4: Layer4): Layer4 => ({
    proto: DESTINATION_OPTIONS,
    bytes: (src, dst) => Buffer.concat([Buffer.from([PROTO.UDP, 0, 1, 4, 0, 0, 0, 0]), l4.bytes(src, dst)]),
  });
  c.send(INSIDE, ...insideFragments(v6, inner(udp(question))).reverse());
  const got = c.collect(OUTSIDE);
  const sport = number16(v6, got[0], 8);
  expectFragments(c, OUTSIDE, mac.client, { src: publicOf(v6), dst: v6.client, ttl: 61 }, inner(udp({ ...question, sport })), MTU, got);
});
