// SPDX-License-Identifier: Apache-2.0

/** Names that are printed in place of numbers. */
export interface Names {
  /** null: print the address. */
  host(af: number, bytes: Uint8Array): string | null;
  /** null: print the number. */
  service(port: number, proto: number): string | null;
}

/** No names at all. */
export const NUMERIC: Names = { host: () => null, service: () => null };

/** An address whose name may be wanted; bytes as in formatIp. */
export interface Address {
  readonly af: number;
  readonly bytes: Uint8Array;
}
