// SPDX-License-Identifier: Apache-2.0
// The configuration of a daemon.
import { IpcError, type Transport } from '../../../ipc/client';
import { listAddresses } from '../../../ipc/messages/addr';
import { isUnsupported } from '../../../ipc/messages/failures';
import { fetchInventory, type ServiceFilter } from '../../../ipc/messages/list';
import { Configuration } from './model';

/** A configuration at one moment. */
export interface Fetched {
  readonly configuration: Configuration;
  /** Of the configuration; null when the daemon does not tell. */
  readonly generation: bigint | null;
}

/** Notes which addresses devices have; a daemon that has none to list has none. @throws as Transport.request */
function fetchDevices(transport: Transport, configuration: Configuration): void {
  try {
    configuration.addRecords(listAddresses(transport, {}, { verbose: false, stats: false }).addresses);
  } catch (error) {
    if (!(error instanceof IpcError) || !isUnsupported(error)) throw error;
  }
}

/**
 * All services that a filter lets through with all that belongs to them, and the addresses of devices.
 * @throws as fetchInventory; also when a part of a service cannot be had
 */
export function fetchConfiguration(transport: Transport, filter?: ServiceFilter): Fetched {
  const { generation, services } = fetchInventory(transport, { wanted: { dests: true, laddrs: true, acls: true, more: true }, filter });
  const configuration = new Configuration();
  for (const listed of services) {
    if (listed.problem !== null) throw listed.problem;
    configuration.put(listed.service, listed);
  }
  fetchDevices(transport, configuration);
  return { configuration, generation };
}
