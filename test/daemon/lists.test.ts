// SPDX-License-Identifier: Apache-2.0
// Lists of dpvs that come by the extended messages and by those of old are the same text.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClosedError, type Transport } from '../../src/ipc/client';
import { MSG } from '../../src/ipc/codec';
import { addDest } from '../../src/ipc/messages/dest';
import { addService } from '../../src/ipc/messages/service';
import { address, ipvsadm } from '../golden/ipvsadm/run';
import { Daemon } from '../harness/daemon';

const SERVICES = 300;
const SERVERS = 3;
const HEADER = 88;

let daemon: Daemon;

beforeAll(async () => {
  daemon = await new Daemon({ workers: 2 }).start();
  for (let i = SERVICES; i > 0; i -= 1) {
    const proto = i % 2 === 0 ? 6 : 17;
    const service = { af: 2, proto, addr: address(10, 0, i >> 8, i & 255), port: 80, netmask: 0xffffffff, sched_name: i % 3 === 0 ? 'rr' : 'wlc' };
    addService(daemon.transport, service);
    for (let j = 0; j < SERVERS; j += 1) {
      addDest(daemon.transport, service, { af: 2, addr: address(172, 16, j, i & 255), port: 8080, weight: j, fwdmode: 5, conn_flags: 5 });
    }
  }
});

afterAll(async () => {
  await daemon.stop();
});

/** The daemon, as clients see one that knows no extensions. */
function withoutExtensions(): Transport {
  return {
    request: (id, type, body) => {
      if (id === MSG.DS_MSG_HELLO) throw new ClosedError(id, 0, HEADER, 'header');
      return daemon.transport.request(id, type, body);
    },
  };
}

describe('extended lists', () => {
  it.each([
    '-Ln', '-Ln --stats', '-Ln --rate', '-Ln --thresholds', '-Ln --persistent-conn', '-Ln --stats --exact --cpu 1', '-Ln --nosort', '-Ln --cpu all',
    '-Ln --proto udp --vip 10.0.0.0/24', '-Ln --rs 172.16.1.0/24', '-Ln --sched rr --stats', '-Ln --rs 172.16.1.7:8080', '-Lnc', '-Lnc --state TCP_EST', '-Sn --compat-save',
  ])('IA-101 IA-126 IB-09 are the same text: %s', async (argv) => {
    const extended = await ipvsadm(argv.split(' '), daemon.transport);
    expect(await ipvsadm(argv.split(' '), withoutExtensions())).toEqual(extended);
    expect([extended.code, extended.stderr]).toEqual([0, '']);
  }); // prettier-ignore

  it('have every service and server once', async () => {
    const { stdout } = await ipvsadm(['-Ln'], daemon.transport);
    const rows = stdout.split('\n').slice(3, -1);
    expect(rows.filter((row) => /^(TCP|UDP)/.test(row))).toHaveLength(SERVICES);
    expect(rows).toHaveLength(SERVICES * (1 + SERVERS));
  });
});
