// SPDX-License-Identifier: Apache-2.0
// VLAN devices: clients in VLAN 100 of port test0, real servers in VLAN 200 of test1.
import { describe, expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach, type Case, type CaseOptions } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { arp, ethernet, udp } from '../harness/frames';
import { CLIENTS, endpoint, families, fromClient, fromServer, mac, quieten, SERVERS, toClient, toServer, v4, type Family } from './topology';

stopDaemonsAfterEach();

const CLIENT_VLAN = 100;
const SERVER_VLAN = 200;
const PORT = 53;

/** The frame with a tag behind its addresses; priority is the upper three bits. */
function tagged(id: number, frame: Buffer, priority = 0): Buffer {
  const tag = Buffer.from([0x81, 0x00, (priority << 5) | (id >> 8), id & 0xff]);
  return Buffer.concat([frame.subarray(0, 12), tag, frame.subarray(12)]);
}

/** The frame without its tag, which must be there. */
function untagged(id: number, frame: Buffer | undefined): Buffer {
  expect(frame?.subarray(12, 16).toString('hex')).toBe(Buffer.from([0x81, 0x00, id >> 8, id & 0xff]).toString('hex'));
  return Buffer.concat([frame?.subarray(0, 12) ?? Buffer.alloc(0), frame?.subarray(16) ?? Buffer.alloc(0)]);
}

async function start(f: Family, options: CaseOptions = {}): Promise<Case> {
  const c = await startCase({ conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] }, ...options });
  c.run(`
    dpip vlan add link test0 id ${CLIENT_VLAN}
    dpip vlan add inside link test1 proto 802.1q id ${SERVER_VLAN}
    dpip addr add ${f.port[0]}/${f.plen} dev test0.${CLIENT_VLAN}
    dpip addr add ${f.vip}/${f.hostPlen} dev test0.${CLIENT_VLAN}
    dpip addr add ${f.port[1]}/${f.plen} dev inside
    dpip neigh add ${f.client} lladdr ${mac.client} dev test0.${CLIENT_VLAN}
    dpip neigh add ${f.servers[0]} lladdr ${mac.server[0]} dev inside
    ipvsadm -A -u ${endpoint(f.vip, PORT)} -s rr
    ipvsadm -P -u ${endpoint(f.vip, PORT)} -z ${f.lip} -F inside
    ipvsadm -a -u ${endpoint(f.vip, PORT)} -r ${endpoint(f.servers[0], PORT)} -b`);
  quieten(c, f);
  return c;
}

/** Packets in and out, bytes in and out, of both VLANs. */
function carried(c: Case): number[] {
  return [`test0.${CLIENT_VLAN}`, 'inside'].flatMap((device) => {
    const [, , , , values = ''] = c.output(`dpip -s link show ${device}`).split('\n');
    return values.trim().split(/\s+/).map(Number);
  });
}

describe.each(families)('$name', (f) => {
  test.each([1, 2])('DPL-023 FullNAT between two VLANs, byte by byte, %i worker(s)', async (workers) => {
    const c = await start(f, workers === 2 ? { workers: 2, queues: 2 } : {});
    const before = carried(c);
    for (const sport of [5000, 5001, 5002]) {
      const question = { sport, dport: PORT, payload: 'q' };
      c.send(CLIENTS, tagged(CLIENT_VLAN, fromClient(f, udp(question)), 5));
      const out = untagged(SERVER_VLAN, c.collectOne(SERVERS));
      const lport = numberOf(out, 'udp.sport');
      expect(out.toString('hex')).toBe(toServer(f, udp({ ...question, sport: lport })).toString('hex'));
      c.send(SERVERS, tagged(SERVER_VLAN, fromServer(f, udp({ sport: PORT, dport: lport, payload: 'a' }))));
      expect(untagged(CLIENT_VLAN, c.collectOne(CLIENTS)).toString('hex')).toBe(toClient(f, udp({ sport: PORT, dport: sport, payload: 'a' })).toString('hex'));
    }
    // Each has counters of its own.
    const bytes = 14 + f.headerLength + 8 + 1;
    expect(carried(c).map((n, i) => n - (before[i] ?? 0))).toEqual([3, 3, 3 * bytes, 3 * bytes, 3, 3, 3 * bytes, 3 * bytes]);
  });

  test('what is not for a VLAN of ours is dropped, and named', async () => {
    const c = await start(f);
    const frame = fromClient(f, udp({ sport: 1, dport: PORT }));
    c.expectDrops({ vlan_unknown: 1 }, () => c.send(CLIENTS, tagged(101, frame)));
    c.expectDrops({ vlan_unknown: 1 }, () => c.send(CLIENTS, tagged(4095, frame)));
    // The VLAN's addresses are not those of the port below, and two tags are one too many.
    c.expectDrops({ vlan_unknown: 1 }, () => c.send(CLIENTS, tagged(CLIENT_VLAN, tagged(CLIENT_VLAN, frame))));
    c.expectDrops({ eth_truncated: 1 }, () => c.send(CLIENTS, tagged(CLIENT_VLAN, frame).subarray(0, 16)));
    expect(c.collect(SERVERS)).toEqual([]);
  });

  test('a tag of VLAN 0 is a priority only', async () => {
    const c = await start(f);
    c.run(`dpip addr add ${f === v4 ? '10.9.0.1/24' : '2001:db8:9::1/64'} dev test0`);
    quieten(c, f);
    const frame = fromClient(f, udp({ sport: 1, dport: PORT }));
    c.send(CLIENTS, tagged(CLIENT_VLAN, tagged(0, frame)));
    expect(untagged(SERVER_VLAN, c.collectOne(SERVERS)).length).toBeGreaterThan(0);
    const manyTags = Array.from({ length: 300 }).reduce<Buffer>((inner) => tagged(0, inner), frame);
    c.expectDrops({ vlan_unknown: 1 }, () => c.send(CLIENTS, manyTags));
  });

  test('a VLAN that goes takes its addresses, routes and neighbours along; connections do not bring the daemon down', async () => {
    const c = await start(f);
    const frame = tagged(CLIENT_VLAN, fromClient(f, udp({ sport: 5000, dport: PORT })));
    c.send(CLIENTS, frame);
    c.collectOne(SERVERS);
    c.run('dpip vlan del inside');
    expect(c.output('dpip addr show')).not.toMatch(/inside/);
    expect(c.output('dpip route show') + c.output('dpip -6 route show')).not.toMatch(/inside/);
    expect(c.output('dpip neigh show')).not.toMatch(/inside/);
    c.expectDrops({ lb_no_route: 1 }, () => c.send(CLIENTS, frame));
    // It comes again, with another id.
    c.run(`
      dpip vlan add inside link test1 id 201
      dpip addr add ${f.port[1]}/${f.plen} dev inside
      dpip neigh add ${f.servers[0]} lladdr ${mac.server[0]} dev inside`);
    quieten(c, f);
    c.send(CLIENTS, frame);
    untagged(201, c.collectOne(SERVERS));
  });
});

test('ARP on a VLAN: asked with the tag, answered with the tag', async () => {
  const c = await start(v4);
  const ask = ethernet({ src: mac.client, dst: mac.broadcast }, arp({ op: 'request', senderMac: mac.client, senderIp: v4.client, targetIp: v4.port[0] }));
  c.send(CLIENTS, tagged(CLIENT_VLAN, ask));
  const answer = dissect(untagged(CLIENT_VLAN, c.collectOne(CLIENTS)));
  expect([answer.get('arp.op'), answer.get('arp.sender.mac')]).toEqual([2, mac.port[0]]);
  // The port below does not have the address.
  c.send(CLIENTS, ask);
  expect(c.collect(CLIENTS)).toEqual([]);
});

test('commands: listed with the ports, named errors, nothing changes by a bad one', async () => {
  const c = await startCase();
  c.run('dpip vlan add link test0 id 7');
  c.expectOutput('dpip vlan show', ['test0.7 link test0 proto 802.1q id 7']);
  expect(c.output('dpip link show')).toMatch(/^3: test0\.7: socket 0 mtu 1500 rx-queue \d+ tx-queue \d+$/m);
  const refused = (line: string, text: RegExp): void => {
    const { status, stderr } = c.command(line);
    expect([status, stderr]).toEqual([1, expect.stringMatching(text)]);
  };
  refused('dpip vlan add link test0 id 7', /already exist/);
  refused('dpip vlan add test1 link test0 id 8', /already exist/);
  refused('dpip vlan add link nosuch id 7', /no such device/);
  refused('dpip vlan add link test0 proto 802.1ad id 9', /invalid parameter/);
  refused('dpip vlan del nosuch', /not exist/);
  refused('dpip vlan del test0', /invalid parameter/);
  refused('dpip link set test0.7 promisc on', /not support/);
  // A VLAN on a VLAN, which the one below cannot leave alone.
  c.run('dpip vlan add deep link test0.7 id 9');
  refused('dpip vlan del test0.7', /busy/);
  c.run(`
    dpip link set test0.7 link down
    dpip vlan del deep
    dpip vlan del link test0 id 7`);
  c.expectOutput('dpip vlan show', []);
});

test('as many as there is room for, and once more', async () => {
  const c = await startCase();
  let made = 0;
  while (c.command(`dpip vlan add link test0 id ${made + 1}`).status === 0) made++;
  expect(made).toBe(62);
  for (let id = 1; id <= made; id++) c.run(`dpip vlan del link test0 id ${id}`);
  c.run('dpip vlan add link test0 id 5');
});
