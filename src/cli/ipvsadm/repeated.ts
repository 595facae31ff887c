// SPDX-License-Identifier: Apache-2.0
// What lists of --watch share: names that were looked up, statistics in memory, and counters of the list before.
import type { LearnedNames } from '../runtime/names';
import { ListMemory, type Shown } from './changes';
import type { Entries, Entry } from './inventory';
import type { Column } from './options';
import type { Session } from './session';
import { SharedStats } from './shared-stats';

/** What the numbers of a repeated list are. */
function shownChanges(given: ReadonlySet<Column>): Shown {
  // Counters of documents stay what their names say; whoever reads them can subtract.
  if (given.has('json')) return 'rates';
  if (given.has('stats')) return 'counters';
  return given.has('rate') ? 'rates' : 'nothing';
}

export class RepeatedLists {
  readonly #shown: Shown;
  readonly #stats: SharedStats | null;
  readonly #now: () => number;
  #names: LearnedNames | undefined;
  /** By index of lcore. */
  #before = new Map<number, ListMemory>();
  #current = new Map<number, ListMemory>();

  /** @param now milliseconds of a clock that nobody sets */
  constructor(given: ReadonlySet<Column>, now: () => number) {
    this.#shown = shownChanges(given);
    // Documents show counters since they were zeroed, which memory does not know.
    this.#stats = given.has('json') ? null : new SharedStats();
    this.#now = now;
  }

  /** The session of the next list. */
  next(session: Session): Session {
    this.#before = this.#current;
    this.#current = new Map();
    this.#names?.renew(this.#now());
    return {
      ...session,
      entries: (request) => this.#stats?.entries(session.transport, request) ?? session.entries(request),
      view: (entries, index) => (this.#shown === 'nothing' ? entries : this.#view(entries, index)),
      names: async () => (this.#names ??= await session.names()),
    };
  }

  dispose(): void {
    this.#stats?.dispose();
  }

  #view(entries: Entries, index: number): Entries {
    const memory = new ListMemory(this.#now());
    const before = this.#before.get(index) ?? null;
    this.#current.set(index, memory);
    const counters = (entry: Entry): ReturnType<SharedStats['counters']> => (index === 0 ? (this.#stats?.counters(entry) ?? null) : null);
    const show = (entry: Entry): Entry => memory.show(entry, this.#shown, before, counters);
    return {
      generation: entries.generation,
      *[Symbol.iterator]() {
        for (const entry of entries) yield show(entry);
      },
    };
  }
}
