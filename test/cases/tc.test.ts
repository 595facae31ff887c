// SPDX-License-Identifier: Apache-2.0
// Traffic control: schedulers and classifiers of devices, on the way out and on the way in.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { ethernet, ip, udp } from '../harness/frames';
import { CLIENTS, configureService, families, fromClient, mac, SERVERS, startWorld, v4, v6, type Family } from './topology';

stopDaemonsAfterEach();

const DNS = 53;
const SETTLE_MS = 100;

/** A question of so many bytes of payload. */
function question(f: Family, sport: number, bytes = 10, dport = DNS): Buffer {
  return fromClient(f, udp({ sport, dport, payload: 'x'.repeat(bytes) }));
}

/** The same with another type of service or traffic class; IPv6 has no checksum to mend. */
function withClass(f: Family, frame: Buffer, tos: number): Buffer {
  const out = Buffer.from(frame);
  if (f === v6) {
    out.writeUInt8(0x60 | (tos >> 4), 14);
    out.writeUInt8((tos & 15) << 4, 15);
    return out;
  }
  out.writeUInt8(tos, 15);
  const sum = out.readUInt16BE(24) - tos; // one's complement: the checksum goes down by what the header goes up
  out.writeUInt16BE(sum < 0 ? sum + 0xffff : sum, 24);
  return out;
}

function tagged(id: number, frame: Buffer): Buffer {
  return Buffer.concat([frame.subarray(0, 12), Buffer.from([0x81, 0x00, id >> 8, id & 0xff]), frame.subarray(12)]);
}

async function startService(f: Family, workers: number): Promise<Case> {
  const conf = { ipvs_defs: ['udp {', 'uoa_max_trail 0', '}'] };
  const c = await startWorld(f, workers === 1 ? { conf, oneWorker: 'rates of one' } : { conf, workers, queues: workers });
  configureService(c, f, { proto: 'udp', port: DNS });
  c.discard();
  return c;
}

/** Sent, bytes, dropped, overlimits and what waits, of the first scheduler that the listing shows. */
function counters(c: Case, which: string): { bytes: number; packets: number; dropped: number; overlimits: number; backlog: number; waiting: number } {
  const [, sent = '', backlog = ''] = c.output(`dpip -s qsch show dev ${which}`).split('\n');
  const [bytes = NaN, packets = NaN, dropped = NaN, overlimits = NaN] = [...sent.matchAll(/\d+/g)].map(Number);
  const [waitingBytes = NaN, waiting = NaN] = [...backlog.matchAll(/\d+/g)].map(Number);
  return { bytes, packets, dropped, overlimits, backlog: waitingBytes, waiting };
}

test.each([
  { f: v4, workers: 1, flows: 50 },
  { f: v4, workers: 2, flows: 1 },
  { f: v6, workers: 2, flows: 50 },
])('DPL-050 tbf of 1 Mbit/s, $f.name: $workers worker(s), $flows flow(s), within 5 % of the rate', async ({ f, workers, flows }) => {
  const c = await startService(f, workers);
  c.run(`
    dpip qsch add dev test1 root tbf rate 1m burst 15000 limit 400000
    dpip link set test1 tc-egress on`);
  const frames = Array.from({ length: 300 }, (_, i) => question(f, 1000 + (i % flows), 1000));
  c.send(CLIENTS, ...frames);
  c.warp(SETTLE_MS, SETTLE_MS);
  let bits = 0;
  c.collect(SERVERS);
  for (let step = 0; step < 16; step += 1) {
    c.warp(SETTLE_MS, SETTLE_MS);
    for (const frame of c.collect(SERVERS)) bits += frame.length * 8;
  }
  expect(bits / (16 * SETTLE_MS)).toBeGreaterThan(950);
  expect(bits / (16 * SETTLE_MS)).toBeLessThan(1050);
  const { waiting, backlog, packets, dropped, overlimits } = counters(c, 'test1');
  expect(waiting + packets).toBe(300);
  expect([dropped, backlog > 0, overlimits > 0]).toEqual([0, true, true]);
  c.run('dpip qsch set dev test1 root tbf rate 100m burst 150000 limit 400000');
  c.warp(3 * SETTLE_MS, SETTLE_MS); // shares follow one step later
  expect(counters(c, 'test1')).toMatchObject({ waiting: 0, backlog: 0, packets: 300 });
});

describe.each(families)('$name', (f) => {
  test('DPL-050 bands, limits and classifiers; nothing while they are off', async () => {
    const c = await startService(f, 1);
    c.run('dpip qsch add dev test1 root pfifo_fast');
    c.send(CLIENTS, question(f, 1));
    c.collectOne(SERVERS);
    expect(counters(c, 'test1')).toMatchObject({ packets: 0 });
    // Below a token bucket without tokens frames wait: the first band goes first, type of service 0x0c, then 0, then 0x02.
    const pkttype = f === v6 ? 'pkttype ipv6 ' : '';
    c.run(`
      dpip qsch replace dev test1 root tbf rate 8k burst 1100 limit 100000
      dpip qsch add dev test1 handle a: parent root pfifo_fast
      dpip cls add dev test1 ${pkttype}match pattern udp,to=${f === v6 ? '[::]' : ''}:53 target a:
      dpip link set test1 tc-egress on`);
    const classes = [0x02, 0x00, 0x0c, 0x02, 0x0c];
    c.send(CLIENTS, question(f, 99, 1050 - f.headerLength));
    c.collectOne(SERVERS);
    c.send(CLIENTS, ...classes.map((tos, i) => withClass(f, question(f, 100 + i), tos)));
    c.expectNothing();
    expect(counters(c, 'test1 handle a:')).toMatchObject({ packets: 1, waiting: 5, dropped: 0, overlimits: 1 });
    c.run('dpip qsch set dev test1 root tbf rate 8m burst 1100 limit 100000');
    c.warp(10, 10);
    const seen = c.collect(SERVERS).map((frame) => (f === v6 ? (frame.readUInt16BE(14) >> 4) & 0xff : frame.readUInt8(15)));
    expect(seen).toEqual([0x0c, 0x0c, 0x00, 0x02, 0x02]);
    expect(counters(c, 'test1 handle a:')).toMatchObject({ packets: 6, waiting: 0 });

    // Tail drop by frames, by bytes, and of what is longer than the bucket. Behind a bucket without tokens everything waits.
    c.run('dpip qsch del dev test1 root');
    c.run(`
      dpip qsch add dev test1 root tbf rate 8k burst 1100 limit 100000
      dpip qsch add dev test1 handle b: parent root pfifo limit 3
      dpip cls add dev test1 ${pkttype}match pattern udp,to=${f === v6 ? '[::]' : ''}:53 target b:`);
    const burst = [1, 2, 3, 4, 5].map((sport) => question(f, sport));
    const length = burst[0]?.length ?? 0;
    const emptyBucket = (): void => {
      c.send(CLIENTS, question(f, 99, 1050 - f.headerLength));
      c.collectOne(SERVERS);
    };
    emptyBucket();
    c.expectDrops({ tc_limit: 2 }, () => c.send(CLIENTS, ...burst));
    expect(counters(c, 'test1 handle b:')).toMatchObject({ waiting: 3, dropped: 2 });
    c.run('dpip qsch del dev test1 handle b:');
    c.settle({ timers: true, turns: 64 });
    c.run(`
      dpip qsch add dev test1 handle b: parent root bfifo limit ${4 * length}
      dpip cls add dev test1 ${pkttype}match pattern udp,to=${f === v6 ? '[::]' : ''}:53 target b:`);
    c.expectDrops({ tc_limit: 1 }, () => c.send(CLIENTS, ...burst));
    expect(counters(c, 'test1 handle b:')).toMatchObject({ waiting: 4, backlog: 4 * length, dropped: 1 });
    c.run('dpip qsch del dev test1 root');
    c.settle({ timers: true, turns: 64 });
    c.run('dpip qsch replace dev test1 root tbf rate 8m burst 1000 limit 100000');
    c.expectDrops({ tc_too_big: 1 }, () => c.send(CLIENTS, question(f, 9, 1200)));
    c.run('dpip qsch replace dev test1 root pfifo limit 100');
    c.discard();

    // Down a tree: by what is sought the longest first; a target that is not there does not count.
    const six = f === v6 ? ' pkttype ipv6' : '';
    const to = f.name === 'IPv6' ? `[${f.servers[0]}]` : f.servers[0];
    c.run(`
      dpip qsch add dev test1 handle 1: parent root pfifo limit 10
      dpip qsch add dev test1 handle 2: parent 1: tbf rate 8k burst 2000 limit 100000
      dpip cls add dev test1 handle 1:1${six} prio 1 match pattern udp,to=${to} target 1:
      dpip cls add dev test1 handle 1:2${six} prio 2 match pattern tcp,to=${to} target drop
      dpip cls add dev test1 qsch 1: handle 1:3${six} match pattern udp,to=${to},oif=test1 target 2:
      dpip cls add dev test1 qsch 2: handle 1:4${six} match pattern udp,to=${to} target 7:`);
    c.send(CLIENTS, ...[1, 2, 3, 4].map((sport) => question(f, sport, 930)));
    expect(c.collect(SERVERS)).toHaveLength(2);
    expect(counters(c, 'test1 handle 2:')).toMatchObject({ packets: 2, waiting: 2, overlimits: 1 });
    expect(counters(c, 'test1 handle 1:')).toMatchObject({ packets: 0, waiting: 0 });
    c.run(`dpip cls set dev test1 handle 1:1${six} prio 1 match pattern udp,to=${to} target drop`);
    c.expectDrops({ tc_class: 1 }, () => c.send(CLIENTS, question(f, 5)));

    // Changed parameters hold for what waits; what is deleted takes it along.
    c.run('dpip qsch set dev test1 handle 2: tbf rate 8m burst 2000 limit 100000');
    c.warp(10, 10);
    expect(c.collect(SERVERS)).toHaveLength(2);
    c.run(`dpip qsch set dev test1 handle 2: tbf rate 8k burst 1100 limit 100000
      dpip cls del dev test1 handle 1:1
      dpip cls add dev test1${six} match pattern udp,to=${to} target 1:`);
    c.send(CLIENTS, ...[1, 2, 3].map((sport) => question(f, sport, 930)));
    c.collect(SERVERS);
    const { waiting } = counters(c, 'test1 handle 2:');
    expect(waiting).toBeGreaterThan(0);
    c.expectDrops({ tc_gone: waiting }, () => {
      c.run('dpip qsch del dev test1 handle 1:');
      c.settle({ timers: true, turns: 64 });
    });
    expect(c.output('dpip qsch show dev test1').split('\n')).toHaveLength(2);
    c.run('dpip link set test1 tc-egress off');
    c.send(CLIENTS, question(f, 6));
    c.collectOne(SERVERS);
  });

  test('DPL-050 what comes in: classifiers of addresses, ports and ipsets, through a tag, before anybody looks', async () => {
    const c = await startService(f, 1);
    const six = f === v6 ? ' pkttype ipv6' : '';
    const from = f === v6 ? `[${f.client}]` : f.client;
    c.run(`
      dpip ${f === v6 ? '-6 ' : ''}ipset create bad hash:ip,port
      dpip ipset add bad ${f.client},udp:7
      dpip qsch add dev test0 ingress pfifo limit 100
      dpip cls add dev test0 qsch ingress handle 1:${six} match pattern udp,from=${from}:1000-1999,iif=test0 target drop
      dpip cls add dev test0 qsch ingress handle 2:${six} ipset match bad,src target drop
      dpip link set test0 tc-ingress on`);
    expect(c.output('dpip -v link show test0')).toContain('tc-ingress');
    c.send(CLIENTS, question(f, 999));
    c.collectOne(SERVERS);
    c.expectDrops({ tc_class: 2 }, () => c.send(CLIENTS, question(f, 1000), question(f, 7), question(f, 2000)));
    c.collectOne(SERVERS);
    expect(c.command('dpip ipset destroy bad').status).toBe(1);
    c.run('dpip cls del dev test0 qsch ingress handle 2:');
    c.run('dpip ipset destroy bad');
    c.send(CLIENTS, question(f, 7));
    c.collectOne(SERVERS);
    // A tag does not hide what is behind it, on the device and on the VLAN.
    c.run(`
      dpip vlan add link test0 id 5
      dpip addr add ${f.vip}/${f.hostPlen} dev test0.5`);
    c.expectDrops({ tc_class: 1 }, () => c.send(CLIENTS, tagged(5, question(f, 1500))));
    c.run(`
      dpip cls add dev test0 qsch ingress pkttype vlan prio 3 match pattern udp,from=${from}:3000-3999 target drop
      dpip qsch add dev test0.5 ingress pfifo_fast
      dpip cls add dev test0.5 qsch ingress${six} match pattern udp,from=${from}:4000-4999 target drop
      dpip link set test0.5 tc-ingress on`);
    c.expectDrops({ tc_class: 2 }, () => c.send(CLIENTS, tagged(5, question(f, 3000)), question(f, 3000), tagged(5, question(f, 4000)), question(f, 4000)));
    expect(c.collect(SERVERS)).toHaveLength(2);
    expect(counters(c, 'test0 ingress').packets).toBeGreaterThan(4);
    c.run('dpip vlan del test0.5');
    expect(c.command('dpip qsch show dev test0.5').status).toBe(1);
  });
});

test('DPL-050 what a VLAN sends waits before it gets its tag, and again on the device', async () => {
  const c = await startWorld(v4, { oneWorker: 'limits of one', conf: { ipv4_defs: ['forwarding on'] } });
  c.run(`
    dpip vlan add link test1 id 9
    dpip addr add 10.9.0.1/24 dev test1.9
    dpip neigh add 10.9.0.2 lladdr ${mac.server[0]} dev test1.9
    dpip qsch add dev test1.9 root tbf rate 8k burst 1050 limit 2100
    dpip qsch add dev test1 root bfifo limit 100000
    dpip link set test1.9 tc-egress on
    dpip link set test1 tc-egress on`);
  const frame = ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: v4.client, dst: '10.9.0.2' }, udp({ sport: 1, dport: 2, payload: 'x'.repeat(1000) })));
  c.discard();
  c.run('dpip link set test0 tc-egress on');
  // The first takes the tokens, two wait, the fourth finds no room.
  c.send(CLIENTS, frame);
  c.expectDrops({ tc_limit: 1 }, () => c.send(CLIENTS, frame, frame, frame));
  const got = c.collect(SERVERS);
  expect(counters(c, 'test1.9')).toMatchObject({ packets: 1, waiting: 2, dropped: 1 });
  c.run('dpip qsch set dev test1.9 root tbf rate 80m burst 1050 limit 2100');
  c.warp(10, 1);
  got.push(...c.collect(SERVERS));
  expect(got.map((out) => out.subarray(12, 16).toString('hex'))).toEqual(['81000009', '81000009', '81000009']);
  expect(counters(c, 'test1.9')).toMatchObject({ packets: 3, waiting: 0, dropped: 1, bytes: 3 * frame.length });
  expect(counters(c, 'test1')).toMatchObject({ packets: 3, dropped: 0, bytes: 3 * (frame.length + 4) });
});

test('DPL-050 views of each lcore, and what is refused changes nothing', async () => {
  const c = await startWorld(v4, { workers: 2, queues: 2 });
  c.expectOutput('dpip qsch show dev test0', []);
  c.run(`
    dpip qsch add dev test0 root pfifo_fast
    dpip qsch add dev test0 handle 1: parent root tbf rate 2m burst 10000 latency 50 peakrate 4m mtu 2000
    dpip cls add dev test0 handle 8001:1 match pattern tcp,from=192.168.0.1-192.168.0.1:1-1024,oif=test1 target 1:
    dpip qsch add dev test0 ingress pfifo limit 5`);
  c.expectOutput('dpip qsch show dev test0', [
    'qsch pfifo_fast root dev test0 parent 0: flags 0x0 cls 1 bands 3 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1',
    'qsch tbf 1: dev test0 parent root flags 0x0 cls 0 rate 2.00Mbps burst 10000B peakrate 4.00Mbps minburst 2000B limit 12500B',
    'qsch pfifo ingress dev test0 parent 0: flags 0x1 cls 0 limit 5',
  ]);
  c.expectOutput('dpip cls show dev test0', ['cls match 8001:1 dev test0 qsch root pkttype 0x0800 prio 0 TCP,from=192.168.0.1-192.168.0.1:1-1024,oif=test1 target 1:']);
  const lcores = c.output('dpip -s -v qsch show dev test0 ingress').split('\n').filter((line) => line.startsWith('['));
  expect(lcores.map((line) => line.slice(0, 4))).toEqual(['[00]', '[01]', '[02]']);
  const before = c.output('dpip qsch show dev test0') + c.output('dpip cls show dev test0');
  for (const [line, text] of [
    ['qsch add dev test0 root pfifo limit 1', 'invalid parameter'],
    ['qsch add dev nonesuch root pfifo limit 1', 'not exist'],
    ['qsch add dev test0 handle 2: parent 9: pfifo limit 1', 'not exist'],
    ['qsch add dev test0 handle 1: parent root pfifo limit 1', 'already exist'],
    ['qsch add dev test0 handle 3: parent root tbf rate 2m burst 10000 limit 10000 peakrate 1m mtu 2000', 'invalid parameter'],
    ['qsch add dev test0 handle 3: parent root tbf rate 2m burst 10000 limit 10000 peakrate 4m mtu 100', 'invalid parameter'],
    ['qsch set dev test0 handle 1: pfifo limit 7', 'invalid parameter'],
    ['qsch set dev test0 handle 7: pfifo limit 7', 'not exist'],
    ['qsch del dev test0 handle 7:', 'not exist'],
    ['cls add dev test0 qsch 9: match pattern tcp,oif=test1 target drop', 'not exist'],
    ['cls add dev test0 match pattern tcp,from=[2001:db8::1] target drop', 'invalid parameter'],
    ['cls add dev test0 ipset match nonesuch target drop', 'not exist'],
    ['cls add dev test0 handle 8001:1 match pattern tcp,oif=test1 target drop', 'already exist'],
    ['cls del dev test0 handle 9:9', 'not exist'],
    ['cls show dev test1', 'not exist'],
  ] as const) {
    const { status, stderr } = c.command(`dpip ${line}`);
    expect([line, status, stderr.trim().split('\n').at(-1)]).toEqual([line, 1, expect.stringContaining(text)]);
  }
  expect(c.output('dpip qsch show dev test0') + c.output('dpip cls show dev test0')).toBe(before);
  c.run('dpip qsch del dev test0 root');
  c.expectOutput('dpip qsch show dev test0', ['qsch pfifo ingress dev test0 parent 0: flags 0x1 cls 0 limit 5']);
});
