// SPDX-License-Identifier: Apache-2.0
// -E; -A -D -C -Z are in change.ts
import { editService, getService, type Service, type ServiceSpec } from '../../../ipc/messages/service';
import { requireLimit } from '../change';
import { EXIT_SYNTAX } from '../errors';
import type { Column } from '../options';
import { mergedService, newService } from '../requests';
import { change, type Command, type Session } from '../session';

/** The service as it is, or the exit status when it cannot be had. */
function fetchCurrent(session: Session, key: ServiceSpec, given: ReadonlySet<Column>): Service | number {
  let current: Service | undefined;
  const status = change(
    session,
    'get-service',
    () => {
      current = getService(session.transport, key);
    },
    given,
  );
  return current ?? (status === 0 ? 0 : EXIT_SYNTAX);
}

export const edit: Command = (args, open) => {
  // Only the key matters; what was given comes along as upstream sends it.
  const key = { ...newService(args), sched_name: args.values.scheduler ?? '' };
  const session = open();
  const current = fetchCurrent(session, key, args.given);
  if (typeof current === 'number') return current;
  const service = mergedService(current, args);
  return change(
    session,
    'edit-service',
    () => {
      requireLimit(session.transport, service);
      editService(session.transport, service);
    },
    args.given,
  );
};
