// SPDX-License-Identifier: Apache-2.0
// -L --prom: one scrape. Labels are those of the IPVS collector of node_exporter, where it has them.
import { destFlags, type Dest } from '../../../ipc/messages/dest';
import { formatIp } from '../../render/address';
import { NUMERIC } from '../../render/names';
import { EXIT_LIST } from '../errors';
import type { Entry } from '../inventory';
import { forwardingName, protocolText } from '../json/service';
import { versionText } from '../json/listing';
import { fetchShares } from '../lcores';
import { reportProblem, type Listing } from '../listing';
import { listedMatch } from '../match';
import { labelText, metricHead, type Labels, type Metric } from '../metrics';
import { serviceKind } from '../service-text';
import { serviceCounters, type Counters } from '../totals';

/** A line's labels, and what its values come from. */
interface Sample<T> {
  readonly labels: string;
  readonly of: T;
}

function counterMetrics<T>(prefix: string, of: string, counters: (from: T) => Counters): Metric<T>[] {
  const metric = (name: string, help: string, member: keyof Counters): Metric<T> => ({
    name: `${prefix}_${name}_total`,
    type: 'counter',
    help: `${help} of ${of}.`,
    value: (from) => counters(from)[member],
  });
  return [
    metric('connections', 'Connections', 'conns'),
    metric('incoming_packets', 'Packets from clients', 'inpkts'),
    metric('outgoing_packets', 'Packets to clients', 'outpkts'),
    metric('incoming_bytes', 'Bytes from clients', 'inbytes'),
    metric('outgoing_bytes', 'Bytes to clients', 'outbytes'),
  ];
}

const SERVICE_METRICS: readonly Metric<{ readonly dests: number; readonly counters: Counters }>[] = [
  { name: 'dpvs_service_servers', type: 'gauge', help: 'Real servers of a virtual service.', value: ({ dests }) => dests },
  ...counterMetrics('dpvs_service', 'a virtual service', (from: { readonly counters: Counters }) => from.counters),
];

function gauge(name: string, help: string, value: (dest: Dest) => number): Metric<Dest> {
  return { name: `dpvs_server_${name}`, type: 'gauge', help, value };
}

function flagged(flag: number): (dest: Dest) => number {
  return (dest) => ((dest.flags & flag) === 0 ? 0 : 1);
}

const SERVER_METRICS: readonly Metric<Dest>[] = [
  gauge('weight', 'Weight of a real server; 0 gets no new connections.', (dest) => dest.weight),
  gauge('active_connections', 'Established connections to a real server.', (dest) => dest.actconns),
  gauge('inactive_connections', 'Other connections to a real server.', (dest) => dest.inactconns),
  gauge('persistent_connections', 'Persistence templates of a real server.', (dest) => dest.persistconns),
  gauge('upper_threshold', 'Connections at which a real server is overloaded; 0 is never.', (dest) => dest.max_conn),
  gauge('lower_threshold', 'Connections at which an overloaded real server gets new ones again.', (dest) => dest.min_conn),
  gauge('inhibited', '1 while a real server is held back because of failures.', flagged(destFlags.DPVS_DEST_F_INHIBITED)),
  gauge('overloaded', '1 while a real server is above its upper threshold.', flagged(destFlags.DPVS_DEST_F_OVERLOAD)),
  ...counterMetrics('dpvs_server', 'a real server', (dest: Dest) => dest.stats),
];

function serviceLabels({ service }: Entry): Labels {
  const { af, proto, addr, port, fwmark, match } = service;
  return {
    proto: protocolText(proto).toUpperCase(),
    local_address: formatIp(af, addr),
    local_port: String(port),
    local_mark: String(fwmark),
    ...(serviceKind(service) === 'match' ? { match: listedMatch(proto, match, af) } : {}),
  };
}

/** Services and servers with their labels; what an lcore has carries its index. */
class Samples {
  readonly services: Sample<{ readonly dests: number; readonly counters: Counters }>[] = [];
  readonly servers: Sample<Dest>[] = [];

  /** @param lcore null: of all together */
  add(entry: Entry, lcore: number | null): void {
    const labels = { ...serviceLabels(entry), ...(lcore === null ? {} : { lcore: String(lcore) }) };
    this.services.push({ labels: labelText(labels), of: { dests: entry.dests.length, counters: serviceCounters(entry) } });
    for (const dest of entry.dests) {
      const remote = { remote_address: formatIp(dest.af, dest.addr), remote_port: String(dest.port), forward: forwardingName(dest.fwdmode) };
      this.servers.push({ labels: labelText({ ...labels, ...remote }), of: dest });
    }
  }
}

function collect(listing: Listing): { readonly samples: Samples; readonly listed: number; readonly status: number } | null {
  const { cpu } = listing.args.values;
  const samples = new Samples();
  let listed = 0;
  let status = 0;
  if (cpu === 'all') {
    const shared = fetchShares(listing);
    if (shared === null) return null;
    for (const { entry, shares } of shared.entries) {
      listed += 1;
      status = reportProblem(listing, entry, NUMERIC) || status;
      for (const share of shares) if (share.entry !== null) samples.add(share.entry, share.index);
    }
    return { samples, listed, status };
  }
  for (const entry of listing.entries) {
    listed += 1;
    status = reportProblem(listing, entry, NUMERIC) || status;
    samples.add(entry, cpu === undefined || cpu === 0 ? null : cpu);
  }
  return { samples, listed, status };
}

/** Lines of a metric stand together, as the format demands. */
export function printMetrics(listing: Listing): number {
  const { stdout } = listing.session;
  const collected = collect(listing);
  if (collected === null) return EXIT_LIST;
  const { samples, listed, status } = collected;
  stdout.write(metricHead({ name: 'dpvs_info', type: 'gauge', help: 'The daemon, by its version.' }));
  stdout.write(`dpvs_info${labelText({ version: versionText(listing.info) })} 1\n`);
  stdout.write(metricHead({ name: 'dpvs_services', type: 'gauge', help: 'Virtual services that are listed.' }));
  stdout.write(`dpvs_services ${listed}\n`);
  for (const metric of SERVICE_METRICS) {
    stdout.write(metricHead(metric));
    for (const { labels, of } of samples.services) stdout.write(`${metric.name}${labels} ${metric.value(of)}\n`);
  }
  for (const metric of SERVER_METRICS) {
    stdout.write(metricHead(metric));
    for (const { labels, of } of samples.servers) stdout.write(`${metric.name}${labels} ${metric.value(of)}\n`);
  }
  return status;
}
