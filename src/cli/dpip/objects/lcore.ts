// SPDX-License-Identifier: Apache-2.0
import { capabilities, ext, MSG, requireMessage } from '../../../ipc/messages/capabilities';
import { listLoads, LOAD_RINGS, type LcoreLoad } from '../../../ipc/messages/load';
import { left } from '../../render/columns';
import { CommandError } from '../errors';
import { rest, verb, type ObjectSpec } from '../grammar';
import { counter } from '../link/cells';

const ROLES: Readonly<Record<number, string>> = {
  [ext.DS_LCORE_ROLE_MASTER]: 'control',
  [ext.DS_LCORE_ROLE_WORKER]: 'worker',
  [ext.DS_LCORE_ROLE_ISOLATED]: 'isolated',
  [ext.DS_LCORE_ROLE_KERNEL]: 'kernel',
};

export function roleOf({ role }: LcoreLoad): string {
  return ROLES[role] ?? String(role);
}

/** Receive calls by the frames that they returned. */
export function burstsOf(load: LcoreLoad): readonly (readonly [name: string, calls: bigint])[] {
  return [
    ['empty', load.bursts_empty],
    ['1-16', load.bursts_low],
    ['17-31', load.bursts_high],
    ['32', load.bursts_full],
  ];
}

/** Rings that the lcore has. */
export function ringsOf(load: LcoreLoad): { readonly name: string; readonly size: number; readonly used: number; readonly most: number }[] {
  return LOAD_RINGS.map((name, i) => ({ name, ...(load.ring[i] ?? { size: 0, used: 0, most: 0 }) })).filter(({ size }) => size > 0);
}

const percent = (permille: number): string => `${(permille / 10).toFixed(1)}%`;

function share(part: bigint, whole: bigint): string {
  return whole === 0n ? '-' : percent(Number((part * 1000n) / whole));
}

function detail(load: LcoreLoad): string {
  const rings = ringsOf(load).map(({ name, size, used, most }) => `    ring ${left(name, 9)} used ${used} most ${most} size ${size}\n`).join('');
  const calls = burstsOf(load);
  const all = calls.reduce((sum, [, n]) => sum + n, 0n);
  const bursts = load.role === ext.DS_LCORE_ROLE_MASTER ? '' : `    bursts ${calls.map(([name, n]) => `${name} ${share(n, all)}`).join(' ')}\n`;
  return bursts + rings;
}

export function renderLoad(load: LcoreLoad, options: { readonly detailed: boolean; readonly human: boolean }): string {
  const mean = (text: string): string => (load.window_ms === 0 ? '-' : text);
  const packets =
    load.role === ext.DS_LCORE_ROLE_MASTER
      ? ''
      : ` packets/s ${mean(String(counter(load.pps, options.human)))} cycles/packet ${mean(load.cycles === 0 ? '-' : String(load.cycles))}`;
  const buffers = load.pool_size === 0 ? '' : ` buffers ${load.pool_free}/${load.pool_size} free`;
  const line = `cpu${load.lcore}: ${roleOf(load)} busy ${mean(percent(load.busy))} cpu ${mean(percent(load.cpu))}${packets}${buffers}\n`;
  return options.detailed ? line + detail(load) : line;
}

/** cpuN, or N. */
function lcoreId(text: string): number {
  const digits = /^(?:cpu)?(\d{1,3})$/.exec(text)?.[1];
  if (digits === undefined) throw new CommandError('invalid parameter', { detail: [`invalid lcore '${text}': cpuN, such as cpu1`], help: true });
  return Number(digits);
}

export const lcore: ObjectSpec = {
  name: 'lcore',
  summary: 'how busy lcores are, room in their rings',
  verbs: {
    show: verb({
      args: { words: rest('[cpuN]') },
      options: '[-s]',
      run: ({ words }, { options, io, list }) => {
        if (words.length > 1) throw new CommandError('invalid parameter', { detail: ['too many arguments!'], help: true });
        const [name] = words;
        const wanted = name === undefined ? null : lcoreId(name);
        const transport = io.transport();
        requireMessage(capabilities(transport), MSG.DS_MSG_LCORE_LOAD, 'lcore show');
        const loads = listLoads(transport).filter((load) => wanted === null || load.lcore === wanted);
        if (loads.length === 0) throw new CommandError(`there is no lcore ${wanted ?? ''}; dpip lcore show lists them`);
        for (const load of loads) {
          list.record('lcore', load, () => renderLoad(load, { detailed: options.stats, human: options.human }));
        }
        return 0;
      },
    }),
  },
  notes: [
    'busy          share of the last second in turns of the loop that had packets: the load',
    'cpu           share of a CPU that the thread used; a worker that polls uses all of it (idle_mode)',
    'cycles/packet of turns that had packets',
    'buffers       packet buffers of the NUMA node that are free, of all',
    '-s            receive calls by the frames they returned; rings: entries in use, most in the last second, room',
  ],
};
