// SPDX-License-Identifier: Apache-2.0
// What holds of --apply and of JSON for every configuration, and for every pair of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../fuzz/target';
import { MemoryDaemon } from '../../support/extension-daemon';
import { anyConfiguration, build, stateOf } from './any-configuration';

const SETTINGS = { numRuns: 25, endOnFailure: false } as const;
const FORMATS = [['-S', '-n'], ['-S', '--json']] as const;

function daemonOf(configuration: Parameters<typeof build>[1], extensions: boolean): MemoryDaemon {
  const daemon = new MemoryDaemon({ extensions });
  build(daemon, configuration);
  return daemon;
}

function changes({ requests }: MemoryDaemon): number {
  return requests.filter(({ type }) => type === 'set').length;
}

async function lines(daemon: MemoryDaemon): Promise<string[]> {
  return (await runCommand(['-S', '-n'], '', daemon)).stdout.split('\n').sort();
}

describe.each([true, false])('IB-06 (extensions: %s)', (extensions) => {
  it('what is saved is what there is', async () => {
    await fc.assert(
      fc.asyncProperty(anyConfiguration, fc.constantFrom(...FORMATS), async (configuration, format) => {
        const daemon = daemonOf(configuration, extensions);
        const { stdout } = await runCommand([...format], '', daemon);
        fc.pre(daemon.services.length > 0);
        daemon.requests.length = 0;
        expect(await runCommand(['--apply', '-'], stdout, daemon)).toMatchObject({ code: 0, stdout: '', stderr: '' });
        expect(changes(daemon)).toBe(0);
      }),
      SETTINGS,
    );
  });

  it('any configuration becomes any other one, once and for all', async () => {
    await fc.assert(
      fc.asyncProperty(anyConfiguration, anyConfiguration, fc.constantFrom(...FORMATS), async (from, to, format) => {
        const wanted = daemonOf(to, true);
        fc.pre(wanted.services.length > 0);
        const { stdout } = await runCommand([...format], '', wanted);
        const daemon = daemonOf(from, extensions);
        const tried = await runCommand(['--apply', '-', '--dry-run'], stdout, daemon);
        expect(changes(daemon)).toBe(0);
        const applied = await runCommand(['--apply', '-'], stdout, daemon);
        expect([applied.code, applied.stderr]).toEqual([0, '']);
        expect([tried.code, tried.stdout]).toEqual([applied.stdout === '' ? 0 : 3, applied.stdout]);
        expect(await lines(daemon)).toEqual(await lines(wanted));
        expect(await runCommand(['--apply', '-'], stdout, daemon)).toMatchObject({ code: 0, stdout: '', stderr: '' });
      }),
      SETTINGS,
    );
  });

  it('IA-122 every configuration comes back from JSON', async () => {
    await fc.assert(
      fc.asyncProperty(anyConfiguration, async (configuration) => {
        const daemon = daemonOf(configuration, true);
        const { stdout } = await runCommand(['-S', '--json'], '', daemon);
        const target = new MemoryDaemon({ extensions });
        expect(await runCommand(['-R'], stdout, target)).toMatchObject({ code: 0, stdout: '', stderr: '' });
        expect(stateOf(target)).toEqual(stateOf(daemon));
      }),
      SETTINGS,
    );
  });
});

it('IB-07 rules that are restored atomically make what they make line by line', async () => {
  await fc.assert(
    fc.asyncProperty(anyConfiguration, anyConfiguration, async (from, to) => {
      const rules = (await runCommand(['-S', '-n'], '', daemonOf(to, true))).stdout;
      const [together, singly] = [daemonOf(from, true), daemonOf(from, false)];
      const results = [await runCommand(['-R', '--atomic'], `-C\n${rules}`, together), await runCommand(['-R'], `-C\n${rules}`, singly)];
      for (const result of results) expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' });
      expect(stateOf(together)).toEqual(stateOf(singly));
    }),
    SETTINGS,
  );
});
