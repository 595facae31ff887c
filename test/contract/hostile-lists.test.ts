// SPDX-License-Identifier: Apache-2.0
// Lists of services that contradict themselves or change while they are read: complete and of one moment, or refused.
import { describe, expect, it } from 'vitest';
import { DaemonError, ProtocolError, type Transport } from '../../src/ipc/client';
import { encode, ext, MSG, sizeOf } from '../../src/ipc/codec';
import { addAclEntry } from '../../src/ipc/messages/acl';
import { addDest } from '../../src/ipc/messages/dest';
import { addLaddr } from '../../src/ipc/messages/laddr';
import { fetchInventory, type Inventory, type Wanted } from '../../src/ipc/messages/list';
import { addService, deleteService } from '../../src/ipc/messages/service';
import { MemoryDaemon, record, type MemoryDaemonOptions } from '../support/extension-daemon';
import { Twisted, type Twist } from '../support/twisted';
import { destSpec, serviceSpec } from './suite';

const { DS_MSG_LIST_SERVICES: LIST, DPVS_SO_GET_SERVICES, DPVS_SO_GET_DESTS } = MSG;
const WANTED: Wanted = { dests: true, laddrs: true, acls: true, more: true };

/** Five services with two servers and a local address each, in pages of one service unless told otherwise. */
function five(options: MemoryDaemonOptions = {}): MemoryDaemon {
  const daemon = new MemoryDaemon({ extensions: true, pageBytes: 1, ...options });
  for (let i = 1; i <= 5; i += 1) {
    const service = serviceSpec(`10.0.0.${i}`, 80);
    addService(daemon, service);
    for (const last of [1, 2]) addDest(daemon, service, destSpec(`172.16.0.${last}`, 80));
    addLaddr(daemon, service, { af: 2, addr: Uint8Array.of(192, 168, 0, i), ifname: 'dpdk0' });
  }
  addAclEntry(daemon, 'deny', { af: 2, proto: 6, vaddr: Uint8Array.of(10, 0, 0, 1), vport: 80, subject: Uint8Array.of(9, 9, 9, 9) });
  return daemon;
}

function fetch(transport: Transport, wanted: Wanted = WANTED): Inventory {
  return fetchInventory(transport, { wanted });
}

function twisted(twist: Twist, options: MemoryDaemonOptions = {}): Twisted {
  return new Twisted(five(options), { [LIST]: twist });
}

function lastBytes({ services }: Inventory): (number | undefined)[] {
  return services.map(({ service }) => service.addr[3]).sort();
}

interface Part {
  readonly type: number;
  payload: Buffer;
}

function split(body: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < body.length; ) {
    const len = body.readUInt32LE(at + 4);
    parts.push({ type: body.readUInt16LE(at), payload: Buffer.from(body.subarray(at + 8, at + 8 + len)) });
    at += 8 + Math.ceil(len / 8) * 8;
  }
  return parts;
}

function join(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map(({ type, payload }) => record(type, payload)));
}

/** Changes the records of a type. */
function edit(type: number, change: (payload: Buffer) => Buffer): Twist {
  return (body) => join(split(body).map((part) => (part.type === type ? { type, payload: change(part.payload) } : part)));
}

/** Sends the first service again in place of the second. */
function repeatsFirst(): Twist {
  let first: Part[] = [];
  return (body, count) => {
    const [info, ...services] = split(body);
    if (count === 0) first = services;
    return info === undefined || count !== 1 ? body : join([info, ...first]);
  };
}

/** Overwrites a part of the description that starts each page. */
function describing(change: (info: Buffer, count: number) => void): Twist {
  return (body, count) => {
    change(body.subarray(8), count);
    return body;
  };
}

describe('a configuration that changes between pages', () => {
  it('is read again, in one page', () => {
    const daemon = five({
      before: (self, { id }) => {
        if (id === LIST && self.asked.filter((one) => one === LIST).length === 3) deleteService(self, serviceSpec('10.0.0.5', 80));
      },
    });
    expect(lastBytes(fetch(daemon))).toEqual([1, 2, 3, 4]);
    const wishes = daemon.requests.filter(({ id }) => id === LIST).map(({ body }) => body.readUInt32LE(4));
    expect(wishes).toEqual([0, 0, 0, 256 << 20]);
  });

  it('because the daemon was started again, which knows no cursor of the one before, is read again', () => {
    let failures = 0;
    const daemon = five({
      before: (_self, { id, body }) => {
        if (id === LIST && body.readUInt32LE(8) === 2 && (failures += 1) === 1) throw new DaemonError(id, -1, 'invalid parameter');
      },
    });
    expect(lastBytes(fetch(daemon))).toEqual([1, 2, 3, 4, 5]);
    expect(failures).toBe(1);
  });

  it('all the time is given up', () => {
    let generation = 0n;
    const transport = twisted(describing((info) => void info.writeBigUInt64LE((generation += 1n))), { maxPageBytes: 1 });
    expect(() => fetch(transport)).toThrow(/^the configuration changed during each of 5 attempts/);
  });

  it('is none of a daemon that was exchanged for one of old', () => {
    const transport = twisted(() => {
      throw new DaemonError(LIST, -14, 'not support');
    });
    expect(fetch(transport)).toMatchObject({ total: 5, generation: null });
  });
});

describe('a walk that would not end', () => {
  it.each([
    ['stays where it is', (n: number) => Math.min(n, 1)],
    ['goes back to its start', (_n: number) => 0],
    ['goes in circles', (n: number) => 1 + (n % 3)],
    ['goes in larger circles', (n: number) => 1 + (n % 37)],
  ])('is noticed when it %s', (_what, place) => {
    // Pages without services never come to an end by themselves.
    const transport = twisted((body, count) => {
      const [info] = split(body);
      info?.payload.writeUInt32LE(ext.DS_LIST_F_MORE, 32);
      info?.payload.fill(0, 16, 32);
      info?.payload.writeUInt32LE(place(count + 1), 16);
      return join(info === undefined ? [] : [info]);
    });
    expect(() => fetch(transport)).toThrow('in circles');
  });

  it('is noticed when it goes on for ever without anything', () => {
    const info = (n: number): Buffer => {
      const cursor = Buffer.alloc(16);
      cursor.writeUInt32LE(n + 1);
      return record(ext.DS_TLV_LIST_INFO, encode('ds_list_info', { total: 5n, flags: ext.DS_LIST_F_MORE, cursor }));
    };
    expect(() => fetch(twisted((_body, count) => info(count)))).toThrow('announces more of a list and sends none of it');
  });

  it('is noticed when there is more than was announced', () => {
    const transport = twisted(describing((info) => void info.writeBigUInt64LE(3n, 8)));
    expect(() => fetch(transport)).toThrow(ProtocolError);
  });
});

describe('a list is refused', () => {
  const cases: readonly (readonly [string, Twist, string])[] = [
    ['that ends too early', describing((info) => void info.writeUInt32LE(0, 32)), 'announces 5 services and lists 1'],
    ['whose total changes', describing((info, n) => void (n === 2 && info.writeBigUInt64LE(6n, 8))), 'announces 5 services'],
    ['whose total is absurd', describing((info) => void info.writeBigUInt64LE(1n << 63n, 8)), 'announces 9223372036854775808 services'],
    ['that is empty', () => Buffer.alloc(0), 'too short'],
    ['without a description', (body) => join(split(body).slice(1)), 'does not start with its description'],
    ['with a short description', edit(ext.DS_TLV_LIST_INFO, (p) => p.subarray(0, 32)), 'describes its list in 32 bytes'],
    ['with a short service', edit(ext.DS_TLV_SERVICE, (p) => p.subarray(0, 263)), 'has a service of 263 bytes'],
    ['with a cut record', (body) => body.subarray(0, body.length - 12), 'too short'],
    ['with half a head of a record', (body) => Buffer.concat([body, Buffer.alloc(4)]), 'too short'],
    ['with a record that is longer than the reply', (body) => (body.writeUInt32LE(0xffff_ffff, 52), body), 'too short'],
    ['with part of a server', edit(ext.DS_TLV_DESTS, (p) => p.subarray(0, p.length - 1)), 'no multiple of 120'],
    ['with too few servers', edit(ext.DS_TLV_DESTS, (p) => p.subarray(sizeOf.dp_vs_dest_compat)), 'has 1 servers of a service that announces 2'],
    ['with too many servers', edit(ext.DS_TLV_DESTS, (p) => Buffer.concat([p, p])), 'has 4 servers of a service that announces 2'],
    ['without servers', (body) => join(split(body).filter(({ type }) => type !== ext.DS_TLV_DESTS)), 'has 0 servers of a service that announces 2'],
    ['with two lists of servers', (body) => join(split(body).flatMap((part) => (part.type === ext.DS_TLV_DESTS ? [part, part] : [part]))), 'two lists of dp_vs_dest_compat'],
    ['with more of fewer servers', edit(ext.DS_TLV_DESTS_MORE, (p) => p.subarray(sizeOf.ds_dest_more)), 'has 2 servers of a service and more of 1'],
    ['with too few local addresses', edit(ext.DS_TLV_LADDRS, () => Buffer.alloc(0)), 'has 0 local addresses of a service that announces 1'],
    ['with too few denied clients', edit(ext.DS_TLV_DENY, () => Buffer.alloc(0)), 'has 0 denied clients of a service that announces 1'],
    ['with little more of a service', edit(ext.DS_TLV_SERVICE_MORE, (p) => p.subarray(0, 48)), 'has 48 bytes more of a service'],
    ['with servers before the first service', (body) => join(split(body).filter(({ type }) => type !== ext.DS_TLV_SERVICE)), 'before the first service'],
    ['with a service twice', repeatsFirst(), 'lists a service twice'],
  ];

  it.each(cases)('%s', (_what, twist, message) => {
    try {
      fetch(twisted(twist));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      expect((error as ProtocolError).message).toContain(message);
    }
  });
});

describe('a list is taken', () => {
  const plain = fetch(five()).services.map(({ service, dests, more }) => ({ service, dests, more }));
  const cases: readonly (readonly [string, Twist])[] = [
    ['with records that nobody knows yet', (body) => join(split(body).flatMap((part) => [part, { type: 9999, payload: Buffer.alloc(13) }]))],
    ['with longer services and descriptions', edit(ext.DS_TLV_SERVICE, (p) => Buffer.concat([p, Buffer.alloc(40, 0xff)]))],
    ['with more of services than is known', edit(ext.DS_TLV_SERVICE_MORE, (p) => Buffer.concat([p, Buffer.alloc(8, 0xff)]))],
    ['with bytes behind IPv4 addresses', edit(ext.DS_TLV_DESTS, (p) => p.fill(0xee, 16, 28))],
  ];

  it.each(cases)('%s', (_what, twist) => {
    expect(fetch(twisted(twist)).services.map(({ service, dests, more }) => ({ service, dests, more }))).toEqual(plain);
  });

  it('of no services', () => {
    expect(fetch(new MemoryDaemon({ extensions: true }))).toMatchObject({ total: 0, services: [] });
    expect(fetch(new MemoryDaemon())).toMatchObject({ total: 0, services: [] });
  });
});

describe('a daemon of old', () => {
  const old = (twists: Readonly<Record<number, Twist>>): Twisted => new Twisted(five({ extensions: false }), twists);
  const shorter: Twist = (body) => (body.writeUInt16LE(4, 2), body);

  it('that lists fewer services than it announced is asked again', () => {
    expect(lastBytes(fetch(old({ [DPVS_SO_GET_SERVICES]: (body, n) => (n < 2 ? shorter(body, n, body) : body) })))).toEqual([1, 2, 3, 4, 5]);
  });

  it('that goes on doing so is refused', () => {
    expect(() => fetch(old({ [DPVS_SO_GET_SERVICES]: shorter }))).toThrow('lists 4 services where it announced 5');
  });

  it('that lists fewer servers than it announced has a problem there, and nowhere else', () => {
    const transport = old({ [DPVS_SO_GET_DESTS]: (body, n) => (n === 1 ? (body.writeUInt32LE(1, 28), body) : body) });
    const { services } = fetch(transport);
    expect(services.map(({ dests, problem }) => [dests.length, problem?.message ?? null])).toEqual([
      [2, null],
      [0, 'the daemon lists 1 servers of a service that announces 2'],
      [2, null],
      [2, null],
      [2, null],
    ]);
  });

  it('that cuts off its servers has a problem there', () => {
    const transport = old({ [DPVS_SO_GET_DESTS]: (body, n) => (n === 4 ? body.subarray(0, -1) : body) });
    expect(fetch(transport).services.map(({ problem }) => problem?.name)).toEqual([undefined, undefined, undefined, undefined, 'ShortReplyError']);
  });

  it('may get another server meanwhile: the service agrees with its servers', () => {
    const daemon = five({
      extensions: false,
      before: (self, { id }) => {
        const asked = self.asked.filter((one) => one === DPVS_SO_GET_DESTS).length;
        if (id === DPVS_SO_GET_DESTS && asked === 2) addDest(self, serviceSpec('10.0.0.2', 80), destSpec('172.16.0.9', 80));
      },
    });
    const { services } = fetch(daemon);
    expect(services.map(({ service, dests }) => [service.num_dests, dests.length])).toEqual([[2, 2], [3, 3], [2, 2], [2, 2], [2, 2]]);
    expect(services.every(({ problem }) => problem === null)).toBe(true);
  });
});
