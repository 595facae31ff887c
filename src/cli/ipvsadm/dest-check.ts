// SPDX-License-Identifier: Apache-2.0
// How servers are watched, as it is typed and as it is printed.
import type { Service } from '../../ipc/messages/service';
import { destCheckDefaults as DEFAULTS, destCheckTypes as TYPES } from '../../ipc/messages/service';
import { parseDecimal } from '../parse/number';

export type DestCheck = Service['check_conf'];

/** In the order in which they are printed. */
const EXTERNAL = [
  ['tcp', TYPES.DEST_HC_TCP],
  ['udp', TYPES.DEST_HC_UDP],
  ['sctp', TYPES.DEST_HC_SCTP],
  ['ping', TYPES.DEST_HC_PING],
] as const;

const MAX_U8 = 0xff;
const MAX_U16 = 0xffff;

export const NO_CHECK: DestCheck = {
  types: TYPES.DEST_HC_NONE,
  dest_down_notice_num: 0,
  dest_up_notice_num: 0,
  dest_down_wait: 0,
  dest_inhibit_min: 0,
  dest_inhibit_max: 0,
};

const DEFAULT_FIELDS = {
  dest_down_notice_num: DEFAULTS.DEST_DOWN_NOTICE_DEFAULT,
  dest_up_notice_num: DEFAULTS.DEST_UP_NOTICE_DEFAULT,
  dest_down_wait: DEFAULTS.DEST_DOWN_WAIT_DURATION,
  dest_inhibit_min: DEFAULTS.DEST_INHIBIT_DURATION_MIN,
  dest_inhibit_max: DEFAULTS.DEST_INHIBIT_DURATION_MAX,
} as const;

function u8(text: string | undefined): number | null {
  return parseDecimal(text ?? '', 1, MAX_U8);
}

function u16(text: string | undefined): number | null {
  return parseDecimal(text ?? '', 1, MAX_U16);
}

/** DOWN,WAITs or DOWN,UP,WAITs,MIN-MAXs; numbers from 1 on that fit their member, MIN not above MAX. */
function passiveFields(text: string): Omit<DestCheck, 'types'> | null {
  const short = /^(\d+),(\d+)s?$/.exec(text);
  if (short !== null) {
    const [down, wait] = [u8(short[1]), u8(short[2])];
    if (down === null || wait === null) return null;
    return { ...NO_CHECK, dest_down_notice_num: down, dest_down_wait: wait };
  }
  const full = /^(\d+),(\d+),(\d+)s?,(\d+)-(\d+)s?$/.exec(text);
  if (full === null) return null;
  const [down, up, wait] = [u8(full[1]), u8(full[2]), u8(full[3])];
  const [min, max] = [u16(full[4]), u16(full[5])];
  if (down === null || up === null || wait === null || min === null || max === null || min > max) return null;
  return { dest_down_notice_num: down, dest_up_notice_num: up, dest_down_wait: wait, dest_inhibit_min: min, dest_inhibit_max: max };
}

/** Adds one value of --dest-check to those before; null: not a valid one. */
export function addDestCheck(before: DestCheck, text: string): DestCheck | null {
  if (text === 'disable') return NO_CHECK;
  if (text === 'default') return { ...DEFAULT_FIELDS, types: before.types | TYPES.DEST_HC_PASSIVE };
  const external = EXTERNAL.find(([name]) => name === text);
  if (external !== undefined) return { ...before, types: before.types | external[1] };
  const fields = passiveFields(text);
  return fields === null ? null : { ...fields, types: before.types | TYPES.DEST_HC_PASSIVE };
}

function passiveText(check: DestCheck): string {
  const { dest_down_notice_num: down, dest_up_notice_num: up, dest_down_wait: wait } = check;
  const { dest_inhibit_min: min, dest_inhibit_max: max } = check;
  const isDefault = Object.entries(DEFAULT_FIELDS).every(([field, value]) => check[field as keyof DestCheck] === value);
  if (isDefault) return 'default';
  return up === 0 && min === 0 && max === 0 ? `${down},${wait}s` : `${down},${up},${wait}s,${min}-${max}s`;
}

/** The values that addDestCheck makes this check of: of the daemon's own check, and of external checkers. */
export function destCheckValues(check: DestCheck): { readonly internal: string | null; readonly external: readonly string[] } {
  return {
    internal: (check.types & TYPES.DEST_HC_PASSIVE) === 0 ? null : passiveText(check),
    external: EXTERNAL.filter(([, bit]) => (check.types & bit) !== 0).map(([name]) => name),
  };
}
