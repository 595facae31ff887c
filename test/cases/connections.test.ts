// SPDX-License-Identifier: Apache-2.0
// Lists of connections that packets made: filters, counts, what is left of their time, and their own counters.
import { describe, expect, test } from 'vitest';
import { ext } from '../../src/ipc/codec';
import { walkConns } from '../../src/ipc/messages/conn';
import { capabilities } from '../../src/ipc/messages/capabilities';
import { countConnections, walkConnections, type ConnFilter, type ListedConn } from '../../src/ipc/messages/list';
import { ipBytes } from '../harness/addresses';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, fromServer, SERVERS, startWorld, type Family } from './topology';
import { CLIENT_ISN, RS_ISN, startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const WEB = 80;
const DNS = 53;
const ACCOUNTING = { ipvs_defs: ['conn {', 'conn_pool_size 65535', 'conn_accounting on', '}'] };

function familyNumber(f: Family): number {
  return f.name === 'IPv4' ? 2 : 10;
}

function prefix(f: Family, address: string, plen = f.hostPlen): { af: number; addr: Uint8Array; plen: number } {
  return { af: familyNumber(f), addr: Uint8Array.from([...ipBytes(address), ...new Uint8Array(12)]).subarray(0, 16), plen };
}

function list(c: Case, filter: ConnFilter = {}): ListedConn[] {
  return [...walkConnections(c.transport, { filter, more: true })].flat();
}

function clientPorts(c: Case, filter: ConnFilter): number[] {
  return list(c, filter).map(({ cport }) => cport).sort((a, b) => a - b);
}

describe.each(families)('$name', (f) => {
  const query = (sport: number): Buffer => fromClient(f, udp({ sport, dport: DNS, payload: 'query' }));

  /** Two TCP connections that are up, a SYN that waits, two UDP flows, of which one was answered. */
  async function startTraffic(conf = {}): Promise<Case> {
    const c = await startWorld(f, { conf });
    configureService(c, f, { proto: 'tcp', port: WEB, servers: [{ index: 0, weight: 1 }] });
    configureService(c, f, { proto: 'udp', port: DNS, servers: [{ index: 1, weight: 1 }] });
    startConnection(c, f, WEB, 3000);
    startConnection(c, f, WEB, 3001);
    c.send(CLIENTS, fromClient(f, tcp({ sport: 3002, dport: WEB, seq: 1, flags: 'S' })));
    c.send(CLIENTS, query(4000), query(4001));
    const lport = list(c, { proto: 17, cport: 4001 })[0]?.lport ?? 0;
    c.send(SERVERS, fromServer(f, udp({ sport: DNS, dport: lport, payload: 'answer' }), 1));
    c.discard();
    return c;
  }

  test('DPL-068 two thousand connections come in pages; one is found by its ends', async () => {
    const N = 2000;
    const AT_ONCE = 32;
    const c = await startWorld(f, { oneWorker: 'every worker has pages of its own' });
    configureService(c, f, { proto: 'udp', port: DNS, servers: [{ index: 1, weight: 1 }] });
    for (let first = 0; first < N; first += AT_ONCE) {
      const ports = Array.from({ length: Math.min(AT_ONCE, N - first) }, (_, i) => 10_000 + first + i);
      c.send(CLIENTS, ...ports.map((sport) => fromClient(f, udp({ sport, dport: DNS, payload: 'query' }))));
      c.discard();
    }
    const lines = c.output('ipvsadm -lnc').trim().split('\n');
    const clients = new Set(lines.map((line) => line.split(/\s+/)[3]));
    expect([lines.length, clients.size]).toEqual([N, N]);
    const pages = [...walkConns(c.transport, false)];
    expect(pages.map((page) => page.length)).toEqual([1024, N - 1024]);
    const one = c.command(`ipvsadm -lnc --sockpair udp:${endpoint(f.client, 10_777)}:${endpoint(f.vip, DNS)}`);
    expect(one.stdout.trim().split('\n')).toEqual([lines.find((line) => line.includes(`${endpoint(f.client, 10_777)} `))?.trim()]);
    expect(c.command(`ipvsadm -lnc --sockpair udp:${endpoint(f.client, 9)}:${endpoint(f.vip, DNS)}`).status).not.toBe(0);
  });

  test('every filter, alone and together', async () => {
    const c = await startTraffic();
    const all = [3000, 3001, 3002, 4000, 4001];
    const [web] = list(c, { cport: 3001 });
    if (web === undefined) throw new Error('there is no connection from port 3001');
    const rows: readonly (readonly [ConnFilter, readonly number[]])[] = [
      [{}, all],
      [{ af: familyNumber(f) }, all],
      [{ af: f.name === 'IPv4' ? 10 : 2 }, []],
      [{ proto: 17 }, [4000, 4001]],
      [{ client: prefix(f, f.client) }, all],
      [{ client: prefix(f, f.servers[0], f.plen) }, []],
      [{ vip: prefix(f, f.vip, f.plen) }, all],
      [{ vport: WEB }, [3000, 3001, 3002]],
      [{ laddr: prefix(f, f.lip), lport: web.lport }, [3001]],
      [{ rs: prefix(f, f.servers[1]) }, [4000, 4001]],
      [{ rport: DNS }, [4000, 4001]],
      [{ state: 'TCP_EST' }, [3000, 3001]],
      [{ state: 'SYN_RECV' }, [3002]],
      [{ state: 'UDP_NORM' }, [4001]],
      [{ state: 'LISTEN' }, []],
      [{ proto: 6, state: 'TCP_EST', cport: 3000 }, [3000]],
      [{ proto: 6, client: prefix(f, f.client), cport: 3001, vip: prefix(f, f.vip), vport: WEB }, [3001]],
      [{ proto: 6, client: prefix(f, f.client), cport: 4001, vip: prefix(f, f.vip), vport: WEB }, []],
    ];
    for (const [filter, ports] of rows) expect({ filter, ports: clientPorts(c, filter) }).toEqual({ filter, ports });
    const lcores = (capabilities(c.transport).hello?.lcores ?? []).filter(({ role }) => role === 'worker');
    expect(lcores.flatMap(({ id }) => clientPorts(c, { lcore: id })).sort((a, b) => a - b)).toEqual(all);
    expect(() => clientPorts(c, { lcore: 99 })).toThrow(/invalid/i);
  });

  test('counts by service, server and state', async () => {
    const c = await startTraffic();
    const counts = (filter: ConnFilter): Record<string, number> => {
      const sums: Record<string, number> = {};
      for (const { vport, dport, state, count } of countConnections(c.transport, filter)) {
        const key = `${vport} ${dport} ${state}`;
        sums[key] = (sums[key] ?? 0) + Number(count);
      }
      return sums;
    };
    const udpCounts = { '53 53 UDP_ONEWAY': 1, '53 53 UDP_NORM': 1 };
    expect(counts({})).toEqual({ '80 80 TCP_EST': 2, '80 80 SYN_RECV': 1, ...udpCounts });
    expect(counts({ proto: 17 })).toEqual(udpCounts);
  });

  test('time left; no counters unless they are asked for', async () => {
    const c = await startTraffic();
    expect((capabilities(c.transport).hello?.features ?? 0n) & BigInt(ext.DS_FEATURE_ACCOUNTING)).toBe(0n);
    c.warp(10_000);
    const [web] = list(c, { cport: 3000 });
    const unknown = 0xffff_ffff_ffff_ffffn;
    expect(web?.more).toEqual({
      in_packets: unknown, in_bytes: unknown, out_packets: unknown, out_bytes: unknown, age_ms: unknown,
      left_ms: 80_000, fwd: 5, flags: 0x1105,
    });
    // A packet of the client starts it anew.
    const [before] = list(c, { cport: 4000 });
    c.send(CLIENTS, query(4000));
    const [after] = list(c, { cport: 4000 });
    expect([before?.more?.left_ms, after?.more?.left_ms]).toEqual([290_000, 300_000]);
  });

  test('conn_accounting: packets and bytes of each connection, and its age', async () => {
    const c = await startWorld(f, { conf: ACCOUNTING });
    expect((capabilities(c.transport).hello?.features ?? 0n) & BigInt(ext.DS_FEATURE_ACCOUNTING)).not.toBe(0n);
    configureService(c, f, { proto: 'tcp', port: WEB });
    const t = startConnection(c, f, WEB, 3000);
    c.warp(20_000);
    startConnection(c, f, WEB, 3001);
    const data = { seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'PA', payload: 'four' };
    const answer = { seq: RS_ISN + 1, flags: 'PA', payload: '123456' };
    t.clientSends(data, { ...data, seq: data.seq + t.delta });
    t.serverSends({ ...answer, ack: data.seq + t.delta }, { ...answer, ack: data.seq });
    c.warp(5000);
    const header = f.headerLength + 20;
    const rows = list(c).sort((a, b) => a.cport - b.cport).map(({ cport, more }) => ({ cport, ...more }));
    expect(rows).toMatchObject([
      { cport: 3000, in_packets: 3n, in_bytes: BigInt(3 * header + 4), out_packets: 2n, out_bytes: BigInt(2 * header + 6), age_ms: 25_000n },
      { cport: 3001, in_packets: 2n, in_bytes: BigInt(2 * header), out_packets: 1n, out_bytes: BigInt(header), age_ms: 5000n },
    ]);
  });

  test('conn_accounting: a connection in the place of another starts from the beginning', async () => {
    const c = await startWorld(f, { conf: ACCOUNTING });
    configureService(c, f, { proto: 'udp', port: DNS });
    c.send(CLIENTS, query(4000), query(4000), query(4000));
    c.warp(302_000, 10_000);
    expect(list(c)).toEqual([]);
    c.send(CLIENTS, query(4001));
    c.discard();
    expect(list(c)).toMatchObject([{ cport: 4001, more: { in_packets: 1n, out_packets: 0n, out_bytes: 0n, age_ms: 0n } }]);
  });
});
