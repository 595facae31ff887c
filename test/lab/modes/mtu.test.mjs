// SPDX-License-Identifier: Apache-2.0
// Path MTU discovery through the director: client and server are each behind a router whose link to them takes 1,400 bytes, while their
// own interfaces say 1,500. Both learn of it only if the routers' ICMP errors reach them, as errors about packets that they know.
//
//   far ── client (router) ── director ── rs1 (router) ── deep
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, NET, until } from '../../../scripts/lab/lab.mjs';
import { endpoint, MODES, vipOf } from '../../../scripts/lab/net.mjs';
import { addressCommands, serviceCommands, vipCommands } from '../../../scripts/lab/services.mjs';
import { holdVip, layBypass, startDecapsulator } from '../../../scripts/lab/servers.mjs';
import { BIG, webServer } from '../../../scripts/lab/web.mjs';

const NARROW = 1400;
const FAR = { name: 'far', router: 'client', 4: '10.0.3.10', 6: 'fd00:3::10', gateway: { 4: '10.0.3.1', 6: 'fd00:3::1' }, net: { 4: '10.0.3.0/24', 6: 'fd00:3::/64' } };
const DEEP = { name: 'deep', router: 'rs1', 4: '10.0.4.10', 6: 'fd00:4::10', gateway: { 4: '10.0.4.1', 6: 'fd00:4::1' }, net: { 4: '10.0.4.0/24', 6: 'fd00:4::/64' } };

/** A host behind a router that passes no more than NARROW bytes on to it. */
function addHost(lab, host) {
  lab.addNamespace(host.name);
  lab.exec(host.router, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.default.rp_filter=0', 'net.ipv4.conf.eth0.rp_filter=0', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0']);
  lab.cable(host.router, 'eth2', host.name, 'eth0');
  lab.host(host.router, 'eth2', host.gateway[4], host.gateway[6]);
  lab.host(host.name, 'eth0', host[4], host[6]);
  for (const af of [4, 6]) {
    lab.exec(host.router, 'ip', [`-${af}`, 'route', 'del', host.net[af], 'dev', 'eth2']);
    lab.exec(host.router, 'ip', [`-${af}`, 'route', 'add', host.net[af], 'dev', 'eth2', 'mtu', 'lock', String(NARROW)]);
    // What one end has learned must not make it ask the other for less.
    lab.exec(host.name, 'ip', [`-${af}`, 'route', 'add', 'default', 'via', host.gateway[af], 'advmss', af === 4 ? '1460' : '1440']);
  }
}

const CASES = [
  ['FullNAT', 4, { up: NARROW, down: NARROW }],
  ['FullNAT', 6, { up: NARROW, down: NARROW }],
  ['NAT', 4, { up: NARROW, down: NARROW }],
  ['NAT', 6, { up: NARROW, down: NARROW }],
  // The director's own header takes part of the way to the server.
  ['tunnel', 4, { up: NARROW - 20, down: NARROW }],
  ['tunnel', 6, { up: NARROW - 40, down: NARROW }],
  // Headers of IPv6 are 20 bytes longer.
  ['NAT64', 6, { up: NARROW + 20, down: NARROW - 20 }],
];

describe('path MTU', () => {
  let lab;
  beforeAll(async () => {
    lab = new Lab({ servers: 1 });
    await lab.open({ web: false, configure: false });
    layBypass(lab);
    addHost(lab, FAR);
    addHost(lab, DEEP);
    // Answers that pass the director again, and those of the tunnel, which do not.
    for (const af of [4, 6]) lab.exec('rs1', 'ip', [`-${af}`, 'route', 'add', FAR.net[af], 'via', af === 4 ? NET.lan4 : NET.lan6]);
    holdVip(lab, 'deep', 'tunnel', DEEP.gateway);
    for (const af of [4, 6]) {
      lab.exec('rs1', 'ip', [`-${af}`, 'rule', 'add', 'from', vipOf('tunnel', af), 'lookup', '100']);
      lab.exec('rs1', 'ip', [`-${af}`, 'route', 'add', 'default', 'via', af === 4 ? NET.past4 : NET.past6, 'table', '100']);
    }
    await startDecapsulator(lab, 'deep');
    lab.start('deep', 'nginx', webServer(lab.dir, 'deep'));
    await until('nginx', () => lab.exec('deep', 'curl', ['-s', '-o', '/dev/null', 'http://127.0.0.1/'], { ok: false }).status === 0);
    const commands = addressCommands();
    for (const af of [4, 6]) {
      const family = af === 6 ? ['-6'] : [];
      commands.push(
        ['dpip', ...family, 'route', 'add', FAR.net[af], 'via', af === 4 ? NET.client4 : NET.client6, 'dev', 'dpdk0'],
        ['dpip', ...family, 'route', 'add', DEEP.net[af], 'via', af === 4 ? NET.rs4(1) : NET.rs6(1), 'dev', 'dpdk1'],
      );
    }
    for (const [mode, af] of CASES)
      commands.push(...vipCommands(mode, af), ...serviceCommands({ mode, af, port: 80, servers: [DEEP[MODES[mode].serverAf ?? af]] }));
    lab.configureAtOnce(commands);
  }, 60_000);
  afterAll(() => lab?.close());

  /** What a host has learned of the way to an address. */
  const learned = (host, to, from) => Number(/\bmtu (\d+)/.exec(lab.exec(host, 'ip', ['route', 'get', to, ...(from ? ['from', from] : [])]).stdout)?.[1]);

  it.each(CASES)('%s IPv%d: both ends learn what the narrow links take', (mode, af, { up, down }) => {
    const { serverAf = af, oneWay, option } = MODES[mode];
    const vip = vipOf(mode, af);
    const curl = (...args) => lab.exec('far', 'curl', ['-sS', '-g', '--max-time', '15', ...args]).stdout;
    const file = path.join(lab.dir, 'upload');
    writeFileSync(file, Buffer.alloc(1 << 20, `${mode} ${af} `));
    const name = `up/${mode}${af}`;
    expect(curl('-H', 'Expect:', '-T', file, '-o', '/dev/null', '-w', '%{http_code}', `http://${endpoint(vip, 80)}/${name}`)).toBe('201');
    expect(readFileSync(path.join(lab.dir, 'deep/www', name)).equals(readFileSync(file))).toBe(true);
    expect(learned('far', vip)).toBe(up);
    expect(curl(`http://${endpoint(vip, 80)}/big`)).toHaveLength(BIG);
    const client = option !== '-b' ? FAR[af] : serverAf === 4 ? NET.lip4 : NET.lip6;
    expect(learned('deep', client, oneWay ? vip : undefined)).toBe(down);
  });
});
