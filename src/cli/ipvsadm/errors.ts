// SPDX-License-Identifier: Apache-2.0
import { CommandError } from '../runtime/errors';

/** Exit status of everything that is wrong with a command line. */
export const EXIT_INVALID = 2;
/** Exit status of what the parser of upstream refuses: unknown options and missing or superfluous values. */
export const EXIT_SYNTAX = 255;
/** Exit status of a list that could not be had. */
export const EXIT_LIST = 1;

/**
 * The command line is wrong. Ends a restore at once, unlike what the daemon refuses.
 */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}

/** An error that is found after the options could be told apart. */
export function invalid(message: string): UsageError {
  return new UsageError(message, EXIT_INVALID);
}

/** An error of the option `token` as it was typed. */
export function badToken(token: string, what: string, hint?: string): UsageError {
  return new UsageError(`${token}: ${what}`, EXIT_SYNTAX, hint);
}

/** The command line does not start with a command. */
export function tryHelp(argv0: string, hint?: string): UsageError {
  return new UsageError(`Try \`${argv0} -h' or '${argv0} --help' for more information.`, EXIT_SYNTAX, hint);
}
