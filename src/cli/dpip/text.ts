// SPDX-License-Identifier: Apache-2.0
// Small pieces of text that several listings share.
import { AF_INET6 } from '../parse/address';

/** "[00] ", which starts the entries of one lcore. */
export function lcoreTag(cid: number): string {
  return `[${String(cid).padStart(2, '0')}] `;
}

/** An address family as listings name it. */
export function familyName(af: number): 'inet' | 'inet6' {
  return af === AF_INET6 ? 'inet6' : 'inet';
}

/** aa:bb:cc:dd:ee:ff, lower case. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
