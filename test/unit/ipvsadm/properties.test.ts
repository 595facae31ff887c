// SPDX-License-Identifier: Apache-2.0
// What holds for everything: configurations come back from what is saved, nothing makes a command fall over, and tables can
// be cut into words whatever the numbers are.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/cli/ipvsadm/inventory';
import { chooseFormat, entryLines } from '../../../src/cli/ipvsadm/table';
import type { Column } from '../../../src/cli/ipvsadm/options';
import { NUMERIC } from '../../../src/cli/render/names';
import { decode, encode, MSG, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { checkCommandLine, checkRules, preparePopulation, runCommand } from '../../fuzz/target';
import { DICTIONARY, FIRST_WORDS, RULES } from '../../fuzz/words';
import { MemoryDaemon } from '../../support/extension-daemon';
import { anyConfiguration, build, stateOf } from './any-configuration';

const SETTINGS = { numRuns: 20, endOnFailure: false } as const;

describe('IA-114 IA-122 every configuration', () => {
  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('comes back from what is saved (with extensions: saved %s, restored %s)', async (from, to) => {
    await fc.assert(
      fc.asyncProperty(anyConfiguration, async (configuration) => {
        const daemon = new MemoryDaemon({ extensions: from });
        build(daemon, configuration);
        const state = stateOf(daemon);
        const saved = await runCommand(['-S', '-n'], '', daemon);
        expect([saved.code, saved.stderr]).toEqual([0, '']);

        const target = new MemoryDaemon({ extensions: to });
        const restored = await runCommand(['-R'], saved.stdout, target);
        expect([restored.code, restored.stdout, restored.stderr]).toEqual([0, '', '']);
        expect(stateOf(target)).toEqual(state);
        expect((await runCommand(['-S', '-n'], '', target)).stdout).toBe(saved.stdout);
      }),
      SETTINGS,
    );
  });

  it('is the same after -C and -R in the same daemon', async () => {
    await fc.assert(
      fc.asyncProperty(anyConfiguration, async (configuration) => {
        const daemon = new MemoryDaemon();
        build(daemon, configuration);
        const { stdout } = await runCommand(['-S', '-n'], '', daemon);
        expect((await runCommand(['-C'], '', daemon)).code).toBe(0);
        expect(daemon.services).toEqual([]);
        expect(await runCommand(['-R'], stdout, daemon)).toMatchObject({ code: 0, stderr: '' });
        expect((await runCommand(['-S', '-n'], '', daemon)).stdout).toBe(stdout);
      }),
      SETTINGS,
    );
  });
});

describe('IB-07 a restore of rules of which some are refused', () => {
  const rules = fc.array(fc.constantFrom(...RULES), { minLength: 1, maxLength: 8 });

  it.each([false, true])('with --atomic is all or nothing (with extensions: %s)', async (extensions) => {
    await fc.assert(
      fc.asyncProperty(rules, async (lines) => {
        const daemon = new MemoryDaemon({ extensions });
        const before = JSON.stringify(stateOf(daemon));
        const { code, stderr } = await runCommand(['-R', '--atomic'], lines.join('\n'), daemon);
        if (code === 0) return;
        expect(stderr).not.toBe('');
        expect(JSON.stringify(stateOf(daemon))).toBe(before);
      }),
      SETTINGS,
    );
  });

  it('has the result of the rules one by one', async () => {
    await fc.assert(
      fc.asyncProperty(rules, async (lines) => {
        const batched = new MemoryDaemon({ extensions: true });
        const single = new MemoryDaemon();
        const [a, b] = [await runCommand(['-R'], lines.join('\n'), batched), await runCommand(['-R'], lines.join('\n'), single)];
        // A service that comes in a later rule is no longer missed when the daemon is asked after all of them.
        const errors = (text: string): string[] => text.split('\n').filter((line) => !line.includes(': warning: '));
        expect([a.code, a.stdout, errors(a.stderr)]).toEqual([b.code, b.stdout, errors(b.stderr)]);
        expect(stateOf(batched)).toEqual(stateOf(single));
      }),
      SETTINGS,
    );
  });
});

describe('IA-013 IA-016 whatever is typed', () => {
  beforeAll(preparePopulation);

  const word = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...DICTIONARY) },
    { weight: 1, arbitrary: fc.string() },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...DICTIONARY), fc.constantFrom(...DICTIONARY)).map(([a, b]) => `${a}=${b}`) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...DICTIONARY), fc.string({ maxLength: 3 })).map(([a, b]) => `${a}${b}`) },
  );
  const line = fc.tuple(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...FIRST_WORDS) }, { weight: 1, arbitrary: word }), fc.array(word, { maxLength: 8 }));

  it('ends with a documented status, one line about a mistake, and no request after one', async () => {
    await fc.assert(
      fc.asyncProperty(line, fc.constantFrom(...RULES, 'garbage\n'), fc.nat(1), async ([first, rest], stdin, turn) => checkCommandLine([first, ...rest], stdin, turn)),
      { ...SETTINGS, numRuns: 400 },
    );
  });

  it('is saved as something that makes it again, if it was taken', async () => {
    const rule = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...RULES) },
      { weight: 1, arbitrary: line.map(([first, rest]) => [first, ...rest].join(' ')) },
      { weight: 1, arbitrary: fc.string() },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { maxLength: 10 }), fc.nat(11), async (lines, turn) => checkRules(lines.join('\n'), turn)),
      { ...SETTINGS, numRuns: 30 },
    );
  });
});

describe('IA-086 IA-091 IA-092 IA-093 IA-095 IA-097 whatever is counted', () => {
  const u32 = fc.oneof(fc.nat(), fc.constantFrom(0, 1, 99999, 99999999, 100000000, 0xffffffff));
  // From 10^19 on columns touch, as those of upstream do: 10000000T fills its nine characters.
  const most = 10n ** 19n - 1n;
  const u64 = fc.oneof(fc.bigInt(0n, most), fc.constantFrom(0n, 99_999_999n, 100_000_000n, 10n ** 9n, 10n ** 11n, 10n ** 14n, most));
  const stats = fc.record({ conns: u64, inpkts: u64, outpkts: u64, inbytes: u64, outbytes: u64, cps: u32, inpps: u32, outpps: u32, inbps: u32, outbps: u32 });
  const address = (af: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => (af === 10 ? bytes : bytes.map((byte, i) => (i < 4 ? byte : 0))));
  const of = fc.constantFrom(2, 10).chain((af) =>
    fc.record({
      service: fc.record({ af: fc.constant(af), proto: fc.constantFrom(6, 17, 132), addr: address(af).map((bytes) => bytes.with(0, 1)), port: fc.integer({ min: 1, max: 65535 }), stats: fc.constant({}) }),
      dest: fc.record({
        af: fc.constant(af), addr: address(af), port: fc.nat(65535), weight: fc.nat(65535), fwdmode: fc.constantFrom(0, 1, 2, 3, 5, 6), flags: fc.nat(7),
        actconns: u32, inactconns: u32, persistconns: u32, max_conn: u32, min_conn: u32, stats,
      }), // prettier-ignore
    }),
  );
  type Of = { service: DeepPartial<Structs['dp_vs_service_compat']>; dest: DeepPartial<Structs['dp_vs_dest_compat']> };

  const linesOf = ({ service, dest }: Of, ...given: Column[]): string[] => {
    const entry: Entry = {
      service: decode('dp_vs_service_compat', encode('dp_vs_service_compat', { netmask: service.af === 10 ? 128 : 0xffffffff, sched_name: 'rr', ...service })),
      dests: [decode('dp_vs_dest_compat', encode('dp_vs_dest_compat', dest))],
      destsMore: null, more: null, laddrs: null, deny: null, allow: null, problem: null, partial: false,
    }; // prettier-ignore
    return entryLines(chooseFormat(new Set(given), NUMERIC), entry).split('\n');
  };
  const words = (text: string | undefined): string[] => (text ?? '').trim().split(/\s+/);
  const ENDPOINT = /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\]):\d+$/;
  const NUMBER = /^\d+[KMGT]?$/;

  it.each<readonly [title: string, given: readonly Column[], service: number, dest: number]>([
    ['default', [], 3, 6],
    ['thresholds', ['thresholds'], 3, 6],
    ['persistent connections', ['persistent-conn'], 3, 6],
  ])('%s: words stay in their places', (title, given, inService, inDest) => {
    fc.assert(
      fc.property(of, (each) => {
        const [service, dest, end] = linesOf(each, ...given);
        expect(end).toBe('');
        expect(words(service)).toHaveLength(inService);
        expect(words(service)[1]).toMatch(ENDPOINT);
        const [arrow, endpoint, ...cells] = words(dest);
        expect([arrow, endpoint]).toEqual(['->', expect.stringMatching(ENDPOINT) as string]);
        const numbers = title === 'default' ? cells.slice(1, 4) : cells.slice(0, 4);
        expect(numbers.every((cell) => /^\d+$/.test(cell))).toBe(true);
        expect(cells.length + 2).toBeGreaterThanOrEqual(inDest);
        // egrep ":[0-9]+ "
        expect(service).toMatch(/:[0-9]+ /);
        expect(dest).toMatch(/:[0-9]+ /);
      }),
      { numRuns: 100 },
    );
  });

  it.each<readonly [title: string, given: readonly Column[]]>([
    ['counters', ['stats']],
    ['rates', ['rate']],
  ])('%s: an address and five numbers that can be read back', (_title, given) => {
    fc.assert(
      fc.property(of, fc.boolean(), (each, exact) => {
        const [, dest] = linesOf(each, ...given, ...(exact ? (['exact'] as const) : []));
        const [arrow, endpoint, ...cells] = words(dest);
        expect([arrow, endpoint, cells.length]).toEqual(['->', expect.stringMatching(ENDPOINT) as string, 5]);
        const s = each.dest.stats ?? {};
        const values = (given[0] === 'stats' ? [s.conns, s.inpkts, s.outpkts, s.inbytes, s.outbytes] : [s.cps, s.inpps, s.outpps, s.inbps, s.outbps]).map((value) => BigInt(value ?? 0));
        for (const [i, cell] of cells.entries()) {
          expect(cell).toMatch(NUMBER);
          const unit = { K: 1000n, M: 10n ** 6n, G: 10n ** 9n, T: 10n ** 12n }[cell.slice(-1)] ?? 1n;
          if (exact) expect(cell).toBe(String(values[i]));
          else expect(BigInt(cell.replace(/[KMGT]$/, ''))).toBe((values[i] ?? 0n) / unit);
        }
      }),
      { numRuns: 100 },
    );
  });
});

it('IA-063 zeroing everything leaves the configuration as it is', async () => {
  await fc.assert(
    fc.asyncProperty(anyConfiguration, async (configuration) => {
      const daemon = new MemoryDaemon();
      build(daemon, configuration);
      const before = stateOf(daemon);
      expect((await runCommand(['-Z'], '', daemon)).code).toBe(0);
      expect(stateOf(daemon)).toEqual(before);
      expect(daemon.requests.filter(({ id }) => id === MSG.DPVS_SO_SET_ZERO)).toHaveLength(1);
    }),
    { numRuns: 10 },
  );
});
