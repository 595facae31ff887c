// SPDX-License-Identifier: Apache-2.0
// What --prom prints, read as strictly as the text format 0.0.4 of Prometheus is defined.
import { describe, expect, it } from 'vitest';
import { addService } from '../../../src/ipc/messages/service';
import { fullDaemon } from './lists';
import { address, ipvsadm } from './run';

interface Family {
  readonly type: string;
  readonly help: string;
  /** Values by labels, as text. */
  readonly samples: Map<string, string>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/.exec(rest);
    const [whole, name, value] = match ?? [];
    if (whole === undefined || name === undefined || value === undefined) throw new Error(`bad labels: ${rest}`);
    if (name in labels) throw new Error(`the label ${name} is there twice`);
    labels[name] = value.replace(/\\(["\\n])/g, (_all, c: string) => (c === 'n' ? '\n' : c));
    rest = rest.slice(whole.length);
    if (rest === '' && whole.endsWith(',')) throw new Error('a comma without a label');
  }
  return labels;
}

/** Reads a scrape: HELP and TYPE before the lines of a metric, which stand together, each with labels of its own. */
function parseMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  let help: { name: string; text: string } | undefined;
  let current: string | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, what, name = '', rest = ''] = comment;
      if (!NAME.test(name) || families.has(name)) throw new Error(`bad or repeated metric: ${line}`);
      if (what === 'HELP') {
        help = { name, text: rest };
        continue;
      }
      if (help?.name !== name || !['counter', 'gauge'].includes(rest)) throw new Error(`TYPE without HELP, or unknown: ${line}`);
      if (rest === 'counter' && !name.endsWith('_total')) throw new Error(`a counter is not called so: ${name}`);
      families.set(name, { type: rest, help: help.text, samples: new Map() });
      current = name;
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\d+)$/.exec(line);
    const [, name, labels = '', value = ''] = sample ?? [];
    if (name === undefined || name !== current) throw new Error(`not a line of ${current}: ${line}`);
    const key = JSON.stringify(Object.entries(parseLabels(labels)).sort());
    const { samples } = families.get(name) as Family;
    if (samples.has(key)) throw new Error(`twice: ${line}`);
    samples.set(key, value);
  }
  return families;
}

async function scrape(...argv: string[]): Promise<Map<string, Family>> {
  const { code, stdout } = await ipvsadm(['-Ln', '--prom', ...argv], fullDaemon({ extensions: true }));
  expect(code).toBe(0);
  return parseMetrics(stdout);
}

const WEB = { proto: 'TCP', local_address: '10.0.0.1', local_port: '80', local_mark: '0' };
const SERVER = { ...WEB, remote_address: '172.16.0.2', remote_port: '8080', forward: 'fullnat' };

function valueOf(families: Map<string, Family>, name: string, labels: Record<string, string>): string | undefined {
  return families.get(name)?.samples.get(JSON.stringify(Object.entries(labels).sort()));
}

describe('IB-21 --prom', () => {
  it('has every counter of services and servers, with all digits', async () => {
    const families = await scrape();
    expect(valueOf(families, 'dpvs_info', { version: '1.10.2' })).toBe('1');
    expect(valueOf(families, 'dpvs_services', {})).toBe('4');
    expect(valueOf(families, 'dpvs_service_servers', WEB)).toBe('2');
    expect(valueOf(families, 'dpvs_service_incoming_packets_total', WEB)).toBe('18014398509481986');
    expect(valueOf(families, 'dpvs_server_incoming_packets_total', SERVER)).toBe('9007199254740993');
    expect(valueOf(families, 'dpvs_server_weight', SERVER)).toBe('5');
    expect(valueOf(families, 'dpvs_server_active_connections', SERVER)).toBe('11');
    expect(valueOf(families, 'dpvs_server_upper_threshold', SERVER)).toBe('1000');
    expect(valueOf(families, 'dpvs_server_inhibited', SERVER)).toBe('0');
    expect(valueOf(families, 'dpvs_service_servers', { ...WEB, local_address: '0.0.0.0', local_port: '0', local_mark: '7' })).toBe('0');
    expect([...families.values()].every(({ samples, help }) => samples.size > 0 && help.endsWith('.'))).toBe(true);
  });

  it('names the lcore of counters that are not sums', async () => {
    expect(valueOf(await scrape('--cpu', '2'), 'dpvs_server_connections_total', { ...SERVER, lcore: '2' })).toBe('1000');
    const all = await scrape('--cpu', 'all');
    expect([1, 2].map((lcore) => valueOf(all, 'dpvs_server_connections_total', { ...SERVER, lcore: String(lcore) }))).toEqual(['1000', '1000']);
    expect(valueOf(all, 'dpvs_server_connections_total', SERVER)).toBeUndefined();
  });

  it('takes filters', async () => {
    const families = await scrape('--proto', 'udp', '--vip', '2001:db8::/32');
    expect(families.get('dpvs_service_servers')?.samples.size).toBe(1);
    expect(valueOf(families, 'dpvs_services', {})).toBe('1');
  });

  it('escapes what a rule may be called', async () => {
    const daemon = fullDaemon({ extensions: true });
    const match = { af: 2, iifname: 'a"b\\c' };
    addService(daemon, { af: 2, proto: 6, addr: address(), flags: 0x400, match, netmask: 0xffffffff, sched_name: 'rr' });
    const { stdout } = await ipvsadm(['-Ln', '--prom'], daemon);
    const labels = { proto: 'TCP', local_address: '0.0.0.0', local_port: '0', local_mark: '0', match: 'tcp,iif=a"b\\c' };
    expect(valueOf(parseMetrics(stdout), 'dpvs_service_servers', labels)).toBe('0');
  });
});
