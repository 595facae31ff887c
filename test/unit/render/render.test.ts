// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatEndpoint } from '../../../src/cli/render/address';
import { cut, left, right } from '../../../src/cli/render/columns';
import { exactCell, scaledCell } from '../../../src/cli/render/units';

describe('IA-091 IA-092 large numbers', () => {
  it.each([
    [0n, '        0'],
    [99_999_999n, ' 99999999'],
    [100_000_000n, '  100000K'],
    [999_999_999n, '  999999K'],
    [1_000_000_000n, '    1000M'],
    [99_999_999_999n, '   99999M'],
    [100_000_000_000n, '     100G'],
    [99_999_999_999_999n, '   99999G'],
    [100_000_000_000_000n, '     100T'],
    [18_446_744_073_709_551_615n, '18446744T'],
  ])('%d', (value, cell) => {
    expect(scaledCell(value)).toBe(cell);
  });

  it.each([
    [0n, '        0'],
    [99_999_999n, ' 99999999'],
    [100_000_000n, ' 100000000'],
    [18_446_744_073_709_551_615n, ' 18446744073709551615'],
  ])('%d with all digits', (value, cell) => {
    expect(exactCell(value)).toBe(cell);
  });
});

it('columns are filled and never cut', () => {
  expect([left('ab', 4), right('ab', 4), left('abcde', 4), right(12345, 4)]).toEqual(['ab  ', '  ab', 'abcde', '12345']);
  expect([cut('abcde', 4), cut('abc', 4)]).toEqual(['abcd', 'abc']);
});

it('endpoints have brackets around IPv6, names included', () => {
  const v4 = Uint8Array.from([10, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
  const names = { host: () => 'web', service: (port: number) => (port === 80 ? 'http' : null) };
  expect(formatEndpoint(2, v4, 80, 6)).toBe('10.0.0.1:80');
  expect(formatEndpoint(10, new Uint8Array(16), 80, 6)).toBe('[::]:80');
  expect(formatEndpoint(2, v4, 80, 6, names)).toBe('web:http');
  expect(formatEndpoint(10, v4, 81, 6, names)).toBe('[web]:81');
});
