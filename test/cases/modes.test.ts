// SPDX-License-Identifier: Apache-2.0
// Forwarding modes other than FullNAT, byte by byte: NAT, direct routing, tunnel, and FullNAT between families.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { ethernet, ip, ipv4, ipv6, raw, tcp, tcpOption, udp, type Layer3, type Layer4, type UdpFields } from '../harness/frames';
import { CLIENT_ISN, RS_ISN } from './tcp-connection';
import {
  CLIENTS, configureAddresses, configureNeighbours, endpoint, families, fromClient, mac, quieten, SERVERS, serviceWord, startWorld, toClient,
  v4, v6, type Family,
} from './topology'; // prettier-ignore

stopDaemonsAfterEach();

const PORT = 80;
const CPORT = 40000;
const question: UdpFields = { sport: CPORT, dport: PORT, payload: 'question' };
const answer: UdpFields = { sport: PORT, dport: CPORT, payload: 'the answer' };

/** A frame between the director and a real server, in either direction. */
function onServerSide(packet: Layer3, to: 'server' | 'director', index = 0): Buffer {
  const server = mac.server[index] ?? '';
  return ethernet(to === 'server' ? { src: mac.port[1], dst: server } : { src: server, dst: mac.port[1] }, packet);
}

function configure(c: Case, f: Family, proto: 'tcp' | 'udp', mode: string, server = f.servers[0], port = PORT): void {
  const word = serviceWord(f, { proto, port: PORT });
  c.run(`
    ipvsadm -A ${word} -s rr
    ipvsadm -a ${word} -r ${endpoint(server, port)} ${mode}`);
  quieten(c, f);
}

describe.each(families)('$name', (f) => {
  test('DPL-092 DPL-093 NAT: only the server end changes', async () => {
    const c = await startWorld(f);
    configure(c, f, 'udp', '-m', f.servers[0], 8080);
    const inside = ip({ src: f.client, dst: f.servers[0] }, udp({ ...question, dport: 8080 }));
    c.exchange(CLIENTS, [fromClient(f, udp(question))], SERVERS, [onServerSide(inside, 'server')]);
    const back = ip({ src: f.servers[0], dst: f.client }, udp({ ...answer, sport: 8080 }));
    c.exchange(SERVERS, [onServerSide(back, 'director')], CLIENTS, [toClient(f, udp(answer))]);
    expect(c.output('ipvsadm -lnc')).toContain('UDP_NORM');
  });

  test('NAT of TCP keeps sequence numbers and options', async () => {
    const c = await startWorld(f);
    configure(c, f, 'tcp', '-m', f.servers[0], 8080);
    const ends = { sport: CPORT, dport: PORT };
    const syn = { ...ends, seq: CLIENT_ISN, flags: 'S', options: [tcpOption.mss(1460), tcpOption.sackPermitted(), tcpOption.timestamp(5, 0)] };
    const to = (l4: Layer4): Buffer => onServerSide(ip({ src: f.client, dst: f.servers[0] }, l4), 'server');
    c.exchange(CLIENTS, [fromClient(f, tcp(syn))], SERVERS, [to(tcp({ ...syn, dport: 8080 }))]);
    const synAck = { sport: 8080, dport: CPORT, seq: RS_ISN, ack: CLIENT_ISN + 1, flags: 'SA', options: [tcpOption.mss(1460)] };
    const from = (l4: Layer4): Buffer => onServerSide(ip({ src: f.servers[0], dst: f.client }, l4), 'director');
    c.exchange(SERVERS, [from(tcp(synAck))], CLIENTS, [toClient(f, tcp({ ...synAck, sport: PORT }))]);
    const request = { ...ends, seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'PA', payload: 'GET /' };
    c.exchange(CLIENTS, [fromClient(f, tcp(request))], SERVERS, [to(tcp({ ...request, dport: 8080 }))]);
    expect(c.output('ipvsadm -lnc')).toContain('TCP_EST');
    expect(c.output(`ipvsadm -ln ${serviceWord(f, { proto: 'tcp', port: PORT })}`)).toMatch(/Masq +1 +1 +0 /);
  });

  test('DPL-094 DPL-095 direct routing: nothing changes but the frame', async () => {
    const c = await startWorld(f);
    configure(c, f, 'udp', '-g');
    const sent = ip({ src: f.client, dst: f.vip }, udp(question));
    c.exchange(CLIENTS, [fromClient(f, udp(question))], SERVERS, [onServerSide(sent, 'server')]);
    c.exchange(CLIENTS, [fromClient(f, udp(question))], SERVERS, [onServerSide(sent, 'server')]);
    expect(c.output('ipvsadm -lnc').trim().split('\n')).toHaveLength(1);
  });

  test('direct routing of TCP counts a connection by the client half alone', async () => {
    const c = await startWorld(f);
    configure(c, f, 'tcp', '-g');
    const ends = { sport: CPORT, dport: PORT };
    const sent = [
      tcp({ ...ends, seq: CLIENT_ISN, flags: 'S' }),
      tcp({ ...ends, seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'A' }),
    ];
    const wanted = sent.map((l4) => onServerSide(ip({ src: f.client, dst: f.vip }, l4), 'server'));
    c.exchange(CLIENTS, sent.map((l4) => fromClient(f, l4)), SERVERS, wanted);
    expect(c.output('ipvsadm -lnc')).toContain('TCP_EST');
    c.send(CLIENTS, fromClient(f, tcp({ ...ends, seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'FA' })));
    expect(c.output('ipvsadm -lnc')).toContain('FIN_WAIT');
  });

  test('DPL-096 DPL-097 tunnel: the packet travels inside another one', async () => {
    const c = await startWorld(f);
    configure(c, f, 'udp', '-i');
    const inner = ip({ src: f.client, dst: f.vip, ttl: 33 }, udp(question));
    const outer = raw(f === v4 ? 4 : 41, inner.bytes);
    c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, inner));
    const got = c.collectOne(SERVERS);
    // What may be fragmented has an identification of its own.
    const wanted =
      f === v4
        ? ipv4({ src: f.port[1], dst: f.servers[0], ttl: 33, id: numberOf(got, 'ip.id') }, outer)
        : ipv6({ src: f.port[1], dst: f.servers[0], hopLimit: 33 }, outer);
    expect(got.toString('hex')).toBe(onServerSide(wanted, 'server').toString('hex'));
    c.expectNothing();
  });
});

describe('NAT64', () => {
  /** IPv6 clients, IPv4 servers. */
  async function start(proto: 'tcp' | 'udp', conf: readonly string[] = []): Promise<Case> {
    const c = await startWorld(v6, { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', ...conf] } });
    configureAddresses(c, v4);
    configureNeighbours(c, v4);
    const word = serviceWord(v6, { proto, port: PORT });
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -P ${word} -z ${v4.lip} -F test1
      ipvsadm -a ${word} -r ${endpoint(v4.servers[0], PORT)} -b`);
    quieten(c, v4);
    return c;
  }

  const inside = (l4: Layer4, ttl: number): Buffer =>
    onServerSide(ipv4({ src: v4.lip, dst: v4.servers[0], ttl, id: 0, df: true }, l4), 'server');

  test('DPL-091 UDP both ways', async () => {
    const c = await start('udp', ['udp {', 'uoa_max_trail 0', '}']);
    c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, ipv6({ src: v6.client, dst: v6.vip, hopLimit: 44 }, udp(question))));
    const frame = c.collectOne(SERVERS);
    const lport = numberOf(frame, 'udp.sport');
    expect(frame.toString('hex')).toBe(inside(udp({ ...question, sport: lport }), 44).toString('hex'));
    const back = (checksum?: number): Buffer => {
      const fields = { ...answer, dport: lport, ...(checksum === undefined ? {} : { checksum }) };
      return onServerSide(ipv4({ src: v4.servers[0], dst: v4.lip, ttl: 55 }, udp(fields)), 'director');
    };
    const wanted = ethernet({ src: mac.port[0], dst: mac.client }, ipv6({ src: v6.vip, dst: v6.client, hopLimit: 55 }, udp(answer)));
    // Without a checksum IPv6 hosts would not take it: it is computed.
    c.exchange(SERVERS, [back(), back(0)], CLIENTS, [wanted, wanted]);
    const row = c.output('ipvsadm -lnc').trim().split(/\s+/);
    expect(row.slice(3)).toEqual([endpoint(v6.client, CPORT), endpoint(v6.vip, PORT), endpoint(v4.lip, lport), endpoint(v4.servers[0], PORT)]);
  });

  test('DPL-091 TCP with the address of the IPv6 client in its option', async () => {
    const c = await start('tcp');
    const ends = { sport: CPORT, dport: PORT };
    c.send(CLIENTS, fromClient(v6, tcp({ ...ends, seq: CLIENT_ISN, flags: 'S', options: [tcpOption.mss(1440)] })));
    const syn = c.collectOne(SERVERS);
    const lport = numberOf(syn, 'tcp.sport');
    const delta = (numberOf(syn, 'tcp.seq') - CLIENT_ISN) >>> 0;
    const to = { sport: lport, dport: PORT };
    expect(syn.toString('hex')).toBe(
      inside(tcp({ ...to, seq: (CLIENT_ISN + delta) >>> 0, flags: 'S', options: [tcpOption.mss(1440)] }), 64).toString('hex'),
    );
    const synAck = { sport: PORT, dport: lport, seq: RS_ISN, ack: (CLIENT_ISN + 1 + delta) >>> 0, flags: 'SA', options: [tcpOption.mss(1460)] };
    const wanted = tcp({ ...synAck, dport: CPORT, ack: CLIENT_ISN + 1, options: [tcpOption.mss(1440)] });
    c.exchange(SERVERS, [onServerSide(ipv4({ src: v4.servers[0], dst: v4.lip }, tcp(synAck)), 'director')], CLIENTS, [toClient(v6, wanted)]);
    const request = { ...ends, seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'PA', payload: 'GET /' };
    const seen = { ...request, ...to, seq: (request.seq + delta) >>> 0, options: [tcpOption.toa(v6.client, CPORT)] };
    c.exchange(CLIENTS, [fromClient(v6, tcp(request))], SERVERS, [inside(tcp(seen), 64)]);
    expect(c.output('ipvsadm -lnc')).toContain('TCP_EST');
  });

  test('IPv6 in IPv4 tunnel', async () => {
    const c = await startWorld(v6);
    configureAddresses(c, v4);
    configureNeighbours(c, v4);
    configure(c, v6, 'udp', '-i', v4.servers[0]);
    const inner = ip({ src: v6.client, dst: v6.vip }, udp(question));
    const wanted = ipv4({ src: v4.port[1], dst: v4.servers[0], ttl: 64, id: 0, df: true }, raw(41, inner.bytes));
    c.exchange(CLIENTS, [fromClient(v6, udp(question))], SERVERS, [onServerSide(wanted, 'server')]);
  });

  test('an IPv4 service has no IPv6 servers', async () => {
    const c = await startWorld(v4);
    const word = serviceWord(v4, { proto: 'tcp', port: PORT });
    c.run(`ipvsadm -A ${word} -s rr`);
    const result = c.command(`ipvsadm -a ${word} -r ${endpoint(v6.servers[0], PORT)} -b`);
    expect(result.status).toBe(242);
  });
});
