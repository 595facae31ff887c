// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { decode, encode, MSG, sizeOf, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { accepting, dpip, Scripted, type Answer, type Result } from '../../golden/dpip/run';

const LIST = MSG.SOCKOPT_NETIF_GET_PORT_LIST;
const BASIC = MSG.SOCKOPT_NETIF_GET_PORT_BASIC;
const STATS = MSG.SOCKOPT_NETIF_GET_PORT_STATS;
const XSTATS = MSG.SOCKOPT_NETIF_GET_PORT_XSTATS;
const EXTRA = MSG.SOCKOPT_NETIF_GET_PORT_EXT_INFO;
const BOND = MSG.SOCKOPT_NETIF_GET_BOND_STATUS;
const SET = MSG.SOCKOPT_NETIF_SET_PORT;
const SET_BOND = MSG.SOCKOPT_NETIF_SET_BOND;
const LCORES = MSG.SOCKOPT_NETIF_GET_LCORE_MASK;
const LCORE = MSG.SOCKOPT_NETIF_GET_LCORE_BASIC;
const LCORE_STATS = MSG.SOCKOPT_NETIF_GET_LCORE_STATS;

function text(body: Buffer): string {
  return body.toString('latin1').replace(/\0.*$/s, '');
}

function nic(name: string, rest: DeepPartial<Structs['netif_nic_basic_get']> = {}): Buffer {
  return encode('netif_nic_basic_get', {
    name,
    addr: '02:00:00:00:00:01',
    link_status: 'UP',
    link_duplex: 'full-duplex',
    link_autoneg: 'auto-nego',
    link_speed: 10000,
    nrxq: 1,
    ntxq: 2,
    mtu: 1500,
    port_id: Number(name.at(-1)),
    ...rest,
  });
}

function list(...names: string[]): Buffer {
  return Buffer.concat([
    encode('netif_nic_list_get', { nic_num: names.length }),
    ...names.map((name, id) => encode('port_id_name', { id, name })),
  ]);
}

function blockOf(name: string): string {
  const id = Number(name.at(-1)) + 1;
  return `${id}: ${name}: socket 0 mtu 1500 rx-queue 1 tx-queue 2\n    UP 10000 Mbps full-duplex auto-nego \n    addr 02:00:00:00:00:01 \n`;
}

describe('show', () => {
  test('DP-049 prints the words of the switches that are on, spelled as ever', async () => {
    const switches = { promisc: 1, allmulticast: 1, fwd2kni: 1, tc_egress: 1, tc_ingress: 1, lldp: 1 };
    const offloads = { ol_rx_ip_csum: 1, ol_tx_ip_csum: 1, ol_tx_tcp_csum: 1, ol_tx_udp_csum: 1, ol_tx_fast_free: 1 };
    const { stdout } = await dpip('link show d0', new Scripted({ [BASIC]: nic('d0', { ...switches, ...offloads }) }));
    expect(stdout.split('\n').slice(1, 3)).toEqual([
      '    UP 10000 Mbps full-duplex auto-nego promisc allmulticast foward2kni tc-egress tc-ingress lldp ',
      '    addr 02:00:00:00:00:01 OF_RX_IP_CSUM OF_TX_IP_CSUM OF_TX_TCP_CSUM OF_TX_UDP_CSUM OF_TX_FAST_FREE ',
    ]);
  });

  test.each(['link show d0', 'link show dev d0'])('DP-064 %s asks for d0 in 32 bytes', async (line) => {
    const daemon = new Scripted({ [BASIC]: nic('d0') });
    expect((await dpip(line, daemon)).stdout).toBe(blockOf('d0'));
    expect(daemon.requests.map(({ body }) => [text(body), body.length])).toEqual([['d0', 32]]);
  });

  test('a device that fails keeps none from being shown', async () => {
    const daemon = new Scripted({ [LIST]: list('d0', 'd1', 'd2'), [BASIC]: (body) => (text(body) === 'd1' ? -4 : nic(text(body))) });
    expect(await dpip('link show', daemon)).toEqual({
      code: 1,
      stdout: blockOf('d0') + blockOf('d2'),
      stderr: 'Fail to get information for d1: not exist\n',
    });
  });

  test('without a list there is nothing', async () => {
    const { code, stderr } = await dpip('link show', new Scripted({ [LIST]: -14 }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Fail to get configured NIC list: not support\.\n/);
  });

  test.each([
    ['link show d9', 1],
    ['link show d0', 0],
  ])('%s tells scripts whether it exists: exit %d', async (line, code) => {
    const daemon = new Scripted({ [BASIC]: (body) => (text(body) === 'd0' ? nic('d0') : -4) });
    expect((await dpip(line, daemon)).code).toBe(code);
  });

  test('DP-050 DP-115 counters beyond 2^53 are exact', async () => {
    const stats = encode('netif_nic_stats_get', { ipackets: 2n ** 64n - 1n, ibytes: 2n ** 53n + 1n });
    const { stdout } = await dpip('-s link show d0', new Scripted({ [BASIC]: nic('d0'), [STATS]: stats }));
    expect(stdout).toContain(
      '\n    ipackets            opackets            ibytes              obytes              \n' +
        '    18446744073709551615' +
        '0                   9007199254740993    0                   \n',
    );
  });

  test('DP-054 a driver without counters of its own', async () => {
    const daemon = new Scripted({
      [BASIC]: nic('d0'),
      [STATS]: encode('netif_nic_stats_get', {}),
      [XSTATS]: Buffer.alloc(0),
      [EXTRA]: encode('netif_nic_ext_get', {}),
    });
    const { stdout } = await dpip('-sv link show d0', daemon);
    expect(stdout).toContain('    xstats list:\n        not supported\n    pci_addr');
    expect(stdout).not.toContain('Queue Configuration');
    expect(stdout).not.toContain('mcast');
  });

  test('DP-053 texts of the daemon are looked for inside of its reply only', async () => {
    const beyond = { data_offset: 4n, data_len: 2n ** 63n };
    const extra = Buffer.concat([encode('netif_nic_ext_get', { cfg_queues: beyond, mc_list: { ...beyond, naddr: 1 } }), Buffer.from('texts')]);
    const { code, stdout } = await dpip('-v link show d0', new Scripted({ [BASIC]: nic('d0'), [EXTRA]: extra }));
    expect(code).toBe(0);
    expect(stdout).not.toContain('texts');
  });

  test('DP-055 status of a bond, and of a device that is none', async () => {
    const status = encode('netif_bond_status_get', { mode: 1, slave_nb: 99, xmit_policy: 'LAYER2' });
    const { stdout } = await dpip('link show d0 status', new Scripted({ [BASIC]: nic('d0'), [BOND]: status }));
    expect(stdout).toContain('    --- bonding status ---\n    mode 1 mac_addr  xmit_policy LAYER2 link_monitor 0ms\n');
    const plain = await dpip('link show d0 status', new Scripted({ [BASIC]: nic('d0'), [BOND]: -1 }));
    expect(plain).toMatchObject({ code: 1, stdout: blockOf('d0') });
    expect(plain.stderr).toContain('msg#65 header: invalid parameter(-1)');
  });

  test.each([
    ['link show d0 d1', "unknown argument 'd1'\ndpip: invalid parameter\n"],
    ['link show cpu256', "invalid cpu 'cpu256': 0 to 255\ndpip: invalid parameter\n"],
  ])('%s is refused', async (line, stderr) => {
    expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr });
  });

  test.each(['link show cpux', 'link show -c 2', '-s link show cpu -c 2'])('%s prints the help', async (line) => {
    const { code, stderr } = await dpip(line);
    expect(code).toBe(1);
    expect(stderr).toContain('dpip link: ');
  });
});

describe('cpu', () => {
  const mask = encode('netif_lcore_mask_get', { master_lcore_id: 0, kni_lcore_id: 4, slave_lcore_mask: 0b110n, isol_rx_lcore_mask: 1n << 63n });
  const queues = (map: string): Buffer =>
    Buffer.concat([encode('netif_lcore_basic_get', { queue_data_len: map.length + 1 }), Buffer.from(`${map}\0`)]);

  test('DP-056 all, in their groups', async () => {
    const daemon = new Scripted({ [LCORES]: mask, [LCORE]: (body) => (body[0] === 2 ? queues('d0:rx0          d0:tx0          ') : queues('')) });
    expect((await dpip('link show cpu', daemon)).stdout).toBe(
      '<< Controll Plane >>\n1: cpu0: socket 0\n    queues none\n5: cpu4: socket 0\n    queues none\n' +
        '<< Data Plane >>\n2: cpu1: socket 0\n    queues none\n3: cpu2: socket 0\n    queues d0:rx0          d0:tx0          \n' +
        '<< Isolate RX Lcores >>\n64: cpu63: socket 0\n    queues none\n',
    );
  });

  test('one that fails is named by its role', async () => {
    const daemon = new Scripted({ [LCORES]: mask, [LCORE]: (body) => ([0, 4, 1].includes(body[0] ?? 0) ? -24 : queues('')) });
    const { code, stderr } = await dpip('link show cpu', daemon);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Fail to get information for Master cpu0: msg dropped\n' +
        'Fail to get information for KNI cpu4: msg dropped\n' +
        'Fail to get information for cpu1: msg dropped\n',
    );
  });

  test('DP-059 one that does not exist', async () => {
    const { code, stderr } = await dpip('link show cpu9', new Scripted({ [LCORE]: -1 }));
    expect(code).toBe(1);
    expect(stderr).toContain('msg#58 header: invalid parameter(-1)');
  });

  test('a text that is longer than the reply', async () => {
    const daemon = new Scripted({ [LCORE]: encode('netif_lcore_basic_get', { queue_data_len: 4_000_000_000 }) });
    expect(await dpip('link show cpu1', daemon)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('corrupted response.') });
  });
});

describe('set', () => {
  const setBy = async (line: string): Promise<Record<string, unknown>> => {
    const daemon = accepting(SET, SET_BOND);
    expect(await dpip(line, daemon), line).toEqual({ code: 0, stdout: '', stderr: '' });
    const [port] = daemon.sent(SET);
    const [bond] = daemon.sent(SET_BOND);
    return port === undefined ? decode('netif_bond_set', bond ?? Buffer.alloc(0)) : decode('netif_nic_set', port);
  };

  test.each([
    ['promisc on', 'promisc_on'],
    ['promisc off', 'promisc_off'],
    ['allmulticast on', 'allmulticast_on'],
    ['forward2kni off', 'forward2kni_off'],
    ['link up', 'link_status_up'],
    ['link down', 'link_status_down'],
    ['tc-egress on', 'tc_egress_on'],
    ['tc-ingress off', 'tc_ingress_off'],
    ['lldp on', 'lldp_on'],
    ['lldp down', 'lldp_off'],
    ['lldp up', 'lldp_on'],
  ])('DP-060 DP-061 %s sets one bit: %s', async (words, bit) => {
    const { pname, macaddr, ...bits } = await setBy(`link set d0 ${words}`);
    expect({ pname, macaddr }).toEqual({ pname: 'd0', macaddr: '' });
    expect(Object.entries(bits).filter(([, value]) => value !== 0)).toEqual([[bit, 1]]);
  });

  test('DP-060 the address goes as it was typed', async () => {
    expect((await setBy('link set dev d0 addr 02:0A:00:00:00:1'))['macaddr']).toBe('02:0A:00:00:00:1');
  });

  test.each([
    ['set b0 bond-mode 6', 3, 1, { mode: 6 }],
    ['set b0 bond-primary d1', 3, 3, { primary: 'd1' }],
    ['set b0 bond-xmit-policy LAYER34', 3, 4, { xmit_policy: 'LAYER34' }],
    ['set b0 bond-monitor-interval 100', 3, 5, { link_monitor_interval: 100 }],
    ['set b0 bond-link-down-prop 0', 3, 6, { link_down_prop: 0 }],
    ['set b0 bond-link-up-prop 7', 3, 7, { link_up_prop: 7 }],
    ['add b0 bond-slave d1', 1, 2, { slave: 'd1' }],
    ['del b0 bond-slave d1', 2, 2, { slave: 'd1' }],
    ['set b0 bond-slave d1', 1, 2, { slave: 'd1' }],
  ])('DP-062 link %s', async (words, act, opt, param) => {
    expect(await setBy(`link ${words}`)).toMatchObject({ name: 'b0', act, opt, param });
  });

  test.each([
    ['link set d0', "invalid parameter name ''"],
    ['link set d0 qlen 9000', "invalid parameter name 'qlen'"],
    ['link set d0 mtu 67', 'invalid mtu: 67: 68 to 9000 bytes'],
    ['link set d0 toString on', "invalid parameter name 'toString'"],
    ['link add b0 bond-mode 1', "invalid parameter name 'bond-mode'"],
    ['link set d0 promisc maybe', "invalid arguement value for 'promisc'"],
    ['link set d0 link on', "invalid arguement value for 'link'"],
    ['link set d0 addr 02:00', "invalid arguement value for 'addr'"],
    ['link set d0 addr 0:0:0:0:0:0', "invalid arguement value for 'addr'"],
    ['link set b0 bond-mode 7', 'invalid bonding mode: 7'],
    ['link set b0 bond-xmit-policy Layer2', 'invalid xmit-poliy: Layer2'],
    ['link set b0 bond-monitor-interval 0', 'invalid link_monitor_interval: 0'],
    ['link set b0 bond-link-down-prop x', 'invalid link_down_prop: x'],
    ['link set b0 bond-link-up-prop x', 'invalid link_up_prop: x'],
    ['link set cpu1 promisc on', 'cpu1 is a cpu, nothing of it can be changed'],
    ['link set d0 promisc on off', "unknown argument 'off'"],
  ])('DP-063 %s fails: %s', async (line, message) => {
    expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\ndpip: invalid parameter\n` });
  });

  test('a missing value prints the help', async () => {
    const { code, stderr } = await dpip('link set d0 promisc');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^missing argument for `promisc'\ndpip link: /);
  });

  test.each([
    ['link set d9 promisc on', SET],
    ['link set d0 bond-mode 1', SET_BOND],
  ])('DP-063 %s: the daemon refuses', async (line, id) => {
    const { code, stderr } = await dpip(line, new Scripted({ [id]: -1 }));
    expect(code).toBe(1);
    expect(stderr).toBe(`[sockopt_msg_recv] errcode set in socket msg#${id} header: invalid parameter(-1)\ndpip: invalid parameter\n`);
  });
});

describe('-i', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A device whose counters grow with the clock. */
  function growing(start = 0n): Scripted {
    const stats = (): Answer =>
      encode('netif_nic_stats_get', { ipackets: start + BigInt(Date.now()) * 10n, ierrors: 10n ** 15n - BigInt(Date.now()) });
    return new Scripted({ [LIST]: list('d0', 'd1'), [BASIC]: (body) => nic(text(body)), [STATS]: stats });
  }

  async function run(line: string, daemon: Scripted, seconds: number): Promise<Result> {
    const result = dpip(line, daemon);
    await vi.advanceTimersByTimeAsync(seconds * 1000);
    return result;
  }

  const block = (pps: string): string =>
    `    ipackets/pps    opackets/pps    ibytes/Bps      obytes/Bps      \n    ${pps.padEnd(16)}0               0               0               \n` +
    '    ierrors/pps     oerrors/pps     imissed/pps     rx_nombuf/pps   \n    0               0               0               0               \n';

  test('DP-051 blocks of rates after one head; a counter that shrinks stands still', async () => {
    const { code, stdout } = await run('-s -i 2 -c 2 link show d0', growing(2n ** 60n), 4);
    expect(code).toBe(0);
    expect(stdout).toBe(blockOf('d0') + block('10000') + block('10000'));
  });

  test('DP-052 -C colours blocks in turn and ends with a reset', async () => {
    const { stdout } = await run('-s -C -i 1 -c 2 link show d0', growing(), 2);
    expect(stdout).toBe(`${blockOf('d0')}\u001b[34m${block('10000')}\u001b[32m${block('10000')}\u001b[0m`);
  });

  test('with a count, one device after the other', async () => {
    const { stdout } = await run('-s -i 1 -c 1 link show', growing(), 2);
    expect(stdout).toBe(blockOf('d0') + block('10000') + blockOf('d1') + block('10000'));
  });

  test('DP-051 DP-116 without a count it goes round until it is stopped, which is no failure', async () => {
    const result = dpip('-s -C -i 1 link show', growing());
    await vi.advanceTimersByTimeAsync(3000);
    process.emit('SIGINT');
    const { code, stdout } = await result;
    expect(code).toBe(0);
    const names = stdout.split('\n').filter((line) => line.includes('socket')).map((line) => line.split(' ')[1]);
    expect(names).toEqual(['d0:', 'd1:', 'd0:', 'd1:']);
    expect(stdout.endsWith('\u001b[0m')).toBe(true);
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  test.each([[11], [400]])('an interval of %i digits is not no wait at all', async (digits) => {
    const result = dpip(`-s -i ${'9'.repeat(digits)} link show d0`, growing());
    await vi.advanceTimersByTimeAsync(1000);
    process.emit('SIGINT');
    expect(await result).toEqual({ code: 0, stdout: blockOf('d0'), stderr: '' });
  });

  test('without -s it means nothing', async () => {
    const { stdout, stderr } = await dpip('-i 1 link show d0', growing());
    expect(stdout).toBe(blockOf('d0'));
    expect(stderr).toBe("warning: option '-i' has no effect here without '-s'\n");
  });

  test('DP-057 cpu', async () => {
    const stats = (): Answer => encode('netif_lcore_stats_get', { lcore_loop: BigInt(Date.now()), dropped: BigInt(Date.now()) });
    const daemon = new Scripted({ [LCORE]: Buffer.alloc(sizeOf.netif_lcore_basic_get), [LCORE_STATS]: stats });
    const { stdout } = await run('-s -i 1 -c 1 link show cpu3', daemon, 1);
    expect(stdout).toBe(
      '4: cpu3: socket 0\n    queues none\n' +
        '    lcore_loop/lps  pktburst/nps    zpktburst/nps   fpktburst/nps   \n    1000            0               0               0               \n' +
        '    z2hpktburst/nps h2fpktburst/nps dropped/nps     \n    0               0               1000            \n' +
        '    ipackets/pps    ibytes/Bps      opackets/pps    obytes/Bps      \n    0               0               0               0               \n',
    );
  });
});
