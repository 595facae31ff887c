// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AddonError } from './errors';

/** Outcome of an exchange, see src/ipc/native/exchange.h. Fields depend on `stage`. */
export type NativeOutcome =
  | {
      readonly stage: 'done';
      readonly errcode: number;
      readonly errstr: string;
      readonly body?: Buffer;
      readonly fd?: number;
    }
  | {
      readonly stage: 'connect' | 'send' | 'header' | 'body' | 'version' | 'mismatch' | 'oversized';
      /** Name such as EPIPE; empty when the peer closed. */
      readonly errno: string;
      readonly errnoText: string;
      /** Bytes of the header, or of the body when stage is body. */
      readonly received: number;
      /** As announced by the reply's header. */
      readonly version: number;
      readonly len: number;
    };

type NativeRequest = (
  path: string,
  id: number,
  type: number,
  body: Uint8Array | undefined,
  timeoutMs: number,
  maxBody: number,
) => NativeOutcome;

export interface Native {
  readonly request: NativeRequest;
  readonly requestFd: NativeRequest;
  readonly peerCredentials: (
    path: string,
    timeoutMs: number,
  ) =>
    | { readonly pid: number; readonly uid: number; readonly gid: number; readonly errno?: never }
    | { readonly errno: string; readonly errnoText: string };
}

const ADDON = 'build/Release/dpvs_ipc.node';

let loaded: Native | undefined;

/** Where the addon is, seen from dist/ (bundled) or from this folder (tests). */
function addonFile(): string {
  const here = import.meta.dirname;
  return join(here, basename(here) === 'dist' ? '..' : '../../..', ADDON);
}

/**
 * The addon, loaded at the first use so that commands without a request do not pay for it.
 * @throws AddonError
 */
export function native(): Native {
  if (loaded !== undefined) return loaded;
  const file = addonFile();
  const holder = { exports: {} };
  try {
    process.dlopen(holder, file);
  } catch (error) {
    throw new AddonError(ADDON, existsSync(file) && error instanceof Error ? error.message : 'it does not exist');
  }
  loaded = holder.exports as Native;
  return loaded;
}
