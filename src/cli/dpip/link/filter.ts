// SPDX-License-Identifier: Apache-2.0
// Which devices a list is of: link show [up|down] [type vlan|tunnel|bond].
import { DaemonError, type Transport } from '../../../ipc/client';
import { getBond, getLink } from '../../../ipc/messages/link';
import { listTunnels } from '../../../ipc/messages/tunnel';
import { listVlans } from '../../../ipc/messages/vlan';
import { invalid } from '../errors';

type Test = (name: string, transport: Transport) => boolean;

function isBond(name: string, transport: Transport): boolean {
  try {
    getBond(transport, name);
    return true;
  } catch (error) {
    if (error instanceof DaemonError) return false;
    throw error;
  }
}

function isVlan(name: string, transport: Transport): boolean {
  try {
    return listVlans(transport, { ifname: name }).some(({ ifname }) => ifname === name);
  } catch (error) {
    if (error instanceof DaemonError) return false;
    throw error;
  }
}

const STATES: Readonly<Record<string, Test>> = {
  up: (name, transport) => getLink(transport, name).link_status === 'UP',
  down: (name, transport) => getLink(transport, name).link_status !== 'UP',
};

const TYPES: Readonly<Record<string, Test>> = {
  vlan: isVlan,
  tunnel: (name, transport) => listTunnels(transport, {}).some(({ ifname }) => ifname === name),
  bond: isBond,
};

export function isFilter(words: readonly string[]): boolean {
  const [first = ''] = words;
  return first === 'type' || Object.hasOwn(STATES, first);
}

/** All have to hold. @throws CommandError */
export function filterOf(words: readonly string[]): Test {
  const tests: Test[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const type = word === 'type' ? (words[(at += 1)] ?? '') : undefined;
    const table = type === undefined ? STATES : TYPES;
    const test = Object.hasOwn(table, type ?? word) ? table[type ?? word] : undefined;
    if (test === undefined) throw invalid(type === undefined ? `unknown argument '${word}'` : `invalid type '${type}': ${Object.keys(TYPES).join(', ')}`);
    tests.push(test);
  }
  return (name, transport) => tests.every((test) => test(name, transport));
}
