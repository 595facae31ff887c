// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { bondAct, type bondOpt, decode, encode, MSG, sizeOf, type DeepPartial, type Structs } from '../codec';
import { ProtocolError } from '../errors';
import { elements, nameBody } from './lists';

export { bondOpt } from '../codec';

export type LinkBasic = Structs['netif_nic_basic_get'];
export type LinkStats = Structs['netif_nic_stats_get'];
export type LinkXstat = Structs['netif_nic_xstats_entry'];
export type LinkDevice = Structs['netif_nic_dev_get'];
export type LinkId = Structs['port_id_name'];
/** Switches of a device; each has a bit for on and one for off. */
export type LinkSettings = DeepPartial<Omit<Structs['netif_nic_set'], 'pname'>>;
export type BondParam = Structs['netif_bond_param'];

export interface LinkExtra {
  readonly device: LinkDevice;
  /** Text of the daemon: which lcore serves which queue; empty when there is none. */
  readonly queues: string;
  /** Text of the daemon: hardware multicast addresses; empty when there is none. */
  readonly multicast: string;
}

export interface BondStatus extends Omit<Structs['netif_bond_status_get'], 'slaves'> {
  /** Those in use. */
  readonly slaves: readonly Structs['bond_slave_node'][];
}

const NAME_BYTES = 32;
/** More devices than this are a broken reply. */
const MAX_DEVICES = 4096;

/** Ids and names of all devices, in the daemon's order. */
export function listLinks(transport: Transport): LinkId[] {
  const body = transport.request(MSG.SOCKOPT_NETIF_GET_PORT_LIST, 'get');
  const { nic_num: count } = decode('netif_nic_list_get', body);
  if (count > MAX_DEVICES) throw new ProtocolError(`the reply announces ${count} devices`);
  return elements('port_id_name', body, sizeOf.netif_nic_list_get, count);
}

/** State, switches and offloads of a device. @param name at most 31 bytes @throws DaemonError NOTEXIST */
export function getLink(transport: Transport, name: string): LinkBasic {
  const body = transport.request(MSG.SOCKOPT_NETIF_GET_PORT_BASIC, 'get', nameBody(name, NAME_BYTES));
  return decode('netif_nic_basic_get', body);
}

/** Counters of a device. @throws DaemonError NOTEXIST, NOTSUPP */
export function getLinkStats(transport: Transport, name: string): LinkStats {
  const body = transport.request(MSG.SOCKOPT_NETIF_GET_PORT_STATS, 'get', nameBody(name, NAME_BYTES));
  return decode('netif_nic_stats_get', body);
}

/** Counters that only the driver knows; none when it has none. @throws DaemonError NOTEXIST */
export function getLinkXstats(transport: Transport, name: string): LinkXstat[] {
  const body = transport.request(MSG.SOCKOPT_NETIF_GET_PORT_XSTATS, 'get', nameBody(name, NAME_BYTES));
  if (body.length === 0) return [];
  const { nentries } = decode('netif_nic_xstats_get', body);
  return elements('netif_nic_xstats_entry', body, sizeOf.netif_nic_xstats_get, nentries);
}

/** Text at an offset from the end of the fixed part; whatever the daemon says, nothing outside of the body is read. */
function textAt(body: Buffer, where: { readonly data_offset: bigint; readonly data_len: bigint }): string {
  const data = body.subarray(sizeOf.netif_nic_ext_get);
  if (where.data_len === 0n || where.data_offset + where.data_len > BigInt(data.length)) return '';
  const start = Number(where.data_offset);
  const text = data.toString('latin1', start, start + Number(where.data_len));
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Limits of the device and its driver, queues, multicast addresses. @throws DaemonError NOTEXIST */
export function getLinkExtra(transport: Transport, name: string): LinkExtra {
  const body = transport.request(MSG.SOCKOPT_NETIF_GET_PORT_EXT_INFO, 'get', nameBody(name, NAME_BYTES));
  const info = decode('netif_nic_ext_get', body);
  return {
    device: info.dev_info,
    queues: textAt(body, info.cfg_queues),
    multicast: textAt(body, info.mc_list),
  };
}

/** Mode and members of a bonding device. @throws DaemonError NOTEXIST, INVAL when it is none */
export function getBond(transport: Transport, name: string): BondStatus {
  const body = transport.request(MSG.SOCKOPT_NETIF_GET_BOND_STATUS, 'get', nameBody(name, NAME_BYTES));
  const status = decode('netif_bond_status_get', body);
  return { ...status, slaves: status.slaves.slice(0, Math.max(0, status.slave_nb)) };
}

/** Turns switches of a device. @throws DaemonError INVAL for an unknown device */
export function setLink(transport: Transport, name: string, settings: LinkSettings): void {
  transport.request(MSG.SOCKOPT_NETIF_SET_PORT, 'set', encode('netif_nic_set', { ...settings, pname: name }));
}

/** Sets the MTU, bytes, of a device or a VLAN. Ask for the message first. @throws DaemonError NODEV, INVAL, BUSY, NOTSUPP */
export function setLinkMtu(transport: Transport, name: string, mtu: number): void {
  transport.request(MSG.DS_MSG_LINK_MTU, 'set', encode('ds_link_mtu', { name, mtu }));
}

/** Changes a bonding device; opt is one of bondOpt. @throws DaemonError INVAL for a device that is none */
export function changeBond(
  transport: Transport,
  name: string,
  action: 'add' | 'del' | 'set',
  opt: (typeof bondOpt)[keyof typeof bondOpt],
  param: BondParam,
): void {
  const act = { add: bondAct.ACT_ADD, del: bondAct.ACT_DEL, set: bondAct.ACT_SET }[action];
  transport.request(MSG.SOCKOPT_NETIF_SET_BOND, 'set', encode('netif_bond_set', { name, param, act, opt }));
}
