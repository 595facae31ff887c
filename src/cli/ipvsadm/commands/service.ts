// SPDX-License-Identifier: Apache-2.0
// -A -E -D -C -Z
import {
  addService,
  deleteService,
  editService,
  flushServices,
  getService,
  zeroService,
} from '../../../ipc/messages/service';
import { AF_UNSPEC } from '../../parse/address';
import { hostMask } from '../../parse/netmask';
import { EXIT_SYNTAX } from '../errors';
import { mergedService, newService, requiredService, serviceKey } from '../requests';
import { attempt, change, type Command } from '../session';

export const add: Command = (args, open) => {
  const service = newService(args);
  const session = open();
  return change(session, 'add-service', () => {
    addService(session.transport, service);
  });
};

export const edit: Command = (args, open) => {
  // Only the key matters; what was given comes along as upstream sends it.
  const key = { ...newService(args), sched_name: args.values.scheduler ?? '' };
  const session = open();
  const current = attempt(session, 'get-service', () => getService(session.transport, key));
  if (current === null) return EXIT_SYNTAX;
  const service = mergedService(current, args);
  return change(session, 'edit-service', () => {
    editService(session.transport, service);
  });
};

export const remove: Command = (args, open) => {
  const key = serviceKey(requiredService(args.values));
  const session = open();
  return change(session, 'delete-service', () => {
    deleteService(session.transport, key);
  });
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
