// SPDX-License-Identifier: Apache-2.0
// Host names from /etc/hosts and the name servers, within a time limit for all of them together. getaddrinfo is not used:
// it cannot be interrupted, and a process that ends waits for it.
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { AF_INET6, parseIp, type Family, type IpAddress } from '../parse/address';
import { formatIp } from '../render/address';

/** Milliseconds for all look-ups of a command together. */
const LIMIT_MS = 3_000;
const QUERY_MS = 1_000;
const QUERY_TRIES = 2;
/** Queries under way at the same time. */
const PARALLEL = 64;

/** Addresses and names of /etc/hosts. */
export interface Hosts {
  readonly names: ReadonlyMap<string, string>;
  readonly addresses: ReadonlyMap<string, readonly IpAddress[]>;
}

export function parseHosts(text: string): Hosts {
  const names = new Map<string, string>();
  const addresses = new Map<string, IpAddress[]>();
  for (const line of text.split('\n')) {
    const [first, ...hosts] = line.replace(/#.*/, '').trim().split(/\s+/);
    const address = parseIp(first ?? '');
    const [canonical] = hosts;
    if (address === null || canonical === undefined) continue;
    const key = formatIp(address.af, address.bytes);
    if (!names.has(key)) names.set(key, canonical);
    for (const host of hosts) {
      const name = host.toLowerCase();
      addresses.set(name, [...(addresses.get(name) ?? []), address]);
    }
  }
  return { names, addresses };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A system without the file says nothing.
    return '';
  }
}

/** Domains that are tried behind names without a dot. */
function searchDomains(): string[] {
  const lines = readText('/etc/resolv.conf').split('\n');
  const last = lines.filter((line) => /^(search|domain)\s/.test(line)).at(-1);
  return last === undefined ? [] : last.trim().split(/\s+/).slice(1);
}

export interface ResolverOptions {
  /** Milliseconds for all look-ups together; Infinity: as long as the name servers take, and are tried. */
  readonly limitMs?: number | undefined;
  /** Addresses of name servers, with ports if need be. Default: those of the system. */
  readonly servers?: readonly string[];
}

/** Looks up hosts until its time is over; then every answer is: no such name. */
export class HostResolver {
  readonly #resolver: Resolver;
  readonly #hosts = parseHosts(readText('/etc/hosts'));
  readonly #over: Promise<null>;
  #isOver = false;

  constructor({ limitMs = LIMIT_MS, servers }: ResolverOptions = {}) {
    // Without a limit: as often and as long as resolv.conf says.
    this.#resolver = new Resolver(limitMs === Infinity ? {} : { timeout: QUERY_MS, tries: QUERY_TRIES });
    if (servers !== undefined) this.#resolver.setServers(servers);
    this.#over = new Promise((resolve) => {
      if (limitMs === Infinity) return;
      setTimeout(() => {
        this.#isOver = true;
        this.#resolver.cancel();
        resolve(null);
      }, limitMs).unref();
    });
  }

  /** True when the time is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** First address of a host; null: there is none, or nobody knew in time. */
  async address(name: string, af: Family): Promise<IpAddress | null> {
    const known = this.#hosts.addresses.get(name.toLowerCase())?.find((address) => address.af === af);
    if (known !== undefined) return known;
    const candidates = name.includes('.') ? [name] : [...searchDomains().map((domain) => `${name}.${domain}`), name];
    for (const candidate of candidates) {
      const query = af === AF_INET6 ? this.#resolver.resolve6(candidate) : this.#resolver.resolve4(candidate);
      const answers = await this.#inTime(query);
      const address = parseIp(answers?.[0] ?? '');
      if (address !== null) return address;
    }
    return null;
  }

  /** Names of addresses given as text; addresses without a name are left out. */
  async names(addresses: ReadonlySet<string>): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const left = addresses.values();
    const work = async (): Promise<void> => {
      for (const text of left) {
        if (this.#isOver) return;
        const name = this.#hosts.names.get(text) ?? (await this.#inTime(this.#resolver.reverse(text)))?.[0];
        if (name !== undefined) found.set(text, name);
      }
    };
    await Promise.race([this.#over, Promise.all(Array.from({ length: PARALLEL }, work))]);
    return found;
  }

  async #inTime<T>(query: Promise<T>): Promise<T | null> {
    // A failing query means that there is no such name.
    return Promise.race([query.catch(() => null), this.#over]);
  }
}
