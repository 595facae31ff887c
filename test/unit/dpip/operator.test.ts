// SPDX-License-Identifier: Apache-2.0
// What makes the tool pleasant to steer by hand: shortened words, hints, batches, questions about routes, health.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { splitLine } from '../../../src/cli/dpip/batch';
import { main } from '../../../src/cli/dpip/main';
import { parseOptions } from '../../../src/cli/dpip/options';
import { hint, objectOf, verbOf } from '../../../src/cli/dpip/words';
import { parseIp } from '../../../src/cli/parse/address';
import { decode, encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { ConnectError } from '../../../src/ipc/client';
import { accepting, dpip, Scripted } from '../../golden/dpip/run';
import { collectingIo } from '../../support/io';

const folder = mkdtempSync(path.join(tmpdir(), 'dpip-batch-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('DB-07 shortened words', () => {
  test.each([['a', 'addr'], ['ro', 'route'], ['n', 'neigh'], ['tun', 'tunnel'], ['link', 'link'], ['v', 'vlan'], ['eal', 'eal-mem']])('%s is %s', (word, name) => {
    expect(objectOf(word)?.name).toBe(name);
  }); // prettier-ignore

  test.each(['l', 'm', '', 'links', 'x', 'i'])('"%s" is none', (word) => {
    expect(objectOf(word)).toBeUndefined();
  });

  test.each([['s', 'show'], ['sh', 'show'], ['li', 'show'], ['se', 'set'], ['ad', 'add'], ['d', 'del'], ['c', 'set'], ['f', 'flush'], ['he', 'help']])('addr %s is %s', (word, verb) => {
    expect(verbOf(word, objectOf('addr'))).toBe(verb);
  }); // prettier-ignore

  test('what is ambiguous or nothing is not guessed', () => {
    expect(verbOf('de', objectOf('ipset'))).toBeUndefined(); // del, destroy
    expect(verbOf('s', undefined)).toBeUndefined();
    expect(verbOf('toS', objectOf('addr'))).toBeUndefined();
  });

  test('they do what the whole words do', async () => {
    const daemon = accepting(MSG.SOCKOPT_SET_IFADDR_ADD);
    expect(await dpip('a ad 10.0.0.1/24 dev d0', daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(daemon.requests.map(({ id }) => id)).toEqual([MSG.SOCKOPT_SET_IFADDR_ADD]);
  });
});

test('DB-22 hints, behind the line that was always there', async () => {
  expect((await dpip('rotue show')).stderr).toBe("dpip: invalid object, use `-h' for help.\ndid you mean 'route'?\n");
  expect((await dpip('addr shwo')).stderr).toBe("invalid command shwo\ndid you mean 'show'?\n");
  expect((await dpip('l show')).stderr).toBe("dpip: invalid object, use `-h' for help.\n'l' may be link, lldp, lcore\n");
  expect(hint('nonsense', undefined)).toBeNull();
});

describe('DB-20 socket and time', () => {
  const options = (...words: string[]): ReturnType<typeof parseOptions>['options'] => parseOptions('dpip', words, false).options;

  test('are those of the line', () => {
    const chosen: unknown[] = [];
    const daemon = new Scripted({ [MSG.SOCKOPT_GET_ROUTE_SHOW]: Buffer.alloc(4) });
    const io = collectingIo({ transport: (choice) => {
      chosen.push(choice);
      return daemon;
    } }); // prettier-ignore
    expect(main(['--socket', '/run/other.ipc', '--timeout-ms=50', 'route', 'show'], io)).toBe(0);
    expect(chosen).toEqual([{ path: '/run/other.ipc', timeoutMs: 50 }]);
  });

  test.each([['--socket', ''], ['--socket', 'x'.repeat(108)], ['--timeout-ms', '0'], ['--timeout-ms', '5s'], ['--timeout-ms', '99999999']])('%s "%s" is refused', (name, value) => {
    expect(() => options(`${name}=${value}`)).toThrow(/^invalid (socket|timeout) /);
  }); // prettier-ignore
});

describe('DB-08 batches', () => {
  const run = (text: string, daemon: Scripted, ...more: string[]): ReturnType<typeof dpip> => {
    const file = path.join(folder, 'batch');
    writeFileSync(file, text);
    return dpip(['-b', file, ...more], daemon);
  };
  const taking = (): Scripted => new Scripted({ [MSG.SOCKOPT_SET_IFADDR_ADD]: Buffer.alloc(0), [MSG.SOCKOPT_SET_IFADDR_DEL]: -4 });

  test('commands in their order, comments and empty lines left out', async () => {
    const daemon = taking();
    const text = '# addresses\n\naddr add 10.0.0.1/24 dev d0   # the first\ndpip addr add 10.0.0.2/24 dev d0\n';
    expect(await run(text, daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(daemon.sent(MSG.SOCKOPT_SET_IFADDR_ADD)).toHaveLength(2);
  });

  test('the first failure ends it, and is named by its line', async () => {
    const daemon = taking();
    const { code, stderr } = await run('addr add 10.0.0.1 dev d0\naddr del 10.0.0.9 dev d0\naddr add 10.0.0.2 dev d0\n', daemon);
    expect(code).toBe(1);
    expect(stderr).toMatch(/dpip: not exist\n.*batch, line 2: addr del 10\.0\.0\.9 dev d0\n$/s);
    expect(daemon.sent(MSG.SOCKOPT_SET_IFADDR_ADD)).toHaveLength(1);
  });

  test('--force-continue goes on, and the status tells', async () => {
    const daemon = taking();
    const { code } = await run('addr del 10.0.0.9 dev d0\nfoo show\naddr add 10.0.0.2 dev d0\n', daemon, '--force-continue');
    expect(code).toBe(1);
    expect(daemon.sent(MSG.SOCKOPT_SET_IFADDR_ADD)).toHaveLength(1);
  });

  test.each([
    [["-b", "/nonexistent/file"], /^cannot read \/nonexistent\/file: /],
    [["--force-continue", "addr", "show"], /--force-continue is for --batch/],
    [["-b", "-", "addr", "show"], /--batch takes its commands from the file: addr show/],
  ])('%j', async (words, message) => {
    const { code, stderr } = await dpip(words);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  }); // prettier-ignore

  test('a batch in a batch, a quote without end', async () => {
    expect((await run('-b other\n', taking())).stderr).toContain('a batch in a batch');
    expect((await run('addr add "10.0.0.1\n', taking())).stderr).toContain('a quote (") does not end');
  });

  test.each([
    ['a  b\tc', ['a', 'b', 'c']],
    ["ipset add s 1.2.3.4 comment 'two words'", ['ipset', 'add', 's', '1.2.3.4', 'comment', 'two words']],
    ['a "b \\"c\\"" d\\ e f#g #h', ['a', 'b "c"', 'd e', 'f#g']],
    ["''", ['']],
    ['  # nothing', []],
  ])('%j', (line, words) => {
    expect(splitLine(line)).toEqual(words);
  });
});

describe('replace', () => {
  test('addr: what is there is set', async () => {
    const daemon = new Scripted({ [MSG.SOCKOPT_SET_IFADDR_ADD]: -3, [MSG.SOCKOPT_SET_IFADDR_SET]: Buffer.alloc(0) });
    expect((await dpip('addr replace 10.0.0.1/24 dev d0 valid_lft 60', daemon)).code).toBe(0);
    expect(daemon.requests.map(({ id }) => id)).toEqual([MSG.SOCKOPT_SET_IFADDR_ADD, MSG.SOCKOPT_SET_IFADDR_SET]);
  });
});

function route(prefix: string, rest: DeepPartial<Structs['dp_vs_route_detail']>): Buffer {
  const [addr = '', plen = ''] = prefix.split('/');
  return encode('dp_vs_route_detail', { af: 2, dst: { addr: parseIp(addr)?.bytes ?? new Uint8Array(4), plen: Number(plen) }, mtu: 1500, ...rest });
}

describe('route get', () => {
  const routes = [route('0.0.0.0/0', { ifname: 'd0' }), route('10.0.0.0/8', { ifname: 'd1', metric: 5 }), route('10.0.0.0/8', { ifname: 'd2', metric: 1 }), route('10.1.2.0/24', { ifname: 'd3' })];
  const daemon = (list: Buffer[]): Scripted => new Scripted({
    [MSG.SOCKOPT_GET_ROUTE_SHOW]: Buffer.concat([encode('dp_vs_route_conf_array', { nroute: list.length }), ...list]),
    [MSG.SOCKOPT_GET_NEIGH_SHOW]: encode('dp_vs_neigh_conf_array', {}),
  });

  test.each([['10.1.2.3', 'd3'], ['10.9.9.9', 'd2'], ['192.0.2.1', 'd0']])('%s goes by %s', async (to, dev) => {
    expect((await dpip(`route get ${to}`, daemon(routes))).stdout).toContain(` dev ${dev} `);
  }); // prettier-ignore

  test('none', async () => {
    expect(await dpip('route get 192.0.2.1', daemon(routes.slice(1)))).toEqual({ code: 1, stdout: '', stderr: 'no route to 192.0.2.1\ndpip: not exist\n' });
  });
});

describe('DB-12 neigh', () => {
  const entry = (ip: string, rest: DeepPartial<Structs['dp_vs_neigh_conf']>): Buffer => {
    const parsed = parseIp(ip);
    return encode('dp_vs_neigh_conf', { af: parsed?.af ?? 0, ip_addr: parsed?.bytes ?? new Uint8Array(4), ifname: 'd0', state: 2, ...rest });
  };
  const list = [entry('10.0.0.1', { cid: 1 }), entry('10.0.0.1', { cid: 2 }), entry('10.0.0.2', { cid: 1, flag: 2 }), entry('2001:db8::1', { cid: 1, state: 1 })];
  const daemon = (): Scripted => new Scripted({
    [MSG.SOCKOPT_GET_NEIGH_SHOW]: Buffer.concat([encode('dp_vs_neigh_conf_array', { neigh_nums: list.length }), ...list]),
    [MSG.SOCKOPT_SET_NEIGH_DEL]: Buffer.alloc(0),
  }); // prettier-ignore

  test.each([['neigh show 10.0.0.1', 2], ['neigh show state send', 1], ['neigh show 10.0.0.9', 0], ['-6 neigh show', 1]])('%s: %d', async (line, n) => {
    expect((await dpip(line, daemon())).stdout.split('\n')).toHaveLength(n + 1);
  }); // prettier-ignore

  test.each([['neigh flush', ['10.0.0.1', '2001:db8::1']], ['-4 neigh flush dev d0', ['10.0.0.1']], ['-F -4 neigh flush', ['10.0.0.1', '10.0.0.2']]])('%s', async (line, gone) => {
    const asked = daemon();
    expect((await dpip(line, asked)).code).toBe(0);
    const deleted = asked.sent(MSG.SOCKOPT_SET_NEIGH_DEL).map((body) => decode('dp_vs_neigh_conf', body));
    expect(deleted.map(({ ip_addr: ip }) => Buffer.from(ip).toString('hex').replace(/0*$/, ''))).toEqual(gone.map((ip) => Buffer.from(parseIp(ip)?.bytes ?? []).toString('hex').replace(/0*$/, '')));
  }); // prettier-ignore

  test('an unknown state', async () => {
    expect((await dpip('neigh show state gone', daemon())).stderr).toContain("invalid state 'gone': none, send, reachable, probe, delay");
  });
});

test('DB-25 health without a daemon is 2', async () => {
  const io = collectingIo({ transport: () => new Scripted({ [MSG.DPVS_SO_GET_INFO]: new ConnectError('/run/x', 'ENOENT', 'No such file or directory', 1, 'get') }) });
  expect(await main(['health'], io)).toBe(2);
  expect(io.printed.stdout).toMatch(/^DOWN daemon: cannot reach dpvs daemon at \/run\/x/);
});
