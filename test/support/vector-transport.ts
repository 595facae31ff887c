// SPDX-License-Identifier: Apache-2.0
import { ClosedError, DaemonError, ProtocolError, type RequestType, type Transport } from '../../src/ipc/client';
import { decode, MSG, sizeOf } from '../../src/ipc/codec';
import { masked, replyBytes, requestBody, type Exchange, type Vector } from './vectors';

const VERSION = 0x10000;

/**
 * A transport that plays the replies of a vector and checks that the requests are the recorded ones, byte for byte
 * outside of what carries no meaning. A difference is thrown as an Error that says where it is.
 */
export class VectorTransport implements Transport {
  readonly #exchanges: readonly Exchange[];
  #next = 0;

  constructor(vector: Pick<Vector, 'exchanges'>) {
    this.#exchanges = vector.exchanges;
  }

  request(id: number, type: RequestType, body: Uint8Array = new Uint8Array()): Buffer {
    const exchange = this.#exchanges[this.#next];
    // Recorded daemons know no extensions and close the connection.
    if (id === MSG.DS_MSG_HELLO && exchange?.id !== id) throw new ClosedError(id, 0, sizeOf.dpvs_sock_msg_reply, 'header');
    this.#next += 1;
    if (exchange === undefined) throw new Error(`unexpected request ${id} ${type}: the vector has no more exchanges`);
    compareRequest(exchange, this.#next, id, type, body);
    return playReply(exchange);
  }

  /** Exchanges that were recorded and not asked for. */
  get left(): number {
    return Math.max(this.#exchanges.length - this.#next, 0);
  }
}

function compareRequest(exchange: Exchange, number: number, id: number, type: RequestType, body: Uint8Array): void {
  const where = `request ${number} (${exchange.name})`;
  if (id !== exchange.id || type !== exchange.type) {
    throw new Error(`${where}: got ${id} ${type}, recorded ${exchange.id} ${exchange.type}`);
  }
  const want = masked(requestBody(exchange), exchange.requestDontCare);
  const got = masked(body, exchange.requestDontCare);
  if (got.equals(want)) return;
  const at = [...want].findIndex((byte, i) => got[i] !== byte);
  throw new Error(
    `${where}: bodies differ at byte ${at < 0 ? want.length : at}\n got ${got.toString('hex')}\nwant ${want.toString('hex')}`,
  );
}

/** What a client makes of the reply, as src/ipc/client does. */
function playReply(exchange: Exchange): Buffer {
  const bytes = replyBytes(exchange);
  const headSize = sizeOf.dpvs_sock_msg_reply;
  if (bytes.length < headSize) throw new ClosedError(exchange.id, bytes.length, headSize, 'header');
  const head = decode('dpvs_sock_msg_reply', bytes);
  const body = bytes.subarray(headSize);
  if (head.version !== VERSION) throw new ProtocolError('the daemon speaks another protocol version');
  if (head.errcode !== 0) throw new DaemonError(exchange.id, head.errcode, head.errstr);
  const len = Number(head.len);
  if (body.length < len) throw new ClosedError(exchange.id, body.length, len, 'body');
  return body.subarray(0, len);
}
