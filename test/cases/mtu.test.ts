// SPDX-License-Identifier: Apache-2.0
// Packets that are longer than the way behind the director allows, in every forwarding mode.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { ipBytes } from '../harness/addresses';
import { dissect, numberOf } from '../harness/dissect';
import { fragmentId, fragments, fragmentStep } from '../harness/fragments';
import { ethernet, icmp, icmp6, ip, ipv4, raw, tcp, udp, type Layer3, type Layer4 } from '../harness/frames';
import { CLIENT_ISN, RS_ISN, startConnection } from './tcp-connection';
import {
  CLIENTS, configureService, endpoint, families, mac, packet, quieten, SERVERS, serviceWord, sides, startSides, startWorld, toClient, v4, v6,
  type Family,
} from './topology'; // prettier-ignore

stopDaemonsAfterEach();

const PORT = 53;
const CPORT = 5000;
const NARROW = 1400;
const UOA_OFF = { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } };

const MODES = [
  { mode: 'FullNAT', word: '-b' },
  { mode: 'NAT', word: '-m' },
  { mode: 'direct routing', word: '-g' },
  { mode: 'tunnel', word: '-i' },
] as const;
type Mode = (typeof MODES)[number]['mode'];

function question(f: Family, ipLength: number): Layer4 {
  const payload = Buffer.from(Array.from({ length: ipLength - f.headerLength - 8 }, (_, i) => (i * 3) & 0xff));
  return udp({ sport: CPORT, dport: PORT, payload });
}

/** An IP packet of exactly this length. */
function datagram(f: Family, l4: Layer4, ends: { readonly src: string; readonly dst: string }, df: boolean, id = 0): Layer3 {
  return f === v4 ? ipv4({ ...ends, df, id }, l4) : ip(ends, l4);
}

/** The error about a packet that its sender gets. */
function tooBig(f: Family, from: string, about: Layer3, to: string, mtu: number): Layer3 {
  const info = Buffer.alloc(4);
  info.writeUInt32BE(mtu);
  const longest = f === v4 ? 576 - 28 : 1280 - 48;
  const rest = Buffer.concat([info, about.bytes.subarray(0, longest)]);
  return f === v4 ? ipv4({ src: from, dst: to, tos: 0xc0 }, icmp(3, 4, rest)) : ip({ src: from, dst: to }, icmp6(2, 0, rest));
}

function narrow(c: Case, f: Family, address: string, dev: string): void {
  c.run(`dpip ${f === v6 ? '-6 ' : ''}route add ${address}/${f.hostPlen} dev ${dev} mtu ${NARROW}`);
}

async function start(f: Family, mode: Mode): Promise<Case> {
  const c = await startWorld(f, UOA_OFF);
  if (mode === 'FullNAT') {
    configureService(c, f, { proto: 'udp', port: PORT });
    return c;
  }
  const service = serviceWord(f, { proto: 'udp', port: PORT });
  const { word } = MODES.find((one) => one.mode === mode) ?? MODES[0];
  c.run(`
    ipvsadm -A ${service} -s rr
    ipvsadm -a ${service} -r ${endpoint(f.servers[0], PORT)} ${word}`);
  quieten(c, f);
  return c;
}

/** What becomes of the client's datagram on its way to the server; `first`: of the first frame that the server gets. */
function translated(f: Family, mode: Mode, length: number, first: Buffer): { readonly src: string; readonly dst: string; readonly l4: Layer4 } {
  const l4 = question(f, length);
  const server = f.servers[0];
  if (mode === 'NAT') return { src: f.client, dst: server, l4 };
  if (mode === 'direct routing') return { src: f.client, dst: f.vip, l4 };
  if (mode === 'tunnel') {
    const inner = datagram(f, l4, { src: f.client, dst: f.vip }, false, 7);
    return { src: f.port[1], dst: server, l4: raw(f === v4 ? 4 : 41, inner.bytes) };
  }
  const lport = first.readUInt16BE(14 + f.headerLength);
  const payload = l4.bytes(ipBytes(f.client), ipBytes(f.vip)).subarray(8);
  return { src: f.lip, dst: server, l4: udp({ sport: lport, dport: PORT, payload }) };
}

describe.each(families)('$name', (f) => {
  describe.each(MODES)('$mode', ({ mode }) => {
    const growth = mode === 'tunnel' ? f.headerLength : 0;

    test('DPL-103 what may not be fragmented is refused with the MTU that the client may use', async () => {
      const c = await start(f, mode);
      narrow(c, f, f.servers[0], 'test1');
      const ends = { src: f.client, dst: f.vip };
      const longest = NARROW - growth;
      // The first packet of a connection, and one of a connection that is there.
      for (let i = 0; i < 2; i++) {
        const long = datagram(f, question(f, longest + 1), ends, true);
        const error = ethernet({ src: mac.port[0], dst: mac.client }, tooBig(f, f.vip, long, f.client, longest));
        c.expectDrops({ lb_too_big: 1 }, () => {
          c.exchange(CLIENTS, [packet(CLIENTS, mac.client, long)], CLIENTS, [error]);
        });
        c.send(CLIENTS, packet(CLIENTS, mac.client, datagram(f, question(f, longest), ends, true)));
        expect(c.collectOne(SERVERS)).toHaveLength(14 + NARROW);
      }
      c.expectNothing();
    });

    if (f === v4) test('DPL-103 what may be fragmented is fragmented', async () => {
      const c = await start(f, mode);
      narrow(c, f, f.servers[0], 'test1');
      const ids = new Set<number>();
      for (let i = 0; i < 2; i++) {
        c.send(CLIENTS, packet(CLIENTS, mac.client, datagram(f, question(f, 1500), { src: f.client, dst: f.vip }, false, 7)));
        const got = c.collect(SERVERS);
        expect(got).toHaveLength(2);
        const first = got[0] ?? Buffer.alloc(64);
        ids.add(fragmentId(first));
        const { src, dst, l4 } = translated(f, mode, 1500, first);
        const wanted = fragments({ src, dst, id: fragmentId(first) }, l4, fragmentStep(src, NARROW));
        const frames = wanted.map((layer) => ethernet({ src: mac.port[1], dst: mac.server[0] }, layer).toString('hex'));
        expect(got.map((frame) => frame.toString('hex'))).toEqual(frames);
      }
      c.expectNothing();
      expect(ids.size).toBe(2);
    });

    const answers = mode === 'FullNAT' || mode === 'NAT';
    if (answers) test('DPL-103 answers: the server is told', async () => {
      const c = await start(f, mode);
      narrow(c, f, f.client, 'test0');
      c.send(CLIENTS, packet(CLIENTS, mac.client, datagram(f, question(f, 100), { src: f.client, dst: f.vip }, true)));
      const back = mode === 'NAT' ? { address: f.client, port: CPORT } : { address: f.lip, port: numberOf(c.collectOne(SERVERS), 'udp.sport') };
      c.discard();
      const answer = (length: number, df: boolean): Layer3 => {
        const payload = Buffer.alloc(length - f.headerLength - 8, 0x61);
        return datagram(f, udp({ sport: PORT, dport: back.port, payload }), { src: f.servers[0], dst: back.address }, df);
      };
      const long = answer(NARROW + 1, true);
      // The error comes from the address that the server wrote to, if that is ours.
      const from = mode === 'NAT' ? f.port[1] : f.lip;
      const error = ethernet({ src: mac.port[1], dst: mac.server[0] }, tooBig(f, from, long, f.servers[0], NARROW));
      c.expectDrops({ lb_too_big: 1 }, () => {
        c.exchange(SERVERS, [packet(SERVERS, mac.server[0], long)], SERVERS, [error]);
      });
      c.send(SERVERS, packet(SERVERS, mac.server[0], answer(NARROW, true)));
      expect(c.collectOne(CLIENTS)).toHaveLength(14 + NARROW);
      if (f === v6) return;
      c.send(SERVERS, packet(SERVERS, mac.server[0], answer(1500, false)));
      const got = c.collect(CLIENTS);
      const whole = udp({ sport: PORT, dport: CPORT, payload: Buffer.alloc(1472, 0x61) });
      const wanted = fragments({ src: f.vip, dst: f.client, id: fragmentId(got[0] ?? Buffer.alloc(64)) }, whole, fragmentStep(f.vip, NARROW));
      expect(got.map((frame) => frame.toString('hex'))).toEqual(
        wanted.map((layer) => ethernet({ src: mac.port[0], dst: mac.client }, layer).toString('hex')),
      );
    });
  });

  test('DPL-103 no option is put where it would make a packet too long', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: 80 });
    narrow(c, f, f.servers[0], 'test1');
    const t = startConnection(c, f, 80, 40000);
    for (const spare of [0, 1, f.toaLength - 1]) {
      for (const df of [true, false]) {
        const payload = Buffer.alloc(NARROW - f.headerLength - 20 - spare, 0x61);
        const segment = { seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'A', payload };
        c.send(CLIENTS, packet(CLIENTS, mac.client, datagram(f, tcp({ ...segment, ...t.client }), { src: f.client, dst: f.vip }, df)));
        const wanted = datagram(f, tcp({ ...segment, ...t.toServer, seq: segment.seq + t.delta }), { src: f.lip, dst: f.servers[0] }, df);
        c.expectFrames(SERVERS, ethernet({ src: mac.port[1], dst: mac.server[0] }, wanted));
      }
    }
    const payload = Buffer.alloc(NARROW - f.headerLength - 20 - f.toaLength, 0x61);
    c.send(CLIENTS, t.clientFrame({ seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'A', payload }));
    expect(c.collectOne(SERVERS)).toHaveLength(14 + NARROW);
  });
});

describe('NAT64', () => {
  test('DPL-103 both sides are told what fits the other header', async () => {
    const side = sides.find(({ name }) => name === 'NAT64');
    if (side === undefined) throw new Error('no NAT64');
    const c = await startSides(side, { proto: 'udp', port: PORT }, UOA_OFF);
    narrow(c, v4, v4.servers[0], 'test1');
    narrow(c, v6, v6.client, 'test0');
    const ask = (length: number): Layer3 => ip({ src: v6.client, dst: v6.vip }, question(v6, length));
    const long = ask(NARROW + 21);
    c.expectDrops({ lb_too_big: 1 }, () => {
      const error = tooBig(v6, v6.vip, long, v6.client, NARROW + 20);
      c.exchange(CLIENTS, [packet(CLIENTS, mac.client, long)], CLIENTS, [ethernet({ src: mac.port[0], dst: mac.client }, error)]);
    });
    c.send(CLIENTS, packet(CLIENTS, mac.client, ask(NARROW + 20)));
    const sent = c.collectOne(SERVERS);
    expect(sent).toHaveLength(14 + NARROW);

    const answer = (length: number): Layer3 => {
      const payload = Buffer.alloc(length - 28, 0x61);
      return ipv4({ src: v4.servers[0], dst: v4.lip, df: true }, udp({ sport: PORT, dport: numberOf(sent, 'udp.sport'), payload }));
    };
    const back = answer(NARROW - 19);
    c.expectDrops({ lb_too_big: 1 }, () => {
      const error = tooBig(v4, v4.lip, back, v4.servers[0], NARROW - 20);
      c.exchange(SERVERS, [packet(SERVERS, mac.server[0], back)], SERVERS, [ethernet({ src: mac.port[1], dst: mac.server[0] }, error)]);
    });
    c.send(SERVERS, packet(SERVERS, mac.server[0], answer(NARROW - 20)));
    const got = c.collectOne(CLIENTS);
    expect(got.toString('hex')).toBe(toClient(v6, udp({ sport: PORT, dport: CPORT, payload: Buffer.alloc(NARROW - 48, 0x61) })).toString('hex'));
    expect(dissect(got).get('udp.checksum')).toBe('good');
  });
});
