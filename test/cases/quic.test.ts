// SPDX-License-Identifier: Apache-2.0
// QUIC services: the connection id that a server gave out says which server a packet without connection is for.
import { describe, expect, test } from 'vitest';
import { ipBytes } from '../harness/addresses';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { ethernet, ip, udp } from '../harness/frames';
import { CLIENTS, endpoint, fromServer, mac, SERVERS, serviceWord, sides, startSides, toClient, toServerSide, v4, type ServiceOptions, type Sides } from './topology';

stopDaemonsAfterEach();

const PORT = 443;

/** An id: any first byte, then length and port flag, then address and port half a byte late, then bytes of the server's own. */
function connectionId(address: string, length: number, port?: number, nonce = 4): Buffer {
  const bytes = ipBytes(address).subarray(-length);
  const named = port === undefined ? [...bytes] : [...bytes, port >> 8, port & 0xff];
  const nibbles = [(length - 1) * 2 + (port === undefined ? 0 : 1), ...named.flatMap((byte) => [byte >> 4, byte & 15]), 7];
  const late = nibbles.flatMap((nibble, i) => (i % 2 === 0 ? [nibble * 16 + (nibbles[i + 1] ?? 0)] : []));
  return Buffer.from([0xaa, ...late, ...Array.from({ length: nonce }, (_, i) => i + 1)]);
}

const short = (id: Buffer): Buffer => Buffer.concat([Buffer.from([0x40]), id, Buffer.from('protected payload')]);

function long(id: Buffer, version = 1): Buffer {
  const head = Buffer.from([0xc3, 0, 0, 0, version, id.length]);
  return Buffer.concat([head, id, Buffer.from([0]), Buffer.from('protected payload')]);
}

const three: ServiceOptions = { proto: 'udp', port: PORT, servers: [0, 1, 2].map((index) => ({ index, weight: 1 })) };
const NO_UOA = { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } };

async function start(s: Sides, extra = '--quic', options = {}): Promise<Case> {
  return startSides(s, { ...three, extra }, { ...NO_UOA, ...options });
}

let nextPort = 20000;

/** Sends a datagram from a client port that was not used before; the index of the server that gets it. */
function serverOf(c: Case, s: Sides, payload: Buffer, client = s.clients.client): number {
  const sport = nextPort++;
  c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: client, dst: s.clients.vip }, udp({ sport, dport: PORT, payload }))));
  const frame = c.collectOne(SERVERS);
  const index = mac.server.findIndex((address) => address.replaceAll(':', '') === frame.toString('hex', 0, 6));
  expect(frame.toString('hex')).toBe(toServerSide(s, udp({ sport: numberOf(frame, 'udp.sport'), dport: PORT, payload }), index).toString('hex'));
  return index;
}

const times = <T>(n: number, one: () => T): T[] => Array.from({ length: n }, () => one());

test('DPL-130 the id of the document', () => {
  expect(connectionId('192.168.111.222', 2, 8029).toString('hex')).toBe('aa36fde1f5d701020304');
});

describe.each(sides)('$name', (s) => {
  const last = s.servers.servers[1];

  test('DPL-130 long and short headers name the server, with and without port', async () => {
    const c = await start(s);
    const lengths = s.servers === v4 ? [1, 2, 3, 4] : [1, 2, 5, 8];
    for (const length of lengths) {
      for (const port of [PORT, undefined]) {
        const id = connectionId(last, length, port);
        expect(times(3, () => serverOf(c, s, short(id)))).toEqual([1, 1, 1]);
        expect(times(3, () => serverOf(c, s, long(id)))).toEqual([1, 1, 1]);
      }
    }
  });

  test('DPL-130 a client that changes its address keeps its server', async () => {
    const c = await start(s);
    const hello = long(Buffer.from('0102030405060708', 'hex'));
    const first = serverOf(c, s, hello);
    const answered = s.servers.servers[first] ?? '';
    const id = connectionId(answered, 2, PORT);
    for (const n of [3, 4, 5]) {
      const moved = s.clients.client.replace(/2$/, String(n));
      c.run(`dpip neigh add ${moved} lladdr ${mac.client} dev test0`);
      expect(serverOf(c, s, short(id), moved)).toBe(first);
    }
    // The way back is a connection like any other.
    const sport = nextPort++;
    const datagram = udp({ sport, dport: PORT, payload: short(id) });
    c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: s.clients.client, dst: s.clients.vip }, datagram)));
    const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
    const answer = { sport: PORT, payload: 'answer' };
    c.exchange(SERVERS, [fromServer(s.servers, udp({ ...answer, dport: lport }), first)], CLIENTS, [toClient(s.clients, udp({ ...answer, dport: sport }))]);
  });

  test('DPL-130 what names no server is scheduled', async () => {
    const c = await start(s, '--quic', { oneWorker: 'the order of round robin' });
    const other = [
      short(connectionId(last, 4, PORT + 1)),
      short(connectionId(s.servers.vip, 4, PORT)),
      long(connectionId(last, 4, PORT), 2),
      Buffer.concat([Buffer.from([0]), connectionId(last, 4, PORT)]),
      short(Buffer.alloc(0)).subarray(0, 3),
      Buffer.alloc(0),
    ];
    for (const payload of other) expect(new Set(times(3, () => serverOf(c, s, payload))).size).toBe(3);
  });

  test('DPL-130 without the flag ids mean nothing', async () => {
    const c = await start(s, '', { oneWorker: 'the order of round robin' });
    expect(new Set(times(3, () => serverOf(c, s, short(connectionId(last, 4, PORT))))).size).toBe(3);
  });

  test('DPL-130 a quiesced server keeps its connections, a full one does not get more', async () => {
    const c = await start(s, '--quic', { oneWorker: 'thresholds are shared out to workers' });
    const word = serviceWord(s.clients, three);
    const id = short(connectionId(last, 4, PORT));
    c.run(`ipvsadm -e ${word} -r ${endpoint(last, PORT)} -b -w 0`);
    expect(times(2, () => serverOf(c, s, id))).toEqual([1, 1]);
    expect(times(6, () => serverOf(c, s, Buffer.from('no QUIC')))).not.toContain(1);
    c.run(`ipvsadm -e ${word} -r ${endpoint(last, PORT)} -b -w 1 -x 3`);
    expect(serverOf(c, s, id)).toBe(1);
    expect(times(4, () => serverOf(c, s, id))).not.toContain(1);
  });
});
