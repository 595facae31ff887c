// SPDX-License-Identifier: Apache-2.0
// The package's API with dpvs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DpvsClient } from '../../src/index';
import { apiContract } from '../contract/api-suite';
import { Daemon } from '../harness/daemon';

describe('the API with dpvs', () => {
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await new Daemon({ workers: 2 }).start();
  });

  afterAll(async () => {
    await daemon.stop();
  });

  apiContract(() => ({ transport: daemon.transport, device: 'test0', batches: true, acls: false, networks: false }));

  it('shows devices and their routes', () => {
    const client = new DpvsClient({ socket: daemon.socket, timeout: 10_000 });
    expect(client.links()).toMatchObject([{ name: 'test0', mtu: 1500, inPackets: 0n, mac: expect.stringMatching(/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/i) as string }]);
    client.addAddress({ address: '10.77.0.1/24', device: 'test0' });
    client.addRoute({ destination: '10.78.0.0/16', gateway: '10.77.0.2', device: 'test0' });
    expect(client.addresses('test0')).toContainEqual({ address: '10.77.0.1/24', device: 'test0', portPool: false });
    expect(client.routes()).toContainEqual(expect.objectContaining({ destination: '10.78.0.0/16', gateway: '10.77.0.2', device: 'test0' }));
    client.deleteRoute({ destination: '10.78.0.0/16', device: 'test0' });
    client.deleteAddress({ address: '10.77.0.1/24', device: 'test0' });
    expect(client.routes().some(({ destination }) => destination === '10.78.0.0/16')).toBe(false);
    client.addNeighbour({ address: '10.77.0.9', mac: '02:00:00:00:00:09', device: 'test0' });
    expect(client.neighbours('test0')).toContainEqual({ address: '10.77.0.9', mac: '02:00:00:00:00:09', device: 'test0', static: true });
  });
});
