// SPDX-License-Identifier: Apache-2.0
// The world of match services: hosts inside behind port test1, everybody else behind port test0, public addresses of ours.
import { ipBytes, ipText } from '../harness/addresses';
import { startCase, type Case, type CaseOptions } from '../harness/case';
import { ethernet, icmp6Echo, icmpEcho, ip, type EchoFields, type Layer4 } from '../harness/frames';
import { configureAddresses, configureNeighbours, endpoint, mac, quieten, v4, type Family } from './topology';

export const publics = {
  IPv4: { address: '10.0.0.150', second: '10.0.0.151', inside: '10.1.0.0-10.1.0.255' },
  IPv6: { address: '2001:db8::150', second: '2001:db8::151', inside: '2001:db8:1::-2001:db8:1::ffff' },
} as const;

export type Proto = 'tcp' | 'udp' | 'icmp' | 'icmpv6';

export function publicOf(f: Family): string {
  return publics[f.name].address;
}

export function echoProto(f: Family): Proto {
  return f === v4 ? 'icmp' : 'icmpv6';
}

export function echo(f: Family, fields: EchoFields): Layer4 {
  return f === v4 ? icmpEcho(fields) : icmp6Echo(fields);
}

export function matchWord(f: Family, proto: Proto, extra = 'oif=test0'): string {
  return `-H proto=${proto},src-range=${publics[f.name].inside}${extra === '' ? '' : `,${extra}`}`;
}

export async function startInside(f: Family, options: CaseOptions = {}): Promise<Case> {
  const c = await startCase(options);
  configureAddresses(c, f);
  configureNeighbours(c, f);
  c.run(`
    dpip addr add ${publicOf(f)}/${f.hostPlen} dev test0 sapool
    dpip addr add ${publics[f.name].second}/${f.hostPlen} dev test0 sapool`);
  quieten(c, f);
  return c;
}

export function configureMatch(c: Case, f: Family, proto: Proto, word = matchWord(f, proto), address = publicOf(f)): void {
  c.run(`
    ipvsadm -A ${word} -s rr
    ipvsadm -a ${word} -r ${endpoint(address, 0)} -J -w 1`);
  quieten(c, f);
}

/** A frame of a host inside for a host outside, as it comes. */
export function fromInside(f: Family, l4: Layer4, host = 0, dst: string = f.client): Buffer {
  return ethernet({ src: mac.server[host] ?? '', dst: mac.port[1] }, ip({ src: f.servers[host] ?? '', dst, ttl: 61 }, l4));
}

/** What the host outside gets. */
export function atOutside(f: Family, l4: Layer4, src = publicOf(f)): Buffer {
  return ethernet({ src: mac.port[0], dst: mac.client }, ip({ src, dst: f.client, ttl: 61 }, l4));
}

export function fromOutside(f: Family, l4: Layer4, dst = publicOf(f)): Buffer {
  return ethernet({ src: mac.client, dst: mac.port[0] }, ip({ src: f.client, dst, ttl: 55 }, l4));
}

export function atInside(f: Family, l4: Layer4, host = 0): Buffer {
  return ethernet({ src: mac.port[1], dst: mac.server[host] ?? '' }, ip({ src: f.client, dst: f.servers[host] ?? '', ttl: 55 }, l4));
}

/** An address as dissected frames have it. */
export function shown(address: string): string {
  return ipText(ipBytes(address));
}
