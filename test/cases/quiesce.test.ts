// SPDX-License-Identifier: Apache-2.0
// Changes of the configuration under live connections.
import { describe, expect, test } from 'vitest';
import { ipBytes, ipText } from '../harness/addresses';
import { stopDaemonsAfterEach } from '../harness/case';
import { dissect } from '../harness/dissect';
import { tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, fromServer, quieten, SERVERS, startWorld, toClient } from './topology';
import { CLIENT_ISN, RS_ISN, startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const PORT = 80;

describe.each(families)('$name', (f) => {
  const service = endpoint(f.vip, PORT);
  const server = endpoint(f.servers[0], PORT);
  const data = { seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'PA', payload: 'more' };
  const answer = { seq: RS_ISN + 1, flags: 'PA', payload: 'news' };

  test('DPL-057 weight 0: connections go on, new ones are refused', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 3000);
    c.run(`ipvsadm -e -t ${service} -r ${server} -b -w 0`);
    t.clientSends(data, { ...data, seq: data.seq + t.delta });
    t.serverSends({ ...answer, ack: data.seq + t.delta }, { ...answer, ack: data.seq });
    c.expectDrops({ no_dest: 1 }, () => c.send(CLIENTS, fromClient(f, newClient())));
  });

  test('DPL-083 weight 0 with expire-quiescent: the next packet ends a connection, and both ends are reset', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT, extra: '--expire-quiescent' });
    const t = startConnection(c, f, PORT, 3000);
    c.run(`ipvsadm -e -t ${service} -r ${server} -b -w 0`);
    c.expectDrops({ quiescent: 1 }, () => c.send(CLIENTS, t.clientFrame(data)));
    expect(t.state()).toBe('');
    const toServer = Object.fromEntries(dissect(c.collectOne(SERVERS)));
    const toClient = Object.fromEntries(dissect(c.collectOne(CLIENTS)));
    expect(toServer).toMatchObject({ 'tcp.sport': t.lport, 'tcp.flags': 'R', 'tcp.seq': (CLIENT_ISN + 1 + t.delta) >>> 0 });
    expect(toClient).toMatchObject({ 'tcp.sport': PORT, 'tcp.flags': 'R', 'tcp.seq': RS_ISN + 1 });
  });

  test('DPL-057 deleted server: connections go on and end; added again, it has its counters', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 3000);
    c.run(`ipvsadm -d -t ${service} -r ${server}`);
    t.clientSends(data, { ...data, seq: data.seq + t.delta });
    expect(t.state()).toBe('TCP_EST');
    c.run(`ipvsadm -a -t ${service} -r ${server} -b`);
    t.serverSends({ ...answer, ack: data.seq + t.delta }, { ...answer, ack: data.seq });
    const row = c.output('ipvsadm -ln').split('\n').find((line) => line.includes(`-> ${server}`)) ?? '';
    expect(row.trim().split(/\s+/).slice(2)).toEqual(['FullNat', '1', '1', '0']);
    // A new connection works beside it.
    const second = startConnection(c, f, PORT, 3001);
    expect(second.state()).toBe('TCP_EST');
  });

  test('deleted service: connections go on', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 3000);
    c.run(`ipvsadm -D -t ${service}`);
    t.clientSends(data, { ...data, seq: data.seq + t.delta });
    t.serverSends({ ...answer, ack: data.seq + t.delta }, { ...answer, ack: data.seq });
    c.expectDrops({ local_no_service: 1 }, () => c.send(CLIENTS, fromClient(f, newClient())));
  });

  test('DPL-058 deleted local address: connections go on, new ones use another', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: 53 });
    c.send(CLIENTS, fromClient(f, udp({ sport: 1, dport: 53, payload: 'x' })));
    const lport = Number(dissect(c.collectOne(SERVERS)).get('udp.sport'));
    const second = f === families[0] ? '10.1.0.201' : '2001:db8:1::201';
    c.run(`ipvsadm -P -u ${endpoint(f.vip, 53)} -z ${second} -F test1`);
    c.run(`ipvsadm -Q -u ${endpoint(f.vip, 53)} -z ${f.lip} -F test1`);
    quieten(c, f);
    c.send(CLIENTS, fromClient(f, udp({ sport: 2, dport: 53, payload: 'x' })));
    expect(dissect(c.collectOne(SERVERS)).get('ip.src')).toBe(ipText(ipBytes(second)));
    // The first connection still gets its answers.
    c.send(SERVERS, fromServer(f, udp({ sport: 53, dport: lport, payload: 'y' })));
    c.expectFrames(CLIENTS, toClient(f, udp({ sport: 53, dport: 1, payload: 'y' })));
  });
});

function newClient(): ReturnType<typeof tcp> {
  return tcp({ sport: 4000, dport: PORT, seq: 1, flags: 'S' });
}
