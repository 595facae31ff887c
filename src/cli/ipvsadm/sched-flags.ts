// SPDX-License-Identifier: Apache-2.0
// Flags of schedulers as LVS names them: three bits of a service, whose meaning is the scheduler's.
import { svcFlags } from '../../ipc/messages/service';
import { invalid } from './errors';

const [FIRST, SECOND, THIRD] = [svcFlags.IP_VS_SVC_F_SCHED1, svcFlags.IP_VS_SVC_F_SCHED2, svcFlags.IP_VS_SVC_F_SCHED3];

/** All of them. */
export const SCHED_FLAGS = FIRST | SECOND | THIRD;

interface Flag {
  readonly name: string;
  readonly bit: number;
  /** The scheduler that knows it by this name; null: any. */
  readonly scheduler: string | null;
}

const FLAGS: readonly Flag[] = [
  { name: 'sh-fallback', bit: FIRST, scheduler: 'sh' },
  { name: 'sh-port', bit: SECOND, scheduler: 'sh' },
  { name: 'mh-fallback', bit: FIRST, scheduler: 'mh' },
  { name: 'mh-port', bit: SECOND, scheduler: 'mh' },
  { name: 'flag-1', bit: FIRST, scheduler: null },
  { name: 'flag-2', bit: SECOND, scheduler: null },
  { name: 'flag-3', bit: THIRD, scheduler: null },
];

/** The word for no flag at all. */
const NONE = 'none';

/**
 * Names, separated by commas; "none" for none of them.
 * @throws UsageError in the words of LVS
 */
export function checkedSchedFlags(text: string): readonly string[] {
  const names = text === NONE ? [] : text.split(',');
  const stranger = names.find((name) => !FLAGS.some((flag) => flag.name === name));
  if (stranger !== undefined) throw invalid(`invalid scheduler flag \`${stranger}'`);
  return names;
}

/**
 * The bits of flags of a scheduler.
 * @throws UsageError when one of them is another scheduler's
 */
export function schedFlagBits(names: readonly string[], scheduler: string): number {
  let bits = 0;
  for (const flag of FLAGS.filter(({ name }) => names.includes(name))) {
    if (flag.scheduler !== null && flag.scheduler !== scheduler) throw invalid(`incompatible scheduler flag \`${flag.name}'`);
    bits |= flag.bit;
  }
  return bits;
}

/** The flags that a scheduler may have, by name. */
export function schedFlagsOf(scheduler: string): Readonly<Record<string, number>> {
  return Object.fromEntries(FLAGS.filter((flag) => flag.scheduler === null || flag.scheduler === scheduler).map(({ name, bit }) => [name, bit]));
}

/** The names of the flags of a service, as its scheduler knows them. */
export function schedFlagNames(flags: number, scheduler: string): string[] {
  const own = FLAGS.filter((flag) => flag.scheduler === scheduler);
  return [FIRST, SECOND, THIRD]
    .filter((bit) => (flags & bit) !== 0)
    .map((bit) => [...own, ...FLAGS.filter((flag) => flag.scheduler === null)].find((flag) => flag.bit === bit)?.name ?? '');
}
