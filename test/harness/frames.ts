// SPDX-License-Identifier: Apache-2.0
// Builds frames. Checksums and lengths are right unless a test asks for other ones.
import { ipBytes, macBytes } from './addresses';
import { checksum, crc32c, pseudoHeader } from './checksum';

export const PROTO = { ICMP: 1, TCP: 6, UDP: 17, SCTP: 132, ICMPV6: 58, UOA: 248 } as const;
export const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806, IPV6: 0x86dd, VLAN: 0x8100 } as const;

/** What an IP header carries: it learns the addresses for its checksum when it is put in. */
export interface Layer4 {
  readonly proto: number;
  bytes(src: Uint8Array, dst: Uint8Array): Buffer;
}

/** What an Ethernet header carries. */
export interface Layer3 {
  readonly etherType: number;
  readonly bytes: Buffer;
}

export interface EthernetFields {
  readonly src: string;
  readonly dst: string;
  readonly etherType?: number;
}

/** A frame; not padded to 60 bytes unless `pad` says so. */
export function ethernet(fields: EthernetFields, payload: Layer3, pad = 0): Buffer {
  const type = Buffer.alloc(2);
  type.writeUInt16BE(fields.etherType ?? payload.etherType);
  const frame = Buffer.concat([macBytes(fields.dst), macBytes(fields.src), type, payload.bytes]);
  return frame.length < pad ? Buffer.concat([frame, Buffer.alloc(pad - frame.length)]) : frame;
}

export interface ArpFields {
  readonly op: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetMac?: string;
  readonly targetIp: string;
}

/** ARP for Ethernet and IPv4 (RFC 826), 28 bytes. */
export function arp(fields: ArpFields): Layer3 {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, fields.op === 'request' ? 1 : 2]);
  const bytes = Buffer.concat([
    head,
    macBytes(fields.senderMac),
    ipBytes(fields.senderIp),
    macBytes(fields.targetMac ?? '00:00:00:00:00:00'),
    ipBytes(fields.targetIp),
  ]);
  return { etherType: ETHERTYPE.ARP, bytes };
}

export interface Ipv4Fields {
  readonly src: string;
  readonly dst: string;
  readonly ttl?: number;
  readonly tos?: number;
  readonly id?: number;
  readonly df?: boolean;
  readonly mf?: boolean;
  /** In bytes. */
  readonly fragmentOffset?: number;
  /** Behind the fixed header; a multiple of 4 bytes. */
  readonly options?: Uint8Array;
  /** Wrong values on purpose. */
  readonly wrong?: {
    readonly checksum?: number;
    readonly version?: number;
    readonly headerWords?: number;
    readonly totalLength?: number;
  };
}

export function ipv4(fields: Ipv4Fields, payload: Layer4): Layer3 {
  const src = ipBytes(fields.src);
  const dst = ipBytes(fields.dst);
  const options = fields.options ?? Buffer.alloc(0);
  const body = payload.bytes(src, dst);
  const head = Buffer.alloc(20);
  const words = fields.wrong?.headerWords ?? 5 + options.length / 4;
  head.writeUInt8((fields.wrong?.version ?? 4) * 16 + words, 0);
  head.writeUInt8(fields.tos ?? 0, 1);
  head.writeUInt16BE(fields.wrong?.totalLength ?? 20 + options.length + body.length, 2);
  head.writeUInt16BE(fields.id ?? 0, 4);
  const flags = (fields.df === true ? 0x4000 : 0) + (fields.mf === true ? 0x2000 : 0);
  head.writeUInt16BE(flags + (fields.fragmentOffset ?? 0) / 8, 6);
  head.writeUInt8(fields.ttl ?? 64, 8);
  head.writeUInt8(payload.proto, 9);
  src.copy(head, 12);
  dst.copy(head, 16);
  head.writeUInt16BE(fields.wrong?.checksum ?? checksum(head, options), 10);
  return { etherType: ETHERTYPE.IPV4, bytes: Buffer.concat([head, options, body]) };
}

export interface Ipv6Fields {
  readonly src: string;
  readonly dst: string;
  readonly hopLimit?: number;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly wrong?: { readonly version?: number; readonly payloadLength?: number };
}

export function ipv6(fields: Ipv6Fields, payload: Layer4): Layer3 {
  const src = ipBytes(fields.src);
  const dst = ipBytes(fields.dst);
  const body = payload.bytes(src, dst);
  const head = Buffer.alloc(40);
  const word = (fields.wrong?.version ?? 6) * 2 ** 28 + (fields.trafficClass ?? 0) * 2 ** 20 + (fields.flowLabel ?? 0);
  head.writeUInt32BE(word, 0);
  head.writeUInt16BE(fields.wrong?.payloadLength ?? body.length, 4);
  head.writeUInt8(payload.proto, 6);
  head.writeUInt8(fields.hopLimit ?? 64, 7);
  src.copy(head, 8);
  dst.copy(head, 24);
  return { etherType: ETHERTYPE.IPV6, bytes: Buffer.concat([head, body]) };
}

/** IPv4 or IPv6 by the form of the addresses. `ttl` is the hop limit of IPv6. */
export function ip(fields: { readonly src: string; readonly dst: string; readonly ttl?: number }, payload: Layer4): Layer3 {
  if (fields.src.includes(':')) {
    const { src, dst, ttl } = fields;
    return ipv6({ src, dst, ...(ttl === undefined ? {} : { hopLimit: ttl }) }, payload);
  }
  return ipv4(fields, payload);
}

export interface UdpFields {
  readonly sport: number;
  readonly dport: number;
  readonly payload?: Uint8Array | string;
  /** 0 sends "no checksum". */
  readonly checksum?: number;
  readonly wrong?: { readonly length?: number };
}

function payloadBytes(payload: Uint8Array | string | undefined): Buffer {
  return payload === undefined ? Buffer.alloc(0) : Buffer.from(payload);
}

export function udp(fields: UdpFields): Layer4 {
  return {
    proto: PROTO.UDP,
    bytes: (src, dst) => {
      const payload = payloadBytes(fields.payload);
      const length = 8 + payload.length;
      const head = Buffer.alloc(8);
      head.writeUInt16BE(fields.sport, 0);
      head.writeUInt16BE(fields.dport, 2);
      head.writeUInt16BE(fields.wrong?.length ?? length, 4);
      const sum = checksum(pseudoHeader(src, dst, PROTO.UDP, length), head, payload);
      head.writeUInt16BE(fields.checksum ?? (sum === 0 ? 0xffff : sum), 6);
      return Buffer.concat([head, payload]);
    },
  };
}

/** TCP options; `tcp` pads their sequence with zeroes to a multiple of 4 bytes. */
export const tcpOption = {
  nop: (): Buffer => Buffer.from([1]),
  mss: (value: number): Buffer => Buffer.from([2, 4, value >> 8, value & 0xff]),
  windowScale: (shift: number): Buffer => Buffer.from([3, 3, shift]),
  sackPermitted: (): Buffer => Buffer.from([4, 2]),
  sack: (...edges: readonly number[]): Buffer => {
    const out = Buffer.alloc(2 + edges.length * 4);
    out.writeUInt8(5, 0);
    out.writeUInt8(out.length, 1);
    for (const [i, edge] of edges.entries()) out.writeUInt32BE(edge >>> 0, 2 + i * 4);
    return out;
  },
  timestamp: (value: number, echo: number): Buffer => {
    const out = Buffer.from([8, 10, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.writeUInt32BE(value, 2);
    out.writeUInt32BE(echo, 6);
    return out;
  },
  /** The client's address for the real server: kind 254, port, address. */
  toa: (address: string, port: number): Buffer => {
    const bytes = ipBytes(address);
    return Buffer.concat([Buffer.from([254, 4 + bytes.length, port >> 8, port & 0xff]), bytes]);
  },
};

export interface TcpFields {
  readonly sport: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack?: number;
  /** Letters of F, S, R, P, A, U. */
  readonly flags: string;
  readonly window?: number;
  readonly options?: readonly Uint8Array[];
  readonly payload?: Uint8Array | string;
  readonly wrong?: { readonly checksum?: number; readonly headerWords?: number };
}

export const TCP_FLAGS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32 };

export function tcp(fields: TcpFields): Layer4 {
  return {
    proto: PROTO.TCP,
    bytes: (src, dst) => {
      const payload = payloadBytes(fields.payload);
      const given = Buffer.concat([...(fields.options ?? [])]);
      const options = Buffer.concat([given, Buffer.alloc((4 - (given.length % 4)) % 4)]);
      const head = Buffer.alloc(20);
      head.writeUInt16BE(fields.sport, 0);
      head.writeUInt16BE(fields.dport, 2);
      head.writeUInt32BE(fields.seq >>> 0, 4);
      head.writeUInt32BE((fields.ack ?? 0) >>> 0, 8);
      head.writeUInt8((fields.wrong?.headerWords ?? 5 + options.length / 4) * 16, 12);
      head.writeUInt8([...fields.flags].reduce((bits, flag) => bits | (TCP_FLAGS[flag] ?? 0), 0), 13);
      head.writeUInt16BE(fields.window ?? 65535, 14);
      const length = 20 + options.length + payload.length;
      const sum = checksum(pseudoHeader(src, dst, PROTO.TCP, length), head, options, payload);
      head.writeUInt16BE(fields.wrong?.checksum ?? sum, 16);
      return Buffer.concat([head, options, payload]);
    },
  };
}

/** Types of SCTP chunks. */
export const SCTP_CHUNK = {
  DATA: 0, INIT: 1, INIT_ACK: 2, SACK: 3, HEARTBEAT: 4, ABORT: 6, SHUTDOWN: 7, SHUTDOWN_ACK: 8, ERROR: 9, COOKIE_ECHO: 10, COOKIE_ACK: 11,
  SHUTDOWN_COMPLETE: 14,
} as const; // prettier-ignore

export interface SctpChunk {
  readonly type: number;
  readonly flags?: number;
  readonly value?: Uint8Array | string;
  readonly wrong?: { readonly length?: number };
}

export interface SctpFields {
  readonly sport: number;
  readonly dport: number;
  readonly tag: number;
  readonly chunks: readonly SctpChunk[];
  readonly wrong?: { readonly checksum?: number };
}

function sctpChunk(chunk: SctpChunk): Buffer {
  const value = payloadBytes(chunk.value);
  const head = Buffer.from([chunk.type, chunk.flags ?? 0, 0, 0]);
  head.writeUInt16BE(chunk.wrong?.length ?? 4 + value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

/** SCTP (RFC 9260); its checksum does not cover addresses. */
export function sctp(fields: SctpFields): Layer4 {
  return {
    proto: PROTO.SCTP,
    bytes: () => {
      const head = Buffer.alloc(12);
      head.writeUInt16BE(fields.sport, 0);
      head.writeUInt16BE(fields.dport, 2);
      head.writeUInt32BE(fields.tag, 4);
      const packet = Buffer.concat([head, ...fields.chunks.map(sctpChunk)]);
      packet.writeUInt32LE(fields.wrong?.checksum ?? crc32c(packet), 8);
      return packet;
    },
  };
}

export interface EchoFields {
  readonly type: 'request' | 'reply';
  readonly id: number;
  readonly seq: number;
  readonly payload?: Uint8Array | string;
  readonly wrong?: { readonly checksum?: number };
}

/** ICMP message of given type and code; `rest` follows the checksum. */
export function icmp(type: number, code: number, rest: Uint8Array, wrongChecksum?: number): Layer4 {
  return {
    proto: PROTO.ICMP,
    bytes: () => {
      const out = Buffer.concat([Buffer.from([type, code, 0, 0]), rest]);
      out.writeUInt16BE(wrongChecksum ?? checksum(out), 2);
      return out;
    },
  };
}

/** ICMPv6 message of given type and code; `rest` follows the checksum. */
export function icmp6(type: number, code: number, rest: Uint8Array, wrongChecksum?: number): Layer4 {
  return {
    proto: PROTO.ICMPV6,
    bytes: (src, dst) => {
      const out = Buffer.concat([Buffer.from([type, code, 0, 0]), rest]);
      const sum = checksum(pseudoHeader(src, dst, PROTO.ICMPV6, out.length), out);
      out.writeUInt16BE(wrongChecksum ?? sum, 2);
      return out;
    },
  };
}

function echoRest(fields: EchoFields): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(fields.id, 0);
  head.writeUInt16BE(fields.seq, 2);
  return Buffer.concat([head, payloadBytes(fields.payload)]);
}

export function icmpEcho(fields: EchoFields): Layer4 {
  return icmp(fields.type === 'request' ? 8 : 0, 0, echoRest(fields), fields.wrong?.checksum);
}

export function icmp6Echo(fields: EchoFields): Layer4 {
  return icmp6(fields.type === 'request' ? 128 : 129, 0, echoRest(fields), fields.wrong?.checksum);
}

/** Source (1) or target (2) link-layer address option of neighbour discovery (RFC 4861 4.6.1). */
function linkLayerOption(kind: 1 | 2, mac: string | undefined): Buffer {
  return mac === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([kind, 1]), macBytes(mac)]);
}

export interface SolicitationFields {
  readonly target: string;
  readonly sourceMac?: string;
  readonly wrong?: { readonly code?: number; readonly checksum?: number };
}

/** Neighbour solicitation (RFC 4861 4.3). */
export function neighbourSolicitation(fields: SolicitationFields): Layer4 {
  const rest = Buffer.concat([Buffer.alloc(4), ipBytes(fields.target), linkLayerOption(1, fields.sourceMac)]);
  return icmp6(135, fields.wrong?.code ?? 0, rest, fields.wrong?.checksum);
}

export interface AdvertisementFields {
  readonly target: string;
  readonly targetMac?: string;
  readonly router?: boolean;
  readonly solicited?: boolean;
  readonly override?: boolean;
}

/** Neighbour advertisement (RFC 4861 4.4). */
export function neighbourAdvertisement(fields: AdvertisementFields): Layer4 {
  const bits =
    (fields.router === true ? 0x80 : 0) + (fields.solicited === true ? 0x40 : 0) + (fields.override === true ? 0x20 : 0);
  const head = Buffer.from([bits, 0, 0, 0]);
  return icmp6(136, 0, Buffer.concat([head, ipBytes(fields.target), linkLayerOption(2, fields.targetMac)]));
}

/** Bytes behind an IP header that are none of the kinds above: fragments, unknown protocols, cut headers. */
export function raw(proto: number, bytes: Uint8Array): Layer4 {
  return { proto, bytes: () => Buffer.from(bytes) };
}

/**
 * Option header in front of UDP that carries the client's address (mode opp): protocol 248, version by the client's family.
 * The inner UDP checksum is 0 over IPv4 and computed over IPv6.
 */
export function uoa(client: { readonly address: string; readonly port: number }, inner: UdpFields): Layer4 {
  return {
    proto: PROTO.UOA,
    bytes: (src, dst) => {
      const address = ipBytes(client.address);
      const option = Buffer.from([0x1f, 4 + address.length, client.port >> 8, client.port & 0xff]);
      const length = 4 + option.length + address.length;
      const head = Buffer.from([(address.length === 4 ? 1 : 2) << 4, PROTO.UDP, length >> 8, length & 0xff]);
      const datagram = udp(src.length === 4 ? { ...inner, checksum: 0 } : inner).bytes(src, dst);
      return Buffer.concat([head, option, address, datagram]);
    },
  };
}
