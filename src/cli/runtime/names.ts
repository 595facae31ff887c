// SPDX-License-Identifier: Apache-2.0
// Names instead of numbers in what is printed. Loaded only by commands that print names.
import { isAnyAddress } from '../parse/address';
import { formatIp } from '../render/address';
import type { Address, Names } from '../render/names';
import { HostResolver, type ResolverOptions } from './resolver';
import { systemServices } from './services';

/** Names are printed as they come from elsewhere: only those that look like names are. */
const PRINTABLE = /^[A-Za-z0-9_.-]+$/;

/** Names that are kept from one list to the next. */
const MAX_KEPT = 100_000;
/** Milliseconds without look-ups after some that took too long. */
const PAUSE_MS = 60_000;

/** Names of all ports, and of the addresses that it learned in time; for lists that come in pieces. */
export class LearnedNames implements Names {
  #resolver: HostResolver;
  readonly #options: ResolverOptions;
  readonly #services = systemServices();
  /** null: asked for, and there is none. */
  readonly #hosts = new Map<string, string | null>();
  #tooLong = false;
  #pausedUntil = -Infinity;

  constructor(options: ResolverOptions = {}, resolver = new HostResolver(options)) {
    this.#options = options;
    this.#resolver = resolver;
  }

  /**
   * Gives it time for a further list; what it knows, it does not ask for again. If the time of the last list did not
   * suffice, nobody answers: that is found out again only after a while.
   * @param now milliseconds of any clock
   */
  renew(now: number): void {
    if (this.#tooLong) this.#pausedUntil = now + PAUSE_MS;
    this.#tooLong = false;
    if (now < this.#pausedUntil) return;
    if (this.#hosts.size > MAX_KEPT) this.#hosts.clear();
    this.#resolver = new HostResolver(this.#options);
  }

  /** Looks up what it does not know yet. The limit is for all calls together, up to the next renew. */
  async learn(addresses: Iterable<Address>): Promise<void> {
    const texts = new Set<string>();
    for (const { af, bytes } of addresses) {
      const text = formatIp(af, bytes);
      if (!isAnyAddress(af, bytes) && !this.#hosts.has(text)) texts.add(text);
    }
    if (texts.size === 0 || this.#resolver.isOver) return;
    const names = await this.#resolver.names(texts);
    this.#tooLong ||= this.#resolver.isOver;
    for (const text of texts) {
      const name = names.get(text);
      const printable = name !== undefined && PRINTABLE.test(name) ? name : null;
      // What was not answered in time may be answered later.
      if (name !== undefined || !this.#resolver.isOver) this.#hosts.set(text, printable);
    }
  }

  host(af: number, bytes: Uint8Array): string | null {
    return this.#hosts.get(formatIp(af, bytes)) ?? null;
  }

  service(port: number, proto: number): string | null {
    return this.#services.name(port, proto);
  }
}
