// SPDX-License-Identifier: Apache-2.0
// What the man pages of dpip say beyond the tables: [description, examples, see also] of each object.

export const DPIP = {
  purpose: 'steer devices, addresses, routes, neighbours and more of a running dpvs',
  description: `*dpip* is for everything around the balancer: *ipvsadm*(8) has the services. Its first word names an object, the second a verb; both may be shortened to a beginning that no other has.
Options may stand anywhere.

Every object has a page of its own, such as *dpip-addr*(8), and *dpip* OBJECT *help* prints the same grammar.

*dpip health* is for monitoring: it asks whether the daemon answers, workers work and devices are up, and ends with
status 0, 1 (degraded) or 2 (down).

*dpip monitor* prints addresses, routes, neighbours and devices as they come, change and go (*Deleted*), those of the named objects or all, with *-v* the time, with *-j* an object in each line. It asks the daemon every second, or every *-i* SEC; what comes and goes in between is not seen.

*dpip save* prints what the daemon was told as commands in an order that can be told again: VLANs, tunnels, addresses, static neighbours, routes, sets, schedulers, classifiers and switches of devices, or those objects that are named.
Routes that come with addresses are left out. *dpip save linux-ipset* prints sets as *ipset*(8) of Linux does. *dpip restore* reads both from a file or from standard input; what is there already is no error.`,
  status: 'Zero on success, 1 for any failure; the last line on standard error is its reason. A batch ends with 1 when one of its commands failed.',
  environment: [
    ['DPVS_IPC_FILE', 'The control socket, _/var/run/dpvs.ipc_ without it. *--socket* comes first.'],
    ['NO_COLOR', 'Set: *--color=auto* colours nothing.'],
    ['POSIXLY_CORRECT', 'Set: options have to stand before the object.'],
  ],
  examples: `A device, an address of it, and a route:

    dpip -s link show dpdk0
    dpip addr add 192.0.2.1/24 dev dpdk0
    dpip route add default via 192.0.2.254

Names and received packets of all devices, for a program:

    dpip -s -j link show | jq -r '.[] | [.name, .counters.in_packets] | @tsv'

Many commands over one connection:

    dpip --batch commands.txt

Everything, for the next start:

    dpip save > /etc/dpvs/network
    dpip restore /etc/dpvs/network

Drops by reason, per second, and every change of neighbours with its time:

    dpip --watch drop show
    dpip -v monitor neigh`,
};

export const OBJECTS = {
  addr: {
    text: 'Addresses that the daemon has on its devices: virtual addresses, those of its own, and with *sapool* the local addresses of FullNAT, each with a pool of ports. New addresses are announced; those of IPv6 are tried first (duplicate address detection).',
    examples: 'dpip addr add 192.0.2.1/24 dev dpdk0\ndpip addr add 198.51.100.200/32 dev dpdk1 sapool\ndpip -s addr show dev dpdk1',
    see: ['dpip-route', 'dpip-neigh', 'ipvsadm'],
  },
  cls: {
    text: 'Classifiers of traffic schedulers. A frame that waits at a scheduler is shown to its classifiers, those with the highest *prio* first; the first that matches sends it to another scheduler of the device, or drops it. They act while *tc-egress* or *tc-ingress* of the device is on (*dpip-link*(8)).',
    examples: "dpip cls add dev dpdk1 match pattern 'udp,to=:53' target 1:\ndpip cls add dev dpdk0 qsch ingress ipset match bad,src target drop",
    see: ['dpip-qsch', 'dpip-ipset', 'dpip-link'],
  },
  drop: {
    text: 'Every packet that ends in the daemon without being sent is counted under a named reason. Reasons without packets are left out.',
    examples: 'dpip drop show\ndpip -s -v drop show',
    see: ['dpip-link', 'dpip-lcore'],
  },
  'eal-mem': {
    text: 'What DPDK has reserved: memory segments (also without a word), named zones, rings and pools of packet buffers.',
    examples: 'dpip eal-mem show pool',
    see: ['dpip-lcore'],
  },
  flow: {
    text: 'Addresses whose packets a device is to bring to the kernel by flow rules. A daemon or a device without such rules answers *not support*.',
    examples: 'dpip flow add type kni 192.0.2.1 dev dpdk0\ndpip flow show type kni',
    see: ['dpip-addr'],
  },
  iftraf: {
    text: 'Who sends and receives the most. While it is enabled workers note one of a thousand frames; the list has the first twenty flows of the last half minute, with estimates of bytes received and sent. A flow is named as packets of the other side have it. Disabling forgets.',
    examples: 'dpip iftraf enable\ndpip iftraf show dev dpdk0\ndpip iftraf show dev all',
    see: ['dpip-link'],
  },
  ipset: {
    text: 'Sets of addresses, networks and ports, for deny and allow lists of services (*ipvsadm* *-U*, *-O*) and for classifiers. In sets with networks the longest one that contains an address decides; *nomatch* excludes it. A set in use cannot be destroyed. With *file* all lines take effect or none.',
    examples: 'dpip ipset create bad hash:net maxelem 200000\ndpip ipset add bad 198.51.100.0/24\ndpip ipset add bad file blocklist.txt\ndpip ipset test bad 198.51.100.7',
    see: ['dpip-cls', 'ipvsadm'],
  },
  ipv6: {
    text: 'Counters of IPv6 packets as RFC 4293 names them: of all lcores, of one, or of each.',
    examples: 'dpip ipv6 show total\ndpip ipv6 show cpu 1',
    see: ['dpip-drop'],
  },
  lcore: {
    text: 'How busy lcores are. A worker polls and so uses its CPU whether or not there are packets; *busy* is the share of its time that packets had.',
    examples: 'dpip lcore show\ndpip -s lcore show cpu1',
    see: ['dpip-link', 'dpip-drop'],
  },
  link: {
    text: 'Devices: state, counters, switches; bonding devices with their members; and with *cpu* the counters of lcores. What a driver cannot do is answered *not support*, and nothing is changed.',
    examples: 'dpip link show\ndpip -s -i 1 -c 5 link show dpdk0\ndpip -s link show cpu\ndpip link set dpdk0 promisc on\ndpip link set bond0 bond-slave dpdk2',
    see: ['dpip-vlan', 'dpip-tunnel', 'dpip-lcore'],
  },
  lldp: {
    text: 'Link layer discovery (IEEE 802.1AB): what a device says of itself, and what it heard from the other end of its cable. It needs *lldp on* in the configuration and on the device (*dpip-link*(8)).',
    examples: 'dpip lldp show neigh dev dpdk0',
    see: ['dpip-link'],
  },
  maddr: {
    text: 'Multicast addresses that devices receive, of the link and of IP, with the number of users.',
    examples: 'dpip -v maddr show dev dpdk0',
    see: ['dpip-addr'],
  },
  mark: {
    text: 'Rules that give packets without a connection a mark, by which services of a mark are found (*ipvsadm* *-f*). The first rule that is for a packet counts.',
    examples: 'dpip mark add 7 proto tcp to 192.0.2.1 dport 80-89\nipvsadm -A -f 7 -s rr',
    see: ['ipvsadm'],
  },
  neigh: {
    text: 'Neighbours: MAC addresses that were learned by ARP and neighbour discovery, and those that were set. What is set does not age.',
    examples: 'dpip neigh show dev dpdk1\ndpip neigh add 198.51.100.11 lladdr 02:00:00:00:00:11 dev dpdk1\ndpip neigh flush dev dpdk1',
    see: ['dpip-addr', 'dpip-route'],
  },
  qsch: {
    text: 'Traffic schedulers: queues in which frames of a device wait, on the way out below *root*, on the way in below *ingress*. They act while *tc-egress* or *tc-ingress* of the device is on (*dpip-link*(8)). A rate holds for all workers together and for all that is below; limits are per worker. Deleting one deletes those below.',
    examples: 'dpip qsch add dev dpdk1 root tbf rate 100m burst 200000 latency 50\ndpip link set dpdk1 tc-egress on\ndpip -s qsch show dev dpdk1',
    see: ['dpip-cls', 'dpip-link'],
  },
  route: {
    text: 'Routes of IPv4 and IPv6. The longest prefix wins. A route without *via* is for hosts on the link of its device. *get* says which of the routes a packet to an address takes.',
    examples: 'dpip route add default via 192.0.2.254\ndpip -6 route add 2001:db8:1::/48 via fe80::1 dev dpdk0\ndpip route get 198.51.100.7',
    see: ['dpip-addr', 'dpip-neigh'],
  },
  tunnel: {
    text: 'Tunnel devices: IPv4 and IPv6 in IPv4 (*ipip*), or in GRE with key, checksum and numbers. Addresses and routes make use of them as of any device.',
    examples: 'dpip tunnel add gre1 mode gre local 192.0.2.1 remote 203.0.113.1 key 7\ndpip addr add 10.8.0.1/24 dev gre1',
    see: ['dpip-link', 'dpip-route'],
  },
  vlan: {
    text: 'VLAN devices (IEEE 802.1Q): what they send gets a tag, and they receive what has theirs. They can be made of each other.',
    examples: 'dpip vlan add link dpdk0 id 100\ndpip addr add 192.0.2.1/24 dev dpdk0.100',
    see: ['dpip-link', 'dpip-addr'],
  },
};
