// SPDX-License-Identifier: Apache-2.0
import type { Io, Output } from './io';

export type ColorChoice = 'auto' | 'always' | 'never';

/**
 * Whether to print in colours. Without a choice nothing is coloured: tables are read by programs.
 * @param choice auto: on a terminal that can do it, unless NO_COLOR has any value
 */
export function wantsColor(choice: ColorChoice | undefined, io: Pick<Io, 'env' | 'isTTY'>): boolean {
  if (choice === undefined || choice === 'never') return false;
  if (choice === 'always') return true;
  const { NO_COLOR: refusal = '', TERM: terminal = '' } = io.env;
  return refusal === '' && terminal !== 'dumb' && terminal !== '' && io.isTTY;
}

/** A line without its newline in, the same with colours out. The visible text must stay the same. */
export type Paint = (line: string) => string;

/** Paints all lines of an output. They come whole: no line is written in two pieces. */
export class PaintedOutput implements Output {
  constructor(
    private readonly to: Output,
    private readonly paint: Paint,
  ) {}

  write(text: string): void {
    this.to.write(text.replace(/[^\n]+/g, this.paint));
  }

  flush(): void {
    this.to.flush?.();
  }
}
