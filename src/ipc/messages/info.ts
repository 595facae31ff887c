// SPDX-License-Identifier: Apache-2.0
import { ProtocolError, type Transport } from '../client';
import { decode, MSG, sizeOf } from '../codec';

/** What the daemon says about itself at the start of every command. */
export interface Info {
  readonly version: { readonly major: number; readonly minor: number; readonly patch: number };
  /** Of the connection table, as kernel IPVS has it; dpvs sends 0. */
  readonly size: number;
  /** Services on the master; the request that lists them must name this number. */
  readonly services: number;
  /** Workers; null when the daemon is too old to tell. */
  readonly workers: number | null;
}

/** Older daemons and clients know the structure without num_lcores. */
const WITHOUT_LCORES = 12;

/** @throws as Transport.request, ProtocolError */
export function getInfo(transport: Transport): Info {
  const body = transport.request(MSG.DPVS_SO_GET_INFO, 'get', Buffer.alloc(WITHOUT_LCORES));
  if (body.length < WITHOUT_LCORES) {
    throw new ProtocolError(`the daemon described itself in ${body.length} bytes, at least ${WITHOUT_LCORES} are needed`);
  }
  const whole = body.length >= sizeOf.dp_vs_getinfo;
  const info = decode('dp_vs_getinfo', whole ? body : Buffer.concat([body, Buffer.alloc(sizeOf.dp_vs_getinfo)]));
  return {
    version: { major: (info.version >>> 16) & 0xffff, minor: (info.version >>> 8) & 0xff, patch: info.version & 0xff },
    size: info.size,
    services: info.num_services,
    workers: whole ? info.num_lcores : null,
  };
}
