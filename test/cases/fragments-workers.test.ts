// SPDX-License-Identifier: Apache-2.0
// Several workers, each with a queue: fragments come to any of them, and find the connection that whole packets of the flow have.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { fragments } from '../harness/fragments';
import { ethernet, ip, tcp, udp, type Layer4 } from '../harness/frames';
import { bytes, expectFragments, PORT, reassembling } from './fragments-world';
import { CLIENT_ISN, RS_ISN, type Segment } from './tcp-connection';
import { CLIENTS, endpoint, families, mac, quieten, SERVERS, startWorld, v4, type Family } from './topology';

stopDaemonsAfterEach();

const FLOWS = 24;

interface Way {
  readonly name: string;
  readonly proto: 'tcp' | 'udp';
  readonly mode: '-b' | '-m' | '-g';
  readonly persistent?: boolean;
}

const ways: readonly Way[] = [
  { name: 'FullNAT, UDP', proto: 'udp', mode: '-b' },
  { name: 'FullNAT, UDP, persistent', proto: 'udp', mode: '-b', persistent: true },
  { name: 'FullNAT, TCP', proto: 'tcp', mode: '-b' },
  { name: 'FullNAT, TCP, persistent', proto: 'tcp', mode: '-b', persistent: true },
  { name: 'NAT, UDP', proto: 'udp', mode: '-m' },
  { name: 'NAT, UDP, persistent', proto: 'udp', mode: '-m', persistent: true },
  { name: 'NAT, TCP', proto: 'tcp', mode: '-m' },
  { name: 'NAT, TCP, persistent', proto: 'tcp', mode: '-m', persistent: true },
  { name: 'direct routing, UDP', proto: 'udp', mode: '-g' },
  { name: 'direct routing, TCP', proto: 'tcp', mode: '-g' },
];

/** One flow. What is whole comes as a device with a queue per worker delivers it, fragments come anywhere. */
class Flow {
  readonly #c: Case;
  readonly #f: Family;
  readonly #way: Way;
  readonly #client: string;
  readonly cport: number;
  lport = 0;
  delta = 0;
  #sent = 0;

  constructor(c: Case, f: Family, way: Way, client: string, cport: number) {
    this.#c = c;
    this.#f = f;
    this.#way = way;
    this.#client = client;
    this.cport = cport;
  }

  get #atServer(): { readonly src: string; readonly dst: string } {
    const { lip, vip, servers } = this.#f;
    return { src: this.#way.mode === '-b' ? lip : this.#client, dst: this.#way.mode === '-g' ? vip : servers[0] };
  }

  #l4(sport: number, dport: number, segment: Segment): Layer4 {
    return this.#way.proto === 'udp' ? udp({ sport, dport, payload: segment.payload ?? '' }) : tcp({ ...segment, sport, dport });
  }

  #spread(port: number, frames: readonly Buffer[]): void {
    expect(frames.length).toBeGreaterThan(1);
    for (const frame of frames) this.#c.sendOn(port, this.#sent++ % this.#c.queues, frame);
  }

  /** From the client to the server. Learns local port and shift from the first packet. */
  up(segment: Segment, inFragments: boolean, learn = false): void {
    const c = this.#c;
    const fields = { src: this.#client, dst: this.#f.vip };
    const l4 = this.#l4(this.cport, PORT, segment);
    const frame = { src: mac.client, dst: mac.port[0] };
    if (inFragments) this.#spread(CLIENTS, fragments({ ...fields, id: this.cport }, l4, 1400).map((layer) => ethernet(frame, layer)));
    else c.sendOn(CLIENTS, this.cport % c.queues, ethernet(frame, ip(fields, l4)));
    const got = c.collect(SERVERS);
    if (learn) this.#learn(got[0] ?? Buffer.alloc(200), inFragments);
    const wanted = this.#l4(this.lport, PORT, { ...segment, seq: segment.seq + this.delta });
    if (inFragments) {
      expectFragments(c, SERVERS, mac.server[0], this.#atServer, wanted, 1500, got);
      return;
    }
    expect(got.map((one) => one.toString('hex'))).toEqual([ethernet({ src: mac.port[1], dst: mac.server[0] }, ip(this.#atServer, wanted)).toString('hex')]);
  }

  #learn(first: Buffer, inFragments: boolean): void {
    const ports = 14 + this.#f.headerLength + (inFragments && this.#f !== v4 ? 8 : 0);
    this.lport = first.readUInt16BE(ports);
    if (this.#way.proto === 'tcp') this.delta = (numberOf(first, 'tcp.seq') - CLIENT_ISN) >>> 0;
    if (this.#way.mode !== '-b') expect([this.lport, this.delta]).toEqual([this.cport, 0]);
  }

  /** From the server to the client. */
  down(segment: Segment, inFragments: boolean): void {
    if (this.#way.mode === '-g') return;
    const c = this.#c;
    const { src: dst, dst: src } = this.#atServer;
    const l4 = this.#l4(PORT, this.lport, { ...segment, ack: (segment.ack ?? 0) + this.delta });
    const frame = { src: mac.server[0], dst: mac.port[1] };
    if (inFragments) this.#spread(SERVERS, fragments({ src, dst, id: this.cport }, l4, 1400).map((layer) => ethernet(frame, layer)));
    else c.send(SERVERS, ethernet(frame, ip({ src, dst }, l4)));
    const wanted = this.#l4(PORT, this.cport, segment);
    const fields = { src: this.#f.vip, dst: this.#client };
    if (inFragments) expectFragments(c, CLIENTS, mac.client, fields, wanted);
    else c.expectFrames(CLIENTS, ethernet({ src: mac.port[0], dst: mac.client }, ip(fields, wanted)));
  }
}

function clientOf(f: Family, i: number): string {
  return f === v4 ? `10.0.0.${20 + i}` : `2001:db8::${20 + i}`;
}

function talkUdp(flow: Flow, startsWhole: boolean): void {
  const datagram = (payload: string | Buffer): Segment => ({ seq: 0, flags: '', payload });
  const long = datagram(bytes(3000, flow.cport));
  flow.up(startsWhole ? datagram('whole') : long, !startsWhole, true);
  flow.up(startsWhole ? long : datagram('whole'), startsWhole);
  flow.down(startsWhole ? datagram('short') : long, !startsWhole);
  flow.down(startsWhole ? long : datagram('short'), startsWhole);
  flow.up(datagram('again'), false);
}

function talkTcp(flow: Flow): void {
  flow.up({ seq: CLIENT_ISN, flags: 'S' }, false, true);
  flow.down({ seq: RS_ISN, ack: CLIENT_ISN + 1, flags: 'SA' }, false);
  // Beyond the place where the server's first data begin, nothing is said of the client's address.
  const up = { ack: RS_ISN + 2, flags: 'PA' };
  flow.up({ ...up, seq: CLIENT_ISN + 1, payload: bytes(3000, flow.cport) }, true);
  flow.down({ seq: RS_ISN + 1, ack: CLIENT_ISN + 3001, flags: 'PA', payload: bytes(2000, 9) }, true);
  flow.up({ ...up, seq: CLIENT_ISN + 3001, payload: 'whole' }, false);
  flow.down({ seq: RS_ISN + 2001, ack: CLIENT_ISN + 3006, flags: 'PA', payload: 'whole' }, false);
  flow.up({ ...up, seq: CLIENT_ISN + 3006, payload: bytes(3000, 3) }, true);
}

describe.each(families)('$name', (f) => {
  describe.each([
    { n: 2, rss: true },
    { n: 3, rss: true },
    { n: 2, rss: false },
  ])('$n workers, devices that spread flows: $rss', ({ n, rss }) => {
    test.each(ways)('DPL-085 DPL-106 $name', async (way) => {
      const c = await startWorld(f, { ...reassembling(), workers: n, queues: n, rss });
      const word = `-${way.proto === 'tcp' ? 't' : 'u'} ${endpoint(f.vip, PORT)}`;
      c.run(`
        ipvsadm -A ${word} -s rr ${way.persistent === true ? `-p 60 -M ${f === v4 ? '255.255.255.255' : '128'}` : ''}
        ipvsadm -a ${word} -r ${endpoint(f.servers[0], PORT)} ${way.mode}`);
      if (way.mode === '-b') c.run(`ipvsadm -P ${word} -z ${f.lip} -F test1`);
      c.run(Array.from({ length: FLOWS }, (_, i) => `dpip neigh add ${clientOf(f, i)} lladdr ${mac.client} dev test0`).join('\n'));
      quieten(c, f);
      for (let i = 0; i < FLOWS; i++) {
        const flow = new Flow(c, f, way, clientOf(f, i), 6000 + i);
        if (way.proto === 'udp') talkUdp(flow, (i & 4) === 0);
        else talkTcp(flow);
      }
      const lines = c.output('ipvsadm -lnc').trim().split('\n');
      expect(lines).toHaveLength(FLOWS);
      expect(new Set(lines.map((line) => line.slice(0, 3))).size).toBeGreaterThan(1);
      expect([...c.drops()]).toEqual([]);
    });
  });
});
