// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe } from 'vitest';
import { MSG } from '../../src/ipc/codec';
import { MemoryDaemon } from '../support/extension-daemon';
import { clientContract, type Subject } from './suite';

function subjectOf(transport: MemoryDaemon, has: Partial<Subject>): Subject {
  return { transport, device: 'dpdk0', lists: false, batches: false, segment: false, acls: true, ...has };
}

describe('a daemon of old', () => {
  let transport = new MemoryDaemon();
  beforeEach(() => void (transport = new MemoryDaemon()));
  clientContract(() => subjectOf(transport, {}));
});

describe('a daemon with all extensions, small pages and small batches', () => {
  const make = (): MemoryDaemon => new MemoryDaemon({ extensions: true, pageBytes: 700, maxPageConns: 3, maxBatchItems: 64, maxBatchBytes: 64 * 300 });
  let transport = make();
  beforeEach(() => void (transport = make()));
  clientContract(() => subjectOf(transport, { lists: true, batches: true, segment: true }));
});

describe('a daemon with batches only', () => {
  const make = (): MemoryDaemon => new MemoryDaemon({ extensions: [MSG.DS_MSG_BATCH] });
  let transport = make();
  beforeEach(() => void (transport = make()));
  clientContract(() => subjectOf(transport, { batches: true }));
});
