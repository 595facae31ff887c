// SPDX-License-Identifier: Apache-2.0
import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { compareAddress, parseIp, parseIpv4Loose, parseIpv6, type IpAddress } from '../../../src/cli/parse/address';
import { NO_NAMES, parseEndpoint, type NameLookup } from '../../../src/cli/parse/endpoint';
import { formatNetmask, parseNetmask } from '../../../src/cli/parse/netmask';
import { parseCInteger, parseDecimal } from '../../../src/cli/parse/number';
import { isEmptyRange, parseRange } from '../../../src/cli/parse/range';
import { formatIp } from '../../../src/cli/render/address';

function text(address: IpAddress | null): string | null {
  return address && formatIp(address.af, address.bytes);
}

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1::1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::1.2.3.4', '::1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['fe80::', 'fe80::'],
  ])('%s is %s', (typed, printed) => {
    expect(text(parseIp(typed))).toBe(printed);
  });

  it.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', ':', ':::', '1::2::3', '12345::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::1%lo', '1:2:3:4:5:6:7:8::', '::1.2.3', '::1.2.3.4:1', '[::1]', 'g::'])(
    '%s is none',
    (typed) => {
      expect(parseIp(typed)).toBeNull();
      expect(isIPv4(typed) || (isIPv6(typed) && !typed.includes('%'))).toBe(false);
    },
  );

  it('come back as they are for random bytes', () => {
    for (let i = 0; i < 500; i += 1) {
      // Many zeros, so that runs of them occur everywhere.
      const bytes = Uint8Array.from({ length: 16 }, (_, at) => ((i * 2654435761 + at * 40503) >>> (at + (i % 7))) & (i & (1 << at % 8) ? 0xff : 0));
      const printed = formatIp(10, bytes);
      expect(isIPv6(printed)).toBe(true);
      expect([...(parseIpv6(printed)?.bytes ?? [])]).toEqual([...bytes]);
    }
  });

  it.each([
    ['10.1', '10.0.0.1'],
    ['1', '0.0.0.1'],
    ['0x0a000001', '10.0.0.1'],
    ['010.0.0.1', '8.0.0.1'],
    ['10.1.65535', '10.1.255.255'],
    ['255.255.255.255', '255.255.255.255'],
  ])('%s means %s to inet_aton', (typed, meant) => {
    expect(text(parseIpv4Loose(typed))).toBe(meant);
  });

  it.each(['', '1.2.3.256', '10.16777216', '1.2.3.4.5', '4294967296', '08.0.0.1', '0x.1', 'a'])('%s means nothing to inet_aton', (typed) => {
    expect(parseIpv4Loose(typed)).toBeNull();
  });

  it('are ordered without sign', () => {
    const of = (typed: string): Uint8Array => parseIp(typed)?.bytes ?? new Uint8Array();
    const sorted = ['200.0.0.1', '10.0.0.2', '127.255.255.255', '128.0.0.0', '10.0.0.1'].sort((a, b) => compareAddress(2, of(a), of(b)));
    expect(sorted).toEqual(['10.0.0.1', '10.0.0.2', '127.255.255.255', '128.0.0.0', '200.0.0.1']);
  });
});

describe('IA-022 IA-023 IA-024 IA-025 IA-026 endpoints', () => {
  const names: NameLookup = {
    host: (name, af) => (name === 'web' ? parseIp(af === 2 ? '192.0.2.1' : '2001:db8::1') : null),
    port: (name, proto) => (name === 'http' && proto === 6 ? 80 : null),
  };
  const parse = (typed: string): string | null => {
    const endpoint = parseEndpoint(typed, 6, names);
    return endpoint && `${formatIp(endpoint.af, endpoint.bytes)} ${endpoint.port ?? 'none'}`;
  };

  it.each([
    ['10.0.0.1:80', '10.0.0.1 80'],
    ['10.0.0.1', '10.0.0.1 none'],
    ['10.0.0.1:0', '10.0.0.1 0'],
    ['10.1:http', '10.0.0.1 80'],
    ['[2001:db8::1]:443', '2001:db8::1 443'],
    ['[2001:db8::1]', '2001:db8::1 none'],
    ['fd01::100:80', 'fd01::100:80 none'],
    ['web:80', '192.0.2.1 80'],
    ['[web]:80', '2001:db8::1 80'],
  ])('%s', (typed, meant) => {
    expect(parse(typed)).toBe(meant);
  });

  it.each(['', '80', '10.0.0.1:', '10.0.0.1:65536', '10.0.0.1:-1', '10.0.0.1:80x', '10.0.0.1:https', '10.0.0.1/24', '[::1]:', '[::1', '[10.0.0.1]:80', '[::1]80', 'nosuch:80', 'we b:80', ':80'])(
    '%s is none',
    (typed) => {
      expect(parse(typed)).toBeNull();
    },
  );

  it('need no names if they are numbers', () => {
    expect(parseEndpoint('10.0.0.1:80', 6, NO_NAMES)).not.toBeNull();
  });
});

describe('IA-032 IA-033 ranges', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1 10.0.0.1 0 0'],
    ['10.0.0.1-10.0.0.9', '10.0.0.1 10.0.0.9 0 0'],
    ['10.0.0.1-10.0.0.9:80', '10.0.0.1 10.0.0.9 80 80'],
    ['10.0.0.1:80-90', '10.0.0.1 10.0.0.1 80 90'],
    [':22', '0.0.0.0 0.0.0.0 22 22'],
    ['fd01::1', 'fd01::1 fd01::1 0 0'],
    ['[fd01::1-fd01::2]:1-2', 'fd01::1 fd01::2 1 2'],
  ])('%s', (typed, meant) => {
    const range = parseRange(typed);
    expect(range && `${formatIp(range.af, range.min)} ${formatIp(range.af, range.max)} ${range.minPort} ${range.maxPort}`).toBe(meant);
  });

  it.each(['10.0.0.1-', '10.0.0.1-10', '10.0.0.1:', '10.0.0.1:1-', '[fd01::1', '[10.0.0.1]:1', '[fd01::1]x', 'fd01::1-10.0.0.1'])('%s is none', (typed) => {
    expect(parseRange(typed)).toBeNull();
  });

  it.each([[':0', true], ['0.0.0.0-0.0.0.0:0-0', true], [':1', false], ['0.0.0.0-0.0.0.1', false]])('%s says nothing: %s', (typed, empty) => {
    const range = parseRange(typed);
    expect(range && isEmptyRange(range, range.af)).toBe(empty);
  });
});

describe('IA-039 IA-040 masks', () => {
  it.each([
    ['255.255.255.0', 2, 0x00ffffff],
    ['/24', 2, 0x00ffffff],
    ['255.255.255.255', 2, 0xffffffff],
    ['/0', 2, 0],
    ['64', 10, 64],
    ['/64', 10, 64],
  ] as const)('%s', (typed, af, stored) => {
    expect(parseNetmask(typed, af)).toBe(stored);
  });

  it.each([
    ['24', 2],
    ['255.0.255.0', 2],
    ['0.0.0.24', 2],
    ['/33', 2],
    ['0', 10],
    ['129', 10],
    ['255.255.255.0', 10],
  ] as const)('%s is none', (typed, af) => {
    expect(parseNetmask(typed, af)).toBeNull();
  });

  it('are printed as they were typed', () => {
    expect(formatNetmask(0x00ffffff, 2)).toBe('255.255.255.0');
    expect(formatNetmask(64, 10)).toBe('64');
  });
});

describe('numbers', () => {
  it('are decimal and in range', () => {
    expect([parseDecimal('0', 0, 9), parseDecimal('007', 0, 9), parseDecimal('9', 0, 9)]).toEqual([0, 7, 9]);
    for (const typed of ['', '10', '-1', '+1', '0x1', '1 ', '1e1', '99999999999999999999']) expect(parseDecimal(typed, 0, 9)).toBeNull();
  });

  it('of C have bases and signs', () => {
    expect(['0', '10', '-5', '0x10', '010'].map(parseCInteger)).toEqual([0, 10, -5, 16, 8]);
    for (const typed of ['', '-', '0x', '08', '1x', '1.5']) expect(parseCInteger(typed)).toBeNull();
  });
});
