// SPDX-License-Identifier: Apache-2.0
// The counters of RFC 4293: a known mix of packets, in all and by lcore.
import { expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { ethernet, icmp6Echo, ipv6, udp, type Ipv6Fields, type Layer4 } from '../harness/frames';
import { CLIENTS, configureService, fromClient, mac, quieten, SERVERS, startWorld, v6 } from './topology';
import { numberOf } from '../harness/dissect';
import { fragments } from '../harness/fragments';

stopDaemonsAfterEach();

const PORT = 53;

type Counters = Readonly<Record<string, number>>;

/** Counters by name, in all or of a lcore. */
function counters(c: Case, which = 'total'): Counters {
  const lines = c.output(`dpip ipv6 show ${which}`).split('\n').map((line) => line.trim());
  return Object.fromEntries(lines.filter((line) => line.includes(':')).map((line) => [line.split(':')[0] ?? '', Number(line.split(/\s+/)[1])]));
}

/** What grew meanwhile. */
function grown(c: Case, action: () => void, which?: string): Counters {
  const before = counters(c, which);
  action();
  const after = counters(c, which);
  return Object.fromEntries(Object.entries(after).map(([name, n]) => [name, n - (before[name] ?? 0)]).filter(([, n]) => n !== 0));
}

function frame(fields: Partial<Ipv6Fields> & { readonly dst: string }, l4: Layer4): Buffer {
  return ethernet({ src: mac.client, dst: mac.port[0] }, ipv6({ src: v6.client, ...fields }, l4));
}

const DATAGRAM = udp({ sport: 1, dport: 2, payload: '12345678' }); // 16 bytes, 56 with the header

test.each([1, 2])('DPL-055 packets in and out, %i worker(s)', async (workers) => {
  const c = await startWorld(v6, { workers, queues: workers, conf: { ipv6_defs: ['forwarding on'] } });
  configureService(c, v6, { proto: 'udp', port: PORT });
  c.run(`dpip route add -6 2001:db8:5::/48 dev test1\ndpip neigh add 2001:db8:5::9 lladdr ${mac.server[1]} dev test1`);
  quieten(c, v6);

  // Balanced: not for us, and not forwarded as a router does.
  const balanced = grown(c, () => {
    c.send(CLIENTS, fromClient(v6, udp({ sport: 1000, dport: PORT, payload: '12345678' })));
    const lport = numberOf(c.collectOne(SERVERS), 'udp.sport');
    c.send(SERVERS, ethernet({ src: mac.server[0], dst: mac.port[1] }, ipv6({ src: v6.servers[0], dst: v6.lip, trafficClass: 3 }, udp({ sport: PORT, dport: lport, payload: '12345678' }))));
    c.discard();
  });
  expect(balanced).toMatchObject({ InReceives: 2, InOctets: 112, OutRequests: 2, InNoECTPkts: 1, InCEPkts: 1 });
  expect(balanced['OutForwDatagrams']).toBeUndefined();

  expect(grown(c, () => {
    c.send(CLIENTS, frame({ dst: '2001:db8:5::9', trafficClass: 1 }, DATAGRAM), frame({ dst: '2001:db8:5::9', trafficClass: 2 }, DATAGRAM));
  })).toEqual({ InReceives: 2, InOctets: 112, OutForwDatagrams: 2, OutOctets: 112, InECT1Pkts: 1, InECT0Pkts: 1 });

  expect(grown(c, () => {
    c.send(CLIENTS, frame({ dst: v6.port[0] }, icmp6Echo({ type: 'request', id: 1, seq: 1, payload: '12345678' })));
  })).toEqual({ InReceives: 1, InOctets: 56, InDelivers: 1, OutRequests: 1, OutOctets: 56, InNoECTPkts: 1 });
}); // prettier-ignore

test('DPL-055 what goes wrong', async () => {
  const c = await startWorld(v6, { conf: { ipv6_defs: ['forwarding on'] } });
  c.discard();
  const wrong = (packet: Buffer, ...names: string[]): void => {
    const delta = grown(c, () => {
      c.send(CLIENTS, packet);
    });
    for (const name of names) expect(delta[name], `${name} of ${JSON.stringify(delta)}`).toBe(1);
    expect(delta['InReceives']).toBe(1);
  };
  wrong(frame({ dst: '2001:db8:77::1' }, DATAGRAM), 'InNoRoutes', 'OutRequests');
  wrong(frame({ dst: '2001:db8:1::11', hopLimit: 1 }, DATAGRAM), 'InHdrErrors', 'OutRequests');
  wrong(frame({ dst: '2001:db8:1::11', wrong: { version: 5 } }, DATAGRAM), 'InHdrErrors');
  wrong(frame({ dst: '2001:db8:1::11', wrong: { payloadLength: 600 } }, DATAGRAM), 'InTruncatedPkts');
  wrong(frame({ src: '::1', dst: '2001:db8:1::11' }, DATAGRAM), 'InAddrErrors');
  wrong(frame({ dst: v6.port[0] }, { proto: 200, bytes: () => Buffer.alloc(8) }), 'InUnknownProtos', 'InDelivers');
  wrong(frame({ dst: v6.port[0] }, icmp6Echo({ type: 'request', id: 1, seq: 1, wrong: { checksum: 1 } })), 'InCsumErrors');
  wrong(ethernet({ src: mac.client, dst: '33:33:00:00:00:fb' }, ipv6({ src: v6.client, dst: 'ff02::fb' }, DATAGRAM)), 'InMcastPkts');
  // Solicitations for whom nobody answers are multicast, and the control lcore's.
  const asked = grown(c, () => {
    c.send(CLIENTS, frame({ dst: '2001:db8:1::99' }, DATAGRAM));
    c.settle({ timers: true });
  });
  expect(asked).toMatchObject({ OutMcastPkts: 1, OutMcastOctets: 72 });
});

test('DPL-055 datagrams that are put together and cut', async () => {
  const c = await startWorld(v6, { conf: { ipvs_defs: ['fragment_mode reassemble', 'conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } });
  configureService(c, v6, { proto: 'udp', port: PORT });
  const datagram = udp({ sport: 7, dport: PORT, payload: 'x'.repeat(2000) });
  const parts = fragments({ src: v6.client, dst: v6.vip, id: 7 }, datagram, 1280).map((part) => ethernet({ src: mac.client, dst: mac.port[0] }, part));
  expect(parts).toHaveLength(2);
  expect(grown(c, () => {
    c.send(CLIENTS, ...parts);
  })).toMatchObject({ InReceives: 2, ReasmReqds: 2, ReasmOKs: 1, FragOKs: 1, FragCreates: 2, OutRequests: 2 }); // prettier-ignore
  const lost = grown(c, () => {
    c.send(CLIENTS, parts[0] ?? Buffer.alloc(0));
    c.warp(40_000, 5000);
  });
  expect(lost).toMatchObject({ ReasmReqds: 1, ReasmFails: 1, ReasmTimeout: 1 });
});

test('DPL-055 lcores add up to the total', async () => {
  const c = await startWorld(v6, { workers: 2, queues: 2, conf: { ipv6_defs: ['forwarding on'] } });
  c.send(CLIENTS, ...[1, 2, 3, 4, 5].map((n) => frame({ dst: v6.port[0] }, icmp6Echo({ type: 'request', id: n, seq: n }))));
  const [total, ...lcores] = [counters(c), ...[0, 1, 2].map((id) => counters(c, `cpu ${id}`))];
  for (const name of Object.keys(total ?? {})) expect(lcores.reduce((sum, one) => sum + (one[name] ?? 0), 0), name).toBe(total?.[name]);
  expect(total?.['InReceives']).toBeGreaterThanOrEqual(5);
  const nobody = counters(c, 'cpu 40');
  expect(Object.values(nobody).every((n) => n === 0)).toBe(true);
});
