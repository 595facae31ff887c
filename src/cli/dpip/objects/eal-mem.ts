// SPDX-License-Identifier: Apache-2.0
import type { Transport } from '../../../ipc/client';
import {
  listMemPools,
  listMemRings,
  listMemSegments,
  listMemZones,
  type MemPool,
  type MemRing,
  type MemSegment,
  type MemZone,
} from '../../../ipc/messages/ealmem';
import { left, right } from '../../render/columns';
import { CommandError } from '../errors';
import { rest, verb, type ObjectSpec } from '../grammar';
import type { Listing, Records } from '../listing';

type Value = string | number | bigint;

/** Title, width (negative: filled on the right, as in printf), and what a row has there. */
type Column<T> = readonly [title: string, width: number, value: (row: T) => Value];

function cell(value: Value, width: number): string {
  return width < 0 ? left(value, -width) : right(value, width);
}

function render<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const line = (values: readonly Value[]): string => `${values.map((value, i) => cell(value, columns[i]?.[1] ?? 0)).join(' ')}\n`;
  const titles = line(columns.map(([title]) => title));
  return titles + rows.map((row) => line(columns.map(([, , value]) => value(row)))).join('');
}

function renderSegments(transport: Transport): string {
  return render<MemSegment>(listMemSegments(transport), [
    ['socket_id', -10, (row) => row.socket_id],
    ['iova(Hex)', 16, (row) => row.iova.toString(16)],
    ['virt_addr(Hex)', 16, (row) => row.virt_addr.toString(16)],
    ['len(KB)', 20, (row) => row.len / 1024n],
    ['hugepage_size(KB)', 20, (row) => row.hugepage_sz / 1024n],
    ['nchannel', 10, (row) => row.nchannel],
    ['nrank', 10, (row) => row.nrank],
    ['free_len(KB)', 20, (row) => row.free_seg_len / 1024n],
  ]);
}

function renderZones(transport: Transport): string {
  // The daemon does not number them.
  const zones = listMemZones(transport).map((zone, id) => ({ ...zone, id }));
  return render<MemZone & { id: number }>(zones, [
    ['zone_id', -8, (row) => row.id],
    ['zone_name', 32, (row) => row.name],
    ['iova(Hex)', 16, (row) => row.iova.toString(16)],
    ['virt_addr(Hex)', 16, (row) => row.virt_addr.toString(16)],
    ['len(KB)', 20, (row) => row.len / 1024n],
    ['hugepage_size(KB)', 20, (row) => row.hugepage_sz / 1024n],
    ['socket_id', 10, (row) => row.socket_id],
  ]);
}

function renderRings(transport: Transport): string {
  return render<MemRing>(listMemRings(transport), [
    ['ring_name', -20, (row) => row.name],
    ['flags', 10, (row) => row.flags],
    ['size', 10, (row) => row.size],
    ['cons_tail', 10, (row) => row.cons_tail],
    ['cons_head', 10, (row) => row.cons_head],
    ['prod_tail', 10, (row) => row.prod_tail],
    ['prod_head', 10, (row) => row.prod_head],
    ['used', 10, (row) => row.used],
    ['avail', 10, (row) => row.avail],
  ]);
}

function renderPools(transport: Transport): string {
  return render<MemPool>(listMemPools(transport), [
    ['pool_name', -20, (row) => row.name],
    ['flags', 10, (row) => row.flags],
    ['elt_size', 10, (row) => row.elt_size],
    ['header_size', 11, (row) => row.header_size],
    ['trailer_size', 12, (row) => row.trailer_size],
    ['private_data_size', 17, (row) => row.private_data_size],
    ['size', 10, (row) => row.size],
    ['used', 10, (row) => row.size - row.count],
    ['Mem(MB)', 10, (row) => {
      const element = BigInt(row.elt_size) + BigInt(row.header_size) + BigInt(row.trailer_size);
      return (element * BigInt(row.size)) / 1_048_576n;
    }],
  ]);
}

type Show = (transport: Transport, list: Listing) => void;

/** A table has a line of titles, so that its text is that of the whole; data are rows. */
function table<K extends 'seg' | 'zone' | 'ring' | 'pool'>(kind: K, fetch: (transport: Transport) => Records[K][], text: (transport: Transport) => string, out: (text: string) => void): Show {
  return (transport, list) => {
    if (list.isText) out(text(transport));
    else for (const row of fetch(transport)) list.record(kind, row, () => '');
  };
}

function tables(out: (text: string) => void): Readonly<Record<string, Show>> {
  return {
    seg: table('seg', listMemSegments, renderSegments, out),
    zone: table('zone', listMemZones, renderZones, out),
    ring: table('ring', listMemRings, renderRings, out),
    pool: table('pool', listMemPools, renderPools, out),
  };
}

export const ealMem: ObjectSpec = {
  name: 'eal-mem',
  summary: 'memory of DPDK: segments, zones, rings, pools',
  verbs: {
    show: verb({
      args: { words: rest('[seg|zone|ring|pool]') },
      run: ({ words }, { io, list }) => {
        const [name = 'seg'] = words;
        const all = tables((text) => {
          io.stdout.write(text);
        });
        if (words.length > 1) throw new CommandError('invalid parameter', { detail: ['too many arguments!'], help: true });
        const show = Object.hasOwn(all, name) ? all[name] : undefined;
        if (show === undefined) {
          throw new CommandError('invalid parameter', { detail: ['eal mem parameter invalid!'], help: true });
        }
        show(io.transport(), list);
        return 0;
      },
    }),
  },
};
