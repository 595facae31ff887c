// SPDX-License-Identifier: Apache-2.0
// Names instead of numbers in what is printed. Loaded only by commands that print names.
import { isAnyAddress } from '../parse/address';
import { formatIp } from '../render/address';
import type { Address, Names } from '../render/names';
import { HostResolver, type ResolverOptions } from './resolver';
import { systemServices } from './services';

/** Names are printed as they come from elsewhere: only those that look like names are. */
const PRINTABLE = /^[A-Za-z0-9_.-]+$/;

/** Names of all ports, and of the addresses that it learned in time; for lists that come in pieces. */
export class LearnedNames implements Names {
  readonly #resolver: HostResolver;
  readonly #services = systemServices();
  /** null: asked for, and there is none. */
  readonly #hosts = new Map<string, string | null>();

  constructor(resolver = new HostResolver()) {
    this.#resolver = resolver;
  }

  /** Looks up what it does not know yet. The resolver's limit is for all calls together. */
  async learn(addresses: Iterable<Address>): Promise<void> {
    const texts = new Set<string>();
    for (const { af, bytes } of addresses) {
      const text = formatIp(af, bytes);
      if (!isAnyAddress(af, bytes) && !this.#hosts.has(text)) texts.add(text);
    }
    if (texts.size === 0 || this.#resolver.isOver) return;
    const names = await this.#resolver.names(texts);
    for (const text of texts) {
      const name = names.get(text);
      this.#hosts.set(text, name !== undefined && PRINTABLE.test(name) ? name : null);
    }
  }

  host(af: number, bytes: Uint8Array): string | null {
    return this.#hosts.get(formatIp(af, bytes)) ?? null;
  }

  service(port: number, proto: number): string | null {
    return this.#services.name(port, proto);
  }
}

/** The names of these addresses, as far as they are known in time, and of all ports. */
export async function lookUpNames(addresses: Iterable<Address>, options?: ResolverOptions): Promise<Names> {
  const names = new LearnedNames(new HostResolver(options));
  await names.learn(addresses);
  return names;
}
