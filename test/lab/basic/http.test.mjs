// SPDX-License-Identifier: Apache-2.0
// Real clients through FullNAT: curl to nginx, IPv4 and IPv6, one worker and two, counters that agree with what was sent.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, NET, until } from '../../../scripts/lab/lab.mjs';

const curl = (lab, url, ...more) => lab.exec('client', 'curl', ['-s', '-g', '--max-time', '20', ...more, url]).stdout;

describe.each([
  { workers: 1, queues: 1 },
  { workers: 2, queues: 1 },
  { workers: 2, queues: 2 },
])('FullNAT with $workers worker(s), $queues queue(s) per port', ({ workers, queues }) => {
  let lab;
  beforeAll(async () => {
    lab = await new Lab({ workers, queues }).open();
  }, 60_000);
  afterAll(() => lab?.close());

  it.each([
    ['IPv4', `http://${NET.vip4}/`, /^rs[12] saw 10\.0\.2\.200$/],
    ['IPv6', `http://[${NET.vip6}]/`, /^rs[12] saw fd00:2::200$/],
  ])('spreads %s requests over the real servers, which see the local address', (_name, url, pattern) => {
    const answers = Array.from({ length: 12 }, () => curl(lab, url).trim());
    for (const answer of answers) expect(answer).toMatch(pattern);
    const servers = new Set(answers.map((a) => a.split(' ')[0]));
    expect(servers).toEqual(new Set(['rs1', 'rs2']));
  });

  it.each([
    ['IPv4', `http://${NET.vip4}/big`],
    ['IPv6', `http://[${NET.vip6}]/big`],
  ])('carries 8 MiB intact over %s', (_name, url) => {
    const body = curl(lab, url);
    expect(body.length).toBe(8 << 20);
    expect(new Set(body.match(/rs\d/g)).size).toBe(1);
  });

  it('serves many connections at once', () => {
    const out = lab.exec('client', 'sh', ['-c', `seq 200 | xargs -P 20 -I{} curl -s --max-time 20 http://${NET.vip4}/`]).stdout;
    expect(out.trim().split('\n')).toHaveLength(200);
  });

  it('counts every connection once', () => {
    const before = connections(lab);
    for (let i = 0; i < 10; i++) curl(lab, `http://${NET.vip4}/`);
    expect(connections(lab) - before).toBe(10);
  });

  it('answers ping to the virtual and the local address', () => {
    for (const address of [NET.vip4, NET.vip6]) {
      const { stdout } = lab.exec('client', 'ping', ['-c', '3', '-i', '0.2', '-W', '2', address]);
      expect(stdout).toContain('3 received');
    }
    expect(lab.exec('rs1', 'ping', ['-c', '2', '-i', '0.2', '-W', '2', NET.lip4]).stdout).toContain('2 received');
  });

  it('lists the connection while it is open, with all four addresses', async () => {
    const client = lab.start('client', 'curl', ['-s', '--limit-rate', '20k', '-o', '/dev/null', `http://${NET.vip4}/big`]);
    const line = await until('the connection to be listed', () =>
      lab.ipvsadm('-lnc').split('\n').find((l) => l.includes('TCP_EST') && l.includes(`${NET.client4}:`)));
    expect(line).toMatch(/^\[\d+\]tcp 90s {4}TCP_EST {5}10\.0\.1\.100:\d+ +10\.0\.1\.1:80 +10\.0\.2\.200:\d+ +10\.0\.2\.1[12]:80/);
    client.kill();
    await client.done;
  });

  it('loses no packet', () => {
    const drops = lab.dpip('drop', 'show');
    for (const name of ['handover_full', 'punt_full', 'tx_full', 'conn_table_full', 'no_lport', 'bad_offset', 'l4_truncated'])
      expect(drops).not.toMatch(new RegExp(`^${name}\\b`, 'm'));
  });
});

function connections(lab) {
  const line = lab.ipvsadm('-ln', '--stats', '--exact').split('\n').find((l) => l.startsWith(`TCP  ${NET.vip4}:80`));
  return Number(line.trim().split(/\s+/)[2]);
}
