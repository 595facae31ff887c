// SPDX-License-Identifier: Apache-2.0
// Names instead of numbers in what is printed. Loaded only by commands that print names.
import { isAnyAddress } from '../parse/address';
import { formatIp } from '../render/address';
import type { Address, Names } from '../render/names';
import { HostResolver } from './resolver';
import { systemServices } from './services';

/** Names are printed as they come from elsewhere: only those that look like names are. */
const PRINTABLE = /^[A-Za-z0-9_.-]+$/;

/** The names of these addresses, as far as they are known in time, and of all ports. */
export async function lookUpNames(addresses: Iterable<Address>): Promise<Names> {
  const texts = new Set<string>();
  for (const { af, bytes } of addresses) if (!isAnyAddress(af, bytes)) texts.add(formatIp(af, bytes));
  const names = await new HostResolver().names(texts);
  const services = systemServices();
  return {
    host: (af, bytes) => {
      const name = names.get(formatIp(af, bytes));
      return name !== undefined && PRINTABLE.test(name) ? name : null;
    },
    service: (port, proto) => services.name(port, proto),
  };
}
