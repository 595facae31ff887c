// SPDX-License-Identifier: Apache-2.0
// --start-daemon, --stop-daemon: kernel IPVS has them, dpvs does not.
import { EXIT_SYNTAX } from '../errors';
import type { Command } from '../session';

export const unsupported: Command = (args, _open, io) => {
  io.stderr.write(`--${args.command.long}: not supported by dpvs\n`);
  return EXIT_SYNTAX;
};
