// SPDX-License-Identifier: Apache-2.0
// Lists from the statistics that the daemon shares in memory: it is asked for services again only when they changed.
import { IpcError, type FdTransport, type Transport } from '../../ipc/client';
import { capabilities, forgetCapabilities } from '../../ipc/messages/capabilities';
import { destFlags, type Dest } from '../../ipc/messages/dest';
import { servesSegment, StatSegment, type DestCounters } from '../../ipc/messages/segment';
import { fetchEntries, type Entries, type Entry, type Request } from './inventory';
import type { Counters } from './totals';

interface Kept {
  readonly entries: Entries;
  /** Of the configuration that the entries are of. */
  readonly generation: bigint;
  /** Of the statistics that their indexes are of. */
  readonly epoch: bigint;
}

function canPassFiles(transport: Transport): transport is FdTransport {
  return 'requestFd' in transport;
}

/** Only sums of all lcores are shared, and only what servers count. */
function isShared({ index, wanted }: Request): boolean {
  return index === 0 && wanted.laddrs !== true && wanted.acls !== true;
}

function countersOf({ conns, inPackets, outPackets, inBytes, outBytes }: DestCounters): Counters {
  return { conns, inpkts: inPackets, outpkts: outPackets, inbytes: inBytes, outbytes: outBytes };
}

/** A server with the connections that it has now. */
function currentDest(dest: Dest, now: DestCounters): Dest {
  const overload = now.overloaded ? destFlags.DPVS_DEST_F_OVERLOAD : 0;
  const flags = (dest.flags & ~destFlags.DPVS_DEST_F_OVERLOAD) | overload;
  return { ...dest, flags, actconns: now.active, inactconns: now.inactive, persistconns: now.persistent };
}

/** The statistics of one daemon, for as long as it lives. */
export class SharedStats {
  #segment: StatSegment | null = null;
  #kept: Kept | null = null;
  #beat: bigint | null = null;

  /**
   * Lists services, without asking the daemon if it is not necessary.
   * @returns null when the daemon does not share what is wanted
   * @throws as fetchEntries
   */
  entries(transport: Transport, request: Request): Entries | null {
    if (!isShared(request) || !canPassFiles(transport) || !this.#refresh(transport)) return null;
    if (this.#isKept()) return this.#current();
    const whole = { ...request, wanted: { ...request.wanted, more: true } };
    const entries = fetchEntries(transport, whole);
    this.#keep(entries);
    return entries;
  }

  /** Counters of an entry's servers as they are in the statistics; null when these are of something else. */
  counters(entry: Entry): readonly Counters[] | null {
    const { destsMore } = entry;
    if (!this.#isKept() || destsMore === null) return null;
    const found = destsMore.map(({ stat }) => this.#segment?.findDest(stat) ?? null);
    return found.every((each) => each !== null) ? found.map(countersOf) : null;
  }

  dispose(): void {
    this.#segment?.dispose();
    this.#segment = null;
    this.#kept = null;
    this.#beat = null;
  }

  #isKept(): boolean {
    const [segment, kept] = [this.#segment, this.#kept];
    return segment !== null && kept !== null && segment.generation === kept.generation && segment.epoch === kept.epoch;
  }

  /** Entries are only kept if the statistics were of their configuration before and after they came. */
  #keep(entries: Entries): void {
    this.#kept = null;
    const segment = this.#segment;
    if (segment === null || entries.generation === null) return;
    const { epoch } = segment;
    try {
      segment.refresh();
    } catch (error) {
      this.#give(error);
      return;
    }
    if (segment.epoch !== epoch || segment.generation !== entries.generation) return;
    this.#kept = { entries, epoch, generation: entries.generation };
  }

  #current(): Entries {
    const { entries, generation } = this.#kept as Kept;
    const current = (entry: Entry): Entry => ({
      ...entry,
      dests: entry.dests.map((dest, i) => {
        const now = this.#segment?.findDest(entry.destsMore?.[i]?.stat ?? -1) ?? null;
        return now === null ? dest : currentDest(dest, now);
      }),
    });
    return {
      generation,
      *[Symbol.iterator]() {
        for (const entry of entries) yield current(entry);
      },
    };
  }

  /** Reads the statistics anew. @returns false when there are none */
  #refresh(transport: FdTransport): boolean {
    try {
      if (this.#segment !== null) {
        this.#segment.refresh();
        if (!this.#isAlive(transport, this.#segment)) this.dispose();
      }
      if (this.#segment === null && servesSegment(transport)) this.#segment = StatSegment.open(transport);
      return this.#segment !== null;
    } catch (error) {
      return this.#give(error);
    }
  }

  /** The memory of a daemon that ended stays readable: a clock that stands still is a reason to ask who is there. */
  #isAlive(transport: Transport, { beatMs, bootId }: StatSegment): boolean {
    const moves = this.#beat !== null && beatMs !== this.#beat;
    this.#beat = beatMs;
    if (moves) return true;
    forgetCapabilities(transport);
    return capabilities(transport).hello?.bootId === bootId;
  }

  /** The messages do as well. */
  #give(error: unknown): false {
    if (!(error instanceof IpcError)) throw error;
    this.dispose();
    return false;
  }
}
