// SPDX-License-Identifier: Apache-2.0
// Names in what is typed. Parsing is synchronous and rarely meets a name; when it does, it is interrupted, the name is
// looked up, and the parsing is done again.
import type { Family, IpAddress } from '../parse/address';
import type { NameLookup } from '../parse/endpoint';
import { systemServices } from './services';

/** Thrown by a look-up that needs time. */
class PendingName extends Error {
  constructor(
    readonly host: string,
    readonly af: Family,
  ) {
    super(`the address of ${host} is not known yet`);
  }
}

class KnownHosts implements NameLookup {
  readonly #known = new Map<string, IpAddress | null>();

  host(name: string, af: Family): IpAddress | null {
    const known = this.#known.get(`${af} ${name}`);
    if (known === undefined) throw new PendingName(name, af);
    return known;
  }

  port(name: string, proto: number): number | null {
    return systemServices().port(name, proto);
  }

  learn(name: string, af: Family, address: IpAddress | null): void {
    this.#known.set(`${af} ${name}`, address);
  }
}

async function parseLater<T>(parse: (names: NameLookup) => T, hosts: KnownHosts, first: PendingName, limitMs?: number): Promise<T> {
  const { HostResolver } = await import('./resolver');
  const resolver = new HostResolver({ limitMs });
  let pending = first;
  for (;;) {
    hosts.learn(pending.host, pending.af, await resolver.address(pending.host, pending.af));
    try {
      return parse(hosts);
    } catch (error) {
      if (!(error instanceof PendingName)) throw error;
      pending = error;
    }
  }
}

/**
 * Parses something that may contain host names.
 * @param parse has no effects but its result; it is called again for each name
 * @param limitMs for all names together; undefined: a few seconds
 * @returns a promise if a name had to be looked up
 */
export function parseWithNames<T>(parse: (names: NameLookup) => T, limitMs?: number): T | Promise<T> {
  const hosts = new KnownHosts();
  try {
    return parse(hosts);
  } catch (error) {
    if (!(error instanceof PendingName)) throw error;
    return parseLater(parse, hosts, error, limitMs);
  }
}
