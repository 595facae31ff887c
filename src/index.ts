// SPDX-License-Identifier: Apache-2.0
// The package's API (docs/api.md): `import { DpvsClient } from 'dpvs-suite'`.
export { DpvsClient } from './api/client';
export type { BatchReport, BatchSettings, ClientOptions, DaemonDescription, ServiceListOptions, WatchOptions } from './api/client';
export type { Changes } from './api/changes';
export type { Connection, ConnectionCount, ConnectionDetails, ConnectionFilter, Endpoint } from './api/connections';
export type { AddressKey, MarkKey, MatchKey, ServiceKey } from './api/key';
export type { DeviceAddress, Link, NeighbourEntry, Route, RouteScope } from './api/network';
export type {
  AccessEntry,
  Counters,
  Forwarding,
  LocalAddress,
  ProxyProtocol,
  Rates,
  Server,
  ServerKey,
  ServerOptions,
  ServiceFilter,
  ServiceOptions,
  ServiceState,
  VirtualService,
} from './api/service';
export type { ServerStatistics, ServiceStatistics, Statistics, StatisticsChange } from './api/statistics';
export { ArgumentError, type Family, type Protocol } from './api/values';
export { AddonError, ClosedError, ConnectError, DaemonError, IpcError, ProtocolError, TimeoutError, type RequestType, type Transport } from './ipc/client';
export type { AclKind } from './ipc/messages/acl';
export { BatchInterruptedError, BatchTooLargeError } from './ipc/messages/batch';
export { UnsupportedError } from './ipc/messages/capabilities';
export type { Drop } from './ipc/messages/drops';
