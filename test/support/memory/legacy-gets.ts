// SPDX-License-Identifier: Apache-2.0
// The get requests that daemons of old know, answered by the daemon in memory.
import { connGetFlags, connGetResult, decode, EDPVS, encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { laddrService, type Configuration, type StoredService } from './configuration';

export type StoredConn = Structs['ip_vs_conn_entry'];

export interface LegacyState {
  readonly configuration: Configuration;
  readonly conns: readonly StoredConn[];
  readonly version: number;
  readonly workers: number;
}

/** A body, or a code. */
export type Answer = Buffer | number;

const CONNS_PER_PAGE = 1024;

function info({ configuration, version, workers }: LegacyState): Answer {
  return encode('dp_vs_getinfo', { version, num_services: configuration.services.size, num_lcores: workers });
}

/** A service with the lengths of its lists, as lcore `index` has it. */
export function listedService(stored: StoredService, index: number): DeepPartial<Structs['dp_vs_service_compat']> {
  return { ...stored.service, num_dests: stored.dests.length, num_laddrs: stored.laddrs.length, index, cid: index };
}

function services({ configuration, workers }: LegacyState, body: Buffer): Answer {
  const { index, count } = decode('dp_vs_services_front', body);
  if (index > workers) return EDPVS.EDPVS_INVAL;
  const list = configuration.list();
  if (count !== list.length) return EDPVS.EDPVS_MSG_FAIL;
  const entries = list.map((stored) => encode('dp_vs_service_compat', listedService(stored, index)));
  return Buffer.concat([encode('dp_vs_services_front', { index, cid: index, count }), ...entries]);
}

function service({ configuration, workers }: LegacyState, body: Buffer): Answer {
  const key = decode('dp_vs_service_compat', body);
  if (key.index > workers) return EDPVS.EDPVS_INVAL;
  const found = configuration.find(key, EDPVS.EDPVS_NOTEXIST);
  return typeof found === 'number' ? found : encode('dp_vs_service_compat', listedService(found, key.index));
}

function dests({ configuration, workers }: LegacyState, body: Buffer): Answer {
  const key = decode('dp_vs_dest_table', body);
  if (key.index > workers) return EDPVS.EDPVS_INVAL;
  const found = configuration.find(key, EDPVS.EDPVS_NOTEXIST);
  if (typeof found === 'number') return found;
  if (key.num_dests !== found.dests.length) return EDPVS.EDPVS_MSG_FAIL;
  return Buffer.concat([encode('dp_vs_dest_table', key), ...found.dests.map((dest) => encode('dp_vs_dest_compat', dest))]);
}

function laddrs({ configuration }: LegacyState, body: Buffer): Answer {
  const key = decode('dp_vs_laddr_conf', body);
  const found = laddrService(configuration, key);
  if (typeof found === 'number') return found;
  const entries = found.laddrs.map(({ af, addr, conflicts, nconns }) => encode('dp_vs_laddr_entry', { af, addr, nport_conflict: conflicts, nconns }));
  return Buffer.concat([encode('dp_vs_laddr_conf', { ...key, nladdrs: entries.length }), ...entries]);
}

function acls(kind: 'deny' | 'allow'): (state: LegacyState) => Answer {
  return ({ configuration }) => {
    // There is no room for networks here.
    const whole = configuration.acls[kind].filter(({ af, plen, ipset }) => ipset !== '' || plen === (af === 10 ? 128 : 32));
    const entries = whole.map((entry) => encode('dp_vs_blklst_conf', entry));
    return Buffer.concat([encode('dp_vs_blklst_conf_array', { naddr: entries.length }), ...entries]);
  };
}

function addresses({ configuration }: LegacyState, body: Buffer): Answer {
  const { ifa_entry: filter, ifa_ops_flags: flags } = decode('inet_addr_param', body);
  const list = configuration.addresses.filter(({ ifname, af }) => ['', ifname].includes(filter.ifname) && [0, af].includes(filter.af));
  const entries = list.map((entry) => encode('inet_addr_data', { ifa_entry: entry }));
  return Buffer.concat([encode('inet_addr_data_array', { naddr: entries.length, ops_flags: flags }), ...entries]);
}

function connPage(list: readonly StoredConn[], more: boolean, curcid: number): Buffer {
  const resl = more ? connGetResult.GET_IPVS_CONN_RESL_MORE : connGetResult.GET_IPVS_CONN_RESL_OK;
  return Buffer.concat([encode('ip_vs_conn_array', { nconns: list.length, resl, curcid }), ...list.map((conn) => encode('ip_vs_conn_entry', conn))]);
}

/** The page is what goes into the cursor, though real daemons have nothing but an lcore there. */
function conns({ conns: list }: LegacyState, body: Buffer): Answer {
  const { flag, whence } = decode('ip_vs_conn_req', body);
  if ((flag & connGetFlags.GET_IPVS_CONN_FLAG_TEMPLATE) !== 0) return connPage([], false, 0);
  const page = (flag & connGetFlags.GET_IPVS_CONN_FLAG_MORE) === 0 ? 0 : whence;
  const start = page * CONNS_PER_PAGE;
  return connPage(list.slice(start, start + CONNS_PER_PAGE), start + CONNS_PER_PAGE < list.length, page + 1);
}

function conn({ conns: list }: LegacyState, body: Buffer): Answer {
  const { sockpair: s } = decode('ip_vs_conn_req', body);
  const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
  const found = list.find(
    (c) => c.in_af === s.af && c.proto === s.proto && c.cport === s.sport && c.vport === s.tport && same(c.caddr, s.sip) && same(c.vaddr, s.tip),
  );
  return found === undefined ? EDPVS.EDPVS_NOTEXIST : connPage([found], false, 0);
}

export const LEGACY_GETS: Readonly<Record<number, (state: LegacyState, body: Buffer) => Answer>> = {
  [MSG.DPVS_SO_GET_INFO]: info,
  [MSG.DPVS_SO_GET_SERVICES]: services,
  [MSG.DPVS_SO_GET_SERVICE]: service,
  [MSG.DPVS_SO_GET_DESTS]: dests,
  [MSG.SOCKOPT_GET_LADDR_GETALL]: laddrs,
  [MSG.SOCKOPT_GET_BLKLST_GETALL]: acls('deny'),
  [MSG.SOCKOPT_GET_WHTLST_GETALL]: acls('allow'),
  [MSG.SOCKOPT_GET_IFADDR_SHOW]: addresses,
  [MSG.SOCKOPT_GET_CONN_ALL]: conns,
  [MSG.SOCKOPT_GET_CONN_SPECIFIED]: conn,
};
