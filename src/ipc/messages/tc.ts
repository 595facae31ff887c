// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { decode, encode, MSG, ShortReplyError, sizeOf, tcObj, tcOpFlags, type DeepPartial, type Structs } from '../codec';

export { tcHandle } from '../codec';

/** A scheduler of a device. */
export type Qsch = Structs['tc_qsch_param'];
export type QschSpec = DeepPartial<Qsch>;
/** A classifier of a device. */
export type Cls = Structs['tc_cls_param'];
export type ClsSpec = DeepPartial<Cls>;

export type TcAction = 'add' | 'del' | 'change' | 'replace';

export interface TcListOptions {
  /** Counters, summed over lcores. */
  readonly stats: boolean;
  /** Entries of each lcore as well. */
  readonly verbose: boolean;
}

const IDS: Readonly<Record<TcAction, number>> = {
  add: MSG.SOCKOPT_TC_ADD,
  del: MSG.SOCKOPT_TC_DEL,
  change: MSG.SOCKOPT_TC_CHANGE,
  replace: MSG.SOCKOPT_TC_REPLACE,
};

/** @throws DaemonError NODEV, NOTEXIST, EXIST, INVAL */
export function changeQsch(transport: Transport, action: TcAction, ifname: string, qsch: QschSpec): void {
  transport.request(IDS[action], 'set', encode('tc_conf', { obj: tcObj.TC_OBJ_QSCH, ifname, param: { qsch } }));
}

/** @throws DaemonError NODEV, NOTEXIST, EXIST, INVAL */
export function changeCls(transport: Transport, action: TcAction, ifname: string, cls: ClsSpec): void {
  transport.request(IDS[action], 'set', encode('tc_conf', { obj: tcObj.TC_OBJ_CLS, ifname, param: { cls } }));
}

/** Offsets of the elements of a body that is nothing but elements. */
function offsets(body: Buffer): number[] {
  const size = sizeOf.tc_param;
  const count = Math.ceil(body.length / size);
  if (count * size !== body.length) throw new ShortReplyError('tc_param', count * size, body.length);
  return Array.from({ length: count }, (_, i) => i * size);
}

function flagsOf(options: TcListOptions): number {
  return (options.stats ? tcOpFlags.TC_F_OPS_STATS : 0) | (options.verbose ? tcOpFlags.TC_F_OPS_VERBOSE : 0);
}

/** Lists the schedulers of a device, or one of them by its handle. @throws DaemonError NODEV, NOTEXIST */
export function listQschs(transport: Transport, ifname: string, qsch: QschSpec, options: TcListOptions): Qsch[] {
  const conf = { obj: tcObj.TC_OBJ_QSCH, op_flags: flagsOf(options), ifname, param: { qsch } };
  const body = transport.request(MSG.SOCKOPT_TC_SHOW, 'get', encode('tc_conf', conf));
  return offsets(body).map((at) => decode('tc_qsch_param', body, at));
}

/** Lists the classifiers of a scheduler, or one of them by its handle. @throws DaemonError NODEV, NOTEXIST */
export function listClses(transport: Transport, ifname: string, cls: ClsSpec, options: TcListOptions): Cls[] {
  const conf = { obj: tcObj.TC_OBJ_CLS, op_flags: flagsOf(options), ifname, param: { cls } };
  const body = transport.request(MSG.SOCKOPT_TC_SHOW, 'get', encode('tc_conf', conf));
  return offsets(body).map((at) => decode('tc_cls_param', body, at));
}
