// SPDX-License-Identifier: Apache-2.0
import { CommandError } from '../../runtime/errors';
import type { Command } from '../session';

export const flushLaddrs: Command = (args) => {
  throw new CommandError(`--${args.command.long}: not built`, 1);
};
export const flushDeny: Command = (args) => {
  throw new CommandError(`--${args.command.long}: not built`, 1);
};
export const flushAllow: Command = (args) => {
  throw new CommandError(`--${args.command.long}: not built`, 1);
};
