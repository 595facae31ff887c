// SPDX-License-Identifier: Apache-2.0
// Clients that are slow, wrong or many: others do not notice, and the daemon answers with an error or hangs up.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MSG } from '../../src/ipc/codec';
import { Case } from '../harness/case';
import { Daemon } from '../harness/daemon';
import { arp, ethernet } from '../harness/frames';
import { bodyLengthOf, converse, errcodeOf, RawClient, REPLY_HEAD, requestHead } from './raw-client';

const INVAL = -1;
const NOTSUPP = -14;
/** What an honest client may wait at most while others misbehave; a quiet daemon needs 1 to 30 ms. */
const PROMPT_MS = 1500;
const TEST_COLLECT = 0x44530f02;
const ADDRESS = '10.0.0.1';
const WHO_HAS = ethernet(
  { src: '02:aa:00:00:00:01', dst: 'ff:ff:ff:ff:ff:ff' },
  arp({ op: 'request', senderMac: '02:aa:00:00:00:01', senderIp: '10.0.0.2', targetIp: ADDRESS }),
);

let daemon: Daemon;

beforeAll(async () => {
  daemon = await new Daemon({ ports: 1 }).start();
});

afterAll(async () => {
  await daemon.stop();
});

/** An ordinary request that must be served in time. */
async function expectPrompt(): Promise<void> {
  const got = await converse(daemon.socket, requestHead(MSG.DPVS_SO_GET_INFO, 0, 0), PROMPT_MS);
  expect(errcodeOf(got)).toBe(0);
  expect(bodyLengthOf(got)).toBe(16);
  daemon.assertAlive();
}

describe('every message id, both directions', () => {
  const ids = Object.entries(MSG).map(([name, id]) => ({ name, id: Number(id) }));

  test.each(ids)('$name: any length gives an answer', async ({ id }) => {
    for (const type of [0, 1]) {
      for (const len of [0, 1, 7, 8, 75, 143, 263, 383, 4096]) {
        // All ones: counts, indices and names without end at the same time.
        const got = await converse(daemon.socket, Buffer.concat([requestHead(id, type, len), Buffer.alloc(len, 0xff)]));
        expect(got.bytes.length).toBeGreaterThanOrEqual(REPLY_HEAD);
        expect(got.bytes.readUInt32LE(4)).toBe(id >>> 0);
        expect(errcodeOf(got)).toBeLessThanOrEqual(0);
        expect(errcodeOf(got) === 0 || bodyLengthOf(got) === 0).toBe(true);
      }
    }
    daemon.assertAlive();
  });
});

describe('requests that cannot be', () => {
  test.each([
    ['unknown id', requestHead(4660, 0, 0), NOTSUPP],
    ['largest id', requestHead(0xffffffff, 0, 0), NOTSUPP],
    ['unknown type', requestHead(18, 2, 0), NOTSUPP],
    ['set id as get', requestHead(10, 0, 264), NOTSUPP],
    ['other version', requestHead(18, 0, 0, 0x00020000), INVAL],
    ['huge length', requestHead(10, 1, 2n ** 64n - 1n), INVAL],
    ['4 GiB', requestHead(10, 1, 2n ** 32n), INVAL],
    ['body shorter than announced', Buffer.concat([requestHead(20, 0, 264), Buffer.alloc(50)]), INVAL],
  ] as const)('%s', async (_name, bytes, errcode) => {
    expect(errcodeOf(await converse(daemon.socket, bytes))).toBe(errcode);
    await expectPrompt();
  });

  test('a client that goes on sending after a refusal still reads the answer', async () => {
    const client = new RawClient(daemon.socket).write(requestHead(4660, 0, 300_000));
    for (let i = 0; i < 3; i++) client.write(Buffer.alloc(100_000));
    expect(errcodeOf(await client.reply())).toBe(NOTSUPP);
    client.close();
  });

  test('DPL-015 half a header is hung up on', async () => {
    const got = await converse(daemon.socket, requestHead(18, 0, 0).subarray(0, 12));
    expect(got).toMatchObject({ closed: true });
    expect(got.bytes).toHaveLength(0);
  });

  test('one request per connection', async () => {
    const head = requestHead(MSG.DPVS_SO_GET_INFO, 0, 0);
    const client = new RawClient(daemon.socket).write(Buffer.concat([head, head]));
    const first = await client.reply();
    expect(first.bytes).toHaveLength(REPLY_HEAD + 16);
    client.close();
  });
});

describe('deadlines', () => {
  test('DPL-015 a header that does not come: 1 s', async () => {
    const client = new RawClient(daemon.socket).write(Buffer.alloc(3));
    const got = await client.reply(4000);
    expect(got.closed).toBe(true);
    expect(got.milliseconds).toBeGreaterThan(800);
    expect(got.milliseconds).toBeLessThan(2500);
  });

  test('DPL-015 a body that does not come: 5 s', async () => {
    const client = new RawClient(daemon.socket).write(Buffer.concat([requestHead(20, 0, 264), Buffer.alloc(263)]));
    const got = await client.reply(9000);
    expect(got.closed).toBe(true);
    expect(got.milliseconds).toBeGreaterThan(4500);
    expect(got.milliseconds).toBeLessThan(7500);
  });
});

describe('others are served promptly', () => {
  /** Runs `body` while `n` clients do what `behave` makes them do. */
  async function beside(n: number, behave: (client: RawClient, i: number) => void, body: () => Promise<void>): Promise<void> {
    const clients = Array.from({ length: n }, (_, i) => {
      const client = new RawClient(daemon.socket);
      behave(client, i);
      return client;
    });
    try {
      await body();
    } finally {
      for (const client of clients) client.close();
    }
    await expectPrompt();
  }

  async function severalPrompt(): Promise<void> {
    for (let i = 0; i < 5; i++) await expectPrompt();
  }

  test('DPL-015 beside 60 clients that stall in all states', async () => {
    const behave = (client: RawClient, i: number): void => {
      if (i % 3 === 1) client.write(Buffer.alloc(5));
      if (i % 3 === 2) client.write(Buffer.concat([requestHead(20, 0, 264), Buffer.alloc(100)]));
    };
    await beside(60, behave, severalPrompt);
  });

  test('beside 150 clients that say nothing', async () => {
    await beside(150, () => undefined, severalPrompt);
  });

  test('beside so many that the backlog is full', async () => {
    await beside(250, () => undefined, severalPrompt);
  });

  test('beside a reader that does not read a reply larger than its socket', async () => {
    const c = new Case(daemon);
    c.run(`dpip addr add ${ADDRESS}/24 dev test0`);
    for (let i = 0; i < 8; i++) c.send(0, ...Array.from({ length: 1000 }, () => WHO_HAS));
    const collect = Buffer.concat([requestHead(TEST_COLLECT, 0, 8), Buffer.alloc(8)]);
    const stalled = new RawClient(daemon.socket).stall().write(collect);
    for (let i = 0; i < 5; i++) await expectPrompt();
    stalled.resume();
    const got = await stalled.reply();
    expect(bodyLengthOf(got)).toBeGreaterThan(300_000);
    expect(got.bytes).toHaveLength(REPLY_HEAD + bodyLengthOf(got));
    stalled.close();
  });

  test('DPL-015 packets are answered beside 60 clients that stall in all states', async () => {
    const c = new Case(daemon);
    c.run(`dpip addr add 10.0.1.1/24 dev test0`);
    const asks = ethernet(
      { src: '02:aa:00:00:00:01', dst: 'ff:ff:ff:ff:ff:ff' },
      arp({ op: 'request', senderMac: '02:aa:00:00:00:01', senderIp: '10.0.1.2', targetIp: '10.0.1.1' }),
    );
    c.settle();
    c.discard();
    const behave = (client: RawClient, i: number): void => {
      if (i % 2 === 1) client.write(Buffer.concat([requestHead(20, 0, 264), Buffer.alloc(i)]));
    };
    await beside(60, behave, async () => {
      for (let i = 0; i < 20; i++) {
        c.send(0, asks);
        expect(c.collect(0)).toHaveLength(1);
      }
      await expectPrompt();
    });
  });

  test('beside a flood of bytes that are no request', async () => {
    const behave = (client: RawClient): void => {
      for (let i = 0; i < 20; i++) client.write(Buffer.alloc(65_536, 0xaa));
    };
    await beside(10, behave, severalPrompt);
  });

  test('DPL-015 100 at once are all served', async () => {
    const head = requestHead(MSG.DPVS_SO_GET_INFO, 0, 0);
    const all = await Promise.all(Array.from({ length: 100 }, () => converse(daemon.socket, head, 10_000)));
    expect(all.map(errcodeOf)).toEqual(all.map(() => 0));
  });
});
