// SPDX-License-Identifier: Apache-2.0
// What is measured. A group has a daemon of its own; its cases build on each other's flows.

/** @typedef {{bits: number, way: 'in' | 'out' | 'both'}} Case 2^bits flows; in: clients' packets, out: servers', both: as many of each. */
/** @typedef {{mode: string, proto: 'udp' | 'tcp', af: 4 | 6, cases: Case[]}} Group mode: a key of MODES in network.mjs; af: the clients'. */

const into = (...bits) => bits.map((b) => ({ bits: b, way: 'in' }));
const both = (bits) => ({ bits, way: 'both' });

/** The other forwarding modes; each case has a counterpart of FullNAT with the same clients. */
const otherModes = (protos, cases) => [
  ...protos.flatMap((proto) => [4, 6].flatMap((af) => ['nat', 'dr', 'tunnel', 'snat'].map((mode) => ({ mode, proto, af, cases: cases(mode) })))),
  ...protos.map((proto) => ({ mode: 'nat64', proto, af: 6, cases: cases('nat64') })),
];

/** @typedef {{proto: 'udp' | 'tcp', known: number, factor: number, ms: number, rounds: number, tries: number}} Flood known: packets per second of
 * established connections; factor: new flows arrive at so many times the rate at which they open, live and end. */

/** syns: families of SYN floods through the SYN proxy. rounds of ms each count, the calmest of at most `tries`. @type {{rounds: number, tries: number, ms: number, groups: Group[], rates: {mode: 'fnat', proto: 'udp' | 'tcp', af: 4 | 6}[], syns: (4 | 6)[], rateRounds: number, rateTries: number, lives: number, floods: Flood[]}} */
export const FULL = {
  rounds: 9,
  tries: 36,
  ms: 100,
  groups: [
    { mode: 'fnat', proto: 'udp', af: 4, cases: [...into(0, 10, 16), both(16), ...into(20), both(20)] },
    { mode: 'fnat', proto: 'udp', af: 6, cases: [...into(0, 10, 16), both(16), ...into(20)] },
    { mode: 'fnat', proto: 'tcp', af: 4, cases: [...into(10, 16), both(16), ...into(20)] },
    { mode: 'fnat', proto: 'tcp', af: 6, cases: [...into(10, 16), both(16)] },
    ...otherModes(['udp', 'tcp'], (mode) => [...into(10, 16), ...(['nat', 'nat64', 'snat'].includes(mode) ? [both(16)] : [])]),
  ],
  rates: ['udp', 'tcp'].flatMap((proto) => [4, 6].map((af) => ({ mode: 'fnat', proto, af }))),
  syns: [4, 6],
  rateRounds: 2,
  rateTries: 4,
  lives: 1 << 17,
  floods: [
    { proto: 'tcp', known: 2e6, factor: 10, ms: 200, rounds: 10, tries: 40 },
    { proto: 'udp', known: 2e6, factor: 4, ms: 200, rounds: 10, tries: 40 },
  ],
};

/** --flood: only what floods need. */
export const FLOODS = { ...FULL, groups: [], syns: [], rates: ['tcp', 'udp'].map((proto) => ({ mode: 'fnat', proto, af: 4 })) };

export const QUICK = {
  rounds: 5,
  tries: 15,
  ms: 80,
  groups: [
    { mode: 'fnat', proto: 'udp', af: 4, cases: into(0, 10, 16, 20) },
    { mode: 'fnat', proto: 'udp', af: 6, cases: into(10) },
    { mode: 'fnat', proto: 'tcp', af: 4, cases: into(10) },
    ...otherModes(['udp'], () => into(10)),
  ],
  rates: [{ mode: 'fnat', proto: 'udp', af: 4 }],
  syns: [4],
  rateRounds: 1,
  rateTries: 2,
  lives: 1 << 16,
  floods: [],
};
