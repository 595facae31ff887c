// SPDX-License-Identifier: Apache-2.0
import { U32_MAX } from '../values';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** Bits per second: digits and k, m or g in either case, decimal; null for 0, for other texts and beyond 32 bits. */
export function parseRate(text: string): number | null {
  const match = /^(\d{1,10})([kKmMgG]?)$/.exec(text);
  if (match === null) return null;
  const rate = Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? 1);
  return rate > 0 && rate <= U32_MAX ? rate : null;
}

export function formatRate(rate: number): string {
  if (rate >= 1e9) return `${(rate / 1e9).toFixed(2)}Gbps`;
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(2)}Mbps`;
  if (rate >= 1e3) return `${(rate / 1e3).toFixed(2)}Kbps`;
  return `${rate}bps`;
}
