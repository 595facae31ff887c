// SPDX-License-Identifier: Apache-2.0
// Handles of schedulers and classifiers: MAJ:MIN in hexadecimal, or one of two words.
import { tcHandle } from '../../../ipc/messages/tc';
import { invalid } from '../errors';
import type { Parse } from '../grammar';

const { TC_H_ROOT, TC_H_INGRESS } = tcHandle;

/** A handle as a number: MAJ in the upper 16 bits; null when the text is none. */
export function parseHandle(text: string): number | null {
  if (text === 'root') return TC_H_ROOT;
  if (text === 'ingress') return TC_H_INGRESS;
  const match = /^([0-9a-fA-F]{1,4})(?::([0-9a-fA-F]{0,4}))?$/.exec(text);
  if (match === null) return null;
  const major = Number.parseInt(match[1] ?? '', 16);
  const minor = Number.parseInt(match[2] || '0', 16);
  return major === 0 ? null : major * 0x10000 + minor;
}

/** MAJ:[MIN], root or ingress. */
export const handle: Parse<number> = (text) => {
  const value = parseHandle(text);
  if (value === null) throw invalid(`invalid handle '${text}': MAJ:[MIN] with MAJ from 1 to ffff (hexadecimal), root or ingress`);
  return value;
};

export function formatHandle(value: number): string {
  if (value === TC_H_ROOT) return 'root';
  if (value === TC_H_INGRESS) return 'ingress';
  const major = Math.floor(value / 0x10000);
  const minor = value % 0x10000;
  return `${major.toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}
