// SPDX-License-Identifier: Apache-2.0
// One TCP connection of a client through a service, seen from both ends.
import type { Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { tcp, type TcpFields } from '../harness/frames';
import { CLIENTS, endpoint, fromClient, fromServer, SERVERS, toClient, toServerSide, type Family, type Sides } from './topology';

/** Initial sequence numbers of the two ends. */
export const CLIENT_ISN = 1_000_000;
export const RS_ISN = 5_000_000;

function bothSides(f: Family | Sides): Sides {
  return 'clients' in f ? f : { name: f.name, clients: f, servers: f };
}

export type Segment = Omit<TcpFields, 'sport' | 'dport'>;

export class TcpConnection {
  readonly client: { readonly sport: number; readonly dport: number };
  /** What the director adds to the client's sequence numbers. */
  delta = 0;
  lport = 0;
  readonly #c: Case;
  readonly #f: Family;
  readonly #sides: Sides;
  readonly #port: number;
  readonly #clientIsn: number;
  readonly #server: number;

  constructor(c: Case, f: Family | Sides, port: number, clientPort: number, options: { readonly isn?: number; readonly server?: number } = {}) {
    this.#c = c;
    this.#sides = bothSides(f);
    this.#f = this.#sides.clients;
    this.#port = port;
    this.#clientIsn = options.isn ?? CLIENT_ISN;
    this.#server = options.server ?? 0;
    this.client = { sport: clientPort, dport: port };
  }

  get toServer(): { readonly sport: number; readonly dport: number } {
    return { sport: this.lport, dport: this.#port };
  }

  /** Takes local port and shift from the SYN that reached the server. */
  learn(syn: Buffer): void {
    this.lport = numberOf(syn, 'tcp.sport');
    this.delta = (numberOf(syn, 'tcp.seq') - this.#clientIsn) >>> 0;
  }

  clientFrame(segment: Segment): Buffer {
    return fromClient(this.#f, tcp({ ...segment, ...this.client }));
  }

  serverFrame(segment: Segment): Buffer {
    return fromServer(this.#sides.servers, tcp({ ...segment, sport: this.#port, dport: this.lport }), this.#server);
  }

  /** The client sends, the server gets exactly `expected`. */
  clientSends(segment: Segment, expected: Segment): void {
    this.clientSendsMany(segment, expected);
  }

  /** The client sends, the server gets exactly these segments. */
  clientSendsMany(segment: Segment, ...expected: readonly Segment[]): void {
    const wanted = expected.map((one) => toServerSide(this.#sides, tcp({ ...one, ...this.toServer }), this.#server));
    this.#c.exchange(CLIENTS, [this.clientFrame(segment)], SERVERS, wanted);
  }

  /** The server sends, the client gets exactly `expected`. */
  serverSends(segment: Segment, expected: Segment): void {
    const wanted = toClient(this.#f, tcp({ ...expected, sport: this.#port, dport: this.client.sport }));
    this.#c.exchange(SERVERS, [this.serverFrame(segment)], CLIENTS, [wanted]);
  }

  /** State as `ipvsadm -lnc` has it; empty when the connection is gone. */
  state(): string {
    const client = endpoint(this.#f.client, this.client.sport);
    const line = this.#c.output('ipvsadm -lnc').split('\n').find((text) => text.split(/\s+/)[3] === client);
    return line?.split(/\s+/)[2] ?? '';
  }
}

/** A connection with the handshake done. Frames of it are consumed. */
export function startConnection(c: Case, f: Family | Sides, port: number, clientPort: number, isn = CLIENT_ISN, server = 0): TcpConnection {
  const t = new TcpConnection(c, f, port, clientPort, { isn, server });
  c.send(CLIENTS, t.clientFrame({ seq: isn, flags: 'S' }));
  t.learn(c.collectOne(SERVERS));
  c.send(SERVERS, t.serverFrame({ seq: RS_ISN, ack: isn + 1 + t.delta, flags: 'SA' }));
  c.send(CLIENTS, t.clientFrame({ seq: isn + 1, ack: RS_ISN + 1, flags: 'A' }));
  c.discard();
  return t;
}
