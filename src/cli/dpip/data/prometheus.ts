// SPDX-License-Identifier: Apache-2.0
// Metrics for Prometheus: which members of a record are labels, and which are counters and gauges.
import type { Output } from '../../runtime/io';
import type { JsonObject, JsonValue } from '../../runtime/document';
import { CommandError } from '../errors';
import type { Kind } from '../listing';

export interface Sample {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

/** How the members of a group of a record become samples. */
interface Group {
  /** Of the record; its members are the metrics. */
  readonly member: string;
  readonly prefix: string;
  readonly type: Sample['type'];
  readonly what: string;
}

interface Family {
  /** Label: member of the record. */
  readonly labels: Readonly<Record<string, string>>;
  readonly groups: readonly Group[];
  /** Members of the record itself. */
  readonly own?: readonly { readonly member: string; readonly name: string; readonly type: Sample['type']; readonly help: string }[];
}

/** Kinds that have metrics. */
const FAMILIES: Readonly<Partial<Record<Kind, Family>>> = {
  link: {
    labels: { device: 'name' },
    groups: [
      { member: 'counters', prefix: 'dpvs_link', type: 'counter', what: 'of a device' },
      { member: 'buffers', prefix: 'dpvs_link_buffers', type: 'gauge', what: 'packet buffers of a device' },
    ],
    own: [
      { member: 'link', name: 'dpvs_link_up', type: 'gauge', help: 'whether the link is up' },
      { member: 'speed_mbps', name: 'dpvs_link_speed_mbps', type: 'gauge', help: 'speed of the link' },
    ],
  },
  cpu: { labels: { lcore: 'lcore' }, groups: [{ member: 'counters', prefix: 'dpvs_lcore', type: 'counter', what: 'of an lcore' }] },
  ipv6: { labels: { lcore: 'lcore' }, groups: [{ member: 'counters', prefix: 'dpvs_ipv6', type: 'counter', what: 'of IPv6' }] },
  qsch: {
    labels: { device: 'device', handle: 'handle', kind: 'kind', lcore: 'lcore' },
    groups: [
      { member: 'counters', prefix: 'dpvs_qsch', type: 'counter', what: 'of a traffic scheduler' },
      { member: 'backlog', prefix: 'dpvs_qsch_backlog', type: 'gauge', what: 'waiting in a traffic scheduler' },
    ],
  },
  drop: {
    labels: { reason: 'name', layer: 'layer', lcore: 'lcore' },
    groups: [],
    own: [{ member: 'packets', name: 'dpvs_dropped_packets', type: 'counter', help: 'packets that were dropped, by reason' }],
  },
  lcore: {
    labels: { lcore: 'lcore', role: 'role' },
    groups: [
      { member: 'counters', prefix: 'dpvs_load', type: 'counter', what: 'of an lcore' },
      { member: 'buffers', prefix: 'dpvs_load_buffers', type: 'gauge', what: 'packet buffers of an lcore' },
    ],
    own: [
      { member: 'busy_percent', name: 'dpvs_load_busy_percent', type: 'gauge', help: 'share of the last second in turns with packets' },
      { member: 'cpu_percent', name: 'dpvs_load_cpu_percent', type: 'gauge', help: 'share of a CPU that the thread used in the last second' },
      { member: 'cycles_per_packet', name: 'dpvs_load_cycles_per_packet', type: 'gauge', help: 'cycles of a packet in the last second' },
    ],
  },
};

/** InReceives as in_receives. */
function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

function numberText(value: JsonValue | undefined): string | null {
  if (value === 'up') return '1';
  if (value === 'down') return '0';
  if (typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))) return String(value);
  return null;
}

function suffix(type: Sample['type']): string {
  return type === 'counter' ? '_total' : '';
}

/** @throws CommandError for kinds that have none */
export function metricsOf(kind: Kind, data: JsonObject): Sample[] {
  const family = FAMILIES[kind];
  if (family === undefined) {
    throw new CommandError('not support', { detail: [`--prom: this has no metrics; ${Object.keys(FAMILIES).join(', ')} have`] });
  }
  const labels: Record<string, string> = {};
  for (const [label, member] of Object.entries(family.labels)) {
    const value = data[member];
    if (value !== undefined && value !== null) labels[label] = String(value as string | number);
  }
  const samples: Sample[] = [];
  const add = (name: string, type: Sample['type'], help: string, value: JsonValue | undefined): void => {
    const text = numberText(value);
    if (text !== null) samples.push({ name: `${name}${suffix(type)}`, type, help, labels, value: text });
  };
  for (const { member, name, type, help } of family.own ?? []) add(name, type, help, data[member]);
  for (const { member, prefix, type, what } of family.groups) {
    for (const [name, value] of Object.entries((data[member] ?? {}) as JsonObject)) {
      add(`${prefix}_${snake(name)}`, type, `${snake(name).replaceAll('_', ' ')} ${what}`, value);
    }
  }
  return samples;
}

function labelText(labels: Sample['labels']): string {
  const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const items = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return items.length === 0 ? '' : `{${items.join(',')}}`;
}

/** Samples of a metric stand together, behind its help and type. */
export function writeMetrics(out: Output, samples: readonly Sample[]): void {
  const byName = new Map<string, Sample[]>();
  for (const sample of samples) {
    const others = byName.get(sample.name);
    if (others === undefined) byName.set(sample.name, [sample]);
    else others.push(sample);
  }
  for (const [name, group] of byName) {
    out.write(`# HELP ${name} ${group[0]?.help ?? ''}\n# TYPE ${name} ${group[0]?.type ?? ''}\n`);
    for (const { labels, value } of group) out.write(`${name}${labelText(labels)} ${value}\n`);
  }
}
