// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { ClosedError } from '../../../src/ipc/client';
import { decode, encode, ext, MSG } from '../../../src/ipc/codec';
import { dpip, Scripted } from '../../golden/dpip/run';

const DROPS = MSG.DS_MSG_DROPS;

function record(name: string, packets: bigint, lcore: number = ext.DS_LCORE_ALL): Buffer {
  const payload = encode('ds_drop', { name, layer: 'ipv4', text: 'What it means.', packets, lcore });
  return Buffer.concat([encode('ds_tlv', { type: ext.DS_TLV_DROP, len: payload.length }), payload]);
}

test('reasons with packets; all with -s', async () => {
  const daemon = new Scripted({ [DROPS]: Buffer.concat([record('ipv4-bad-checksum', 2n ** 60n), record('arp-short', 0n)]) });
  const busy = 'ipv4-bad-checksum        ipv4     1152921504606846976  What it means.\n';
  expect(await dpip('drop show', daemon)).toEqual({ code: 0, stdout: busy, stderr: '' });
  expect((await dpip('-s drop show', daemon)).stdout).toBe(
    `${busy}arp-short                ipv4                0  What it means.\n`,
  );
});

test('-v: of each lcore', async () => {
  const daemon = new Scripted({ [DROPS]: Buffer.concat([record('arp-short', 1n, 1), record('arp-short', 12n, 12)]) });
  expect((await dpip('drop show -v', daemon)).stdout).toBe(
    '[01] arp-short                ipv4                1  What it means.\n' +
      '[12] arp-short                ipv4               12  What it means.\n',
  );
  expect(decode('ds_drops_request', daemon.sent(DROPS)[0] ?? Buffer.alloc(0)).flags).toBe(ext.DS_DROPS_F_PER_LCORE);
});

test.each([
  ['closes the connection', new ClosedError(DROPS, 0, 88, 'header')],
  ['refuses', -14],
])('a daemon without such counters %s', async (_how, answer) => {
  expect(await dpip('drop show', new Scripted({ [DROPS]: answer }))).toEqual({ code: 1, stdout: '', stderr: 'dpip: not support\n' });
});

test('other failures are not taken for that', async () => {
  const { stderr } = await dpip('drop show', new Scripted({ [DROPS]: -2 }));
  expect(stderr).toContain('dpip: no memory\n');
});
