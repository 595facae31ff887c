// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { ClosedError, DaemonError, TimeoutError, type RequestType, type Transport } from '../../src/ipc/client';
import { decode, encode, MSG, ShortReplyError } from '../../src/ipc/codec';
import { listDrops } from '../../src/ipc/messages/drops';
import { hello } from '../../src/ipc/messages/hello';

/** A transport that gives one answer and keeps the question. */
class OneAnswer implements Transport {
  asked: { id: number; type: RequestType; body: Uint8Array | undefined } | undefined;

  constructor(readonly answer: Buffer | Error) {}

  request(id: number, type: RequestType, body?: Uint8Array): Buffer {
    this.asked = { id, type, body };
    if (this.answer instanceof Error) throw this.answer;
    return this.answer;
  }
}

function record(type: number, payload: Uint8Array): Buffer {
  const pad = Buffer.alloc((8 - (payload.length % 8)) % 8);
  return Buffer.concat([encode('ds_tlv', { type, len: payload.length }), payload, pad]);
}

const INFO = encode('ds_hello_info', {
  struct_version: 1,
  max_request_body: 1 << 20,
  features: 3n,
  generation: 42n,
  boot_id: Uint8Array.from({ length: 16 }, (_, i) => i),
  version: '1.2.3',
});

describe('hello', () => {
  it('asks with an empty body, so that daemons of old are not harmed', () => {
    const transport = new OneAnswer(record(1, INFO));
    hello(transport);
    expect(transport.asked).toEqual({ id: 0x44530000, type: 'get', body: undefined });
  });

  it('reads who the daemon is, skips records it does not know, and takes longer ones', () => {
    const ids = Buffer.from(new Uint32Array([0, 18, MSG.DS_MSG_HELLO]).buffer);
    const transport = new OneAnswer(
      Buffer.concat([
        record(1, Buffer.concat([INFO, Buffer.from('new member')])),
        record(999, Buffer.from('unknown')),
        record(2, encode('ds_lcore', { id: 0, role: 0, index: 0 })),
        record(2, encode('ds_lcore', { id: 5, role: 1, index: 1 })),
        record(3, ids),
        record(4, Buffer.from(new Uint32Array([1, 2, 3, 4]).buffer)),
      ]),
    );
    expect(hello(transport)).toEqual({
      structVersion: 1,
      maxRequestBody: 1 << 20,
      features: 3n,
      generation: 42n,
      bootId: '000102030405060708090a0b0c0d0e0f',
      version: '1.2.3',
      lcores: [
        { id: 0, role: 'master', index: 0 },
        { id: 5, role: 'worker', index: 1 },
      ],
      ids: new Set([0, 18, 0x44530000]),
      limits: { maxBatchBytes: 1, maxBatchItems: 2, maxPageBytes: 3, maxPageConns: 4 },
    });
  });

  it.each([
    ['closes without a reply', new ClosedError(1, 0, 88, 'header')],
    ['answers "not support"', new DaemonError(1, -14, 'not support')],
    ['answers "invalid parameter"', new DaemonError(1, -1, 'invalid parameter')],
    ['answers nothing', Buffer.alloc(0)],
  ])('is null for a daemon that %s', (_what, answer) => {
    expect(hello(new OneAnswer(answer))).toBeNull();
  });

  it.each([new ClosedError(1, 40, 88, 'header'), new TimeoutError(1, 5), new DaemonError(1, -2, 'no memory')])(
    'passes on %s',
    (error) => {
      expect(() => hello(new OneAnswer(error))).toThrow(error);
    },
  );

  it.each([7, 12, 79])('refuses a reply that is cut after %d bytes', (length) => {
    expect(() => hello(new OneAnswer(record(1, INFO).subarray(0, length)))).toThrow(ShortReplyError);
  });
});

describe('drops', () => {
  const drop = (name: string, lcore: number): Buffer =>
    record(16, encode('ds_drop', { name, layer: 'ipv4', text: 'The packet is bad.', packets: 7n, lcore }));

  it('lists sums', () => {
    const transport = new OneAnswer(Buffer.concat([drop('b', 0xffffffff), record(77, Buffer.alloc(3)), drop('a', 0xffffffff)]));
    const entry = { layer: 'ipv4', text: 'The packet is bad.', packets: 7n, lcore: null };
    expect(listDrops(transport)).toEqual([{ name: 'b', ...entry }, { name: 'a', ...entry }]);
    expect(decode('ds_drops_request', transport.asked?.body ?? Buffer.alloc(0))).toEqual({ flags: 0, reserved: 0 });
  });

  it('lists each lcore', () => {
    const transport = new OneAnswer(drop('b', 3));
    expect(listDrops(transport, { perLcore: true }).map(({ lcore }) => lcore)).toEqual([3]);
    expect(decode('ds_drops_request', transport.asked?.body ?? Buffer.alloc(0)).flags).toBe(1);
  });
});
