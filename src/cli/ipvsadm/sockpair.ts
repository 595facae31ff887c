// SPDX-License-Identifier: Apache-2.0
import type { Sockpair } from '../../ipc/messages/conn';
import { parseIpv4, parseIpv6 } from '../parse/address';
import { parseDecimal } from '../parse/number';
import { IPPROTO } from '../parse/protocol';

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
const MAX_PORT = 65535;

/**
 * proto:sip:sport:tip:tport, the addresses both IPv4 or both IPv6 in brackets; null for anything else.
 * As upstream has it, text behind the name of the protocol does not matter.
 */
export function parseSockpair(text: string): Sockpair | null {
  const name = PROTOCOLS.find((known) => text.startsWith(known));
  const bracketed = text.includes('[');
  const shape = bracketed ? /^[^:]*:\[([^\]]*)\]:([^:]*):\[([^\]]*)\]:([^:]*)$/ : /^[^:]*:([^:]*):([^:]*):([^:]*):([^:]*)$/;
  const match = shape.exec(text);
  if (name === undefined || match === null) return null;
  const [, sourceText = '', sourcePort = '', targetText = '', targetPort = ''] = match;
  const parse = bracketed ? parseIpv6 : parseIpv4;
  const [source, target] = [parse(sourceText), parse(targetText)];
  const [sport, tport] = [parseDecimal(sourcePort, 0, MAX_PORT), parseDecimal(targetPort, 0, MAX_PORT)];
  if (source === null || target === null || sport === null || tport === null) return null;
  return { af: source.af, proto: IPPROTO[name], sport, tport, sip: source.bytes, tip: target.bytes };
}
