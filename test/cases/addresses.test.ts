// SPDX-License-Identifier: Apache-2.0
// The life of addresses: lifetimes, scopes, flush, link-local ones, announcements on demand.
import { describe, expect, test } from 'vitest';
import { ipBytes, macBytes } from '../harness/addresses';
import { startCase, stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect } from '../harness/dissect';
import { ethernet, icmp6Echo, icmpEcho, ip } from '../harness/frames';
import { CLIENTS, families, mac, quieten, SERVERS, startWorld, v4, type Family } from './topology';

stopDaemonsAfterEach();

const GRATUITOUS_ARP = 16;

function ping(f: Family, dst: string): Buffer {
  const echo = { type: 'request', id: 7, seq: 1 } as const;
  return ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: f.client, dst }, f === v4 ? icmpEcho(echo) : icmp6Echo(echo)));
}

function isAnswered(c: Case, f: Family, dst: string): boolean {
  c.send(CLIENTS, ping(f, dst));
  return c.collect(CLIENTS).some((frame) => dissect(frame).get('icmp.type') === (f === v4 ? 0 : 129));
}

async function startWithClient(f: Family): Promise<Case> {
  const c = await startCase();
  c.run(`
    dpip addr add ${f.port[0]}/${f.plen} dev test0
    dpip neigh add ${f.client} lladdr ${mac.client} dev test0`);
  quieten(c, f);
  return c;
}

function listed(c: Case): string[] {
  return c.output('dpip addr show').split('\n').filter((line) => line.startsWith('inet') && !line.includes('fe80:'));
}

describe.each(families)('$name', (f) => {
  const inet = f === v4 ? 'inet' : 'inet6';

  test('DPL-037 an address with a lifetime goes when it ends, and its routes with it', async () => {
    const c = await startWithClient(f);
    // Longer than it takes to find out that nobody else has the address.
    c.run(`dpip addr add ${f.vip}/${f.plen} dev test0 valid_lft 20`);
    c.warp(8000);
    c.discard();
    expect(isAnswered(c, f, f.vip)).toBe(true);
    expect(c.output('dpip addr show')).toMatch(/valid_lft 1[0-9] /);
    c.warp(13_000);
    expect(isAnswered(c, f, f.vip)).toBe(false);
    expect(isAnswered(c, f, f.port[0])).toBe(true);
    expect(listed(c)).toEqual([`${inet} ${f.port[0]}/${f.plen} scope global test0`]);
    expect(c.output(f === v4 ? 'dpip route show' : 'dpip -6 route show')).not.toContain(f.vip);
  });

  test('DPL-037 set changes the lifetime; forever lasts', async () => {
    const c = await startWithClient(f);
    c.run(`
      dpip addr add ${f.vip}/${f.hostPlen} dev test0 valid_lft 10
      dpip addr set ${f.vip}/${f.hostPlen} dev test0 valid_lft forever`);
    c.warp(100_000, 5000);
    c.discard();
    expect(isAnswered(c, f, f.vip)).toBe(true);
    c.run(`dpip addr set ${f.vip}/${f.hostPlen} dev test0 valid_lft 5`);
    c.warp(7000);
    expect(isAnswered(c, f, f.vip)).toBe(false);
  });

  test('DPL-037 del and flush end what is answered; scopes are listed', async () => {
    const c = await startWithClient(f);
    const more = [f.vip, f.lip];
    c.run(more.map((address) => `dpip addr add ${address}/${f.hostPlen} dev test0 scope link`).join('\n'));
    quieten(c, f);
    expect(listed(c).sort()).toEqual(
      [`${inet} ${f.port[0]}/${f.plen} scope global test0`, ...more.map((address) => `${inet} ${address}/${f.hostPlen} scope link test0`)].sort(),
    );
    expect(isAnswered(c, f, f.vip)).toBe(true);
    c.run(`dpip addr del ${f.vip}/${f.hostPlen} dev test0`);
    expect(isAnswered(c, f, f.vip)).toBe(false);
    expect(isAnswered(c, f, f.lip)).toBe(true);
    c.run('dpip addr flush dev test0');
    expect(listed(c)).toEqual([]);
    expect(isAnswered(c, f, f.lip)).toBe(false);
  });
});

/** Modified EUI-64 (RFC 4291, appendix A). */
function eui64(text: string): string {
  const m = macBytes(text);
  m[0] = (m[0] ?? 0) ^ 2;
  return Buffer.concat([Buffer.from('fe80000000000000', 'hex'), m.subarray(0, 3), Buffer.from('fffe', 'hex'), m.subarray(3)]).toString('hex');
}

async function linkLocals(...lines: readonly string[]): Promise<string[]> {
  const c = await startCase({ conf: { ipv6_defs: lines } });
  const found = [...c.output('dpip addr show').matchAll(/inet6 (fe80:\S+)\/64 scope link (test\d)/g)];
  return found.map(([, address = '', port = '']) => `${port} ${ipBytes(address).toString('hex')}`).sort();
}

describe('DPL-038 link-local addresses', () => {
  const ofMac = mac.port.map((address, i) => `test${i} ${eui64(address)}`);
  const secret = 'stable_secret 00112233445566778899aabbccddeeff';

  test('of the MAC address', async () => {
    expect(await linkLocals('addr_gen_mode eui64')).toEqual(ofMac);
  });

  test('none', async () => {
    expect(await linkLocals('addr_gen_mode none')).toEqual([]);
    expect(await linkLocals('disable on')).toEqual([]);
  });

  test('of a secret: always the same, not the MAC; another secret, another address; none without', async () => {
    const first = await linkLocals('addr_gen_mode stable-privacy', secret);
    expect(first).toHaveLength(2);
    expect(await linkLocals('addr_gen_mode stable-privacy', secret)).toEqual(first);
    const other = await linkLocals('addr_gen_mode stable-privacy', secret.replace('0011', '0012'));
    for (const address of [...first, ...other]) expect(ofMac).not.toContain(address);
    expect(new Set([...first, ...other].map((line) => line.slice(6))).size).toBe(4);
    expect(await linkLocals('addr_gen_mode stable-privacy')).toEqual([]);
  });

  test('by chance', async () => {
    const [first, second] = [await linkLocals('addr_gen_mode random'), await linkLocals('addr_gen_mode random')];
    expect([first.length, second.length]).toEqual([2, 2]);
    expect(first).not.toEqual(second);
  });
});

test('DPL-035 gratuitous ARP on demand, on the port that has the address', async () => {
  const c = await startCase();
  c.run(`dpip addr add ${v4.vip}/32 dev test0`);
  quieten(c, v4);
  const ask = (address: string): Buffer => c.transport.request(GRATUITOUS_ARP, 'set', Buffer.concat([ipBytes(address), Buffer.alloc(4)]));
  ask(v4.vip);
  c.settle({ timers: true });
  const frame = c.collectOne(CLIENTS);
  expect(frame.length).toBe(60);
  expect(Object.fromEntries(dissect(frame))).toMatchObject({
    'eth.dst': mac.broadcast,
    'eth.src': mac.port[0],
    'arp.op': 1,
    'arp.sender.mac': mac.port[0],
    'arp.sender.ip': v4.vip,
    'arp.target.ip': v4.vip,
  });
  expect(() => ask('10.9.9.9')).toThrow(/not exist/);
  expect([c.collect(CLIENTS), c.collect(SERVERS)]).toEqual([[], []]);
});

describe.each(families)('$name', (f) => {
  test('a link that comes back is told to the neighbours, and to the operator', async () => {
    const c = await startWorld(f, {});
    c.run('dpip link set test0 link down');
    await c.daemon.waitFor('the link to go', () => c.daemon.log().includes('test0: link is down'), 5000);
    c.discard();
    c.run('dpip link set test0 link up');
    await c.daemon.waitFor('the link to come', () => c.daemon.log().includes('test0: link is up'), 5000);
    c.settle({ timers: true });
    // Sender of an ARP packet; target of a neighbour advertisement.
    const [start, length] = f === v4 ? [28, 4] : [62, 16];
    const told = c.collect(CLIENTS).map((frame) => frame.subarray(start, start + length).toString('hex'));
    for (const address of [f.vip, f.port[0]]) expect(told).toContain(Buffer.from(ipBytes(address)).toString('hex'));
    expect(c.collect(SERVERS)).toEqual([]);
  });
});
