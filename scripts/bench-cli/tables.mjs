// SPDX-License-Identifier: Apache-2.0
// The configurations that are listed and restored, as rules.
import { writeFileSync } from 'node:fs';

export const BIG = { services: 5000, servers: 10 };
export const SMALL = { services: 1, servers: 2 };

const serviceOf = (i) => `-t 10.${100 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}:80`;
const serverOf = (i, n) => `10.${50 + n}.${(i >> 8) & 255}.${i & 255}:8080`;

/** One -A for each service, one -a for each of its servers. */
export function ruleLines({ services, servers }) {
  const lines = [];
  for (let i = 0; i < services; i += 1) {
    lines.push(`-A ${serviceOf(i)} -s rr`);
    for (let n = 0; n < servers; n += 1) lines.push(`-a ${serviceOf(i)} -r ${serverOf(i, n)} -b -w ${1 + n}`);
  }
  return lines;
}

export function writeRules(file, size) {
  writeFileSync(file, `${ruleLines(size).join('\n')}\n`);
}

/** Rules that take a configuration away again and leave everything else. */
export function writeDeletions(file, { services }) {
  writeFileSync(file, Array.from({ length: services }, (_, i) => `-D ${serviceOf(i)}\n`).join(''));
}

/** What is wrong with a list; null: each service and each server of the configuration is there once. `others`: further services. */
export function checkList(text, { services, servers }, others = 0) {
  const names = text.split('\n').filter((line) => /^(TCP|UDP|-A) /.test(line)).length;
  const rows = text.split('\n').filter((line) => /^( {2}-> \d|-a )/.test(line));
  if (names !== services + others) return `${names} services are listed in place of ${services + others}`;
  const own = rows.filter((line) => / 10\.5\d\./.test(line));
  if (own.length !== services * servers) return `${own.length} servers are listed in place of ${services * servers}`;
  return null;
}
