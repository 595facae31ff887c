// SPDX-License-Identifier: Apache-2.0
// Addresses of the lab. Documentation prefixes of RFC 5737 and RFC 3849 would do as well, these are easier to read.

export const NET = {
  vip4: '10.0.1.1',
  vip6: 'fd00:1::1',
  client4: '10.0.1.100',
  client6: 'fd00:1::100',
  lan4: '10.0.2.1',
  lan6: 'fd00:2::1',
  lip4: '10.0.2.200',
  lip6: 'fd00:2::200',
  /** The client's address in the servers' network, for answers that do not pass the director. */
  past4: '10.0.2.250',
  past6: 'fd00:2::250',
  wan: { 4: '10.0.1.0/24', 6: 'fd00:1::/64' },
  rs4: (n) => `10.0.2.${10 + n}`,
  rs6: (n) => `fd00:2::${10 + n}`,
};

/**
 * Forwarding modes. option: ipvsadm's; host: last number of the virtual address; oneWay: servers answer past the director; serverAf: the
 * servers' family when it is not the clients'.
 */
export const MODES = {
  FullNAT: { option: '-b', host: 1 },
  NAT: { option: '-m', host: 2 },
  DR: { option: '-g', host: 3, oneWay: true },
  tunnel: { option: '-i', host: 4, oneWay: true },
  NAT64: { option: '-b', host: 5, serverAf: 4 },
};

/** A mode's virtual address. af: 4 or 6. */
export const vipOf = (mode, af) => (af === 4 ? `10.0.1.${MODES[mode].host}` : `fd00:1::${MODES[mode].host}`);

/** Address and port as commands and URLs want them. */
export const endpoint = (ip, port) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
