// SPDX-License-Identifier: Apache-2.0
// All objects. Their modules do nothing when loaded but build small tables.
import type { ObjectSpec } from '../grammar';
import { addr } from './addr';
import { cls } from './cls';
import { drop } from './drop';
import { ealMem } from './eal-mem';
import { flow } from './flow';
import { iftraf } from './iftraf';
import { ipset } from './ipset';
import { ipv6 } from './ipv6';
import { lcore } from './lcore';
import { link } from './link';
import { lldp } from './lldp';
import { maddr } from './maddr';
import { mark } from './mark';
import { neigh } from './neigh';
import { qsch } from './qsch';
import { route } from './route';
import { tunnel } from './tunnel';
import { vlan } from './vlan';

/** In the order of the help. */
export const OBJECTS: readonly ObjectSpec[] = [
  link,
  addr,
  route,
  neigh,
  vlan,
  tunnel,
  qsch,
  cls,
  ipv6,
  iftraf,
  ealMem,
  ipset,
  flow,
  maddr,
  lldp,
  drop,
  lcore,
  mark,
];
