// SPDX-License-Identifier: Apache-2.0
// A client that shakes hands with the SYN proxy, and the server that is asked afterwards.
import type { Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { ethernet, ip, tcp, tcpOption } from '../harness/frames';
import type { Segment } from './tcp-connection';
import { CLIENTS, fromServer, mac, SERVERS, toClient, toServerSide, type Sides } from './topology';

export const PORT = 80;
export const CLIENT_ISN = 0xffff_fff0;
export const RS_ISN = 7_000_000;

/** Lines of a configuration for the SYN proxy. */
export function synproxyConf(...lines: readonly string[]): { readonly conf: Readonly<Record<string, readonly string[]>> } {
  return { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'tcp {', 'synproxy {', ...lines, '}', '}'] } };
}

export class ProxiedClient {
  readonly #c: Case;
  readonly #s: Sides;
  readonly sport: number;
  cookie = 0;
  /** What the director adds to the client's sequence numbers, as the server sees them. */
  delta = 0;
  lport = 0;
  readonly #address: string;

  constructor(c: Case, s: Sides, sport = 40_000, address: string = s.clients.client) {
    this.#c = c;
    this.#s = s;
    this.sport = sport;
    this.#address = address;
  }

  frame(segment: Segment): Buffer {
    const layer = ip({ src: this.#address, dst: this.#s.clients.vip }, tcp({ ...segment, sport: this.sport, dport: PORT }));
    return ethernet({ src: mac.client, dst: mac.port[0] }, layer);
  }

  send(segment: Segment): void {
    this.#c.send(CLIENTS, this.frame(segment));
  }

  serverFrame(segment: Segment): Buffer {
    return fromServer(this.#s.servers, tcp({ ...segment, sport: PORT, dport: this.lport }));
  }

  serverSends(segment: Segment): void {
    this.#c.send(SERVERS, this.serverFrame(segment));
  }

  expectAtClient(...segments: readonly Segment[]): void {
    this.#c.expectFrames(CLIENTS, ...segments.map((segment) => toClient(this.#s.clients, tcp({ ...segment, sport: PORT, dport: this.sport }))));
  }

  expectAtServer(...segments: readonly Segment[]): void {
    this.#c.expectFrames(SERVERS, ...segments.map((segment) => toServerSide(this.#s, tcp({ ...segment, sport: this.lport, dport: PORT }))));
  }

  /** SYN and answer; the answer. */
  syn(options: readonly Uint8Array[] = [tcpOption.mss(1460)], seq = CLIENT_ISN): Buffer {
    this.send({ seq, flags: 'S', window: 4000, options });
    const answer = this.#c.collectOne(CLIENTS);
    this.cookie = numberOf(answer, 'tcp.seq');
    return answer;
  }

  /** The ACK that completes the handshake; the SYN that the server gets. */
  ack(segment: Partial<Segment> = {}, seq = CLIENT_ISN + 1): Buffer {
    this.send({ seq, ack: this.cookie + 1, flags: 'A', ...segment });
    const syn = this.#c.collectOne(SERVERS);
    this.lport = numberOf(syn, 'tcp.sport');
    this.delta = (numberOf(syn, 'tcp.seq') - (seq - 1)) >>> 0;
    return syn;
  }

  /** The server accepts. */
  accept(segment: Partial<Segment> = {}, seq = CLIENT_ISN + 1): void {
    this.serverSends({ seq: RS_ISN, ack: seq + this.delta, flags: 'SA', window: 8000, options: [tcpOption.mss(1460)], ...segment });
  }

  get toa(): Buffer {
    return tcpOption.toa(this.#address, this.sport);
  }
}

/** A connection with everything done; frames of it are consumed. */
export function proxied(c: Case, s: Sides, sport?: number): ProxiedClient {
  const t = new ProxiedClient(c, s, sport);
  t.syn();
  t.ack();
  t.accept();
  c.discard();
  return t;
}

export function field(frame: Uint8Array, name: string): unknown {
  return dissect(frame).get(name);
}
