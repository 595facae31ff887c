// SPDX-License-Identifier: Apache-2.0
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
    const names = new LearnedNames({}, resolver);
    await names.learn([address(0), address(1), address(2), address(2)]);
    await names.learn([address(1), address(2), address(4)]);
    expect(resolver.asked).toEqual(['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.4']);
    const host = (last: number): string | null => names.host(2, address(last).bytes);
    expect([0, 1, 2, 4, 6].map(host)).toEqual(['host0', null, 'host2', null, null]);
  });

  it('are not looked up any more when the time is over', async () => {
    const resolver = new EvenHosts({ limitMs: 1 });
    const names = new LearnedNames({}, resolver);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await names.learn([address(2)]);
    expect([resolver.asked, names.host(2, address(2).bytes)]).toEqual([[], null]);
  });
});

describe('IA-103 IB-22 a name server that does not answer', () => {
  let server: Socket;
  let port = 0;
  let asked = 0;

  beforeEach(async () => {
    asked = 0;
    server = createSocket('udp4').on('message', () => void (asked += 1));
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    ({ port } = server.address());
  });

  afterEach(() => {
    server.close();
  });

  const many = (count: number): { af: number; bytes: Uint8Array }[] =>
    Array.from({ length: count }, (_, i) => ({ af: 2, bytes: Uint8Array.from([10, 1, i >> 8, i & 255, ...new Array<number>(12).fill(0)]) }));

  it('costs a list of thousands no more than the limit, and everything is numeric then', async () => {
    const names = new LearnedNames({ limitMs: 300, servers: [`127.0.0.1:${port}`] });
    const began = performance.now();
    await names.learn(many(2000));
    await names.learn(many(2500));
    expect(performance.now() - began).toBeLessThan(1500);
    expect(names.host(2, many(1)[0]?.bytes ?? new Uint8Array())).toBeNull();
    // As many as are asked for at the same time, not one for each address.
    expect(asked).toBeLessThan(200);
  });

  it('costs time only once in a while when a list is repeated', async () => {
    const names = new LearnedNames({ limitMs: 100, servers: [`127.0.0.1:${port}`] });
    await names.learn(many(10));
    const first = asked;
    const learnAt = async (now: number): Promise<number> => {
      const before = asked;
      names.renew(now);
      await names.learn(many(10));
      return asked - before;
    };
    expect(first).toBeGreaterThan(0);
    expect([await learnAt(2000), await learnAt(4000), await learnAt(61_999)]).toEqual([0, 0, 0]);
    expect(await learnAt(62_001)).toBeGreaterThan(0);
  });

  it('costs a typed name no more than the limit', async () => {
    const resolver = new HostResolver({ limitMs: 300, servers: [`127.0.0.1:${port}`] });
    const began = performance.now();
    expect(await resolver.address('web.example', 2)).toBeNull();
    expect(performance.now() - began).toBeLessThan(1500);
  });

  it('is waited for without a limit if that is wanted', async () => {
    // Late, but sooner than the resolver of the system would ask again.
    server.on('message', (query, from) => {
      const reply = Buffer.concat([
        query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]), query.subarray(12, questionEnd(query)),
        Buffer.from([0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60, 0, 6, 4]), Buffer.from('late'), Buffer.from([0]),
      ]); // prettier-ignore
      setTimeout(() => server.send(reply, from.port, from.address), 1200);
    });
    const nameWithin = async (limitMs: number): Promise<string | null> => {
      const names = new LearnedNames({ limitMs, servers: [`127.0.0.1:${port}`] });
      await names.learn(many(1));
      return names.host(2, many(1)[0]?.bytes ?? new Uint8Array());
    };
    expect([await nameWithin(Infinity), await nameWithin(300)]).toEqual(['late', null]);
  }, 20_000);

  /** Where the question of a query ends: behind its labels, type and class. */
  function questionEnd(query: Buffer): number {
    return query.indexOf(0, 12) + 5;
  }
});
