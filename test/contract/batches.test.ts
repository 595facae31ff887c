// SPDX-License-Identifier: Apache-2.0
// Batches whose replies lie or never come.
import { describe, expect, it } from 'vitest';
import { ClosedError, DaemonError, IpcError, TimeoutError } from '../../src/ipc/client';
import { EDPVS, encode, ext, MSG } from '../../src/ipc/codec';
import { BatchInterruptedError, BatchRecorder, BatchTooLargeError, sendBatch, type BatchItem } from '../../src/ipc/messages/batch';
import { sendInBatches } from '../../src/ipc/messages/batch-split';
import { capabilities, requireMessage } from '../../src/ipc/messages/capabilities';
import { addService, listServices } from '../../src/ipc/messages/service';
import { MemoryDaemon, record, type MemoryDaemonOptions } from '../support/extension-daemon';
import { Twisted, type Twist } from '../support/twisted';
import { serviceSpec } from './suite';

const { DS_MSG_BATCH: BATCH, DPVS_SO_SET_ADD } = MSG;

function services(count: number): BatchItem[] {
  const recorder = new BatchRecorder();
  for (let port = 1; port <= count; port += 1) addService(recorder, serviceSpec('10.0.0.1', port));
  return recorder.items;
}

function daemonWith(options: MemoryDaemonOptions = {}): MemoryDaemon {
  return new MemoryDaemon({ extensions: true, maxBatchItems: 4, ...options });
}

describe('a recorder', () => {
  it('keeps changes as they were when they were made', () => {
    const recorder = new BatchRecorder();
    const body = Buffer.from([1, 2, 3]);
    recorder.request(10, 'set', body);
    body.fill(0);
    recorder.request(8, 'set');
    expect(recorder.items).toEqual([{ id: 10, body: Uint8Array.of(1, 2, 3) }, { id: 8, body: new Uint8Array() }]);
  });

  it('has nothing to answer', () => {
    expect(() => listServices(new BatchRecorder())).toThrow(IpcError);
  });
});

describe('a reply that never comes', () => {
  it.each([
    ['the connection breaks', new ClosedError(BATCH, 0, 88, 'header')],
    ['it takes too long', new TimeoutError(BATCH, 5)],
  ])('because %s is asked for again, and nothing happens twice', (_what, error) => {
    const daemon = daemonWith();
    const transport = new Twisted(daemon, {
      [BATCH]: (reply, count) => {
        if (count === 1) throw error;
        return reply;
      },
    });
    const result = sendInBatches(transport, services(10));
    expect(result).toMatchObject({ applied: 10, failed: 0, committed: true, repeated: true });
    expect([...result.codes]).toEqual(Array.from({ length: 10 }, () => 0));
    expect(daemon.services).toHaveLength(10);
    // 4 + 4 + 4 again + 2
    expect(daemon.asked.filter((id) => id === BATCH)).toHaveLength(4);
  });

  it('is not asked of another daemon than the one that got the question', () => {
    const daemon = daemonWith();
    const transport = new Twisted(daemon, {
      [BATCH]: (reply, count) => {
        if (count !== 1) return reply;
        daemon.bootId = Uint8Array.of(9, 9);
        throw new ClosedError(BATCH, 0, 88, 'header');
      },
    });
    const failure = (): unknown => sendInBatches(transport, services(10));
    expect(failure).toThrow(BatchInterruptedError);
    expect(daemon.asked.filter((id) => id === BATCH)).toHaveLength(2);
  });

  it('at all is an error with what was answered before', () => {
    const transport = new Twisted(daemonWith(), {
      [BATCH]: (reply, count) => {
        if (count > 0) throw new TimeoutError(BATCH, 5);
        return reply;
      },
    });
    try {
      sendInBatches(transport, services(10));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(BatchInterruptedError);
      expect((error as BatchInterruptedError).codes).toHaveLength(4);
      expect((error as BatchInterruptedError).message).toContain('4 changes were answered before');
    }
  });

  it('of a refused batch is not waited for again', () => {
    const daemon = daemonWith({
      before: (_self, { id }) => {
        if (id === BATCH) throw new DaemonError(id, EDPVS.EDPVS_NOMEM, 'no memory');
      },
    });
    expect(() => sendInBatches(daemon, services(2))).toThrow('no memory');
    expect(daemon.asked.filter((id) => id === BATCH)).toHaveLength(1);
  });
});

describe('a stop', () => {
  it('ends with the message that had the failure', () => {
    const daemon = daemonWith();
    const [first, ...others] = services(9);
    const result = sendInBatches(daemon, first === undefined ? [] : [first, first, ...others], { stop: true });
    expect([...result.codes]).toEqual([0, EDPVS.EDPVS_EXIST, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(result).toMatchObject({ applied: 1, failed: 1, firstFailed: 1 });
    expect(daemon.asked.filter((id) => id === BATCH)).toHaveLength(1);
  });
});

describe('an item', () => {
  it('that fits into no message is refused before it is sent', () => {
    const daemon = daemonWith({ maxBatchBytes: 200 });
    expect(() => sendInBatches(daemon, [{ id: DPVS_SO_SET_ADD, body: new Uint8Array(300) }])).toThrow(BatchTooLargeError);
    expect(daemon.asked).not.toContain(BATCH);
  });

  it('fits into a message that it fills exactly', () => {
    // 32 + 8 + 8 + 264
    const daemon = daemonWith({ maxBatchBytes: 312 });
    expect(sendInBatches(daemon, services(3))).toMatchObject({ applied: 3 });
    expect(daemon.requests.filter(({ id }) => id === BATCH).map(({ body }) => body.length)).toEqual([312, 312, 312]);
  });
});

describe('a reply is refused', () => {
  const result = (members: Parameters<typeof encode<'ds_batch_result'>>[1]): Buffer => record(ext.DS_TLV_BATCH_RESULT, encode('ds_batch_result', members));
  const codes = (...list: number[]): Buffer => record(ext.DS_TLV_BATCH_CODES, Buffer.from(Int32Array.from(list).buffer));
  const good = result({ applied: 3, first_failed: ext.DS_BATCH_NONE, committed: 1 });
  const cases: readonly (readonly [string, Buffer])[] = [
    ['that is empty', Buffer.alloc(0)],
    ['without a result', codes(0, 0, 0)],
    ['without codes', good],
    ['with too few codes', Buffer.concat([good, codes(0, 0)])],
    ['that hides a failure', Buffer.concat([good, codes(0, -3, 0)])],
    ['that fails without a failure', Buffer.concat([result({ applied: 2, failed: 1, first_failed: 1, committed: 1 }), codes(0, 0, 0)])],
    ['that names another failure', Buffer.concat([result({ applied: 2, failed: 1, first_failed: 2, committed: 1 }), codes(0, -3, 0)])],
    ['that is cut off', Buffer.concat([good, codes(0, 0, 0)]).subarray(0, -8)],
  ];

  it.each(cases)('%s', (_what, body) => {
    const twist: Twist = () => body;
    expect(() => sendBatch(new Twisted(daemonWith(), { [BATCH]: twist }), services(3))).toThrow(expect.objectContaining({ name: expect.stringMatching(/^(ProtocolError|ShortReplyError)$/) as string }));
  });
});

describe('single messages in place of a batch', () => {
  it('that the daemon does not know are not supported', () => {
    const daemon = new MemoryDaemon({
      before: (_self, { id }) => {
        if (id === MSG.SOCKOPT_SET_KNI_ADD) throw new ClosedError(id, 0, 88, 'header');
      },
    });
    const items = [...services(1), { id: MSG.SOCKOPT_SET_KNI_ADD, body: new Uint8Array(40) }, ...services(1)];
    const sent = sendBatch(daemon, items);
    expect([...sent.codes]).toEqual([0, EDPVS.EDPVS_NOTSUPP, EDPVS.EDPVS_EXIST]);
    expect(sent).toMatchObject({ generation: 0n, applied: 1, failed: 2, firstFailed: 1 });
  });

  it('end with a daemon that is gone', () => {
    const daemon = new MemoryDaemon({
      before: (self, { id }) => {
        if (id === DPVS_SO_SET_ADD && self.services.length === 2) throw new TimeoutError(id, 5);
      },
    });
    expect(() => sendBatch(daemon, services(5))).toThrow(expect.objectContaining({ name: 'BatchInterruptedError', codes: Int32Array.of(0, 0) }));
    expect(daemon.asked.filter((id) => id === DPVS_SO_SET_ADD)).toHaveLength(3);
  });
});

describe('a message that the daemon does not have', () => {
  it('names what is missing and both versions', () => {
    const old = capabilities(new MemoryDaemon());
    expect(() => requireMessage(old, BATCH, '--atomic')).toThrow(
      '--atomic needs a daemon with batches; this one is dpvs v1.10.2, dpvs-suite 0.1.0 and later have them',
    );
    const other = capabilities(new MemoryDaemon({ extensions: [MSG.DS_MSG_DROPS], version: '0.0.9\u001b' }));
    expect(() => requireMessage(other, MSG.DS_MSG_STATS, '--watch')).toThrow(
      '--watch needs a daemon with shared statistics; this one is dpvs-suite 0.0.9?, dpvs-suite 0.1.0 and later have them',
    );
    requireMessage(other, MSG.DS_MSG_DROPS, 'drops');
  });

  it('is found out once', () => {
    const daemon = new MemoryDaemon();
    for (let i = 0; i < 3; i += 1) capabilities(daemon);
    expect(daemon.asked).toEqual([MSG.DS_MSG_HELLO]);
  });
});
