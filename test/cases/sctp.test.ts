// SPDX-License-Identifier: Apache-2.0
// SCTP through every forwarding mode: ports and checksum byte by byte, states, timeouts, packets that are refused.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect, numberOf } from '../harness/dissect';
import { fragmentId, fragments, fragmentStep } from '../harness/fragments';
import { ethernet, icmp, icmp6, ip, ipv4, ipv6, raw, sctp, SCTP_CHUNK, type Layer3, type Layer4, type SctpChunk } from '../harness/frames';
import {
  CLIENTS, configureService, endpoint, families, fromClient, fromServer, mac, quieten, SERVERS, serviceWord, sides, startSides, startWorld,
  toClient, toServerSide, v4, type Family,
} from './topology'; // prettier-ignore

stopDaemonsAfterEach();

const PORT = 3868;
const CPORT = 40000;
const SERVICE = { proto: 'sctp', port: PORT } as const;
const CLIENT_TAG = 0x11223344;
const SERVER_TAG = 0x55667788;
const INIT_VALUE = Buffer.from('112233440001000000100010deadbeef', 'hex');

const chunk = {
  init: { type: SCTP_CHUNK.INIT, value: INIT_VALUE },
  initAck: { type: SCTP_CHUNK.INIT_ACK, value: Buffer.concat([INIT_VALUE, Buffer.from('0007000cc00c1ec00c1ec00c', 'hex')]) },
  cookieEcho: { type: SCTP_CHUNK.COOKIE_ECHO, value: 'a cookie of odd length.' },
  cookieAck: { type: SCTP_CHUNK.COOKIE_ACK },
  data: { type: SCTP_CHUNK.DATA, flags: 3, value: 'tsn sid ssn ppid a message' },
  sack: { type: SCTP_CHUNK.SACK, value: Buffer.alloc(12) },
  error: { type: SCTP_CHUNK.ERROR },
  abort: { type: SCTP_CHUNK.ABORT },
  shutdown: { type: SCTP_CHUNK.SHUTDOWN, value: Buffer.alloc(4) },
  shutdownAck: { type: SCTP_CHUNK.SHUTDOWN_ACK },
  shutdownComplete: { type: SCTP_CHUNK.SHUTDOWN_COMPLETE },
} satisfies Record<string, SctpChunk>;

/** States as listings show them, cut. */
function states(c: Case): string[] {
  return c.output('ipvsadm -lnc').split('\n').filter((line) => line.includes('sctp')).map((line) => line.split(/\s+/)[2] ?? '');
}

function toVip(f: Family, ...chunks: readonly SctpChunk[]): Buffer {
  return fromClient(f, sctp({ sport: CPORT, dport: PORT, tag: SERVER_TAG, chunks }));
}

describe.each(sides)('FullNAT $name', (s) => {
  const fromRs = (lport: number, ...chunks: readonly SctpChunk[]): Buffer =>
    fromServer(s.servers, sctp({ sport: PORT, dport: lport, tag: CLIENT_TAG, chunks }));

  /** A packet of the client arrives at the server with right bytes. @returns the local port */
  function up(c: Case, state: string, ...chunks: readonly SctpChunk[]): number {
    c.send(CLIENTS, toVip(s.clients, ...chunks));
    const frame = c.collectOne(SERVERS);
    const lport = numberOf(frame, 'sctp.sport');
    expect(frame.toString('hex')).toBe(toServerSide(s, sctp({ sport: lport, dport: PORT, tag: SERVER_TAG, chunks })).toString('hex'));
    expect(states(c)).toEqual([state]);
    return lport;
  }

  function down(c: Case, lport: number, state: string, ...chunks: readonly SctpChunk[]): void {
    const wanted = toClient(s.clients, sctp({ sport: PORT, dport: CPORT, tag: CLIENT_TAG, chunks }));
    // From IPv4 to IPv6 the frames are those of IPv6 with the server's TTL, 64.
    c.exchange(SERVERS, [fromRs(lport, ...chunks)], CLIENTS, [wanted]);
    expect(states(c)).toEqual([state]);
  }

  test('DPL-101 DPL-132 a whole association: set-up, data both ways, shutdown', async () => {
    const c = await startSides(s, SERVICE);
    const lport = up(c, 'SCTP_INIT1', chunk.init);
    expect(up(c, 'SCTP_INIT', chunk.init)).toBe(lport);
    down(c, lport, 'SCTP_COOKIE_SEN', chunk.initAck);
    up(c, 'SCTP_COOKIE_REP', chunk.cookieEcho, chunk.data);
    down(c, lport, 'SCTP_ESTABLISHE', chunk.cookieAck, chunk.sack);
    up(c, 'SCTP_ESTABLISHE', chunk.data);
    down(c, lport, 'SCTP_ESTABLISHE', chunk.sack, chunk.data);
    up(c, 'SCTP_ESTABLISHE', chunk.error);
    const row = c.output(`ipvsadm -ln ${serviceWord(s.clients, SERVICE)}`).split('\n').find((line) => line.includes('->') && line.includes('FullNat')) ?? '';
    expect(row.trim().split(/\s+/).slice(2)).toEqual(['FullNat', '1', '1', '0']);
    up(c, 'SCTP_SHUTDOWN_R', chunk.shutdown);
    down(c, lport, 'SCTP_SHUTDOWN_A', chunk.shutdownAck);
    up(c, 'SCTP_CLOSED', chunk.shutdownComplete);
  });

  test('DPL-101 shutdown by the server', async () => {
    const c = await startSides(s, SERVICE);
    const lport = up(c, 'SCTP_ESTABLISHE', chunk.data);
    down(c, lport, 'SCTP_SHUTDOWN_S', chunk.shutdown);
    up(c, 'SCTP_CLOSED', chunk.shutdownAck);
    down(c, lport, 'SCTP_CLOSED', chunk.shutdownComplete);
  });

  test('DPL-101 a packet in several buffers', async () => {
    const c = await startSides(s, SERVICE);
    const long = { type: SCTP_CHUNK.DATA, flags: 3, value: Buffer.from(Array.from({ length: 1201 }, (_, i) => i & 0xff)) };
    const frame = toVip(s.clients, chunk.init, long);
    for (const behind of [12, 13, 16, 17, 600]) {
      c.sendSplit(CLIENTS, 14 + s.clients.headerLength + behind, frame);
      const got = c.collectOne(SERVERS);
      const wanted = toServerSide(s, sctp({ sport: numberOf(got, 'sctp.sport'), dport: PORT, tag: SERVER_TAG, chunks: [chunk.init, long] }));
      expect(got.toString('hex')).toBe(wanted.toString('hex'));
    }
    // A bit that is wrong in the last buffer.
    frame.writeUInt8(frame.readUInt8(frame.length - 4) ^ 1, frame.length - 4);
    c.expectDrops({ sctp_checksum: 1 }, () => c.sendSplit(CLIENTS, 14 + s.clients.headerLength + 600, frame));
    c.expectNothing();
  });
});

describe.each(families)('$name', (f) => {
  const onServerSide = (packet: Layer3, to: 'server' | 'director'): Buffer =>
    ethernet(to === 'server' ? { src: mac.port[1], dst: mac.server[0] } : { src: mac.server[0], dst: mac.port[1] }, packet);

  async function start(mode: string, port: number): Promise<Case> {
    const c = await startWorld(f);
    const word = serviceWord(f, SERVICE);
    c.run(`
      ipvsadm -A ${word} -s rr
      ipvsadm -a ${word} -r ${endpoint(f.servers[0], port)} ${mode}`);
    quieten(c, f);
    return c;
  }

  test.each([8080, PORT])('DPL-101 DPL-132 NAT to port %i: only the server end changes', async (port) => {
    const c = await start('-m', port);
    const inside = ip({ src: f.client, dst: f.servers[0] }, sctp({ sport: CPORT, dport: port, tag: SERVER_TAG, chunks: [chunk.init] }));
    c.exchange(CLIENTS, [toVip(f, chunk.init)], SERVERS, [onServerSide(inside, 'server')]);
    const back = (dst: number, sport: number): Layer4 => sctp({ sport, dport: dst, tag: CLIENT_TAG, chunks: [chunk.initAck] });
    const reply = ip({ src: f.servers[0], dst: f.client }, back(CPORT, port));
    c.exchange(SERVERS, [onServerSide(reply, 'director')], CLIENTS, [toClient(f, back(CPORT, PORT))]);
    expect(states(c)).toEqual(['SCTP_COOKIE_SEN']);
  });

  test('DPL-132 direct routing: nothing changes, and the client alone establishes the association', async () => {
    const c = await start('-g', PORT);
    for (const [one, state] of [
      [chunk.init, 'SCTP_INIT1'], [chunk.cookieEcho, 'SCTP_COOKIE_REP'], [chunk.data, 'SCTP_ESTABLISHE'], [chunk.shutdownAck, 'SCTP_CLOSED'],
    ] as const) { // prettier-ignore
      const sent = ip({ src: f.client, dst: f.vip }, sctp({ sport: CPORT, dport: PORT, tag: SERVER_TAG, chunks: [one] }));
      c.exchange(CLIENTS, [toVip(f, one)], SERVERS, [onServerSide(sent, 'server')]);
      expect(states(c)).toEqual([state]);
    }
  });

  test('DPL-132 tunnel: the packet travels inside another one', async () => {
    const c = await start('-i', PORT);
    const inner = ip({ src: f.client, dst: f.vip }, sctp({ sport: CPORT, dport: PORT, tag: SERVER_TAG, chunks: [chunk.init] }));
    const outer = raw(f === v4 ? 4 : 41, inner.bytes);
    c.send(CLIENTS, toVip(f, chunk.init));
    const frame = c.collectOne(SERVERS);
    const ends = { src: f.port[1], dst: f.servers[0] };
    const wanted = f === v4 ? ipv4({ ...ends, id: numberOf(frame, 'ip.id') }, outer) : ipv6(ends, outer);
    expect(frame.toString('hex')).toBe(onServerSide(wanted, 'server').toString('hex'));
  });

  test('DPL-132 what is damaged is dropped and opens nothing', async () => {
    const c = await startWorld(f);
    configureService(c, f, SERVICE);
    const packet = (wrong: { readonly checksum?: number }, ...chunks: readonly SctpChunk[]): Buffer =>
      fromClient(f, sctp({ sport: CPORT, dport: PORT, tag: SERVER_TAG, chunks, wrong }));
    const bad: readonly (readonly [string, Buffer])[] = [
      ['sctp_checksum', packet({ checksum: 0 }, chunk.init)],
      ['sctp_checksum', packet({ checksum: 0xffffffff }, chunk.init)],
      ['sctp_chunk', packet({})],
      ['sctp_chunk', packet({}, { ...chunk.init, wrong: { length: 3 } })],
      ['sctp_chunk', packet({}, { ...chunk.init, wrong: { length: 21 } })],
      ['sctp_chunk', packet({}, chunk.cookieEcho, { ...chunk.abort, wrong: { length: 400 } })],
      ['l4_truncated', fromClient(f, raw(132, Buffer.alloc(11)))],
    ];
    for (const [reason, frame] of bad) c.expectDrops({ [reason]: 1 }, () => c.send(CLIENTS, frame));
    c.expectNothing();
    expect(states(c)).toEqual([]);
    c.send(CLIENTS, toVip(f, chunk.init));
    const lport = numberOf(c.collectOne(SERVERS), 'sctp.sport');
    // A damaged ABORT of either side ends nothing and is not delivered.
    const aborted = fromServer(f, sctp({ sport: PORT, dport: lport, tag: CLIENT_TAG, chunks: [chunk.abort], wrong: { checksum: 1 } }));
    c.expectDrops({ sctp_checksum: 2 }, () => {
      c.send(CLIENTS, packet({ checksum: 1 }, chunk.abort));
      c.send(SERVERS, aborted);
    });
    c.expectNothing();
    expect(states(c)).toEqual(['SCTP_INIT1']);
    c.send(CLIENTS, toVip(f, chunk.cookieEcho, chunk.abort));
    expect(states(c)).toEqual(['SCTP_CLOSED']);
  });

  test('DPL-132 an error about a packet to the server goes to the client; the checksum in the quote is the server side one', async () => {
    const c = await startWorld(f);
    configureService(c, f, SERVICE);
    c.send(CLIENTS, toVip(f, chunk.init));
    const sent = c.collectOne(SERVERS);
    const error = (quote: Uint8Array): Layer4 => {
      const rest = Buffer.concat([Buffer.from([0, 0, 5, 0x78]), quote]);
      return f === v4 ? icmp(3, 4, rest) : icmp6(2, 0, rest);
    };
    const router = f === v4 ? '10.1.0.77' : '2001:db8:1::77';
    const host = (src: string, dst: string, l4: Layer4): Layer3 => (f === v4 ? ipv4({ src, dst, ttl: 64, df: true }, l4) : ipv6({ src, dst }, l4));
    const checksum = sent.readUInt32LE(14 + f.headerLength + 8);
    const about = host(f.client, f.vip, sctp({ sport: CPORT, dport: PORT, tag: SERVER_TAG, chunks: [chunk.init], wrong: { checksum } }));
    const arriving = ethernet({ src: mac.server[0], dst: mac.port[1] }, ip({ src: router, dst: f.lip }, error(sent.subarray(14))));
    const wanted = ethernet({ src: mac.port[0], dst: mac.client }, host(f.vip, f.client, error(about.bytes)));
    c.exchange(SERVERS, [arriving], CLIENTS, [wanted]);
  });

  test('DPL-106 DPL-132 a packet in fragments: its checksum is that of the whole, and a damaged fragment spoils it', async () => {
    const c = await startWorld(f, { conf: { ipvs_defs: ['fragment_mode reassemble', 'conn {', 'conn_pool_size 65535', '}'] } });
    configureService(c, f, SERVICE);
    const long = { type: SCTP_CHUNK.DATA, flags: 3, value: Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7) & 0xff)) };
    const inside = (sport: number): Layer4 => sctp({ sport, dport: PORT, tag: SERVER_TAG, chunks: [long] });
    const sent = (id: number): Buffer[] =>
      fragments({ src: f.client, dst: f.vip, id }, inside(CPORT), 1400).map((layer) => ethernet({ src: mac.client, dst: mac.port[0] }, layer));
    c.send(CLIENTS, ...sent(1).reverse());
    const got = c.collect(SERVERS);
    const lport = Number(/:(\d+) +\S+$/m.exec(c.output('ipvsadm -lnc').trim())?.[1]);
    const id = fragmentId(got[0] ?? Buffer.alloc(64));
    const wanted = fragments({ src: f.lip, dst: f.servers[0], id }, inside(lport), fragmentStep(f.lip, 1500));
    expect(got.map((frame) => frame.toString('hex'))).toEqual(wanted.map((layer) => onServerSide(layer, 'server').toString('hex')));
    const damaged = sent(2);
    const last = damaged.at(-1) ?? Buffer.alloc(0);
    last.writeUInt8(last.readUInt8(last.length - 1) ^ 1, last.length - 1);
    c.expectDrops({ sctp_checksum: 1 }, () => c.send(CLIENTS, ...damaged));
    c.expectNothing();
  });

  test('SCTP for others is forwarded, damaged or not; a port of ours without service is named', async () => {
    const c = await startWorld(f, { conf: f === v4 ? { ipv4_defs: ['forwarding on'] } : { ipv6_defs: ['forwarding on'] } });
    const through = (ttl: number): Layer3 => ip({ src: f.client, dst: f.servers[0], ttl }, sctp({ sport: 1, dport: 2, tag: 3, chunks: [], wrong: { checksum: 4 } }));
    c.exchange(CLIENTS, [ethernet({ src: mac.client, dst: mac.port[0] }, through(64))], SERVERS, [onServerSide(through(63), 'server')]);
    c.expectDrops({ local_no_service: 1 }, () => c.send(CLIENTS, toVip(f, chunk.init)));
  });
});

describe('timeouts', () => {
  /** Timeouts may come up to a second late, never early. */
  function expectLifetime(c: Case, seconds: number): void {
    c.warp(seconds * 1000 - 100, 5000);
    expect(states(c)).toHaveLength(1);
    c.warp(1600, 200);
    expect(states(c)).toEqual([]);
  }

  async function start(extra: string, ...chunks: readonly SctpChunk[]): Promise<Case> {
    const c = await startWorld(v4);
    configureService(c, v4, { ...SERVICE, extra });
    c.send(CLIENTS, toVip(v4, ...chunks));
    c.discard();
    return c;
  }

  test.each([
    ['INIT1', 4, chunk.init], ['COOKIE_REPLIED', 61, chunk.cookieEcho], ['ESTABLISHED', 900, chunk.data], ['CLOSED', 61, chunk.abort],
  ] as const)('DPL-132 %s %i s', async (_, seconds, first) => {
    expectLifetime(await start('', first), seconds);
  }); // prettier-ignore

  test('DPL-132 conn-timeout of the service is that of established associations', async () => {
    const c = await start('--conn-timeout 30', chunk.data);
    expect(c.output('ipvsadm -lnc')).toMatch(/sctp 30s +SCTP_ESTABLISHE /);
    expectLifetime(c, 30);
    const other = await start('--conn-timeout 30', chunk.cookieEcho);
    expect(other.output('ipvsadm -lnc')).toMatch(/sctp 61s +SCTP_COOKIE_REP /);
  });

  test('DPL-131 a server that answers INIT with ABORT, or not at all, is inhibited', async () => {
    const c = await start('--dest-check 1,1,3s,10-60s', chunk.init);
    const weight = (): string => {
      c.settle({ timers: true });
      return (c.output('ipvsadm -ln').split('\n').find((line) => line.includes('FullNat')) ?? '').trim().split(/\s+/)[3] ?? '';
    };
    c.warp(5500, 500);
    expect(weight()).toBe('0');
    c.warp(11_000);
    expect(weight()).toBe('1');
    c.send(CLIENTS, toVip(v4, chunk.init));
    const lport = numberOf(c.collectOne(SERVERS), 'sctp.sport');
    c.send(SERVERS, fromServer(v4, sctp({ sport: PORT, dport: lport, tag: CLIENT_TAG, chunks: [chunk.abort] })));
    expect(states(c)).toEqual(['SCTP_REJECTED']);
    expect(weight()).toBe('0');
  });
});

test('DPL-132 two workers: the replies find the association', async () => {
  const c = await startWorld(v4, { workers: 2, queues: 2 });
  configureService(c, v4, SERVICE);
  for (let i = 0; i < 8; i++) {
    c.sendOn(CLIENTS, i % 2, fromClient(v4, sctp({ sport: CPORT + i, dport: PORT, tag: SERVER_TAG, chunks: [chunk.init] })));
    const lport = numberOf(c.collectOne(SERVERS), 'sctp.sport');
    c.sendOn(SERVERS, (i >> 1) % 2, fromServer(v4, sctp({ sport: PORT, dport: lport, tag: CLIENT_TAG, chunks: [chunk.initAck] })));
    expect(Object.fromEntries(dissect(c.collectOne(CLIENTS)))).toMatchObject({ 'sctp.sport': PORT, 'sctp.dport': CPORT + i, 'sctp.checksum': 'good' });
  }
  expect(states(c)).toEqual(new Array<string>(8).fill('SCTP_COOKIE_SEN'));
});

test('DPL-132 commands: saved and restored, filters, JSON', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { ...SERVICE, scheduler: 'wrr', servers: [{ index: 0, weight: 3 }] });
  const name = endpoint(v4.vip, PORT);
  c.send(CLIENTS, toVip(v4, chunk.data));
  c.discard();
  const rules = c.output('ipvsadm -Sn');
  expect(rules).toContain(`-A --sctp-service ${name} -s wrr`);
  expect(rules).toContain(`-a --sctp-service ${name} -r ${endpoint(v4.servers[0], PORT)} -b -w 3`);
  c.expectOutput('ipvsadm -ln', [
    'IP Virtual Server version 0.1.0 (size=0)', 'Prot LocalAddress:Port Scheduler Flags', '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
    `SCTP  ${name} wrr`, `  -> ${endpoint(v4.servers[0], PORT)}`.padEnd(34) + 'FullNat 3      1          0         ',
  ]); // prettier-ignore
  for (const filter of ['--proto sctp', '--state SCTP_ESTABLISHE', '--state SCTP_ESTABLISHED']) expect(c.output(`ipvsadm -lnc ${filter}`)).toContain('sctp');
  for (const filter of ['--proto udp', '--state SCTP_CLOSED']) expect(c.output(`ipvsadm -lnc ${filter}`)).not.toContain('sctp');
  expect(c.command('ipvsadm -lnc --json').stdout).toContain('"protocol":"sctp"');
  expect(c.command('ipvsadm -ln --json').stdout).toContain('"protocol":"sctp"');
  c.run(`ipvsadm -C`);
  expect(c.command('ipvsadm -R', rules)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(c.output('ipvsadm -Sn')).toBe(rules);
});
