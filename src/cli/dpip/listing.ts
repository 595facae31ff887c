// SPDX-License-Identifier: Apache-2.0
// What listings are made of: one record for each thing that is shown. As text, a record is what the object's own function makes of it;
// every other form is made of the record's data (data/records.ts), in one place for each kind.
import type { AddressRecord } from '../../ipc/messages/addr';
import type { Drop } from '../../ipc/messages/drops';
import type { MemPool, MemRing, MemSegment, MemZone } from '../../ipc/messages/ealmem';
import type { Talker } from '../../ipc/messages/iftraf';
import type { Ip6Counters } from '../../ipc/messages/ip6stats';
import type { IpsetInfo } from '../../ipc/messages/ipset';
import type { LcoreBasic, LcoreStats } from '../../ipc/messages/lcore';
import type { BondStatus, LinkBasic, LinkExtra, LinkStats, LinkXstat } from '../../ipc/messages/link';
import type { IpMulticast, LinkMulticast } from '../../ipc/messages/maddr';
import type { LcoreLoad } from '../../ipc/messages/load';
import type { MarkRule } from '../../ipc/messages/mark';
import type { Neighbour } from '../../ipc/messages/neigh';
import type { Route4, Route6 } from '../../ipc/messages/route';
import type { Cls, Qsch } from '../../ipc/messages/tc';
import type { Tunnel } from '../../ipc/messages/tunnel';
import type { Vlan } from '../../ipc/messages/vlan';
import type { Output } from '../runtime/io';

/** A device with what was asked for of it. */
export interface NicRecord {
  readonly basic: LinkBasic;
  readonly stats?: LinkStats;
  readonly xstats?: readonly LinkXstat[];
  readonly extra?: LinkExtra;
  readonly bond?: BondStatus;
}

export type LcoreRole = 'master' | 'kni' | 'worker' | 'isolated';

/** Everything that can be listed, by kind. `lcore`: the record is that of one lcore, not of all together. */
export interface Records {
  readonly addr: { readonly record: AddressRecord; readonly lcore: boolean; readonly pools: boolean };
  readonly route4: Route4;
  readonly route6: Route6;
  readonly neigh: Neighbour;
  readonly link: NicRecord;
  /** role: null when only one lcore was asked for. */
  readonly cpu: { readonly id: number; readonly role: LcoreRole | null; readonly basic: LcoreBasic; readonly stats?: LcoreStats };
  readonly vlan: Vlan;
  readonly tunnel: Tunnel;
  readonly qsch: { readonly qsch: Qsch; readonly dev: string; readonly stats: boolean; readonly lcore: boolean };
  readonly cls: { readonly cls: Cls; readonly dev: string; readonly lcore: boolean };
  readonly ipset: IpsetInfo;
  readonly membership: { readonly set: string; readonly entry: string; readonly isMember: boolean };
  readonly flow: { readonly af: number; readonly addr: Uint8Array; readonly ifname: string };
  readonly maddr: { readonly device: string; readonly link: readonly LinkMulticast[]; readonly ip: readonly IpMulticast[] };
  readonly lldp: { readonly device: string; readonly who: 'local' | 'neigh'; readonly text: string };
  /** lcore: null for the sum. */
  readonly ipv6: { readonly lcore: number | null; readonly counters: Ip6Counters };
  readonly iftraf: { readonly talker: Talker; readonly rank: number };
  readonly seg: MemSegment;
  readonly zone: MemZone;
  readonly ring: MemRing;
  readonly pool: MemPool;
  readonly drop: Drop;
  readonly lcore: LcoreLoad;
  readonly mark: MarkRule;
}

export type Kind = keyof Records;

/** Where a verb puts what it shows. */
export interface Listing {
  /** Text is wanted, as it always was; verbs may write to stdout by themselves then, and only then. */
  readonly isText: boolean;
  /** @param text of the record as it is to be shown, called when that is the wanted form */
  record<K extends Kind>(kind: K, record: Records[K], text: (shown: Records[K]) => string): void;
  /** All is shown. */
  end(): void;
  /** An error ended the run: what is open is closed. */
  abort(): void;
}

/** The listings that users and scripts know. */
export class TextListing implements Listing {
  readonly isText = true;

  constructor(private readonly out: Output) {}

  record<K extends Kind>(_kind: K, record: Records[K], text: (shown: Records[K]) => string): void {
    this.out.write(text(record));
  }

  end(): void {
    // Nothing is open.
  }

  abort(): void {
    // Nothing is open.
  }
}
