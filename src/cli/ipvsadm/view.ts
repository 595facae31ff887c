// SPDX-License-Identifier: Apache-2.0
// --color and --watch: how tables get to people. Loaded only when asked for.
import { PaintedOutput, wantsColor } from '../runtime/color';
import { deriveIo, type Io } from '../runtime/io';
import { watch } from '../runtime/watch';
import type { Arguments } from './arguments';
import type { CommandId } from './options';
import type { Session } from './session';

const TABLES: readonly CommandId[] = ['list', 'get-laddr', 'get-blklst', 'get-whtlst'];

function isTable({ command, given }: Arguments): boolean {
  return TABLES.includes(command.id) && !given.has('json') && !given.has('prom');
}

/** Runs a command once. @param wrap changes how it sees the daemon */
export type RunOnce = (io: Io, wrap?: (session: Session) => Session) => number | Promise<number>;

/**
 * Runs a command as --color and --watch want it.
 * @param run runs it once
 */
export async function runViewed(args: Arguments, io: Io, run: RunOnce): Promise<number> {
  const { color, watch: seconds, count } = args.values;
  const paint = isTable(args) && wantsColor(color, io) ? (await import('./paint')).tablePaint() : null;
  const painted = paint === null ? io : deriveIo(io, { stdout: new PaintedOutput(io.stdout, paint) });
  if (seconds === undefined) return run(painted);
  const isJson = args.given.has('json');
  const options = {
    intervalMs: seconds * 1000,
    count,
    title: `${io.argv0} --${args.command.long}`,
    // Documents follow each other, tables have an empty line between them.
    separator: isJson ? '' : '\n',
    redraws: !isJson,
    paint,
  };
  // Frames are painted before they get what moves the cursor.
  const redrawn = options.redraws && io.terminalSize() !== null;
  const { RepeatedLists } = await import('./repeated');
  const lists = new RepeatedLists(args.given, () => io.now());
  try {
    return await watch(redrawn ? io : painted, options, (inner) => run(inner, (session) => lists.next(session)));
  } finally {
    lists.dispose();
  }
}
