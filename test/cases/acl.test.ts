// SPDX-License-Identifier: Apache-2.0
// Deny and allow lists: who gets through, for new connections and for those that go on.
import { describe, expect, test } from 'vitest';
import { encode, ext, MSG } from '../../src/ipc/codec';
import { ipBytes } from '../harness/addresses';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, fromServer, SERVERS, startWorld, type Family } from './topology';
import { CLIENT_ISN, RS_ISN, startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const PORT = 80;
const DNS = 53;
const TCP = 6;

function networkRequest(c: Case, f: Family, op: number, list: number, plen: number): void {
  const family = f.name === 'IPv4' ? 2 : 10;
  const address = (text: string): Uint8Array => Uint8Array.from([...ipBytes(text), ...new Uint8Array(12)]).subarray(0, 16);
  const entry = { subject: { addr: address(f.client), af: family, plen } };
  const body = { vaddr: address(f.vip), vport: PORT, proto: TCP, af: family, op, list, entry };
  c.transport.request(MSG.DS_MSG_ACL, 'set', encode('ds_acl', body));
}

describe.each(families)('$name', (f) => {
  const service = endpoint(f.vip, PORT);
  const other = f.name === 'IPv4' ? '10.0.0.77' : '2001:db8::77';
  let nextPort = 5000;

  const syn = (): Buffer => fromClient(f, tcp({ sport: nextPort++, dport: PORT, seq: 1, flags: 'S' }));
  const stray = (): Buffer => fromClient(f, tcp({ sport: nextPort++, dport: PORT, seq: 1, ack: 1, flags: 'A' }));

  /** A SYN gets through to the server. */
  function expectServed(c: Case): void {
    c.expectDrops({}, () => c.send(CLIENTS, syn()));
    c.collectOne(SERVERS);
    c.expectNothing();
  }

  function expectRefused(c: Case, reason: 'deny_list' | 'allow_list'): void {
    c.expectDrops({ [reason]: 1 }, () => c.send(CLIENTS, syn()));
    c.expectNothing();
  }

  test('DPL-063 a client on the deny list opens no connection; taken from it, it does', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    c.run(`ipvsadm -U -t ${service} -k ${other}`);
    expectServed(c);
    c.run(`ipvsadm -U -t ${service} -k ${f.client}`);
    expectRefused(c, 'deny_list');
    c.expectDrops({ deny_list: 1 }, () => c.send(CLIENTS, stray()));
    const rows = c.command('ipvsadm -B').stdout.split('\n').slice(1, 3);
    expect(rows.map((row) => row.trim().split(/\s+/))).toEqual([['TCP', service, other], ['TCP', service, f.client]]);
    c.run(`ipvsadm -V -t ${service} -k ${f.client}`);
    expectServed(c);
  });

  test('DPL-064 with an allow list only those on it are served', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    configureService(c, f, { proto: 'udp', port: DNS });
    c.run(`ipvsadm -O -t ${service} -2 ${other}`);
    expectRefused(c, 'allow_list');
    // Another service has no list.
    c.expectDrops({}, () => c.send(CLIENTS, fromClient(f, udp({ sport: 4000, dport: DNS, payload: 'q' }))));
    c.collectOne(SERVERS);
    c.run(`ipvsadm -O -t ${service} -2 ${f.client}`);
    expectServed(c);
    c.run(`ipvsadm -U -t ${service} -k ${f.client}`);
    expectRefused(c, 'deny_list');
    c.run(`
      ipvsadm -V -t ${service} -k ${f.client}
      ipvsadm -Y -t ${service} -2 ${f.client}`);
    expectRefused(c, 'allow_list');
    c.run(`ipvsadm -Y -t ${service} -2 ${other}`);
    expectServed(c);
  });

  test('DPL-063 DPL-064 an established connection stops and goes on with the list', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 3000);
    const data = { seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'PA', payload: 'more' };
    const answer = { seq: RS_ISN + 1, flags: 'PA', payload: 'news' };

    c.run(`ipvsadm -U -t ${service} -k ${f.client}`);
    for (let i = 0; i < 3; i++) c.expectDrops({ deny_list: 1 }, () => c.send(CLIENTS, t.clientFrame(data)));
    c.expectNothing();
    // What the server sends is not the client's.
    t.serverSends({ ...answer, ack: data.seq + t.delta }, { ...answer, ack: data.seq });
    c.expectDrops({ deny_list: 1 }, () => c.send(CLIENTS, t.clientFrame(data)));
    c.run(`ipvsadm -V -t ${service} -k ${f.client}`);
    t.clientSends(data, { ...data, seq: data.seq + t.delta });
    expect(t.state()).toBe('TCP_EST');
  });

  test('a refused connection ends when its time is over; a deleted service has no list', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const [first, second] = [startConnection(c, f, PORT, 3000), startConnection(c, f, PORT, 3001)];
    const data = { seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'PA', payload: 'more' };

    c.run(`ipvsadm -U -t ${service} -k ${f.client}`);
    c.warp(60_000);
    c.expectDrops({ deny_list: 1 }, () => c.send(CLIENTS, first.clientFrame(data)));
    c.run(`ipvsadm -D -t ${service}`);
    second.clientSends(data, { ...data, seq: data.seq + second.delta });
    c.warp(40_000);
    expect(first.state()).toBe('');
    expect(second.state()).toBe('TCP_EST');
    c.discard();
    configureService(c, f, { proto: 'tcp', port: PORT });
    expectServed(c);
  });

  test('DPL-063 UDP: every packet of a refused client is dropped', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: DNS });
    const query = fromClient(f, udp({ sport: 4000, dport: DNS, payload: 'query' }));
    c.send(CLIENTS, query);
    c.collectOne(SERVERS);
    c.run(`ipvsadm -U -u ${endpoint(f.vip, DNS)} -k ${f.client}`);
    c.expectDrops({ deny_list: 2 }, () => c.send(CLIENTS, query, query));
    c.expectDrops({ deny_list: 1 }, () => c.send(CLIENTS, fromClient(f, udp({ sport: 4001, dport: DNS, payload: 'q' }))));
    c.expectNothing();
  });

  test('networks', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 3000);
    const data = { seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'PA', payload: 'more' };

    networkRequest(c, f, ext.DS_ACL_ADD, ext.DS_ACL_DENY, f.plen);
    expectRefused(c, 'deny_list');
    c.expectDrops({ deny_list: 1 }, () => c.send(CLIENTS, t.clientFrame(data)));
    networkRequest(c, f, ext.DS_ACL_FLUSH, ext.DS_ACL_DENY, 0);
    networkRequest(c, f, ext.DS_ACL_ADD, ext.DS_ACL_ALLOW, f.plen);
    c.run(`ipvsadm -O -t ${service} -2 ${other}`);
    expectServed(c);
    t.clientSends(data, { ...data, seq: data.seq + t.delta });
    networkRequest(c, f, ext.DS_ACL_DEL, ext.DS_ACL_ALLOW, f.plen);
    expectRefused(c, 'allow_list');
  });

  test('a list may be there before its service', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    const t = startConnection(c, f, PORT, 3000);
    c.run(`ipvsadm -D -t ${service}`);
    networkRequest(c, f, ext.DS_ACL_ADD, ext.DS_ACL_DENY, f.hostPlen);
    configureService(c, f, { proto: 'tcp', port: PORT });
    expectRefused(c, 'deny_list');
    // Also for a connection of the service that had this name before.
    c.expectDrops({ deny_list: 1 }, () => c.send(CLIENTS, t.clientFrame({ seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'A' })));
    // Replies of a server are no clients' packets.
    const reply = fromServer(f, tcp({ sport: PORT, dport: t.lport, seq: RS_ISN + 1, ack: CLIENT_ISN + 1 + t.delta, flags: 'A' }));
    c.expectDrops({}, () => c.send(SERVERS, reply));
    c.collectOne(CLIENTS);
  });
});
