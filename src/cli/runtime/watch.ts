// SPDX-License-Identifier: Apache-2.0
// Lists that are made again and again: redrawn in place on a terminal, one after the other elsewhere.
import type { Paint } from './color';
import { CommandError } from './errors';
import { deriveIo, type Io, type Output, type TerminalSize } from './io';

export interface WatchOptions {
  readonly intervalMs: number;
  /** Lists until the end; undefined: until somebody interrupts. */
  readonly count: number | undefined;
  /** For the first line on a terminal. */
  readonly title: string;
  /** Stands between two lists that are not redrawn. */
  readonly separator: string;
  /** Redraw in place, if there is a terminal. */
  readonly redraws: boolean;
  readonly paint: Paint | null;
}

const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** The first lines of a text, and how many there were; lists may be much longer than a screen. */
class FirstLines implements Output {
  readonly lines: string[] = [];
  total = 0;
  #isOpen = false;

  constructor(private readonly max: number) {}

  write(text: string): void {
    const pieces = text.split('\n');
    const last = pieces.pop() ?? '';
    for (const piece of pieces) {
      this.#add(piece);
      this.#isOpen = false;
    }
    if (last === '') return;
    this.#add(last);
    this.#isOpen = true;
  }

  #add(piece: string): void {
    if (this.#isOpen) {
      const at = this.total - 1;
      if (at < this.lines.length) this.lines[at] = (this.lines[at] ?? '') + piece;
      return;
    }
    this.total += 1;
    if (this.lines.length < this.max) this.lines.push(piece);
  }
}

/** Local date and time to the second. */
export function timeText(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/**
 * What a terminal shows: a title, then lines, cut to its size. One write, so that nothing flickers; nothing is cleared
 * that is not overwritten at once; nothing has to be restored at the end.
 * @param total lines that there are, of which `lines` are the first
 */
export function frame(size: TerminalSize, title: string, lines: readonly string[], total: number, paint: Paint | null): string {
  // The last column stays free: what a terminal does behind it differs.
  const width = Math.max(1, size.columns - 1);
  const room = Math.max(1, size.rows - 1);
  const shown = total <= room ? lines : [...lines.slice(0, room - 1), `(${total - room + 1} more lines)`];
  const body = shown.map((line) => {
    const part = line.slice(0, width);
    return paint === null ? part : paint(part);
  });
  return HOME + [title.slice(0, width), ...body].map((line) => line + CLEAR_LINE).join('\n') + CLEAR_BELOW;
}

type List = (io: Io) => number | Promise<number>;

/** Runs a list; a failure of one that is not the first is printed, and the next one may succeed. */
async function listOnce(io: Io, list: List, isFirst: boolean): Promise<number> {
  try {
    return await list(io);
  } catch (error) {
    if (isFirst || !(error instanceof CommandError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

async function draw(io: Io, size: TerminalSize, options: WatchOptions, list: List, isFirst: boolean): Promise<number> {
  const errors = new FirstLines(size.rows);
  const output = new FirstLines(size.rows);
  const status = await listOnce(deriveIo(io, { stdout: output, stderr: errors }), list, isFirst);
  const title = `${options.title}, every ${options.intervalMs / 1000} s`;
  const now = timeText(new Date());
  const gap = Math.max(2, size.columns - 1 - title.length - now.length);
  const text = frame(size, `${title}${' '.repeat(gap)}${now}`, [...errors.lines, ...output.lines], errors.total + output.total, options.paint);
  // What was on the screen moves up, to where people scroll back to.
  io.stdout.write((isFirst ? '\n'.repeat(size.rows - 1) : '') + text);
  return status;
}

/** The first of the times due, due + interval, … that is still to come: what was missed is not made up for. */
export function nextDue(due: number, now: number, intervalMs: number): number {
  return now < due ? due : due + (Math.floor((now - due) / intervalMs) + 1) * intervalMs;
}

/**
 * Makes lists until there are enough of them.
 * @param list prints one list
 * @returns exit status of the first list that failed, 0 if none did
 * @throws what the first list throws
 */
export async function watch(io: Io, options: WatchOptions, list: List): Promise<number> {
  let due = io.now();
  let status = 0;
  for (let n = 1; ; n += 1) {
    const size = options.redraws ? io.terminalSize() : null;
    if (size === null && n > 1) io.stdout.write(options.separator);
    const code = size === null ? await listOnce(io, list, n === 1) : await draw(io, size, options, list, n === 1);
    if (status === 0) status = code;
    if (n === options.count) {
      if (size !== null) io.stdout.write('\n');
      return status;
    }
    // From one due time to the next, not from now on: clocks and lists that take time do not add up.
    due = nextDue(due + options.intervalMs, io.now(), options.intervalMs);
    await io.sleep(due - io.now());
  }
}
