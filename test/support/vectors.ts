// SPDX-License-Identifier: Apache-2.0
// Recorded exchanges between DPVS v1.10 tools and daemon (test/abi/vectors).
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** [offset, length] of bytes inside a body that carry no meaning. */
export type Ranges = readonly (readonly [number, number])[];

/** One request and its reply. */
export interface Exchange {
  readonly id: number;
  readonly name: string;
  readonly type: 'get' | 'set';
  readonly requestHeaderHex: string;
  readonly requestBodyHex?: string;
  readonly requestBodyLen?: number;
  readonly requestDontCare?: Ranges;
  readonly requestFields?: Readonly<Record<string, unknown>>;
  /** null: the daemon closed without a reply. */
  readonly replyHeaderHex: string | null;
  readonly replyBodyHex?: string;
  /** [offset, hex] over zeros, for long bodies. */
  readonly replyBodySparse?: readonly (readonly [number, string])[];
  readonly replyBodyLen: number;
  readonly replyDontCare?: Ranges;
  readonly replyFields?: Readonly<Record<string, unknown>>;
  readonly errcode?: number;
  readonly errstr?: string;
}

/** A command, what it printed, and what it exchanged. */
export interface Vector {
  readonly name: string;
  readonly group: string;
  readonly source: string;
  readonly command: readonly string[];
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly exchanges: readonly Exchange[];
}

const folder = path.join(import.meta.dirname, '../abi/vectors');

/** Areas there are: "ipvsadm", "dpip-addr", ... */
export function vectorAreas(): string[] {
  return readdirSync(folder).map((file) => path.basename(file, '.json')).sort();
}

export function loadVectors(area: string): Vector[] {
  return JSON.parse(readFileSync(path.join(folder, `${area}.json`), 'utf8')) as Vector[];
}

/** The vector called `name`, e.g. loadVector('ipvsadm', 'scripted/ipvsadm-list'). */
export function loadVector(area: string, name: string): Vector {
  const found = loadVectors(area).find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no vector ${name} in ${area}`);
  return found;
}

export function requestBody(exchange: Exchange): Buffer {
  return Buffer.from(exchange.requestBodyHex ?? '', 'hex');
}

export function replyBody(exchange: Exchange): Buffer {
  if (exchange.replyBodySparse === undefined) return Buffer.from(exchange.replyBodyHex ?? '', 'hex');
  const body = Buffer.alloc(exchange.replyBodyLen);
  for (const [offset, hex] of exchange.replyBodySparse) body.write(hex, offset, 'hex');
  return body;
}

/** Header and body as they were on the wire; empty when the daemon closed without a reply. */
export function replyBytes(exchange: Exchange): Buffer {
  if (exchange.replyHeaderHex === null) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from(exchange.replyHeaderHex, 'hex'), replyBody(exchange)]);
}

/** A copy with the ranges set to zero. */
export function masked(bytes: Uint8Array, ranges: Ranges = []): Buffer {
  const copy = Buffer.from(bytes);
  for (const [offset, length] of ranges) copy.fill(0, offset, offset + length);
  return copy;
}
