// SPDX-License-Identifier: Apache-2.0
// Items of `link set`, `link add` and `link del`.
import type { Transport } from '../../../ipc/client';
import { capabilities, MSG, requireMessage } from '../../../ipc/messages/capabilities';
import { bondOpt, changeBond, setLink, setLinkMtu, type BondParam, type LinkSettings } from '../../../ipc/messages/link';
import { parseDecimal } from '../../parse/number';
import { invalid } from '../errors';
import { nameOf, parseMac } from '../values';

const I32_MAX = 0x7fff_ffff;
const MTU = [68, 9000] as const;
const POLICIES = ['layer2', 'layer23', 'layer34', 'LAYER2', 'LAYER23', 'LAYER34'];

type Action = 'set' | 'add' | 'del';

/** What a value means for an item. */
type Effect =
  | { readonly settings: LinkSettings }
  | { readonly mtu: number }
  | { readonly opt: (typeof bondOpt)[keyof typeof bondOpt]; readonly param: BondParam };

interface Item {
  /** Of the value, for the help. */
  readonly label: string;
  /** Verbs that know the item. */
  readonly actions: readonly Action[];
  parse(item: string, value: string): Effect;
}

const SET: readonly Action[] = ['set'];

type Switch = 'promisc' | 'allmulticast' | 'forward2kni' | 'tc_egress' | 'tc_ingress' | 'lldp';

function toggle(name: Switch, words: Readonly<Record<string, 'on' | 'off'>> = { on: 'on', off: 'off' }): Item {
  return {
    label: Object.keys(words).join('|'),
    actions: SET,
    parse: (item, value) => {
      const state = Object.hasOwn(words, value) ? words[value] : undefined;
      if (state === undefined) throw badValue(item);
      return { settings: { [`${name}_${state}`]: 1 } };
    },
  };
}

function badValue(item: string): Error {
  return invalid(`invalid arguement value for '${item}'`);
}

const linkState: Item = {
  label: 'up|down',
  actions: SET,
  parse: (item, value) => {
    if (value !== 'up' && value !== 'down') throw badValue(item);
    return { settings: value === 'up' ? { link_status_up: 1 } : { link_status_down: 1 } };
  },
};

const hardwareAddress: Item = {
  label: 'MAC',
  actions: SET,
  parse: (item, value) => {
    const bytes = parseMac(value);
    if (bytes === null || value.length > 17 || bytes.every((byte) => byte === 0)) throw badValue(item);
    return { settings: { macaddr: value } };
  },
};

const widest: Item = {
  label: 'BYTES',
  actions: SET,
  parse: (_item, value) => {
    const mtu = parseDecimal(value, ...MTU);
    if (mtu === null) throw invalid(`invalid mtu: ${value}: ${MTU[0]} to ${MTU[1]} bytes`);
    return { mtu };
  },
};

/** A number of a bonding device. @param what as it is called in the error */
function bondNumber(
  opt: (typeof bondOpt)[keyof typeof bondOpt],
  member: 'mode' | 'link_monitor_interval' | 'link_down_prop' | 'link_up_prop',
  what: string,
  [min, max]: readonly [number, number],
  label: string,
): Item {
  return {
    label,
    actions: SET,
    parse: (_item, value) => {
      const number = parseDecimal(value, min, max);
      if (number === null) throw invalid(`invalid ${what}: ${value}`);
      return { opt, param: { [member]: number } };
    },
  };
}

const ITEMS: Readonly<Record<string, Item>> = {
  promisc: toggle('promisc'),
  allmulticast: toggle('allmulticast'),
  forward2kni: toggle('forward2kni'),
  'tc-egress': toggle('tc_egress'),
  'tc-ingress': toggle('tc_ingress'),
  lldp: toggle('lldp', { on: 'on', off: 'off', up: 'on', down: 'off' }),
  link: linkState,
  addr: hardwareAddress,
  mtu: widest,
  'bond-mode': bondNumber(bondOpt.OPT_MODE, 'mode', 'bonding mode', [0, 6], '0-6'),
  'bond-primary': {
    label: 'NIC',
    actions: SET,
    parse: (_item, value) => ({ opt: bondOpt.OPT_PRIMARY, param: { primary: nicName(value) } }),
  },
  'bond-xmit-policy': {
    label: 'layer2|layer23|layer34',
    actions: SET,
    parse: (_item, value) => {
      if (!POLICIES.includes(value)) throw invalid(`invalid xmit-poliy: ${value}`);
      return { opt: bondOpt.OPT_XMIT_POLICY, param: { xmit_policy: value } };
    },
  },
  'bond-monitor-interval': bondNumber(
    bondOpt.OPT_LINK_MONITOR_INTERVAL,
    'link_monitor_interval',
    'link_monitor_interval',
    [1, I32_MAX],
    'MS',
  ),
  'bond-link-down-prop': bondNumber(bondOpt.OPT_LINK_DOWN_PROP, 'link_down_prop', 'link_down_prop', [0, I32_MAX], 'MS'),
  'bond-link-up-prop': bondNumber(bondOpt.OPT_LINK_UP_PROP, 'link_up_prop', 'link_up_prop', [0, I32_MAX], 'MS'),
  'bond-slave': {
    label: 'NIC',
    actions: ['set', 'add', 'del'],
    parse: (_item, value) => ({ opt: bondOpt.OPT_SLAVE, param: { slave: nicName(value) } }),
  },
};

/** Names of devices have room for 31 bytes in these requests. */
export function nicName(text: string): string {
  return nameOf(text, 31, 'interface name');
}

export function linkItemNames(): string[] {
  return Object.keys(ITEMS);
}

/** What the value of an item is called, or may be; empty for an item that does not exist. */
export function linkItemLabel(name: string): string {
  return Object.hasOwn(ITEMS, name) ? (ITEMS[name]?.label ?? '') : '';
}

/** Lines for the help. */
export function itemHelp(): string[] {
  return Object.entries(ITEMS).map(([name, item]) => `${name.padEnd(22)} ${item.label}`);
}

/** @throws CommandError when the verb does not know the item */
export function checkItem(action: Action, name: string): void {
  const item = Object.hasOwn(ITEMS, name) ? ITEMS[name] : undefined;
  if (item === undefined || !item.actions.includes(action)) throw invalid(`invalid parameter name '${name}'`);
}

/** Changes one item of a device. @throws CommandError for a bad value, DaemonError */
export function applyItem(transport: () => Transport, action: Action, nic: string, name: string, value: string): void {
  checkItem(action, name);
  const effect = ITEMS[name]?.parse(name, value);
  if (effect === undefined) return;
  if ('settings' in effect) {
    setLink(transport(), nic, effect.settings);
    return;
  }
  if ('mtu' in effect) {
    requireMessage(capabilities(transport()), MSG.DS_MSG_LINK_MTU, 'link set mtu');
    setLinkMtu(transport(), nic, effect.mtu);
    return;
  }
  // Slaves are a list: setting one means adding it.
  const bondAction = effect.opt === bondOpt.OPT_SLAVE && action === 'set' ? 'add' : action;
  changeBond(transport(), nic, bondAction, effect.opt, effect.param);
}
