// SPDX-License-Identifier: Apache-2.0
// The text format of Prometheus, version 0.0.4.
import { printable } from '../render/text';

export type MetricType = 'counter' | 'gauge';

/** Names to values; both are escaped here. */
export type Labels = Readonly<Record<string, string>>;

/** A metric of many things, one line for each. */
export interface Metric<T> {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  value(of: T): bigint | number;
}

function escapeValue(text: string): string {
  return printable(text).replace(/[\\"]/g, '\\$&');
}

/** Labels as they stand behind a name, braces included. */
export function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** What stands before the lines of a metric; help texts are one line without backslashes. */
export function metricHead({ name, type, help }: Pick<Metric<never>, 'name' | 'type' | 'help'>): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}
