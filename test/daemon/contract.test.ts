// SPDX-License-Identifier: Apache-2.0
// The contract of test/contract/suite.ts with dpvs.
import { afterAll, beforeAll, describe } from 'vitest';
import { clientContract } from '../contract/suite';
import { Daemon } from '../harness/daemon';

describe('dpvs', () => {
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await new Daemon({ workers: 2 }).start();
  });

  afterAll(async () => {
    await daemon.stop();
  });

  clientContract(() => {
    const { transport } = daemon;
    return { transport, device: 'test0', lists: true, batches: true, segment: true, acls: true };
  });
});
