// SPDX-License-Identifier: Apache-2.0
// The network of the benchmark as commands. dataplane/bench/frame.h has the same numbers: 65,536 clients behind a gateway on one
// port, real servers on the other. Static neighbours: nobody answers ARP on a null device.
const LOCAL_ADDRESSES = 4;
const SERVERS = 8;
const PEER_MAC = '02:be:00:00:00:01';

/** Pairs of local address and real server have 64,511 ports each. */
export const FLOWS_POSSIBLE = LOCAL_ADDRESSES * SERVERS * 64_511;

const hex = (ip4) => {
  const [a, b, c, d] = ip4.split('.').map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
};
const range = (n, f) => Array.from({ length: n }, (_, i) => f(i));

/** Addresses of one family; the low four bytes of both are equal. */
function addresses(af) {
  const lan = (ip4) => (af === 4 ? ip4 : `fd00:2::${hex(ip4)}`);
  const wan = (ip4) => (af === 4 ? ip4 : `2001:db8:1::${hex(ip4)}`);
  return {
    vip: wan('192.0.2.1'),
    gateway: wan('192.0.2.254'),
    own: lan('10.0.0.1'),
    wanBits: af === 4 ? 24 : 96,
    lanBits: af === 4 ? 16 : 96,
    locals: range(LOCAL_ADDRESSES, (i) => lan(`10.0.1.${i + 1}`)),
    servers: range(SERVERS, (i) => lan(`10.0.2.${i + 1}`)),
  };
}

/** dpip commands that make ports, the way to the clients and the way to the servers. */
export function dpipCommands(af) {
  const net = addresses(af);
  return [
    ['addr', 'add', `${net.vip}/${net.wanBits}`, 'dev', 'dpdk0'],
    ['addr', 'add', `${net.own}/${net.lanBits}`, 'dev', 'dpdk1'],
    ['neigh', 'add', net.gateway, 'lladdr', PEER_MAC, 'dev', 'dpdk0'],
    [...(af === 6 ? ['-6'] : []), 'route', 'add', 'default', 'via', net.gateway, 'dev', 'dpdk0'],
    ...net.servers.map((server) => ['neigh', 'add', server, 'lladdr', PEER_MAC, 'dev', 'dpdk1']),
  ];
}

/**
 * Forwarding modes. option: how ipvsadm calls them; frames: the plugin's name of their frames; oneWay: servers answer clients past the
 * balancer; serverAf: their servers' family, if it is not the clients'.
 */
export const MODES = {
  fnat: { title: 'FullNAT', option: '-b', frames: (af) => String(af) },
  nat: { title: 'NAT', option: '-m', frames: (af) => `nat${af}` },
  dr: { title: 'DR', option: '-g', frames: (af) => String(af), oneWay: true },
  tunnel: { title: 'tunnel', option: '-i', frames: (af) => String(af), oneWay: true },
  snat: { title: 'SNAT', option: '-J', frames: (af) => `snat${af}` },
  nat64: { title: 'NAT64', option: '-b', frames: () => '64', serverAf: 4 },
};

/** Families of a group's clients and servers. */
export const familiesOf = ({ mode, af }) => [af, MODES[mode].serverAf ?? af];

const text = (ip, port) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

/** Public addresses of SNAT. */
export const publicAddressCommands = (af) =>
  addresses(af).locals.map((ip) => ['addr', 'add', `${ip}/${af === 4 ? 32 : 128}`, 'dev', 'dpdk1', 'sapool']);

/** Clients are the hosts inside, the first real server is a host outside: see frame.h. */
function matchLines({ proto, af }) {
  const service = `-H proto=${proto},src-range=${af === 4 ? '198.18.0.0-198.18.255.255' : '2001:2::c612:0-2001:2::c612:ffff'},oif=dpdk1`;
  return [`-A ${service} -s rr`, ...addresses(af).locals.map((ip) => `-a ${service} -r ${text(ip, 0)} -J -w 1`)];
}

/** A service as `ipvsadm -R` reads it. proto: udp or tcp; synProxy: SYNs are answered by cookies. */
export function serviceLines({ mode, proto, af, synProxy }) {
  const { option, serverAf = af } = MODES[mode];
  const net = addresses(af);
  const lan = addresses(serverAf);
  if (mode === 'snat') return matchLines({ proto, af });
  const port = proto === 'udp' ? 5000 : 80;
  const service = `-${proto[0]} ${text(net.vip, port)}`;
  return [
    `-A ${service} -s rr${synProxy ? ' -j enable' : ''}`,
    ...(option === '-b' ? lan.locals.map((ip) => `-P ${service} -z ${ip} -F dpdk1`) : []),
    ...lan.servers.map((ip) => `-a ${service} -r ${text(ip, port)} ${option} -w 1`),
  ];
}
