// SPDX-License-Identifier: Apache-2.0
// What is measured. A group has a daemon of its own; its cases build on each other's flows.

/** @typedef {{bits: number, way: 'in' | 'out' | 'both'}} Case 2^bits flows; in: clients' packets, out: servers', both: as many of each. */
/** @typedef {{proto: 'udp' | 'tcp', af: 4 | 6, cases: Case[]}} Group */

const into = (...bits) => bits.map((b) => ({ bits: b, way: 'in' }));
const both = (bits) => ({ bits, way: 'both' });

/** rounds of ms each count, the calmest of at most `tries`. @type {{rounds: number, tries: number, ms: number, groups: Group[], rates: {proto: 'udp' | 'tcp', af: 4 | 6}[], rateRounds: number, rateTries: number, lives: number}} */
export const FULL = {
  rounds: 9,
  tries: 36,
  ms: 100,
  groups: [
    { proto: 'udp', af: 4, cases: [...into(0, 10, 16), both(16), ...into(20), both(20)] },
    { proto: 'udp', af: 6, cases: [...into(0, 10, 16), both(16), ...into(20)] },
    { proto: 'tcp', af: 4, cases: [...into(10, 16), both(16), ...into(20)] },
    { proto: 'tcp', af: 6, cases: [...into(10, 16), both(16)] },
  ],
  rates: [{ proto: 'udp', af: 4 }, { proto: 'udp', af: 6 }, { proto: 'tcp', af: 4 }, { proto: 'tcp', af: 6 }],
  rateRounds: 2,
  rateTries: 4,
  lives: 1 << 17,
};

export const QUICK = {
  rounds: 5,
  tries: 15,
  ms: 80,
  groups: [
    { proto: 'udp', af: 4, cases: into(0, 10, 16, 20) },
    { proto: 'udp', af: 6, cases: into(10) },
    { proto: 'tcp', af: 4, cases: into(10) },
  ],
  rates: [{ proto: 'udp', af: 4 }],
  rateRounds: 1,
  rateTries: 2,
  lives: 1 << 16,
};
