// SPDX-License-Identifier: Apache-2.0
// Echo to the director's own addresses.
import { describe, test } from 'vitest';
import { stopDaemonsAfterEach } from '../harness/case';
import { ethernet, icmp6Echo, icmpEcho, ip, ipv4, type EchoFields, type Layer4 } from '../harness/frames';
import { CLIENTS, configureService, families, fromClient, mac, startWorld, toClient, v4, type Family } from './topology';

stopDaemonsAfterEach();

function echo(f: Family, fields: EchoFields): Layer4 {
  return f === v4 ? icmpEcho(fields) : icmp6Echo(fields);
}

describe.each(families)('echo over $name', (f) => {
  test('DPL-041 is answered by VIP, LIP and port address', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: 53 });
    for (const [seq, address] of [f.vip, f.lip, f.port[0]].entries()) {
      const fields = { id: 7, seq, payload: 'some bytes to give back' } as const;
      c.send(CLIENTS, fromClient(f, echo(f, { type: 'request', ...fields }), address));
      c.expectFrames(CLIENTS, toClient(f, echo(f, { type: 'reply', ...fields }), address));
    }
    c.expectNothing();
  });

  test('DPL-041 with a wrong checksum is ignored and counted', async () => {
    const c = await startWorld(f);
    const wrong = echo(f, { type: 'request', id: 1, seq: 1, wrong: { checksum: 0x4242 } });
    c.expectDrops({ icmp_checksum: 1 }, () => c.send(CLIENTS, fromClient(f, wrong)));
    c.expectNothing();
  });

  test('DPL-041 too short is ignored and counted', async () => {
    const c = await startWorld(f);
    const whole = echo(f, { type: 'request', id: 1, seq: 1 });
    const cut: Layer4 = { proto: whole.proto, bytes: (src, dst) => whole.bytes(src, dst).subarray(0, 5) };
    c.expectDrops({ icmp_malformed: 1 }, () => c.send(CLIENTS, fromClient(f, cut)));
    c.expectNothing();
  });

  test('DPL-041 replies to us need no answer', async () => {
    const c = await startWorld(f);
    const reply = echo(f, { type: 'reply', id: 1, seq: 1 });
    c.expectDrops({ icmp_not_handled: 1 }, () => c.send(CLIENTS, fromClient(f, reply)));
    c.expectNothing();
  });
});

test('DPL-041 an echo reply keeps the type of service', async () => {
  const c = await startWorld(v4);
  const request = ipv4({ src: v4.client, dst: v4.vip, tos: 0xb8 }, icmpEcho({ type: 'request', id: 1, seq: 1 }));
  c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, request));
  const reply = ipv4({ src: v4.vip, dst: v4.client, tos: 0xb8 }, icmpEcho({ type: 'reply', id: 1, seq: 1 }));
  c.expectFrames(CLIENTS, ethernet({ src: mac.port[0], dst: mac.client }, reply));
});

test('DPL-041 padding of a short frame is not part of the answer', async () => {
  const c = await startWorld(v4);
  const request = ip({ src: v4.client, dst: v4.vip }, icmpEcho({ type: 'request', id: 9, seq: 9 }));
  c.send(CLIENTS, ethernet({ src: mac.client, dst: mac.port[0] }, request, 60));
  c.expectFrames(CLIENTS, toClient(v4, icmpEcho({ type: 'reply', id: 9, seq: 9 })));
});
