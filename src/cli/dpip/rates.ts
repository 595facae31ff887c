// SPDX-License-Identifier: Apache-2.0
// --watch: listings again and again. From the second on, counters are their change per second since the list before; levels, such as what
// waits in a queue, stay what they are.
import { watch } from '../runtime/watch';
import type { Io } from '../runtime';
import { formatIp } from '../render/address';
import type { Kind, Listing, Records } from './listing';
import type { Options } from './options';

/** Change per second of a number of either type; a counter that began anew counts as 0. */
type PerSecond = <T extends number | bigint>(now: T, before: T) => T;

/** @param ms between the two samples */
export function perSecond(ms: number): PerSecond {
  return <T extends number | bigint>(now: T, before: T): T => {
    const grown = Number(BigInt(now) - BigInt(before));
    const rate = Math.round((Math.max(0, grown) * 1000) / Math.max(1, ms));
    return (typeof now === 'bigint' ? BigInt(rate) : rate) as T;
  };
}

interface Rated<R> {
  /** What makes it the same thing in the next list. */
  key(record: R): string;
  rate(now: R, before: R, per: PerSecond): R;
}

/** All members of a record of counters. */
function ratesOf<T extends object>(now: T, before: T, per: PerSecond): T {
  const rated = Object.entries(now).map(([name, value]: [string, unknown]) => {
    const old: unknown = before[name as keyof T];
    if (typeof value === 'bigint' && typeof old === 'bigint') return [name, per(value, old)];
    return [name, typeof value === 'number' && typeof old === 'number' ? per(value, old) : value];
  });
  return Object.fromEntries(rated) as T;
}

/** Kinds of records that have counters in their text. */
const RATED: { readonly [K in Kind]?: Rated<Records[K]> } = {
  addr: {
    key: ({ record: { ifa_entry: entry } }) => `${entry.cid} ${entry.ifname} ${formatIp(entry.af, entry.addr)}/${entry.plen}`,
    rate: (now, before, per) => {
      const { ifa_stats: stats } = now.record;
      return { ...now, record: { ...now.record, ifa_stats: { ...stats, sa_miss: per(stats.sa_miss, before.record.ifa_stats.sa_miss) } } };
    },
  },
  qsch: {
    key: ({ qsch, dev }) => `${dev} ${qsch.cid} ${qsch.handle} ${qsch.where}`,
    rate: (now, { qsch: before }, per) => {
      const { qstats, bstats } = now.qsch;
      const { qlen, backlog } = qstats;
      return { ...now, qsch: { ...now.qsch, bstats: ratesOf(bstats, before.bstats, per), qstats: { ...ratesOf(qstats, before.qstats, per), qlen, backlog } } };
    },
  },
  ipv6: {
    key: ({ lcore }) => String(lcore),
    rate: (now, before, per) => ({ ...now, counters: ratesOf(now.counters, before.counters, per) }),
  },
  drop: {
    key: ({ name, lcore }) => `${name} ${lcore}`,
    rate: (now, before, per) => ({ ...now, packets: per(now.packets, before.packets) }),
  },
};

/** What a list had, for the next one. */
export class Memory {
  readonly #records = new Map<string, unknown>();

  constructor(readonly now: number) {}

  /** @returns the record as it is to be shown */
  shown<K extends Kind>(kind: K, record: Records[K], before: Memory | null): Records[K] {
    const rated = RATED[kind];
    if (rated === undefined) return record;
    const key = `${kind} ${rated.key(record)}`;
    this.#records.set(key, record);
    if (before === null) return record;
    const old = before.#records.get(key) as Records[K] | undefined;
    if (old === undefined) return record;
    return rated.rate(record, old, perSecond(this.now - before.now));
  }
}

class RatedListing implements Listing {
  readonly isText: boolean;

  constructor(
    private readonly inner: Listing,
    private readonly memory: Memory,
    private readonly before: Memory | null,
  ) {
    this.isText = inner.isText;
  }

  record<K extends Kind>(kind: K, record: Records[K], text: (shown: Records[K]) => string): void {
    // Counters of documents stay what their names say; whoever reads them can subtract.
    this.inner.record(kind, this.isText ? this.memory.shown(kind, record, this.before) : record, text);
  }

  end(): void {
    this.inner.end();
  }

  abort(): void {
    this.inner.abort();
  }
}

export type Over = (listing: Listing) => Listing;

/** The first list failed: there is no use in going on. */
class FirstFailed extends Error {
  constructor(readonly status: number) {
    super('the first list failed');
  }
}

/**
 * Lists until the count is reached or somebody interrupts.
 * @param once makes one list and says itself what is wrong; its listing is to be wrapped in what it is given
 * @returns exit status: that of the first list that failed
 */
export async function watchLists(options: Options, seconds: number, title: string, io: Io, once: (io: Io, over: Over) => number | Promise<number>): Promise<number> {
  let before: Memory | null = null;
  const list = async (inner: Io): Promise<number> => {
    const memory = new Memory(io.now());
    const last = before;
    const status = await once(inner, (listing) => new RatedListing(listing, memory, last));
    if (last === null && status !== 0) throw new FirstFailed(status);
    before = memory;
    return status;
  };
  const isText = options.form === 'text';
  const view = { intervalMs: seconds * 1000, count: options.count, title, separator: isText ? '\n' : '', redraws: isText, paint: null };
  try {
    return await watch(io, view, list);
  } catch (error) {
    if (error instanceof FirstFailed) return error.status;
    throw error;
  }
}

