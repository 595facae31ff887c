// SPDX-License-Identifier: Apache-2.0
// Services of marks: rules give packets marks, and a mark chooses the service before anything else does.
import { describe, expect, test } from 'vitest';
import { ipBytes, ipText } from '../harness/addresses';
import { startCase, stopDaemonsAfterEach, type Case, type CaseOptions } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { ethernet, ip, tcp, udp, type Layer4 } from '../harness/frames';
import {
  CLIENTS, configureAddresses, configureNeighbours, endpoint, families, fromClient, fromServer, mac, quieten, SERVERS, toClient, toServer, v4, v6,
  type Family,
} from './topology'; // prettier-ignore

stopDaemonsAfterEach();

const NO_UOA = { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', '}', 'udp {', 'uoa_max_trail 0', '}'] } };

async function start(f: Family, options: CaseOptions = {}): Promise<Case> {
  const c = await startCase({ ...NO_UOA, ...options });
  configureAddresses(c, f);
  configureNeighbours(c, f);
  return c;
}

function serviceWord(f: Family, mark = 7): string {
  return f === v4 ? `-f ${mark}` : `-f ${mark} -6`;
}

/** A service of mark 7 with one server. */
function configureMarked(c: Case, f: Family, mode: string, port = 0, extra = ''): void {
  const word = serviceWord(f);
  c.run(`
    ipvsadm -A ${word} -s rr ${extra}
    ipvsadm -a ${word} -r ${endpoint(f.servers[0], port)} ${mode}`);
  if (mode === '-b') c.run(`ipvsadm -P ${word} -z ${f.lip} -F test1`);
  quieten(c, f);
}

function onServerSide(f: Family, l4: Layer4, src: string = f.client, dst: string = f.servers[0]): Buffer {
  return ethernet({ src: mac.port[1], dst: mac.server[0] }, ip({ src, dst }, l4));
}

function fromServerSide(f: Family, l4: Layer4): Buffer {
  return ethernet({ src: mac.server[0], dst: mac.port[1] }, ip({ src: f.servers[0], dst: f.client }, l4));
}

function destination(c: Case): unknown {
  return dissect(c.collectOne(SERVERS)).get('ip.dst');
}

function shown(address: string): string {
  return ipText(ipBytes(address));
}

describe.each(families)('$name', (f) => {
  const host = `${f.vip}/${f.hostPlen}`;

  test('DPL-061 rules are listed as they are added, in their order', async () => {
    const c = await start(f);
    const rules = [`7 to ${host}`, `8 proto tcp from ${f.servers[0]}/${f.hostPlen} to ${host} sport 1-1023 dport 443 iif test0`, `9 proto udp to ${host}`];
    for (const rule of rules) c.run(`dpip mark add ${rule}`);
    c.expectOutput('dpip mark show', rules);
    expect(c.command(`dpip mark add 10 to ${host}`)).toEqual({ status: 1, stdout: '', stderr: 'dpip: there is a rule for these packets already: see mark show, and delete it first\n' });
    expect(c.command(`dpip mark add 10 to ${host} iif test9`)).toEqual({ status: 1, stdout: '', stderr: 'dpip: there is no device test9: see link show\n' });
    expect(c.command(`dpip mark del 9 to ${host}`)).toEqual({ status: 1, stdout: '', stderr: 'dpip: there is no such rule: see mark show\n' });
    c.run(`dpip mark del 7 to ${host}`);
    c.expectOutput('dpip mark show', rules.slice(1));
    c.run('dpip mark flush');
    c.expectOutput('dpip mark show', []);
  });

  test('DPL-061 FullNAT by mark: any port, TCP and UDP, one service', async () => {
    const c = await start(f);
    configureMarked(c, f, '-b');
    c.run(`dpip mark add 7 to ${host}`);
    for (const dport of [80, 8080]) {
      const question = { sport: 5000, dport, payload: 'q' };
      c.send(CLIENTS, fromClient(f, udp(question)));
      const frame = c.collectOne(SERVERS);
      const lport = numberOf(frame, 'udp.sport');
      expect(frame.toString('hex')).toBe(toServer(f, udp({ ...question, sport: lport })).toString('hex'));
      c.exchange(SERVERS, [fromServer(f, udp({ sport: dport, dport: lport }))], CLIENTS, [toClient(f, udp({ sport: dport, dport: 5000 }))]);
      c.send(CLIENTS, fromClient(f, tcp({ sport: 5000, dport, seq: 1, flags: 'S' })));
      const syn = c.collectOne(SERVERS);
      expect([numberOf(syn, 'tcp.dport'), dissect(syn).get('ip.dst')]).toEqual([dport, shown(f.servers[0])]);
    }
    expect(c.output('ipvsadm -lnc').trim().split('\n')).toHaveLength(4);
    expect(c.output('ipvsadm -ln')).toMatch(/FWM {2}7.* rr\s*\n +-> .*:0 +FullNat +1 +0 +4/);
  });

  test('DPL-061 NAT, direct routing and tunnel by mark', async () => {
    const c = await start(f);
    c.run(`dpip mark add 7 proto udp to ${host} dport 50-60 iif test0`);
    const question = { sport: 5000, dport: 53, payload: 'q' };
    configureMarked(c, f, '-m', 5353);
    c.exchange(CLIENTS, [fromClient(f, udp(question))], SERVERS, [onServerSide(f, udp({ ...question, dport: 5353 }))]);
    c.exchange(SERVERS, [fromServerSide(f, udp({ sport: 5353, dport: 5000 }))], CLIENTS, [toClient(f, udp({ sport: 53, dport: 5000 }))]);
    c.run(`ipvsadm -D ${serviceWord(f)}`);
    configureMarked(c, f, '-g');
    c.exchange(CLIENTS, [fromClient(f, udp({ ...question, dport: 54 }))], SERVERS, [onServerSide(f, udp({ ...question, dport: 54 }), f.client, f.vip)]);
    c.run(`ipvsadm -D ${serviceWord(f)}`);
    configureMarked(c, f, '-i');
    c.send(CLIENTS, fromClient(f, udp({ ...question, dport: 55 })));
    expect(destination(c)).toBe(shown(f.servers[0]));
    // Outside of the rule's ports there is no mark.
    c.expectDrops({ local_no_service: 1 }, () => c.send(CLIENTS, fromClient(f, udp({ ...question, dport: 61 }))));
  });

  test('DPL-061 a mark comes before an address; without rules there are no marks', async () => {
    const c = await start(f);
    configureMarked(c, f, '-g');
    const plain = `-u ${endpoint(f.vip, 53)}`;
    c.run(`
      ipvsadm -A ${plain} -s rr
      ipvsadm -a ${plain} -r ${endpoint(f.servers[1], 53)} -g`);
    const server = (sport: number): unknown => {
      c.send(CLIENTS, fromClient(f, udp({ sport, dport: 53 })));
      return dissect(c.collectOne(SERVERS)).get('eth.dst');
    };
    expect(server(1)).toBe(mac.server[1]);
    c.run(`dpip mark add 7 to ${host}`);
    expect([server(1), server(2)]).toEqual([mac.server[1], mac.server[0]]);
    c.run(`dpip mark del 7 to ${host}`);
    expect([server(2), server(3)]).toEqual([mac.server[0], mac.server[1]]);
    // A mark of no service.
    c.run(`dpip mark add 8 to ${host}`);
    expect(server(4)).toBe(mac.server[1]);
    // The first rule counts.
    c.run(`dpip mark add 7 proto udp to ${host}`);
    expect(server(5)).toBe(mac.server[1]);
  });

  test.each([2, 1])('DPL-061 DPL-085 two workers, %i queues: both ways, and after rules have changed', async (queues) => {
    const c = await start(f, { workers: 2, queues });
    configureMarked(c, f, '-m', 0, '-p 60');
    c.run(`dpip mark add 7 to ${host}`);
    const last = queues - 1;
    const both = (sport: number): void => {
      const question = { sport, dport: 1000 + sport, payload: 'q' };
      c.sendOn(CLIENTS, sport & last, fromClient(f, udp(question)));
      c.expectFrames(SERVERS, onServerSide(f, udp(question)));
      const answer = { sport: 1000 + sport, dport: sport };
      c.sendOn(SERVERS, sport & last, fromServerSide(f, udp(answer)));
      c.expectFrames(CLIENTS, toClient(f, udp(answer)));
    };
    for (let sport = 1; sport < 17; sport++) both(sport);
    c.run('dpip mark flush');
    for (let sport = 1; sport < 17; sport++) both(sport);
    expect(c.output('ipvsadm -lnc').trim().split('\n')).toHaveLength(16);
  });
});

test('a service of a mark beside one of an address: no two connections have one local port', async () => {
  const c = await start(v4, { oneWorker: 'ports are taken in one order' });
  configureMarked(c, v4, '-b');
  const plain = `-u ${endpoint(v4.vip, 53)}`;
  c.run(`
    ipvsadm -A ${plain} -s rr
    ipvsadm -P ${plain} -z ${v4.lip} -F test1
    ipvsadm -a ${plain} -r ${endpoint(v4.servers[0], 53)} -b
    dpip mark add 7 proto udp from ${v4.client}/32 to ${v4.vip}/32 dport 53 sport 1-1000`);
  const seen = new Set<number>();
  for (let sport = 900; sport < 1100; sport++) {
    c.send(CLIENTS, fromClient(v4, udp({ sport, dport: 53 })));
    seen.add(numberOf(c.collectOne(SERVERS), 'udp.sport'));
  }
  expect(seen.size).toBe(200);
});

test('NAT: a client at two addresses of one server is refused while the first connection is in use', async () => {
  const c = await start(v4);
  for (const port of [53, 54]) {
    const word = `-u ${endpoint(v4.vip, port)}`;
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(v4.servers[0], 5353)} -m`);
  }
  const ask = (dport: number): void => c.send(CLIENTS, fromClient(v4, udp({ sport: 5000, dport })));
  ask(53);
  // Nobody answered yet: the newer one takes its place.
  ask(54);
  expect(c.collect(SERVERS)).toHaveLength(2);
  expect(c.output('ipvsadm -lnc').trim().split('\n')).toHaveLength(1);
  const answer = udp({ sport: 5353, dport: 5000 });
  c.exchange(SERVERS, [fromServerSide(v4, answer)], CLIENTS, [toClient(v4, udp({ sport: 54, dport: 5000 }))]);
  c.expectDrops({ tuple_in_use: 1 }, () => ask(53));
  c.exchange(SERVERS, [fromServerSide(v4, answer)], CLIENTS, [toClient(v4, udp({ sport: 54, dport: 5000 }))]);
});

test('a rule of IPv6 without addresses is written so that it is one again', async () => {
  const c = await start(v6);
  c.run('dpip -6 mark add 7');
  c.expectOutput('dpip mark show', ['7 to ::/0']);
  expect(c.output('dpip -4 mark show')).toBe('');
  c.run('dpip mark flush');
  c.run('dpip mark add 7 to ::/0');
  c.run('dpip -6 mark del 7');
});
