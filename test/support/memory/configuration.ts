// SPDX-License-Identifier: Apache-2.0
// What the daemon in memory is configured with, and the set requests that change it, with the codes of dpvs.
import { decode, EDPVS, encode, MSG, type Structs } from '../../../src/ipc/codec';
import { decodeListed, type Service } from '../../../src/ipc/messages/service';

export type StoredDest = Structs['dp_vs_dest_compat'];
/** An entry of a deny or allow list; `plen` bits of the subject count. */
export type StoredAcl = Structs['dp_vs_blklst_conf'] & { plen: number };
export type StoredAddress = Structs['inet_addr_entry'];

export interface StoredLaddr {
  af: number;
  addr: Uint8Array;
  ifname: string;
  conflicts: bigint;
  nconns: number;
}

export interface StoredService {
  /** Never used again. */
  serial: bigint;
  service: Service;
  dests: StoredDest[];
  laddrs: StoredLaddr[];
}

export type AclLists = Readonly<Record<'deny' | 'allow', StoredAcl[]>>;

type ServiceKey = Pick<Service, 'af' | 'proto' | 'addr' | 'port' | 'fwmark' | 'match'>;

const { EDPVS_OK, EDPVS_INVAL, EDPVS_EXIST, EDPVS_NOTEXIST, EDPVS_NOTSUPP, EDPVS_NOSERV } = EDPVS;
const PROTOCOLS = [6, 17, 132, 1, 58];
const FAMILIES = [2, 10];
const FLAG_HASHED = 0x2;
const CONN_F_INACTIVE = 0x200;
const FWD_MASK = 7;

/** IPv4 addresses have 12 bytes without meaning. */
function clean(af: number, addr: Uint8Array): Uint8Array {
  return Uint8Array.from(addr, (byte, i) => (af === 10 || i < 4 ? byte : 0));
}

function isAny(addr: Uint8Array): boolean {
  return addr.every((byte) => byte === 0);
}

function hex(addr: Uint8Array): string {
  return Buffer.from(addr).toString('hex');
}

function matchBytes(af: number, match: Service['match']): Buffer {
  const family = match.af === 0 ? af : match.af;
  const range = (r: Service['match']['srange']): Service['match']['srange'] => ({ ...r, min_addr: clean(family, r.min_addr), max_addr: clean(family, r.max_addr) });
  return encode('dp_vs_match', { ...match, af: 0, srange: range(match.srange), drange: range(match.drange) });
}

/** Names a service: by mark, by address, or by match; null when it is none of these. */
export function keyOf(service: ServiceKey): string | null {
  const { af, proto, port, fwmark, match } = service;
  if (!PROTOCOLS.includes(proto) || !FAMILIES.includes(af)) return null;
  if (fwmark !== 0) return `mark ${af} ${fwmark}`;
  const addr = clean(af, service.addr);
  if (!isAny(addr) || port !== 0) return `addr ${af} ${proto} ${hex(addr)} ${port}`;
  const bytes = matchBytes(af, match);
  return isAny(bytes) ? null : `match ${af} ${proto} ${match.af === 0 ? af : match.af} ${bytes.toString('hex')}`;
}

export interface ConfigurationOptions {
  /** Names of schedulers; others do not exist. */
  readonly schedulers: readonly string[];
  /** Names of devices; null: any. */
  readonly devices: readonly string[] | null;
}

export class Configuration {
  readonly services = new Map<string, StoredService>();
  readonly acls: AclLists = { deny: [], allow: [] };
  addresses: StoredAddress[] = [];
  #serial = 0n;

  constructor(readonly options: ConfigurationOptions) {}

  /** A copy that shares nothing. */
  clone(): Configuration {
    const copy = new Configuration(this.options);
    for (const [key, stored] of this.services) copy.services.set(key, structuredClone(stored));
    copy.acls.deny.push(...structuredClone(this.acls.deny));
    copy.acls.allow.push(...structuredClone(this.acls.allow));
    copy.addresses = structuredClone(this.addresses);
    copy.#serial = this.#serial;
    return copy;
  }

  /** In the order in which dpvs lists them: by address, by mark, by match, each as they came. */
  list(): StoredService[] {
    const kinds = ['addr', 'mark', 'match'];
    return kinds.flatMap((kind) => [...this.services].filter(([key]) => key.startsWith(`${kind} `)).map(([, stored]) => stored));
  }

  /** The service of a key, or the code of its absence. */
  find(key: ServiceKey, missing: number): StoredService | number {
    const name = keyOf(key);
    if (name === null) return EDPVS_INVAL;
    const stored = this.services.get(name);
    return stored?.service.proto === key.proto ? stored : missing;
  }

  /** Entries of a list that belong to a service; those of marks and matches share the any-address. */
  aclsOf(kind: 'deny' | 'allow', { af, proto, addr, port }: Pick<Service, 'af' | 'proto' | 'addr' | 'port'>): StoredAcl[] {
    return this.acls[kind].filter((e) => e.af === af && e.proto === proto && e.vport === port && hex(e.vaddr) === hex(addr));
  }

  /** Executes a set request. @returns its code */
  apply(id: number, body: Buffer): number {
    const handler = HANDLERS[id];
    if (handler === undefined) return EDPVS_NOTSUPP;
    try {
      return handler(this, body);
    } catch {
      return EDPVS_INVAL; // too short
    }
  }

  add(service: Service): number {
    const key = keyOf(service);
    if (key === null) return EDPVS_INVAL;
    if (this.services.has(key)) return EDPVS_EXIST;
    if (!this.options.schedulers.includes(service.sched_name)) return EDPVS_NOTEXIST;
    this.#serial += 1n;
    this.services.set(key, { serial: this.#serial, service: stored(service), dests: [], laddrs: [] });
    return EDPVS_OK;
  }

  remove(service: StoredService): void {
    this.services.delete(keyOf(service.service) ?? '');
    for (const kind of ['deny', 'allow'] as const) {
      const gone = this.aclsOf(kind, service.service);
      this.acls[kind].splice(0, Infinity, ...this.acls[kind].filter((entry) => !gone.includes(entry)));
    }
  }
}

const NO_STATS = { conns: 0n, inpkts: 0n, inbytes: 0n, outpkts: 0n, outbytes: 0n, cps: 0, inpps: 0, inbps: 0, outpps: 0, outbps: 0 };

/** A service as it is kept: flags as listed, counters from zero on. */
function stored(service: Service): Service {
  const { af, flags, addr } = service;
  return { ...service, addr: clean(af, addr), flags: flags | FLAG_HASHED, num_dests: 0, num_laddrs: 0, cid: 0, index: 0, stats: { ...NO_STATS } };
}

type Handler = (configuration: Configuration, body: Buffer) => number;

const addService: Handler = (configuration, body) => configuration.add(decodeListed(body, 0, body.length));

const editService: Handler = (configuration, body) => {
  const service = decodeListed(body, 0, body.length);
  const found = configuration.find(service, EDPVS_INVAL);
  if (typeof found === 'number') return found;
  const { conn_limit } = found.service;
  if (!configuration.options.schedulers.includes(service.sched_name)) return EDPVS_NOTEXIST;
  found.service = { conn_limit, ...stored(service), stats: found.service.stats };
  return EDPVS_OK;
};

const deleteService: Handler = (configuration, body) => {
  const found = configuration.find(decode('dp_vs_service_compat', body), EDPVS_INVAL);
  if (typeof found === 'number') return found;
  configuration.remove(found);
  return EDPVS_OK;
};

const flushServices: Handler = (configuration) => {
  for (const service of configuration.list()) configuration.remove(service);
  return EDPVS_OK;
};

function zero(service: StoredService): void {
  service.service.stats = { ...NO_STATS };
  for (const dest of service.dests) dest.stats = { ...NO_STATS };
}

const zeroService: Handler = (configuration, body) => {
  const service = decode('dp_vs_service_compat', body);
  const namesAll = service.fwmark === 0 && service.port === 0 && !FAMILIES.includes(service.af) && isAny(encode('dp_vs_match', service.match));
  if (namesAll) {
    configuration.list().forEach(zero);
    return EDPVS_OK;
  }
  const found = configuration.find(service, EDPVS_INVAL);
  if (typeof found === 'number') return found;
  zero(found);
  return EDPVS_OK;
};

interface DestRequest {
  readonly service: StoredService;
  readonly dest: StoredDest;
  /** Place of the one with the same address and port; -1: none. */
  readonly at: number;
}

function readDest(configuration: Configuration, body: Buffer): DestRequest | number {
  const { svc, dest: raw } = decode('dp_vs_service_dest', body);
  const service = configuration.find(svc, EDPVS_INVAL);
  if (typeof service === 'number') return service;
  if (!FAMILIES.includes(raw.af)) return EDPVS_INVAL;
  const addr = clean(raw.af, raw.addr);
  if (isAny(addr) || raw.fwdmode < 0 || raw.fwdmode > 6) return EDPVS_INVAL;
  const dest: StoredDest = {
    ...raw, addr, proto: 0, conn_flags: (raw.fwdmode & FWD_MASK) | CONN_F_INACTIVE, flags: 1 | (raw.flags & 4),
    actconns: 0, inactconns: 0, persistconns: 0, stats: { ...NO_STATS },
  }; // prettier-ignore
  const at = service.dests.findIndex((one) => one.af === dest.af && one.port === dest.port && hex(one.addr) === hex(addr));
  return { service, dest, at };
}

const addDest: Handler = (configuration, body) => {
  const request = readDest(configuration, body);
  if (typeof request === 'number') return request;
  if (request.at >= 0) return EDPVS_EXIST;
  if (request.dest.min_conn > request.dest.max_conn) return EDPVS_NOTSUPP;
  request.service.dests.unshift(request.dest);
  return EDPVS_OK;
};

const editDest: Handler = (configuration, body) => {
  const request = readDest(configuration, body);
  if (typeof request === 'number') return request;
  const { service, dest, at } = request;
  const old = service.dests[at];
  if (old === undefined) return EDPVS_NOTEXIST;
  if (dest.min_conn > dest.max_conn) return EDPVS_INVAL;
  const { stats, actconns, inactconns, persistconns } = old;
  service.dests[at] = { ...dest, stats, actconns, inactconns, persistconns };
  return EDPVS_OK;
};

const deleteDest: Handler = (configuration, body) => {
  const request = readDest(configuration, body);
  if (typeof request === 'number') return request;
  if (request.at < 0) return EDPVS_NOTEXIST;
  request.service.dests.splice(request.at, 1);
  return EDPVS_OK;
};

/** The service that a request for local addresses names. */
export function laddrService(configuration: Configuration, conf: Structs['dp_vs_laddr_conf']): StoredService | number {
  const { af_s: af, proto, vaddr: addr, vport: port, fwmark, match } = conf;
  return configuration.find({ af, proto, addr, port, fwmark, match }, EDPVS_NOSERV);
}

function changeLaddr(change: (service: StoredService, laddr: StoredLaddr, at: number, options: ConfigurationOptions) => number): Handler {
  return (configuration, body) => {
    const conf = decode('dp_vs_laddr_conf', body);
    const service = laddrService(configuration, conf);
    if (typeof service === 'number') return service;
    const addr = clean(conf.af_l, conf.laddr);
    if (!FAMILIES.includes(conf.af_l) || isAny(addr)) return EDPVS_INVAL;
    const at = service.laddrs.findIndex((one) => one.af === conf.af_l && hex(one.addr) === hex(addr));
    return change(service, { af: conf.af_l, addr, ifname: conf.ifname, conflicts: 0n, nconns: 0 }, at, configuration.options);
  };
}

const addLaddr = changeLaddr((service, laddr, at, { devices }) => {
  if (devices !== null && !devices.includes(laddr.ifname)) return EDPVS_NOTEXIST;
  if (at >= 0) return EDPVS_EXIST;
  service.laddrs.push(laddr);
  return EDPVS_OK;
});

const deleteLaddr = changeLaddr((service, _laddr, at) => {
  if (at < 0) return EDPVS_NOTEXIST;
  service.laddrs.splice(at, 1);
  return EDPVS_OK;
});

const deleteAllLaddrs: Handler = (configuration, body) => {
  const service = laddrService(configuration, decode('dp_vs_laddr_conf', body));
  if (typeof service === 'number') return service;
  service.laddrs.length = 0;
  return EDPVS_OK;
};

/** Bits behind a prefix do not count. */
function cut(addr: Uint8Array, plen: number): Uint8Array {
  return Uint8Array.from(addr, (byte, i) => byte & (0xff00 >> Math.min(Math.max(plen - 8 * i, 0), 8)));
}

/** Adds or deletes an entry; what is there already may be added again, as with DPVS. */
function changeList(list: StoredAcl[], entry: StoredAcl, adds: boolean): number {
  const bytes = encode('dp_vs_blklst_conf', entry);
  const at = list.findIndex((one) => one.plen === entry.plen && encode('dp_vs_blklst_conf', one).equals(bytes));
  if (!adds && at < 0) return EDPVS_NOTEXIST;
  if (adds && at < 0) list.push(entry);
  if (!adds) list.splice(at, 1);
  return EDPVS_OK;
}

const bitsOf = (af: number): number => (af === 10 ? 128 : 32);

function changeAcl(kind: 'deny' | 'allow', adds: boolean): Handler {
  return ({ acls }, body) => {
    const raw = decode('dp_vs_blklst_conf', body);
    const plen = raw.ipset === '' ? bitsOf(raw.af) : 0;
    return changeList(acls[kind], { ...raw, vaddr: clean(raw.af, raw.vaddr), subject: clean(raw.af, raw.subject), plen }, adds);
  };
}

const changeNetworkAcl: Handler = (configuration, body) => {
  const { vaddr, vport, proto, af, op, list, entry } = decode('ds_acl', body);
  const { subject, ipset } = entry;
  if (!FAMILIES.includes(af) || op < 1 || op > 3 || list < 1 || list > 2) return EDPVS_INVAL;
  const kind = list === 1 ? 'deny' : 'allow';
  const key = { vaddr: clean(af, vaddr), vport, proto, af };
  if (op === 3) {
    const gone = configuration.aclsOf(kind, { af, proto, addr: key.vaddr, port: vport });
    configuration.acls[kind].splice(0, Infinity, ...configuration.acls[kind].filter((one) => !gone.includes(one)));
    return EDPVS_OK;
  }
  if (ipset === '' && (subject.af !== af || subject.plen > bitsOf(af))) return EDPVS_INVAL;
  const stored = ipset === '' ? { subject: cut(subject.addr, subject.plen), plen: subject.plen } : { subject: new Uint8Array(16), plen: 0 };
  return changeList(configuration.acls[kind], { ...key, ...stored, ipset }, op === 1);
};

function flushList(kind: 'deny' | 'allow'): Handler {
  return ({ acls }, body) => {
    const { af, proto, vaddr, vport } = decode('dp_vs_blklst_conf', body);
    const isOf = (e: StoredAcl): boolean => e.af === af && e.proto === proto && e.vport === vport && hex(e.vaddr) === hex(clean(af, vaddr));
    acls[kind].splice(0, Infinity, ...acls[kind].filter((entry) => !isOf(entry)));
    return EDPVS_OK;
  };
}

function changeAddress(adds: boolean): Handler {
  return (configuration, body) => {
    const { ifa_entry: raw } = decode('inet_addr_param', body);
    const entry = { ...raw, addr: clean(raw.af, raw.addr) };
    const at = configuration.addresses.findIndex((one) => one.ifname === entry.ifname && one.af === entry.af && hex(one.addr) === hex(entry.addr));
    if (adds === at >= 0) return adds ? EDPVS_EXIST : EDPVS_NOTEXIST;
    if (adds) configuration.addresses.push(entry);
    else configuration.addresses.splice(at, 1);
    return EDPVS_OK;
  };
}

const HANDLERS: Readonly<Record<number, Handler>> = {
  [MSG.DPVS_SO_SET_ADD]: addService,
  [MSG.DPVS_SO_SET_EDIT]: editService,
  [MSG.DPVS_SO_SET_DEL]: deleteService,
  [MSG.DPVS_SO_SET_FLUSH]: flushServices,
  [MSG.DPVS_SO_SET_ZERO]: zeroService,
  [MSG.DPVS_SO_SET_ADDDEST]: addDest,
  [MSG.DPVS_SO_SET_EDITDEST]: editDest,
  [MSG.DPVS_SO_SET_DELDEST]: deleteDest,
  [MSG.SOCKOPT_SET_LADDR_ADD]: addLaddr,
  [MSG.SOCKOPT_SET_LADDR_DEL]: deleteLaddr,
  [MSG.SOCKOPT_SET_LADDR_FLUSH]: deleteAllLaddrs,
  [MSG.SOCKOPT_SET_BLKLST_FLUSH]: flushList('deny'),
  [MSG.SOCKOPT_SET_WHTLST_FLUSH]: flushList('allow'),
  [MSG.DS_MSG_ACL]: changeNetworkAcl,
  [MSG.SOCKOPT_SET_BLKLST_ADD]: changeAcl('deny', true),
  [MSG.SOCKOPT_SET_BLKLST_DEL]: changeAcl('deny', false),
  [MSG.SOCKOPT_SET_WHTLST_ADD]: changeAcl('allow', true),
  [MSG.SOCKOPT_SET_WHTLST_DEL]: changeAcl('allow', false),
  [MSG.SOCKOPT_SET_IFADDR_ADD]: changeAddress(true),
  [MSG.SOCKOPT_SET_IFADDR_DEL]: changeAddress(false),
};
