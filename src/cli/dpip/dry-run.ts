// SPDX-License-Identifier: Apache-2.0
// --dry-run: the requests that a command would send, one in a line: name, id and members as JSON.
import { DryTransport } from '../../ipc/messages/dry-run';
import { deriveIo, type Io } from '../runtime';

/** Bytes in hexadecimal, counters as their digits. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value && Array.isArray(value.data)) {
    return Buffer.from(value.data as number[]).toString('hex');
  }
  return typeof value === 'bigint' ? value.toString() : value;
}

export function dryIo(io: Io): Io {
  return deriveIo(io, {
    transport: (choice) =>
      new DryTransport(
        () => io.transport(choice),
        ({ id, name, request }) => {
          io.stdout.write(`${name === '' ? 'message' : name} (${id}) ${JSON.stringify(request, plain)}\n`);
        },
      ),
  });
}
