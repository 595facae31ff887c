// SPDX-License-Identifier: Apache-2.0
// Kinds of schedulers and their options.
import type { QschSpec } from '../../../ipc/messages/tc';
import { parseDecimal } from '../../parse/number';
import { invalid, refused } from '../errors';
import { key, parseWords, type Args, type ParseContext, type Values } from '../grammar';
import { numberIn, U32_MAX } from '../values';
import { parseRate } from './rate';

type Qopt = NonNullable<QschSpec['qopt']>;

interface Kind {
  readonly help: string;
  readonly words: readonly string[];
  parse(words: readonly string[], context: ParseContext): Qopt;
  /** What a new scheduler needs. @throws CommandError */
  check(qopt: Qopt): void;
}

function bits(text: string): number {
  const rate = parseRate(text);
  if (rate === null) throw invalid(`invalid rate: '${text}'`);
  return rate;
}

function milliseconds(text: string): number {
  const value = parseDecimal(text.replace(/ms$/, ''), 1, U32_MAX);
  if (value === null) throw invalid(`invalid latency '${text}': milliseconds`);
  return value;
}

/** The words of a kind's options; other words are refused in the kind's name. */
function optionsOf<A extends Args>(kind: string, args: A, words: readonly string[], context: ParseContext): Values<A> {
  return parseWords(args, words, context, (word) => invalid(`invalid option for ${kind}: '${word}'`));
}

function fifo(name: string): Kind {
  const args = { limit: key('N', numberIn('limit', 1, U32_MAX)) };
  return {
    help: `${name.padEnd(13)} limit N (${name === 'bfifo' ? 'bytes' : 'packets'})`,
    words: Object.keys(args),
    parse: (words, context) => ({ fifo: { limit: optionsOf(name, args, words, context).limit ?? 0 } }),
    check: ({ fifo: options }) => {
      if ((options?.limit ?? 0) === 0) throw refused('missing limit for fifo.');
    },
  };
}

const pfifoFast: Kind = {
  help: 'pfifo_fast',
  words: [],
  parse: (words, context) => {
    optionsOf('pfifo_fast', {}, words, context);
    return {};
  },
  check: () => undefined,
};

const TBF_ARGS = {
  rate: key('RATE', bits),
  burst: key('BYTES', numberIn('burst', 1, U32_MAX)),
  latency: key('MS', milliseconds),
  limit: key('BYTES', numberIn('limit', 1, U32_MAX)),
  peakrate: key('RATE', bits),
  mtu: key('BYTES', numberIn('mtu', 1, U32_MAX)),
};

/** Bytes that a rate lets through in the latency. */
function limitOf(rate: number, latencyMs: number): number {
  const limit = Math.floor(Math.floor((latencyMs * rate) / 1000) / 8);
  if (limit > U32_MAX) throw invalid(`latency of ${latencyMs} ms at ${rate} bits/s makes a limit beyond ${U32_MAX} bytes`);
  return limit;
}

const tbf: Kind = {
  help: 'tbf           rate RATE burst BYTES {latency MS | limit BYTES} [peakrate RATE mtu BYTES]',
  words: Object.keys(TBF_ARGS),
  parse: (words, context) => {
    const options = optionsOf('tbf', TBF_ARGS, words, context);
    const { rate = 0, latency } = options;
    if (latency !== undefined && rate === 0) throw invalid('latency set before rate ?');
    return {
      tbf: {
        rate: { rate },
        peakrate: { rate: options.peakrate ?? 0 },
        limit: options.limit ?? (latency === undefined ? 0 : limitOf(rate, latency)),
        buffer: options.burst ?? 0,
        mtu: options.mtu ?? 0,
      },
    };
  },
  check: ({ tbf: options }) => {
    if ((options?.rate?.rate ?? 0) === 0) throw refused('missing rate for tbf.');
    if ((options?.buffer ?? 0) === 0) throw refused('missing buffer for tbf.');
  },
};

export const KINDS: Readonly<Record<string, Kind>> = { bfifo: fifo('bfifo'), pfifo: fifo('pfifo'), pfifo_fast: pfifoFast, tbf };

/** Words that are options of some kind, and therefore wrong before one. */
export const KIND_WORDS: ReadonlySet<string> = new Set(Object.values(KINDS).flatMap((kind) => kind.words));
