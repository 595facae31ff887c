// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { encode, kniType, MSG, sizeOf, type DeepPartial, type Structs } from '../codec';
import { elements, leadingCount } from './lists';

export { kniType } from '../codec';

/** An address whose packets go to the kernel's lcore. */
export type KniFlow = Structs['kni_conf_param'];
export type KniFlowSpec = DeepPartial<Omit<KniFlow, 'type'>>;

function body(spec: KniFlowSpec): Buffer {
  return encode('kni_conf_param', { ...spec, type: kniType.KNI_DTYPE_ADDR_FLOW });
}

/** @throws DaemonError NOTSUPP, DISABLED, EXIST; ClosedError from a daemon without such flows */
export function addKniFlow(transport: Transport, spec: KniFlowSpec): void {
  transport.request(MSG.SOCKOPT_SET_KNI_ADD, 'set', body(spec));
}

/** @throws DaemonError NOTEXIST; as addKniFlow */
export function deleteKniFlow(transport: Transport, spec: KniFlowSpec): void {
  transport.request(MSG.SOCKOPT_SET_KNI_DEL, 'set', body(spec));
}

/** Deletes all such flows of a device. @throws as addKniFlow */
export function flushKniFlows(transport: Transport, spec: KniFlowSpec): void {
  transport.request(MSG.SOCKOPT_SET_KNI_FLUSH, 'set', body(spec));
}

/** @throws as addKniFlow */
export function listKniFlows(transport: Transport, spec: KniFlowSpec): KniFlow[] {
  const reply = transport.request(MSG.SOCKOPT_GET_KNI_LIST, 'get', body(spec));
  return elements('kni_conf_param', reply, sizeOf.kni_info, leadingCount('kni_info', reply));
}
