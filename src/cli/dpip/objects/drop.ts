// SPDX-License-Identifier: Apache-2.0
import { DaemonError } from '../../../ipc/client';
import { listDrops, type Drop } from '../../../ipc/messages/drops';
import { EDPVS, isUnsupported } from '../../../ipc/messages/failures';
import { left, right } from '../../render/columns';
import { notSupported } from '../errors';
import { verb, type Call, type ObjectSpec } from '../grammar';
import { counter } from '../link/cells';
import { lcoreTag } from '../text';

function fetch({ options, io }: Call): Drop[] {
  try {
    return listDrops(io.transport(), { perLcore: options.verbose });
  } catch (error) {
    // Daemons without drop counters refuse the message in one way or another.
    const refused = error instanceof DaemonError && error.code === EDPVS.EDPVS_INVAL;
    if (refused || isUnsupported(error)) throw notSupported();
    throw error;
  }
}

/** name, layer, packets, text; the lcore in front when the counter is that of one. */
export function renderDrop(drop: Drop, human = false): string {
  const tag = drop.lcore === null ? '' : lcoreTag(drop.lcore);
  return `${tag}${left(drop.name, 24)} ${left(drop.layer, 8)} ${right(counter(drop.packets, human), 12)}  ${drop.text}\n`;
}

export const drop: ObjectSpec = {
  name: 'drop',
  summary: 'why packets were dropped',
  verbs: {
    show: verb({
      args: {},
      options: '[-s] [-v]',
      run: (_values, call) => {
        for (const entry of fetch(call)) {
          if (call.options.stats || entry.packets > 0n) call.list.record('drop', entry, (shown) => renderDrop(shown, call.options.human));
        }
        return 0;
      },
    }),
  },
  notes: [
    'columns       reason, layer, packets since the daemon started, what the reason means',
    '-s            reasons without packets as well',
    '-v            for each lcore',
  ],
};
