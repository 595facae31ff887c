// SPDX-License-Identifier: Apache-2.0
import { enableTraffic, listTraffic, type Talker } from '../../../ipc/messages/iftraf';
import { formatIp } from '../../render/address';
import { key, verb, type ObjectSpec } from '../grammar';
import { ifname } from '../values';

const ALL = 'all';

/** @param rank from 1 */
export function renderTalker(talker: Talker, rank: number): string {
  const from = `${formatIp(talker.af, talker.saddr)}, ${talker.sport}`;
  const to = `${formatIp(talker.af, talker.daddr)}, ${talker.dport}`;
  return `top${rank}: ${talker.ifname}, [${from} -> ${to} | ${talker.proto}], [${talker.total_recv}, ${talker.total_sent}]\n`;
}

export const iftraf: ObjectSpec = {
  name: 'iftraf',
  summary: 'connections with the most traffic',
  verbs: {
    show: verb({
      args: { dev: key('IF|all', ifname) },
      run: ({ dev }, { io, list }) => {
        const talkers = listTraffic(io.transport(), dev ?? '');
        if (talkers === null) {
          io.stderr.write('warnning: disabled.\n');
          return 0;
        }
        // The daemon ranks upwards for one device and downwards for all.
        const ranked = dev === ALL ? talkers : talkers.toReversed();
        for (const [i, talker] of ranked.entries()) list.record('iftraf', { talker, rank: i + 1 }, () => renderTalker(talker, i + 1));
        return 0;
      },
    }),
    enable: verb({
      args: {},
      run: (_values, { io }) => {
        enableTraffic(io.transport(), true);
        return 0;
      },
    }),
    disable: verb({
      args: {},
      run: (_values, { io }) => {
        enableTraffic(io.transport(), false);
        return 0;
      },
    }),
  },
};
