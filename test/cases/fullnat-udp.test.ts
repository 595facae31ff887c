// SPDX-License-Identifier: Apache-2.0
// FullNAT of UDP, with the client's address in front of the first datagrams (UOA, mode opp).
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { ethernet, ipv4, udp, uoa, type UdpFields } from '../harness/frames';
import { CLIENTS, configureService, families, fromClient, fromServer, mac, quieten, SERVERS, startWorld, toClient, toServer, v4 } from './topology';

stopDaemonsAfterEach();

const PORT = 53;
const CPORT = 5000;
const question: UdpFields = { sport: CPORT, dport: PORT, payload: 'question' };

/** The local port of the connection that the client's first datagram opens; the frame is consumed. */
function open(c: Case, sent: Buffer): { readonly frame: Buffer; readonly lport: number } {
  c.send(CLIENTS, sent);
  const frame = c.collectOne(SERVERS);
  return { frame, lport: numberOf(frame, 'udp.sport') };
}

describe.each(families)('$name', (f) => {
  test('DPL-089 DPL-090 DPL-125 both directions, byte by byte; UOA on the first three', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT });
    const first = open(c, fromClient(f, udp(question)));
    expect(first.lport).toBeGreaterThanOrEqual(1025);

    const inner = { sport: first.lport, dport: PORT, payload: 'question' };
    const withAddress = toServer(f, uoa({ address: f.client, port: CPORT }, inner));
    expect(first.frame.toString('hex')).toBe(withAddress.toString('hex'));
    const datagram = fromClient(f, udp(question));
    c.exchange(CLIENTS, [datagram, datagram], SERVERS, [withAddress, withAddress]);
    c.exchange(CLIENTS, [datagram], SERVERS, [toServer(f, udp(inner))]);

    const answer = { dport: first.lport, sport: PORT, payload: 'the answer' };
    const answered = { sport: PORT, dport: CPORT, payload: 'the answer' };
    c.exchange(SERVERS, [fromServer(f, udp(answer))], CLIENTS, [toClient(f, udp(answered))]);
  });

  test('uoa_max_trail 0 adds nothing', async () => {
    const c = await startWorld(f, { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } });
    configureService(c, f, { proto: 'udp', port: PORT });
    const { frame, lport } = open(c, fromClient(f, udp(question)));
    expect(frame.toString('hex')).toBe(toServer(f, udp({ ...question, sport: lport })).toString('hex'));
  });

  test('DPL-124 listing of connections follows the state', async () => {
    const c = await startWorld(f, { oneWorker: 'lcore ids' });
    configureService(c, f, { proto: 'udp', port: PORT });
    const { lport } = open(c, fromClient(f, udp(question)));
    const brackets = (address: string, port: number): string => (f === v4 ? `${address}:${port}` : `[${address}]:${port}`);
    const columns = (state: string): string[] => [
      expect.stringMatching(/^\[\d\]udp$/) as string,
      '300s',
      state,
      brackets(f.client, CPORT),
      brackets(f.vip, PORT),
      brackets(f.lip, lport),
      brackets(f.servers[0], PORT),
    ];
    expect(c.output('ipvsadm -lnc').trim().split(/\s+/)).toEqual(columns('UDP_ONEWAY'));
    c.send(SERVERS, fromServer(f, udp({ sport: PORT, dport: lport, payload: 'x' })));
    expect(c.output('ipvsadm -lnc').trim().split(/\s+/)).toEqual(columns('UDP_NORM'));
  });

  test('DPL-086 every client has a local port of its own', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT });
    const ports = new Set<number>();
    for (let sport = 6000; sport < 6050; sport++) c.send(CLIENTS, fromClient(f, udp({ ...question, sport })));
    for (const frame of c.collect(SERVERS)) ports.add(numberOf(frame, 'udp.sport'));
    expect(ports.size).toBe(50);
  });

  test('a reply to a local port without connection is not forwarded', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT });
    const stray = fromServer(f, udp({ sport: PORT, dport: 40000, payload: 'x' }));
    c.expectDrops({ local_no_service: 1 }, () => c.send(SERVERS, stray));
    c.expectNothing();
  });

  test('a service without local address takes nothing', async () => {
    const c = await startWorld(f);
    const word = `-u ${f === v4 ? `${f.vip}:${PORT}` : `[${f.vip}]:${PORT}`}`;
    const server = f === v4 ? `${f.servers[0]}:${PORT}` : `[${f.servers[0]}]:${PORT}`;
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${server} -b`);
    c.expectDrops({ no_laddr: 1 }, () => c.send(CLIENTS, fromClient(f, udp(question))));
  });

  test('nor one whose local address is not marked as one: answers would not find their worker', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT });
    c.run(`dpip addr del ${f.lip}/${f.hostPlen} dev test1`);
    c.expectDrops({ no_laddr: 1 }, () => c.send(CLIENTS, fromClient(f, udp(question))));
    c.run(`dpip addr add ${f.lip}/${f.hostPlen} dev test1`);
    quieten(c, f);
    c.expectDrops({ no_laddr: 1 }, () => c.send(CLIENTS, fromClient(f, udp(question))));
  });
});

test('no checksum stays no checksum', async () => {
  const c = await startWorld(v4, { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } });
  configureService(c, v4, { proto: 'udp', port: PORT });
  const { frame, lport } = open(c, fromClient(v4, udp({ ...question, checksum: 0 })));
  expect(frame.toString('hex')).toBe(toServer(v4, udp({ ...question, sport: lport, checksum: 0 })).toString('hex'));
});

test('type of service, identification and DF are kept', async () => {
  const c = await startWorld(v4, { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } });
  configureService(c, v4, { proto: 'udp', port: PORT });
  const header = { tos: 0xb8, id: 0x4711, df: true, ttl: 17 };
  const sent = ipv4({ src: v4.client, dst: v4.vip, ...header }, udp(question));
  const { frame, lport } = open(c, ethernet({ src: mac.client, dst: mac.port[0] }, sent));
  const wanted = ipv4({ src: v4.lip, dst: v4.servers[0], ...header }, udp({ ...question, sport: lport }));
  expect(frame.toString('hex')).toBe(ethernet({ src: mac.port[1], dst: mac.server[0] }, wanted).toString('hex'));
});

test('padding of a short frame is not forwarded', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: PORT });
  const packet = ipv4({ src: v4.client, dst: v4.vip }, udp({ sport: CPORT, dport: PORT, payload: 'x' }));
  c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, packet, 60));
  expect(dissect(c.collectOne(SERVERS)).get('padding')).toBe(0);
});
