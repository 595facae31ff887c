// SPDX-License-Identifier: Apache-2.0
// Command lines that were recorded with DPVS v1.10: the same requests, the same text, the same exit status.
import { describe, expect, test } from 'vitest';
import { DaemonError, type RequestType } from '../../../src/ipc/client';
import { loadVectors, vectorAreas, type Exchange, type Vector } from '../../support/vectors';
import { VectorTransport } from '../../support/vector-transport';
import { dpip } from './run';

interface Deviation {
  readonly why: string;
  readonly exitCode: number;
  readonly stdout: string;
}

/** Where we are better than what was recorded, on purpose. */
const DEVIATIONS: Readonly<Record<string, Deviation>> = {
  'real/008-dpip-link-set-dpdk9-promisc-on': { why: 'a refused change is a failure', exitCode: 1, stdout: '' },
  'real/023-dpip-route-show-dev-dpdk0': {
    why: 'a filtered reply may be longer than its entries',
    exitCode: 0,
    stdout:
      'inet 192.168.100.1/32 via 0.0.0.0 src 0.0.0.0 dev dpdk0 mtu 1500 tos 0 scope host metric 0 proto auto \n' +
      'inet 192.168.100.254/32 via 0.0.0.0 src 0.0.0.0 dev dpdk0 mtu 1500 tos 0 scope host metric 0 proto auto \n' +
      'inet 192.168.100.0/24 via 0.0.0.0 src 192.168.100.1 dev dpdk0 mtu 1500 tos 0 scope link metric 0 proto auto \n' +
      'inet 0.0.0.0/0 via 192.168.100.2 src 0.0.0.0 dev dpdk0 mtu 1500 tos 0 scope global metric 0 proto auto \n',
  },
  'real/037-dpip-vlan-show-link-dpdk0': {
    why: 'listings go to stdout',
    exitCode: 0,
    stdout: 'dpdk0.100 link dpdk0 proto 802.1q id 100\n',
  },
  'real/038-dpip-vlan-show-dpdk0-100': {
    why: 'listings go to stdout',
    exitCode: 0,
    stdout: 'dpdk0.100 link dpdk0 proto 802.1q id 100\n',
  },
};

/** Merges with what the daemon has, which needs a request that was not recorded; test/unit/dpip/tunnel.test.ts has it. */
const ELSEWHERE = ['real/044-dpip-tunnel-change-tun1-ttl-32'];

const LIST_SETS = 105;

/** The recorded tool listed sets twice, and once before it destroyed or flushed one. We do not. */
function withoutNeedless(vector: Vector): Exchange[] {
  const verb = vector.command.find((word) => ['show', 'destroy', 'flush'].includes(word));
  if (vector.command.includes('ipset') && (verb === 'destroy' || verb === 'flush')) {
    return vector.exchanges.filter((exchange) => exchange.id !== LIST_SETS);
  }
  return vector.command.includes('ipset') && verb === 'show' ? vector.exchanges.slice(0, 1) : [...vector.exchanges];
}

const PORT_BASIC = 61;

/** Before a tunnel is made we ask for its device, which was not recorded: a daemon that cannot say is trusted. */
class Replay extends VectorTransport {
  constructor(private readonly exchanges: readonly Exchange[]) {
    super({ exchanges });
  }

  override request(id: number, type: RequestType, body?: Uint8Array): Buffer {
    if (id === PORT_BASIC && !this.exchanges.some((exchange) => exchange.id === id)) throw new DaemonError(id, -14, 'not support');
    return super.request(id, type, body);
  }
}

async function replay(vector: Vector): Promise<{ code: number; stdout: string; stderr: string; left: number }> {
  const transport = new Replay(withoutNeedless(vector));
  const result = await dpip(vector.command.slice(1), transport);
  return { ...result, left: transport.left };
}

function recorded(area: string): void {
  for (const vector of loadVectors(area)) {
    if (ELSEWHERE.includes(vector.name)) continue;
    const deviation = DEVIATIONS[vector.name];
    test(deviation === undefined ? vector.name : `${vector.name}: ${deviation.why}`, async () => {
      const { code, stdout, stderr, left } = await replay(vector);
      expect({ code, stdout, left }).toEqual({
        code: deviation?.exitCode ?? vector.exitCode,
        stdout: deviation?.stdout ?? vector.stdout,
        left: 0,
      });
      if (deviation === undefined && vector.exitCode !== 0) expect(stderr.split('\n')[0]).toBe(vector.stderr.split('\n')[0]);
    });
  }
}

/** Areas that a describe below plays. */
const played: string[] = [];

function play(area: string): () => void {
  played.push(area);
  return () => {
    recorded(area);
  };
}

// Each of them is a reply of DPVS v1.10, or one that is made like it, and what its own command printed.
describe('DP-023 DP-024 DP-025 DP-026 DP-028 DP-030 DP-110 addr', play('dpip-addr'));
describe('DP-033 DP-034 DP-035 DP-036 DP-042 DP-110 route', play('dpip-route'));
describe('DP-045 DP-046 DP-110 neigh', play('dpip-neigh'));
describe('DP-049 DP-050 DP-053 DP-054 DP-055 DP-056 DP-057 DP-058 DP-059 DP-060 DP-110 link', play('dpip-link'));
describe('DP-065 DP-067 DP-068 DP-070 DP-110 vlan', play('dpip-vlan'));
describe('DP-071 DP-073 DP-076 DP-110 tunnel', play('dpip-tunnel'));
describe('DP-077 DP-081 DP-082 DP-084 DP-110 qsch', play('dpip-qsch'));
describe('DP-086 DP-087 DP-088 DP-089 DP-110 cls', play('dpip-cls'));
describe('DP-091 DP-092 DP-094 DP-095 DP-097 DP-110 ipset', play('dpip-ipset'));
describe('DP-101 DP-110 flow', play('dpip-flow'));
describe('DP-103 DP-110 maddr', play('dpip-maddr'));
describe('DP-104 DP-110 lldp', play('dpip-lldp'));
describe('DP-105 DP-110 ipv6', play('dpip-ipv6'));
describe('DP-106 DP-107 DP-110 iftraf', play('dpip-iftraf'));
describe('DP-108 DP-110 eal-mem', play('dpip-eal-mem'));

test('all areas are played', () => {
  expect(vectorAreas().filter((name) => name.startsWith('dpip-')).toSorted()).toEqual(played.toSorted());
});

describe('protocol', () => {
  const recorded = loadVectors('protocol').filter((vector) => vector.command?.[0] === 'dpip');
  test.each(recorded.filter((vector) => vector.exchanges.length > 0).map((vector) => [vector.name, vector] as const))(
    '%s',
    async (_name, vector) => {
      const { code, stdout } = await replay(vector);
      expect({ code, stdout }).toEqual({ code: vector.exitCode, stdout: vector.stdout });
    },
  );
});
