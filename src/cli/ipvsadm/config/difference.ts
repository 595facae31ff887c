// SPDX-License-Identifier: Apache-2.0
// What has to be done to make a daemon hold what a file wants, and how that is shown.
import type { AclKind } from '../../../ipc/messages/acl';
import { deleteDest, editDest, addDest, type DestSpec } from '../../../ipc/messages/dest';
import type { LocalAddress } from '../../../ipc/messages/laddr';
import type { AclSubjectEntry } from '../../../ipc/messages/list';
import { addService, deleteService, editService, svcFlags } from '../../../ipc/messages/service';
import { listChange, NO_OPTIONS } from '../change';
import { hasOwnLists, ownerId } from '../identity';
import type { WholeService } from '../requests';
import { SCHED_FLAGS } from '../sched-flags';
import { listOf, type Configuration, type ServiceState } from './model';
import { addLocal, deleteLocal, leaveDevice, stepOf, type Step } from './operations';
import type { Operation } from './together';
import { ruleText, type Wanted, type WantedService } from './wanted';

/** A difference as people see it: rules that come, go, or take the place of others. */
export interface Difference {
  readonly sign: '+' | '-' | '~';
  readonly rule: string;
  /** The rule in whose place it comes. */
  readonly before: string | null;
  /** Of the file; null: of the daemon. */
  readonly where: string | null;
}

/**
 * What is added comes before what is deleted, so that no service is ever without; lists come before servers. Only services
 * that share their lists with others go first, because daemons may delete the lists with them.
 */
const STAGES = ['sharing-gone', 'service', 'laddr', 'list', 'server', 'edit', 'server-gone', 'laddr-gone', 'list-gone', 'service-gone'] as const;
type Stage = (typeof STAGES)[number];

export interface Differences {
  /** In the order of the file, then of the daemon. */
  readonly shown: readonly Difference[];
  /** In the order in which they are to be made. */
  readonly operations: readonly Operation<Difference>[];
}

/** Flags that rules set; others are the daemon's own. */
const SETTABLE =
  svcFlags.IP_VS_SVC_F_PERSISTENT | svcFlags.IP_VS_SVC_F_ONEPACKET | svcFlags.IP_VS_SVC_F_SYNPROXY | svcFlags.IP_VS_SVC_F_EXPIRE_QUIESCENT |
  svcFlags.IP_VS_SVC_F_QUIC | svcFlags.IP_VS_SVC_F_SIP_HASH | svcFlags.IP_VS_SVC_F_QID_HASH |
  SCHED_FLAGS; // prettier-ignore

/** The service as the daemon has it, with what rules say of it changed. */
function editedService(now: WholeService, wanted: WholeService): WholeService {
  const { timeout, conn_timeout, netmask, sched_name, proxy_protocol, check_conf, limit_proportion } = wanted;
  const { conn_limit: limit = 0 } = wanted;
  // A daemon that has no limits is not asked for one that is none.
  const limited = limit === (now.conn_limit ?? 0) ? {} : { conn_limit: limit };
  const flags = ((now.flags & ~SETTABLE) | (wanted.flags & SETTABLE)) >>> 0;
  return { ...now, flags, timeout, conn_timeout, netmask, sched_name, proxy_protocol, check_conf, limit_proportion, ...limited };
}

/** The server as the daemon has it, with what rules say of it changed. */
function editedDest(service: WholeService, now: DestSpec, wanted: DestSpec): DestSpec {
  const { weight, fwdmode, conn_flags, max_conn, min_conn } = wanted;
  // A server on the balancer itself is saved as one with direct routing, which does not make it one.
  const modeText = (dest: DestSpec): string => ruleText.server(service, { ...wanted, fwdmode: dest.fwdmode });
  const mode = modeText(now) === modeText(wanted) ? {} : { fwdmode, conn_flags };
  return { ...now, weight, max_conn, min_conn, ...mode };
}

class Comparison {
  readonly shown: Difference[] = [];
  readonly #operations = new Map<Stage, Operation<Difference>[]>(STAGES.map((stage) => [stage, []]));
  /** Changed as the daemon's will be. */
  readonly #now: Configuration;

  readonly #gone: readonly ServiceState[];
  /** Lists that a service that goes shares with others. */
  readonly #losing = new Set<string>();

  constructor(now: Configuration, wanted: Wanted) {
    this.#now = now;
    this.#gone = [...now.services].filter(([id]) => !wanted.services.has(id)).map(([, state]) => state);
    for (const { service } of this.#gone) if (!hasOwnLists(service)) this.#losing.add(ownerId(service));
  }

  #add(stage: Stage, difference: Difference, steps: readonly Step[]): void {
    this.shown.push(difference);
    this.#operations.get(stage)?.push({ of: difference, steps });
  }

  get operations(): Operation<Difference>[] {
    return STAGES.flatMap((stage) => this.#operations.get(stage) ?? []);
  }

  compareService(wanted: WantedService): void {
    const { service, where } = wanted;
    const rule = ruleText.service(service);
    let state = this.#now.find(service);
    if (state === undefined) {
      this.#add('service', { sign: '+', rule, before: null, where }, [{ action: 'add-service', request: (transport) => void addService(transport, service) }]);
      state = this.#now.put(service);
    } else {
      const before = ruleText.service(state.service);
      if (before !== rule) {
        const edited = editedService(state.service, service);
        this.#add('edit', { sign: '~', rule, before, where }, [{ action: 'edit-service', request: (transport) => void editService(transport, edited) }]);
      }
    }
    this.#compareServers(state, wanted);
    this.#compareLaddrs(state, wanted);
    for (const kind of ['deny', 'allow'] as const) this.#compareList(state, wanted, kind);
  }

  #compareServers({ service, servers }: ServiceState, wanted: WantedService): void {
    if (wanted.servers === null) return;
    for (const [id, { where, value }] of wanted.servers) {
      const rule = ruleText.server(service, value);
      const now = servers.get(id);
      if (now === undefined) {
        this.#add('server', { sign: '+', rule, before: null, where }, [{ action: 'add-dest', request: (transport) => void addDest(transport, service, value) }]);
        continue;
      }
      const before = ruleText.server(service, now);
      if (before === rule) continue;
      const edited = editedDest(service, now, value);
      this.#add('edit', { sign: '~', rule, before, where }, [{ action: 'edit-dest', request: (transport) => void editDest(transport, service, edited) }]);
    }
    for (const [id, dest] of servers) {
      if (wanted.servers.has(id)) continue;
      const gone: Difference = { sign: '-', rule: ruleText.server(service, dest), before: null, where: null };
      this.#add('server-gone', gone, [{ action: 'delete-dest', request: (transport) => void deleteDest(transport, service, dest) }]);
    }
  }

  /** With its device, which daemons of old do not tell. */
  #located(local: LocalAddress): LocalAddress {
    const { af, addr, ifname } = local;
    return ifname === '' ? { af, addr, ifname: this.#now.deviceOf(local) ?? '' } : { af, addr, ifname };
  }

  #compareLaddrs({ service, laddrs }: ServiceState, wanted: WantedService): void {
    if (wanted.laddrs === null) return;
    for (const [id, { where, value }] of wanted.laddrs) {
      const now = laddrs.get(id);
      const known = now === undefined ? null : this.#located(now);
      const rule = ruleText.laddr(service, value);
      if (known === null) this.#add('laddr', { sign: '+', rule, before: null, where }, addLocal(this.#now, service, value));
      else if (known.ifname !== value.ifname && known.ifname !== '' && !this.#now.hasDevice(value)) {
        const steps = [...deleteLocal(this.#now, service, known), ...addLocal(this.#now, service, value)];
        this.#add('edit', { sign: '~', rule, before: ruleText.laddr(service, known), where }, steps);
      }
    }
    for (const [id, local] of [...laddrs]) {
      if (wanted.laddrs.has(id)) continue;
      this.#goneLaddrs.push({ service, local: this.#located(local) });
    }
  }

  readonly #goneLaddrs: { readonly service: WholeService; readonly local: LocalAddress }[] = [];

  #compareList(state: ServiceState, wanted: WantedService, kind: AclKind): void {
    const list = wanted[kind];
    if (list === null) return;
    const { service } = state;
    const now = listOf(state, kind);
    const isLosing = !hasOwnLists(service) && this.#losing.has(ownerId(service));
    const add = (value: AclSubjectEntry): Step => stepOf(listChange(kind, 'add', service, value, NO_OPTIONS));
    for (const [id, { where, value }] of list) {
      if (now.has(id)) {
        // An entry may be added twice; nothing that is shown comes of it.
        const same: Difference = { sign: '+', rule: ruleText.entry(service, kind, value), before: null, where };
        if (isLosing) this.#operations.get('list')?.push({ of: same, steps: [add(value)] });
        continue;
      }
      now.set(id, value);
      this.#add('list', { sign: '+', rule: ruleText.entry(service, kind, value), before: null, where }, [add(value)]);
    }
    for (const [id, entry] of [...now]) {
      if (list.has(id)) continue;
      now.delete(id);
      const gone: Difference = { sign: '-', rule: ruleText.entry(service, kind, entry), before: null, where: null };
      this.#add('list-gone', gone, [...(isLosing ? [add(entry)] : []), stepOf(listChange(kind, 'del', service, entry, NO_OPTIONS))]);
    }
  }

  /** What is deleted last of all: only then it is known which addresses devices can do without. */
  finish(): void {
    for (const { service, local } of this.#goneLaddrs) {
      const steps = deleteLocal(this.#now, service, local);
      this.#add('laddr-gone', { sign: '-', rule: ruleText.laddr(service, local), before: null, where: null }, steps);
    }
    for (const { service } of this.#gone) this.#now.delete(service);
    for (const { service, laddrs } of this.#gone) {
      const difference: Difference = { sign: '-', rule: ruleText.service(service), before: null, where: null };
      const freed = [...laddrs.values()].flatMap((local) => leaveDevice(this.#now, this.#located(local)));
      const stage = hasOwnLists(service) ? 'service-gone' : 'sharing-gone';
      this.#add(stage, difference, [{ action: 'delete-service', request: (transport) => void deleteService(transport, service) }, ...freed]);
    }
  }
}

/** @param now is changed */
export function compare(now: Configuration, wanted: Wanted): Differences {
  const comparison = new Comparison(now, wanted);
  for (const service of wanted.services.values()) comparison.compareService(service);
  comparison.finish();
  const { shown, operations } = comparison;
  return { shown, operations };
}

/** What a rule was before, where it differs. */
function formerText({ rule, before }: Difference): string {
  if (before === null) return '';
  const [words, old] = [rule.split(' '), before.split(' ')];
  const at = words.findIndex((word, i) => word !== old[i]);
  // Options come in pairs with their values, behind the pairs that name the service and the server.
  const from = at < 0 ? words.length : at;
  const start = old[from - 1]?.startsWith('-') === true && old[from]?.startsWith('-') === false ? from - 1 : from;
  const former = old.slice(start).join(' ');
  return former === '' ? '   # was without' : `   # was ${former}`;
}

/** One line. */
export function differenceText(difference: Difference): string {
  return `${difference.sign} ${difference.rule}${formerText(difference)}`;
}
