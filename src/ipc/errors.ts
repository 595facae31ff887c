// SPDX-License-Identifier: Apache-2.0

/** Root of everything that goes wrong between a command and the daemon. */
export class IpcError extends Error {
  override readonly name: string = 'IpcError';
}

/** The peer does not speak the control protocol: other version, wrong id, too large, too short. */
export class ProtocolError extends IpcError {
  override readonly name: string = 'ProtocolError';
}
