// SPDX-License-Identifier: Apache-2.0
// Every request that was recorded from DPVS v1.10 tools, sent to our daemon: the same answers where our state allows, "not
// supported" for what does not exist here, never silence.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Daemon } from '../harness/daemon';
import { loadVectors, vectorAreas, type Exchange, type Vector } from '../support/vectors';
import { bodyLengthOf, converse, errcodeOf, REPLY_HEAD } from './raw-client';

const NOTSUPP = -14;

let daemon: Daemon;

beforeAll(async () => {
  daemon = await new Daemon({ ports: 2 }).start();
});

afterAll(async () => {
  await daemon.stop();
});

function requestBytes(exchange: Exchange): Buffer {
  return Buffer.from(exchange.requestHeaderHex + (exchange.requestBodyHex ?? ''), 'hex');
}

/** Exchanges whose answer does not depend on what is configured: refusals by form, and facts about the protocol. */
const STATELESS: readonly string[] = [
  'raw/lldp-set',
  'raw/ip6-set',
  'raw/services-short',
  'raw/services-long',
  'raw/services-count-zero',
  'raw/dests-short',
  'raw/lcore-basic-two-bytes',
  'raw/set-lcore-ok',
  'raw/set-lcore-bad',
  'raw/set-port-short',
  'raw/set-bond-not-bond',
  'raw/route-unknown-dev',
  'raw/gratarp-8-bytes',
  'raw/addr-show-wrong-op',
  'raw/conn-all-no-flag',
  'raw/conn-all-47-bytes',
  'raw/svc-add-empty-key',
  'raw/svc-zero-all-af0',
  'raw/svc-zero-all-af2',
  'raw/svc-del-missing',
  'raw/laddr-flush-nosvc',
  'raw/get-version',
];

describe.each(vectorAreas())('IA-127 %s', (area) => {
  const vectors = loadVectors(area).filter((vector) => vector.exchanges.length > 0);

  test.each(vectors)('DP-111 $name', async (vector: Vector) => {
    for (const exchange of vector.exchanges) {
      const got = await converse(daemon.socket, requestBytes(exchange));
      expect(got.bytes.length, `id ${exchange.id} got no answer`).toBeGreaterThanOrEqual(REPLY_HEAD);
      expect(got.bytes.length).toBe(REPLY_HEAD + bodyLengthOf(got));
      expect(errcodeOf(got)).toBeLessThanOrEqual(0);
      if (errcodeOf(got) === 0) expect(exchange.replyHeaderHex !== null || exchange.errcode === undefined).toBe(true);
    }
    daemon.assertAlive();
  });
});

describe('IA-127 answers as recorded', () => {
  const vectors = loadVectors('protocol').filter(({ name }) => STATELESS.includes(name));

  test('all of them are there', () => {
    expect(vectors.map(({ name }) => name).sort()).toEqual([...STATELESS].sort());
  });

  test.each(vectors)('$name', async ({ exchanges }) => {
    for (const exchange of exchanges) {
      const got = await converse(daemon.socket, requestBytes(exchange));
      expect(errcodeOf(got)).toBe(exchange.errcode);
      expect(bodyLengthOf(got)).toBe(exchange.replyBodyLen);
      const { bytes } = got;
      expect(bytes.subarray(16, 80).toString('latin1').replace(/\0+$/, '')).toBe(exchange.errstr);
    }
  });

  test.each(['raw/unknown-id-4660', 'raw/set-id-as-get', 'raw/dpvs-agent-id-in-default-build'])(
    '%s: an answer where DPVS hangs up',
    async (name) => {
      const [exchange] = loadVectors('protocol').find((vector) => vector.name === name)?.exchanges ?? [];
      expect(exchange).toBeDefined();
      if (exchange !== undefined) expect(errcodeOf(await converse(daemon.socket, requestBytes(exchange)))).toBe(NOTSUPP);
    },
  );
});
