// SPDX-License-Identifier: Apache-2.0
// The lines of ipvsadm -L, to the column.
import { destFlags, fwdMode, type Dest } from '../../ipc/messages/dest';
import type { Info } from '../../ipc/messages/info';
import type { Service } from '../../ipc/messages/service';
import { AF_INET } from '../parse/address';
import { cut, left, right } from '../render/columns';
import type { Names } from '../render/names';
import { exactCell, scaledCell } from '../render/units';
import type { Entry } from './inventory';
import type { Column } from './options';
import { endpointText, serviceName, serviceWords } from './service-text';
import { serverRates, serviceCounters, serviceRates, type Rates } from './totals';

/** One way to list services. */
export interface Format {
  /** Both title lines. */
  readonly title: string;
  /** The line of a service. */
  service(entry: Entry): string;
  /** The line of one of its servers. */
  dest(entry: Entry, dest: Dest, i: number): string;
}

/** The words of a dialect. */
export interface Dialect {
  /** First words of a service's line. */
  name(service: Service, names: Names): string;
  /** Scheduler and attributes. */
  words(service: Service): string;
  /** What follows the last column of a server. */
  suffix(dest: Dest): string;
}

export const FIRST_WIDTH = 33;
export const DEST_WIDTH = 28;
const LOCAL = 'Prot LocalAddress:Port';
export const REMOTE = '  -> RemoteAddress:Port';

/** The first line of a list of everything. */
export function versionLine({ version, size }: Info): string {
  return `IP Virtual Server version ${version.major}.${version.minor}.${version.patch} (size=${size})\n`;
}

/** @param mode DPVS_FWD_* */
export function forwardName(mode: number): string {
  switch (mode) {
    case fwdMode.DPVS_FWD_MASQ:
      return 'Masq';
    case fwdMode.DPVS_FWD_LOCALNODE:
      return 'Local';
    case fwdMode.DPVS_FWD_MODE_TUNNEL:
      return 'Tunnel';
    case fwdMode.DPVS_FWD_MODE_DR:
      return 'Route';
    case fwdMode.DPVS_FWD_MODE_FNAT:
      return 'FullNat';
    case fwdMode.DPVS_FWD_MODE_SNAT:
      return 'SNAT';
    default:
      return '-';
  }
}

/** Why a server gets no new connections; empty: it does. */
export function restReasons(dest: Dest): string {
  const inhibited = (dest.flags & destFlags.DPVS_DEST_F_INHIBITED) !== 0;
  const overloaded = (dest.flags & destFlags.DPVS_DEST_F_OVERLOAD) !== 0;
  if (inhibited) return overloaded ? 'inhibited,overload' : 'inhibited';
  return overloaded ? 'overload' : '';
}

function stateSuffix(dest: Dest): string {
  const reasons = restReasons(dest);
  return reasons === '' ? '' : ` ${reasons}`;
}

export const DPVS: Dialect = { name: serviceName, words: serviceWords, suffix: stateSuffix };

/** The start of a server's line: arrow and address in its column. */
export function destStart(dest: Dest, service: Service, names: Names): string {
  const text = endpointText(dest.af, dest.addr, dest.port, service.proto, names);
  return `  -> ${left(dest.af === AF_INET ? cut(text, DEST_WIDTH) : text, DEST_WIDTH)}`;
}

/** What formats are made of. */
export interface Style {
  readonly names: Names;
  readonly dialect: Dialect;
  readonly cell: (value: bigint | number) => string;
}

/** What all formats share. */
abstract class Lines {
  constructor(protected readonly style: Style) {}

  protected name(service: Service): string {
    return this.style.dialect.name(service, this.style.names);
  }

  protected named(service: Service): string {
    return `${this.name(service)} ${this.style.dialect.words(service)}\n`;
  }

  protected start(dest: Dest, service: Service): string {
    return destStart(dest, service, this.style.names);
  }
}

class DefaultFormat extends Lines implements Format {
  readonly title = `${LOCAL} Scheduler Flags\n${REMOTE}           Forward Weight ActiveConn InActConn\n`;

  service({ service }: Entry): string {
    return this.named(service);
  }

  dest({ service }: Entry, dest: Dest): string {
    const { weight, actconns, inactconns } = dest;
    const cells = `${left(forwardName(dest.fwdmode), 7)} ${left(weight, 6)} ${left(actconns, 10)} ${left(inactconns, 10)}`;
    return `${this.start(dest, service)} ${cells}${this.style.dialect.suffix(dest)}\n`;
  }
}

function counterTitle(...words: readonly string[]): string {
  return `${left(LOCAL, FIRST_WIDTH)} ${words.map((word) => right(word, 8)).join(' ')}\n${REMOTE}\n`;
}

class StatsFormat extends Lines implements Format {
  readonly title = counterTitle('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes');

  service(entry: Entry): string {
    const { cell } = this.style;
    const { conns, inpkts, outpkts, inbytes, outbytes } = serviceCounters(entry);
    const start = left(this.name(entry.service), FIRST_WIDTH);
    return `${start}${cell(conns)}${cell(inpkts)}${cell(outpkts)}${cell(inbytes)}${cell(outbytes)}\n`;
  }

  dest({ service }: Entry, dest: Dest): string {
    const { cell } = this.style;
    const { conns, inpkts, outpkts, inbytes, outbytes } = dest.stats;
    const start = this.start(dest, service);
    return `${start}${cell(conns)}${cell(inpkts)}${cell(outpkts)}${cell(inbytes)}${cell(outbytes)}\n`;
  }
}

const BITS = 8n;

class RateFormat extends Lines implements Format {
  readonly title: string;

  /** @param bits in place of bytes */
  constructor(
    style: Style,
    private readonly bits: boolean,
  ) {
    super(style);
    const [input, output] = bits ? ['InBit/s', 'OutBit/s'] : ['InBPS', 'OutBPS'];
    this.title = counterTitle('CPS', 'InPPS', 'OutPPS', input, output);
  }

  service(entry: Entry): string {
    const { cell } = this.style;
    const { service } = entry;
    const rates = serviceRates(entry);
    const limit = service.bps > 0 ? ` bps ${service.bps}M` : '';
    const start = left(`${this.name(service)}${limit}`, FIRST_WIDTH);
    return `${start}${cell(rates.cps)}${cell(rates.inpps)}${cell(rates.outpps)}${this.#volume(rates)}\n`;
  }

  dest(entry: Entry, dest: Dest, i: number): string {
    const rates = serverRates(entry, i);
    const small = ` ${right(rates.cps, 8)} ${right(rates.inpps, 8)} ${right(rates.outpps, 8)}`;
    return `${this.start(dest, entry.service)}${small}${this.#volume(rates)}\n`;
  }

  #volume({ inbps, outbps }: Rates): string {
    const { cell } = this.style;
    return this.bits ? `${cell(BigInt(inbps) * BITS)}${cell(BigInt(outbps) * BITS)}` : `${cell(inbps)}${cell(outbps)}`;
  }
}

class ThresholdsFormat extends Lines implements Format {
  readonly title = `${left(LOCAL, FIRST_WIDTH)} Uthreshold Lthreshold ActiveConn InActConn \n${REMOTE}\n`;

  service({ service }: Entry): string {
    return this.named(service);
  }

  dest({ service }: Entry, dest: Dest): string {
    const cells = [dest.max_conn, dest.min_conn, dest.actconns, dest.inactconns].map((value) => left(value, 10));
    return `${this.start(dest, service)} ${cells.join(' ')}\n`;
  }
}

class PersistentFormat extends Lines implements Format {
  readonly title = `${left(LOCAL, FIRST_WIDTH)} Weight    PersistConn ActiveConn InActConn \n${REMOTE}\n`;

  service({ service }: Entry): string {
    return this.named(service);
  }

  dest({ service }: Entry, dest: Dest): string {
    const { weight, persistconns, actconns, inactconns } = dest;
    const cells = `${left(weight, 9)} ${left(persistconns, 11)} ${left(actconns, 10)} ${left(inactconns, 10)}`;
    return `${this.start(dest, service)} ${cells}\n`;
  }
}

/** Counters scaled to K, M, G and T, or with all digits. */
export function counterCell(given: ReadonlySet<Column>): Style['cell'] {
  return given.has('exact') ? exactCell : scaledCell;
}

/** Of several formats that are asked for the first of these wins. */
export function chooseFormat(given: ReadonlySet<Column>, names: Names, dialect: Dialect = DPVS): Format {
  const style: Style = { names, dialect, cell: counterCell(given) };
  if (given.has('stats')) return new StatsFormat(style);
  if (given.has('rate')) return new RateFormat(style, given.has('bits'));
  if (given.has('thresholds')) return new ThresholdsFormat(style);
  if (given.has('persistent-conn')) return new PersistentFormat(style);
  return new DefaultFormat(style);
}

/** All lines of an entry. */
export function entryLines(format: Format, entry: Entry): string {
  let text = format.service(entry);
  for (const [i, dest] of entry.dests.entries()) text += format.dest(entry, dest, i);
  return text;
}
