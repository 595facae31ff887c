// SPDX-License-Identifier: Apache-2.0
import { changeQsch, listQschs, tcHandle, type Qsch, type QschSpec, type TcAction } from '../../../ipc/messages/tc';
import { invalid, refused } from '../errors';
import { flag, key, required, tail, unknownArgument, verb, type Call, type ObjectSpec, type Surplus, type Values } from '../grammar';
import { formatHandle, handle } from '../tc/handle';
import { KIND_WORDS, KINDS } from '../tc/kinds';
import { formatRate } from '../tc/rate';
import { counter } from '../link/cells';
import { lcoreTag } from '../text';
import { ifname } from '../values';

const ARGS = {
  dev: required(key('IF', ifname), 'missing device.'),
  handle: key('H', handle),
  root: flag(),
  ingress: flag(),
  parent: key('H', handle),
  kind: tail('KIND [OPTS]', Object.keys(KINDS)),
};

const surplus: Surplus = (word) => (KIND_WORDS.has(word) ? invalid(`invalid/miss qsch kind: ''`) : unknownArgument(word));

type Typed = Values<typeof ARGS>;

/** root and ingress are handles of their own, whatever else was typed. */
function placeOf(typed: Typed): { handle: number; where: number } {
  if (typed.ingress === true) return { handle: tcHandle.TC_H_INGRESS, where: 0 };
  if (typed.root === true) return { handle: tcHandle.TC_H_ROOT, where: 0 };
  return { handle: typed.handle ?? 0, where: typed.parent ?? 0 };
}

/** @param action what the scheduler must be complete for */
function specOf(typed: Typed, action: TcAction, { options }: Call): QschSpec {
  const place = placeOf(typed);
  const [name = '', ...words] = typed.kind ?? [];
  const kind = KINDS[name];
  const qopt = kind?.parse(words, { options }) ?? {};
  if (action === 'del' || action === 'change') {
    if (place.handle === 0) throw refused('missing handle.');
    if (action === 'change' && name === 'pfifo_fast') throw refused(`qsch kind '${name}' doesn't support SET.`);
  } else {
    if (kind === undefined) throw refused('invalid qsch kind.');
    kind.check(qopt);
  }
  return { ...place, kind: name, qopt };
}

function kindText({ kind, qopt }: Qsch): string {
  if ((kind === 'bfifo' || kind === 'pfifo') && qopt.fifo !== undefined) return ` limit ${qopt.fifo.limit}`;
  if (kind === 'pfifo_fast' && qopt.prio !== undefined) {
    return ` bands ${qopt.prio.bands} priomap ${Array.from(qopt.prio.priomap).join(' ')}`;
  }
  if (kind !== 'tbf' || qopt.tbf === undefined) return '';
  const { rate, peakrate, buffer, mtu, limit } = qopt.tbf;
  const peak = peakrate.rate === 0 ? '' : ` peakrate ${formatRate(peakrate.rate)} minburst ${mtu}B`;
  return ` rate ${formatRate(rate.rate)} burst ${buffer}B${peak} limit ${limit}B`;
}

/** One line, or three with counters. */
export function renderQsch(qsch: Qsch, dev: string, options: { readonly stats: boolean; readonly verbose: boolean; readonly human?: boolean }): string {
  const line =
    `${options.verbose ? lcoreTag(qsch.cid) : ''}qsch ${qsch.kind} ${formatHandle(qsch.handle)} dev ${dev}` +
    ` parent ${formatHandle(qsch.where)} flags 0x${qsch.flags.toString(16)} cls ${qsch.cls_cnt}${kindText(qsch)}\n`;
  if (!options.stats) return line;
  const { qstats, bstats } = qsch;
  const shown = (value: number | bigint): string => String(counter(value, options.human === true));
  return (
    `${line} Sent ${shown(bstats.bytes)} bytes ${shown(bstats.packets)} pkts` +
    ` (dropped ${qstats.drops}, overlimits ${qstats.overlimits} requeues ${qstats.requeues})\n` +
    ` Backlog ${qstats.backlog} bytes ${qstats.qlen} pkts\n`
  );
}

function changing(action: TcAction, usage: string): ReturnType<typeof verb> {
  return verb({
    args: ARGS,
    usage,
    surplus,
    run: (typed, call) => {
      changeQsch(call.io.transport(), action, typed.dev, specOf(typed, action, call));
      return 0;
    },
  });
}

const USAGE = 'dev IF [handle H] [root | ingress | parent H] KIND [OPTS]';

export const qsch: ObjectSpec = {
  name: 'qsch',
  summary: 'traffic schedulers',
  stages: ['parse', 'check'],
  verbs: {
    show: verb({
      args: ARGS,
      options: '[-s] [-v]',
      usage: 'dev IF [handle H | root | ingress]',
      surplus,
      run: (typed, { options, io, list }) => {
        const found = listQschs(io.transport(), typed.dev, { handle: placeOf(typed).handle }, options);
        for (const entry of found) {
          const record = { qsch: entry, dev: typed.dev, stats: options.stats, lcore: options.verbose };
          list.record('qsch', record, (shown) => renderQsch(shown.qsch, typed.dev, options));
        }
        return 0;
      },
    }),
    add: changing('add', USAGE),
    set: changing('change', USAGE.replace('[handle H] [root | ingress | parent H]', '{handle H | root | ingress}')),
    replace: changing('replace', USAGE),
    del: changing('del', 'dev IF {handle H | root | ingress}'),
  },
  notes: () => [
    'H             MAJ:[MIN] (hexadecimal), root or ingress',
    'KIND          OPTS',
    ...Object.values(KINDS).map((kind) => `  ${kind.help}`),
    'RATE          bits/s, with k, m or g',
    '-s, -v        counters; -v: of each lcore',
  ],
};
