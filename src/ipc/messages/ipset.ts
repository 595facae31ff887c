// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { encode, ipsetFlags, ipsetOp, MSG, ShortReplyError, sizeOf, type DeepPartial, type Structs } from '../codec';
import type { BatchItem } from './batch';
import { elements, leadingCount } from './lists';

export type IpsetParam = Structs['ipset_param'];
export type IpsetSpec = DeepPartial<Omit<IpsetParam, 'opcode' | 'flag'>>;
export type IpsetMember = Structs['ipset_member'];

export interface IpsetInfo extends Omit<Structs['ipset_info'], 'members'> {
  readonly members: readonly IpsetMember[];
}

export type IpsetAction = 'add' | 'del' | 'create' | 'destroy' | 'flush';

const OPS: Readonly<Record<IpsetAction, number>> = {
  add: ipsetOp.IPSET_OP_ADD,
  del: ipsetOp.IPSET_OP_DEL,
  create: ipsetOp.IPSET_OP_CREATE,
  destroy: ipsetOp.IPSET_OP_DESTROY,
  flush: ipsetOp.IPSET_OP_FLUSH,
};

/**
 * The change of a set or its members, for a batch.
 * @param force add: overwrite; del: ignore what is missing
 */
export function ipsetItem(action: IpsetAction, spec: IpsetSpec, force: boolean): BatchItem {
  const flag = force ? ipsetFlags.IPSET_F_FORCE : 0;
  return { id: MSG.SOCKOPT_SET_IPSET, body: encode('ipset_param', { ...spec, opcode: OPS[action], flag }) };
}

/**
 * Changes a set or its members.
 * @throws DaemonError EXIST, NOTEXIST, NOTSUPP, BUSY, NOMEM (set is full)
 */
export function changeIpset(transport: Transport, action: IpsetAction, spec: IpsetSpec, force: boolean): void {
  const { id, body } = ipsetItem(action, spec, force);
  transport.request(id, 'set', body);
}

/** Whether a set has a member; a negative number is the daemon's error code. @throws DaemonError NOTEXIST */
export function testIpset(transport: Transport, spec: IpsetSpec): number {
  const request = encode('ipset_param', { ...spec, opcode: ipsetOp.IPSET_OP_TEST });
  const body = transport.request(MSG.SOCKOPT_GET_IPSET_TEST, 'get', request);
  if (body.length < 4) throw new ShortReplyError('ipset_param', 4, body.length);
  return body.readInt32LE(0);
}

/**
 * Lists a set, or all when the name is empty, with their members. The members of all sets follow the last set.
 * @param purpose what the listing is asked for; the tools of DPVS say so, daemons do not look at it
 * @throws DaemonError NOTEXIST
 */
export function listIpsets(transport: Transport, name: string, purpose: IpsetAction | 'test' | 'list' = 'list'): IpsetInfo[] {
  const opcode = purpose === 'list' ? ipsetOp.IPSET_OP_LIST : purpose === 'test' ? ipsetOp.IPSET_OP_TEST : OPS[purpose];
  const request = encode('ipset_param', { name, opcode });
  const body = transport.request(MSG.SOCKOPT_GET_IPSET_LIST, 'get', request);
  const infos = elements('ipset_info', body, sizeOf.ipset_info_array, leadingCount('ipset_info_array', body));
  let at = sizeOf.ipset_info_array + infos.length * sizeOf.ipset_info;
  return infos.map((info) => {
    const members = elements('ipset_member', body, at, info.entries);
    at += info.entries * sizeOf.ipset_member;
    return { ...info, members };
  });
}
