// SPDX-License-Identifier: Apache-2.0
// Bulk TCP and UDP: iperf3 through FullNAT, DNS over UDP with dig, the client's address in the bytes that a real server receives.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, NET, until } from '../../scripts/lab/lab.mjs';

describe.each([{ workers: 1 }, { workers: 2 }])('transport with $workers worker(s)', ({ workers }) => {
  let lab;
  beforeAll(async () => {
    // Plain servers cannot read the client's address in front of UDP; this lab asks them for answers.
    lab = new Lab({ workers, queues: workers, conf: 'ipvs_defs {\n    udp {\n        uoa_max_trail 0\n    }\n}\n' });
    await lab.open({ web: false });
    for (const proto of ['-t', '-u'])
      for (const port of [5201, 53]) {
        lab.ipvsadm('-A', proto, `${NET.vip4}:${port}`, '-s', 'rr');
        lab.ipvsadm('-P', proto, `${NET.vip4}:${port}`, '-z', NET.lip4, '-F', 'dpdk1');
        // iperf3 has a control connection: all of a test must reach one server.
        const servers = port === 53 ? [1, 2] : [1];
        for (const n of servers) lab.ipvsadm('-a', proto, `${NET.vip4}:${port}`, '-r', `${NET.rs4(n)}:${port}`, '-b');
      }
  }, 60_000);
  afterAll(() => lab?.close());

  it('carries iperf3 both ways', async () => {
    const server = lab.start('rs1', 'iperf3', ['-s']);
    await until('iperf3 to listen', () => lab.exec('rs1', 'ss', ['-ltn']).stdout.includes(':5201'));
    for (const reverse of [[], ['-R']]) {
      const { stdout } = lab.exec('client', 'iperf3', ['-c', NET.vip4, '-t', '2', '-J', ...reverse], { timeout: 20_000 });
      const sum = JSON.parse(stdout).end.sum_received;
      expect(sum.bytes).toBeGreaterThan(10e6);
    }
    server.kill();
  }, 60_000);

  it('answers DNS over UDP from both servers', async () => {
    for (const n of [1, 2])
      lab.start(`rs${n}`, 'dnsmasq', ['-k', '-h', '-R', '-u', 'root', '--pid-file=', '-p', '53', '--address', `/who.lab/192.0.2.${n}`, '-i', 'eth0', '--bind-interfaces']);
    const answers = new Set();
    await until('both servers to answer', () => {
      const { stdout, status } = lab.exec('client', 'dig', ['+short', '+time=1', '+tries=1', `@${NET.vip4}`, 'who.lab'], { ok: false });
      if (status === 0) answers.add(stdout.trim());
      return answers.has('192.0.2.1') && answers.has('192.0.2.2');
    });
  });

});

describe('the address of the client', () => {
  let lab;
  beforeAll(async () => {
    lab = await new Lab({ servers: 1 }).open();
  }, 60_000);
  afterAll(() => lab?.close());

  it('reaches the real server: TOA in TCP, UOA in UDP', async () => {
    lab.ipvsadm('-A', '-u', `${NET.vip4}:53`, '-s', 'rr');
    lab.ipvsadm('-P', '-u', `${NET.vip4}:53`, '-z', NET.lip4, '-F', 'dpdk1');
    lab.ipvsadm('-a', '-u', `${NET.vip4}:53`, '-r', `${NET.rs4(1)}:53`, '-b');
    const capture = lab.start('rs1', 'tcpdump', ['-ni', 'eth0', '-s', '0', '-x', '-U', '-l', 'host', NET.lip4]);
    await until('tcpdump', () => capture.text().includes('listening'));
    lab.exec('client', 'curl', ['-s', '--max-time', '5', `http://${NET.vip4}/`]);
    for (let i = 0; i < 4; i++) lab.exec('client', 'dig', ['+short', '+time=1', '+tries=1', `@${NET.vip4}`, 'who.lab'], { ok: false });
    const client = '0a00 0164';
    await until('both options in the capture', () => {
      const flat = capture.text().replace(/\n\t0x[0-9a-f]+: {2}/g, ' ');
      return new RegExp(`fe08 [0-9a-f]{4} ${client}`).test(flat) && new RegExp(`1011 000c 1f08 [0-9a-f]{4} ${client}`).test(flat);
    });
    capture.kill();
    await capture.done;
  }, 30_000);
});
