// SPDX-License-Identifier: Apache-2.0
// DPL-105: ICMP errors about packets of connections reach whom the packet came from, about the packet that it knows.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { ethernet, icmp, icmp6, ip, ipv4, ipv6, udp, type Layer3, type Layer4, type UdpFields } from '../harness/frames';
import { startConnection } from './tcp-connection';
import {
  CLIENTS, configureAddresses, configureNeighbours, configureService, endpoint, families, fromClient, mac, quieten, SERVERS, serviceWord,
  startWorld, v4, v6, type Family,
} from './topology'; // prettier-ignore

stopDaemonsAfterEach();

const PORT = 53;
const CPORT = 5000;
const NO_UOA = { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } };
const question: UdpFields = { sport: CPORT, dport: PORT, payload: 'a question of some length' };

/** An error that quotes a whole packet. */
function error(f: Family, kind: 'too big' | 'unreachable', quoted: Layer3, mtu = 0): Layer4 {
  const info = Buffer.alloc(4);
  info.writeUInt32BE(mtu);
  const rest = Buffer.concat([info, quoted.bytes]);
  if (f === v4) return icmp(3, kind === 'too big' ? 4 : 3, rest);
  return kind === 'too big' ? icmp6(2, 0, rest) : icmp6(1, 4, rest);
}

function quoteOf(frame: Buffer): Layer3 {
  return { etherType: frame.readUInt16BE(12), bytes: frame.subarray(14) };
}

/** Errors come with the TTL of a host that writes them. */
function wantedError(f: Family, src: string, dst: string, l4: Layer4): Layer3 {
  return f === v4 ? ipv4({ src, dst, ttl: 64, id: 0, df: true }, l4) : ipv6({ src, dst, hopLimit: 64 }, l4);
}

/** The quote is written anew: DF set, no id. */
function quoted(f: Family, src: string, dst: string, l4: Layer4): Layer3 {
  return f === v4 ? ipv4({ src, dst, ttl: 64, id: 0, df: true }, l4) : ipv6({ src, dst, hopLimit: 64 }, l4);
}

describe.each(families)('$name', (f) => {
  const router = f === v4 ? '10.1.0.77' : '2001:db8:1::77';

  test('DPL-105 FullNAT: an error about a packet to the server goes to the client', async () => {
    const c = await startWorld(f, NO_UOA);
    configureService(c, f, { proto: 'udp', port: PORT });
    c.send(CLIENTS, fromClient(f, udp(question)));
    const sent = quoteOf(c.collectOne(SERVERS));
    const frame = ethernet({ src: mac.server[0] ?? '', dst: mac.port[1] }, ip({ src: router, dst: f.lip }, error(f, 'too big', sent, 1400)));
    const about = quoted(f, f.client, f.vip, udp(question));
    const wanted = ethernet({ src: mac.port[0], dst: mac.client }, wantedError(f, f.vip, f.client, error(f, 'too big', about, 1400)));
    c.exchange(SERVERS, [frame], CLIENTS, [wanted]);
  });

  test('FullNAT: an error about a packet to the client goes to the server', async () => {
    const c = await startWorld(f, NO_UOA);
    configureService(c, f, { proto: 'udp', port: PORT });
    c.send(CLIENTS, fromClient(f, udp(question)));
    const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
    const answer = { sport: PORT, dport: lport, payload: 'the answer' };
    c.send(SERVERS, ethernet({ src: mac.server[0] ?? '', dst: mac.port[1] }, ip({ src: f.servers[0], dst: f.lip }, udp(answer))));
    const sent = quoteOf(c.collectOne(CLIENTS));
    const about = quoted(f, f.servers[0], f.lip, udp(answer));
    const wanted = ethernet({ src: mac.port[1], dst: mac.server[0] ?? '' }, wantedError(f, f.lip, f.servers[0], error(f, 'unreachable', about)));
    c.exchange(CLIENTS, [fromClient(f, error(f, 'unreachable', sent))], SERVERS, [wanted]);
  });

  test('FullNAT of TCP: the quoted sequence number is the one that the client sent', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, CPORT);
    c.send(CLIENTS, t.clientFrame({ seq: 1_000_001, ack: 5_000_001, flags: 'PA', payload: 'GET /' }));
    const sent = quoteOf(c.collectOne(SERVERS));
    c.send(SERVERS, ethernet({ src: mac.server[0] ?? '', dst: mac.port[1] }, ip({ src: router, dst: f.lip }, error(f, 'too big', sent, 1300))));
    const got = c.collectOne(CLIENTS);
    const quote = got.subarray(14 + f.headerLength + 8 + f.headerLength);
    expect(quote.readUInt16BE(0)).toBe(CPORT);
    expect(quote.readUInt32BE(4)).toBe(1_000_001);
  });

  test('FullNAT of TCP: on a narrow path the client\'s address goes only where it fits', async () => {
    const mtu = 1300;
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, CPORT);
    const full = (size: number): Buffer => t.clientFrame({ seq: 1_000_001, ack: 5_000_001, flags: 'PA', payload: Buffer.alloc(size - f.headerLength - 20) });
    c.send(CLIENTS, full(mtu));
    const grown = c.collectOne(SERVERS);
    expect(grown.length).toBeGreaterThan(14 + mtu);
    c.send(SERVERS, ethernet({ src: mac.server[0] ?? '', dst: mac.port[1] }, ip({ src: router, dst: f.lip }, error(f, 'too big', quoteOf(grown), mtu))));
    c.collectOne(CLIENTS);
    c.send(CLIENTS, full(mtu));
    expect(c.collectOne(SERVERS)).toHaveLength(14 + mtu);
    const option = f === v4 ? 8 : 20;
    c.send(CLIENTS, full(mtu - option));
    expect(c.collectOne(SERVERS)).toHaveLength(14 + mtu);
  });

  test('a wrong checksum, and an error about nothing that we know, are not passed on', async () => {
    const c = await startWorld(f, NO_UOA);
    configureService(c, f, { proto: 'udp', port: PORT });
    c.send(CLIENTS, fromClient(f, udp(question)));
    const sent = quoteOf(c.collectOne(SERVERS));
    const good = ethernet({ src: mac.server[0] ?? '', dst: mac.port[1] }, ip({ src: router, dst: f.lip }, error(f, 'too big', sent, 1400)));
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(bad.length - 1) ^ 1, bad.length - 1);
    const other = quoted(f, f.lip, f.servers[0], udp({ ...question, sport: 60000 }));
    const unknown = ethernet({ src: mac.server[0] ?? '', dst: mac.port[1] }, ip({ src: router, dst: f.lip }, error(f, 'too big', other, 1400)));
    c.send(SERVERS, bad);
    c.send(SERVERS, unknown);
    c.expectNothing();
  });

  test('DPL-105 tunnel: the client is told what the tunnel leaves of the way', async () => {
    const c = await startWorld(f);
    const word = serviceWord(f, { proto: 'udp', port: PORT });
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], PORT)} -i`);
    quieten(c, f);
    c.send(CLIENTS, fromClient(f, udp(question)));
    const sent = quoteOf(c.collectOne(SERVERS));
    const frame = ethernet({ src: mac.server[0] ?? '', dst: mac.port[1] }, ip({ src: router, dst: f.port[1] }, error(f, 'too big', sent, 1400)));
    const about = quoted(f, f.client, f.vip, udp(question));
    const mtu = f === v4 ? 1380 : 1360;
    const wanted = ethernet({ src: mac.port[0], dst: mac.client }, wantedError(f, f.vip, f.client, error(f, 'too big', about, mtu)));
    c.exchange(SERVERS, [frame], CLIENTS, [wanted]);
  });

  test('DPL-105 NAT: in both directions', async () => {
    const c = await startWorld(f);
    const word = serviceWord(f, { proto: 'udp', port: PORT });
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], 5353)} -m`);
    quieten(c, f);
    c.send(CLIENTS, fromClient(f, udp(question)));
    const sent = quoteOf(c.collectOne(SERVERS));
    // The router answers to the source of the packet: the client, by way of us.
    const frame = ethernet({ src: mac.server[0] ?? '', dst: mac.port[1] }, ip({ src: router, dst: f.client }, error(f, 'too big', sent, 1400)));
    const about = quoted(f, f.client, f.vip, udp(question));
    const wanted = ethernet({ src: mac.port[0], dst: mac.client }, wantedError(f, f.vip, f.client, error(f, 'too big', about, 1400)));
    c.exchange(SERVERS, [frame], CLIENTS, [wanted]);
  });

  test('DPL-105 direct routing: an error about a reply that we never saw goes to the server as it is', async () => {
    const c = await startWorld(f);
    const word = serviceWord(f, { proto: 'udp', port: PORT });
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], PORT)} -g`);
    quieten(c, f);
    c.send(CLIENTS, fromClient(f, udp(question)));
    c.discard();
    const reply = ip({ src: f.vip, dst: f.client }, udp({ sport: PORT, dport: CPORT, payload: 'reply' }));
    const l4 = error(f, 'unreachable', reply);
    const wanted = ethernet({ src: mac.port[1], dst: mac.server[0] ?? '' }, ip({ src: f.client, dst: f.vip }, l4));
    c.exchange(CLIENTS, [fromClient(f, l4)], SERVERS, [wanted]);
  });
});

describe.each(families)('lists of clients, $name', (f) => {
  const router = f === v4 ? '10.1.0.77' : '2001:db8:1::77';
  const service = endpoint(f.vip, PORT);
  const elsewhere = f === v4 ? '10.9.9.9' : '2001:db8:9::9';

  interface Errors {
    /** From the server's side, about a packet of the client. */
    readonly aboutClient: Buffer;
    /** From the client, about a packet of the server; those of direct routing and tunnels pass elsewhere. */
    readonly fromClient: Buffer;
  }

  /** A flow in a forwarding mode, and the errors that its packets bring about. */
  function errors(c: Case, mode: string): Errors {
    const word = serviceWord(f, { proto: 'udp', port: PORT });
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], PORT)} ${mode}`);
    if (mode === '-b') c.run(`ipvsadm -P ${word} -z ${f.lip} -F test1`);
    quieten(c, f);
    c.send(CLIENTS, fromClient(f, udp(question)));
    const frame = c.collectOne(SERVERS);
    const us = { '-b': f.lip, '-m': f.client, '-g': f.client, '-i': f.port[1] }[mode] ?? '';
    const answer = quoted(f, f.vip, f.client, udp({ sport: PORT, dport: CPORT, payload: 'the answer' }));
    return {
      aboutClient: ethernet({ src: mac.server[0], dst: mac.port[1] }, ip({ src: router, dst: us }, error(f, 'too big', quoteOf(frame), 1400))),
      fromClient: fromClient(f, error(f, 'unreachable', answer)),
    };
  }

  /** The error passes, or is refused. */
  function expectPassed(c: Case, from: number, frame: Buffer, why?: string): void {
    c.expectDrops(why === undefined ? {} : { [why]: 1 }, () => c.send(from, frame));
    expect(c.collect(from === CLIENTS ? SERVERS : CLIENTS)).toHaveLength(why === undefined ? 1 : 0);
    c.expectNothing();
  }

  test.each([
    ['FullNAT', '-b', true],
    ['NAT', '-m', true],
    ['tunnel', '-i', true],
    ['direct routing', '-g', false],
  ])('DPL-063 DPL-105 %s: no errors from a refused client, nor for it', async (_name, mode, back) => {
    const c = await startWorld(f, NO_UOA);
    const e = errors(c, mode);
    const expectAll = (why?: string): void => {
      if (back) expectPassed(c, SERVERS, e.aboutClient, why);
      expectPassed(c, CLIENTS, e.fromClient, why);
    };
    expectAll();
    c.run(`ipvsadm -U -u ${service} -k ${elsewhere}`);
    expectAll();
    c.run(`ipvsadm -U -u ${service} -k ${f.client}`);
    expectAll('deny_list');
    c.run(`ipvsadm -V -u ${service} -k ${f.client}`);
    expectAll();
    c.run(`ipvsadm -O -u ${service} -2 ${elsewhere}`);
    expectAll('allow_list');
    c.run(`ipvsadm -O -u ${service} -2 ${f.client}`);
    expectAll();
  });

  test('DPL-063 DPL-105 the count of errors leaves out those that are refused', async () => {
    const c = await startWorld(f, NO_UOA);
    const e = errors(c, '-b');
    const packets = (): unknown => c.output('ipvsadm -ln --stats').split('\n').at(-2)?.trim().split(/\s+/)[3];
    expect(packets()).toBe('1');
    expectPassed(c, SERVERS, e.aboutClient);
    expect(packets()).toBe('2');
    c.run(`ipvsadm -U -u ${service} -k ${f.client}`);
    expectPassed(c, SERVERS, e.aboutClient, 'deny_list');
    expect(packets()).toBe('2');
  });
});

test('DPL-105 NAT64: the error changes its family too', async () => {
  const c = await startWorld(v6, NO_UOA);
  configureAddresses(c, v4);
  configureNeighbours(c, v4);
  const word = serviceWord(v6, { proto: 'udp', port: PORT });
  c.run(`
    ipvsadm -A ${word} -s rr
    ipvsadm -P ${word} -z ${v4.lip} -F test1
    ipvsadm -a ${word} -r ${endpoint(v4.servers[0], PORT)} -b`);
  quieten(c, v4);
  c.send(CLIENTS, fromClient(v6, udp(question)));
  const sent = quoteOf(c.collectOne(SERVERS));
  const frame = ethernet({ src: mac.server[0] ?? '', dst: mac.port[1] }, ip({ src: '10.1.0.77', dst: v4.lip }, error(v4, 'too big', sent, 1400)));
  const about = quoted(v6, v6.client, v6.vip, udp(question));
  const wanted = ethernet({ src: mac.port[0], dst: mac.client }, wantedError(v6, v6.vip, v6.client, error(v6, 'too big', about, 1420)));
  c.exchange(SERVERS, [frame], CLIENTS, [wanted]);
});
