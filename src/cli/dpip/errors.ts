// SPDX-License-Identifier: Apache-2.0

/** Where in an object's work an error came up; some objects print it before the text. */
export type Stage = 'parse' | 'check' | 'run';

/** The command cannot go on. Printed as the detail lines, the help if wanted, then `dpip: <text>`; exit status 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    /** What the last line says after the program's name. */
    readonly text: string,
    readonly options: {
      /** Lines before the last one: what exactly is wrong. */
      readonly detail?: readonly string[];
      readonly stage?: Stage;
      /** Print the help of the object as well. */
      readonly help?: boolean;
    } = {},
  ) {
    super([...(options.detail ?? []), text].join('\n'));
  }
}

/** What was typed is wrong; `detail` says what. */
export function invalid(detail: string | readonly string[], stage: Stage = 'parse'): CommandError {
  return new CommandError('invalid parameter', { detail: typeof detail === 'string' ? [detail] : detail, stage });
}

/** As invalid, for something that is missing or does not go together. */
export function refused(detail: string | readonly string[]): CommandError {
  return invalid(detail, 'check');
}

/** The object or the daemon has no such operation. */
export function notSupported(stage: Stage = 'run', ...detail: readonly string[]): CommandError {
  return new CommandError('not support', { detail, stage });
}

/** An invocation that fails before any object is concerned: only these lines are printed; exit status 1. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
}
