// SPDX-License-Identifier: Apache-2.0
// Every forwarding mode with real programs: curl and nginx, dig and dnsmasq, iperf3. One lab has them all, each mode with an address of
// its own; the two real servers are set up for all of them. NAT translates the port too.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, NET, until } from '../../../scripts/lab/lab.mjs';
import { endpoint, MODES, vipOf } from '../../../scripts/lab/net.mjs';
import { addressCommands, serverAddresses, serviceCommands, vipCommands } from '../../../scripts/lab/services.mjs';
import { holdVip, layBypass, routeThroughDirector, startDecapsulator } from '../../../scripts/lab/servers.mjs';
import { BIG } from '../../../scripts/lab/web.mjs';

/** Plain servers cannot read the client's address in front of UDP; this lab asks them for answers. */
const CONF = 'ipvs_defs {\n    udp {\n        uoa_max_trail 0\n    }\n}\n';
const UPLOAD = 3 << 20;
const IPERF = 5201;
const CASES = Object.keys(MODES).flatMap((mode) => [4, 6].map((af) => ({ mode, af }))).filter(({ mode, af }) => mode !== 'NAT64' || af === 6);

function configure(lab) {
  const commands = addressCommands();
  for (const { mode, af } of CASES) {
    const serverAf = MODES[mode].serverAf ?? af;
    const servers = serverAddresses(serverAf, 2);
    commands.push(
      ...vipCommands(mode, af),
      ...serviceCommands({ mode, af, port: mode === 'NAT' ? 8080 : 80, serverPort: 80, servers }),
      ...serviceCommands({ mode, af, proto: 'udp', port: 53, servers }),
      // iperf3 has a control connection: all of a test must reach one server.
      ...['tcp', 'udp'].flatMap((proto) => serviceCommands({ mode, af, proto, port: IPERF, servers: servers.slice(0, 1) })),
    );
  }
  lab.configureAtOnce(commands);
}

/** iperf3 may send datagrams after its server has closed the socket; errors about them would be counted beside the datagrams. */
const NO_PORT_ERRORS = `table inet quiet {
chain out {
type filter hook output priority 0
icmp type destination-unreachable icmp code port-unreachable drop
icmpv6 type destination-unreachable icmpv6 code port-unreachable drop
}
}
`;

async function startPrograms(lab) {
  for (const server of ['rs1', 'rs2']) {
    lab.exec(server, 'nft', ['-f', '-'], { input: NO_PORT_ERRORS });
    routeThroughDirector(lab, server);
    for (const mode of Object.keys(MODES).filter((m) => MODES[m].oneWay)) holdVip(lab, server, mode);
    await startDecapsulator(lab, server);
    lab.start(server, 'dnsmasq', ['-k', '-h', '-R', '-u', 'root', '--pid-file=', '--address', `/who.lab/192.0.2.${server.at(-1)}`]);
  }
  const own = [NET.rs4(1), NET.rs6(1), ...[4, 6].flatMap((af) => ['DR', 'tunnel'].map((mode) => vipOf(mode, af)))];
  for (const address of own) lab.start('rs1', 'iperf3', ['-s', '-p', String(IPERF), '-B', address]);
  await until('iperf3 to listen', () => lab.exec('rs1', 'ss', ['-ltnH', `sport = :${IPERF}`]).stdout.trim().split('\n').length === own.length);
  for (const server of ['rs1', 'rs2'])
    await until('dnsmasq', () => lab.exec(server, 'dig', ['+short', '+time=1', '+tries=1', '@127.0.0.1', 'who.lab'], { ok: false }).status === 0);
}

/** Exact counters of a service: connections, packets and bytes from and to clients. */
function counters(lab, proto, vip, port) {
  const head = `${proto.toUpperCase()}  ${endpoint(vip, port)}`;
  const line = lab.ipvsadm('-ln', '--stats', '--exact').split('\n').find((l) => l.startsWith(`${head} `));
  const [conns, inPackets, outPackets, inBytes, outBytes] = line.slice(head.length).trim().split(/\s+/).map(Number);
  return { conns, inPackets, outPackets, inBytes, outBytes };
}

export function everyMode({ workers }) {
  describe(`forwarding modes with ${workers} worker(s)`, () => {
    let lab;
    beforeAll(async () => {
      lab = new Lab({ workers, queues: workers, conf: CONF });
      await lab.open({ configure: false });
      layBypass(lab);
      await startPrograms(lab);
      configure(lab);
    }, 90_000);
    afterAll(() => lab?.close());

    describe.each(CASES)('$mode IPv$af', ({ mode, af }) => {
      const { oneWay, serverAf = af } = MODES[mode];
      const vip = vipOf(mode, af);
      const port = mode === 'NAT' ? 8080 : 80;
      const url = (what) => `http://${endpoint(vip, port)}/${what}`;
      const curl = (...args) => lab.exec('client', 'curl', ['-sS', '-g', '--max-time', '20', ...args]).stdout;
      const iperf = (...args) => JSON.parse(lab.exec('client', 'iperf3', ['-c', vip, '-p', String(IPERF), '-J', ...args], { timeout: 20_000 }).stdout).end;

      it('spreads requests over the servers, which see whom they should', () => {
        const before = counters(lab, 'tcp', vip, port);
        const answers = Array.from({ length: 6 }, () => curl(url('')).trim().split(' saw '));
        const local = serverAf === 4 ? NET.lip4 : NET.lip6;
        const seen = MODES[mode].option === '-b' ? local : af === 4 ? NET.client4 : NET.client6;
        expect(new Set(answers.map((a) => a[1]))).toEqual(new Set([seen]));
        expect(new Set(answers.map((a) => a[0]))).toEqual(new Set(['rs1', 'rs2']));
        const after = counters(lab, 'tcp', vip, port);
        expect(after.conns - before.conns).toBe(6);
        expect(after.inPackets - before.inPackets).toBeGreaterThanOrEqual(6 * 4);
        if (oneWay) expect(after.outPackets).toBe(0);
        else expect(after.outPackets - before.outPackets).toBeGreaterThanOrEqual(6 * 3);
      });

      it('carries a large answer and a large upload intact', () => {
        const big = curl(url('big'));
        expect(big).toBe(big.slice(0, 4).repeat(BIG / 4));
        expect(big.slice(0, 4)).toMatch(/^rs[12] $/);
        const file = path.join(lab.dir, 'upload');
        const body = Buffer.from(Uint32Array.from({ length: UPLOAD / 4 }, (_, i) => (i * 2654435761) >>> 0).buffer);
        writeFileSync(file, body);
        const name = `up/${mode}${af}`;
        expect(curl('-H', 'Expect:', '-T', file, '-o', '/dev/null', '-w', '%{http_code}', url(name))).toBe('201');
        const stored = ['rs1', 'rs2'].flatMap((server) => {
          try {
            return [readFileSync(path.join(lab.dir, server, 'www', name))];
          } catch {
            return [];
          }
        });
        expect(stored).toHaveLength(1);
        expect(body.equals(stored[0])).toBe(true);
      });

      it('asks both name servers over UDP and counts each packet', () => {
        const before = counters(lab, 'udp', vip, 53);
        const answers = Array.from({ length: 4 }, () => lab.exec('client', 'dig', ['+short', '+time=2', '+tries=1', `@${vip}`, 'who.lab']).stdout.trim());
        expect(new Set(answers)).toEqual(new Set(['192.0.2.1', '192.0.2.2']));
        const after = counters(lab, 'udp', vip, 53);
        expect(after.conns - before.conns).toBe(4);
        expect(after.inPackets - before.inPackets).toBe(4);
        expect(after.outPackets - before.outPackets).toBe(oneWay ? 0 : 4);
      });

      it('carries iperf3 both ways: TCP', () => {
        for (const reverse of [[], ['-R']]) {
          const { sum_sent: sent, sum_received: received } = iperf('-n', '2M', ...reverse);
          // iperf3 ends a test when the last byte is sent; what is under way then it does not count.
          expect(received.bytes).toBeGreaterThan(256 << 10);
          expect(received.bytes).toBeLessThanOrEqual(sent.bytes);
        }
      });

      it('loses no datagram of iperf3, and counts every byte', () => {
        // So few that they fit into the receiver's socket: nothing may be lost, however busy the machine is.
        const datagrams = 80;
        const payload = 1200;
        const before = counters(lab, 'udp', vip, IPERF);
        const { sum } = iperf('-u', '-b', '20M', '-l', String(payload), '-n', String(datagrams * payload));
        const after = counters(lab, 'udp', vip, IPERF);
        // Beside the data, iperf3 sends one short datagram as a greeting; it may send a few datagrams more than it was asked for.
        const sent = after.inPackets - before.inPackets - 1;
        const headers = (af === 4 ? 20 : 40) + 8;
        const greeting = after.inBytes - before.inBytes - sent * (payload + headers) - headers;
        expect(sum.lost_packets).toBe(0);
        expect(sum.packets).toBeGreaterThanOrEqual(datagrams);
        expect(sum.bytes).toBe(sum.packets * payload);
        expect(sent).toBeGreaterThanOrEqual(sum.packets);
        expect(greeting).toBe(4);
        expect(after.conns - before.conns).toBe(1);
      });
    });

    it('dropped nothing for want of room, ports or connections', () => {
      const drops = lab.dpip('drop', 'show');
      for (const name of ['handover_full', 'punt_full', 'tx_full', 'conn_table_full', 'no_lport', 'bad_offset', 'l4_truncated', 'lb_no_room'])
        expect(drops).not.toMatch(new RegExp(`^${name}\\b`, 'm'));
    });
  });
}
