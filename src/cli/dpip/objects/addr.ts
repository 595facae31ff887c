// SPDX-License-Identifier: Apache-2.0
import {
  addAddress,
  deleteAddress,
  flushAddresses,
  ifaddrFlags,
  ifaddrScope,
  listAddresses,
  setAddress,
  type AddressListing,
  type AddressRecord,
  type AddressSpec,
} from '../../../ipc/messages/addr';
import { EDPVS } from '../../../ipc/messages/failures';
import { DaemonError } from '../../../ipc/client';
import { addressBits, AF_INET6, AF_UNSPEC, compareAddress, isAnyAddress } from '../../parse/address';
import { parseDecimal } from '../../parse/number';
import { formatIp } from '../../render/address';
import { invalid } from '../errors';
import { flag, free, key, required, verb, type Call, type ObjectSpec, type Parse, type Values } from '../grammar';
import { familyName, lcoreTag } from '../text';
import { address, ifname, prefix, U32_MAX, type Prefix } from '../values';

const SCOPES: Readonly<Record<string, number>> = {
  global: ifaddrScope.IFA_SCOPE_GLOBAL,
  site: ifaddrScope.IFA_SCOPE_SITE,
  link: ifaddrScope.IFA_SCOPE_LINK,
  host: ifaddrScope.IFA_SCOPE_HOST,
};

const scope: Parse<number> = (text) => {
  const value = Object.hasOwn(SCOPES, text) ? SCOPES[text] : parseDecimal(text, 0, 255);
  if (value === undefined || value === null) throw invalid(`invalid scope '${text}': host, link, site, global or 0 to 255`);
  return value;
};

/** Seconds; 0 stands for ever. */
const lifetime: Parse<number> = (text) => {
  const value = text === 'forever' ? 0 : parseDecimal(text, 0, U32_MAX);
  if (value === null) throw invalid(`invalid life time '${text}': forever or seconds`);
  return value;
};

const device = required(key('IF', ifname), 'no device specified.');
const wanted = required(free('ADDR[/PLEN]', prefix), 'missing IFADDR');

const CHANGE_ARGS = {
  address: wanted,
  dev: device,
  broadcast: key('ADDR', address),
  scope: key('host|link|site|global|0-255', scope),
  valid_lft: key('forever|SEC', lifetime),
  preferred_lft: key('forever|SEC', lifetime, ['prefered_lft']),
  sapool: flag(),
};

/** Length 0 is the full length here, as it always was: an address without host bits makes no sense. */
function plenOf(typed: Prefix): number {
  return typed.plen === undefined || typed.plen === 0 ? addressBits(typed.af) : typed.plen;
}

function entryOf(values: Values<typeof CHANGE_ARGS>): AddressSpec {
  const { broadcast } = values;
  if (broadcast !== undefined && broadcast.af !== values.address.af) {
    throw invalid(`broadcast and address are of different families`);
  }
  return {
    af: values.address.af,
    addr: values.address.bytes,
    plen: plenOf(values.address),
    ifname: values.dev,
    ...(broadcast === undefined ? {} : { bcast: broadcast.bytes }),
    scope: values.scope ?? ifaddrScope.IFA_SCOPE_GLOBAL,
    valid_lft: values.valid_lft ?? 0,
    prefered_lft: values.preferred_lft ?? 0,
    flags: values.sapool === true ? ifaddrFlags.IFA_F_SAPOOL : 0,
  };
}

export function scopeName(value: number): string {
  return Object.keys(SCOPES).find((name) => SCOPES[name] === value) ?? String(value);
}

function lifetimeText(seconds: number): string {
  return seconds === 0 ? 'forever' : String(seconds);
}

/** The two lines of an address. */
export function renderAddress(record: AddressRecord, listing: Pick<AddressListing, 'verbose' | 'stats'>): string {
  const { ifa_entry: entry, ifa_stats: stats } = record;
  const tag = listing.verbose ? lcoreTag(entry.cid) : '';
  const family = familyName(entry.af);
  const broadcast = isAnyAddress(entry.af, entry.bcast) ? '' : `broadcast ${formatIp(entry.af, entry.bcast)}`;
  const pool =
    (listing.verbose || listing.stats) && (entry.flags & ifaddrFlags.IFA_F_SAPOOL) !== 0
      ? ` sa_used ${stats.sa_used} sa_free ${stats.sa_free} sa_miss ${stats.sa_miss}`
      : '';
  return (
    `${tag}${family} ${formatIp(entry.af, entry.addr)}/${entry.plen} scope ${scopeName(entry.scope)} ${entry.ifname}\n` +
    `    ${broadcast} valid_lft ${lifetimeText(entry.valid_lft)} preferred_lft ${lifetimeText(entry.prefered_lft)}${pool}\n`
  );
}

interface Filter {
  readonly af: number;
  readonly address: Prefix | undefined;
}

/** Daemons of DPVS filter by device only. */
function matches(record: AddressRecord, filter: Filter): boolean {
  const { ifa_entry: entry } = record;
  if (filter.af !== AF_UNSPEC && entry.af !== filter.af) return false;
  const { address: only } = filter;
  if (only === undefined) return true;
  if (entry.af !== only.af || compareAddress(only.af, entry.addr, only.bytes) !== 0) return false;
  return only.plen === undefined || plenOf(only) === entry.plen;
}

function show(values: { readonly address: Prefix | undefined; readonly dev: string | undefined }, call: Call): number {
  const { options, io, list } = call;
  const af = values.address?.af ?? options.family;
  const listing = listAddresses(io.transport(), { af, ifname: values.dev ?? '', ...sent(values.address) }, options);
  for (const record of listing.addresses) {
    if (!matches(record, { af, address: values.address })) continue;
    list.record('addr', { record, lcore: listing.verbose, pools: listing.verbose || listing.stats }, (shown) => renderAddress(shown.record, listing));
  }
  return 0;
}

function sent(only: Prefix | undefined): AddressSpec {
  return only === undefined ? {} : { addr: only.bytes, plen: plenOf(only) };
}

/**
 * Without a family the daemon flushes. Daemons of DPVS do not look at the family, so that -4 and -6 delete the
 * addresses one by one.
 */
function flush(ifnameText: string, call: Call): number {
  const { options, io } = call;
  const transport = io.transport();
  if (options.family === AF_UNSPEC) {
    flushAddresses(transport, { af: AF_UNSPEC, ifname: ifnameText });
    return 0;
  }
  const plain = { verbose: false, stats: false };
  const { addresses } = listAddresses(transport, { af: options.family, ifname: ifnameText }, plain);
  for (const { ifa_entry: entry } of addresses) {
    if (entry.af !== options.family || entry.ifname !== ifnameText) continue;
    try {
      const addr = entry.af === AF_INET6 ? entry.addr : entry.addr.slice(0, 4);
      deleteAddress(transport, { af: entry.af, addr, plen: entry.plen, ifname: ifnameText });
    } catch (error) {
      // Somebody else was faster.
      if (!(error instanceof DaemonError && error.code === EDPVS.EDPVS_NOTEXIST)) throw error;
    }
  }
  return 0;
}

export const addr: ObjectSpec = {
  name: 'addr',
  summary: 'addresses of devices',
  verbs: {
    show: verb({
      args: { address: free('ADDR[/PLEN]', prefix), dev: key('IF', ifname) },
      options: '[-4|-6] [-s] [-v]',
      run: show,
    }),
    add: verb({
      args: CHANGE_ARGS,
      run: (values, { io }) => {
        addAddress(io.transport(), entryOf(values));
        return 0;
      },
    }),
    set: verb({
      args: CHANGE_ARGS,
      run: (values, { io }) => {
        setAddress(io.transport(), entryOf(values));
        return 0;
      },
    }),
    replace: verb({
      args: CHANGE_ARGS,
      run: (values, { io }) => {
        try {
          addAddress(io.transport(), entryOf(values));
        } catch (error) {
          if (!(error instanceof DaemonError && error.code === EDPVS.EDPVS_EXIST)) throw error;
          setAddress(io.transport(), entryOf(values));
        }
        return 0;
      },
    }),
    del: verb({
      args: CHANGE_ARGS,
      usage: 'ADDR[/PLEN] dev IF',
      run: (values, { io }) => {
        deleteAddress(io.transport(), entryOf(values));
        return 0;
      },
    }),
    flush: verb({ args: { dev: device }, options: '[-4|-6]', run: (values, call) => flush(values.dev, call) }),
  },
  notes: [
    'replace       add, or set what is there',
    'sapool        keep a pool of ports for the address',
    '-s, -v        show the use of port pools; -v: for each lcore',
    '-4, -6        show, flush: only addresses of that family; flush without them keeps IPv6 link-local ones',
  ],
};
