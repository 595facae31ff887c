// SPDX-License-Identifier: Apache-2.0
// Everything that changes the balancer, sent at once (DpvsClient) or collected (DpvsClient.batch).
import { addressBits, compareAddress, type Family as WireFamily } from '../cli/parse/address';
import { DaemonError, type Transport } from '../ipc/client';
import { addAclEntry, changeAcl, deleteAclEntry, type AclKind } from '../ipc/messages/acl';
import { addAddress, ifaddrFlags, listAddresses, type AddressRecord, type AddressSpec } from '../ipc/messages/addr';
import { capabilities, MSG, requireMessage } from '../ipc/messages/capabilities';
import { addDest, deleteDest, editDest, type Dest } from '../ipc/messages/dest';
import { EDPVS } from '../ipc/messages/failures';
import { addLaddr, deleteLaddr } from '../ipc/messages/laddr';
import { fetchInventory } from '../ipc/messages/list';
import { addService, deleteService, editService, flushServices, getService, zeroService } from '../ipc/messages/service';
import { keyFilter, keyOf, keySpec, matchText, type ServiceKey } from './key';
import { DEFAULTS, SERVER_DEFAULTS, serverKeySpec, serverSpec, withOptions, type AccessEntry, type Attributes, type ServerKey, type ServerOptions, type ServiceOptions } from './service'; // prettier-ignore
import { addressOf, ArgumentError, familyName, nameOf, prefixOf } from './values';

const IFNAME_BYTES = 16;
const IPSET_BYTES = 32;

const NO_ATTRIBUTES: Attributes = { flags: 0, timeout: 0, conn_timeout: 0, netmask: 0, sched_name: '', proxy_protocol: 0 };

function portOfKey(key: ServiceKey): number {
  return 'port' in key ? key.port : 0;
}

/**
 * Changes of services. Each method checks its arguments (ArgumentError) before anything is sent. What the daemon refuses is
 * a DaemonError with its code: -3 exists already, -4 or -1 does not exist.
 */
export class Changes {
  /** Answers questions. */
  readonly #read: Transport;
  /** Takes changes. */
  readonly #write: Transport;
  /** Addresses that devices will have when a batch is sent. */
  readonly #provided = new Set<string>();

  /** @internal */
  constructor(read: Transport, write: Transport) {
    this.#read = read;
    this.#write = write;
  }

  /** Adds a service without servers. @throws DaemonError -3 it exists, -4 the daemon has no such scheduler */
  addService(key: ServiceKey, options: Partial<ServiceOptions> = {}): void {
    const spec = keySpec(key);
    const af = spec.af as WireFamily;
    const before = { ...NO_ATTRIBUTES, flags: spec.flags ?? 0 };
    addService(this.#write, { ...spec, ...withOptions(before, af, { ...DEFAULTS, ...withoutUndefined(options) }) });
  }

  /** Changes what is given of a service; the rest stays as the daemon has it now. @throws DaemonError */
  editService(key: ServiceKey, options: Partial<ServiceOptions>): void {
    const spec = keySpec(key);
    const now = getService(this.#read, spec);
    editService(this.#write, { ...now, ...withOptions(now, spec.af as WireFamily, withoutUndefined(options)) });
  }

  /** Deletes a service with all that belongs to it. @throws DaemonError -1 there is none */
  deleteService(key: ServiceKey): void {
    deleteService(this.#write, keySpec(key));
  }

  /** Deletes all services. */
  clear(): void {
    flushServices(this.#write);
  }

  /** Zeroes the counters of a service, or of all. */
  zero(key?: ServiceKey): void {
    zeroService(this.#write, key === undefined ? {} : keySpec(key));
  }

  /** Adds a server to a service. @throws DaemonError -1 no such service, -3 it has the server already */
  addServer(service: ServiceKey, server: ServerKey & Partial<ServerOptions>): void {
    const options = { ...SERVER_DEFAULTS, ...withoutUndefined(server) };
    addDest(this.#write, keySpec(service), serverSpec(server, portOfKey(service), options));
  }

  /** Changes what is given of a server; the rest stays as the daemon has it now. @throws DaemonError -4 there is none */
  editServer(service: ServiceKey, server: ServerKey & Partial<ServerOptions>): void {
    const spec = keySpec(service);
    const key = serverKeySpec(server, portOfKey(service));
    const now = this.#findDest(service, key);
    const weight = server.weight ?? now.weight;
    const changed = serverSpec(server, portOfKey(service), {
      weight,
      forwarding: server.forwarding ?? SERVER_DEFAULTS.forwarding,
      upperThreshold: server.upperThreshold ?? now.max_conn,
      lowerThreshold: server.lowerThreshold ?? now.min_conn,
    });
    const mode = server.forwarding === undefined ? { fwdmode: now.fwdmode, conn_flags: now.fwdmode } : {};
    // The flag that a health check sets stays as it is.
    editDest(this.#write, spec, { ...changed, ...mode, flags: now.flags });
  }

  /** @throws DaemonError -4 the service has no such server */
  deleteServer(service: ServiceKey, server: ServerKey): void {
    deleteDest(this.#write, keySpec(service), serverKeySpec(server, portOfKey(service)));
  }

  /**
   * Adds a local address to a service for FullNAT. A device that does not have the address gets it too.
   * @throws DaemonError -17 no such service, -3 it has the address already, -4 no such device
   */
  addLocalAddress(service: ServiceKey, { address, device }: { readonly address: string; readonly device: string }): void {
    const { af, bytes: addr } = addressOf('address', address);
    const ifname = nameOf('device', device, IFNAME_BYTES);
    const spec = keySpec(service);
    this.#provideAddress({ af, addr, ifname, plen: addressBits(af), flags: ifaddrFlags.IFA_F_SAPOOL });
    addLaddr(this.#write, spec, { af, addr, ifname });
  }

  /** Adds an address to its device unless it is there. */
  #provideAddress(address: AddressSpec & { readonly addr: Uint8Array; readonly ifname: string }): void {
    if (this.#write !== this.#read) return this.#provideInBatch(address);
    try {
      addAddress(this.#write, address);
    } catch (error) {
      if (!(error instanceof DaemonError) || error.code !== EDPVS.EDPVS_EXIST) throw error;
    }
  }

  /** In a batch an address that exists would be a failure, and end an atomic one. */
  #provideInBatch(address: AddressSpec & { readonly addr: Uint8Array; readonly ifname: string }): void {
    const { addr, ifname } = address;
    const name = `${ifname} ${addr.join('.')}`;
    if (this.#provided.has(name)) return;
    this.#provided.add(name);
    const { addresses } = listAddresses(this.#read, { ifname }, { verbose: false, stats: false });
    const isThere = ({ ifa_entry: entry }: AddressRecord): boolean =>
      entry.ifname === ifname && entry.af === address.af && compareAddress(entry.af, entry.addr, addr) === 0;
    if (!addresses.some(isThere)) addAddress(this.#write, address);
  }

  /** Takes a local address from a service; its device keeps it (deleteAddress). @throws DaemonError -17, -4 */
  deleteLocalAddress(service: ServiceKey, { address, device }: { readonly address: string; readonly device?: string }): void {
    const { af, bytes: addr } = addressOf('address', address);
    deleteLaddr(this.#write, keySpec(service), { af, addr, ifname: device === undefined ? '' : nameOf('device', device, IFNAME_BYTES) });
  }

  /**
   * Refuses clients of a service (deny), or serves only those on its list (allow). What is there already stays.
   * @throws UnsupportedError for networks where the daemon has single addresses only
   */
  addAccess(service: ServiceKey, kind: AclKind, entry: AccessEntry): void {
    this.#changeAccess(service, kind, 'add', entry);
  }

  /** @throws DaemonError -4 there is no such entry */
  deleteAccess(service: ServiceKey, kind: AclKind, entry: AccessEntry): void {
    this.#changeAccess(service, kind, 'del', entry);
  }

  #changeAccess(service: ServiceKey, kind: AclKind, action: 'add' | 'del', entry: AccessEntry): void {
    const { af, proto = 0, addr = new Uint8Array(16), port = 0 } = keySpec(service);
    const key = { af, proto, vaddr: addr, vport: port };
    const send = action === 'add' ? addAclEntry : deleteAclEntry;
    if ('ipset' in entry) {
      send(this.#write, kind, { ...key, ipset: nameOf('ipset', entry.ipset, IPSET_BYTES) });
      return;
    }
    const prefix = prefixOf('prefix', entry.prefix);
    if (prefix.af !== af) throw new ArgumentError('prefix', `an ${familyName(af)} address or network like the service`, entry.prefix);
    if (prefix.plen === addressBits(prefix.af as WireFamily)) {
      send(this.#write, kind, { ...key, subject: prefix.addr });
      return;
    }
    requireMessage(capabilities(this.#read), MSG.DS_MSG_ACL, `the network ${entry.prefix}`);
    changeAcl(this.#write, kind, action, key, prefix);
  }

  #findDest(service: ServiceKey, key: ReturnType<typeof serverKeySpec>): Dest {
    const { services } = fetchInventory(this.#read, { wanted: { dests: true }, filter: keyFilter(service) });
    const wanted = Buffer.from(key.addr ?? []);
    const name = matchText(keySpec(service).match);
    for (const listed of services) {
      if ('match' in service && matchText(keySpec(keyOf(listed.service)).match) !== name) continue;
      const found = listed.dests.find((dest) => dest.af === key.af && dest.port === key.port && wanted.equals(dest.addr));
      if (found !== undefined) return found;
    }
    throw new DaemonError(0, EDPVS.EDPVS_NOTEXIST, 'not exist');
  }
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
