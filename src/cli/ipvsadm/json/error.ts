// SPDX-License-Identifier: Apache-2.0
// What goes wrong as JSON, one object in a line of stderr for each thing (docs/json.md).
import { ClosedError, ConnectError, DaemonError, IpcError, ProtocolError, TimeoutError } from '../../../ipc/client';
import { CommandError } from '../../runtime/errors';
import type { Io, Output } from '../../runtime/io';
import { sentence, type Action } from '../failure';
import { writeDocument, type JsonObject } from '../../runtime/document';

const EXIT_FAILED = 1;

/** A short name that does not change with the wording of messages. */
function nameOf(error: unknown): string {
  if (error instanceof DaemonError) return error.text;
  if (error instanceof ConnectError) return 'no connection';
  if (error instanceof TimeoutError) return 'no answer in time';
  if (error instanceof ClosedError) return 'connection closed';
  if (error instanceof ProtocolError) return 'bad answer';
  if (error instanceof CommandError && error.name === 'UsageError') return 'usage';
  return error instanceof CommandError ? 'failed' : 'daemon';
}

/** A request that failed. @param about what of several it was about; null: there is only one */
export function requestError(action: Action, error: IpcError, about: string | null = null): JsonObject {
  return {
    code: error instanceof DaemonError ? error.code : null,
    name: nameOf(error),
    request: action,
    about,
    message: sentence(action, error),
  };
}

/** An error that ends the run. */
function runError(error: CommandError | IpcError, exitStatus: number): JsonObject {
  return {
    code: error instanceof DaemonError ? error.code : null,
    name: nameOf(error),
    request: null,
    about: null,
    message: error.message.replaceAll('\n', '; '),
    exit_status: exitStatus,
  };
}

export function writeError(stderr: Output, error: JsonObject): void {
  writeDocument(stderr, { error }, false);
}

/** Turns lines that were written as text into objects; those that are objects pass. */
export class JsonLines implements Output {
  constructor(private readonly out: Output) {}

  write(text: string): void {
    for (const line of text.split('\n')) {
      if (line === '') continue;
      if (line.startsWith('{')) this.out.write(`${line}\n`);
      else if (line.startsWith('warning: ')) writeDocument(this.out, { warning: { message: line.slice('warning: '.length) } }, false);
      else writeError(this.out, { code: null, name: 'failed', request: null, about: null, message: line });
    }
  }
}

/** Runs a command whose errors shall be JSON as well. @returns its exit status, also when an error ends it */
export async function withJsonErrors(io: Io, run: () => number | Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof IpcError)) throw error;
    const status = error instanceof CommandError ? error.exitCode : EXIT_FAILED;
    if (error.message !== '') writeError(io.stderr, runError(error, status));
    return status;
  }
}
