// SPDX-License-Identifier: Apache-2.0
// --flush-laddr, --flush-blklst, --flush-whtlst: the protocol has these messages, the ipvsadm of DPVS never sends them.
import { flushAcl, type AclKind } from '../../../ipc/messages/acl';
import { flushLaddrs as flushLocalAddresses } from '../../../ipc/messages/laddr';
import { requiredService, serviceKey } from '../requests';
import { change, type Command } from '../session';

/** The addresses stay on their devices, where other services may use them. */
export const flushLaddrs: Command = (args, open) => {
  const key = serviceKey(requiredService(args.values));
  const session = open();
  return change(session, 'flush-laddrs', () => {
    flushLocalAddresses(session.transport, key);
  });
};

function flushList(kind: AclKind): Command {
  return (args, open) => {
    const { af, proto, addr, port } = serviceKey(requiredService(args.values));
    const session = open();
    return change(session, kind === 'deny' ? 'flush-deny' : 'flush-allow', () => {
      flushAcl(session.transport, kind, { af, proto, vaddr: addr, vport: port });
    });
  };
}

export const flushDeny = flushList('deny');
export const flushAllow = flushList('allow');
