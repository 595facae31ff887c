// SPDX-License-Identifier: Apache-2.0
// All objects. Their modules do nothing when loaded but build small tables.
import type { ObjectSpec } from '../grammar';
import { addr } from './addr';
import { drop } from './drop';
import { link } from './link';
import { neigh } from './neigh';
import { route } from './route';

/** In the order of the help. */
export const OBJECTS: readonly ObjectSpec[] = [link, addr, route, neigh, drop];

export function findObject(name: string): ObjectSpec | undefined {
  return OBJECTS.find((object) => object.name === name);
}
