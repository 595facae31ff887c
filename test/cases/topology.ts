// SPDX-License-Identifier: Apache-2.0
// The little world of the cases: clients behind port test0, real servers behind test1, static neighbours, no noise.
import { solicitedNode, multicastMac } from '../harness/addresses';
import { startCase, type Case, type CaseOptions } from '../harness/case';
import { arp, ethernet, ip, ipv4, type Layer3, type Layer4 } from '../harness/frames';

export const CLIENTS = 0;
export const SERVERS = 1;

export const mac = {
  port: ['02:00:00:00:00:01', '02:00:00:00:00:02'],
  client: '02:aa:00:00:00:01',
  server: ['02:bb:00:00:00:01', '02:bb:00:00:00:02', '02:bb:00:00:00:03'],
  broadcast: 'ff:ff:ff:ff:ff:ff',
} as const;

/** The same roles in both families. */
export interface Family {
  readonly name: 'IPv4' | 'IPv6';
  readonly port: readonly [string, string];
  readonly plen: number;
  readonly hostPlen: number;
  readonly vip: string;
  readonly lip: string;
  readonly client: string;
  readonly servers: readonly [string, string, string];
  /** Length of an IP header without options. */
  readonly headerLength: number;
  /** Length of a TOA option. */
  readonly toaLength: number;
}

export const v4: Family = {
  name: 'IPv4',
  port: ['10.0.0.1', '10.1.0.1'],
  plen: 24,
  hostPlen: 32,
  vip: '10.0.0.100',
  lip: '10.1.0.200',
  client: '10.0.0.2',
  servers: ['10.1.0.11', '10.1.0.12', '10.1.0.13'],
  headerLength: 20,
  toaLength: 8,
};

export const v6: Family = {
  name: 'IPv6',
  port: ['2001:db8::1', '2001:db8:1::1'],
  plen: 64,
  hostPlen: 128,
  vip: '2001:db8::100',
  lip: '2001:db8:1::200',
  client: '2001:db8::2',
  servers: ['2001:db8:1::11', '2001:db8:1::12', '2001:db8:1::13'],
  headerLength: 40,
  toaLength: 20,
};

export const families = [v4, v6] as const;

/** "address:port" as commands and listings have it. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function addressCommands(f: Family): string {
  return `
    dpip addr add ${f.port[0]}/${f.plen} dev test0
    dpip addr add ${f.port[1]}/${f.plen} dev test1
    dpip addr add ${f.vip}/${f.hostPlen} dev test0`;
}

function neighbourCommands(f: Family): string {
  const servers = f.servers.map((server, i) => `dpip neigh add ${server} lladdr ${mac.server[i] ?? ''} dev test1`);
  return [`dpip neigh add ${f.client} lladdr ${mac.client} dev test0`, ...servers].join('\n');
}

/** Long enough for duplicate address detection. */
const DAD_MS = 6000;

/** Addresses of both ports and the VIP. What that made the daemon send is thrown away. */
export function configureAddresses(c: Case, f: Family): void {
  c.run(addressCommands(f));
  quieten(c, f);
}

/** Waits until new addresses are announced and, for IPv6, known to be unique; forgets the frames about it. */
export function quieten(c: Case, f: Family): void {
  if (f === v6) c.warp(DAD_MS, DAD_MS);
  c.settle({ timers: true });
  c.discard();
}

export function configureNeighbours(c: Case, f: Family): void {
  c.run(neighbourCommands(f));
}

/** A running daemon with addresses and neighbours of the family. */
export async function startWorld(f: Family, options: CaseOptions = {}): Promise<Case> {
  const c = await startCase(options);
  configureAddresses(c, f);
  configureNeighbours(c, f);
  c.discard();
  return c;
}

export interface ServiceOptions {
  readonly proto: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  readonly scheduler?: string;
  /** Real servers by index, with weights. */
  readonly servers?: readonly { readonly index: number; readonly weight: number }[];
  /** More words for the -A line. */
  readonly extra?: string;
}

const SERVICE_OPTIONS = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const;

export function serviceWord(f: Family, s: ServiceOptions): string {
  return `${SERVICE_OPTIONS[s.proto]} ${endpoint(f.vip, s.port)}`;
}

/** A FullNAT service with its real servers (the first one, weight 1, unless told otherwise) and local address. */
export function configureService(c: Case, f: Family, s: ServiceOptions): void {
  const word = serviceWord(f, s);
  const servers = s.servers ?? [{ index: 0, weight: 1 }];
  c.run(`
    ipvsadm -A ${word} -s ${s.scheduler ?? 'rr'} ${s.extra ?? ''}
    ipvsadm -P ${word} -z ${f.lip} -F test1
    ${servers.map(({ index, weight }) => `ipvsadm -a ${word} -r ${endpoint(f.servers[index] ?? '', s.port)} -b -w ${weight}`).join('\n')}`);
  quieten(c, f);
}

/** Families of clients and of real servers: FullNAT within a family, or from IPv6 to IPv4. */
export interface Sides {
  readonly name: 'IPv4' | 'IPv6' | 'NAT64';
  readonly clients: Family;
  readonly servers: Family;
}

export const sides: readonly Sides[] = [
  { name: 'IPv4', clients: v4, servers: v4 },
  { name: 'IPv6', clients: v6, servers: v6 },
  { name: 'NAT64', clients: v6, servers: v4 },
];

/** startWorld and configureService for both sides; one server, local address of the servers' family. */
export async function startSides(s: Sides, service: ServiceOptions, options: CaseOptions = {}): Promise<Case> {
  const c = await startWorld(s.clients, options);
  if (s.servers === s.clients) {
    configureService(c, s.clients, service);
    return c;
  }
  configureAddresses(c, s.servers);
  configureNeighbours(c, s.servers);
  const word = serviceWord(s.clients, service);
  const servers = service.servers ?? [{ index: 0, weight: 1 }];
  c.run(`
    ipvsadm -A ${word} -s ${service.scheduler ?? 'rr'} ${service.extra ?? ''}
    ipvsadm -P ${word} -z ${s.servers.lip} -F test1
    ${servers.map(({ index, weight }) => `ipvsadm -a ${word} -r ${endpoint(s.servers.servers[index] ?? '', service.port)} -b -w ${weight}`).join('\n')}`);
  quieten(c, s.servers);
  return c;
}

/** The frame that a real server gets: between families, IPv4 has DF set. */
export function toServerSide(s: Sides, l4: Layer4, index = 0): Buffer {
  if (s.servers === s.clients) return toServer(s.servers, l4, index);
  const dst = s.servers.servers[index] ?? '';
  return ethernet({ src: mac.port[1], dst: mac.server[index] ?? '' }, ipv4({ src: s.servers.lip, dst, df: true }, l4));
}

/** A frame of the client for an address of the director. */
export function fromClient(f: Family, l4: Layer4, dst: string = f.vip): Buffer {
  return ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: f.client, dst }, l4));
}

/** The frame that the client gets from a virtual address. */
export function toClient(f: Family, l4: Layer4, src: string = f.vip): Buffer {
  return ethernet({ src: mac.port[0], dst: mac.client }, ip({ src, dst: f.client }, l4));
}

/** A frame of a real server for the local address. */
export function fromServer(f: Family, l4: Layer4, index = 0): Buffer {
  const server = f.servers[index] ?? '';
  return ethernet({ src: mac.server[index] ?? '', dst: mac.port[1] }, ip({ src: server, dst: f.lip }, l4));
}

/** The frame that a real server gets from the local address. */
export function toServer(f: Family, l4: Layer4, index = 0): Buffer {
  const server = f.servers[index] ?? '';
  return ethernet({ src: mac.port[1], dst: mac.server[index] ?? '' }, ip({ src: f.lip, dst: server }, l4));
}

export function packet(port: number, src: string, layer3: Layer3): Buffer {
  return ethernet({ src, dst: mac.port[port] ?? '' }, layer3);
}

/** ARP requests of the daemon are broadcast and 60 bytes long. */
export function arpRequest(port: number, senderIp: string, targetIp: string): Buffer {
  const senderMac = mac.port[port] ?? '';
  return ethernet({ src: senderMac, dst: mac.broadcast }, arp({ op: 'request', senderMac, senderIp, targetIp }), 60);
}

/** Addresses of a multicast packet to the solicited-node group of an address. */
export function solicitedGroup(address: string): { readonly ip: string; readonly mac: string } {
  const group = solicitedNode(address);
  return { ip: group, mac: multicastMac(group) };
}
