// SPDX-License-Identifier: Apache-2.0
// ipvsadm-save and ipvsadm-restore: the same program under other names.
import { deriveIo, type Io } from '../runtime/io';
import type { Rules } from './restore/rules';
import { openSession } from './session';

const SAVE = 'ipvsadm-save';
const RESTORE = 'ipvsadm-restore';
const PROGRAM = 'ipvsadm';

/** Runs a command line. */
type Execute = (argv: readonly string[], io: Io) => number | Promise<number>;

export function isWrapper(argv0: string): boolean {
  return argv0 === SAVE || argv0 === RESTORE;
}

function save(argv: readonly string[], io: Io, execute: Execute): number | Promise<number> {
  const options = argv.filter((word) => word.startsWith('-'));
  if (options.some((word) => word !== '-n')) {
    io.stderr.write(`Usage: ${SAVE} [-n] > file\nPrints all rules as ${RESTORE} reads them; -n: without looking up names.\n`);
    return 1;
  }
  return execute(['-S', ...options], io);
}

async function restore(io: Io, rules: Rules): Promise<number> {
  const { replaceRules } = await import('./commands/restore');
  return replaceRules(io, () => openSession(io, new Set()), rules);
}

/** Messages name ipvsadm, which does the work and has the help. */
export function runWrapper(argv: readonly string[], io: Io, execute: Execute, rules: Rules): number | Promise<number> {
  const inner = deriveIo(io, { argv0: PROGRAM });
  return io.argv0 === SAVE ? save(argv, inner, execute) : restore(inner, rules);
}
