// SPDX-License-Identifier: Apache-2.0
// Names and totals in tables.
import { expect, it } from 'vitest';
import { decode, encode, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import type { Entry } from '../../../src/cli/ipvsadm/inventory';
import { chooseFormat, entryLines } from '../../../src/cli/ipvsadm/table';
import { NUMERIC, type Names } from '../../../src/cli/render/names';

function entryOf(service: DeepPartial<Structs['dp_vs_service_compat']>, dests: readonly DeepPartial<Structs['dp_vs_dest_compat']>[]): Entry {
  return {
    service: decode('dp_vs_service_compat', encode('dp_vs_service_compat', { proto: 6, sched_name: 'rr', ...service })),
    dests: dests.map((dest) => decode('dp_vs_dest_compat', encode('dp_vs_dest_compat', dest))),
    destsMore: null, more: null, laddrs: null, deny: null, allow: null, problem: null, partial: false,
  }; // prettier-ignore
}

const long: Names = { host: () => 'a-host-with-a-name-that-is-much-too-long.for.any.column.example.com', service: () => 'http' };

it('IA-103 names of IPv4 are cut: services after 33 characters, servers after 28', () => {
  const text = entryLines(chooseFormat(new Set(), long), entryOf({ af: 2 }, [{ af: 2, weight: 1 }]));
  expect(text.split('\n').slice(0, 2)).toEqual([
    `${'TCP  a-host-with-a-name-that-is-much-too-long'.slice(0, 33)} rr`,
    `  -> ${'a-host-with-a-name-that-is-much-too-long'.slice(0, 28)} Masq    1      0          0         `,
  ]);
});

it('IA-103 IA-104 IPv6 has names as well, in brackets, cut after 59 characters; servers by their own family', () => {
  const text = entryLines(chooseFormat(new Set(), long), entryOf({ af: 10 }, [{ af: 10, weight: 1 }, { af: 2, weight: 2 }]));
  const cut = '[a-host-with-a-name-that-is-much-too-long.for.any.column.example.com]:http'.slice(0, 59);
  expect(text.split('\n').slice(0, 3)).toEqual([
    `TCP  ${cut} rr`,
    `  -> ${cut} Masq    1      0          0         `,
    `  -> ${'a-host-with-a-name-that-is-much-too-long'.slice(0, 28)} Masq    2      0          0         `,
  ]);
});

it('IA-105 counters of a service do not go back when a server goes away', () => {
  const stats = { conns: 5n, inpkts: 50n, outpkts: 500n, inbytes: 5000n, outbytes: 50_000n };
  const format = chooseFormat(new Set(['stats']), NUMERIC);
  const before = format.service(entryOf({ af: 2, port: 80 }, [{ af: 2, stats }, { af: 2, stats }]));
  // What a server had counted moves to the service when the server is deleted.
  const after = format.service(entryOf({ af: 2, port: 80, stats }, [{ af: 2, stats }]));
  expect(after).toBe(before);
  expect(before).toBe('TCP  0.0.0.0:80                         10      100     1000    10000   100000\n');
});
