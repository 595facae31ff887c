// SPDX-License-Identifier: Apache-2.0
// What tells things of a configuration apart, as keys of maps. They are compared, never shown.
import type { AclSubjectEntry } from '../../ipc/messages/list';
import type { ServiceSpec } from '../../ipc/messages/service';
import { AF_INET6, type Family } from '../parse/address';
import { formatIp } from '../render/address';
import { savedMatch, wholeMatch } from './match';

const NO_ADDRESS = new Uint8Array(16);

/** An address of a family. */
interface Address {
  readonly af?: number | undefined;
  readonly addr?: Uint8Array | undefined;
}

/** Whatever stands behind an IPv4 address means nothing. */
function bytesId(af: number, addr: Uint8Array = NO_ADDRESS): string {
  return String.fromCharCode(...(af === AF_INET6 ? addr : addr.subarray(0, 4)));
}

/** A service: its mark, its address and port, or what its packets match. */
export function serviceId({ af = 0, proto = 0, addr, port = 0, fwmark = 0, match }: ServiceSpec): string {
  if (fwmark !== 0) return `mark ${af} ${fwmark}`;
  const named = port !== 0 || (addr?.some((byte) => byte !== 0) ?? false);
  if (named || match === undefined) return `${af} ${proto} ${port} ${bytesId(af, addr)}`;
  return `match ${af} ${savedMatch(proto, wholeMatch(match, af as Family), af)}`;
}

/** Who the entries of deny and allow lists belong to: services of marks and matches have no address, and share those of none. */
export function ownerId({ af = 0, proto = 0, addr, port = 0 }: ServiceSpec): string {
  return `${af} ${proto} ${port} ${bytesId(af, addr)}`;
}

/** True for services that have lists of their own. */
export function hasOwnLists({ fwmark = 0, port = 0, addr }: ServiceSpec): boolean {
  return fwmark === 0 && (port !== 0 || (addr?.some((byte) => byte !== 0) ?? false));
}

/** A server of a service. */
export function destId({ af = 0, addr, port = 0 }: Address & { readonly port?: number | undefined }): string {
  return `${af} ${port} ${bytesId(af, addr)}`;
}

/** A local address, whatever device has it. */
export function addressId({ af = 0, addr }: Address): string {
  return `${af} ${bytesId(af, addr)}`;
}

/** An entry of a deny or allow list. */
export function subjectId({ subject: { af, addr, plen }, ipset }: AclSubjectEntry): string {
  return ipset === '' ? `${formatIp(af, addr)}/${plen}` : `ipset:${ipset}`;
}
