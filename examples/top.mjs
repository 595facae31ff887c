// SPDX-License-Identifier: Apache-2.0
// The busiest real servers, again and again:  node examples/top.mjs [--interval MS] [--count N] [--lines N] [--socket PATH]
import { parseArgs } from 'node:util';
import { DpvsClient, IpcError } from 'dpvs-suite';

const { values } = parseArgs({
  options: {
    interval: { type: 'string', default: '1000' },
    count: { type: 'string', default: 'Infinity' },
    lines: { type: 'string', default: '10' },
    socket: { type: 'string' },
  },
});

/** 192.0.2.1:80/tcp, or what else names a service. */
function serviceName(service) {
  if ('fwmark' in service) return `mark ${service.fwmark}`;
  if ('match' in service) return `${service.match.source ?? 'any'} > ${service.match.destination ?? 'any'}`;
  return `${service.address}:${service.port}/${service.protocol}`;
}

function table(services, lines) {
  const servers = services.flatMap(({ service, servers: all }) => all.map((server) => ({ service, ...server })));
  const busiest = servers.sort((a, b) => b.rates.inBytes + b.rates.outBytes - a.rates.inBytes - a.rates.outBytes).slice(0, lines);
  const row = (...cells) => cells.map((cell, i) => (i < 2 ? String(cell).padEnd(28) : String(cell).padStart(12))).join('');
  return [
    row('SERVICE', 'SERVER', 'CONN/S', 'PKT/S', 'MBIT/S', 'ACTIVE'),
    ...busiest.map(({ service, address, port, rates, activeConnections }) =>
      row(
        serviceName(service),
        `${address}:${port}`,
        rates.connections.toFixed(0),
        (rates.inPackets + rates.outPackets).toFixed(0),
        (((rates.inBytes + rates.outBytes) * 8) / 1e6).toFixed(1),
        activeConnections,
      ),
    ),
  ].join('\n');
}

try {
  const client = new DpvsClient({ socket: values.socket });
  let left = Number(values.count);
  for await (const { services } of client.watch({ interval: Number(values.interval) })) {
    console.log(`${table(services, Number(values.lines))}\n`);
    left -= 1;
    if (left <= 0) break;
  }
} catch (error) {
  if (!(error instanceof IpcError)) throw error;
  console.error(`top: ${error.message}`);
  process.exitCode = 1;
}
