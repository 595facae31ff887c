// SPDX-License-Identifier: Apache-2.0
import { DaemonError, type Transport } from '../../../ipc/client';
import { EDPVS } from '../../../ipc/messages/failures';
import { getLink } from '../../../ipc/messages/link';
import {
  addTunnel,
  changeTunnel,
  deleteTunnel,
  listTunnels,
  replaceTunnel,
  tunnelFlags,
  type Tunnel,
  type TunnelSpec,
} from '../../../ipc/messages/tunnel';
import { AF_INET, ipv4Number, parseIpv4 } from '../../parse/address';
import { parseDecimal } from '../../parse/number';
import { formatIp } from '../../render/address';
import { right } from '../../render/columns';
import { CommandError, invalid } from '../errors';
import { flag, free, key, required, verb, type Call, type ObjectSpec, type Parse, type Surplus, type Values } from '../grammar';
import { ifname, nameOf, U32_MAX } from '../values';

const { TUNNEL_F_CSUM, TUNNEL_F_KEY, TUNNEL_F_SEQ } = tunnelFlags;
/** On the wire: take what the inner packet has. */
const TTL_INHERIT = 0;
const TOS_INHERIT = 1;

function endpoint(which: 'remote' | 'local'): Parse<number> {
  return (text) => {
    if (text === 'any') return 0;
    const parsed = parseIpv4(text);
    if (parsed === null) throw invalid(`invalid ${which} address: \`${text}'`);
    return ipv4Number(parsed.bytes);
  };
}

const tunnelKey: Parse<number> = (text) => {
  const quad = parseIpv4(text);
  const value = quad === null ? parseDecimal(text, 0, U32_MAX) : ipv4Number(quad.bytes);
  if (value === null) throw invalid(`invalid key '${text}': a dotted quad or a number from 0 to ${U32_MAX}`);
  return value;
};

function hopValue(name: 'ttl' | 'tos', min: number, inherit: number): Parse<number> {
  return (text) => {
    if (text === 'inherit') return inherit;
    const value = parseDecimal(text, min, 255);
    if (value === null) throw invalid(`invalid ${name} '${text}': ${min} to 255 or inherit`);
    return value;
  };
}

const ARGS = {
  name: free('NAME', ifname),
  mode: key('ipip|gre', (text) => nameOf(text, 15, 'tunnel type'), ['type', 'kind']),
  remote: key('A|any', endpoint('remote')),
  local: key('A|any', endpoint('local')),
  seq: flag(),
  iseq: flag(),
  oseq: flag(),
  key: key('KEY', tunnelKey),
  ikey: key('KEY', tunnelKey),
  okey: key('KEY', tunnelKey),
  csum: flag(),
  icsum: flag(),
  ocsum: flag(),
  ttl: key('1-255|inherit', hopValue('ttl', 1, TTL_INHERIT)),
  tos: key('0-255|inherit', hopValue('tos', 0, TOS_INHERIT)),
  dev: key('PHYS', ifname),
};

const USAGE =
  'NAME [mode|type|kind ipip|gre] [remote A|any] [local A|any] [seq|iseq|oseq] [key|ikey|okey KEY] ' +
  '[csum|icsum|ocsum] [ttl 1-255|inherit] [tos 0-255|inherit] [dev PHYS]';

type Typed = Values<typeof ARGS>;

const surplus: Surplus = (word, first) => invalid(`Is \`${word}' or \`${first ?? ''}' garbage ?`);

/** The part of a record that words can change. */
interface Settings extends Omit<Tunnel, 'ifname' | 'iph'> {
  readonly iph: Pick<Tunnel['iph'], 'tos' | 'ttl' | 'saddr' | 'daddr'>;
}

const BLANK: Settings = {
  kind: '',
  link: '',
  i_flags: 0,
  o_flags: 0,
  i_key: 0,
  o_key: 0,
  iph: { tos: 0, ttl: TTL_INHERIT, saddr: 0, daddr: 0 },
};

/** Flags of one direction: what is on stays on. */
function flagsOf(old: number, csum: boolean, keyed: boolean, seq: boolean): number {
  return old | (csum ? TUNNEL_F_CSUM : 0) | (keyed ? TUNNEL_F_KEY : 0) | (seq ? TUNNEL_F_SEQ : 0);
}

function directions(typed: Typed, old: Pick<Tunnel, 'i_flags' | 'o_flags' | 'i_key' | 'o_key'>): typeof old {
  const inKey = typed.ikey ?? typed.key;
  const outKey = typed.okey ?? typed.key;
  const isOn = (both: true | undefined, one: true | undefined): boolean => both === true || one === true;
  const { csum, icsum, ocsum, seq, iseq, oseq } = typed;
  return {
    i_flags: flagsOf(old.i_flags, isOn(csum, icsum), inKey !== undefined, isOn(seq, iseq)),
    o_flags: flagsOf(old.o_flags, isOn(csum, ocsum), outKey !== undefined, isOn(seq, oseq)),
    i_key: inKey ?? old.i_key,
    o_key: outKey ?? old.o_key,
  };
}

/** What was typed on top of what there is. */
function merged(typed: Typed, old: Settings = BLANK): TunnelSpec {
  return {
    ifname: typed.name ?? '',
    kind: typed.mode ?? old.kind,
    link: typed.dev ?? old.link,
    ...directions(typed, old),
    iph: {
      tos: typed.tos ?? old.iph.tos,
      ttl: typed.ttl ?? old.iph.ttl,
      saddr: typed.local ?? old.iph.saddr,
      daddr: typed.remote ?? old.iph.daddr,
    },
  };
}

/** Daemons of DPVS take an unknown device and forget it. One that cannot say is trusted. */
function checkDevice(transport: Transport, device: string | undefined): void {
  if (device === undefined) return;
  try {
    getLink(transport, device);
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    if (error.code !== EDPVS.EDPVS_NOTEXIST && error.code !== EDPVS.EDPVS_NODEV) return;
    throw new CommandError('no such device', { detail: [`unknown device '${device}'`], stage: 'check' });
  }
}

/** The record of a name. @throws CommandError when there is none, DaemonError */
function fetchTunnel(transport: Transport, name: string): Tunnel {
  const found = listTunnels(transport, { ifname: name }).find((entry) => entry.ifname === name);
  if (found === undefined) throw new CommandError('not exist', { stage: 'run' });
  return found;
}

function address(number: number): string {
  return formatIp(AF_INET, Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number));
}

function hexItem(name: string, value: number): string {
  return value === 0 ? '' : `${name} 0x${value.toString(16)} `;
}

/** One line; every item has a space behind it. */
export function renderTunnel(tunnel: Tunnel): string {
  const { iph } = tunnel;
  return (
    `${tunnel.ifname}: ${right(tunnel.kind, 4)} remote ${address(iph.daddr)} local ${address(iph.saddr)} ` +
    `${tunnel.link === '' ? '' : `dev ${tunnel.link} `}ttl ${iph.ttl === TTL_INHERIT ? 'inherit' : iph.ttl} ` +
    `${hexItem('tos', iph.tos)}${hexItem('i_flags', tunnel.i_flags)}${hexItem('o_flags', tunnel.o_flags)}` +
    `${hexItem('i_key', tunnel.i_key)}${hexItem('o_key', tunnel.o_key)}\n`
  );
}

type Send = typeof addTunnel;

function send(typed: Typed, { io }: Call, how: Send): number {
  checkDevice(io.transport(), typed.dev);
  how(io.transport(), merged(typed));
  return 0;
}

const NAMED_ARGS = { ...ARGS, name: required(ARGS.name, 'missing tunnel dev name.') };

export const tunnel: ObjectSpec = {
  name: 'tunnel',
  summary: 'IPIP and GRE tunnels',
  stages: ['parse', 'check'],
  verbs: {
    show: verb({
      args: ARGS,
      usage: '[NAME] [mode|type|kind ipip|gre] [dev PHYS]',
      surplus,
      run: (typed, { io, list }) => {
        const filter = { ifname: typed.name ?? '', kind: typed.mode ?? '', link: typed.dev ?? '' };
        for (const entry of listTunnels(io.transport(), filter)) list.record('tunnel', entry, () => renderTunnel(entry));
        return 0;
      },
    }),
    add: verb({
      args: { ...ARGS, mode: required(ARGS.mode, 'missing tunnel type.') },
      usage: USAGE.replace('NAME [mode|type|kind ipip|gre]', '[NAME] mode|type|kind ipip|gre'),
      surplus,
      run: (typed, call) => send(typed, call, addTunnel),
    }),
    set: verb({
      args: NAMED_ARGS,
      usage: USAGE,
      surplus,
      run: (typed, { io }) => {
        checkDevice(io.transport(), typed.dev);
        changeTunnel(io.transport(), merged(typed, fetchTunnel(io.transport(), typed.name)));
        return 0;
      },
    }),
    replace: verb({ args: NAMED_ARGS, usage: USAGE, surplus, run: (typed, call) => send(typed, call, replaceTunnel) }),
    del: verb({
      args: NAMED_ARGS,
      usage: 'NAME',
      surplus,
      run: (typed, { io }) => {
        deleteTunnel(io.transport(), merged(typed));
        return 0;
      },
    }),
  },
  notes: [
    'NAME          add makes one of the mode when it is left out',
    'KEY           a dotted quad or a number',
    'set           keeps what is not named; replace clears it',
  ],
};
