// SPDX-License-Identifier: Apache-2.0
// Datagrams that the kernels of client and server cut and put together, through a director that does so in between. IPv6 only: the
// packet sockets of the lab's ports put IPv4 together before the daemon sees it, and cut off what is longer than their buffers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, until } from '../../scripts/lab/lab.mjs';
import { vipOf } from '../../scripts/lab/net.mjs';
import { routeThroughDirector } from '../../scripts/lab/servers.mjs';
import { addressCommands, serverAddresses, serviceCommands, vipCommands } from '../../scripts/lab/services.mjs';

const PORT = 7;
const CONF = 'ipvs_defs {\n    fragment_mode reassemble\n    udp {\n        uoa_max_trail 0\n    }\n}\n';
const SERVER = `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(('::', ${PORT}))
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data[::-1], peer)
`;
/** Sends datagrams of these lengths to an address, one at a time, and counts those that come back as the server is to send them. */
const CLIENT = `
import os, socket, sys
address, lengths = sys.argv[1], [int(word) for word in sys.argv[2:]]
s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
right = 0
for length in lengths:
    data = os.urandom(length)
    s.sendto(data, (address, ${PORT}))
    try:
        right += s.recv(65536) == data[::-1]
    except TimeoutError:
        pass
print(right)
`;

const LENGTHS = ['100', '1473', '4000', '9000', '65000', '200', '30000', '2000'];

describe.each([1, 2])('%i workers', (workers) => {
  let lab;
  beforeAll(async () => {
    lab = new Lab({ servers: 1, workers, queues: workers, conf: CONF });
    await lab.open({ web: false, configure: false });
    routeThroughDirector(lab, 'rs1');
    lab.start('rs1', 'python3', ['-c', SERVER]);
    const commands = addressCommands();
    for (const mode of ['FullNAT', 'NAT'])
      commands.push(...vipCommands(mode, 6), ...serviceCommands({ mode, af: 6, proto: 'udp', port: PORT, servers: serverAddresses(6, 1) }));
    lab.configureAtOnce(commands);
    await until('the echo server', () => lab.exec('rs1', 'python3', ['-c', CLIENT, '127.0.0.1', '10']).stdout.trim() === '1');
  }, 60_000);
  afterAll(() => lab?.close());

  it.each(['FullNAT', 'NAT'])('DPL-106 %s: datagrams of up to 65,000 bytes there and back', (mode) => {
    expect(lab.exec('client', 'python3', ['-c', CLIENT, vipOf(mode, 6), ...LENGTHS]).stdout.trim()).toBe(String(LENGTHS.length));
  });
});
