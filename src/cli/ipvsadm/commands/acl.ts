// SPDX-License-Identifier: Apache-2.0
// -B -W; -U -V and -O -Y are in change.ts
import type { AclKind } from '../../../ipc/messages/acl';
import type { Command } from '../session';

function list(kind: AclKind): Command {
  return async (args, open) => (await import('./acl-list')).list(kind, args, open);
}

export const listDeny = list('deny');
export const listAllow = list('allow');
