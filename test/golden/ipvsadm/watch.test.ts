// SPDX-License-Identifier: Apache-2.0
// ipvsadm --watch against a daemon in memory, with a clock that moves only between lists.
import { stripVTControlCharacters } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { main } from '../../../src/cli/ipvsadm/main';
import { CommandError, type Io } from '../../../src/cli/runtime';
import { ConnectError } from '../../../src/ipc/client';
import { addDest } from '../../../src/ipc/messages/dest';
import { addService, type ServiceSpec } from '../../../src/ipc/messages/service';
import { MSG } from '../../../src/ipc/codec';
import { MemoryDaemon } from '../../support/extension-daemon';
import { collectingIo } from '../../support/io';
import { address } from './run';

const SERVICE: ServiceSpec = { af: 2, proto: 6, addr: address(10, 0, 0, 1), port: 80, sched_name: 'rr', netmask: 0xffffffff };

function addServer(daemon: MemoryDaemon, last: number): void {
  addDest(daemon, SERVICE, { af: 2, addr: address(10, 0, 1, last), port: 80, weight: 1, fwdmode: 5 });
}

function makeDaemon(options: ConstructorParameters<typeof MemoryDaemon>[0] = { extensions: true }): MemoryDaemon {
  const daemon = new MemoryDaemon(options);
  addService(daemon, SERVICE);
  addServer(daemon, 1);
  addServer(daemon, 2);
  return daemon;
}

/** Traffic of a server: so many connections, ten packets and a thousand bytes for each, in; a tenth of it out. */
function traffic(daemon: MemoryDaemon, last: number, conns: bigint): void {
  const dest = daemon.services[0]?.dests.find(({ addr }) => addr[3] === last);
  if (dest === undefined) throw new Error(`no server ${last}`);
  const { stats } = dest;
  dest.stats = {
    ...stats,
    conns: stats.conns + conns,
    inpkts: stats.inpkts + conns * 10n,
    outpkts: stats.outpkts + conns,
    inbytes: stats.inbytes + conns * 1000n,
    outbytes: stats.outbytes + conns * 100n,
  };
  dest.actconns += Number(conns);
  daemon.touch();
}

interface Watched {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Texts between the empty lines. */
  readonly lists: string[][];
}

/** @param between what happens while the command sleeps before list n + 1 */
async function watched(argv: string[], daemon: MemoryDaemon, between: (n: number) => void, changes: Partial<Io> = {}): Promise<Watched> {
  let now = 5000;
  let n = 0;
  const io = collectingIo({
    now: () => now,
    sleep: (ms) => {
      now += ms;
      n += 1;
      between(n);
      return Promise.resolve();
    },
    transport: () => daemon,
    ...changes,
  });
  const code = await main(argv, io);
  const { stdout, stderr } = io.printed;
  return { code, stdout, stderr, lists: stdout.split('\n\n').map((text) => text.trimEnd().split('\n')) };
}

/** Names and numbers of the lines behind the titles. */
function numbers(list: readonly string[] | undefined): string[] {
  return (list ?? []).slice(3).map((line) => line.replace('  -> ', '').replace(/^TCP {2}/, '').trim().replace(/ +/g, ' '));
}

const small = { extensions: true } as const;

describe.each([
  ['that shares statistics in memory', small],
  ['without extensions', {}],
  ['with extended lists only', { extensions: [MSG.DS_MSG_LIST_SERVICES] }],
])('IB-04 counters of a daemon %s', (_name, options) => {
  it('are changes per second from the second list on', async () => {
    const daemon = makeDaemon(options);
    traffic(daemon, 1, 500n);
    const { lists, code } = await watched(['-Ln', '--stats', '--watch=2', '--count', '3'], daemon, (n) => {
      traffic(daemon, 1, n === 1 ? 20n : 0n);
      traffic(daemon, 2, 3n);
    });
    expect(code).toBe(0);
    expect(lists.map(numbers)).toEqual([
      ['10.0.0.1:80 500 5000 500 500000 50000', '10.0.1.1:80 500 5000 500 500000 50000', '10.0.1.2:80 0 0 0 0 0'],
      ['10.0.0.1:80 12 115 12 11500 1150', '10.0.1.1:80 10 100 10 10000 1000', '10.0.1.2:80 2 15 2 1500 150'],
      ['10.0.0.1:80 2 15 2 1500 150', '10.0.1.1:80 0 0 0 0 0', '10.0.1.2:80 2 15 2 1500 150'],
    ]);
  });

  it('are exact rates with --rate', async () => {
    const daemon = makeDaemon(options);
    const { lists } = await watched(['-Ln', '--rate', '--watch=0.5', '--count=2'], daemon, () => {
      traffic(daemon, 1, 20n);
    });
    expect(numbers(lists[1])).toEqual(['10.0.0.1:80 40 400 40 40000 4000', '10.0.1.1:80 40 400 40 40000 4000', '10.0.1.2:80 0 0 0 0 0']);
    expect(lists[1]?.[1]).toContain('CPS');
  });

  it('do not jump when servers come, go or are zeroed', async () => {
    const daemon = makeDaemon(options);
    traffic(daemon, 1, 1000n);
    traffic(daemon, 2, 1000n);
    const { lists } = await watched(['-Ln', '--stats', '--watch=1', '--count=5'], daemon, (n) => {
      const [stored] = daemon.services;
      if (n === 1) {
        addServer(daemon, 3);
        traffic(daemon, 3, 7_000_000n);
      } else if (n === 2 && stored !== undefined) {
        stored.dests = stored.dests.filter(({ addr }) => addr[3] !== 2);
        stored.service.stats.conns = 1000n;
        daemon.generation += 1n;
      } else if (n === 3) {
        for (const dest of stored?.dests ?? []) dest.stats.conns = 0n;
      }
      daemon.touch();
    });
    const conns = lists.map((list) => numbers(list).map((line) => line.split(' ').slice(0, 2).join(' ')));
    expect(conns.slice(1)).toEqual([
      ['10.0.0.1:80 0', '10.0.1.1:80 0', '10.0.1.2:80 0', '10.0.1.3:80 0'],
      ['10.0.0.1:80 0', '10.0.1.1:80 0', '10.0.1.3:80 0'],
      ['10.0.0.1:80 0', '10.0.1.1:80 0', '10.0.1.3:80 0'],
      ['10.0.0.1:80 0', '10.0.1.1:80 0', '10.0.1.3:80 0'],
    ]);
  });

  it('of connections are those of now', async () => {
    const daemon = makeDaemon(options);
    const { lists } = await watched(['-Ln', '--watch=1', '--count=2'], daemon, () => {
      traffic(daemon, 2, 9n);
    });
    expect(lists.map(numbers)).toEqual([
      ['10.0.0.1:80 rr', '10.0.1.1:80 FullNat 1 0 0', '10.0.1.2:80 FullNat 1 0 0'],
      ['10.0.0.1:80 rr', '10.0.1.1:80 FullNat 1 0 0', '10.0.1.2:80 FullNat 1 9 0'],
    ]);
  });
});

describe('IB-04 --watch', () => {
  const listings = (daemon: MemoryDaemon): number => daemon.asked.filter((id) => id === MSG.DS_MSG_LIST_SERVICES).length;

  it('asks for services again only when they changed', async () => {
    const daemon = makeDaemon();
    const { lists } = await watched(['-Ln', '--stats', '--watch=1', '--count=20'], daemon, (n) => {
      traffic(daemon, 1, 5n);
      if (n === 10) addServer(daemon, 9);
    });
    expect(lists).toHaveLength(20);
    expect(numbers(lists[9])).toHaveLength(3);
    expect(numbers(lists[10])).toHaveLength(4);
    expect(listings(daemon)).toBe(2);
  });

  it('does not read the memory of a daemon that ended', async () => {
    const first = makeDaemon();
    const second = makeDaemon();
    addServer(second, 7);
    let daemon = first;
    const transport = {
      request: (...args: Parameters<MemoryDaemon['request']>) => daemon.request(...args),
      requestFd: (...args: Parameters<MemoryDaemon['requestFd']>) => daemon.requestFd(...args),
    };
    const { lists } = await watched(['-Ln', '--watch=1', '--count=2'], first, () => {
      daemon = second;
      // Both have the same generation, as after a restart that reads the same configuration.
      second.generation = first.generation;
      second.touch();
    }, { transport: () => transport });
    expect(numbers(lists[1])).toContain('10.0.1.7:80 FullNat 1 0 0');
  });

  it('goes on when the daemon comes back, and says in between that it is gone', async () => {
    const daemon = makeDaemon();
    let isGone = false;
    const transport = {
      request: (...args: Parameters<MemoryDaemon['request']>) => {
        if (isGone) throw new ConnectError('/run/dpvs.ipc', 'ECONNREFUSED', 'Connection refused', args[0], args[1]);
        return daemon.request(...args);
      },
    };
    const result = await watched(['-Ln', '--watch=1', '--count=3'], daemon, (n) => void (isGone = n === 1), { transport: () => transport });
    expect(result.code).toBe(2);
    expect(result.stderr).toBe("Can't initialize ipvs: Connection refused\nAre you sure that dpvs is running?\n");
    expect(numbers(result.lists.at(-1)?.filter((line) => line !== ''))).toHaveLength(3);
  });

  it('ends at once if there is no daemon to begin with', async () => {
    const transport = { request: () => { throw new ConnectError('/x', 'ENOENT', 'No such file or directory', 18, 'get'); } }; // prettier-ignore
    const io = collectingIo({ transport: () => transport });
    await expect(main(['-Ln', '--watch'], io)).rejects.toThrow(CommandError);
  });

  it.each([['-Lnc'], ['-G'], ['-B'], ['-W'], ['-Ln', '--thresholds'], ['-Ln', '-t', '10.0.0.1:80', '--stats']])('repeats %s %s', async (...argv) => {
    const daemon = makeDaemon();
    daemon.addConn({});
    const once = await watched(argv, daemon, () => undefined);
    const twice = await watched([...argv, '--watch', '--count=2'], daemon, () => undefined);
    expect(twice).toMatchObject({ code: 0, stdout: `${once.stdout}\n${once.stdout}` });
  });

  it('prints one document in a line for each list with --json, counters as ever and exact rates', async () => {
    const daemon = makeDaemon();
    traffic(daemon, 1, 100n);
    const { stdout } = await watched(['-Ln', '--json', '--watch=2', '--count=2'], daemon, () => {
      traffic(daemon, 1, 50n);
    });
    const documents = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { services: { servers: Record<string, Record<string, number>>[] }[] });
    const server = documents.map((document) => document.services[0]?.servers[0]);
    expect(server.map((each) => each?.['counters']?.['connections'])).toEqual([100, 150]);
    expect(Object.values(server[1]?.['rates'] ?? {})).toContain(25);
  });

  it('redraws in place on a terminal, with colours if wanted', async () => {
    const daemon = makeDaemon();
    const { stdout } = await watched(['-Ln', '--stats', '--watch=2', '--count=2', '--color=always'], daemon, () => undefined, {
      isTTY: true,
      terminalSize: () => ({ columns: 60, rows: 5 }),
    });
    const frames = stdout.split('\u001b[H').slice(1).map((text) => stripVTControlCharacters(text).trimEnd().split('\n'));
    expect(frames).toHaveLength(2);
    expect(frames[1]?.[0]).toMatch(/^ipvsadm --list, every 2 s +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(frames[1]?.slice(1)).toEqual([
      'IP Virtual Server version 1.10.2 (size=0)',
      'Prot LocalAddress:Port               Conns   InPkts  OutPkt',
      '  -> RemoteAddress:Port',
      '(3 more lines)',
    ]);
    expect(stdout).not.toContain('\u001b[?');
  });

  it('needs no more memory after many lists than after a few', async () => {
    const daemon = makeDaemon();
    for (let last = 3; last < 100; last += 1) addServer(daemon, last);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = new Map<number, number>();
    await watched(['-Ln', '--stats', '--watch=1', '--count=502'], daemon, (n) => {
      daemon.requests.length = 0;
      if (n !== 100 && n !== 500) return;
      collect();
      used.set(n, process.memoryUsage().heapUsed);
    }, { stdout: { write: () => undefined } });
    expect((used.get(500) ?? Infinity) - (used.get(100) ?? 0)).toBeLessThan(256 << 10);
  });
});

describe('IB-04 --count', () => {
  it.each([
    [['-Ln', '--count=3'], "The option 'count' needs the option 'watch'"],
    [['-Ln', '--watch', '--count=0'], "illegal count '0' specified, require 1 to 2147483647"],
    [['-Ln', '--watch=0'], "illegal watch '0' specified, require 0.1 to 86400 seconds"],
    [['-Ln', '--watch=1e3'], "illegal watch '1e3' specified, require 0.1 to 86400 seconds"],
    [['-A', '-t', '10.0.0.1:80', '--watch'], "Illegal 'watch' option with the 'add-service' command"],
  ])('and --watch refuse %j', (argv, message) => {
    expect(() => main(argv, collectingIo())).toThrow(message);
  });
});
