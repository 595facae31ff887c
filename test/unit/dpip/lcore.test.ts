// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { encode, ext, MSG } from '../../../src/ipc/codec';
import { validDocument } from '../../support/schema';
import { dpip, Scripted } from '../../golden/dpip/run';

function record(type: number, payload: Buffer): Buffer {
  const pad = Buffer.alloc((8 - (payload.length % 8)) % 8);
  return Buffer.concat([encode('ds_tlv', { type, len: payload.length }), payload, pad]);
}

const none = { size: 0, used: 0, most: 0 };
const control = { lcore: 0, role: ext.DS_LCORE_ROLE_MASTER, window_ms: 1003, busy: 3, cpu: 3, turns: 5000n, hz: 2_600_000_000n, pool_size: 32_767, pool_free: 30_000, ring: [none, none, none, none, none] };
const worker = {
  lcore: 1, role: ext.DS_LCORE_ROLE_WORKER, window_ms: 1003, busy: 124, cpu: 1000, cycles: 231, pps: 812_345n, turns: 9_000_000_000n, packets: 7n, busy_cycles: 1_000n, total_cycles: 10_000n,
  bursts_empty: 9_000n, bursts_low: 900n, bursts_high: 90n, bursts_full: 10n, hz: 2_600_000_000n, pool_size: 32_767, pool_free: 30_000,
  ring: [{ size: 4095, used: 3, most: 17 }, { size: 4095, used: 0, most: 0 }, { size: 2558, used: 0, most: 1 }, none, none],
}; // prettier-ignore
const isolated = { lcore: 2, role: ext.DS_LCORE_ROLE_ISOLATED, ring: [none, none, none, none, { size: 1023, used: 0, most: 0 }] };

function daemon(ids: readonly number[] = [MSG.DS_MSG_LCORE_LOAD]): Scripted {
  const served = Buffer.alloc(ids.length * 4);
  ids.forEach((id, i) => served.writeUInt32LE(id, i * 4));
  return new Scripted({
    [MSG.DS_MSG_HELLO]: Buffer.concat([record(ext.DS_TLV_HELLO_INFO, encode('ds_hello_info', { struct_version: 1, version: '0.0.9' })), record(ext.DS_TLV_IDS, served)]),
    [MSG.DS_MSG_LCORE_LOAD]: Buffer.concat([control, worker, isolated].map((load) => record(ext.DS_TLV_LCORE_LOAD, encode('ds_lcore_load', load)))),
  });
}

test('DPL-016 a line for each lcore', async () => {
  expect(await dpip('lcore show', daemon())).toEqual({
    code: 0,
    stdout:
      'cpu0: control busy 0.3% cpu 0.3% buffers 30000/32767 free\n' +
      'cpu1: worker busy 12.4% cpu 100.0% packets/s 812345 cycles/packet 231 buffers 30000/32767 free\n' +
      'cpu2: isolated busy - cpu - packets/s - cycles/packet -\n',
    stderr: '',
  });
});

test('DPL-016 -s: receive calls by what they returned, rings', async () => {
  expect((await dpip('-s lcore show cpu1', daemon())).stdout).toBe(
    'cpu1: worker busy 12.4% cpu 100.0% packets/s 812345 cycles/packet 231 buffers 30000/32767 free\n' +
      '    bursts empty 90.0% 1-16 9.0% 17-31 0.9% 32 0.1%\n' +
      '    ring punt      used 3 most 17 size 4095\n' +
      '    ring inject    used 0 most 0 size 4095\n' +
      '    ring kernel    used 0 most 1 size 2558\n',
  );
  expect((await dpip('-s lcore show 2', daemon())).stdout).toContain('    bursts empty - 1-16 - 17-31 - 32 -\n    ring isolated  used 0 most 0 size 1023\n');
});

test('DPL-016 for programs', async () => {
  const { stdout } = await dpip('-j lcore show', daemon());
  validDocument('lcore_list', stdout, 'dpip');
  expect(JSON.parse(stdout)).toMatchObject([
    { lcore: 0, role: 'control', busy_percent: 0.3, cycles_per_packet: null },
    { lcore: 1, role: 'worker', busy_percent: 12.4, cpu_percent: 100, packets_per_second: 812_345, cycles_per_packet: 231, rings: [{ name: 'punt', size: 4095, used: 3, most: 17 }, {}, {}] },
    { lcore: 2, role: 'isolated', busy_percent: null, packets_per_second: null, buffers: null },
  ]);
  expect((await dpip('--prom lcore show cpu1', daemon())).stdout).toContain('dpvs_load_busy_percent{lcore="1",role="worker"} 12.4\n');
});

test.each([
  ['lcore show cpu9', 'there is no lcore 9; dpip lcore show lists them'],
  ['lcore show eth0', "invalid lcore 'eth0': cpuN, such as cpu1"],
  ['lcore show cpu1 cpu2', 'too many arguments!'],
])('%s', async (line, text) => {
  const { code, stderr } = await dpip(line, daemon());
  expect(code).toBe(1);
  expect(stderr).toContain(text);
});

test('an older daemon', async () => {
  const { code, stderr } = await dpip('lcore show', daemon([]));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^dpip: lcore show needs a daemon with the load of lcores; this one is dpvs-suite 0\.0\.9/);
});
