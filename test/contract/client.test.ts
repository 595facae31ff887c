// SPDX-License-Identifier: Apache-2.0
// The client against a daemon on a real socket that behaves well and badly.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { ClosedError, ConnectError, connectTransport, DaemonError, IpcError, ProtocolError, TimeoutError } from '../../src/ipc/client';
import { decode, decodeArray, encode, MSG, sizeOf } from '../../src/ipc/codec';
import { FakeDaemon, makeReply, type FakeDaemonOptions, type Step } from '../support/fake-daemon';
import { loadVector } from '../support/vectors';

const ID = MSG.DPVS_SO_GET_INFO;
const ADDON = path.join(import.meta.dirname, '../../build/Release/dpvs_ipc.node');

let daemon: FakeDaemon | undefined;

/** Paths of the files that this process has open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
}

afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});

async function daemonWith(steps: Step[], options: FakeDaemonOptions = {}): Promise<FakeDaemon> {
  daemon = await FakeDaemon.start(steps, options);
  return daemon;
}

/** The error of a request with id ID to a daemon that plays one step. */
async function errorOf(step: Step, options: { timeoutMs?: number; maxBody?: number } = {}): Promise<unknown> {
  const { path: socket } = await daemonWith([step]);
  try {
    connectTransport({ path: socket, ...options }).request(ID, 'get');
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a well-behaved daemon', () => {
  it('gets the header and body as the protocol demands', async () => {
    const { path: socket } = await daemonWith([{ reply: makeReply({ id: MSG.SOCKOPT_NETIF_SET_LCORE, type: 'set' }) }]);
    const body = encode('netif_lcore_set', { cid: 7 });
    expect(connectTransport({ path: socket }).request(MSG.SOCKOPT_NETIF_SET_LCORE, 'set', body)).toHaveLength(0);
    const [seen] = (await daemon?.requests()) ?? [];
    expect(seen).toMatchObject({ version: 0x10000, id: MSG.SOCKOPT_NETIF_SET_LCORE, type: 1, len: 1 });
    expect([...(seen?.body ?? [])]).toEqual([7]);
  });

  it('sends only the part of the memory that a view covers', async () => {
    const { path: socket } = await daemonWith([{ reply: makeReply({ id: ID }) }]);
    connectTransport({ path: socket }).request(ID, 'get', Buffer.from([1, 2, 3, 4]).subarray(1, 3));
    const [seen] = (await daemon?.requests()) ?? [];
    expect([...(seen?.body ?? [])]).toEqual([2, 3]);
  });

  it.each([1, 87, 88, 1000])('reads a reply that comes in pieces of %d bytes', async (chunk) => {
    const body = Buffer.from(Array.from({ length: 300 }, (_, i) => i & 0xff));
    const { path: socket } = await daemonWith([{ reply: makeReply({ id: ID, body }), chunk }]);
    expect(connectTransport({ path: socket }).request(ID, 'get').equals(body)).toBe(true);
  });

  it('plays a recorded listing on one connection each', async () => {
    const vector = loadVector('ipvsadm', 'scripted/ipvsadm-list');
    daemon = await FakeDaemon.playing(vector);
    const transport = connectTransport({ path: daemon.path });
    const info = decode('dp_vs_getinfo', transport.request(ID, 'get', Buffer.alloc(12)));
    const front = encode('dp_vs_services_front', { count: info.num_services });
    const reply = transport.request(MSG.DPVS_SO_GET_SERVICES, 'get', front);
    const services = decodeArray('dp_vs_service_compat', reply, sizeOf.dp_vs_services_front, info.num_services);
    expect(services.map((service) => service.sched_name)).toEqual(['wrr', 'conhash', 'mh', 'wlc']);
  });

  it('sends and receives megabytes', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 0x5a);
    const { path: socket } = await daemonWith([{ reply: makeReply({ id: ID, body }) }]);
    expect(connectTransport({ path: socket }).request(ID, 'get', body).equals(body)).toBe(true);
    const [seen] = (await daemon?.requests()) ?? [];
    expect(seen?.len).toBe(body.length);
  });

  it('sends a batch of 64 MiB, and gets the answer of a daemon that does not want it', async () => {
    const body = Buffer.alloc(64 * 1024 * 1024, 0x5a);
    const refusal = makeReply({ id: ID, errcode: -1, errstr: 'invalid parameter' });
    const { path: socket } = await daemonWith([{ reply: makeReply({ id: ID }) }, { reply: refusal, ignoreBody: true }]);
    const transport = connectTransport({ path: socket });
    expect(transport.request(ID, 'set', body)).toHaveLength(0);
    expect(() => transport.request(ID, 'set', body)).toThrow(expect.objectContaining({ name: 'DaemonError', code: -1 }));
    const [seen] = (await daemon?.requests()) ?? [];
    expect(seen?.len).toBe(body.length);
    expect(seen?.body.every((byte) => byte === 0x5a)).toBe(true);
  });

  it('may be waited for while signals come, and no longer than was agreed', async () => {
    let signals = 0;
    const count = (): void => void (signals += 1);
    process.on('SIGUSR2', count);
    const { path: socket } = await daemonWith([{ reply: makeReply({ id: ID, body: Buffer.from('late') }), delayMs: 300 }, { stall: true, reply: new Uint8Array() }]);
    const kill = `const end = Date.now() + 900; const t = setInterval(() => { if (Date.now() > end) clearInterval(t); else process.kill(${process.pid}, 'SIGUSR2'); }, 5);`;
    const killer = spawn(process.execPath, ['-e', kill], { stdio: 'ignore' });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(connectTransport({ path: socket, timeoutMs: 5000 }).request(ID, 'get').toString()).toBe('late');
    const start = performance.now();
    expect(() => connectTransport({ path: socket, timeoutMs: 200 }).request(ID, 'get')).toThrow(TimeoutError);
    expect(performance.now() - start).toBeGreaterThan(150);
    expect(performance.now() - start).toBeLessThan(2000);
    await new Promise((resolve) => killer.once('exit', resolve));
    process.removeListener('SIGUSR2', count);
    expect(signals).toBeGreaterThan(0);
  });

  it('is asked from many sides at once although it queues one connection only', async () => {
    const reply = { reply: makeReply({ id: ID, body: Buffer.from('hi') }), delayMs: 10 };
    const { path: socket } = await daemonWith([reply], { repeat: true, backlog: 1 });
    const client = `
      const { workerData, parentPort } = require('node:worker_threads');
      const holder = { exports: {} };
      process.dlopen(holder, workerData.addon);
      const out = [];
      for (let i = 0; i < 3; i += 1) out.push(holder.exports.request(workerData.path, ${ID}, 0, undefined, 20000, 1000).stage);
      parentPort.postMessage(out);`;
    const all = Array.from({ length: 6 }, async () => {
      const worker = new Worker(client, { eval: true, workerData: { addon: ADDON, path: socket } });
      return new Promise<string[]>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    });
    const stages = (await Promise.all(all)).flat();
    expect(stages).toHaveLength(18);
    expect(new Set(stages)).toEqual(new Set(['done']));
  });
});

describe('errors of the daemon', () => {
  it('are thrown with code, text and id', async () => {
    const error = await errorOf({ reply: makeReply({ id: ID, errcode: -23, errstr: 'msg callback failed' }) });
    expect(error).toBeInstanceOf(DaemonError);
    expect(error).toMatchObject({ id: ID, code: -23, text: 'msg callback failed' });
  });

  it('stay one line that does nothing to a terminal', async () => {
    const error = await errorOf({ reply: makeReply({ id: ID, errcode: -1, errstr: 'a\nb\u001b[2Jc' }) });
    expect(error).toMatchObject({ code: -1, text: 'a?b?[2Jc' });
  });

  it('may lack the NUL after the text', async () => {
    const reply = makeReply({ id: ID, errcode: -1 });
    reply.fill('x', 16, 80);
    expect(await errorOf({ reply })).toMatchObject({ code: -1, text: 'x'.repeat(64) });
  });

  it('are read although the daemon refused the body', async () => {
    const reply = makeReply({ id: ID, errcode: -1, errstr: 'invalid parameter' });
    const { path: socket } = await daemonWith([{ reply, ignoreBody: true }]);
    const send = (): Buffer => connectTransport({ path: socket }).request(ID, 'get', Buffer.alloc(4 * 1024 * 1024));
    expect(send).toThrow(DaemonError);
  });
});

describe('a daemon that breaks the protocol', () => {
  it('closes without a reply', async () => {
    const error = await errorOf({});
    expect(error).toBeInstanceOf(ClosedError);
    expect(error).toMatchObject({ id: ID, received: 0, expected: 88, part: 'header' });
  });

  it('closes at once', async () => {
    expect(await errorOf({ closeAtOnce: true })).toMatchObject({ name: 'ClosedError', received: 0 });
  });

  it('cuts the header', async () => {
    const error = await errorOf({ reply: makeReply({ id: ID }), cut: 40 });
    expect(error).toMatchObject({ name: 'ClosedError', received: 40, expected: 88, part: 'header' });
  });

  it('cuts the body', async () => {
    const error = await errorOf({ reply: makeReply({ id: ID, body: Buffer.alloc(100) }), cut: 88 + 60 });
    expect(error).toMatchObject({ name: 'ClosedError', received: 60, expected: 100, part: 'body' });
  });

  it('has another version', async () => {
    const error = await errorOf({ reply: makeReply({ id: ID, version: 0x20001 }) });
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toContain('2.0.1');
  });

  it('answers another request', async () => {
    const error = await errorOf({ reply: makeReply({ id: ID + 1 }) });
    expect(error).toBeInstanceOf(ProtocolError);
  });

  it('announces more than is accepted', async () => {
    const huge = await errorOf({ reply: makeReply({ id: ID, len: 2n ** 64n - 1n }) });
    expect(huge).toBeInstanceOf(ProtocolError);
    await daemon?.stop();
    const bounded = await errorOf({ reply: makeReply({ id: ID, body: Buffer.alloc(101) }) }, { maxBody: 100 });
    expect(bounded).toBeInstanceOf(ProtocolError);
    expect((bounded as Error).message).toMatch(/101 bytes, 100 are accepted/);
  });

  it('announces a body with an error code', async () => {
    const error = await errorOf({ reply: makeReply({ id: ID, errcode: -4, errstr: 'not exist', len: 500n }) });
    expect(error).toMatchObject({ name: 'DaemonError', code: -4 });
  });

  it.each([
    ['before the header', 0],
    ['within the header', 50],
    ['within the body', 100],
  ])('stalls %s', async (_where, cut) => {
    const start = Date.now();
    const error = await errorOf({ reply: makeReply({ id: ID, body: Buffer.alloc(200) }), cut, stall: true }, { timeoutMs: 150 });
    expect(error).toBeInstanceOf(TimeoutError);
    expect(Date.now() - start).toBeLessThan(5000);
  });
});

describe('no daemon', () => {
  it.each([
    ['/nonexistent/dpvs.ipc', 'ENOENT'],
    [`/tmp/${'x'.repeat(103)}`, 'ENAMETOOLONG'],
    ['', 'ENAMETOOLONG'],
  ])('at %s', (socket, errno) => {
    const ask = (): Buffer => connectTransport({ path: socket }).request(ID, 'get');
    expect(ask).toThrow(ConnectError);
    expect(ask).toThrow(expect.objectContaining({ errno, path: socket, id: ID, type: 'get' }) as Error);
  });

  it('but a file that nobody serves', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'no-daemon-'));
    const socket = path.join(folder, 'dpvs.ipc');
    writeFileSync(socket, '');
    const ask = (): Buffer => connectTransport({ path: socket }).request(ID, 'get');
    expect(ask).toThrow(expect.objectContaining({ errno: 'ECONNREFUSED', errnoText: 'Connection refused' }) as Error);
    rmSync(folder, { recursive: true });
  });

  it('that accepts: gives up at the deadline', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'full-daemon-'));
    const socket = path.join(folder, 'dpvs.ipc');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ path: socket, backlog: 0 }, resolve));
    // This thread never accepts while the requests block it, so the queue fills up.
    const ask = (): Buffer => connectTransport({ path: socket, timeoutMs: 60 }).request(ID, 'get');
    const names = [1, 2, 3].map(() => {
      try {
        ask();
        return 'reply';
      } catch (error) {
        return error instanceof IpcError ? error.name : 'other';
      }
    });
    expect(names).not.toContain('reply');
    expect(names).not.toContain('other');
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
});

describe('what else the kernel tells', () => {
  it('the listening process', async () => {
    const { path: socket } = await daemonWith([{}]);
    expect(connectTransport({ path: socket }).peer()).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    expect(() => connectTransport({ path: '/nonexistent' }).peer()).toThrow(ConnectError);
  });

  /** A daemon that passes a file twice with its reply, `first` bytes of it at once and the rest later. */
  async function passingDaemon(reply: Buffer, first: number): Promise<{ readonly socket: string; readonly folder: string }> {
    const folder = mkdtempSync(path.join(tmpdir(), 'fd-daemon-'));
    const socket = path.join(folder, 'dpvs.ipc');
    writeFileSync(path.join(folder, 'passed'), 'from the other side');
    const script = `
import array, os, socket, time
s = socket.socket(socket.AF_UNIX); s.bind(${JSON.stringify(socket)}); s.listen(1); print('ready', flush=True)
c, _ = s.accept(); c.recv(24)
fds = [os.open(${JSON.stringify(path.join(folder, 'passed'))}, os.O_RDONLY) for _ in range(2)]
reply = bytes.fromhex('${reply.toString('hex')}')
c.sendmsg([reply[:${first}]], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))])
time.sleep(0.02)
if reply[${first}:]: c.sendall(reply[${first}:])
c.close()`;
    const python = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => python.stdout.once('data', resolve));
    return { socket, folder };
  }

  const passed = (): number => openFiles().filter((file) => file.endsWith('/passed')).length;

  it.each([1, 88, 92])('a file descriptor that comes with the first %d bytes of the reply', async (first) => {
    const { socket, folder } = await passingDaemon(makeReply({ id: ID, body: Buffer.from('body') }), first);
    const { body, fd } = connectTransport({ path: socket }).requestFd(ID, 'get');
    expect(body.toString()).toBe('body');
    expect(readFileSync(fd, 'utf8')).toBe('from the other side');
    expect(passed(), 'the second one is closed').toBe(1);
    closeSync(fd);
    expect(passed()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['that is an error', makeReply({ id: ID, errcode: -14, errstr: 'not support' })],
    ['that is cut off', makeReply({ id: ID, len: 9n, body: Buffer.from('body') })],
    ['of another message', makeReply({ id: ID + 1 })],
    ['of another version', makeReply({ id: ID, version: 1 })],
  ])('no file descriptor that comes with a reply %s', async (_what, reply) => {
    const { socket, folder } = await passingDaemon(reply, reply.length);
    expect(() => connectTransport({ path: socket }).requestFd(ID, 'get')).toThrow(IpcError);
    expect(passed()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('no file descriptor that nobody asked for', async () => {
    const { socket, folder } = await passingDaemon(makeReply({ id: ID, body: Buffer.from('body') }), 92);
    expect(connectTransport({ path: socket }).request(ID, 'get').toString()).toBe('body');
    expect(passed()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('nothing of exchanges that are over: no file stays open', async () => {
    const { path: socket } = await daemonWith(
      [{ reply: makeReply({ id: ID }) }, {}, { reply: makeReply({ id: ID }), cut: 10 }, { reply: makeReply({ id: ID, version: 1 }) }],
      { repeat: true },
    );
    const sockets = (): number => openFiles().filter((file) => file.startsWith('socket:')).length;
    const outcomes = new Set<string>();
    const before = sockets();
    for (let i = 0; i < 40; i += 1) {
      try {
        connectTransport({ path: i % 5 === 4 ? '/nonexistent' : socket }).request(ID, 'get');
        outcomes.add('reply');
      } catch (error) {
        outcomes.add(error instanceof IpcError ? error.name : String(error));
      }
    }
    expect(outcomes).toEqual(new Set(['reply', 'ClosedError', 'ProtocolError', 'ConnectError']));
    // The daemon is a thread of this process: give it the time to close its ends.
    await expect.poll(sockets).toBeLessThanOrEqual(before);
  });

  it('that no file descriptor came', async () => {
    const { path: socket } = await daemonWith([{ reply: makeReply({ id: ID }) }]);
    expect(() => connectTransport({ path: socket }).requestFd(ID, 'get')).toThrow(ProtocolError);
  });
});
