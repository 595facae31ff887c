// SPDX-License-Identifier: Apache-2.0
// FullNAT of TCP: sequence numbers, options, the client's address (TOA), states.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { tcp, tcpOption } from '../harness/frames';
import { CLIENTS, families, SERVERS, type Family } from './topology';
import { RS_ISN, startConnection, CLIENT_ISN, TcpConnection } from './tcp-connection';
import { configureService, fromClient, startWorld, toServer } from './topology';

stopDaemonsAfterEach();

const PORT = 80;

function options(f: Family): { readonly rsMss: number; readonly clientMss: number } {
  return { rsMss: 1460, clientMss: 1460 - f.toaLength };
}

describe.each(families)('$name', (f) => {
  test('DPL-088 DPL-090 DPL-111 a whole life, byte by byte', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = new TcpConnection(c, f, PORT, 40000);

    // SYN: sequence number replaced, timestamps overwritten by NOPs, everything else kept.
    const nops = Array.from({ length: 10 }, () => tcpOption.nop());
    const before = [tcpOption.mss(1460), tcpOption.sackPermitted()];
    const after = [tcpOption.nop(), tcpOption.windowScale(7)];
    c.send(CLIENTS, fromClient(f, tcp({ ...t.client, seq: CLIENT_ISN, flags: 'S', options: [...before, tcpOption.timestamp(5, 0), ...after] })));
    const syn = c.collectOne(SERVERS);
    t.learn(syn);
    expect(t.delta).not.toBe(0);
    const wanted = tcp({ ...t.toServer, seq: CLIENT_ISN + t.delta, flags: 'S', options: [...before, ...nops, ...after] });
    expect(syn.toString('hex')).toBe(toServer(f, wanted).toString('hex'));

    // SYN+ACK: acknowledgement moved back, MSS makes room for TOA.
    const { rsMss, clientMss } = options(f);
    t.serverSends(
      { seq: RS_ISN, ack: CLIENT_ISN + 1 + t.delta, flags: 'SA', options: [tcpOption.mss(rsMss), tcpOption.sackPermitted()] },
      { seq: RS_ISN, ack: CLIENT_ISN + 1, flags: 'SA', options: [tcpOption.mss(clientMss), tcpOption.sackPermitted()] },
    );

    // The client's segments carry its address until it has acknowledged data.
    const toa = tcpOption.toa(f.client, 40000);
    const ack = { seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'A' };
    t.clientSends(ack, { ...ack, seq: ack.seq + t.delta, options: [toa] });
    const request = { ...ack, flags: 'PA', payload: 'GET / HTTP/1.0\r\n\r\n' };
    t.clientSends(request, { ...request, seq: request.seq + t.delta, options: [toa] });

    const next = CLIENT_ISN + 1 + request.payload.length;
    const page = { seq: RS_ISN + 1, ack: next + t.delta, flags: 'PA', payload: 'HTTP/1.0 200 OK\r\n\r\n' };
    t.serverSends(page, { ...page, ack: next });
    const seen = { seq: next, ack: RS_ISN + 1 + page.payload.length, flags: 'A' };
    t.clientSends(seen, { ...seen, seq: seen.seq + t.delta });
    expect(t.state()).toBe('TCP_EST');

    // Selective acknowledgements of the server are about shifted numbers.
    const sack = { seq: seen.ack, ack: next + t.delta, flags: 'A' };
    t.serverSends(
      { ...sack, options: [tcpOption.nop(), tcpOption.nop(), tcpOption.sack(next + 100 + t.delta, next + 200 + t.delta)] },
      { ...sack, ack: next, options: [tcpOption.nop(), tcpOption.nop(), tcpOption.sack(next + 100, next + 200)] },
    );

    // Both sides close.
    const fin = { seq: next, ack: seen.ack, flags: 'FA' };
    t.clientSends(fin, { ...fin, seq: fin.seq + t.delta });
    expect(t.state()).toBe('CLOSE_WAIT');
    const serverFin = { seq: seen.ack, ack: next + 1 + t.delta, flags: 'FA' };
    t.serverSends(serverFin, { ...serverFin, ack: next + 1 });
    expect(t.state()).toBe('TIME_WAIT');
    const last = { seq: next + 1, ack: seen.ack + 1, flags: 'A' };
    t.clientSends(last, { ...last, seq: last.seq + t.delta });
    c.warp(9000);
    expect(c.output('ipvsadm -lnc')).toBe('');
    c.expectNothing();
  });

  test('DPL-110 a retransmitted SYN keeps its sequence number and port', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const syn = fromClient(f, tcp({ sport: 1234, dport: PORT, seq: 77, flags: 'S', options: [tcpOption.mss(1460)] }));
    c.send(CLIENTS, syn);
    const first = c.collectOne(SERVERS);
    c.warp(1000);
    c.send(CLIENTS, syn);
    expect(c.collectOne(SERVERS).toString('hex')).toBe(first.toString('hex'));
  });

  test('two connections have sequence numbers that do not follow from each other', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const deltas = [1, 2, 3, 4].map((n) => {
      c.send(CLIENTS, fromClient(f, tcp({ sport: 2000 + n, dport: PORT, seq: 0, flags: 'S' })));
      return numberOf(c.collectOne(SERVERS), 'tcp.seq');
    });
    const gaps = deltas.slice(1).map((delta, i) => (delta - (deltas[i] ?? 0)) >>> 0);
    expect(new Set(gaps).size).toBe(3);
  });

  test('sequence numbers wrap', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 41000, 0xffffffff);
    const data = { seq: 0, ack: RS_ISN + 1, flags: 'PA', payload: 'x' };
    t.clientSends(data, { ...data, seq: t.delta, options: [tcpOption.toa(f.client, 41000)] });
    const ack = { seq: RS_ISN + 1, ack: 1 + t.delta, flags: 'A' };
    t.serverSends(ack, { ...ack, ack: 1 });
  });

  test('a client cannot pretend to be another one', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 42000);
    const forged = tcpOption.toa(f === families[0] ? '6.6.6.6' : '2001:db8::666', 666);
    const request = { seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'PA', payload: 'hello' };
    c.send(CLIENTS, fromClient(f, tcp({ ...t.client, ...request, options: [forged] })));
    const frame = c.collectOne(SERVERS).toString('hex');
    expect(frame).not.toContain(forged.toString('hex'));
    expect(frame).toContain(tcpOption.toa(f.client, 42000).toString('hex'));
    expect(frame).toContain(Buffer.from('hello').toString('hex'));

    // Nor later, when no address is added any more.
    t.serverSends({ seq: RS_ISN + 1, ack: CLIENT_ISN + 6 + t.delta, flags: 'PA', payload: 'world' }, { seq: RS_ISN + 1, ack: CLIENT_ISN + 6, flags: 'PA', payload: 'world' });
    const later = { seq: CLIENT_ISN + 6, ack: RS_ISN + 6, flags: 'A' };
    c.send(CLIENTS, fromClient(f, tcp({ ...t.client, ...later, options: [forged] })));
    expect(c.collectOne(SERVERS).toString('hex')).not.toContain(forged.toString('hex'));
  });

  test('a segment that is full already goes without the address', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 43000);
    const payload = Buffer.alloc(1500 - f.headerLength - 20, 0x61);
    const full = { seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'A', payload };
    t.clientSends(full, { ...full, seq: full.seq + t.delta });
  });

  test('a way that became narrower is obeyed at once', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 43500);
    c.run(`dpip ${f.name === 'IPv6' ? '-6 ' : ''}route add ${f.servers[0]}/${f.hostPlen} dev test1 mtu 1280`);
    const segment = { seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'A', payload: Buffer.alloc(1400) };
    // IPv4 may be fragmented here; the sender of IPv6 is told.
    const dropped = f.name === 'IPv6' ? { lb_too_big: 1 } : {};
    c.expectDrops(dropped, () => c.send(CLIENTS, t.clientFrame(segment)));
    for (const frame of c.collect(SERVERS)) expect(frame.length).toBeLessThanOrEqual(14 + 1280);
  });

  test('reset by the client', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 44000);
    const rst = { seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'RA' };
    t.clientSends(rst, { ...rst, seq: rst.seq + t.delta });
    expect(t.state()).toBe('TCP_CLOSE');
    c.warp(5000);
    expect(c.output('ipvsadm -lnc')).toBe('');
  });

  test('reset by the server', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 45000);
    const rst = { seq: RS_ISN + 1, ack: 0, flags: 'R' };
    c.send(SERVERS, t.serverFrame(rst));
    const got = c.collectOne(CLIENTS);
    expect(numberOf(got, 'tcp.seq')).toBe(RS_ISN + 1);
    expect(t.state()).toBe('TCP_CLOSE');
  });

  test('DPL-109 packets that open nothing are counted', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    c.expectDrops({ tcp_not_syn: 1 }, () => {
      c.send(CLIENTS, fromClient(f, tcp({ sport: 1, dport: PORT, seq: 1, ack: 1, flags: 'FA' })));
    });
    c.expectDrops({ local_no_service: 1 }, () => {
      c.send(CLIENTS, fromClient(f, tcp({ sport: 1, dport: 81, seq: 1, flags: 'S' })));
    });
    c.expectNothing();
    expect(c.output('dpip drop show')).toMatch(/^tcp_not_syn +lb +1 /m);
  });
});
