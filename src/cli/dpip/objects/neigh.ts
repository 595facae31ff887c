// SPDX-License-Identifier: Apache-2.0
import {
  addNeighbour,
  deleteNeighbour,
  listNeighbours,
  neighFlags,
  neighState,
  type Neighbour,
} from '../../../ipc/messages/neigh';
import { AF_UNSPEC, compareAddress, parseIp, type IpAddress } from '../../parse/address';
import { formatIp } from '../../render/address';
import { left } from '../../render/columns';
import { invalid } from '../errors';
import { free, key, required, verb, type Call, type ObjectSpec, type Parse } from '../grammar';
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

const state: Parse<number> = (text) => {
  const index = STATES.indexOf(text.toUpperCase());
  if (index < 0) throw invalid(`invalid state '${text}': ${STATES.join(', ').toLowerCase()}`);
  return index;
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

interface NewNeighbour {
  readonly address: IpAddress;
  readonly lladdr: Uint8Array;
  readonly dev: string;
}

function add({ address, lladdr, dev }: NewNeighbour, { io }: Call): number {
  addNeighbour(io.transport(), { af: address.af, ip_addr: address.bytes, eth_addr: { ether_addr_octet: lladdr }, ifname: dev });
  return 0;
}

interface Filter {
  readonly address?: IpAddress | undefined;
  readonly state?: number | undefined;
}

function matches(entry: Neighbour, { address, state: wanted }: Filter, family: number): boolean {
  if (family !== AF_UNSPEC && entry.af !== family) return false;
  if (wanted !== undefined && entry.state !== wanted) return false;
  return address === undefined || (address.af === entry.af && compareAddress(address.af, entry.ip_addr, address.bytes) === 0);
}

export const neigh: ObjectSpec = {
  name: 'neigh',
  summary: 'neighbours (ARP and ND)',
  verbs: {
    show: verb({
      args: { address: free('ADDR', ip), dev: key('IF', ifname), state: key('STATE', state) },
      options: '[-4|-6]',
      run: (values, { options, io, list }) => {
        for (const entry of listNeighbours(io.transport(), values.dev ?? '')) {
          if (!matches(entry, values, options.family)) continue;
          list.record('neigh', entry, () => renderNeighbour(entry));
        }
        return 0;
      },
    }),
    add: verb({
      args: { ...CHANGE_ARGS, lladdr: required(key('MAC', mac), 'invalid MAC address: lladdr is missing') },
      run: add,
    }),
    replace: verb({
      args: { ...CHANGE_ARGS, lladdr: required(key('MAC', mac), 'invalid MAC address: lladdr is missing') },
      run: add,
    }),
    flush: verb({
      args: { dev: key('IF', ifname) },
      options: '[-4|-6] [-F]',
      run: ({ dev }, { options, io }) => {
        const transport = io.transport();
        const seen = new Set<string>();
        for (const entry of listNeighbours(transport, dev ?? '')) {
          const isStatic = (entry.flag & neighFlags.NEIGHBOUR_STATIC) !== 0;
          // Every lcore lists its own.
          const name = `${entry.af} ${formatIp(entry.af, entry.ip_addr)} ${entry.ifname}`;
          if ((isStatic && !options.force) || !matches(entry, {}, options.family) || seen.has(name)) continue;
          seen.add(name);
          deleteNeighbour(transport, { af: entry.af, ip_addr: entry.ip_addr, ifname: entry.ifname });
        }
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
  notes: ['MAC           six hexadecimal numbers separated by colons', 'add, replace  replaces the MAC of an entry that exists', 'flush         those that were learned; -F: static ones, too'],
};
