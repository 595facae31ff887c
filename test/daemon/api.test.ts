// SPDX-License-Identifier: Apache-2.0
// The package's API with dpvs.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
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

  apiContract(() => ({ transport: daemon.transport, device: 'test0', batches: true, acls: true, networks: true }));

  it('runs the example: the busiest servers', async () => {
    const client = new DpvsClient({ socket: daemon.socket });
    const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
    client.addService(web);
    for (const last of [1, 2, 3]) client.addServer(web, { address: `10.0.0.${last}`, port: 8080 });
    const example = path.join(import.meta.dirname, '../../examples/top.mjs');
    const run = (...args: string[]): Promise<{ stdout: string }> => promisify(execFile)(process.execPath, [example, ...args]);
    const { stdout } = await run('--socket', daemon.socket, '--interval', '20', '--count', '2', '--lines', '2');
    const tables = stdout.trim().split('\n\n').map((table) => table.split('\n').map((line) => line.trim().split(/ +/)));
    expect(tables).toHaveLength(2);
    for (const [title, ...rows] of tables) {
      expect(title).toEqual(['SERVICE', 'SERVER', 'CONN/S', 'PKT/S', 'MBIT/S', 'ACTIVE']);
      expect(rows).toEqual([1, 2].map(() => ['192.0.2.1:80/tcp', expect.stringMatching(/^10\.0\.0\.[123]:8080$/) as string, '0', '0', '0.0', '0']));
    }
    await expect(run('--socket', '/nonexistent')).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^top: cannot connect to \/nonexistent: .*\n$/) as string });
  });

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
