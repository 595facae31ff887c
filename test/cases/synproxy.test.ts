// SPDX-License-Identifier: Apache-2.0
// SYN proxy: clients shake hands with the director, and servers hear of those only who are really there.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { ethernet, ip, ipv4, tcp, tcpOption, type Layer4 } from '../harness/frames';
import { CLIENT_ISN, field, PORT, proxied, ProxiedClient, RS_ISN, synproxyConf } from './synproxy-client';
import { CLIENTS, configureService, endpoint, fromClient, mac, packet, SERVERS, sides, startSides, startWorld, toClient, v4, type Sides } from './topology';

stopDaemonsAfterEach();

const SERVICE = { proto: 'tcp', port: PORT, extra: '-j enable' } as const;
const MINUTE = 60_000;

/** A frame that the director makes by itself for the client; IPv4 has DF set. */
function ofOurs(s: Sides, l4: Layer4, ttl: number): Buffer {
  const { vip: src, client: dst } = s.clients;
  return ethernet({ src: mac.port[0], dst: mac.client }, s.clients === v4 ? ipv4({ src, dst, ttl, df: true }, l4) : ip({ src, dst, ttl }, l4));
}

describe.each(sides)('$name', (s) => {
  const f = s.clients;
  const sport = 40_000;

  test.each([
    { name: 'no options', conf: [], sent: [], answered: [], agreed: [tcpOption.mss(536)] },
    { name: 'MSS', conf: [], sent: [tcpOption.mss(1000)], answered: [tcpOption.mss(1000)], agreed: [tcpOption.mss(536)] },
    { name: 'a large MSS', conf: [], sent: [tcpOption.mss(9000)], answered: [tcpOption.mss(1452)], agreed: [tcpOption.mss(1452)] },
    {
      name: 'all, as Linux sends them, without time stamps and window scale',
      conf: [],
      sent: [tcpOption.mss(1460), tcpOption.sackPermitted(), tcpOption.timestamp(77, 0), tcpOption.nop(), tcpOption.windowScale(7)],
      answered: [tcpOption.mss(1452), tcpOption.sackPermitted(), Buffer.alloc(14, 1)],
      agreed: [tcpOption.mss(1452), Buffer.from([1, 1]), tcpOption.sackPermitted()],
    },
    {
      name: 'window scale',
      conf: ['synack_options {', 'wscale 5', '}'],
      sent: [tcpOption.mss(1460), tcpOption.nop(), tcpOption.windowScale(7)],
      answered: [tcpOption.mss(1452), tcpOption.nop(), tcpOption.windowScale(5)],
      agreed: [tcpOption.mss(1452), tcpOption.nop(), tcpOption.windowScale(7)],
    },
  ])('DPL-116 a SYN is answered, byte by byte, and forgotten: $name', async ({ conf, sent, answered, agreed }) => {
    const c = await startSides(s, SERVICE, synproxyConf(...conf));
    const t = new ProxiedClient(c, s);
    const answer = t.syn(sent);
    const wanted = tcp({ sport: PORT, dport: sport, seq: t.cookie, ack: CLIENT_ISN + 1, flags: 'SA', window: 4000, options: answered });
    expect(answer.toString('hex')).toBe(ofOurs(s, wanted, 63).toString('hex'));
    expect(c.output('ipvsadm -lnc')).toBe('');
    c.expectNothing();
    // What was agreed is offered to the server.
    const syn = t.ack();
    expect(field(syn, 'tcp.options')).toBe(Buffer.concat(agreed).toString('hex'));
    expect([field(syn, 'tcp.window'), field(syn, 'ip.ttl'), field(syn, 'tcp.checksum')]).toEqual([5000, 64, 'good']);
  });

  test('DPL-117 handshake with the server, what was kept, data both ways, the end', async () => {
    const c = await startSides(s, SERVICE);
    const t = new ProxiedClient(c, s);
    t.syn();
    t.ack();
    expect(c.output('ipvsadm -lnc')).toContain('SYN_SENT');
    const request = { seq: CLIENT_ISN + 1, ack: t.cookie + 1, flags: 'PA', payload: 'GET / HTTP/1.0\r\n\r\n' };
    t.send(request);
    c.expectNothing();
    t.accept();
    const shift = (t.cookie - RS_ISN) >>> 0;
    const first = { seq: CLIENT_ISN + 1 + t.delta, ack: RS_ISN + 1 };
    t.expectAtServer({ ...first, flags: 'A', options: [t.toa] }, { ...first, flags: 'PA', options: [t.toa], payload: request.payload });
    c.expectNothing();
    expect(c.output('ipvsadm -lnc')).toContain('TCP_EST');

    const next = CLIENT_ISN + 1 + request.payload.length;
    t.serverSends({ seq: RS_ISN + 1, ack: next + t.delta, flags: 'PA', payload: 'HTTP/1.0 200 OK\r\n\r\n' });
    t.expectAtClient({ seq: RS_ISN + 1 + shift, ack: next, flags: 'PA', payload: 'HTTP/1.0 200 OK\r\n\r\n' });
    const got = RS_ISN + 20;
    // Selective acknowledgements are about shifted numbers, in both directions.
    const nops = [tcpOption.nop(), tcpOption.nop()];
    t.send({ seq: next, ack: got + shift, flags: 'A', options: [...nops, tcpOption.sack(got + 100 + shift, got + 200 + shift)] });
    t.expectAtServer({ seq: next + t.delta, ack: got, flags: 'A', options: [...nops, tcpOption.sack(got + 100, got + 200)] });
    t.serverSends({ seq: got, ack: next + t.delta, flags: 'A', options: [...nops, tcpOption.sack(next + 10 + t.delta, next + 20 + t.delta)] });
    t.expectAtClient({ seq: got + shift, ack: next, flags: 'A', options: [...nops, tcpOption.sack(next + 10, next + 20)] });

    t.send({ seq: next, ack: got + shift, flags: 'FA' });
    t.expectAtServer({ seq: next + t.delta, ack: got, flags: 'FA' });
    t.serverSends({ seq: got, ack: next + 1 + t.delta, flags: 'FA' });
    t.expectAtClient({ seq: got + shift, ack: next + 1, flags: 'FA' });
    c.warp(9000);
    expect(c.output('ipvsadm -lnc')).toBe('');
  });

  test('DPL-117 windows: the client knows our scale, not that of the server', async () => {
    const c = await startSides(s, SERVICE, synproxyConf('synack_options {', 'wscale 2', '}'));
    const t = new ProxiedClient(c, s);
    t.syn([tcpOption.mss(1460), tcpOption.nop(), tcpOption.windowScale(7)]);
    t.ack();
    t.accept({ options: [tcpOption.mss(1460), tcpOption.nop(), tcpOption.windowScale(5)] });
    c.discard();
    const shift = t.cookie - RS_ISN;
    for (const [window, shown] of [[100, 800], [9000, 65_535]] as const) {
      t.serverSends({ seq: RS_ISN + 1, ack: CLIENT_ISN + 1 + t.delta, flags: 'PA', window, payload: 'x' });
      t.expectAtClient({ seq: RS_ISN + 1 + shift, ack: CLIENT_ISN + 1, flags: 'PA', window: shown, payload: 'x' });
    }
  });

  test('DPL-117 a server that repeats its answer is told again, and the client hears nothing of it', async () => {
    const c = await startSides(s, SERVICE);
    const t = proxied(c, s);
    t.accept();
    const again = c.collectOne(SERVERS);
    expect([field(again, 'tcp.flags'), field(again, 'tcp.ack'), field(again, 'tcp.seq')]).toEqual(['A', RS_ISN + 1, (CLIENT_ISN + 1 + t.delta) >>> 0]);
    c.expectNothing();
  });

  test('DPL-118 a cookie is good for four minutes; other segments are reset', async () => {
    const c = await startSides(s, SERVICE);
    const good = new ProxiedClient(c, s, 1000);
    const late = new ProxiedClient(c, s, 1001);
    good.syn();
    late.syn();
    c.warp(3 * MINUTE, MINUTE);
    good.ack();
    c.warp(MINUTE, MINUTE);
    c.discard();
    late.send({ seq: CLIENT_ISN + 1, ack: late.cookie + 1, flags: 'PA', payload: 'abc' });
    const reset = tcp({ sport: PORT, dport: 1001, seq: late.cookie + 1, ack: CLIENT_ISN + 4, flags: 'RA', window: 0 });
    c.expectFrames(CLIENTS, ofOurs(s, reset, 63));
    c.expectNothing();
    // Neither resets nor FINs are answered.
    for (const flags of ['R', 'RA', 'FA', 'SA']) c.expectDrops({ tcp_not_syn: 1 }, () => late.send({ seq: 5, ack: 5, flags }));
    c.expectNothing();
  });

  test('resets are limited', async () => {
    const c = await startSides(s, SERVICE, { oneWorker: 'every worker has its own limit' });
    const strays = Array.from({ length: 300 }, (_, i) => fromClient(f, tcp({ sport: 1 + i, dport: PORT, seq: 1, ack: 1, flags: 'A' })));
    c.expectDrops({ tcp_not_syn: 300 }, () => c.send(CLIENTS, ...strays));
    expect(c.collect(CLIENTS)).toHaveLength(100);
  });

  test('DPL-119 defer_rs_syn: the server is asked when there are data', async () => {
    const c = await startSides(s, SERVICE, synproxyConf('defer_rs_syn'));
    const t = new ProxiedClient(c, s);
    t.syn();
    c.expectDrops({ synproxy_deferred: 1 }, () => t.send({ seq: CLIENT_ISN + 1, ack: t.cookie + 1, flags: 'A' }));
    expect(c.output('ipvsadm -lnc')).toBe('');
    t.ack({ flags: 'PA', payload: 'hello' });
    t.accept();
    t.expectAtServer({ seq: CLIENT_ISN + 1 + t.delta, ack: RS_ISN + 1, flags: 'PA', payload: 'hello', options: [t.toa] });
  });

  test('DPL-119 close_client_window: the client waits, and is told when it may send', async () => {
    const c = await startSides(s, SERVICE, synproxyConf('close_client_window'));
    const t = new ProxiedClient(c, s);
    expect(numberOf(t.syn(), 'tcp.window')).toBe(0);
    t.ack();
    t.accept();
    c.expectFrames(CLIENTS, ofOurs(s, tcp({ sport: PORT, dport: sport, seq: t.cookie + 1, ack: CLIENT_ISN + 1, flags: 'A', window: 8000 }), 64));
    t.expectAtServer({ seq: CLIENT_ISN + 1 + t.delta, ack: RS_ISN + 1, flags: 'A', options: [t.toa] });
  });

  test('DPL-120 a silent server is asked four times; packets that wait are few; then nothing is left', async () => {
    const c = await startSides(s, SERVICE);
    const t = new ProxiedClient(c, s);
    t.syn();
    const syn = t.ack();
    const data = (i: number): void => t.send({ seq: CLIENT_ISN + 1 + i, ack: t.cookie + 1, flags: 'PA', payload: 'x' });
    c.expectDrops({ synproxy_waiting: 2 }, () => {
      for (let i = 0; i < 5; i++) data(i);
    });
    c.expectDrops({ synproxy_waiting: 1 }, () => t.send({ seq: CLIENT_ISN + 1, flags: 'R' }));
    for (let i = 0; i < 3; i++) {
      c.warp(5000);
      expect(c.collectOne(SERVERS).toString('hex')).toBe(syn.toString('hex'));
    }
    c.warp(5000);
    c.expectNothing();
    expect(c.output('ipvsadm -lnc')).toBe('');
  });

  test('DPL-120 a server that refuses: the client is reset in its own numbers', async () => {
    const c = await startSides(s, SERVICE);
    const t = new ProxiedClient(c, s);
    t.syn();
    t.ack();
    c.expectDrops({ synproxy_waiting: 1 }, () => t.serverSends({ seq: 0, ack: 99, flags: 'RA', window: 0 }));
    t.serverSends({ seq: 0, ack: CLIENT_ISN + 1 + t.delta, flags: 'RA', window: 0 });
    t.expectAtClient({ seq: t.cookie + 1, ack: CLIENT_ISN + 1, flags: 'RA', window: 0 });
    expect(c.output('ipvsadm -lnc')).toMatch(/CLOSE/);
  });

  test('DPL-121 a client that uses its port again shakes hands anew and keeps its server', async () => {
    const c = await startSides(s, { ...SERVICE, servers: [{ index: 0, weight: 1 }, { index: 1, weight: 0 }] });
    const t = proxied(c, s);
    const shift = t.cookie - RS_ISN;
    t.send({ seq: CLIENT_ISN + 1, ack: RS_ISN + 1 + shift, flags: 'RA' });
    c.discard();
    const isn = 500;
    t.syn([tcpOption.mss(1460)], isn);
    const syn = t.ack({}, isn + 1);
    expect(field(syn, 'eth.dst')).toBe(mac.server[0]);
    t.accept({ seq: 9000 }, isn + 1);
    t.expectAtServer({ seq: isn + 1 + t.delta, ack: 9001, flags: 'A', options: [t.toa] });
    t.serverSends({ seq: 9001, ack: isn + 1 + t.delta, flags: 'PA', payload: 'y' });
    t.expectAtClient({ seq: t.cookie + 1, ack: isn + 1, flags: 'PA', payload: 'y' });
    expect(c.output('ipvsadm -lnc').trim().split('\n')).toHaveLength(1);
  });

  test('DPL-122 an acknowledgement that repeats itself is stopped', async () => {
    const c = await startSides(s, SERVICE);
    const t = proxied(c, s);
    const bare = { seq: RS_ISN + 1, ack: CLIENT_ISN + 1 + t.delta, flags: 'A' };
    for (let i = 0; i < 10; i++) t.serverSends(bare);
    expect(c.collect(CLIENTS)).toHaveLength(10);
    c.expectDrops({ synproxy_ack_storm: 2 }, () => {
      t.serverSends(bare);
      t.serverSends(bare);
    });
    t.serverSends({ ...bare, ack: bare.ack + 1 });
    expect(c.collect(CLIENTS)).toHaveLength(1);
  });

  test('DPL-123 a flood of SYNs makes no connection', async () => {
    const c = await startSides(s, SERVICE);
    const N = 2048;
    for (let i = 0; i < N; i += 64) {
      c.send(CLIENTS, ...Array.from({ length: 64 }, (_, k) => fromClient(f, tcp({ sport: 1000 + i + k, dport: PORT, seq: i * 77 + k, flags: 'S', options: [tcpOption.mss(1460)] }))));
      expect(c.collect(CLIENTS)).toHaveLength(64);
    }
    expect(c.output('ipvsadm -lnc')).toBe('');
    c.expectNothing();
  });

  test('an established connection that ends in silence is reset on both sides in their own numbers', async () => {
    const c = await startSides(s, SERVICE);
    const t = proxied(c, s);
    c.warp(95_000, 5000);
    c.expectFrames(CLIENTS, ofOurs(s, tcp({ sport: PORT, dport: sport, seq: t.cookie + 1, flags: 'R', window: 0 }), 64));
    const [reset, ...more] = c.collect(SERVERS).map((frame) => dissect(frame));
    expect([more.length, reset?.get('tcp.flags'), reset?.get('tcp.seq')]).toEqual([0, 'R', (CLIENT_ISN + 1 + t.delta) >>> 0]);
  });
});

test('DPL-117 NAT: the server sees the client', async () => {
  const c = await startWorld(v4);
  const word = `-t ${endpoint(v4.vip, PORT)}`;
  c.run(`
    ipvsadm -A ${word} -s rr -j enable
    ipvsadm -a ${word} -r ${endpoint(v4.servers[0], PORT)} -m`);
  const s = sides[0] as Sides;
  const t = new ProxiedClient(c, s);
  t.syn();
  const syn = t.ack();
  expect([field(syn, 'ip.src'), field(syn, 'tcp.seq'), t.delta, t.lport]).toEqual([v4.client, CLIENT_ISN, 0, t.sport]);
  const answer = tcp({ sport: PORT, dport: t.sport, seq: RS_ISN, ack: CLIENT_ISN + 1, flags: 'SA' });
  c.send(SERVERS, packet(SERVERS, mac.server[0], ip({ src: v4.servers[0], dst: v4.client }, answer)));
  const kept = c.collectOne(SERVERS);
  expect([field(kept, 'tcp.seq'), field(kept, 'tcp.ack'), field(kept, 'tcp.options')]).toEqual([(CLIENT_ISN + 1) >>> 0, RS_ISN + 1, '']);
  const data = tcp({ sport: PORT, dport: t.sport, seq: RS_ISN + 1, ack: CLIENT_ISN + 1, flags: 'PA', payload: 'hi' });
  c.send(SERVERS, packet(SERVERS, mac.server[0], ip({ src: v4.servers[0], dst: v4.client }, data)));
  c.expectFrames(CLIENTS, toClient(v4, tcp({ sport: PORT, dport: t.sport, seq: t.cookie + 1, ack: CLIENT_ISN + 1, flags: 'PA', payload: 'hi' })));
});

test('a service with direct routing is not proxied', async () => {
  const c = await startWorld(v4);
  const word = `-t ${endpoint(v4.vip, PORT)}`;
  c.run(`
    ipvsadm -A ${word} -s rr -j enable
    ipvsadm -a ${word} -r ${endpoint(v4.servers[0], PORT)} -g`);
  c.send(CLIENTS, fromClient(v4, tcp({ sport: 1, dport: PORT, seq: 1, flags: 'S' })));
  expect(field(c.collectOne(SERVERS), 'eth.dst')).toBe(mac.server[0]);
});

test('without a server of any weight SYNs are not answered; refused clients neither', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { ...SERVICE, servers: [{ index: 0, weight: 0 }] });
  const syn = fromClient(v4, tcp({ sport: 1, dport: PORT, seq: 1, flags: 'S' }));
  c.expectDrops({ no_dest: 1 }, () => c.send(CLIENTS, syn));
  c.run(`ipvsadm -e -t ${endpoint(v4.vip, PORT)} -r ${endpoint(v4.servers[0], PORT)} -b -w 1`);
  c.run(`ipvsadm -U -t ${endpoint(v4.vip, PORT)} -k ${v4.client}`);
  c.expectDrops({ deny_list: 1 }, () => c.send(CLIENTS, syn));
  c.expectNothing();
});

test('a cookie stays good when the service ceases to be proxied', async () => {
  const c = await startSides(sides[0] as Sides, SERVICE);
  const t = new ProxiedClient(c, sides[0] as Sides);
  t.syn();
  c.run(`ipvsadm -E -t ${endpoint(v4.vip, PORT)} -j disable`);
  t.ack();
  t.accept();
  t.expectAtServer({ seq: CLIENT_ISN + 1 + t.delta, ack: RS_ISN + 1, flags: 'A', options: [t.toa] });
});

test('DPL-117 two workers: SYN and ACK on different queues, answers of the server as well', async () => {
  const s = sides[0] as Sides;
  const c = await startSides(s, SERVICE, { workers: 2, queues: 2 });
  for (let i = 0; i < 16; i++) {
    const t = new ProxiedClient(c, s, 2000 + i);
    c.sendOn(CLIENTS, 0, t.frame({ seq: CLIENT_ISN, flags: 'S', options: [tcpOption.mss(1460)] }));
    t.cookie = numberOf(c.collectOne(CLIENTS), 'tcp.seq');
    c.sendOn(CLIENTS, 1, t.frame({ seq: CLIENT_ISN + 1, ack: t.cookie + 1, flags: 'A' }));
    const syn = c.collectOne(SERVERS);
    t.lport = numberOf(syn, 'tcp.sport');
    t.delta = (numberOf(syn, 'tcp.seq') - CLIENT_ISN) >>> 0;
    c.sendOn(SERVERS, i & 1, t.serverFrame({ seq: RS_ISN, ack: CLIENT_ISN + 1 + t.delta, flags: 'SA' }));
    t.expectAtServer({ seq: CLIENT_ISN + 1 + t.delta, ack: RS_ISN + 1, flags: 'A', options: [t.toa] });
  }
});
