// SPDX-License-Identifier: Apache-2.0
// -Q; -P is in change.ts, -G in laddr-list.ts
import { deleteLaddr } from '../../../ipc/messages/laddr';
import { changeDevice, deleteFromDevice, mayLeaveDevice } from '../device';
import { localAddress, requiredService, serviceKey } from '../requests';
import { change, type Command } from '../session';

export const remove: Command = (args, open) => {
  const key = serviceKey(requiredService(args.values));
  const local = localAddress(args.values);
  const session = open();
  let isGone = false;
  const status = change(
    session,
    'delete-laddr',
    () => {
      deleteLaddr(session.transport, key, local);
      isGone = true;
    },
    args.given,
  );
  if (isGone && mayLeaveDevice(session, local)) changeDevice(session, deleteFromDevice, local);
  return status;
};

/** Prints the local addresses of services; loaded when it is wanted, because it is the largest part. */
export const list: Command = async (args, open) => (await import('./laddr-list')).list(args, open);
