// SPDX-License-Identifier: Apache-2.0
// Listings in other forms than text, all made of the data of records. Loaded when one of them is asked for.
import type { Output } from '../../runtime/io';
import type { JsonObject, JsonValue } from '../../runtime/document';
import type { Kind, Listing, Records } from '../listing';
import { metricsOf, writeMetrics, type Sample } from './prometheus';
import { RECORDS } from './records';

const INDENT = 2;

function dataOf<K extends Kind>(kind: K, record: Records[K]): JsonObject {
  return RECORDS[kind](record);
}

/** One array of objects, in one line or indented; written while it is made. */
export class JsonListing implements Listing {
  readonly isText = false;
  #count = 0;

  constructor(
    private readonly out: Output,
    private readonly pretty: boolean,
  ) {}

  record<K extends Kind>(kind: K, record: Records[K]): void {
    const data = dataOf(kind, record);
    const text = this.pretty ? JSON.stringify(data, null, INDENT).replace(/^/gm, ' '.repeat(INDENT)) : JSON.stringify(data);
    this.out.write(`${this.#count === 0 ? '[' : ','}${this.pretty ? '\n' : ''}${text}`);
    this.#count += 1;
  }

  end(): void {
    this.out.write(this.#count === 0 ? '[]\n' : `${this.pretty ? '\n' : ''}]\n`);
  }

  abort(): void {
    if (this.#count > 0) this.end();
  }
}

/** Members of members as name.member, elements of lists as name.0, name.1. */
function* flat(value: JsonValue | undefined, path: string): Generator<string> {
  if (value === undefined) return;
  if (Array.isArray(value) && value.every((element) => typeof element !== 'object' || element === null)) {
    yield `${path}=${value.map((element) => String(element)).join(',')}`;
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) yield* flat(member as JsonValue, path === '' ? name : `${path}.${name}`);
  } else {
    yield `${path}=${value === null ? '' : String(value)}`;
  }
}

/** A record a line: name=value, between tabs. */
export class LineListing implements Listing {
  readonly isText = false;

  constructor(private readonly out: Output) {}

  record<K extends Kind>(kind: K, record: Records[K]): void {
    this.out.write(`${[...flat(dataOf(kind, record), '')].map((item) => item.replaceAll('\t', ' ')).join('\t')}\n`);
  }

  end(): void {
    // Lines are whole by themselves.
  }

  abort(): void {
    // Lines are whole by themselves.
  }
}

/** Prometheus' text format, version 0.0.4. */
export class PrometheusListing implements Listing {
  readonly isText = false;
  readonly #samples: Sample[] = [];

  constructor(private readonly out: Output) {}

  /** @throws CommandError for kinds that have no metrics */
  record<K extends Kind>(kind: K, record: Records[K]): void {
    this.#samples.push(...metricsOf(kind, dataOf(kind, record)));
  }

  end(): void {
    writeMetrics(this.out, this.#samples);
  }

  abort(): void {
    // Half of the metrics would look like a gap.
  }
}
