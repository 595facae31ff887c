// SPDX-License-Identifier: Apache-2.0
// Persistent services: the connections of a client network go to one server for as long as they are remembered.
import { describe, expect, test } from 'vitest';
import { ipBytes, ipText } from '../harness/addresses';
import { startCase, stopDaemonsAfterEach, type Case, type CaseOptions } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { ethernet, ip, tcp, udp } from '../harness/frames';
import {
  CLIENTS, configureAddresses, configureNeighbours, configureService, endpoint, families, mac, quieten, SERVERS,
  serviceWord, startWorld, v4, v6, type Family, type ServiceOptions,
} from './topology'; // prettier-ignore
import { startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const PORT = 80;
const SECONDS = 60;
const ONE_WORKER = { oneWorker: 'the scheduler goes round on each worker' };
const ALL_SERVERS = [0, 1, 2].map((index) => ({ index, weight: 1 }));

/** Two clients of one network, and one of another. */
const clients = {
  IPv4: { mask: '255.255.255.0', plen: 24, near: ['10.9.1.1', '10.9.1.254'], far: '10.9.2.1', network: '10.9.1.0' },
  IPv6: { mask: '64', plen: 64, near: ['2001:db8:9:1::1', '2001:db8:9:1:ffff::fe'], far: '2001:db8:9:2::1', network: '2001:db8:9:1::' },
} as const;

type Proto = 'tcp' | 'udp';

function opener(f: Family, proto: Proto, src: string, sport: number, dport = PORT): Buffer {
  const l4 = proto === 'tcp' ? tcp({ sport, dport, seq: 1, flags: 'S' }) : udp({ sport, dport, payload: 'q' });
  return ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src, dst: f.vip }, l4));
}

/** The server, by index, that the only frame went to. */
function served(c: Case, f: Family): number {
  const dst = dissect(c.collectOne(SERVERS)).get('ip.dst');
  return f.servers.findIndex((server) => ipText(ipBytes(server)) === dst);
}

/** Opens a connection and says which server has it. */
function open(c: Case, f: Family, proto: Proto, src: string, sport: number, dport = PORT): number {
  c.send(CLIENTS, opener(f, proto, src, sport, dport));
  return served(c, f);
}

async function start(f: Family, service: Partial<ServiceOptions> = {}, options: CaseOptions = {}): Promise<Case> {
  const c = await startWorld(f, options);
  configureService(c, f, { proto: 'tcp', port: PORT, servers: ALL_SERVERS, extra: `-p ${SECONDS} -M ${clients[f.name].mask}`, ...service });
  return c;
}

function lines(c: Case, command: string): string[] {
  return c.output(command).split('\n').filter((line) => line !== '');
}

function templates(c: Case): string[] {
  return lines(c, 'ipvsadm -lnc --persistent-conn');
}

/** Persistent connections of the servers of the only service. */
function persistent(c: Case, f: Family): number[] {
  const rows = lines(c, 'ipvsadm -ln --persistent-conn');
  return f.servers.map((server) => Number(rows.find((row) => row.includes(`-> ${endpoint(server, PORT)}`))?.trim().split(/\s+/)[3] ?? -1));
}

describe.each(families)('$name', (f) => {
  const { near, far, network } = clients[f.name];
  const word = serviceWord(f, { proto: 'tcp', port: PORT });
  const server = (index: number): string => endpoint(f.servers[index] ?? '', PORT);

  test.each(['tcp', 'udp'] as const)('DPL-081 %s: a network of clients stays with its server until it is forgotten', async (proto) => {
    const c = await start(f, { proto }, ONE_WORKER);
    const first = open(c, f, proto, near[0], 1000);
    expect([open(c, f, proto, near[0], 1001), open(c, f, proto, near[1], 1002)]).toEqual([first, first]);
    const other = open(c, f, proto, far, 1003);
    expect(other).not.toBe(first);
    expect(open(c, f, proto, near[0], 1004)).toBe(first);
    expect(templates(c)).toHaveLength(2);
    // UDP connections last 300 s, those of SYNs 30 s; then the templates go.
    c.warp((300 + 2 * SECONDS + 4) * 1000, 4000);
    expect(lines(c, 'ipvsadm -lnc')).toEqual([]);
    expect(templates(c)).toEqual([]);
    expect(persistent(c, f)).toEqual([0, 0, 0]);
    c.discard();
    const anew = open(c, f, proto, near[0], 1005);
    expect([first, other]).not.toContain(anew);
  });

  test('DPL-081 each connection starts the time anew, and an open one keeps its template', async () => {
    const c = await start(f, {}, ONE_WORKER);
    const first = open(c, f, 'tcp', near[0], 1000);
    for (let i = 1; i <= 3; i++) {
      c.warp((SECONDS - 5) * 1000, 5000);
      expect(open(c, f, 'tcp', near[0], 1000 + i)).toBe(first);
    }
    const t = startConnection(c, f, PORT, 3000, 77, open(c, f, 'tcp', f.client, 2999));
    // The SYNs are forgotten after 30 s; the template of the connection that lives stays beside it.
    for (let i = 0; i < 4; i++) {
      c.warp((SECONDS - 1) * 1000, 4000);
      c.send(CLIENTS, t.clientFrame({ seq: 78, ack: 5_000_001, flags: 'A' }));
    }
    expect(t.state()).toBe('TCP_EST');
    expect(templates(c)).toHaveLength(1);
    expect(templates(c)[0]).toContain(endpoint(f === v4 ? '10.0.0.0' : '2001:db8::', 0));
  });

  test('DPL-068 DPL-081 templates in listings', async () => {
    const c = await start(f);
    const index = open(c, f, 'tcp', near[0], 1000);
    open(c, f, 'tcp', near[1], 1001);
    expect(lines(c, 'ipvsadm -lnc')).toHaveLength(2);
    const ends = [endpoint(network, 0), endpoint(f.vip, PORT), endpoint(network, 0), server(index)];
    expect(templates(c).map((line) => line.replace(/^\[\d+\]/, '').split(/\s+/))).toEqual([['tcp', `${SECONDS}s`, 'TCP_NONE', ...ends]]);
    const found = c.output(`ipvsadm -lnc --persistent-conn --sockpair tcp:${endpoint(network, 0)}:${endpoint(f.vip, PORT)}`);
    expect(found).toContain(endpoint(network, 0));
    const counts = [0, 0, 0];
    counts[index] = 1;
    expect(persistent(c, f)).toEqual(counts);
    // No connection, nothing carried.
    const row = lines(c, 'ipvsadm -ln --stats --exact').find((text) => text.includes(endpoint(f.vip, PORT))) ?? '';
    expect(row.trim().split(/\s+/)[2]).toBe('2');
    const json = JSON.parse(c.command('ipvsadm -lnc --persistent-conn --details --json').stdout) as { connections: Record<string, unknown>[] };
    expect(json.connections).toHaveLength(1);
    expect(json.connections[0]).toMatchObject({ template: true, forwarding: 'fullnat' });
  });

  test('a deleted server is replaced, also when its connections go on', async () => {
    const c = await start(f);
    const first = open(c, f, 'tcp', near[0], 1000);
    c.run(`ipvsadm -d ${word} -r ${server(first)}`);
    const second = open(c, f, 'tcp', near[0], 1001);
    expect(second).not.toBe(first);
    expect(open(c, f, 'tcp', near[0], 1002)).toBe(second);
    c.run(`ipvsadm -a ${word} -r ${server(first)} -b`);
    expect(open(c, f, 'tcp', near[0], 1003)).toBe(second);
    expect(persistent(c, f)[second]).toBe(1);
    expect(persistent(c, f)[first]).toBe(0);
    expect(templates(c)).toHaveLength(1);
    // The ends of connections of either server are counted at the template that both follow.
    c.warp((30 + SECONDS + 2) * 1000, 4000);
    c.warp((SECONDS + 2) * 1000, 4000);
    expect(templates(c)).toEqual([]);
    expect(persistent(c, f)).toEqual([0, 0, 0]);
  });

  test('a deleted service: the same one added again schedules anew', async () => {
    const c = await start(f);
    open(c, f, 'tcp', near[0], 1000);
    c.run(`ipvsadm -D ${word}`);
    configureService(c, f, { proto: 'tcp', port: PORT, servers: [{ index: 2, weight: 1 }], extra: `-p ${SECONDS}` });
    expect(open(c, f, 'tcp', near[0], 1001)).toBe(2);
    expect(templates(c)).toHaveLength(2);
    c.warp((30 + 2 * SECONDS + 4) * 1000, 4000);
    expect(templates(c)).toEqual([]);
  });

  test('an edited service: another mask and time', async () => {
    const c = await start(f, {}, ONE_WORKER);
    const first = open(c, f, 'tcp', near[0], 1000);
    c.run(`ipvsadm -E ${word} -s rr -p 100 -M ${f === v4 ? '255.255.255.255' : '128'}`);
    const own = open(c, f, 'tcp', near[1], 1004);
    expect(open(c, f, 'tcp', near[1], 1005)).toBe(own);
    expect(templates(c).some((line) => line.includes(` 100s `) && line.includes(endpoint(near[1], 0)))).toBe(true);
    c.run(`ipvsadm -E ${word} -s rr -p ${SECONDS} -M ${clients[f.name].mask}`);
    expect(open(c, f, 'tcp', near[1], 1006)).toBe(first);
  });

  test('services never share a template', async () => {
    const c = await start(f);
    const first = open(c, f, 'tcp', near[0], 1000);
    const others = [0, 1, 2].filter((index) => index !== first);
    const extra = `-p ${SECONDS} -M ${clients[f.name].mask}`;
    configureService(c, f, { proto: 'udp', port: PORT, servers: [{ index: others[0] ?? 0, weight: 1 }], extra });
    configureService(c, f, { proto: 'tcp', port: 81, servers: [{ index: others[1] ?? 0, weight: 1 }], extra });
    expect(open(c, f, 'udp', near[0], 1000)).toBe(others[0]);
    expect(open(c, f, 'tcp', near[0], 1000, 81)).toBe(others[1]);
    expect(open(c, f, 'tcp', near[0], 1001)).toBe(first);
    expect(templates(c)).toHaveLength(3);
  });

  test('DPL-062 DPL-081 a service of port 0: all ports of a client go to one server', async () => {
    const c = await startWorld(f);
    const any = `-t ${endpoint(f.vip, 0)}`;
    c.run(`
      ipvsadm -A ${any} -s rr -p ${SECONDS} -M ${clients[f.name].mask}
      ipvsadm -P ${any} -z ${f.lip} -F test1
      ${f.servers.map((address) => `ipvsadm -a ${any} -r ${address} -b`).join('\n')}`);
    quieten(c, f);
    const first = open(c, f, 'tcp', near[0], 1000, 80);
    expect([443, 8080].map((port) => open(c, f, 'tcp', near[1], 1001, port))).toEqual([first, first]);
    expect(templates(c)).toHaveLength(1);
    expect(templates(c)[0]).toContain(` ${endpoint(f.vip, 0)} `);
  });

  test('weight 0: a client that is known stays', async () => {
    const c = await start(f);
    const first = open(c, f, 'tcp', near[0], 1000);
    c.run(`ipvsadm -e ${word} -r ${server(first)} -b -w 0`);
    expect(open(c, f, 'tcp', near[0], 1001)).toBe(first);
    expect(open(c, f, 'tcp', far, 1002)).not.toBe(first);
  });

  test('DPL-082 weight 0 with expire_quiescent_template: the next connection goes elsewhere', async () => {
    const ipvs = ['conn {', 'conn_pool_size 65535', 'expire_quiescent_template', '}'];
    const c = await start(f, {}, { conf: { ipvs_defs: ipvs } });
    const first = open(c, f, 'tcp', near[0], 1000);
    c.run(`ipvsadm -e ${word} -r ${server(first)} -b -w 0`);
    const second = open(c, f, 'tcp', near[0], 1001);
    expect(second).not.toBe(first);
    c.run(`ipvsadm -e ${word} -r ${server(first)} -b -w 1`);
    expect(open(c, f, 'tcp', near[0], 1002)).toBe(second);
    expect(templates(c)).toHaveLength(1);
  });

  test('DPL-083 expire-quiescent of the service ends connections and lets clients go elsewhere', async () => {
    const c = await start(f, { extra: `-p ${SECONDS} --expire-quiescent` });
    const first = open(c, f, 'tcp', near[0], 1000);
    c.run(`ipvsadm -e ${word} -r ${server(first)} -b -w 0`);
    c.expectDrops({ quiescent: 1 }, () => c.send(CLIENTS, opener(f, 'tcp', near[0], 1000)));
    c.discard();
    const second = open(c, f, 'tcp', near[0], 1001);
    expect(second).not.toBe(first);
  });

  test('DPL-083 persistence alone does not end connections of a server with weight 0', async () => {
    const c = await start(f);
    const first = open(c, f, 'tcp', near[0], 1000);
    c.run(`ipvsadm -e ${word} -r ${server(first)} -b -w 0`);
    c.expectDrops({}, () => c.send(CLIENTS, opener(f, 'tcp', near[0], 1000)));
    expect(served(c, f)).toBe(first);
  });

  test('the upper threshold holds for clients that are known', async () => {
    const c = await start(f, { servers: [] }, ONE_WORKER);
    c.run(`ipvsadm -a ${word} -r ${server(0)} -b -x 2`);
    open(c, f, 'tcp', near[0], 1000);
    open(c, f, 'tcp', near[0], 1001);
    c.expectDrops({ dest_overload: 1 }, () => c.send(CLIENTS, opener(f, 'tcp', near[0], 1002)));
  });
});

test('DPL-081 IPv6 clients of IPv4 servers', async () => {
  const c = await startWorld(v6, ONE_WORKER);
  configureAddresses(c, v4);
  configureNeighbours(c, v4);
  const word = serviceWord(v6, { proto: 'udp', port: PORT });
  c.run(`
    ipvsadm -A ${word} -s rr -p ${SECONDS} -M 64
    ipvsadm -P ${word} -z ${v4.lip} -F test1
    ${v4.servers.map((server) => `ipvsadm -a ${word} -r ${endpoint(server, PORT)} -b`).join('\n')}`);
  quieten(c, v4);
  const { near, far, network } = clients.IPv6;
  const opens = (src: string, sport: number): number => {
    c.send(CLIENTS, opener(v6, 'udp', src, sport));
    return served(c, v4);
  };
  const first = opens(near[0], 1000);
  expect([opens(near[0], 1001), opens(near[1], 1002)]).toEqual([first, first]);
  expect(opens(far, 1003)).not.toBe(first);
  expect(templates(c).some((line) => line.includes(endpoint(network, 0)) && line.includes(endpoint(v4.servers[first] ?? '', PORT)))).toBe(true);
});

const CAPACITY = 65535;

/** Fills the table with what does not give way: templates of clients whose packets were scheduled alone. */
function fill(c: Case, f: Family, entries: number): void {
  const word = serviceWord(f, { proto: 'udp', port: 53 });
  c.run(`
    ipvsadm -A ${word} -s rr -o -p 3600
    ipvsadm -a ${word} -r ${endpoint(f.servers[0], 53)} -g`);
  const frames = Array.from({ length: entries }, (_, i) => opener(f, 'udp', `10.77.${i >> 8}.${i & 255}`, 1, 53));
  for (let at = 0; at < frames.length; at += 1024) {
    c.send(CLIENTS, ...frames.slice(at, at + 1024));
    c.discard();
  }
}

test('DPL-081 a table with one place left: no connection without a template, no template without a connection', async () => {
  const c = await start(v4, { servers: [{ index: 0, weight: 1 }] }, ONE_WORKER);
  const full = { conn_table_full: 1 };
  const templatesHere = (): string[] => lines(c, 'ipvsadm -lnc --persistent-conn --proto tcp');
  startConnection(c, v4, PORT, 1000);
  fill(c, v4, CAPACITY - 3);
  c.expectDrops(full, () => c.send(CLIENTS, opener(v4, 'tcp', clients.IPv4.far, 1001)));
  expect(templatesHere()).toHaveLength(1);
  expect(persistent(c, v4)[0]).toBe(1);
  // The place is still there for a client that is known, and then no more.
  startConnection(c, v4, PORT, 1002);
  expect(lines(c, 'ipvsadm -lnc')).toHaveLength(2);
  c.expectDrops(full, () => c.send(CLIENTS, opener(v4, 'tcp', v4.client, 1003)));
  c.expectDrops(full, () => c.send(CLIENTS, opener(v4, 'tcp', clients.IPv4.far, 1004)));
}, 60_000);

describe.each(families)('two workers, $name', (f) => {
  const { near, far, mask } = clients[f.name];
  const QUEUES = [2, 1] as const;

  async function startTwo(queues: number, service: string, mode: string): Promise<Case> {
    const c = await startCase({ workers: 2, queues, conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } });
    configureAddresses(c, f);
    configureNeighbours(c, f);
    c.run([f.vip === v4.vip ? '10.9.0.0/16' : '2001:db8:9::/48'].map((net) => `dpip route add ${net} via ${f.client} dev test0`).join('\n'));
    const word = serviceWord(f, { proto: 'udp', port: PORT });
    c.run(`
      ipvsadm -A ${word} -s rr ${service}
      ${mode === '-b' ? `ipvsadm -P ${word} -z ${f.lip} -F test1` : ''}
      ${f.servers.map((server) => `ipvsadm -a ${word} -r ${endpoint(server, PORT)} ${mode}`).join('\n')}`);
    quieten(c, f);
    return c;
  }

  /** Sends a question on a queue, an answer on each queue, and says which server it was. */
  function exchange(c: Case, queues: number, mode: string, src: string, sport: number): number {
    const toDirector = { src: mac.client, dst: mac.port[0] };
    c.sendOn(CLIENTS, sport % queues, ethernet(toDirector, ip({ src, dst: f.vip }, udp({ sport, dport: PORT, payload: 'q' }))));
    const frame = c.collectOne(SERVERS);
    const lport = numberOf(frame, 'udp.sport');
    const index = f.servers.findIndex((server) => ipText(ipBytes(server)) === dissect(frame).get('ip.dst'));
    const answer = udp({ sport: PORT, dport: mode === '-b' ? lport : sport, payload: 'a' });
    const back = ip({ src: f.servers[index] ?? '', dst: mode === '-b' ? f.lip : src }, answer);
    for (let queue = 0; queue < queues; queue++) {
      c.sendOn(SERVERS, queue, ethernet({ src: mac.server[index] ?? '', dst: mac.port[1] }, back));
      const wanted = ip({ src: f.vip, dst: src }, udp({ sport: PORT, dport: sport, payload: 'a' }));
      c.expectFrames(CLIENTS, ethernet({ src: mac.port[0], dst: mac.client }, wanted));
    }
    return index;
  }

  test.each(QUEUES.flatMap((queues) => [[queues, '-b'], [queues, '-m']] as const))('DPL-081 %i queues, %s: one worker has a network', async (queues, mode) => {
    const c = await startTwo(queues, `-p ${SECONDS} -M ${mask}`, mode);
    const first = exchange(c, queues, mode, near[0], 5000);
    for (let sport = 5001; sport < 5016; sport++) expect(exchange(c, queues, mode, near[sport % 2] ?? '', sport)).toBe(first);
    expect(templates(c)).toHaveLength(1);
    exchange(c, queues, mode, far, 5000);
    expect(templates(c)).toHaveLength(2);
    // Networks are spread over the workers.
    for (let net = 10; net < 30; net++) exchange(c, queues, mode, f === v4 ? `10.9.${net}.7` : `2001:db8:9:${net}::7`, 6000);
    expect(new Set(templates(c).map((line) => line.slice(0, 3)))).toEqual(new Set(['[1]', '[2]']));
  });

  test.each(QUEUES)('%i queues: a NAT server of two services, one of them for all ports', async (queues) => {
    const c = await startTwo(queues, '', '-m');
    const any = `-u ${endpoint(f.port[0], 0)}`;
    c.run(`
      ipvsadm -A ${any} -s rr -p ${SECONDS} -M ${mask}
      ipvsadm -a ${any} -r ${f.servers[0]} -m`);
    for (let sport = 5000; sport < 5016; sport++) {
      const question = udp({ sport, dport: PORT, payload: 'q' });
      c.sendOn(CLIENTS, sport % queues, ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: near[0], dst: f.port[0] }, question)));
      expect(served(c, f)).toBe(0);
      const answer = ip({ src: f.servers[0], dst: near[0] }, udp({ sport: PORT, dport: sport, payload: 'a' }));
      for (let queue = 0; queue < queues; queue++) {
        c.sendOn(SERVERS, queue, ethernet({ src: mac.server[0], dst: mac.port[1] }, answer));
        const wanted = ip({ src: f.port[0], dst: near[0] }, udp({ sport: PORT, dport: sport, payload: 'a' }));
        c.expectFrames(CLIENTS, ethernet({ src: mac.port[0], dst: mac.client }, wanted));
      }
    }
    for (let sport = 6000; sport < 6016; sport++) exchange(c, queues, '-m', near[0], sport);
  });

  test.each(QUEUES)('%i queues: NAT without persistence', async (queues) => {
    const c = await startTwo(queues, '', '-m');
    for (let sport = 5000; sport < 5016; sport++) exchange(c, queues, '-m', near[0], sport);
    expect(lines(c, 'ipvsadm -lnc')).toHaveLength(16);
  });

  test.each(QUEUES)('%i queues: connections go on when a service becomes persistent, gets another mask, and is deleted', async (queues) => {
    const c = await startTwo(queues, '', '-m');
    const word = serviceWord(f, { proto: 'udp', port: PORT });
    const steps = ['', `ipvsadm -E ${word} -s rr -p ${SECONDS} -M ${mask}`, `ipvsadm -E ${word} -s rr -p ${SECONDS} -M ${f === v4 ? '255.255.255.255' : '128'}`, `ipvsadm -D ${word}`];
    const opened: { readonly sport: number; readonly index: number }[] = [];
    for (const [i, step] of steps.entries()) {
      c.run(step);
      for (const { sport, index } of opened) expect(exchange(c, queues, '-m', near[sport % 2] ?? '', sport)).toBe(index);
      if (i === 3) continue;
      for (let sport = 5000 + 10 * i; sport < 5010 + 10 * i; sport++) opened.push({ sport, index: exchange(c, queues, '-m', near[sport % 2] ?? '', sport) });
    }
    expect(lines(c, 'ipvsadm -lnc')).toHaveLength(30);
    // A service of the same name does not take them for its own.
    c.run(`
      ipvsadm -A ${word} -s rr -p ${SECONDS} -M ${f === v4 ? '255.255.0.0' : '48'}
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], PORT)} -m`);
    for (const { sport, index } of opened) expect(exchange(c, queues, '-m', near[sport % 2] ?? '', sport)).toBe(index);
    expect(exchange(c, queues, '-m', near[0], 6000)).toBe(0);
    expect(lines(c, 'ipvsadm -lnc')).toHaveLength(31);
  });
});
