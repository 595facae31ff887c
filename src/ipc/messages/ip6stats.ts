// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../client';
import { decode, MSG, type Structs } from '../codec';

export type Ip6Counters = Structs['inet_stats'];

/** IPv6 counters, summed and by lcore id. */
export interface Ip6Stats {
  readonly total: Ip6Counters;
  /** 64 of them; those of lcores that do not exist are zero. */
  readonly lcores: readonly Ip6Counters[];
}

export function getIp6Stats(transport: Transport): Ip6Stats {
  const { stats, stats_cpus } = decode('ip6_stats_param', transport.request(MSG.SOCKOPT_IP6_STATS, 'get'));
  return { total: stats, lcores: stats_cpus };
}
