// SPDX-License-Identifier: Apache-2.0

const WIDTH = 9;

/** Below the limit, divide by the unit and print its letter; decimal units, no fractions. */
const SCALES: readonly { readonly below: bigint; readonly unit: bigint; readonly letter: string }[] = [
  { below: 10n ** 8n, unit: 1n, letter: '' },
  { below: 10n ** 9n, unit: 10n ** 3n, letter: 'K' },
  { below: 10n ** 11n, unit: 10n ** 6n, letter: 'M' },
  { below: 10n ** 14n, unit: 10n ** 9n, letter: 'G' },
];
const LARGEST = { unit: 10n ** 12n, letter: 'T' };
const LARGEST_UNSCALED = 99_999_999;

/** A counter in a cell of nine characters, large ones scaled to K, M, G, T; 64 bits always fit. */
export function scaledCell(value: bigint | number): string {
  if (value <= LARGEST_UNSCALED) return String(value).padStart(WIDTH);
  const wide = BigInt(value);
  const { unit, letter } = SCALES.find((scale) => wide < scale.below) ?? LARGEST;
  return `${wide / unit}${letter}`.padStart(WIDTH);
}

/** A counter with all its digits: nine characters, or as many as it needs with a space in front. */
export function exactCell(value: bigint | number): string {
  const digits = String(value);
  return digits.padStart(Math.max(WIDTH, digits.length + 1));
}
