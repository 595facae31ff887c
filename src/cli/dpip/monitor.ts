// SPDX-License-Identifier: Apache-2.0
// dpip monitor: addresses, routes, neighbours and devices as they come, change and go. The daemon tells nobody of changes, so it is asked
// at an interval, and what is there is compared with what was.
import { IpcError } from '../../ipc/client';
import { AF_INET, AF_INET6, type Family } from '../parse/address';
import type { Io } from '../runtime';
import { timeText } from '../runtime/watch';
import { InvocationError } from './errors';
import { failureText } from './failure';
import type { JsonObject } from '../runtime/document';
import type { ObjectSpec } from './grammar';
import type { Kind, Listing, Records } from './listing';
import { renderNic } from './link/nic';
import { addr, renderAddress } from './objects/addr';
import { link } from './objects/link';
import { neigh } from './objects/neigh';
import { route } from './objects/route';
import type { Options } from './options';
import { RECORDS } from './data/records';

/** Something that may change: its identity, and what of it is compared and shown. */
interface Seen {
  readonly kind: Kind;
  readonly state: string;
  readonly text: string;
  data(): JsonObject;
}

type State = ReadonlyMap<string, Seen>;

/** Records of one kind, with their identity. Without one of its own, anything else about it makes it another thing. */
const IDENTITY: { readonly [K in Kind]?: (record: Records[K]) => string } = {
  addr: ({ record: { ifa_entry: entry } }) => `${entry.ifname} ${entry.af} ${entry.addr.toString()}/${entry.plen}`,
  neigh: (entry) => `${entry.ifname} ${entry.af} ${entry.ip_addr.toString()}`,
  link: ({ basic }) => basic.name,
};

/** Life times pass by themselves, which is no change. */
function withoutTime(record: Records['addr']): string {
  const { ifa_entry: entry } = record.record;
  const still = { ...entry, valid_lft: Math.min(1, entry.valid_lft), prefered_lft: Math.min(1, entry.prefered_lft) };
  return renderAddress({ ...record.record, ifa_entry: still }, { verbose: false, stats: false });
}

class Collector implements Listing {
  /** Text listings of devices do not come as records. */
  readonly isText = false;
  readonly seen = new Map<string, Seen>();

  record<K extends Kind>(kind: K, record: Records[K], text: (shown: Records[K]) => string): void {
    const shown = kind === 'link' ? renderNic((record as Records['link']).basic) : text(record);
    const state = kind === 'addr' ? withoutTime(record as Records['addr']) : shown;
    this.seen.set(`${kind} ${IDENTITY[kind]?.(record) ?? state}`, { kind, state, text: shown, data: () => RECORDS[kind](record) });
  }

  end(): void {
    // The map is all.
  }

  abort(): void {
    // The map is all.
  }
}

/** What can be watched, and in which families it is listed. */
const WATCHED: Readonly<Record<string, { readonly object: ObjectSpec; readonly families: readonly Family[] }>> = {
  addr: { object: addr, families: [] },
  route: { object: route, families: [AF_INET, AF_INET6] },
  neigh: { object: neigh, families: [] },
  link: { object: link, families: [] },
};

export const MONITORED = Object.keys(WATCHED);

function collect(names: readonly string[], options: Options, io: Io): State {
  const list = new Collector();
  for (const name of names) {
    const { object, families } = WATCHED[name] ?? { object: addr, families: [] };
    const wanted = families.length > 0 && options.family === 0 ? families : [options.family];
    for (const family of wanted) {
      // One at a time: nothing of these waits for anything.
      void object.verbs.show?.run([], { options: { ...options, family, stats: false, verbose: false, count: undefined, interval: 0 }, io, list });
    }
  }
  return list.seen;
}

type Event = 'new' | 'changed' | 'deleted';

const LABELS: Readonly<Partial<Record<Kind, string>>> = { addr: 'ADDR', route4: 'ROUTE', route6: 'ROUTE', neigh: 'NEIGH', link: 'LINK' };

class Printer {
  constructor(
    private readonly options: Options,
    private readonly labels: boolean,
    private readonly io: Io,
  ) {}

  print(event: Event, { kind, text, data }: Seen): void {
    const { stdout } = this.io;
    const now = new Date();
    if (this.options.form === 'json') {
      stdout.write(`${JSON.stringify({ time: now.toISOString(), event, kind: LABELS[kind]?.toLowerCase() ?? kind, [event === 'deleted' ? 'was' : 'is']: data() })}\n`);
      return;
    }
    const time = this.options.verbose ? `[${timeText(now)}] ` : '';
    const label = this.labels ? `[${LABELS[kind] ?? kind}] ` : '';
    stdout.write(`${time}${label}${event === 'deleted' ? 'Deleted ' : ''}${text}`);
  }
}

/** Prints what is different; what went comes first. */
function printChanges(before: State, now: State, printer: Printer): void {
  for (const [id, seen] of before) if (!now.has(id)) printer.print('deleted', seen);
  for (const [id, seen] of now) {
    const old = before.get(id);
    if (old === undefined) printer.print('new', seen);
    else if (old.state !== seen.state) printer.print('changed', seen);
  }
}

const DEFAULT_SECONDS = 1;

function namesOf(words: readonly string[], io: Io): readonly string[] {
  const stranger = words.find((word) => word !== 'all' && !Object.hasOwn(WATCHED, word));
  if (stranger !== undefined) throw new InvocationError(`${io.argv0}: monitor '${stranger}': ${[...MONITORED, 'all'].join(', ')}`);
  return words.length === 0 || words.includes('all') ? MONITORED : MONITORED.filter((name) => words.includes(name));
}

/**
 * Prints changes until the count of looks is reached or somebody interrupts.
 * @param words what to watch; everything without any
 * @returns exit status: 1 when the daemon could not be asked at last
 * @throws IpcError when the first look fails
 */
export async function monitor(words: readonly string[], options: Options, io: Io): Promise<number> {
  if (options.form !== 'text' && options.form !== 'json') throw new InvocationError(`${io.argv0}: monitor prints text or --json`);
  const names = namesOf(words, io);
  const printer = new Printer(options, names.length > 1, io);
  const ms = (options.interval > 0 ? options.interval : (options.watch ?? DEFAULT_SECONDS)) * 1000;
  let before = collect(names, options, io);
  let failed = false;
  for (let n = 0; n !== options.count; n += 1) {
    await io.sleep(ms);
    try {
      const now = collect(names, options, io);
      printChanges(before, now, printer);
      before = now;
      failed = false;
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      // Said once; when it is back, what is different is told.
      if (!failed) io.stderr.write(`${io.argv0}: ${failureText(error)}\n`);
      failed = true;
    }
  }
  return failed ? 1 : 0;
}
