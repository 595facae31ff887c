// SPDX-License-Identifier: Apache-2.0
// Requests that are shown and not sent.
import type { RequestType, Transport } from '../client';
import { decode, messages, sizeOf, type StructName } from '../codec';

/** A request that would change something. */
export interface ShownRequest {
  readonly id: number;
  /** Name of the message; empty for one that the ABI does not have. */
  readonly name: string;
  /** Its members; null for a body that has none. */
  readonly request: unknown;
}

function isStruct(name: string): name is StructName {
  return Object.hasOwn(sizeOf, name);
}

function shown(id: number, body: Uint8Array): ShownRequest {
  const [name = '', row] = Object.entries(messages).find(([, [of]]) => of === id) ?? [];
  const struct = row?.[5] ?? 'none';
  return { id, name, request: isStruct(struct) && body.length >= sizeOf[struct] ? decode(struct, body) : null };
}

/** Sends what only asks; what would change something goes to `show`, and is answered with success. */
export class DryTransport implements Transport {
  readonly #transport: () => Transport;
  readonly #show: (request: ShownRequest) => void;

  constructor(transport: () => Transport, show: (request: ShownRequest) => void) {
    this.#transport = transport;
    this.#show = show;
  }

  request(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): Buffer {
    if (type === 'get') return this.#transport().request(id, type, body);
    this.#show(shown(id, body));
    return Buffer.alloc(0);
  }
}
