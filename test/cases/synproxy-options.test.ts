// SPDX-License-Identifier: Apache-2.0
// The SYN proxy together with other options of a service: persistence, PROXY headers, thresholds, lists of clients.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { ethernet, ip, ipv4, tcp, tcpOption } from '../harness/frames';
import { proxyV1, proxyV2, type ProxyEnds } from '../harness/proxy-header';
import { CLIENT_ISN, field, PORT, proxied, ProxiedClient, RS_ISN, synproxyConf } from './synproxy-client';
import { CLIENTS, endpoint, mac, SERVERS, sides, startSides, v4, type ServiceOptions, type Sides } from './topology';

stopDaemonsAfterEach();

const SPORT = 40_000;
const FIRST = CLIENT_ISN + 1;
const TWO_SERVERS = [{ index: 0, weight: 1 }, { index: 1, weight: 1 }];
const ONE_WORKER = { oneWorker: 'shares of a worker' };

function service(extra: string, more: Partial<ServiceOptions> = {}): ServiceOptions {
  return { proto: 'tcp', port: PORT, extra: `-j enable ${extra}`, ...more };
}

/** The reset that a client gets whose handshake was complete; `sent` bytes of its data are acknowledged. */
function resetFor(s: Sides, t: ProxiedClient, sent = 0): Buffer {
  const { vip: src, client: dst } = s.clients;
  const l4 = tcp({ sport: PORT, dport: t.sport, seq: t.cookie + 1, ack: FIRST + sent, flags: 'RA', window: 0 });
  return ethernet({ src: mac.port[0], dst: mac.client }, s.clients === v4 ? ipv4({ src, dst, ttl: 63, df: true }, l4) : ip({ src, dst, ttl: 63 }, l4));
}

function lines(c: Case, command: string): string[] {
  return c.output(command).split('\n').filter((line) => line !== '');
}

function templates(c: Case): string[] {
  return lines(c, 'ipvsadm -lnc --persistent-conn');
}

describe.each(sides)('$name', (s) => {
  const f = s.clients;
  const word = `-t ${endpoint(f.vip, PORT)}`;
  const real = (index: number): string => endpoint(s.servers.servers[index] ?? '', PORT);

  describe('persistence', () => {
    const neighbour = f === v4 ? '10.0.0.3' : '2001:db8::3';

    /** Shakes hands; the index of the server that is asked. */
    function served(t: ProxiedClient): number {
      t.syn();
      return mac.server.indexOf(field(t.ack(), 'eth.dst') as (typeof mac.server)[number]);
    }

    test('DPL-081 DPL-117 all connections of a client go to one server; a SYN alone makes no template', async () => {
      const c = await startSides(s, service('-p 60', { servers: TWO_SERVERS }), { oneWorker: 'the scheduler goes round on each worker' });
      const first = new ProxiedClient(c, s, SPORT);
      first.syn();
      expect(templates(c)).toEqual([]);
      const index = mac.server.indexOf(field(first.ack(), 'eth.dst') as (typeof mac.server)[number]);
      expect([0, 1]).toContain(index);
      expect(served(new ProxiedClient(c, s, SPORT + 1))).toBe(index);
      expect(served(new ProxiedClient(c, s, SPORT + 2, neighbour))).toBe(1 - index);
      expect(served(new ProxiedClient(c, s, SPORT + 3))).toBe(index);
      const listed = templates(c);
      expect(listed).toHaveLength(2);
      expect(listed.find((line) => line.includes(`${endpoint(f.client, 0)} `))).toContain(real(index));
      expect(listed.find((line) => line.includes(`${endpoint(neighbour, 0)} `))).toContain(real(1 - index));
      expect(lines(c, 'ipvsadm -lnc')).toHaveLength(4);
    });

    test('DPL-081 DPL-085 two workers, SYNs and ACKs on any queue: one worker has all of a client', async () => {
      const c = await startSides(s, service('-p 60', { servers: TWO_SERVERS }), { workers: 2, queues: 2 });
      const asked = new Set<unknown>();
      for (let i = 0; i < 12; i++) {
        const t = new ProxiedClient(c, s, SPORT + i);
        c.sendOn(CLIENTS, i & 1, t.frame({ seq: CLIENT_ISN, flags: 'S', options: [tcpOption.mss(1460)] }));
        t.cookie = Number(field(c.collectOne(CLIENTS), 'tcp.seq'));
        c.sendOn(CLIENTS, i >> 1 & 1, t.frame({ seq: FIRST, ack: t.cookie + 1, flags: 'A' }));
        const syn = c.collectOne(SERVERS);
        asked.add(field(syn, 'eth.dst'));
      }
      expect(asked.size).toBe(1);
      expect(templates(c)).toHaveLength(1);
      expect(new Set(lines(c, 'ipvsadm -lnc').map((line) => line.slice(0, 3))).size).toBe(1);
    });
  });

  describe.each([
    { version: 'v1', write: (ends: ProxyEnds): Buffer => proxyV1(ends) },
    { version: 'v2', write: (ends: ProxyEnds): Buffer => proxyV2(ends) },
  ])('PROXY $version', ({ version, write }) => {
    const header = write({ src: f.client, dst: f.vip, sport: SPORT, dport: PORT });
    const n = header.length;
    const options = service(`--proxy-protocol ${version}`);
    const request = 'GET / HTTP/1.0\r\n\r\n';
    const end = FIRST + request.length;

    /** From the answer of the server to the header to the end, in the numbers of both sides. */
    function converse(c: Case, t: ProxiedClient): void {
      const shift = t.cookie - RS_ISN;
      t.serverSends({ seq: RS_ISN + 1, ack: end + t.delta + n, flags: 'PA', payload: 'page' });
      t.expectAtClient({ seq: RS_ISN + 1 + shift, ack: end, flags: 'PA', payload: 'page' });
      t.send({ seq: end, ack: RS_ISN + 5 + shift, flags: 'PA', payload: 'more' });
      t.expectAtServer({ seq: end + t.delta + n, ack: RS_ISN + 5, flags: 'PA', payload: 'more' });
      const nops = [tcpOption.nop(), tcpOption.nop()];
      t.serverSends({ seq: RS_ISN + 5, ack: end + t.delta + n, flags: 'A', options: [...nops, tcpOption.sack(end + 10 + t.delta + n, end + 20 + t.delta + n)] });
      t.expectAtClient({ seq: RS_ISN + 5 + shift, ack: end, flags: 'A', options: [...nops, tcpOption.sack(end + 10, end + 20)] });
      t.send({ seq: end + 4, ack: RS_ISN + 5 + shift, flags: 'A', options: [...nops, tcpOption.sack(RS_ISN + 100 + shift, RS_ISN + 200 + shift)] });
      t.expectAtServer({ seq: end + 4 + t.delta + n, ack: RS_ISN + 5, flags: 'A', options: [...nops, tcpOption.sack(RS_ISN + 100, RS_ISN + 200)] });
      t.send({ seq: end + 4, ack: RS_ISN + 5 + shift, flags: 'FA' });
      t.expectAtServer({ seq: end + 4 + t.delta + n, ack: RS_ISN + 5, flags: 'FA' });
      t.serverSends({ seq: RS_ISN + 5, ack: end + 5 + t.delta + n, flags: 'FA' });
      t.expectAtClient({ seq: RS_ISN + 5 + shift, ack: end + 5, flags: 'FA' });
      expect([...c.drops()]).toEqual([]);
    }

    test('DPL-117 DPL-128 the header is in front of the first data, not of the bare ACK', async () => {
      const c = await startSides(s, options);
      const t = new ProxiedClient(c, s, SPORT);
      t.syn();
      t.ack();
      t.accept();
      const first = { seq: FIRST + t.delta, ack: RS_ISN + 1 };
      t.expectAtServer({ ...first, flags: 'A' });
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'PA', payload: request });
      t.expectAtServer({ ...first, flags: 'PA', payload: Buffer.concat([header, Buffer.from(request)]) });
      // Sent again before the server acknowledged it.
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'PA', payload: request });
      t.expectAtServer({ ...first, flags: 'PA', payload: Buffer.concat([header, Buffer.from(request)]) });
      converse(c, t);
    });

    test('DPL-117 DPL-128 so it is when data waited for the server', async () => {
      const c = await startSides(s, options);
      const t = new ProxiedClient(c, s, SPORT);
      t.syn();
      t.ack();
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'PA', payload: request.slice(0, 6) });
      t.send({ seq: FIRST + 6, ack: t.cookie + 1, flags: 'PA', payload: request.slice(6) });
      c.expectNothing();
      t.accept();
      const first = { seq: FIRST + t.delta, ack: RS_ISN + 1 };
      t.expectAtServer(
        { ...first, flags: 'A' },
        { ...first, flags: 'PA', payload: Buffer.concat([header, Buffer.from(request.slice(0, 6))]) },
        { ...first, seq: first.seq + n + 6, flags: 'PA', payload: request.slice(6) },
      );
      converse(c, t);
    });

    test('DPL-119 DPL-128 defer_rs_syn: the ACK that opens the connection has the data', async () => {
      const c = await startSides(s, options, synproxyConf('defer_rs_syn'));
      const t = new ProxiedClient(c, s, SPORT);
      t.syn();
      t.ack({ flags: 'PA', payload: request });
      t.accept();
      t.expectAtServer({ seq: FIRST + t.delta, ack: RS_ISN + 1, flags: 'PA', payload: Buffer.concat([header, Buffer.from(request)]) });
      converse(c, t);
    });

    test('DPL-117 DPL-128 a server that repeats its answer is told in its own numbers, before and after the header', async () => {
      const c = await startSides(s, options);
      const t = proxied(c, s, SPORT);
      // Written by the director: IPv4 has DF set.
      const l4 = tcp({ sport: t.lport, dport: PORT, seq: FIRST + t.delta, ack: RS_ISN + 1, flags: 'A', window: 0xffff });
      const ends = { src: s.servers.lip, dst: s.servers.servers[0] };
      const told = ethernet({ src: mac.port[1], dst: mac.server[0] }, s.servers === v4 ? ipv4({ ...ends, df: true }, l4) : ip(ends, l4));
      t.accept();
      c.expectFrames(SERVERS, told);
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'PA', payload: request });
      c.discard();
      t.accept();
      c.expectFrames(SERVERS, told);
      c.expectNothing();
    });

    test('DPL-121 DPL-128 a client that uses its port again: the server gets the header again', async () => {
      const c = await startSides(s, options);
      const t = proxied(c, s, SPORT);
      const shift = t.cookie - RS_ISN;
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'PA', payload: request });
      t.serverSends({ seq: RS_ISN + 1, ack: end + t.delta + n, flags: 'A' });
      t.send({ seq: end, ack: RS_ISN + 1 + shift, flags: 'RA' });
      c.discard();
      const isn = 500;
      t.syn([tcpOption.mss(1460)], isn);
      t.ack({}, isn + 1);
      t.accept({ seq: 9000 }, isn + 1);
      t.expectAtServer({ seq: isn + 1 + t.delta, ack: 9001, flags: 'A' });
      t.send({ seq: isn + 1, ack: t.cookie + 1, flags: 'PA', payload: 'hello' });
      t.expectAtServer({ seq: isn + 1 + t.delta, ack: 9001, flags: 'PA', payload: Buffer.concat([header, Buffer.from('hello')]) });
      t.serverSends({ seq: 9001, ack: isn + 6 + t.delta + n, flags: 'PA', payload: 'y' });
      t.expectAtClient({ seq: t.cookie + 1, ack: isn + 6, flags: 'PA', payload: 'y' });
    });

    test('DPL-117 DPL-128 data as long as the way allows: the header goes ahead', async () => {
      const c = await startSides(s, options);
      const t = proxied(c, s, SPORT);
      const payload = Buffer.alloc(1500 - s.clients.headerLength - 20, 0x61).subarray(0, 1400);
      const room = 1500 - s.servers.headerLength - 20 - payload.length;
      expect(room).toBeGreaterThan(0);
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'A', payload });
      const first = { seq: FIRST + t.delta, ack: RS_ISN + 1, flags: 'A' };
      if (room >= n) t.expectAtServer({ ...first, payload: Buffer.concat([header, payload]) });
      else t.expectAtServer({ ...first, payload: header }, { ...first, seq: first.seq + n, payload });
      const shift = t.cookie - RS_ISN;
      t.serverSends({ seq: RS_ISN + 1, ack: FIRST + t.delta + n + payload.length, flags: 'A' });
      t.expectAtClient({ seq: RS_ISN + 1 + shift, ack: FIRST + payload.length, flags: 'A' });
    });
  });

  describe('clients that no server takes', () => {
    test('DPL-059 DPL-117 upper threshold: who has shaken hands in vain is reset, and served when there is room', async () => {
      const c = await startSides(s, service(''), ONE_WORKER);
      c.run(`ipvsadm -e ${word} -r ${real(0)} -b -x 1`);
      const t = proxied(c, s, SPORT);
      const refused = new ProxiedClient(c, s, SPORT + 1);
      refused.syn();
      c.expectDrops({ dest_overload: 1 }, () => refused.send({ seq: FIRST, ack: refused.cookie + 1, flags: 'A' }));
      c.expectFrames(CLIENTS, resetFor(s, refused));
      c.expectDrops({ no_dest: 1 }, () => refused.send({ seq: FIRST, ack: refused.cookie + 1, flags: 'PA', payload: 'hello' }));
      c.expectFrames(CLIENTS, resetFor(s, refused, 5));
      c.expectNothing();
      expect(lines(c, 'ipvsadm -lnc')).toHaveLength(1);
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'RA' });
      c.warp(12_000, 1000);
      expect(lines(c, 'ipvsadm -lnc')).toEqual([]);
      c.discard();
      refused.syn();
      refused.ack();
      refused.accept();
      refused.expectAtServer({ seq: FIRST + refused.delta, ack: RS_ISN + 1, flags: 'A', options: [refused.toa] });
    });

    test('DPL-117 the last server is quiesced while the client shakes hands', async () => {
      const c = await startSides(s, service(''));
      const t = new ProxiedClient(c, s, SPORT);
      t.syn();
      c.run(`ipvsadm -e ${word} -r ${real(0)} -b -w 0`);
      c.expectDrops({ no_dest: 1 }, () => t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'A' }));
      c.expectFrames(CLIENTS, resetFor(s, t));
      c.expectNothing();
    });
  });

  describe('lists of clients', () => {
    const deny = `ipvsadm -U ${word} -k ${f.client}`;

    test.each([
      ['deny_list', deny],
      ['allow_list', `ipvsadm -O ${word} -2 ${f === v4 ? '10.0.0.77' : '2001:db8::77'}`],
    ])('DPL-063 DPL-064 DPL-116 %s: neither SYN nor cookie of a refused client is answered', async (why, command) => {
      const c = await startSides(s, service(''));
      const t = new ProxiedClient(c, s, SPORT);
      t.syn();
      c.run(command);
      c.expectDrops({ [why]: 1 }, () => t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'A' }));
      const other = new ProxiedClient(c, s, SPORT + 1);
      c.expectDrops({ [why]: 1 }, () => other.send({ seq: CLIENT_ISN, flags: 'S' }));
      c.expectDrops({ [why]: 1 }, () => other.send({ seq: 5, ack: 5, flags: 'A' }));
      c.expectNothing();
      expect(c.output('ipvsadm -lnc')).toBe('');
    });

    test('DPL-063 DPL-117 refused while the server is asked: what waited does not reach it', async () => {
      const c = await startSides(s, service(''));
      const t = new ProxiedClient(c, s, SPORT);
      t.syn();
      t.ack();
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'PA', payload: 'hello' });
      c.run(deny);
      c.expectDrops({ deny_list: 2 }, () => t.accept());
      c.expectNothing();
      c.expectDrops({ deny_list: 1 }, () => t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'PA', payload: 'hello' }));
      c.run(`ipvsadm -V ${word} -k ${f.client}`);
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'PA', payload: 'hello' });
      t.expectAtServer({ seq: FIRST + t.delta, ack: RS_ISN + 1, flags: 'PA', payload: 'hello', options: [t.toa] });
    });

    test('DPL-063 DPL-121 a refused client does not open its old connection anew', async () => {
      const c = await startSides(s, service(''));
      const t = proxied(c, s, SPORT);
      t.send({ seq: FIRST, ack: t.cookie + 1, flags: 'RA' });
      c.discard();
      c.run(deny);
      c.expectDrops({ deny_list: 1 }, () => t.send({ seq: 500, flags: 'S' }));
      c.expectNothing();
    });
  });
});
