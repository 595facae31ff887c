// SPDX-License-Identifier: Apache-2.0
import {
  addNeighbour,
  deleteNeighbour,
  listNeighbours,
  neighFlags,
  neighState,
  type Neighbour,
} from '../../../ipc/messages/neigh';
import { AF_UNSPEC, parseIp, type IpAddress } from '../../parse/address';
import { formatIp } from '../../render/address';
import { left } from '../../render/columns';
import { invalid } from '../errors';
import { free, key, required, verb, type ObjectSpec, type Parse } from '../grammar';
import { formatMac } from '../text';
import { addressError, ifname, parseMac } from '../values';

export const STATES = ['NONE', 'SEND', 'REACHABLE', 'PROBE', 'DELAY'];

const ip: Parse<IpAddress> = (text, { options }) => {
  const parsed = parseIp(text);
  if (parsed !== null && (options.family === AF_UNSPEC || parsed.af === options.family)) return parsed;
  throw invalid([addressError(options.family, text), 'invalid IP address']);
};

const mac: Parse<Uint8Array> = (text) => {
  const bytes = parseMac(text);
  if (bytes === null) throw invalid('invalid link layer addr');
  if (bytes.every((byte) => byte === 0)) throw invalid('invalid MAC address');
  return bytes;
};

const CHANGE_ARGS = {
  address: required(free('ADDR', ip), 'missing ip address'),
  lladdr: key('MAC', mac),
  dev: required(key('IF', ifname), 'no device specified.'),
};

/** One line; its spaces are those that scripts cut at, so is the spelling. */
export function renderNeighbour(entry: Neighbour): string {
  const ipText = left(formatIp(entry.af, entry.ip_addr), 48);
  const state = left(STATES[entry.state] ?? String(entry.state), 12);
  const tail = `dev: ${entry.ifname}  core: ${entry.cid}  ${(entry.flag & neighFlags.NEIGHBOUR_STATIC) === 0 ? '' : 'static'}\n`;
  if (entry.state < neighState.DPVS_NUD_S_REACHABLE) {
    return `ip: ${ipText} mac:incomplate${' '.repeat(23)}state: ${state}   ${tail}`;
  }
  return `ip: ${ipText} mac: ${formatMac(entry.eth_addr.ether_addr_octet)}   state: ${state}  ${tail}`;
}

export const neigh: ObjectSpec = {
  name: 'neigh',
  summary: 'neighbours (ARP and ND)',
  verbs: {
    show: verb({
      args: { dev: key('IF', ifname) },
      options: '[-4|-6]',
      run: (values, { options, io, list }) => {
        for (const entry of listNeighbours(io.transport(), values.dev ?? '')) {
          if (options.family !== AF_UNSPEC && entry.af !== options.family) continue;
          list.record('neigh', entry, () => renderNeighbour(entry));
        }
        return 0;
      },
    }),
    add: verb({
      args: { ...CHANGE_ARGS, lladdr: required(key('MAC', mac), 'invalid MAC address: lladdr is missing') },
      run: (values, { io }) => {
        addNeighbour(io.transport(), {
          af: values.address.af,
          ip_addr: values.address.bytes,
          eth_addr: { ether_addr_octet: values.lladdr },
          ifname: values.dev,
        });
        return 0;
      },
    }),
    del: verb({
      args: CHANGE_ARGS,
      usage: 'ADDR dev IF',
      run: (values, { io }) => {
        deleteNeighbour(io.transport(), {
          af: values.address.af,
          ip_addr: values.address.bytes,
          ...(values.lladdr === undefined ? {} : { eth_addr: { ether_addr_octet: values.lladdr } }),
          ifname: values.dev,
        });
        return 0;
      },
    }),
  },
  notes: ['MAC           six hexadecimal numbers separated by colons', 'add           replaces the MAC of an entry that exists'],
};
