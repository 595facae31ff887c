// SPDX-License-Identifier: Apache-2.0

/** printf's %-<width>s: filled on the right, never cut. */
export function left(value: string | number | bigint, width: number): string {
  return String(value).padEnd(width);
}

/** printf's %<width>s: filled on the left, never cut. */
export function right(value: string | number | bigint, width: number): string {
  return String(value).padStart(width);
}

/** printf's %.<width>s: cut after `width` characters. */
export function cut(text: string, width: number): string {
  return text.length > width ? text.slice(0, width) : text;
}
