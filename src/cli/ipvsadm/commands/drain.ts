// SPDX-License-Identifier: Apache-2.0
import { CommandError } from '../../runtime/errors';
import type { Command } from '../session';

export const drain: Command = (args) => {
  throw new CommandError(`--${args.command.long}: not built`, 1);
};
