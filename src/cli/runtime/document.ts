// SPDX-License-Identifier: Apache-2.0
// JSON as it is written: a document at once, or one whose list grows while it is fetched.
import type { Output } from './io';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** Members in the order of the document; undefined ones are left out. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

const INDENT = 2;

/** A count as a number, or as text when a number would lose digits (above 2^53 - 1). */
export function count(value: bigint | number): number | string {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
}

function text(value: JsonValue, pretty: boolean): string {
  return pretty ? JSON.stringify(value, null, INDENT) : JSON.stringify(value);
}

/** A whole document in one line, or indented. */
export function writeDocument(out: Output, document: JsonObject, pretty: boolean): void {
  out.write(`${text(document, pretty)}\n`);
}

/** A document that is one object with one list, whose elements are written one by one. Looks the same as a whole one. */
export class ListDocument {
  #count = 0;

  /** @param head members before the list, at least one */
  constructor(
    private readonly out: Output,
    head: JsonObject,
    list: string,
    private readonly pretty: boolean,
  ) {
    const open = text(head, pretty).replace(pretty ? /\n\}$/ : /\}$/, '');
    out.write(`${open},${this.#line(1)}${JSON.stringify(list)}:${pretty ? ' ' : ''}[`);
  }

  add(element: JsonObject): void {
    const body = text(element, this.pretty);
    this.out.write(`${this.#count === 0 ? '' : ','}${this.#line(2)}${this.pretty ? body.replaceAll('\n', this.#line(2)) : body}`);
    this.#count += 1;
  }

  /** Ends the list and the document. @param tail members behind the list */
  end(tail: JsonObject = {}): void {
    this.out.write(`${this.#count === 0 ? '' : this.#line(1)}]`);
    for (const [key, value] of Object.entries(tail)) {
      if (value === undefined) continue;
      const body = text(value, this.pretty).replaceAll('\n', this.#line(1));
      this.out.write(`,${this.#line(1)}${JSON.stringify(key)}:${this.pretty ? ' ' : ''}${body}`);
    }
    this.out.write(`${this.#line(0)}}\n`);
  }

  #line(depth: number): string {
    return this.pretty ? `\n${' '.repeat(depth * INDENT)}` : '';
  }
}
