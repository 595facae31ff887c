// SPDX-License-Identifier: Apache-2.0
import type { Io } from '../../runtime/io';
import type { Arguments } from '../arguments';

/** How single rules are read and run; what -R does for each of its lines. */
export interface Rules {
  /** @throws UsageError */
  parse(argv: readonly string[], io: Io): Arguments | Promise<Arguments>;
  run(args: Arguments, io: Io): number | Promise<number>;
}
