// SPDX-License-Identifier: Apache-2.0
// Connections remember the way out of their packets. What leaves is the same with fast_xmit_close and without, also when neighbours
// change.
import { describe, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { arp, ethernet, ip, neighbourAdvertisement, tcp, type Layer4 } from '../harness/frames';
import { CLIENT_ISN, RS_ISN, startConnection, TcpConnection } from './tcp-connection';
import { CLIENTS, configureService, families, fromClient, mac, SERVERS, startWorld, toServer, v4, type Family } from './topology';

stopDaemonsAfterEach();

const PORT = 80;
const FAR = { IPv4: { net: '203.0.113.0/24', client: '203.0.113.9', gateway: '10.0.0.7' }, IPv6: { net: '2001:db8:9::/48', client: '2001:db8:9::9', gateway: '2001:db8::7' } };
const GATEWAY = ['02:cc:00:00:00:01', '02:cc:00:00:00:02', '02:cc:00:00:00:03'] as const;
const NEW_SERVER = '02:bb:00:00:00:99';

async function start(f: Family, close: boolean): Promise<Case> {
  const conn = ['conn {', 'conn_pool_size 65535', ...(close ? ['fast_xmit_close'] : []), '}'];
  const c = await startWorld(f, { conf: { ipvs_defs: conn } });
  configureService(c, f, { proto: 'tcp', port: PORT });
  return c;
}

/** The neighbour says that it has another MAC now. */
function announce(c: Case, f: Family, address: string, from: string): void {
  const message =
    f === v4
      ? arp({ op: 'reply', senderMac: from, senderIp: address, targetMac: mac.port[0], targetIp: v4.port[0] })
      : ip({ src: address, dst: f.port[0], ttl: 255 }, neighbourAdvertisement({ target: address, targetMac: from, solicited: true, override: true }));
  c.send(CLIENTS, ethernet({ src: from, dst: mac.port[0] }, message));
  c.settle({ timers: true });
  c.discard();
}

describe.each(families)('$name', (f) => {
  describe.each([{ close: false }, { close: true }])('fast_xmit_close $close', ({ close }) => {
    test('DPL-104 the same frames, byte by byte', async () => {
      const c = await start(f, close);
      const t = startConnection(c, f, PORT, 40000);
      for (let i = 0; i < 3; i++) {
        // The address of the client is due until it acknowledges data of the server.
        const data = { seq: CLIENT_ISN + 1 + 5 * i, ack: RS_ISN + 1 + 3 * i + 1, flags: 'PA', payload: `hello` };
        t.clientSends(data, { ...data, seq: data.seq + t.delta });
        const back = { seq: RS_ISN + 1 + 3 * i, ack: CLIENT_ISN + 6 + 5 * i, flags: 'PA', payload: 'abc' };
        t.serverSends({ ...back, ack: back.ack + t.delta }, back);
      }
      const fin = { seq: CLIENT_ISN + 16, ack: RS_ISN + 10, flags: 'FA' };
      t.clientSends(fin, { ...fin, seq: fin.seq + t.delta });
    });

    test('DPL-104 a gateway and a server with a new MAC are followed in mid connection', async () => {
      const c = await start(f, close);
      const far = FAR[f.name];
      c.run(`dpip ${f === v4 ? '' : '-6 '}route add ${far.net} via ${far.gateway} dev test0`);
      c.run(`dpip neigh add ${far.gateway} lladdr ${GATEWAY[0]} dev test0`);
      const fromFar = (l4: Layer4): Buffer => ethernet({ src: GATEWAY[0], dst: mac.port[0] }, ip({ src: far.client, dst: f.vip }, l4));
      const t = new TcpConnection(c, f, PORT, 40000);
      c.send(CLIENTS, fromFar(tcp({ ...t.client, seq: CLIENT_ISN, flags: 'S' })));
      t.learn(c.collectOne(SERVERS));
      c.send(SERVERS, t.serverFrame({ seq: RS_ISN, ack: CLIENT_ISN + 1 + t.delta, flags: 'SA' }));
      c.discard();
      // The client acknowledges data at once, so no address of its is due.
      c.send(CLIENTS, fromFar(tcp({ ...t.client, seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'A' })));
      c.discard();

      const answer = { seq: RS_ISN + 1, ack: CLIENT_ISN + 1, flags: 'PA', payload: 'x' };
      const expectAnswerAt = (to: string): void => {
        const sent = t.serverFrame({ ...answer, ack: answer.ack + t.delta });
        const l4 = tcp({ ...answer, sport: PORT, dport: 40000 });
        c.exchange(SERVERS, [sent], CLIENTS, [ethernet({ src: mac.port[0], dst: to }, ip({ src: f.vip, dst: far.client }, l4))]);
      };
      expectAnswerAt(GATEWAY[0]);
      c.run(`
        dpip neigh del ${far.gateway} dev test0
        dpip neigh add ${far.gateway} lladdr ${GATEWAY[1]} dev test0`);
      c.discard();
      expectAnswerAt(GATEWAY[1]);
      // Learned, and then changed by what the gateway itself says.
      c.run(`dpip neigh del ${far.gateway} dev test0`);
      c.send(SERVERS, t.serverFrame({ ...answer, ack: answer.ack + t.delta }));
      c.discard();
      announce(c, f, far.gateway, GATEWAY[0]);
      expectAnswerAt(GATEWAY[0]);
      announce(c, f, far.gateway, GATEWAY[2]);
      expectAnswerAt(GATEWAY[2]);

      c.run(`
        dpip neigh del ${f.servers[0]} dev test1
        dpip neigh add ${f.servers[0]} lladdr ${NEW_SERVER} dev test1`);
      c.discard();
      const question = { seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'PA', payload: 'y' };
      const wanted = toServer(f, tcp({ ...question, ...t.toServer, seq: question.seq + t.delta }));
      Buffer.from(NEW_SERVER.replaceAll(':', ''), 'hex').copy(wanted);
      c.exchange(CLIENTS, [fromFar(tcp({ ...t.client, ...question }))], SERVERS, [wanted]);
    });
  });

  test('a client on the link with a new MAC', async () => {
    const c = await start(f, false);
    const t = startConnection(c, f, PORT, 41000);
    c.run(`
      dpip neigh del ${f.client} dev test0
      dpip neigh add ${f.client} lladdr ${GATEWAY[1]} dev test0`);
    c.discard();
    c.send(CLIENTS, fromClient(f, tcp({ ...t.client, seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'A' })));
    c.discard();
    const answer = { seq: RS_ISN + 1, ack: CLIENT_ISN + 1, flags: 'PA', payload: 'x' };
    const wanted = ethernet({ src: mac.port[0], dst: GATEWAY[1] }, ip({ src: f.vip, dst: f.client }, tcp({ ...answer, sport: PORT, dport: 41000 })));
    c.exchange(SERVERS, [t.serverFrame({ ...answer, ack: answer.ack + t.delta })], CLIENTS, [wanted]);
  });
});
