// SPDX-License-Identifier: Apache-2.0
// Hosts inside reach the world through match services with SNAT: curl, dig, ping and iperf3 on the real servers' side, nginx, dnsmasq
// and iperf3 on the clients' side, which knows no way to the hosts inside.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, NET, until } from '../../../scripts/lab/lab.mjs';
import { addressCommands } from '../../../scripts/lab/services.mjs';
import { routeThroughDirector } from '../../../scripts/lab/servers.mjs';
import { BIG, webServer } from '../../../scripts/lab/web.mjs';

const IPERF = 5201;
const OUTSIDE = 'client';
const HOSTS = ['rs1', 'rs2'];
const FAMILIES = [
  { af: 4, publicAddress: '10.0.1.150', plen: 32, inside: '10.0.2.0-10.0.2.255', icmp: 'icmp', outside: NET.client4, beyond: NET.lan4 },
  { af: 6, publicAddress: 'fd00:1::150', plen: 128, inside: 'fd00:2::-fd00:2::ffff', icmp: 'icmpv6', outside: NET.client6, beyond: NET.lan6 },
];

const bracket = (address) => (address.includes(':') ? `[${address}]` : address);

function commandsOf({ publicAddress, plen, inside, icmp }) {
  const services = ['tcp', 'udp', icmp].map((proto) => `proto=${proto},src-range=${inside},oif=dpdk0`);
  return [
    ['dpip', 'addr', 'add', `${publicAddress}/${plen}`, 'dev', 'dpdk0', 'sapool'],
    ...services.flatMap((match) => [
      ['ipvsadm', '-A', '-H', match, '-s', 'rr'],
      ['ipvsadm', '-a', '-H', match, '-r', `${bracket(publicAddress)}:0`, '-J'],
    ]),
  ];
}

describe.each([1, 2])('SNAT with %i worker(s)', (workers) => {
  let lab;
  beforeAll(async () => {
    lab = await new Lab({ workers, queues: workers }).open({ web: false, configure: false });
    for (const host of HOSTS) routeThroughDirector(lab, host);
    lab.start(OUTSIDE, 'nginx', webServer(lab.dir, OUTSIDE));
    lab.start(OUTSIDE, 'dnsmasq', ['-k', '-h', '-R', '-u', 'root', '--pid-file=', '--address', '/who.lab/192.0.2.9']);
    lab.start(OUTSIDE, 'iperf3', ['-s', '-p', String(IPERF)]);
    lab.configureAtOnce([...addressCommands(), ...FAMILIES.flatMap(commandsOf)]);
    await until('nginx', () => lab.exec(OUTSIDE, 'curl', ['-s', '-o', '/dev/null', 'http://127.0.0.1/'], { ok: false }).status === 0);
    await until('dnsmasq', () => lab.exec(OUTSIDE, 'dig', ['+short', '+time=1', '+tries=1', '@127.0.0.1', 'who.lab'], { ok: false }).status === 0);
    await until('iperf3 to listen', () => lab.exec(OUTSIDE, 'ss', ['-ltnH', `sport = :${IPERF}`]).stdout.trim() !== '');
  }, 60_000);
  afterAll(() => lab?.close());

  describe.each(FAMILIES)('IPv$af', ({ af, publicAddress, icmp, outside }) => {
    const url = (what) => `http://${bracket(outside)}/${what}`;
    const curl = (host, ...args) => lab.exec(host, 'curl', ['-sS', '-g', '--max-time', '20', ...args]).stdout;

    it('DPL-098 DPL-100 curl: the world sees the public address, also of two hosts with one source port', () => {
      const port = String(41000 + af);
      for (const host of HOSTS) expect(curl(host, '--local-port', port, url(''))).toBe(`client saw ${publicAddress}\n`);
      const rows = lab.ipvsadm('-lnc').split('\n').filter((line) => line.includes(`:${port} `) || line.endsWith(`:${port}`));
      expect(rows).toHaveLength(HOSTS.length);
    });

    it('carries a large answer and a large upload intact', () => {
      const big = curl('rs1', url('big'));
      expect(big).toBe(big.slice(0, 7).repeat(Math.ceil(BIG / 7)).slice(0, BIG));
      const file = path.join(lab.dir, 'upload');
      writeFileSync(file, Buffer.alloc(1 << 20, `inside ${af} `));
      expect(curl('rs2', '-H', 'Expect:', '-T', file, '-o', '/dev/null', '-w', '%{http_code}', url(`up/snat${af}`))).toBe('201');
    });

    it('dig asks over UDP, ping gets its echoes', () => {
      for (const host of HOSTS) {
        expect(lab.exec(host, 'dig', ['+short', '+time=2', '+tries=2', `@${outside}`, 'who.lab']).stdout.trim()).toBe('192.0.2.9');
        expect(lab.exec(host, 'ping', ['-c', '3', '-i', '0.2', '-W', '2', outside]).stdout).toMatch(/3 packets transmitted, 3 received/);
      }
      expect(lab.ipvsadm('-lnc')).toMatch(new RegExp(`\\]${icmp} `, 'i'));
    });

    it('iperf3 both ways, TCP and UDP', () => {
      const iperf = (...args) => JSON.parse(lab.exec('rs1', 'iperf3', ['-c', outside, '-p', String(IPERF), '-J', ...args], { timeout: 20_000 }).stdout).end;
      for (const reverse of [[], ['-R']]) expect(iperf('-n', '2M', ...reverse).sum_received.bytes).toBeGreaterThan(256 << 10);
      const { sum } = iperf('-u', '-b', '20M', '-l', '1200', '-n', String(80 * 1200));
      expect([sum.lost_packets, sum.packets >= 80]).toEqual([0, true]);
    });

    it('errors of the world reach the host that they are for', () => {
      // A closed UDP port: ICMP port unreachable, which dig reports at once.
      const { status, stdout, stderr } = lab.exec('rs1', 'dig', ['+time=3', '+tries=1', '-p', '5399', `@${outside}`, 'who.lab'], { ok: false });
      expect(status).not.toBe(0);
      expect(`${stdout}${stderr}`).toMatch(/connection refused/);
      // A closed TCP port: a reset.
      const refused = lab.exec('rs1', 'curl', ['-sS', '-g', '--max-time', '5', `http://${bracket(outside)}:5399/`], { ok: false });
      expect(refused.status).toBe(7);
    });
  });
});
