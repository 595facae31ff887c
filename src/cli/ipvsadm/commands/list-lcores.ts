// SPDX-License-Identifier: Apache-2.0
// -L --cpu all: a column for each lcore, a line for each counter.
import type { Dest } from '../../../ipc/messages/dest';
import type { Names } from '../../render/names';
import { EXIT_LIST } from '../errors';
import { LcoreGrid } from '../grid';
import type { Entry } from '../inventory';
import { fetchShares, sameDest, type Share } from '../lcores';
import { namesFor, reportProblem, type Listing } from '../listing';
import { counterCell, destStart, DPVS, REMOTE, type Dialect } from '../table';
import { serverRates, serviceCounters, serviceRates, type Counters, type Rates } from '../totals';

type Value = bigint | number;

/** A line of a service or server: what it is called, and what an lcore has of it. */
interface Row {
  readonly name: string;
  /** null: services have no such line. */
  readonly service: ((entry: Entry) => Value) | null;
  readonly dest: (entry: Entry, dest: Dest, i: number) => Value;
}

function counterRow(name: string, member: keyof Counters): Row {
  return { name, service: (entry) => serviceCounters(entry)[member], dest: (_entry, dest) => dest.stats[member] };
}

function rateRow(name: string, member: keyof Rates, factor = 1n): Row {
  const scaled = (rates: Rates): Value => BigInt(rates[member]) * factor;
  return { name, service: (entry) => scaled(serviceRates(entry)), dest: (entry, _dest, i) => scaled(serverRates(entry, i)) };
}

function destRow(name: string, member: 'actconns' | 'inactconns' | 'persistconns' | 'max_conn' | 'min_conn'): Row {
  return { name, service: null, dest: (_entry, dest) => dest[member] };
}

const CONNS = [destRow('ActiveConn', 'actconns'), destRow('InActConn', 'inactconns')];

/** Of several formats that are asked for the first of these wins, as in the tables. */
function rowsOf({ args: { given } }: Listing): readonly Row[] {
  if (given.has('stats')) {
    return [
      counterRow('Conns', 'conns'),
      counterRow('InPkts', 'inpkts'),
      counterRow('OutPkts', 'outpkts'),
      counterRow('InBytes', 'inbytes'),
      counterRow('OutBytes', 'outbytes'),
    ];
  }
  if (given.has('rate')) {
    const volume = given.has('bits') ? ([['InBit/s', 'OutBit/s'], 8n] as const) : ([['InBPS', 'OutBPS'], 1n] as const);
    const [[input, output], factor] = volume;
    return [
      rateRow('CPS', 'cps'),
      rateRow('InPPS', 'inpps'),
      rateRow('OutPPS', 'outpps'),
      rateRow(input, 'inbps', factor),
      rateRow(output, 'outbps', factor),
    ];
  }
  if (given.has('thresholds')) return [destRow('Uthreshold', 'max_conn'), destRow('Lthreshold', 'min_conn'), ...CONNS];
  if (given.has('persistent-conn')) return [destRow('PersistConn', 'persistconns'), ...CONNS];
  return CONNS;
}

class Printer {
  readonly #rows: readonly Row[];
  readonly #grid: LcoreGrid;

  constructor(
    listing: Listing,
    private readonly names: Names,
    private readonly dialect: Dialect,
  ) {
    this.#rows = rowsOf(listing);
    this.#grid = new LcoreGrid(counterCell(listing.args.given));
  }

  title(workers: number): string {
    return `${this.#grid.title('Prot LocalAddress:Port', workers)}${REMOTE}\n`;
  }

  service(entry: Entry, shares: readonly Share[]): string {
    const name = this.dialect.name(entry.service, this.names);
    const rows = this.#rows.filter((row) => row.service !== null);
    if (rows.length === 0) return `${name} ${this.dialect.words(entry.service)}\n`;
    return this.#block(name, rows, (row) => {
      const value = (each: Entry | null): Value | null => (each === null ? null : (row.service?.(each) ?? null));
      return [value(entry), ...shares.map((share) => value(share.entry))];
    });
  }

  dest(entry: Entry, shares: readonly Share[], dest: Dest, i: number): string {
    const found = shares.map((share) => ({ entry: share.entry, same: sameDest(dest, share.entry) }));
    return this.#block(destStart(dest, entry.service, this.names), this.#rows, (row) => [
      row.dest(entry, dest, i),
      ...found.map((share) => (share.entry === null || share.same === null ? null : row.dest(share.entry, share.same.dest, share.same.i))),
    ]);
  }

  #block(start: string, rows: readonly Row[], values: (row: Row) => readonly (Value | null)[]): string {
    return rows.map((row, i) => this.#grid.line(i === 0 ? start : '', row.name, values(row))).join('');
  }
}

export async function printLcores(listing: Listing): Promise<number> {
  const { stdout } = listing.session;
  const shared = fetchShares(listing);
  if (shared === null) return EXIT_LIST;
  const names = await namesFor(listing);
  const dialect = listing.args.given.has('lvs-format') ? (await import('../lvs')).LVS : DPVS;
  const printer = new Printer(listing, names, dialect);
  let status = 0;
  stdout.write(printer.title(shared.workers));
  for (const { entry, shares } of shared.entries) {
    stdout.write(printer.service(entry, shares));
    for (const [i, dest] of entry.dests.entries()) stdout.write(printer.dest(entry, shares, dest, i));
    status = reportProblem(listing, entry, names) || status;
  }
  return status;
}
