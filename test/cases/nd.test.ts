// SPDX-License-Identifier: Apache-2.0
// Neighbour discovery (RFC 4861).
import { describe, expect, test } from 'vitest';
import { startCase, stopDaemonsAfterEach } from '../harness/case';
import { dissect } from '../harness/dissect';
import { ethernet, ipv6, neighbourAdvertisement, neighbourSolicitation, udp, type Layer4 } from '../harness/frames';
import { CLIENTS, configureAddresses, mac, SERVERS, solicitedGroup, startWorld, v6 } from './topology';

stopDaemonsAfterEach();

const forwarding = { conf: { ipv6_defs: ['forwarding on'] } };

function solicit(target: string, l4?: Layer4, hopLimit = 255): Buffer {
  const group = solicitedGroup(target);
  const message = l4 ?? neighbourSolicitation({ target, sourceMac: mac.client });
  return ethernet({ src: mac.client, dst: group.mac }, ipv6({ src: v6.client, dst: group.ip, hopLimit }, message));
}

function advertisement(target: string): Buffer {
  const message = neighbourAdvertisement({ target, targetMac: mac.port[0], solicited: true, override: true });
  return ethernet({ src: mac.port[0], dst: mac.client }, ipv6({ src: target, dst: v6.client, hopLimit: 255 }, message));
}

function toUnknown(n: number): { readonly sent: Buffer; readonly forwarded: Buffer } {
  const l4 = udp({ sport: 1000, dport: 2000, payload: `packet ${n}` });
  const fields = { src: v6.client, dst: v6.servers[0] };
  return {
    sent: ethernet({ src: mac.client, dst: mac.port[0] }, ipv6({ ...fields, hopLimit: 64 }, l4)),
    forwarded: ethernet({ src: mac.port[1], dst: mac.server[0] }, ipv6({ ...fields, hopLimit: 63 }, l4)),
  };
}

describe('answers', () => {
  test('DPL-036 solicitations for own addresses, byte by byte', async () => {
    const c = await startCase();
    configureAddresses(c, v6);
    c.send(CLIENTS, solicit(v6.vip));
    c.expectFrames(CLIENTS, advertisement(v6.vip));
    c.send(CLIENTS, solicit(v6.port[0]));
    c.expectFrames(CLIENTS, advertisement(v6.port[0]));
    c.expectNothing();
  });

  test('DPL-036 no foreign targets, hop limits below 255, wrong codes or checksums', async () => {
    const c = await startCase();
    configureAddresses(c, v6);
    c.send(CLIENTS, solicit('2001:db8::77'));
    c.expectNothing();
    const target = v6.vip;
    c.expectDrops({ nd_malformed: 2 }, () => {
      c.send(CLIENTS, solicit(target, undefined, 254));
      c.send(CLIENTS, solicit(target, neighbourSolicitation({ target, sourceMac: mac.client, wrong: { code: 1 } })));
    });
    c.send(CLIENTS, solicit(target, neighbourSolicitation({ target, sourceMac: mac.client, wrong: { checksum: 0x1234 } })));
    c.expectNothing();
    expect(c.drops().get('icmp_checksum') ?? c.drops().get('nd_malformed')).toBeGreaterThan(0);
  });
});

test('DPL-031 DPL-036 resolves with a solicitation, keeps packets meanwhile and sends them in order', async () => {
  const c = await startCase(forwarding);
  configureAddresses(c, v6);
  const packets = [1, 2].map(toUnknown);
  c.send(CLIENTS, ...packets.map(({ sent }) => sent));
  const solicitation = c.collectOne(SERVERS);
  const group = solicitedGroup(v6.servers[0]);
  const message = neighbourSolicitation({ target: v6.servers[0], sourceMac: mac.port[1] });
  const expected = ethernet({ src: mac.port[1], dst: group.mac }, ipv6({ src: v6.port[1], dst: group.ip, hopLimit: 255 }, message));
  expect(dissect(solicitation)).toEqual(dissect(expected));

  const answer = neighbourAdvertisement({ target: v6.servers[0], targetMac: mac.server[0], solicited: true, override: true });
  const header = ipv6({ src: v6.servers[0], dst: v6.port[1], hopLimit: 255 }, answer);
  c.send(SERVERS, ethernet({ src: mac.server[0], dst: mac.port[1] }, header));
  c.expectFrames(SERVERS, ...packets.map(({ forwarded }) => forwarded));
  expect(c.output('dpip neigh show dev test1')).toMatch(/2001:db8:1::11 +mac: 02:bb:00:00:00:01 +state: REACHABLE/);
});

test('DPL-036 a duplicate address is detected', async () => {
  const c = await startCase();
  c.run(`dpip addr add ${v6.vip}/128 dev test0`);
  c.settle({ timers: true });
  const probe = c.collect(CLIENTS).find((frame) => dissect(frame).get('icmp.type') === 135);
  expect(dissect(probe ?? Buffer.alloc(14)).get('ip.src')).toBe('0:0:0:0:0:0:0:0');
  const defence = neighbourAdvertisement({ target: v6.vip, targetMac: mac.client, override: true });
  const header = ipv6({ src: v6.vip, dst: 'ff02::1', hopLimit: 255 }, defence);
  c.send(CLIENTS, ethernet({ src: mac.client, dst: '33:33:00:00:00:01' }, header));
  c.warp(6000);
  c.discard();
  c.send(CLIENTS, solicit(v6.vip));
  c.expectNothing();
});

test('DPL-031 an unanswered solicitation fails', async () => {
  const c = await startWorld(v6, forwarding);
  c.run(`dpip neigh del ${v6.servers[0]} dev test1`);
  c.expectDrops({ neigh_failed: 1 }, () => {
    c.send(CLIENTS, toUnknown(1).sent);
    c.warp(8000);
  });
});
