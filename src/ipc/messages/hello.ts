// SPDX-License-Identifier: Apache-2.0
import { ClosedError, DaemonError, type Transport } from '../client';
import { decode, EDPVS, ext, MSG } from '../codec';
import { splitRecords, type ExtRecord } from './records';

/** An lcore of the daemon. */
export interface HelloLcore {
  /** As in the cid members of replies. */
  readonly id: number;
  readonly role: 'master' | 'worker';
  /** As in the index members of requests; 0 is the master. */
  readonly index: number;
}

/** How large extension messages may be. */
export interface Limits {
  /** Bytes of a request body of DS_MSG_BATCH. */
  readonly maxBatchBytes: number;
  readonly maxBatchItems: number;
  /** Bytes of a reply of DS_MSG_LIST_SERVICES. */
  readonly maxPageBytes: number;
  /** Connections in a reply of DS_MSG_LIST_CONNS. */
  readonly maxPageConns: number;
}

/** Who the daemon is and what it can do. */
export interface Hello {
  readonly structVersion: number;
  /** Bytes; longer requests are refused. */
  readonly maxRequestBody: number;
  /** DS_FEATURE_* bits. */
  readonly features: bigint;
  /** Of the configuration; grows with every change. */
  readonly generation: bigint;
  /** 32 hexadecimal digits, new at every start of the daemon. */
  readonly bootId: string;
  readonly version: string;
  readonly lcores: readonly HelloLcore[];
  /** Ids of the messages that the daemon serves. */
  readonly ids: ReadonlySet<number>;
  /** null when the daemon does not tell. */
  readonly limits: Limits | null;
}

function parseLcore(record: ExtRecord): HelloLcore {
  const { id, role, index } = decode('ds_lcore', record.payload);
  return { id, index, role: role === ext.DS_LCORE_ROLE_MASTER ? 'master' : 'worker' };
}

function parseIds(record: ExtRecord): number[] {
  const count = Math.floor(record.payload.length / 4);
  return Array.from({ length: count }, (_, i) => record.payload.readUInt32LE(i * 4));
}

function parseLimits(record: ExtRecord | undefined): Limits | null {
  if (record === undefined) return null;
  const limits = decode('ds_limits', record.payload);
  return {
    maxBatchBytes: limits.max_batch_bytes,
    maxBatchItems: limits.max_batch_items,
    maxPageBytes: limits.max_page_bytes,
    maxPageConns: limits.max_page_conns,
  };
}

/** True for the ways in which a daemon says that it does not know a message. */
function isUnknownMessage(error: unknown): boolean {
  if (error instanceof ClosedError) return error.part === 'header' && error.received === 0;
  return error instanceof DaemonError && (error.code === EDPVS.EDPVS_NOTSUPP || error.code === EDPVS.EDPVS_INVAL);
}

/** Decodes the reply of DS_MSG_HELLO; null when it lacks the part that says who the daemon is. */
export function parseHello(body: Buffer): Hello | null {
  const records = splitRecords(body);
  const first = records.find((record) => record.type === ext.DS_TLV_HELLO_INFO);
  if (first === undefined) return null;
  const info = decode('ds_hello_info', first.payload);
  return {
    structVersion: info.struct_version,
    maxRequestBody: info.max_request_body,
    features: info.features,
    generation: info.generation,
    bootId: Buffer.from(info.boot_id).toString('hex'),
    version: info.version,
    lcores: records.filter((record) => record.type === ext.DS_TLV_LCORE).map(parseLcore),
    ids: new Set(records.filter((record) => record.type === ext.DS_TLV_IDS).flatMap(parseIds)),
    limits: parseLimits(records.find((record) => record.type === ext.DS_TLV_LIMITS)),
  };
}

/**
 * Asks the daemon who it is.
 * @returns null when it is one that does not know the question
 * @throws as Transport.request, except for that
 */
export function hello(transport: Transport): Hello | null {
  let body: Buffer;
  try {
    body = transport.request(MSG.DS_MSG_HELLO, 'get');
  } catch (error) {
    if (isUnknownMessage(error)) return null;
    throw error;
  }
  return parseHello(body);
}
