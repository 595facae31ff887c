// SPDX-License-Identifier: Apache-2.0
// Frames and packets that are not for one host, and what devices say of checksums.
import { describe, expect, test } from 'vitest';
import { multicastMac } from '../harness/addresses';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { numberOf } from '../harness/dissect';
import { ethernet, icmp6Echo, icmpEcho, ip, udp, uoa } from '../harness/frames';
import { CLIENTS, configureService, families, fromClient, fromServer, mac, SERVERS, startWorld, toClient, toServer, v4, type Family } from './topology';

stopDaemonsAfterEach();

const PORT = 53;
const forwarding = { conf: { ipv4_defs: ['forwarding on'], ipv6_defs: ['forwarding on'] } };
const question = udp({ sport: 5000, dport: PORT, payload: 'question' });

function to(dstMac: string, f: Family, dst: string, l4 = question): Buffer {
  return ethernet({ src: mac.client, dst: dstMac }, ip({ src: f.client, dst, ttl: 64 }, l4));
}

/** Nothing comes of a frame on either side, and exactly one is dropped. */
function endsHere(c: Case, frame: Buffer): void {
  const before = [...c.drops().values()].reduce((a, b) => a + b, 0);
  c.send(CLIENTS, frame);
  expect([c.collect(CLIENTS), c.collect(SERVERS)]).toEqual([[], []]);
  expect([...c.drops().values()].reduce((a, b) => a + b, 0) - before).toBe(1);
}

describe.each(families)('$name', (f) => {
  const echo = f === v4 ? icmpEcho({ type: 'request', id: 1, seq: 1 }) : icmp6Echo({ type: 'request', id: 1, seq: 1 });
  const [everybody, group] = f === v4 ? ['255.255.255.255', '224.0.0.5'] : ['ff02::1', 'ff0e::77'];
  const groupMac = f === v4 ? '01:00:5e:00:00:05' : multicastMac(group);

  test('DPL-046 a service is reached by frames for the port only', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: PORT });
    for (const dst of [mac.broadcast, groupMac, '02:cc:00:00:00:01']) endsHere(c, to(dst, f, f.vip));
    expect(c.output('ipvsadm -lnc')).toBe('');
    c.send(CLIENTS, to(mac.port[0], f, f.vip));
    c.collectOne(SERVERS);
  });

  test('DPL-046 broadcast and multicast packets are neither forwarded nor answered with errors', async () => {
    const c = await startWorld(f, forwarding);
    c.run(`dpip ${f === v4 ? '' : '-6'} route add default via ${f.servers[0]} dev test1`);
    const everybodyMac = f === v4 ? mac.broadcast : multicastMac(everybody);
    for (const frame of [to(groupMac, f, group), to(everybodyMac, f, everybody), to(mac.port[0], f, group), to(mac.port[0], f, everybody)]) endsHere(c, frame);
    // A unicast packet in a frame for all hosts is for none (RFC 1812 5.3.4), and its time does not run out here.
    for (const dst of [mac.broadcast, groupMac]) {
      endsHere(c, to(dst, f, f.servers[0]));
      endsHere(c, ethernet({ src: mac.client, dst }, ip({ src: f.client, dst: f.servers[0], ttl: 1 }, question)));
    }
    c.send(CLIENTS, to(mac.port[0], f, f.servers[0]));
    c.collectOne(SERVERS);
  });

  test('DPL-046 echo requests to everybody are not answered', async () => {
    const c = await startWorld(f);
    if (f === v4) endsHere(c, to(mac.broadcast, f, '10.0.0.255', echo));
    endsHere(c, to(groupMac, f, group, echo));
  });

  test('DPL-047 packets are the same whether the device has looked at checksums or not', async () => {
    const seen: string[][] = [];
    for (const send of ['not', 'good'] as const) {
      const c = await startWorld(f);
      configureService(c, f, { proto: 'udp', port: PORT });
      const through = (port: number, frame: Buffer): void => {
        if (send === 'not') c.send(port, frame);
        else c.sendChecked(port, send, frame);
      };
      through(CLIENTS, fromClient(f, question));
      const out = c.collectOne(SERVERS);
      const lport = numberOf(out, 'udp.sport');
      const inner = { sport: lport, dport: PORT, payload: 'question' };
      expect(out.toString('hex')).toBe(toServer(f, uoa({ address: f.client, port: 5000 }, inner)).toString('hex'));
      through(SERVERS, fromServer(f, udp({ sport: PORT, dport: lport, payload: 'answer' })));
      const back = c.collectOne(CLIENTS);
      expect(back.toString('hex')).toBe(toClient(f, udp({ sport: PORT, dport: 5000, payload: 'answer' })).toString('hex'));
      through(CLIENTS, to(mac.port[0], f, f.vip, echo));
      seen.push([back, c.collectOne(CLIENTS)].map((frame) => frame.toString('hex')));
    }
    expect(seen[1]).toEqual(seen[0]);
  });
});

test('DPL-047 a wrong header checksum is found, also when the device says that it is wrong', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: PORT });
  const wrong = fromClient(v4, question);
  wrong.writeUInt16BE(wrong.readUInt16BE(24) ^ 0x0101, 24);
  c.expectDrops({ ip4_checksum: 2 }, () => {
    c.send(CLIENTS, wrong);
    c.sendChecked(CLIENTS, 'bad', wrong);
  });
  c.expectNothing();
});
