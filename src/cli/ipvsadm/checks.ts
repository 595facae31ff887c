// SPDX-License-Identifier: Apache-2.0
// Whether the parts of a command line fit together.
import { AF_INET6 } from '../parse/address';
import { parseDecimal } from '../parse/number';
import { IPPROTO } from '../parse/protocol';
import { MAX_SECONDS, type Arguments, type ServiceArgument, type Values } from './arguments';
import { invalid } from './errors';
import { isEmptyMatch } from './match';
import { checkMatrix } from './matrix';
import { OPTIONS, type Column, type OptionRow } from './options';
import { schedFlagBits } from './sched-flags';

const SET_WORDS = 3;
/** What is used when a service is created without -s. */
export const DEFAULT_SCHEDULER = 'wlc';

function checkWords({ command, words }: Arguments): void {
  const wanted = command.id === 'set' ? SET_WORDS : 0;
  if (words.length < wanted) throw invalid('--set option requires 3 timeout values');
  const extra = words[wanted];
  if (extra !== undefined) throw invalid(`unexpected argument ${extra}`);
  for (const word of words) {
    if (parseDecimal(word, 0, MAX_SECONDS) === null) throw invalid(`invalid timeout value \`${word}' specified`);
  }
}

/** A service without port takes all ports, which makes sense only if a client stays with its server. */
function hasZeroPort(service: ServiceArgument): boolean {
  if (service.kind === 'address') return service.port === 0;
  return service.kind === 'match' && isEmptyMatch(service.match);
}

export function isConhash(scheduler: string): boolean {
  return scheduler.startsWith('conhash');
}

/**
 * Checks what flags of the scheduler need of the service that they are given for.
 * @param scheduler of the service
 * @throws UsageError
 */
export function checkSchedule(values: Readonly<Values>, scheduler: string): void {
  checkHashTarget(values, scheduler);
  schedFlagBits(values.schedFlags ?? [], scheduler);
}

/**
 * Checks what --hash-target needs of the service that it is given for.
 * @param scheduler of the service
 * @throws UsageError
 */
function checkHashTarget(values: Readonly<Values>, scheduler: string): void {
  if (values.hashTarget === undefined) return;
  if (!isConhash(scheduler)) throw invalid('hash target can only be set when schedule is conhash');
  if (values.hashTarget === 'qid' && !isUdp(values.service)) throw invalid('qid hash can only be set in udp service');
}

function isUdp(service: ServiceArgument | undefined): boolean {
  return service !== undefined && service.kind !== 'fwmark' && service.proto === IPPROTO.udp;
}

function checkAttributes({ command, given, values }: Arguments): void {
  const { service } = values;
  if (service === undefined) return;
  if (hasZeroPort(service) && values.persistent === undefined) {
    throw invalid('Zero port specified for no-match and non-persistent service');
  }
  if (given.has('ops') && service.kind !== 'fwmark' && !isUdp(service)) {
    throw invalid('One-Packet Scheduling is only for UDP virtual services');
  }
  // An edited service may have the scheduler already; that is checked when it is known.
  if (values.scheduler !== undefined || command.id === 'add-service') {
    checkSchedule(values, values.scheduler ?? DEFAULT_SCHEDULER);
  }
}

function checkList({ given }: Arguments): void {
  const has = (...columns: Column[]): boolean => columns.some((column) => given.has(column));
  const other = has('connection', 'timeout', 'daemon');
  const conflict =
    (other && has('stats', 'rate', 'thresholds')) || (has('timeout', 'daemon') && has('persistent-conn'));
  if (conflict) throw invalid('options conflicts in the list command');
  // With -c it chooses templates; else it is a layout of the table, which has no room for more.
  if (has('details') && has('persistent-conn') && !has('connection')) {
    throw invalid("The option 'details' conflicts with the 'persistent-conn' option");
  }
}

/** Extensions say in their rows what they go with. */
const PARTICULAR = (OPTIONS as readonly OptionRow[]).filter(({ needs, excludes }) => needs !== undefined || excludes !== undefined);

function checkCombinations({ given }: Arguments): void {
  for (const row of PARTICULAR) {
    const { column, needs, excludes } = row;
    if (column === null || !given.has(column)) continue;
    if (needs !== undefined && !needs.some((other) => given.has(other))) {
      throw invalid(`The option '${column}' needs the option '${needs.join("' or '")}'`);
    }
    const conflict = excludes?.find((other) => given.has(other));
    if (conflict !== undefined) throw invalid(`The option '${column}' conflicts with the '${conflict}' option`);
  }
}

/** Entries of lists travel without a family of their own. */
function checkEntry({ values: { service, deny, allow } }: Arguments): void {
  const subject = deny ?? allow;
  if (service === undefined || subject === undefined || 'ipset' in subject || subject.address.af === service.af) return;
  const families = service.af === AF_INET6 ? 'IPv6 address for an IPv6' : 'IPv4 address for an IPv4';
  throw invalid(`illegal ${deny === undefined ? 'whitelist' : 'blacklist'} entry specified, require an ${families} service`);
}

/** @throws UsageError for the first thing that does not fit */
export function checkArguments(args: Arguments): void {
  checkWords(args);
  checkMatrix(args.command, args.given);
  if (args.command.id === 'add-service' || args.command.id === 'edit-service') checkAttributes(args);
  if (args.command.id === 'list') checkList(args);
  checkCombinations(args);
  checkEntry(args);
}

/** What is settled once for a whole run, and with it for all rules that it reads. */
const OF_THE_RUN: readonly Column[] = ['socket', 'timeout-ms', 'color', 'watch'];

/**
 * Checks a line of rules (-R), beyond what checkArguments says.
 * @throws UsageError
 */
export function checkRule({ given }: Arguments): void {
  const column = OF_THE_RUN.find((each) => given.has(each));
  if (column === undefined) return;
  throw invalid(`Illegal '${column}' option in a rule, it belongs to the command that reads the rules`);
}
