// SPDX-License-Identifier: Apache-2.0
// The messages of a daemon in test mode; layouts in dataplane/include/abi/testmode.h.
import { ipText } from './addresses';
import type { Transport } from '../../src/ipc/client';

const CLOCK = 0x44530f00;
const INJECT = 0x44530f01;
const COLLECT = 0x44530f02;
const SETTLE = 0x44530f03;
const FLOWS = 0x44530f04;
const HOLD = 0x44530f05;
const BUSY = 0x44530f06;
const FLOW_SIZE = 32;

/** Added to the id of a port: its interface in the kernel, whose part the test plays. */
export const KERNEL = 0x8000;

const CLOCK_STOP = 1;
const CLOCK_WARP = 2;
const SETTLE_TIMERS = 1;
const FRAME_OUT_HEAD = 8;
const CHECKSUM = { good: 1, bad: 2 } as const;

/** A frame on its way into the daemon. */
export interface Injection {
  readonly port: number;
  readonly queue: number;
  readonly frame: Uint8Array;
  /** Bytes in the first buffer; the others follow in further ones. Default: all that fit. */
  readonly first?: number;
  /** What the device says of the checksum of the IPv4 header. Default: nothing. */
  readonly checksum?: 'good' | 'bad';
}

function clock(transport: Transport, op: number, ms: number): bigint {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(op, 0);
  body.writeBigUInt64LE(BigInt(ms), 8);
  return transport.request(CLOCK, 'set', body).readBigUInt64LE(0);
}

/** Stops the daemon's clock. @returns its milliseconds */
export function stopClock(transport: Transport): bigint {
  return clock(transport, CLOCK_STOP, 0);
}

/** Moves the stopped clock. @returns its milliseconds */
export function warpClock(transport: Transport, ms: number): bigint {
  return clock(transport, CLOCK_WARP, ms);
}

/** Puts frames into receive queues, as if a device had received them. */
export function inject(transport: Transport, injections: readonly Injection[]): void {
  transport.request(INJECT, 'set', injectionsBody(injections));
}

function injectionsBody(injections: readonly Injection[]): Buffer {
  const parts = injections.flatMap(({ port, queue, frame, first, checksum }) => {
    const head = Buffer.alloc(16);
    head.writeUInt16LE(port, 0);
    head.writeUInt16LE(queue, 2);
    head.writeUInt32LE(frame.length, 4);
    head.writeUInt32LE(first ?? 0, 8);
    head.writeUInt32LE(checksum === undefined ? 0 : CHECKSUM[checksum], 12);
    return [head, frame];
  });
  return Buffer.concat(parts);
}

/** Frames sent on a port since the last call, oldest first. */
export function collect(transport: Transport, port: number): Buffer[] {
  const request = Buffer.alloc(8);
  request.writeUInt16LE(port, 0);
  return framesOf(transport.request(COLLECT, 'get', request));
}

/** What has come out of a port while the control lcore did nothing, for `ms` milliseconds since the frames were received. */
export function collectWhileBusy(transport: Transport, ms: number, port: number, injections: readonly Injection[]): Buffer[] {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(ms, 0);
  head.writeUInt16LE(port, 4);
  return framesOf(transport.request(BUSY, 'get', Buffer.concat([head, injectionsBody(injections)])));
}

function framesOf(body: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const length = body.readUInt32LE(at);
    frames.push(body.subarray(at + FRAME_OUT_HEAD, at + FRAME_OUT_HEAD + length));
    at += FRAME_OUT_HEAD + length;
  }
  return frames;
}

/** A flow rule that a test port has: what matches comes to the queue. */
export interface FlowRule {
  readonly port: number;
  readonly queue: number;
  readonly vlan: number;
  readonly proto: number;
  /** Destination. */
  readonly address: string;
  /** The destination port & mask is the value. */
  readonly value: number;
  readonly mask: number;
  readonly fuzzy: boolean;
  readonly priority: number;
}

/** The flow rules of all test ports, oldest first. */
export function flowRules(transport: Transport): FlowRule[] {
  const body = transport.request(FLOWS, 'get', Buffer.alloc(0));
  return Array.from({ length: body.length / FLOW_SIZE }, (_, i) => {
    const at = i * FLOW_SIZE;
    const word = (offset: number): number => body.readUInt16LE(at + offset);
    const address = ipText(body.subarray(at + 8, at + (body[at + 6] === 2 ? 12 : 24)));
    return { port: word(0), queue: word(2), vlan: word(4), proto: body[at + 7] ?? 0, address, value: word(24), mask: word(26), fuzzy: word(28) === 1, priority: word(30) };
  });
}

/** Makes a worker stuck, or lets it go on. @param worker its index, from 0 */
export function holdWorker(transport: Transport, worker: number, hold: boolean): void {
  const body = Buffer.alloc(8);
  body.writeUInt32LE(worker, 0);
  body.writeUInt32LE(hold ? 1 : 0, 4);
  transport.request(HOLD, 'set', body);
}

/** True while packets are on their way. Ask until it is false. */
export function isBusy(transport: Transport, options: { readonly timers: boolean; readonly turns: number }): boolean {
  const request = Buffer.alloc(8);
  request.writeUInt32LE(options.timers ? SETTLE_TIMERS : 0, 0);
  request.writeUInt32LE(options.turns, 4);
  return transport.request(SETTLE, 'get', request).readUInt32LE(0) !== 0;
}
