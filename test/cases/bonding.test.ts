// SPDX-License-Identifier: Apache-2.0
// Bonding devices, as they are configured and commanded; packets on them are in the lab, because rings take no MAC address from
// DPDK's driver and so do not run as its members.
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach } from '../harness/case';
import { Daemon } from '../harness/daemon';
import { mac } from './topology';

stopDaemonsAfterEach();

function confText(bond: readonly string[], members = ['slave test1', 'slave test2'], workers = 1): string {
  const device = (name: string): string => `device ${name} {\nrx {\nqueue_number ${workers}\n}\ntx {\nqueue_number ${workers}\n}\n}`;
  const ports = (w: number): string => ['test0', 'bond0'].map((name) => `port ${name} {\nrx_queue_ids ${w}\ntx_queue_ids ${w}\n}`).join('\n');
  const slaves = Array.from({ length: workers }, (_, w) => `worker cpu${w + 1} {\ntype slave\ncpu_id ${w + 1}\n${ports(w)}\n}`);
  return `
    global_defs {\nlog_level INFO\nidle_mode sleep\nkni off\n}
    netif_defs {\npktpool_size 8191
    ${['test0', 'test1', 'test2'].map(device).join('\n')}
    bonding bond0 {\n${[...bond, ...members].join('\n')}\n}
    }
    worker_defs {\nworker cpu0 {\ntype master\ncpu_id 0\n}\n${slaves.join('\n')}\n}
    ipv6_defs {\naddr_gen_mode none\n}
    ipvs_defs {\nconn {\nconn_pool_size 65535\n}\nudp {\nuoa_max_trail 0\n}\n}
  `;
}

describe('commands', () => {
  test('DPL-021 status, and settings that are refused', async () => {
    const c = await startCase({ ports: 3, confText: confText(['mode 2', 'primary test2']) });
    const status = (): string[] => c.output('dpip link show bond0 status').split('\n').slice(-5, -1);
    const MAC = '02:00:00:00:00:03';
    expect(status()).toEqual([
      '    --- bonding status ---',
      `    mode 2 mac_addr ${MAC} xmit_policy LAYER2 link_monitor 10ms`,
      '    ative/slaves 0/2 link_down_prop_delay 0ms link_up_prop_delay 0ms',
      `    slaves: test1(${mac.port[1]}, inactive) test2(${MAC}, inactive, primary) `,
    ]);
    c.run('dpip link set bond0 bond-xmit-policy LAYER23\ndpip link set bond0 bond-monitor-interval 20');
    expect(status()[1]).toBe(`    mode 2 mac_addr ${MAC} xmit_policy LAYER23 link_monitor 20ms`);
    for (const line of [
      'dpip link set test0 bond-mode 1', 'dpip link show test0 status', 'dpip link set bond0 bond-primary test0',
      'dpip link set bond0 bond-primary nobody', 'dpip link add bond0 bond-slave bond0', 'dpip link add bond0 bond-slave test1',
      'dpip link del bond0 bond-slave test0',
    ]) expect(c.command(line).status, line).toBe(1); // prettier-ignore
  });

  test('DPL-022 members are not used by themselves', async () => {
    const c = await startCase({ ports: 3, confText: confText(['mode 0']) });
    for (const line of [
      'dpip addr add 192.0.2.1/24 dev test1', 'dpip route add 198.51.100.0/24 dev test1', 'dpip vlan add link test1 id 5',
      `dpip neigh add 192.0.2.2 lladdr ${mac.client} dev test1`, 'dpip tunnel add t mode ipip dev test1',
    ]) expect(c.command(line).status, line).toBe(1); // prettier-ignore
  });
});

describe('configuration', () => {
  const refused: readonly (readonly [string, string, string])[] = [
    ['no slave', confText(['mode 0'], []), 'bonding bond0: it has no slave'],
    ['an unknown slave', confText(['mode 0'], ['slave test1', 'slave eth7']), 'bonding bond0: its slave eth7 is none of the 3 devices'],
    ['a slave twice', confText(['mode 0'], ['slave test1']).replace('worker_defs', 'netif_defs {\nbonding bond1 {\nmode 0\nslave test1\n}\n}\nworker_defs'), 'belongs to bond0 already'],
    ['a primary of others', confText(['mode 0', 'primary test0']), 'bonding bond0: its primary is none of its slaves'],
    ['a name without a number', confText(['mode 0']).replaceAll('bond0', 'bond'), 'bonding bond: its name must be letters and a number'],
    ['a worker that names a slave', confText(['mode 0']).replaceAll('port bond0 {', 'port test1 {'), 'names port test1, which is a slave of a bonding'],
  ];
  test.each(refused)('DPL-021 %s is refused', async (_what, text, sentence) => {
    const daemon = new Daemon({ ports: 3, confText: text });
    daemon.spawn();
    expect((await daemon.ended()).code).toBe(1);
    expect(daemon.log()).toContain(sentence);
    rmSync(daemon.folder, { recursive: true, force: true });
  });
});
