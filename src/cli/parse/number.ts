// SPDX-License-Identifier: Apache-2.0

/** Decimal digits only, from `min` to `max`; null for anything else. */
export function parseDecimal(text: string, min: number, max: number): number | null {
  if (!/^\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return value >= min && value <= max ? value : null;
}

/** An integer as C's strtol takes it with base 0: sign, 0x for hexadecimal, 0 for octal; null for anything else. */
export function parseCInteger(text: string): number | null {
  const match = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/.exec(text);
  if (match === null) return null;
  const [, sign = '', digits = ''] = match;
  const octal = /^0[0-7]+$/.test(digits);
  const value = octal ? Number.parseInt(digits, 8) : Number(digits);
  return sign === '-' ? -value : value;
}
