// SPDX-License-Identifier: Apache-2.0
// Commands as items of a batch: what they would set is kept and sent in one message.
import type { RequestType, Transport } from '../../src/ipc/client';
import { MSG } from '../../src/ipc/codec';
import { sendBatch, type BatchItem, type BatchOptions, type BatchResult } from '../../src/ipc/messages/batch';
import { runInside } from './commands';

/** Gets are answered by the daemon, sets are kept and always succeed. */
class SetsKept implements Transport {
  readonly items: BatchItem[] = [];
  readonly #daemon: Transport;

  constructor(daemon: Transport) {
    this.#daemon = daemon;
  }

  request(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): Buffer {
    if (type === 'get') return this.#daemon.request(id, type, body);
    this.items.push({ id, body: Uint8Array.from(body) });
    return Buffer.alloc(0);
  }
}

/** What command lines, one a line, set. */
export function itemsOf(daemon: Transport, lines: string): BatchItem[] {
  const kept = new SetsKept(daemon);
  for (const line of lines.split('\n').map((text) => text.trim()).filter((text) => text !== '')) {
    const { status, stdout, stderr } = runInside(line, kept);
    if (status !== 0) throw new Error(`${line}: status ${status}\n${stdout}${stderr}`);
  }
  return kept.items;
}

/** The same items without giving addresses to devices, which `ipvsadm -P` does whether they are there or not. */
export function withoutAddresses(items: readonly BatchItem[]): BatchItem[] {
  return items.filter(({ id }) => id !== MSG.SOCKOPT_SET_IFADDR_ADD);
}

export function runBatch(daemon: Transport, items: readonly BatchItem[], options: BatchOptions): BatchResult {
  return sendBatch(daemon, items, options);
}
