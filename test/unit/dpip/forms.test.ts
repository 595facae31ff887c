// SPDX-License-Identifier: Apache-2.0
// Errors as objects, counters in short, colours, and what does not go together.
import { describe, expect, test } from 'vitest';
import { ConnectError } from '../../../src/ipc/client';
import { encode, MSG } from '../../../src/ipc/codec';
import { loadVectors } from '../../support/vectors';
import { VectorTransport } from '../../support/vector-transport';
import { validDocument } from '../../support/schema';
import { accepting, dpip, Scripted } from '../../golden/dpip/run';

describe('DB-03 errors with --json', () => {
  const cases: readonly (readonly [string, Scripted, unknown])[] = [
    ['-j tunnel show', new Scripted({ [MSG.SOCKOPT_TUNNEL_SHOW]: -4 }), { code: -4, name: 'not exist', request: 'tunnel-show' }],
    ['-j addr add 10.0.0.1/24 dev d0', new Scripted({ [MSG.SOCKOPT_SET_IFADDR_ADD]: -3 }), { code: -3, name: 'already exist', request: 'addr-add' }],
    ['-j neigh add 10.0.0.1 dev d0', new Scripted(), { code: null, name: 'invalid parameter', request: 'neigh-add' }],
    ['-j route show', new Scripted({ [MSG.SOCKOPT_GET_ROUTE_SHOW]: new ConnectError('/run/x', 'ENOENT', 'no such file', MSG.SOCKOPT_GET_ROUTE_SHOW, 'get') }), { code: null, name: 'no connection', request: 'route-show' }],
    ['-j vlan add link d0 id 4095', new Scripted(), { code: null, name: 'invalid parameter', request: 'vlan-add' }],
  ];
  test.each(cases)('%s', async (line, daemon, error) => {
    const { code, stdout, stderr } = await dpip(line, daemon);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.endsWith('\n') && stderr.split('\n')).toHaveLength(2);
    expect(validDocument('error_document', stderr, 'dpip')).toMatchObject({ error });
  });

  test('a device that fails beside others', async () => {
    const links = loadVectors('dpip-link').find(({ name }) => name === 'real/000-dpip-link-show');
    const exchanges = links?.exchanges ?? [];
    // The second device has gone meanwhile.
    let asked = 0;
    const recorded = new VectorTransport({ exchanges });
    const { code, stdout, stderr } = await dpip('-j link show', {
      request: (id, type, body) => {
        const reply = recorded.request(id, type, body);
        asked += 1;
        return asked === 3 ? new Scripted({ [id]: -4 }).request(id, type, body) : reply;
      },
    });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toHaveLength(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { name: 'failed', request: 'link-show' } });
  });
});

test('DB-01 verbs that change something print nothing', async () => {
  expect(await dpip('-j addr del 10.0.0.1 dev d0', accepting(MSG.SOCKOPT_SET_IFADDR_DEL))).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('DB-01 text of the daemon cannot break out of the document', async () => {
  const evil = encode('vlan_param', { ifname: 'a"\n\u001b[2J', real_dev: '\\', vlan_proto: 0x8100, vlan_id: 7 });
  const daemon = new Scripted({ [MSG.SOCKOPT_GET_VLAN_SHOW]: Buffer.concat([encode('vlan_param_array', { nparam: 1 }), evil]) });
  const { stdout } = await dpip('-j vlan show x', daemon);
  expect(JSON.parse(stdout)).toEqual([{ name: 'a"??[2J', link: '\\', protocol: '802.1q', id: 7 }]);
  const { stdout: line } = await dpip('-o vlan show x', daemon);
  expect(line).toBe('name=a"??[2J\tlink=\\\tprotocol=802.1q\tid=7\n');
});

describe('what does not go together', () => {
  test.each([
    ['-p addr show', 'dpip: --pretty is for --json'],
    ['-j -o addr show', 'dpip: --json and --oneline do not go together'],
    ['--oneline --prom addr show', 'dpip: --oneline and --prom do not go together'],
    ['--color=blue addr show', "invalid colour 'blue': auto, always or never"],
  ])('%s', async (line, message) => {
    expect(await dpip(line)).toEqual({ code: 1, stdout: '', stderr: `${message}\n` });
  });

  test('DB-01 rates that repeat', async () => {
    const { code, stderr } = await dpip('-j -s -i 1 link show d0');
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { name: 'invalid parameter' } });
  });

  test('prefixes of the old long options mean what they meant', async () => {
    // --h, --c and --s are those of the original, whatever came later.
    expect((await dpip('addr --h')).stderr).toContain('Usage:');
    expect((await dpip('--co 2 addr show', new Scripted())).stderr).toContain('ambiguous');
    expect((await dpip('--js vlan show x', new Scripted({ [MSG.SOCKOPT_GET_VLAN_SHOW]: -4 }))).stderr).toMatch(/^\{"error"/);
  });
});

test('DB-16 --human shortens counters, nothing else', async () => {
  const stats = loadVectors('dpip-link').find(({ name }) => name === 'scripted/dpip-link-show-one-sv');
  const play = (option: string): Promise<{ stdout: string }> => dpip([...option.split(' '), 'link', 'show', 'dpdk0'], new VectorTransport({ exchanges: stats?.exchanges.slice(0, 2) ?? [] }));
  const [plain, human] = [(await play('-s')).stdout.split('\n'), (await play('-s --human')).stdout.split('\n')];
  expect(human[4]).toBe('    1000                2000                64.0K               128K                ');
  expect(plain[4]).toBe('    1000                2000                64000               128000              ');
  expect(human.filter((_line, i) => i !== 4 && i !== 8)).toEqual(plain.filter((_line, i) => i !== 4 && i !== 8));
});

test('DB-17 colours are there when they are asked for, and only then', async () => {
  const play = async (line: string, env: Readonly<Record<string, string>> = {}): Promise<string> => {
    const vector = loadVectors('dpip-neigh').find(({ name }) => name === 'scripted/dpip-neigh-show');
    return (await dpip(line, new VectorTransport({ exchanges: vector?.exchanges ?? [] }), { env })).stdout;
  };
  const plain = await play('neigh show');
  const painted = await play('--color=always neigh show');
  expect(painted).toContain('\u001b[32mREACHABLE\u001b[39m');
  expect(painted.replace(/\u001b\[\d+m/g, '')).toBe(plain);
  for (const line of ['--color=never neigh show', '--color=auto neigh show', '-C neigh show']) expect(await play(line), line).toBe(plain);
});

test('DB-04 --xstats shows the counters of the driver, without statistics', async () => {
  const vector = loadVectors('dpip-link').find(({ name }) => name === 'scripted/dpip-link-show-one-sv');
  const of = (id: number): Buffer => new VectorTransport({ exchanges: vector?.exchanges.filter((one) => one.id === id) ?? [] }).request(id, 'get', Buffer.from('dpdk0'.padEnd(32, '\0')));
  const [basic, xstats] = [MSG.SOCKOPT_NETIF_GET_PORT_BASIC, MSG.SOCKOPT_NETIF_GET_PORT_XSTATS];
  const daemon = new Scripted({ [basic]: of(basic), [xstats]: of(xstats) });
  const { stdout } = await dpip('-x link show dpdk0', daemon);
  expect(stdout.split('\n')[3]).toBe('    xstats list:');
  expect(stdout).not.toContain('ipackets');
  const [nic] = JSON.parse((await dpip('-x -j link show dpdk0', daemon)).stdout) as [{ extended: unknown[]; counters?: unknown }];
  expect(nic.extended.length).toBeGreaterThan(0);
  expect(nic.counters).toBeUndefined();
});
