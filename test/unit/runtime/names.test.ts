// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parseHosts } from '../../../src/cli/runtime/resolver';
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
