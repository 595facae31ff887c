// SPDX-License-Identifier: Apache-2.0
import { AF_INET, AF_INET6, AF_UNSPEC, type Family } from '../parse/address';
import { parseSeconds, SECONDS_RANGE } from '../parse/seconds';
import { InvocationError } from './errors';
import { scanOptions, type OptionRow } from './getopt';

/** A family, or none in particular. */
export type AnyFamily = Family | typeof AF_UNSPEC;

export type Form = 'text' | 'json' | 'oneline' | 'prom';

/** The global options of one command line. */
export interface Options {
  family: AnyFamily;
  verbose: boolean;
  stats: boolean;
  /** Seconds between two blocks; 0 when not given or not a positive number, at most MAX_INTERVAL. */
  interval: number;
  /** Repetitions; undefined when not given. */
  count: number | undefined;
  /** Seconds between two listings; undefined: one listing. */
  watch: number | undefined;
  color: boolean;
  /** Colour in listings of text. */
  paint: 'auto' | 'always' | 'never';
  /** The form of listings. */
  form: Form;
  pretty: boolean;
  /** Counters of drivers. */
  xstats: boolean;
  /** Of the control socket, in place of DPVS_IPC_FILE. */
  socket: string | undefined;
  /** For each request, in place of the usual time. */
  timeoutMs: number | undefined;
  /** A file of commands, or - for standard input. */
  batch: string | undefined;
  /** A batch goes on after a command that failed. */
  forceContinue: boolean;
  /** Show requests that would change something; send none. */
  dryRun: boolean;
  /** add, create: what is there already is no error. */
  ifNotExists: boolean;
  /** del, destroy: what is not there is no error. */
  ifExists: boolean;
  /** Print the completion of this shell. */
  completion: string | undefined;
  /** Counters with K, M and G. */
  human: boolean;
  force: boolean;
  help: boolean;
  /** Help is what was asked for: standard output, success. */
  longHelp: boolean;
}

/** Options and the words that are left. */
export interface CommandLine {
  readonly options: Options;
  readonly words: readonly string[];
  /** -V was met: print the version, look at nothing else. */
  readonly version: boolean;
}

/** The options, once: the scanner and the help are made of it. */
export const OPTION_ROWS = [
  { id: 'verbose', short: 'v', long: ['verbose'], help: 'details, or one entry for each lcore' },
  { id: 'stats', short: 's', long: ['stats', 'statistics'], help: 'statistics' },
  { id: 'inet', short: '4', long: [], help: 'IPv4 only' },
  { id: 'inet6', short: '6', long: [], help: 'IPv6 only; IPv6 routes' },
  { id: 'family', short: 'f', long: ['family'], value: 'inet|inet6', help: 'like -4 and -6' },
  { id: 'interval', short: 'i', long: ['interval'], value: 'SEC', help: 'with -s: rates every SEC seconds (link)' },
  { id: 'count', short: 'c', long: ['count'], value: 'N', help: 'with -i or --watch: stop after N times' },
  { id: 'watch', short: '', long: ['watch'], value: 'SEC', optional: true, extension: true, help: 'show: again and again, each second without SEC; counters as changes per second' },
  { id: 'color', short: 'C', long: ['color'], value: 'auto|always|never', optional: true, help: 'with -i: colour; with a value: colour in listings' },
  { id: 'json', short: 'j', long: ['json'], extension: true, help: 'show: an array of objects; errors are objects, too' },
  { id: 'pretty', short: 'p', long: ['pretty'], extension: true, help: 'with -j: indented' },
  { id: 'oneline', short: 'o', long: ['oneline'], extension: true, help: 'show: a record a line, name=value between tabs' },
  { id: 'prom', short: '', long: ['prom'], extension: true, help: "show: metrics in Prometheus' format (link, cpu, ipv6, qsch, drop)" },
  { id: 'xstats', short: 'x', long: ['xstats'], extension: true, help: "link show: the driver's own counters" },
  { id: 'human', short: '', long: ['human'], extension: true, help: 'counters with K, M and G' },
  { id: 'batch', short: 'b', long: ['batch'], value: 'FILE', extension: true, help: 'the commands of a file, one a line; - is standard input' },
  { id: 'forceContinue', short: '', long: ['force-continue'], extension: true, help: 'with -b: go on after a command that failed' },
  { id: 'socket', short: '', long: ['socket'], value: 'PATH', extension: true, help: 'control socket, in place of DPVS_IPC_FILE' },
  { id: 'timeoutMs', short: '', long: ['timeout-ms'], value: 'N', extension: true, help: 'how long a request may take' },
  { id: 'dryRun', short: '', long: ['dry-run'], extension: true, help: 'show the requests that would change something, and send none' },
  { id: 'ifNotExists', short: '', long: ['if-not-exists'], extension: true, help: 'add, create: nothing is wrong when it is there already' },
  { id: 'ifExists', short: '', long: ['if-exists'], extension: true, help: 'del, destroy: nothing is wrong when it is not there' },
  { id: 'completion', short: '', long: ['completion'], value: 'bash|zsh|fish', extension: true, help: 'print the completion of a shell' },
  { id: 'force', short: 'F', long: ['force'], help: 'ipset: overwrite, ignore what is missing' },
  { id: 'help', short: 'h', long: ['help'], value: 'long', optional: true, help: 'this help, or that of OBJECT; =long: on standard output, status 0' },
  { id: 'version', short: 'V', long: ['version'], help: 'version of this program' },
] as const satisfies readonly OptionRow[];

/** Longest interval: what the timers of node can wait, 24 days. They would take a longer one for no wait at all. */
const MAX_INTERVAL = 2_147_483;

/** Number at the start of a text, 0 without one: -i and -c have always been read so. */
function leadingNumber(text: string): number {
  const digits = /^\s*[+-]?\d+/.exec(text);
  return digits === null ? 0 : Number(digits[0]);
}

function familyOf(text: string): AnyFamily {
  if (text === 'inet') return AF_INET;
  if (text === 'inet6') return AF_INET6;
  throw new InvocationError('invalid family');
}

/** @throws InvocationError for options that mean nothing without another */
function check(prog: string, options: Options): void {
  if (options.pretty && options.form !== 'json') throw new InvocationError(`${prog}: --pretty is for --json`);
  if (options.watch !== undefined && options.interval > 0) throw new InvocationError(`${prog}: --watch and --interval do not go together`);
  if (options.watch !== undefined && options.count !== undefined && options.count < 1) throw new InvocationError(`${prog}: --count of --watch is at least 1`);
  if (options.forceContinue && options.batch === undefined) throw new InvocationError(`${prog}: --force-continue is for --batch`);
}

/** Options that are there or not. */
const FLAGS = ['verbose', 'stats', 'pretty', 'forceContinue', 'xstats', 'human', 'dryRun', 'ifNotExists', 'ifExists', 'force'] as const;

function isFlag(id: string): id is (typeof FLAGS)[number] {
  return (FLAGS as readonly string[]).includes(id);
}

/** Of a socket, what the kernel takes. */
const MAX_PATH = 107;
const MAX_TIMEOUT_MS = 3_600_000;

function millisecondsOf(text: string): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > MAX_TIMEOUT_MS) throw new InvocationError(`invalid timeout '${text}': 1 to ${MAX_TIMEOUT_MS} milliseconds`);
  return value;
}

function paintOf(text: string): Options['paint'] {
  if (text === 'auto' || text === 'always' || text === 'never') return text;
  throw new InvocationError(`invalid colour '${text}': auto, always or never`);
}

function isLong(help: string): boolean {
  if (help !== '' && help !== 'long') throw new InvocationError(`invalid help '${help}': long, or nothing`);
  return help === 'long';
}

/** @param text empty: the usual */
function watchOf(text: string): number {
  if (text === '') return 1;
  const value = parseSeconds(text);
  if (value === null) throw new InvocationError(`invalid watch '${text}': ${SECONDS_RANGE}`);
  return value;
}

function socketOf(text: string): string {
  if (text === '' || Buffer.byteLength(text) > MAX_PATH) throw new InvocationError(`invalid socket '${text}': a path of 1 to ${MAX_PATH} bytes`);
  return text;
}

/**
 * Splits a command line into options and words.
 * @param argv without the program's name
 * @param posix stop at the first word (POSIXLY_CORRECT)
 * @throws InvocationError with the text for stderr
 */
export function parseOptions(prog: string, argv: readonly string[], posix: boolean): CommandLine {
  const options: Options = {
    family: AF_UNSPEC,
    verbose: false,
    stats: false,
    interval: 0,
    count: undefined,
    watch: undefined,
    color: false,
    paint: 'never',
    form: 'text',
    pretty: false,
    xstats: false,
    socket: undefined,
    timeoutMs: undefined,
    batch: undefined,
    forceContinue: false,
    dryRun: false,
    ifNotExists: false,
    ifExists: false,
    completion: undefined,
    human: false,
    force: false,
    help: false,
    longHelp: false,
  };
  const words: string[] = [];
  for (const item of scanOptions(prog, argv, OPTION_ROWS, posix)) {
    if (item.kind === 'word') {
      words.push(item.word);
      continue;
    }
    if (isFlag(item.id)) {
      options[item.id] = true;
      continue;
    }
    switch (item.id) {
      case 'watch':
        options.watch = watchOf(item.value);
        break;
      case 'color':
        if (item.value === '') options.color = true;
        else options.paint = paintOf(item.value);
        break;
      case 'json':
      case 'oneline':
      case 'prom':
        if (options.form !== 'text' && options.form !== item.id) throw new InvocationError(`${prog}: --${options.form} and --${item.id} do not go together`);
        options.form = item.id;
        break;
      case 'socket':
        options.socket = socketOf(item.value);
        break;
      case 'timeoutMs':
        options.timeoutMs = millisecondsOf(item.value);
        break;
      case 'help':
        options.help = true;
        options.longHelp = isLong(item.value);
        break;
      case 'completion':
        options.completion = item.value;
        break;
      case 'batch':
        options.batch = item.value;
        break;
      case 'inet':
        options.family = AF_INET;
        break;
      case 'inet6':
        options.family = AF_INET6;
        break;
      case 'family':
        options.family = familyOf(item.value);
        break;
      case 'interval':
        options.interval = Math.min(Math.max(0, leadingNumber(item.value)), MAX_INTERVAL);
        break;
      case 'count':
        options.count = leadingNumber(item.value);
        break;
      case 'version':
        return { options, words, version: true };
    }
  }
  check(prog, options);
  return { options, words, version: false };
}
