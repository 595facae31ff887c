// SPDX-License-Identifier: Apache-2.0
// --completion
import { bashCompletion } from '../completion/bash';
import { fishCompletion } from '../completion/fish';
import { zshCompletion } from '../completion/zsh';
import { invalid } from '../errors';
import type { Command } from '../session';

const SHELLS: Readonly<Record<string, (() => string) | undefined>> = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Prints the script that completes command lines of ipvsadm in a shell. */
export const completion: Command = (args, _open, io) => {
  const name = args.commandValue ?? '';
  const script = Object.hasOwn(SHELLS, name) ? SHELLS[name] : undefined;
  if (script === undefined) throw invalid(`illegal shell '${name}' specified, require ${Object.keys(SHELLS).join('|')}`);
  io.stdout.write(script());
  return 0;
};
