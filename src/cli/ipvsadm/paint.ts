// SPDX-License-Identifier: Apache-2.0
// Colours of tables. Works on finished lines, so that no column can move.
import { Chalk } from 'chalk';
import type { Paint } from '../runtime/color';

/** The sixteen colours that every terminal has. */
const ink = new Chalk({ level: 1 });

const SERVICE = /^(?:(?:TCP|UDP|SCTP|ICMP|ICMPv6) +\S+|FWM {2}\d+(?: IPv6)?|MATCH \S+)/;
/** Why a server gets nothing new, at the end of its line. */
const REFUSES = / (?:inhibited|overload|inhibited,overload)$/;
/** The weight is behind the address and, in the usual table, the forwarding method. */
const ZERO_WEIGHT = /^( {2}-> \S+ +(?:[A-Za-z-]+ +)?)0(?= )/;
const SERVER = '  -> ';

/** Colours for a table: services stand out, so do servers that get no new connections. */
export function tablePaint(): Paint {
  // Only two of the tables have a weight where ZERO_WEIGHT looks for it.
  let hasWeight = false;
  return (line) => {
    if (line.startsWith('Prot LocalAddress:Port')) {
      hasWeight = / Weight +PersistConn /.test(line);
      return line;
    }
    if (line.startsWith('  -> RemoteAddress:Port')) {
      hasWeight ||= / Forward +Weight /.test(line);
      return line;
    }
    if (!line.startsWith(SERVER)) return line.replace(SERVICE, (name) => ink.bold(name));
    const weighted = hasWeight ? line.replace(ZERO_WEIGHT, (_all, before: string) => before + ink.yellow('0')) : line;
    return weighted.replace(REFUSES, (words) => ` ${ink.red(words.slice(1))}`);
  };
}
