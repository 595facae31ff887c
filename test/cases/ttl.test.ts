// SPDX-License-Identifier: Apache-2.0
// Time to live of balanced packets: untouched, or counted down with xmit_ttl.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case, type CaseOptions } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { ethernet, icmp, icmp6, ip, ipv4, ipv6, raw, udp, type Layer3, type Layer4 } from '../harness/frames';
import {
  CLIENTS, configureAddresses, configureNeighbours, configureService, endpoint, families, mac, quieten, SERVERS, serviceWord, startWorld, v4, v6,
  type Family,
} from './topology'; // prettier-ignore

stopDaemonsAfterEach();

const PORT = 53;
const CPORT = 5000;
const UDP = { proto: 'udp', port: PORT } as const;
const question = udp({ sport: CPORT, dport: PORT, payload: 'question' });

function options(on: boolean): CaseOptions {
  return { conf: { ipvs_defs: ['conn {', 'conn_pool_size 65535', ...(on ? ['xmit_ttl'] : []), '}', 'udp {', 'uoa_max_trail 0', '}'] } };
}

function fromClient(f: Family, ttl: number, l4: Layer4 = question): Layer3 {
  return ip({ src: f.client, dst: f.vip, ttl }, l4);
}

function onClientSide(packet: Layer3, to: 'client' | 'director'): Buffer {
  return ethernet(to === 'client' ? { src: mac.port[0], dst: mac.client } : { src: mac.client, dst: mac.port[0] }, packet);
}

function onServerSide(packet: Layer3, to: 'server' | 'director'): Buffer {
  return ethernet(to === 'server' ? { src: mac.port[1], dst: mac.server[0] } : { src: mac.server[0], dst: mac.port[1] }, packet);
}

/** From the address that the packet was for, as it came. */
function exceeded(f: Family, src: string, dst: string, about: Layer3): Layer3 {
  const rest = Buffer.concat([Buffer.alloc(4), about.bytes]);
  return f === v4 ? ipv4({ src, dst, tos: 0xc0, ttl: 64 }, icmp(11, 0, rest)) : ipv6({ src, dst, hopLimit: 64 }, icmp6(3, 0, rest));
}

async function start(f: Family, on: boolean, mode: string): Promise<Case> {
  const c = await startWorld(f, options(on));
  if (mode === '-b') {
    configureService(c, f, UDP);
    return c;
  }
  c.run(`
    ipvsadm -A ${serviceWord(f, UDP)} -s rr
    ipvsadm -a ${serviceWord(f, UDP)} -r ${endpoint(f.servers[0], PORT)} ${mode}`);
  quieten(c, f);
  return c;
}

/** What the server gets of a question that comes with a TTL. */
function ask(c: Case, f: Family, ttl: number): Buffer {
  c.send(CLIENTS, onClientSide(fromClient(f, ttl), 'director'));
  return c.collectOne(SERVERS);
}

describe.each(families)('$name', (f) => {
  const expired = f === v4 ? 'ip4_ttl' : 'ip6_hop_limit';
  const answer = (dport: number): Layer4 => udp({ sport: PORT, dport, payload: 'answer' });

  test('DPL-102 FullNAT: unchanged by default, one less both ways with xmit_ttl', async () => {
    for (const [on, left] of [[false, 64], [true, 63]] as const) {
      const c = await start(f, on, '-b');
      const frame = ask(c, f, 64);
      const lport = numberOf(frame, 'udp.sport');
      const wanted = ip({ src: f.lip, dst: f.servers[0], ttl: left }, udp({ sport: lport, dport: PORT, payload: 'question' }));
      expect(frame.toString('hex')).toBe(onServerSide(wanted, 'server').toString('hex'));
      const back = ip({ src: f.servers[0], dst: f.lip, ttl: 64 }, answer(lport));
      const seen = ip({ src: f.vip, dst: f.client, ttl: left }, answer(CPORT));
      c.exchange(SERVERS, [onServerSide(back, 'director')], CLIENTS, [onClientSide(seen, 'client')]);
    }
  });

  test('DPL-102 TTL 1 passes by default; with xmit_ttl its sender is told that time is exceeded, on either side', async () => {
    const off = await start(f, false, '-b');
    expect(numberOf(ask(off, f, 1), 'ip.ttl')).toBe(1);
    const c = await start(f, true, '-b');
    const lport = numberOf(ask(c, f, 2), 'udp.sport');
    for (const ttl of [1, 0]) {
      const late = fromClient(f, ttl);
      c.expectDrops({ [expired]: 1 }, () => {
        c.exchange(CLIENTS, [onClientSide(late, 'director')], CLIENTS, [onClientSide(exceeded(f, f.vip, f.client, late), 'client')]);
      });
    }
    const late = ip({ src: f.servers[0], dst: f.lip, ttl: 1 }, answer(lport));
    c.expectDrops({ [expired]: 1 }, () => {
      c.exchange(SERVERS, [onServerSide(late, 'director')], SERVERS, [onServerSide(exceeded(f, f.lip, f.servers[0], late), 'server')]);
    });
  });

  test('DPL-102 NAT counts down, direct routing does not', async () => {
    const nat = await start(f, true, '-m');
    expect(ask(nat, f, 9).toString('hex')).toBe(onServerSide(ip({ src: f.client, dst: f.servers[0], ttl: 8 }, question), 'server').toString('hex'));
    const dr = await start(f, true, '-g');
    for (const ttl of [9, 1]) expect(ask(dr, f, ttl).toString('hex')).toBe(onServerSide(fromClient(f, ttl), 'server').toString('hex'));
  });

  test('DPL-102 tunnel: both headers have one hop less', async () => {
    const c = await start(f, true, '-i');
    const frame = ask(c, f, 9);
    const outer = raw(f === v4 ? 4 : 41, fromClient(f, 8).bytes);
    const ends = { src: f.port[1], dst: f.servers[0] };
    const wanted = f === v4 ? ipv4({ ...ends, ttl: 8, id: numberOf(frame, 'ip.id') }, outer) : ipv6({ ...ends, hopLimit: 8 }, outer);
    expect(frame.toString('hex')).toBe(onServerSide(wanted, 'server').toString('hex'));
  });
});

test('DPL-102 NAT64 counts down', async () => {
  const c = await startWorld(v6, options(true));
  configureAddresses(c, v4);
  configureNeighbours(c, v4);
  c.run(`
    ipvsadm -A ${serviceWord(v6, UDP)} -s rr
    ipvsadm -P ${serviceWord(v6, UDP)} -z ${v4.lip} -F test1
    ipvsadm -a ${serviceWord(v6, UDP)} -r ${endpoint(v4.servers[0], PORT)} -b`);
  quieten(c, v4);
  expect(numberOf(ask(c, v6, 44), 'ip.ttl')).toBe(43);
});

test('DPL-102 a packet that is too long for its way is judged as before', async () => {
  const c = await start(v4, true, '-i');
  const long = ipv4({ src: v4.client, dst: v4.vip, ttl: 9, df: true }, udp({ sport: CPORT, dport: PORT, payload: Buffer.alloc(1460) }));
  c.expectDrops({ lb_too_big: 1 }, () => c.send(CLIENTS, onClientSide(long, 'director')));
  const told = c.collectOne(CLIENTS);
  expect([numberOf(told, 'icmp.type'), numberOf(told, 'icmp.code')]).toEqual([3, 4]);
  // Quoted as it came.
  expect(told.subarray(14 + 20 + 8, 14 + 20 + 8 + 28).toString('hex')).toBe(Buffer.from(long.bytes.subarray(0, 28)).toString('hex'));
});

test('DPL-102 xmit_ttl can be switched while connections live', async () => {
  const c = await start(v4, false, '-b');
  expect(numberOf(ask(c, v4, 64), 'ip.ttl')).toBe(64);
  const text = readFileSync(c.daemon.confFile, 'utf8');
  for (const [conf, ttl] of [[text.replace('conn {', 'conn {\nxmit_ttl'), 63], [text, 64]] as const) {
    const reloads = c.daemon.log().split('read again').length;
    c.daemon.writeConf(conf);
    c.daemon.signal('SIGHUP');
    await c.daemon.waitFor('the reload', () => c.daemon.log().split('read again').length > reloads, 5000);
    c.settle();
    expect(numberOf(ask(c, v4, 64), 'ip.ttl')).toBe(ttl);
  }
});
