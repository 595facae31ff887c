// SPDX-License-Identifier: Apache-2.0
// -B and -W
import { listAclEntries, type AclEntry, type AclKind } from '../../../ipc/messages/acl';
import { filterOfService, matchesService } from '../../../ipc/messages/filter';
import { fetchInventory, hasInventory, type AclSubjectEntry } from '../../../ipc/messages/list';
import { listServices } from '../../../ipc/messages/service';
import { addressBits, type Family } from '../../parse/address';
import { formatEndpoint } from '../../render/address';
import { left } from '../../render/columns';
import { entriesByService } from '../acl-entries';
import { serviceAddress, type Arguments, type ServiceArgument } from '../arguments';
import { EXIT_LIST } from '../errors';
import { serviceFilter } from '../inventory';
import { ListDocument } from '../../runtime/document';
import { versionText } from '../json/listing';
import { serviceIdentity, subjectJson } from '../json/service';
import { serviceId } from '../lcores';
import { serviceKey } from '../requests';
import { protocolText, type ServiceIdentity } from '../service-text';
import { attempt, type Open, type Session } from '../session';
import { subjectName } from '../subject';

/** What is listed of a service. */
interface Holding {
  readonly service: ServiceIdentity;
  readonly subjects: readonly AclSubjectEntry[];
}

const TITLES: Readonly<Record<AclKind, string>> = { deny: 'BLACKLIST', allow: 'WHITELIST' };
const ACTIONS = { deny: 'get-deny', allow: 'get-allow' } as const;
const ANY_ADDRESS = new Uint8Array(16);
const ANY_RANGE = { min_addr: ANY_ADDRESS, max_addr: ANY_ADDRESS, min_port: 0, max_port: 0 };

function subjectOf({ af, subject, ipset }: AclEntry): AclSubjectEntry {
  return { subject: { af, addr: subject, plen: addressBits(af as Family) }, ipset };
}

/** The service of a command line, which need not be there. */
function identityOf(named: ServiceArgument): ServiceIdentity {
  const { af = 0, proto = 0, port = 0, fwmark = 0, flags = 0 } = serviceKey(named);
  const match = named.kind === 'match' ? named.match : { af, srange: ANY_RANGE, drange: ANY_RANGE, iifname: '', oifname: '' };
  return { af, proto, addr: serviceAddress(named).bytes, port, fwmark, flags, match };
}

/** As daemons tell that know networks, and which lists belong together. */
function listedHoldings(session: Session, kind: AclKind, args: Arguments): Holding[] | null {
  const only = args.values.service === undefined ? null : identityOf(args.values.service);
  const filter = only === null ? serviceFilter(args.values) : filterOfService(only);
  const holdings = attempt(session, 'get-services', () => {
    const { services } = fetchInventory(session.transport, { filter, wanted: { acls: true }, info: session.info() });
    return services.map((listed) => ({ service: listed.service, subjects: listed[kind] ?? [] }));
  });
  return only === null ? holdings : (holdings?.filter(({ service }) => serviceId(service) === serviceId(only)) ?? null);
}

/** One reply has the entries of all services. Those of services without address are shared, and told once. */
function legacyHoldings(session: Session, kind: AclKind, args: Arguments): Holding[] | null {
  const { transport } = session;
  const { service: named } = args.values;
  const services: readonly ServiceIdentity[] | null =
    named === undefined ? attempt(session, 'get-services', () => listServices(transport, 0, session.info()).services) : [identityOf(named)];
  if (services === null) return null;
  const entries = attempt(session, ACTIONS[kind], () => listAclEntries(transport, kind));
  if (entries === null) return null;
  const entriesOf = entriesByService(entries);
  const told = new Set<AclEntry>();
  return services.map((service) => {
    const fresh = entriesOf(service).filter((entry) => !told.has(entry));
    for (const entry of fresh) told.add(entry);
    return { service, subjects: fresh.map(subjectOf) };
  });
}

function fetch(session: Session, kind: AclKind, args: Arguments): Holding[] | null {
  const served = attempt(session, ACTIONS[kind], () => hasInventory(session.transport));
  if (served === null) return null;
  const filter = serviceFilter(args.values);
  const holdings = served ? listedHoldings(session, kind, args) : legacyHoldings(session, kind, args);
  return filter === undefined ? holdings : (holdings?.filter(({ service }) => matchesService(filter, service)) ?? null);
}

function row(proto: string, virtual: string, subject: string): string {
  return `${left(proto, 8)} ${left(virtual, 30)} ${left(subject, 30)}\n`;
}

/** The table of a list; the title stands even if it is empty. */
function aclTable(kind: AclKind, holdings: readonly Holding[]): string {
  const rows = holdings.flatMap(({ service: { af, proto, addr, port }, subjects }) => {
    const virtual = formatEndpoint(af, addr, port, proto);
    return subjects.map((subject) => row(protocolText(proto), virtual, subjectName(subject)));
  });
  return row('PROTO', 'VIP:VPORT', TITLES[kind]) + rows.join('');
}

function printJson(session: Session, kind: AclKind, args: Arguments, holdings: readonly Holding[]): void {
  const document = new ListDocument(session.stdout, { version: versionText(session.info()) }, 'services', args.given.has('pretty'));
  for (const { service, subjects } of holdings) {
    document.add({ ...serviceIdentity(service), [kind]: subjects.map(subjectJson) });
  }
  document.end();
}

export function list(kind: AclKind, args: Arguments, open: Open): number {
  const session = open();
  const holdings = fetch(session, kind, args);
  if (holdings === null) return EXIT_LIST;
  if (args.given.has('json')) printJson(session, kind, args, holdings);
  else session.stdout.write(aclTable(kind, holdings));
  return 0;
}
