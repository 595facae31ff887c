// SPDX-License-Identifier: Apache-2.0
import { ProtocolError, type Transport } from '../client';
import { decode, encode, ext, MSG } from '../codec';
import { splitRecords } from './records';

/** Timeouts of connections that services do not set, in seconds. */
export interface Timeouts {
  /** Established TCP connections. */
  readonly tcp: number;
  /** TCP connections that one side has closed. */
  readonly tcpFin: number;
  readonly udp: number;
}

/** @throws as Transport.request, ProtocolError; daemons that do not serve DS_MSG_TIMEOUTS close the connection */
export function getTimeouts(transport: Transport): Timeouts {
  const record = splitRecords(transport.request(MSG.DS_MSG_TIMEOUTS, 'get')).find(({ type }) => type === ext.DS_TLV_TIMEOUTS);
  if (record === undefined) throw new ProtocolError('the reply has no timeouts');
  const { tcp, tcp_fin, udp } = decode('ds_timeouts', record.payload);
  return { tcp, tcpFin: tcp_fin, udp };
}

/** Sets what is not 0. @throws as Transport.request */
export function setTimeouts(transport: Transport, { tcp, tcpFin, udp }: Timeouts): void {
  transport.request(MSG.DS_MSG_TIMEOUTS, 'set', encode('ds_timeouts', { tcp, tcp_fin: tcpFin, udp }));
}
