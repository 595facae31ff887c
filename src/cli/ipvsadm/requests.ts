// SPDX-License-Identifier: Apache-2.0
// From the values of a command line to what is asked of the daemon.
import type { Transport } from '../../ipc/client';
import { addAclEntry, changeAcl, deleteAclEntry, type AclKind, type AclService } from '../../ipc/messages/acl';
import { fwdMode, type DestSpec } from '../../ipc/messages/dest';
import type { LocalAddress } from '../../ipc/messages/laddr';
import type { AclSubjectEntry } from '../../ipc/messages/list';
import { svcFlags, type Service, type ServiceSpec } from '../../ipc/messages/service';
import { addressBits, AF_INET6, AF_UNSPEC, type Family } from '../parse/address';
import type { Endpoint } from '../parse/endpoint';
import { hostMask, parseNetmask } from '../parse/netmask';
import { IPPROTO } from '../parse/protocol';
import { serviceAddress, type AclSubject, type Arguments, type ServiceArgument, type Values } from './arguments';
import { checkSchedule, DEFAULT_SCHEDULER, isConhash } from './checks';
import { invalid } from './errors';
import { SCHED_FLAGS, schedFlagBits } from './sched-flags';

const HASH_FLAGS = svcFlags.IP_VS_SVC_F_SIP_HASH | svcFlags.IP_VS_SVC_F_QID_HASH;
const DEFAULT_WEIGHT = 1;

/** The service of commands that need one; the matrix has seen to it that it is there. */
export function requiredService(values: Readonly<Values>): ServiceArgument {
  if (values.service === undefined) throw new Error('a command that needs a service was run without one');
  return values.service;
}

/** What names a service in all requests. */
export function serviceKey(service: ServiceArgument): ServiceSpec {
  const { af, bytes } = serviceAddress(service);
  const key = { af, addr: bytes, netmask: hostMask(af), port: 0, fwmark: 0 };
  switch (service.kind) {
    case 'address':
      return { ...key, proto: service.proto, port: service.port };
    case 'fwmark':
      return { ...key, proto: IPPROTO.tcp, fwmark: service.mark };
    case 'match':
      return { ...key, proto: service.proto, match: service.match, flags: svcFlags.IP_VS_SVC_F_MATCH };
  }
}

function netmask(text: string, service: ServiceArgument): number {
  const mask = parseNetmask(text, service.af);
  if (mask !== null) return mask;
  throw invalid(
    service.af === AF_INET6 ? 'illegal ipv6 netmask specified' : 'illegal virtual server persistent mask specified',
  );
}

/** The members of a service that options change. */
export type Attributes = Required<
  Pick<
    Service,
    'flags' | 'timeout' | 'conn_timeout' | 'netmask' | 'sched_name' | 'proxy_protocol' | 'check_conf' | 'limit_proportion'
  >
> &
  Pick<Service, 'conn_limit'>;

function schedule(attributes: Attributes, { scheduler, hashTarget, schedFlags }: Readonly<Values>): void {
  if (scheduler !== undefined) {
    attributes.sched_name = scheduler;
    attributes.flags &= ~(HASH_FLAGS | SCHED_FLAGS);
    if (isConhash(scheduler)) attributes.flags |= svcFlags.IP_VS_SVC_F_SIP_HASH;
  }
  if (schedFlags !== undefined) attributes.flags = (attributes.flags & ~SCHED_FLAGS) | schedFlagBits(schedFlags, attributes.sched_name);
  if (hashTarget === undefined) return;
  attributes.flags &= ~HASH_FLAGS;
  attributes.flags |= hashTarget === 'qid' ? svcFlags.IP_VS_SVC_F_QID_HASH : svcFlags.IP_VS_SVC_F_SIP_HASH;
}

/** Puts what was given on top of `before`; what was not given stays. */
function applyAttributes(before: Attributes, { values, given }: Arguments): Attributes {
  const after = { ...before };
  schedule(after, values);
  if (values.persistent !== undefined) {
    after.flags |= svcFlags.IP_VS_SVC_F_PERSISTENT;
    after.timeout = values.persistent;
  }
  if (values.netmask !== undefined) after.netmask = netmask(values.netmask, requiredService(values));
  if (values.synproxy === true) after.flags |= svcFlags.IP_VS_SVC_F_SYNPROXY;
  if (values.synproxy === false) after.flags &= ~svcFlags.IP_VS_SVC_F_SYNPROXY;
  if (given.has('ops')) after.flags |= svcFlags.IP_VS_SVC_F_ONEPACKET;
  if (given.has('expire-quiescent')) after.flags |= svcFlags.IP_VS_SVC_F_EXPIRE_QUIESCENT;
  if (given.has('quic')) after.flags |= svcFlags.IP_VS_SVC_F_QUIC;
  if (values.connTimeout !== undefined) after.conn_timeout = values.connTimeout;
  if (values.connLimit !== undefined) after.conn_limit = values.connLimit;
  if (values.limitProportion !== undefined) after.limit_proportion = values.limitProportion;
  if (values.proxyProtocol !== undefined) after.proxy_protocol = values.proxyProtocol;
  if (values.destCheck !== undefined) after.check_conf = values.destCheck;
  return after;
}

/** A service with all that options set. */
export type WholeService = ServiceSpec & Attributes;

/** The request of -A. @throws UsageError when the mask does not fit the service */
export function newService(args: Arguments): WholeService {
  const key = serviceKey(requiredService(args.values));
  const empty: Attributes = {
    flags: key.flags ?? 0,
    timeout: 0,
    conn_timeout: 0,
    netmask: key.netmask ?? 0,
    sched_name: DEFAULT_SCHEDULER,
    proxy_protocol: 0,
    limit_proportion: 0,
    check_conf: {
      types: 0,
      dest_down_notice_num: 0,
      dest_up_notice_num: 0,
      dest_down_wait: 0,
      dest_inhibit_min: 0,
      dest_inhibit_max: 0,
    },
  };
  return { ...key, ...applyAttributes(empty, args) };
}

/**
 * The request of -E: the service as it is, with what was given changed.
 * @throws UsageError when what was given does not fit it
 */
export function mergedService<T extends WholeService>(current: T, args: Arguments): T {
  checkSchedule(args.values, args.values.scheduler ?? current.sched_name);
  return { ...current, ...applyAttributes(current, args) };
}

/** Direct routing and tunnels do not change the port. */
function keepsPort(mode: number): boolean {
  return mode === fwdMode.DPVS_FWD_MODE_DR || mode === fwdMode.DPVS_FWD_MODE_TUNNEL;
}

/** The server of -a, -e and -d with the service as these requests carry it. */
export function serverRequest(args: Arguments): { readonly service: ServiceSpec; readonly dest: DestSpec } {
  const { values, command } = args;
  const named = requiredService(values);
  const server = values.realServer;
  if (server === undefined) throw new Error('a command that needs a server was run without one');
  const mode = values.forwarding ?? fwdMode.DPVS_FWD_MODE_DR;
  const servicePort = named.kind === 'address' ? named.port : 0;
  const deletes = command.id === 'delete-server';
  const forced = !deletes && named.kind !== 'fwmark' && keepsPort(mode);
  const key = serviceKey(named);
  return {
    // The flags carry the mode here, which daemons do not look at; it keeps the bytes those of upstream.
    service: deletes ? key : { ...key, flags: mode },
    dest: {
      af: server.af,
      addr: server.bytes,
      port: forced ? servicePort : (server.port ?? servicePort),
      weight: values.weight ?? DEFAULT_WEIGHT,
      conn_flags: mode,
      fwdmode: mode,
      max_conn: values.upperThreshold ?? 0,
      min_conn: values.lowerThreshold ?? 0,
    },
  };
}

/** What tells a server from others of its service. */
export interface ServerKey {
  readonly af: number;
  readonly addr: Uint8Array;
  readonly port: number;
}

/** The server that an option names; without port: that of the service. */
export function serverKey(server: Endpoint | undefined, { values }: Arguments): ServerKey {
  if (server === undefined) throw new Error('a command that needs a server was run without one');
  const service = requiredService(values);
  const servicePort = service.kind === 'address' ? service.port : 0;
  return { af: server.af, addr: server.bytes, port: server.port ?? servicePort };
}

/** The local address of -P and -Q. */
export function localAddress({ localAddress: address, ifname }: Readonly<Values>): LocalAddress {
  if (address === undefined || ifname === undefined) throw new Error('a command that needs a local address was run without one');
  return { af: address.af, addr: address.bytes, ifname };
}

/** The service as entries of deny and allow lists name it. */
export function aclOwner({ af = AF_UNSPEC, proto = 0, addr: vaddr = new Uint8Array(16), port: vport = 0 }: ServiceSpec): AclService {
  return { af, proto, vaddr, vport };
}

/** An entry as lists have it. */
export function aclSubject(subject: AclSubject): AclSubjectEntry {
  if ('ipset' in subject) return { subject: { af: AF_UNSPEC, addr: new Uint8Array(16), plen: 0 }, ipset: subject.ipset };
  const { address: { af, bytes }, prefix } = subject; // prettier-ignore
  return { subject: { af, addr: bytes, plen: prefix ?? addressBits(af) }, ipset: '' };
}

/** True for networks, which only DS_MSG_ACL has room for. */
export function isNetwork({ subject, ipset }: AclSubjectEntry): boolean {
  return ipset === '' && subject.plen < addressBits(subject.af as Family);
}

/** Adds an entry to a list, or deletes it. @throws as Transport.request */
export function changeList(transport: Transport, kind: AclKind, action: 'add' | 'del', owner: AclService, entry: AclSubjectEntry): void {
  if (isNetwork(entry)) {
    changeAcl(transport, kind, action, owner, entry.subject);
    return;
  }
  const spec = entry.ipset === '' ? { ...owner, subject: entry.subject.addr } : { ...owner, ipset: entry.ipset };
  if (action === 'add') addAclEntry(transport, kind, spec);
  else deleteAclEntry(transport, kind, spec);
}
