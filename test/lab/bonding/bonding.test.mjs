// SPDX-License-Identifier: Apache-2.0
// Bonding devices with real traffic: every mode over two cables to a bridge, and LACP between two daemons.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BondedLab, LacpLab } from '../../../scripts/lab/bonding.mjs';
import { NET } from '../../../scripts/lab/net.mjs';
import { until } from '../../../scripts/lab/until.mjs';

/** Requests of a client through the virtual address; each must be answered. */
function browse(lab, times, path = '/') {
  for (let i = 0; i < times; i++) {
    const { stdout } = lab.exec('client', 'curl', ['-sS', '--max-time', '10', `http://${NET.vip4}${path}`]);
    if (path === '/') expect(stdout).toMatch(/^rs[12] saw 10\.0\.2\.200\n$/);
    else expect(stdout.length).toBeGreaterThan(100_000);
  }
}

/** What both members sent meanwhile. */
function sentBy(lab, action) {
  const now = () => ['dpdk1', 'dpdk2'].map((name) => lab.carried(name).tx);
  const before = now();
  action();
  return now().map((n, i) => n - before[i]);
}

describe('modes without partner', () => {
  let lab;
  beforeAll(async () => {
    lab = await new BondedLab({ mode: 0 }).open({ configure: false });
    lab.configure(lab.bondCommands());
  }, 60_000);
  afterAll(() => lab?.close());

  it('DPL-021 round robin: both members carry half', async () => {
    await until('both members', () => lab.active() === '2/2');
    const sent = sentBy(lab, () => browse(lab, 20));
    expect(sent[0] + sent[1]).toBeGreaterThan(80);
    expect(Math.abs(sent[0] - sent[1])).toBeLessThan(0.2 * (sent[0] + sent[1]));
  });

  it.each([
    { mode: 1, name: 'active-backup', used: 'one' },
    { mode: 2, name: 'balance-xor', used: 'both' },
    { mode: 5, name: 'balance-tlb', used: 'any' },
    { mode: 6, name: 'balance-alb', used: 'any' },
    { mode: 0, name: 'round-robin', used: 'both' },
  ])('DPL-022 mode $mode ($name), chosen while the daemon runs', async ({ mode, used }) => {
    lab.dpip('link', 'set', 'bond0', 'bond-mode', String(mode));
    lab.dpip('link', 'set', 'bond0', 'bond-xmit-policy', 'layer34');
    await until('both members', () => lab.active() === '2/2');
    expect(lab.dpip('link', 'show', 'bond0', 'status')).toContain(` mode ${mode} `);
    const sent = sentBy(lab, () => {
      browse(lab, 12);
      browse(lab, 1, '/big');
    });
    if (used === 'one') expect(sent.filter((n) => n > 0)).toHaveLength(1);
    if (used === 'both') expect(Math.min(...sent)).toBeGreaterThan(0);
  });
});

describe('members', () => {
  let lab;
  beforeAll(async () => {
    lab = await new BondedLab({ mode: 1 }).open({ configure: false });
    lab.configure(lab.bondCommands());
  }, 60_000);
  afterAll(() => lab?.close());

  it('DPL-022 the active member is taken away and put back while clients are served', async () => {
    await until('both members', () => lab.active() === '2/2');
    const user = () => ['dpdk1', 'dpdk2'][sentBy(lab, () => browse(lab, 3)).findIndex((n) => n > 0)];
    expect(user()).toBe('dpdk1');
    lab.dpip('link', 'del', 'bond0', 'bond-slave', 'dpdk1');
    expect(lab.active()).toBe('1/1');
    expect(user()).toBe('dpdk2');
    lab.dpip('link', 'add', 'bond0', 'bond-slave', 'dpdk1');
    await until('both members again', () => lab.active() === '2/2');
    lab.dpip('link', 'set', 'bond0', 'bond-primary', 'dpdk1');
    expect(user()).toBe('dpdk1');
  });
});

describe('LACP', () => {
  let lab;
  beforeAll(async () => {
    lab = await new LacpLab().open({ configure: false });
    lab.configureBoth();
  }, 60_000);
  afterAll(() => lab?.close());

  it('DPL-021 two daemons aggregate both cables, and clients are served over them', async () => {
    await until('the director to aggregate', () => lab.active() === '2/2', 30_000);
    await until('its partner to aggregate', () => lab.active(lab.partnerSocket) === '2/2', 30_000);
    lab.dpip('link', 'set', 'bond0', 'bond-xmit-policy', 'layer34');
    await until('the first page', () => lab.exec('client', 'curl', ['-s', '--max-time', '2', `http://${NET.vip4}/`], { ok: false }).status === 0, 20_000);
    const sent = sentBy(lab, () => {
      for (let i = 0; i < 20; i++)
        expect(lab.exec('client', 'curl', ['-sS', '--max-time', '10', `http://${NET.vip4}/`]).stdout).toBe('rs1 saw 10.0.2.200\n');
    });
    expect(Math.min(...sent)).toBeGreaterThan(0);
    expect(lab.exec('client', 'curl', ['-sS', '--max-time', '10', `http://${NET.vip4}/big`]).stdout.length).toBeGreaterThan(100_000);
  });
});
