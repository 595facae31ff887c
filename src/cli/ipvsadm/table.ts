// SPDX-License-Identifier: Apache-2.0
// The lines of ipvsadm -L, to the column.
import { destFlags, fwdMode, type Dest } from '../../ipc/messages/dest';
import type { Info } from '../../ipc/messages/info';
import type { Service } from '../../ipc/messages/service';
import { AF_INET } from '../parse/address';
import { cut, left, right } from '../render/columns';
import type { Names } from '../render/names';
import { exactCell, scaledCell } from '../render/units';
import type { Column } from './options';
import { endpointText, serviceName, serviceWords } from './service-text';

/** One way to list services. */
export interface Format {
  /** Both title lines. */
  readonly title: string;
  service(service: Service, dests: readonly Dest[]): string;
  dest(dest: Dest, service: Service): string;
}

const FIRST = 33;
const DEST = 28;
const LOCAL = 'Prot LocalAddress:Port';
const REMOTE = '  -> RemoteAddress:Port';

/** The first line of a list of everything. */
export function versionLine({ version, size }: Info): string {
  return `IP Virtual Server version ${version.major}.${version.minor}.${version.patch} (size=${size})\n`;
}

function forwardName(dest: Dest): string {
  switch (dest.fwdmode) {
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

/** Why a server gets no new connections. */
function stateSuffix(dest: Dest): string {
  const states = [
    ...((dest.flags & destFlags.DPVS_DEST_F_INHIBITED) === 0 ? [] : ['inhibited']),
    ...((dest.flags & destFlags.DPVS_DEST_F_OVERLOAD) === 0 ? [] : ['overload']),
  ];
  return states.length === 0 ? '' : ` ${states.join(',')}`;
}

/** What all formats share. */
class Lines {
  constructor(
    protected readonly names: Names,
    protected readonly cell: (value: bigint | number) => string,
  ) {}

  protected named(service: Service): string {
    return `${serviceName(service, this.names)} ${serviceWords(service)}\n`;
  }

  /** The start of a server's line: arrow and address in its column. */
  protected start(dest: Dest, service: Service): string {
    const text = endpointText(dest.af, dest.addr, dest.port, service.proto, this.names);
    return `  -> ${left(dest.af === AF_INET ? cut(text, DEST) : text, DEST)}`;
  }

  protected cells(...values: readonly (bigint | number)[]): string {
    return values.map(this.cell).join('');
  }
}

class DefaultFormat extends Lines implements Format {
  readonly title = `${LOCAL} Scheduler Flags\n${REMOTE}           Forward Weight ActiveConn InActConn\n`;

  service(service: Service): string {
    return this.named(service);
  }

  dest(dest: Dest, service: Service): string {
    const { weight, actconns, inactconns } = dest;
    const cells = `${left(forwardName(dest), 7)} ${left(weight, 6)} ${left(actconns, 10)} ${left(inactconns, 10)}`;
    return `${this.start(dest, service)} ${cells}${stateSuffix(dest)}\n`;
  }
}

function counterTitle(...words: readonly string[]): string {
  return `${left(LOCAL, FIRST)} ${words.map((word) => right(word, 8)).join(' ')}\n${REMOTE}\n`;
}

class StatsFormat extends Lines implements Format {
  readonly title = counterTitle('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes');

  /** A service has counted what its servers have, and what those had that are gone. */
  service(service: Service, dests: readonly Dest[]): string {
    const sum = (member: 'conns' | 'inpkts' | 'outpkts' | 'inbytes' | 'outbytes'): bigint =>
      dests.reduce((total, dest) => total + dest.stats[member], service.stats[member]);
    const values = [sum('conns'), sum('inpkts'), sum('outpkts'), sum('inbytes'), sum('outbytes')];
    return `${left(serviceName(service, this.names), FIRST)}${this.cells(...values)}\n`;
  }

  dest(dest: Dest, service: Service): string {
    const { conns, inpkts, outpkts, inbytes, outbytes } = dest.stats;
    return `${this.start(dest, service)}${this.cells(conns, inpkts, outpkts, inbytes, outbytes)}\n`;
  }
}

class RateFormat extends Lines implements Format {
  readonly title = counterTitle('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS');

  service(service: Service): string {
    const { cps, inpps, outpps, inbps, outbps } = service.stats;
    const limit = service.bps > 0 ? ` bps ${service.bps}M` : '';
    const name = `${serviceName(service, this.names)}${limit}`;
    return `${left(name, FIRST)}${this.cells(cps, inpps, outpps, inbps, outbps)}\n`;
  }

  dest(dest: Dest, service: Service): string {
    const { cps, inpps, outpps, inbps, outbps } = dest.stats;
    const small = [cps, inpps, outpps].map((value) => ` ${right(value, 8)}`).join('');
    return `${this.start(dest, service)}${small}${this.cells(inbps, outbps)}\n`;
  }
}

class ThresholdsFormat extends Lines implements Format {
  readonly title = `${left(LOCAL, FIRST)} Uthreshold Lthreshold ActiveConn InActConn \n${REMOTE}\n`;

  service(service: Service): string {
    return this.named(service);
  }

  dest(dest: Dest, service: Service): string {
    const cells = [dest.max_conn, dest.min_conn, dest.actconns, dest.inactconns].map((value) => left(value, 10));
    return `${this.start(dest, service)} ${cells.join(' ')}\n`;
  }
}

class PersistentFormat extends Lines implements Format {
  readonly title = `${left(LOCAL, FIRST)} Weight    PersistConn ActiveConn InActConn \n${REMOTE}\n`;

  service(service: Service): string {
    return this.named(service);
  }

  dest(dest: Dest, service: Service): string {
    const { weight, persistconns, actconns, inactconns } = dest;
    const cells = `${left(weight, 9)} ${left(persistconns, 11)} ${left(actconns, 10)} ${left(inactconns, 10)}`;
    return `${this.start(dest, service)} ${cells}\n`;
  }
}

/** Of several formats that are asked for the first of these wins. */
export function chooseFormat(given: ReadonlySet<Column>, names: Names): Format {
  const cell = given.has('exact') ? exactCell : scaledCell;
  if (given.has('stats')) return new StatsFormat(names, cell);
  if (given.has('rate')) return new RateFormat(names, cell);
  if (given.has('thresholds')) return new ThresholdsFormat(names, cell);
  if (given.has('persistent-conn')) return new PersistentFormat(names, cell);
  return new DefaultFormat(names, cell);
}
