// SPDX-License-Identifier: Apache-2.0
// -A -E -D -C -Z
import {
  addService,
  deleteService,
  editService,
  flushServices,
  getService,
  zeroService,
  type Service,
  type ServiceSpec,
} from '../../../ipc/messages/service';
import { AF_UNSPEC } from '../../parse/address';
import { hostMask } from '../../parse/netmask';
import { EXIT_SYNTAX } from '../errors';
import { mergedService, newService, requiredService, serviceKey } from '../requests';
import type { Column } from '../options';
import { change, type Command, type Session } from '../session';

export const add: Command = (args, open) => {
  const service = newService(args);
  const session = open();
  return change(
    session,
    'add-service',
    () => {
      addService(session.transport, service);
    },
    args.given,
  );
};

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
  return change(session, 'edit-service', () => {
    editService(session.transport, service);
  });
};

export const remove: Command = (args, open) => {
  const key = serviceKey(requiredService(args.values));
  const session = open();
  return change(
    session,
    'delete-service',
    () => {
      deleteService(session.transport, key);
    },
    args.given,
  );
};

export const clear: Command = (_args, open) => {
  const session = open();
  return change(session, 'flush', () => {
    flushServices(session.transport);
  });
};

export const zero: Command = (args, open) => {
  const { service } = args.values;
  const session = open();
  if (service?.kind === 'address' && service.port === 0) {
    session.stderr.write('warning: DPVS zeroes the counters of all services when the port is 0\n');
  }
  // No family means all services.
  const key = service === undefined ? { af: AF_UNSPEC, netmask: hostMask(AF_UNSPEC) } : serviceKey(service);
  return change(session, 'zero', () => {
    zeroService(session.transport, key);
  });
};
