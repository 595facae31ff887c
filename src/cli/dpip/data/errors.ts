// SPDX-License-Identifier: Apache-2.0
// What goes wrong as JSON: one object in a line of stderr for each thing.
import { ClosedError, ConnectError, DaemonError, IpcError, TimeoutError } from '../../../ipc/client';
import { writeDocument, type JsonObject } from '../../runtime/document';
import type { Output } from '../../runtime/io';
import type { CommandError } from '../errors';
import { failureText } from '../failure';

/** A short name that does not change with the wording of messages. */
function nameOf(error: IpcError): string {
  if (error instanceof DaemonError) return failureText(error);
  if (error instanceof ConnectError) return 'no connection';
  if (error instanceof TimeoutError) return 'no answer in time';
  return error instanceof ClosedError ? 'connection closed' : 'bad answer';
}

/** @param request object and verb, such as "tunnel-show" */
export function errorDocument(error: CommandError | IpcError, request: string): JsonObject {
  if (error instanceof IpcError) {
    const code = error instanceof DaemonError ? error.code : null;
    return { error: { code, name: nameOf(error), request, message: error.message.replaceAll('\n', '; ') } };
  }
  const { detail = [] } = error.options;
  return { error: { code: null, name: error.text, request, message: (detail.length === 0 ? [error.text] : detail).join('; ') } };
}

/** Lines of text on their way to stderr become objects. */
export class JsonLines implements Output {
  constructor(
    private readonly out: Output,
    private readonly request: string,
  ) {}

  write(text: string): void {
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const warning = /^warn?ning: /i.exec(line);
      if (line.startsWith('{')) this.out.write(`${line}\n`);
      else if (warning !== null) writeDocument(this.out, { warning: { message: line.slice(warning[0].length) } }, false);
      else writeDocument(this.out, { error: { code: null, name: 'failed', request: this.request, message: line } }, false);
    }
  }
}
