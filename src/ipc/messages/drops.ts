// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { decode, encode, ext, MSG } from '../codec';
import { splitRecords } from './records';

/** Packets dropped for one reason since the daemon started. */
export interface Drop {
  /** Short and stable, e.g. "ipv4-bad-checksum". */
  readonly name: string;
  /** Part of the packet path, e.g. "ipv4". */
  readonly layer: string;
  /** One sentence for people. */
  readonly text: string;
  readonly packets: bigint;
  /** Lcore id; null: sum of all lcores. */
  readonly lcore: number | null;
}

/**
 * Lists drop counters in the daemon's order, reasons without packets included.
 * @param options perLcore: one entry for each reason and lcore instead of sums
 * @throws as Transport.request; a daemon that does not know the message closes the connection (ClosedError)
 */
export function listDrops(transport: Transport, options: { readonly perLcore?: boolean } = {}): Drop[] {
  const flags = options.perLcore === true ? ext.DS_DROPS_F_PER_LCORE : 0;
  const body = transport.request(MSG.DS_MSG_DROPS, 'get', encode('ds_drops_request', { flags }));
  return splitRecords(body)
    .filter((record) => record.type === ext.DS_TLV_DROP)
    .map(({ payload }) => {
      const { name, layer, text, packets, lcore } = decode('ds_drop', payload);
      return { name, layer, text, packets, lcore: lcore === ext.DS_LCORE_ALL ? null : lcore };
    });
}
