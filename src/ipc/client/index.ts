// SPDX-License-Identifier: Apache-2.0
// Requests and replies over the control socket.
export * from './errors';
export { connectTransport, SocketTransport, type FdTransport, type Peer, type Transport, type TransportOptions } from './transport';
