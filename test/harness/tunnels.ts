// SPDX-License-Identifier: Apache-2.0
// Packets inside of packets: IP in IP (RFC 2003, RFC 4213) and GRE (RFC 2784, RFC 2890).
import { checksum } from './checksum';
import { ETHERTYPE, type Layer3, type Layer4 } from './frames';

/** An IP packet as payload of another one. */
export function ipip(inner: Layer3): Layer4 {
  return { proto: inner.etherType === ETHERTYPE.IPV6 ? 41 : 4, bytes: () => inner.bytes };
}

export interface GreFields {
  readonly key?: number;
  readonly seq?: number;
  readonly csum?: boolean;
  /** Wrong values on purpose. */
  readonly wrong?: { readonly checksum?: number; readonly flags?: number; readonly etherType?: number };
}

function word(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

export function gre(fields: GreFields, inner: Layer3): Layer4 {
  const { key, seq, csum = false, wrong = {} } = fields;
  const flags = (csum ? 0x8000 : 0) + (key === undefined ? 0 : 0x2000) + (seq === undefined ? 0 : 0x1000);
  const bytes = Buffer.concat([
    word((wrong.flags ?? flags) * 0x10000 + (wrong.etherType ?? inner.etherType)),
    ...(csum ? [word(0)] : []),
    ...(key === undefined ? [] : [word(key)]),
    ...(seq === undefined ? [] : [word(seq)]),
    inner.bytes,
  ]);
  if (csum) bytes.writeUInt16BE(wrong.checksum ?? checksum(bytes), 4);
  return { proto: 47, bytes: () => bytes };
}
