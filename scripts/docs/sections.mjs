// SPDX-License-Identifier: Apache-2.0
// What man pages say beyond the option table. *bold*, _italic_; paragraphs are apart by an empty line, examples are indented.

/** Paragraphs that follow the help of an option or command, by long name. */
export const DETAILS = {
  'edit-service': ['What is not given stays as it is: scheduler, persistence, mask, time-out, checks. Most attributes can only be switched on; *--synproxy* *disable* switches off.'],
  clear: ['Their servers and local addresses go with them.'],
  restore: [
    'Each line is a command line, with or without the word ipvsadm. Words are separated by blanks; there are no quotes. Lines that begin with # and empty lines are skipped. Messages name the line. A line that is wrong ends the run, one that the daemon refuses does not; the exit status is that of the first line that failed. Nothing is deleted beforehand.',
  ],
  save: ['Names are printed in place of addresses unless *-n* is given. The output has everything that services have, also what the ipvsadm of DPVS leaves out; *--compat-save* leaves it out too.'],
  'edit-server': ['The server gets all attributes anew: without *-w* its weight becomes 1, without *-m*, *-i*, *-b* or *-J* it is served by direct routing. So repeat what shall stay.'],
  'add-laddr': ['The address is also added to the device, if it is not there yet. FullNAT needs at least one for each service.'],
  'del-laddr': ['The address leaves the device as well, unless another service uses it.'],
  zero: ['Connections and limits stay.'],
  list: ['Without options: all services with their servers, names in place of numbers. ipvsadm without any argument does the same.'],
  match: ['Example: *proto=tcp,src-range=10.0.0.0-10.0.0.255,oif=dpdk1*. IPv6 addresses stand in brackets if ports follow. The text has at most 255 characters.'],
  'real-server': ['With *-g* and *-i* the port is always that of the service.'],
  numeric: ['Names are looked up in /etc/hosts and by name servers, all together for at most three seconds; what is not known by then stays numeric.'],
  'conn-timeout': ['At most 2678400, which is 31 days.'],
  persistent: ['At most 2678400 seconds, which is 31 days.'],
  sockpair: ['For example *tcp:192.0.2.7:40000:10.0.0.1:80*. Either direction finds the connection.'],
  'u-threshold': ['New connections go to other servers until there are no more than *-y* left.'],
  exact: ['Without it, numbers from 100000000 on are cut to thousands (K), millions (M), and so on, in powers of ten.'],
  watch: [
    'From 0.1 to 86400 seconds. On a terminal the list is redrawn in place and cut to the size of the terminal; elsewhere lists follow each other behind an empty line, or as one JSON document in a line each with *--json*. With *--stats* the first list has counters, all others their change per second since the list before. With *--rate* the first list has the average of the daemon, all others exact rates. Names are looked up once. Services are fetched again only when the configuration changed, if the daemon shares its statistics in memory. A daemon that goes away is reported, and listed again when it is back. Ctrl-C ends it with status 130.',
  ],
  count: ['The exit status is that of the first list that failed.'],
  color: ['Without this option nothing is ever coloured. *auto*, which is also what *--color* alone means, colours terminals unless *NO_COLOR* is set to anything or *TERM* is dumb. Services are bold, weights of 0 yellow, inhibited and overloaded servers red; the text itself stays the same.'],
  socket: ['Not in the lines that *--restore* reads: it is settled for the whole run.'],
  'timeout-ms': ['For each request; 30000 if not given.'],
  'no-resolve-timeout': ['Without it, all look-ups of a list together take at most three seconds.'],
  completion: ['For bash: put *eval "$(ipvsadm --completion bash)"* into .bashrc. The package has the scripts in completions/, and scripts/install.mjs puts them where shells look. Services, servers, local addresses and devices are completed from the running daemon.'],
  'lvs-format': ['SCTP services with one space, connections with a title and their time as minutes and seconds.'],
  bits: ['Titles become InBit/s and OutBit/s.'],
};

export const IPVSADM = {
  purpose: 'virtual services of the dpvs load balancer',
  description: `
*ipvsadm* shows and changes the virtual services of a running *dpvs* daemon, which distributes connections to a virtual address over real servers. It takes the command lines of the ipvsadm of LVS and of DPVS; where these differ, those of DPVS count.

A command line has one command, which stands first, and options in any order behind it. Single letters may be written together (*-ln*), and a value may follow its letter at once (*-srr*, *-t10.0.0.1:80*). Long names must be complete; *--name=value* and *--name* _value_ are the same.

Addresses are _host:port_, _[IPv6]:port_ or an address alone. A service without port takes all ports and has to be persistent. Hosts and ports may be names.

Commands that change something print nothing when they succeed.`,
  commands: 'Exactly one of these, or of the commands among the extensions.',
  options: 'Those that the ipvsadm of DPVS has, too.',
  extensions: 'Neither LVS nor DPVS has these. Without them, output is that of DPVS, byte by byte.',
  output: `
A list of services has three lines of titles and, for each service, a line that begins with its protocol, followed by a line for each server that begins with ->. Columns of servers are:

    address  forwarding  weight  active  inactive         (usual)
    address  conns  packets in, out  bytes in, out        (--stats)
    address  conns  packets in, out  bytes in, out per s  (--rate)
    address  upper  lower  active  inactive               (--thresholds)
    address  weight  persistent  active  inactive         (--persistent-conn)

Forwarding is *Masq*, *Local*, *Tunnel*, *Route*, *FullNat* or *SNAT*. A server that gets no new connections has *inhibited* or *overload* behind its columns. Services are sorted by mark, family, protocol, address and port, servers by address and port.

Connections (*-c*) have no title; a line is the worker in brackets, protocol, time-out, state, client, virtual address, local address and server.`,
  status: 'The status says what kind of failure it was.',
  statusList: [
    ['0', 'Success.'],
    ['1', 'A list could not be had, or not completely; or the connection to the daemon broke.'],
    ['2', 'The command line is wrong, or the daemon cannot be reached.'],
    ['130', 'Interrupted by Ctrl-C while waiting for the next list.'],
    ['255', 'Options that do not exist, values that are missing; also: the daemon found an invalid parameter.'],
    ['254 and less', '256 plus the negative code of the daemon: 253 already exists, 252 does not exist, 243 resource busy, 242 not supported, 241 no resource, 239 no such service, 229 no such device.'],
  ],
  environment: 'These are read:',
  environmentList: [
    ['DPVS_IPC_FILE', 'The control socket; at most 107 bytes.'],
    ['NO_COLOR', 'If it is not empty, *--color=auto* means *never*.'],
    ['TERM', 'If it is dumb or empty, *--color=auto* means *never*.'],
  ],
  files: 'Nothing is read but these:',
  filesList: [
    ['/var/run/dpvs.ipc', 'Control socket of the daemon. It belongs to the user who runs the daemon.'],
    ['/etc/hosts, /etc/resolv.conf', 'Names of hosts.'],
    ['/etc/services', 'Names of ports.'],
  ],
  examples: `
A web service with two servers behind FullNAT:

    ipvsadm -A -t 10.0.1.1:80 -s wrr
    ipvsadm -P -t 10.0.1.1:80 -z 10.0.2.200 -F dpdk1
    ipvsadm -a -t 10.0.1.1:80 -r 10.0.2.11:80 -b -w 3
    ipvsadm -a -t 10.0.1.1:80 -r 10.0.2.12:80 -b

What it does, every second, in changes per second:

    ipvsadm -ln --stats --watch=1

All rules to a file, and back:

    ipvsadm-save -n > /etc/dpvs.rules
    ipvsadm-restore < /etc/dpvs.rules

Connections of a client:

    ipvsadm -lnc --client 192.0.2.7`,
  differences: `
*-b* is FullNAT, as in DPVS; in LVS it sets flags of the scheduler. *-E* changes what is given, as in DPVS; in LVS it sets everything anew. *-L -c* has the layout of DPVS unless *--lvs-format* is given. *--set*, *--timeout* and the options of the synchronisation daemon belong to the kernel and are refused.

The documentation of the package (docs/ipvsadm.md, docs/compatibility.md) has every option with what LVS, DPVS and this command make of it.`,
};

export const SAVE = {
  purpose: 'print the virtual services of dpvs as rules',
  synopsis: '[-n] > file',
  description: `
*ipvsadm-save* prints all virtual services with their servers, local addresses and lists as lines that *ipvsadm-restore* reads. With *-n* addresses and ports stay numbers, which is what a file for later wants.`,
  status: 'Zero on success, 1 if an option is not known, otherwise that of *ipvsadm* *-S*.',
  examples: `
    ipvsadm-save -n > /etc/dpvs.rules`,
};

export const RESTORE = {
  purpose: 'replace the virtual services of dpvs by saved ones',
  synopsis: '< file',
  description: `
*ipvsadm-restore* reads rules from standard input, deletes all virtual services, and adds those of the rules. The input is read to its end before anything is deleted. To add rules to those that are there, use *ipvsadm* *-R*.`,
  status: 'Zero on success, otherwise that of the first line that failed; messages name the line.',
  examples: `
    ipvsadm-restore < /etc/dpvs.rules`,
};
