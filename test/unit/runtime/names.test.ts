// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { LearnedNames } from '../../../src/cli/runtime/names';
import { HostResolver, parseHosts } from '../../../src/cli/runtime/resolver';
import { parseServices } from '../../../src/cli/runtime/services';

describe('/etc/services', () => {
  const services = parseServices('# comment\nhttp\t80/tcp\twww # web\nhttp 80/udp\ndomain 53/tcp\n\nbroken\nx y/tcp\n');

  it('names ports for each protocol', () => {
    expect([services.name(80, 6), services.name(53, 6), services.name(53, 17), services.name(80, 1)]).toEqual(['http', 'domain', null, null]);
  });

  it('knows aliases', () => {
    expect([services.port('www', 6), services.port('www', 17), services.port('http', 17), services.port('x', 6)]).toEqual([80, null, 80, null]);
  });
});

describe('/etc/hosts', () => {
  const hosts = parseHosts('127.0.0.1 localhost\n::1 localhost ip6 # comment\n10.0.0.1 Web web.example\n10.0.0.1 later\nbroken x\n10.0.0.2\n');

  it('names addresses by the first name of the first line', () => {
    expect(Object.fromEntries(hosts.names)).toEqual({ '127.0.0.1': 'localhost', '::1': 'localhost', '10.0.0.1': 'Web' });
  });

  it('finds addresses of both families without regard to case', () => {
    expect(hosts.addresses.get('localhost')?.map(({ af }) => af)).toEqual([2, 10]);
    expect(hosts.addresses.get('web')?.[0]?.bytes.slice(0, 4)).toEqual(Uint8Array.from([10, 0, 0, 1]));
  });
});

describe('names of a list that comes in pieces', () => {
  const address = (last: number): { af: number; bytes: Uint8Array } => ({ af: 2, bytes: Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? 10 : i === 3 ? last : 0)) });

  /** Knows the names of even addresses, and one that is no name. */
  class EvenHosts extends HostResolver {
    readonly asked: string[] = [];

    override names(addresses: ReadonlySet<string>): Promise<Map<string, string>> {
      this.asked.push(...addresses);
      const even = [...addresses].filter((text) => Number(text.slice(-1)) % 2 === 0);
      return Promise.resolve(new Map(even.map((text) => [text, text.endsWith('4') ? '\u001b[2J' : `host${text.slice(-1)}`])));
    }
  }

  it('are looked up once each, and only printed if they look like names', async () => {
    const resolver = new EvenHosts();
    const names = new LearnedNames(resolver);
    await names.learn([address(0), address(1), address(2), address(2)]);
    await names.learn([address(1), address(2), address(4)]);
    expect(resolver.asked).toEqual(['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.4']);
    const host = (last: number): string | null => names.host(2, address(last).bytes);
    expect([0, 1, 2, 4, 6].map(host)).toEqual(['host0', null, 'host2', null, null]);
  });

  it('are not looked up any more when the time is over', async () => {
    const resolver = new EvenHosts(1);
    const names = new LearnedNames(resolver);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await names.learn([address(2)]);
    expect([resolver.asked, names.host(2, address(2).bytes)]).toEqual([[], null]);
  });
});
