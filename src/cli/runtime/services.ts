// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { IPPROTO } from '../parse/protocol';

/** Port names of the system. */
export interface Services {
  port(name: string, proto: number): number | null;
  /** The first name of a port. */
  name(port: number, proto: number): string | null;
}

const DATABASES: Readonly<Record<number, string | undefined>> = {
  [IPPROTO.tcp]: 'tcp',
  [IPPROTO.udp]: 'udp',
  [IPPROTO.sctp]: 'sctp',
};

/** Parses lines like "http 80/tcp www # comment"; keys are "80/tcp" and "http/tcp". */
export function parseServices(text: string): Services {
  const names = new Map<string, string>();
  const ports = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, port, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const match = /^(\d{1,5})\/(\w+)$/.exec(port ?? '');
    if (name === undefined || match === null) continue;
    const key = `${Number(match[1])}/${match[2]}`;
    if (!names.has(key)) names.set(key, name);
    for (const each of [name, ...aliases]) {
      if (!ports.has(`${each}/${match[2]}`)) ports.set(`${each}/${match[2]}`, Number(match[1]));
    }
  }
  return {
    port: (name, proto) => ports.get(`${name}/${DATABASES[proto] ?? ''}`) ?? null,
    name: (port, proto) => names.get(`${port}/${DATABASES[proto] ?? ''}`) ?? null,
  };
}

let loaded: Services | undefined;

function readServices(): string {
  try {
    return readFileSync('/etc/services', 'utf8');
  } catch {
    // A system without the file has no names.
    return '';
  }
}

/** /etc/services, read when it is first needed. */
export function systemServices(): Services {
  loaded ??= parseServices(readServices());
  return loaded;
}
