// SPDX-License-Identifier: Apache-2.0
// dpip save: what a daemon was told, as commands that tell another one the same. Read back by dpip restore, or by --batch.
import type { Transport } from '../../../ipc/client';
import type { Io } from '../../runtime';
import { InvocationError } from '../errors';
import { addressLines, neighbourLines, routeLines } from './network';
import { linkLines, tunnelLines, vlanLines } from './devices';
import { linuxSetLines, setLines } from './sets';
import { classLines, schedulerLines } from './traffic';

type Lines = (transport: Transport) => Iterable<string>;

/** In an order in which everything that something refers to is there already. */
const OBJECTS: Readonly<Record<string, Lines>> = {
  vlan: vlanLines,
  tunnel: tunnelLines,
  addr: addressLines,
  neigh: neighbourLines,
  route: routeLines,
  ipset: setLines,
  qsch: schedulerLines,
  cls: classLines,
  link: linkLines,
};

/** As ipset of Linux saves its sets. */
const OTHERS: Readonly<Record<string, Lines>> = { 'linux-ipset': linuxSetLines };

/** @param words objects to save; all without any */
export function save(words: readonly string[], io: Io): number {
  const known = { ...OBJECTS, ...OTHERS };
  const stranger = words.find((word) => !Object.hasOwn(known, word));
  if (stranger !== undefined) throw new InvocationError(`${io.argv0}: save '${stranger}': ${Object.keys(known).join(', ')}`);
  const transport = io.transport();
  const wanted = words.length === 0 ? Object.keys(OBJECTS) : Object.keys(known).filter((name) => words.includes(name));
  for (const name of wanted) {
    for (const line of known[name]?.(transport) ?? []) io.stdout.write(`${line}\n`);
  }
  return 0;
}
