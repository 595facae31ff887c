// SPDX-License-Identifier: Apache-2.0
// Listings in other forms than text: every listing that was recorded, as JSON by its schema, as lines, as metrics.
import { describe, expect, test } from 'vitest';
import { validDocument } from '../../support/schema';
import { loadVectors, vectorAreas, type Vector } from '../../support/vectors';
import { VectorTransport } from '../../support/vector-transport';
import { dpip, type Result } from './run';

/** What each object lists. */
const KINDS: Readonly<Record<string, string>> = {
  addr: 'addr', route: 'route', neigh: 'neigh', link: 'link', vlan: 'vlan', tunnel: 'tunnel', qsch: 'qsch', cls: 'cls', ipset: 'ipset',
  flow: 'flow', maddr: 'maddr', lldp: 'lldp', ipv6: 'ipv6', iftraf: 'iftraf',
}; // prettier-ignore

/** Repeating rates are text. */
const TEXT_ONLY = ['-i', '-c', '-C'];

function listings(): Vector[] {
  return vectorAreas()
    .filter((name) => name.startsWith('dpip-'))
    .flatMap((area) => [...loadVectors(area)])
    .filter(({ command, exitCode }) => exitCode === 0 && command.includes('show') && !command.some((word) => TEXT_ONLY.includes(word)));
}

function kindOf({ command }: Vector): string {
  const words = command.slice(1).filter((word) => !word.startsWith('-'));
  const [object = '', , what = ''] = words;
  if (object === 'eal-mem') return what === '' ? 'seg' : what;
  if (object === 'link' && what.startsWith('cpu')) return 'cpu';
  return KINDS[object] ?? object;
}

function play(vector: Vector, ...options: string[]): Promise<Result> {
  const exchanges = vector.command.includes('ipset') ? vector.exchanges.slice(0, 1) : vector.exchanges;
  return dpip([...options, ...vector.command.slice(1)], new VectorTransport({ exchanges }));
}

const all = listings();

test('DB-01 every object has a recorded listing', () => {
  expect(new Set(all.map(kindOf))).toEqual(new Set([...Object.values(KINDS), 'cpu', 'seg', 'zone', 'ring', 'pool']));
});

describe('DB-01 --json keeps to the schema', () => {
  test.each(all.map((vector) => [vector.name, vector] as const))('%s', async (_name, vector) => {
    const { code, stdout, stderr } = await play(vector, '-j');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(2);
    validDocument(`${kindOf(vector)}_list`, stdout, 'dpip');
    for (const line of stderr.split('\n').filter((text) => text !== '')) validDocument('warning_document', line, 'dpip');
  });
});

describe('DB-02 --pretty is the same, indented', () => {
  test.each(all.slice(0, 6).map((vector) => [vector.name, vector] as const))('%s', async (_name, vector) => {
    const [plain, pretty] = [await play(vector, '--json'), await play(vector, '-j', '-p')];
    expect(JSON.parse(pretty.stdout)).toEqual(JSON.parse(plain.stdout));
    expect(pretty.stdout).toBe(`${JSON.stringify(JSON.parse(plain.stdout), null, 2)}\n`);
  });
});

describe('DB-05 --oneline: a record a line', () => {
  test.each(all.map((vector) => [vector.name, vector] as const))('%s', async (_name, vector) => {
    const [lines, json] = [await play(vector, '-o'), await play(vector, '-j')];
    const records = JSON.parse(json.stdout) as unknown[];
    expect(lines.stdout.split('\n').filter((line) => line !== '')).toHaveLength(records.length);
    for (const line of lines.stdout.split('\n').filter((text) => text !== '')) {
      for (const cell of line.split('\t')) expect(cell).toMatch(/^[A-Za-z0-9_.]+=/);
    }
  });
});

function vector(name: string): Vector {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return found;
}

test('DB-01 values: a neighbour that is not resolved has no MAC, addresses of lcores say so', async () => {
  const neighbours = JSON.parse((await play(vector('scripted/dpip-neigh-show'), '-j')).stdout) as unknown[];
  expect(neighbours[2]).toEqual({
    family: 'ipv6', address: '2001:db8::1', mac: null, state: 'send', device: 'dpdk0', lcore: 2, static: false,
  }); // prettier-ignore
  const addresses = JSON.parse((await play(vector('scripted/dpip-addr-show-verbose'), '-j')).stdout) as { lcore?: number }[];
  expect(addresses.every(({ lcore }) => lcore !== undefined)).toBe(true);
});

test('DB-05 nested members and lists', async () => {
  const { stdout } = await play(vector('scripted/dpip-tunnel-show'), '-o');
  expect(stdout.split('\n')[1]).toContain('name=gre1\tkind=gre\tremote=10.0.0.12\tlocal=192.168.100.2\tdevice=\tttl=inherit\ttos=inherit\tinput.flags.names=key\tinput.flags.value=4\tinput.key=16909060');
});

describe('DB-21 --prom', () => {
  test('counters of a device with their types', async () => {
    const { code, stdout } = await play(vector('scripted/dpip-link-show-one-sv'), '--prom');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines).toContain('# TYPE dpvs_link_in_packets_total counter');
    expect(lines).toContain('dpvs_link_in_packets_total{device="dpdk0"} 1000');
    expect(lines).toContain('# TYPE dpvs_link_up gauge');
    expect(lines).toContain('dpvs_link_up{device="dpdk0"} 1');
    expect(lines).toContain('dpvs_link_buffers_available{device="dpdk0"} 1048000');
  });

  test('IPv6 counters and schedulers', async () => {
    const ipv6 = (await play(vector('scripted/dpip-ipv6-stats-v'), '--prom')).stdout;
    expect(ipv6).toContain('\ndpvs_ipv6_in_receives_total 100\n');
    const qsch = (await play(vector('scripted/dpip-qsch-show-sv'), '--prom')).stdout;
    expect(qsch).toMatch(/^dpvs_qsch_bytes_total\{device="dpdk0",handle="root",kind="pfifo_fast",lcore="0"\} 123456$/m);
    expect(qsch).toMatch(/^dpvs_qsch_backlog_packets\{.*\} 3$/m);
    // Help and type stand once, in front of all samples of a name.
    expect(qsch.match(/# TYPE dpvs_qsch_bytes_total/g)).toHaveLength(1);
  });

  test('what has no metrics says so', async () => {
    const { code, stdout, stderr } = await play(vector('scripted/dpip-neigh-show'), '--prom');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('--prom: this has no metrics; link, cpu, ipv6, qsch, drop, lcore have\ndpip: not support\n');
  });
});
