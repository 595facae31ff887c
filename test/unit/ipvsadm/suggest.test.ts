// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/ipvsadm/errors';
import { suggestLong } from '../../../src/cli/ipvsadm/suggest';
import { tokenise } from '../../../src/cli/ipvsadm/tokens';

function errorOf(...argv: string[]): UsageError {
  try {
    Array.from(tokenise(argv, 'ipvsadm'));
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('IB-20 a long option that does not exist', () => {
  it.each([
    ['lsit', 'list'],
    ['numric', 'numeric'],
    ['add_service', 'add-service'],
    ['Stats', 'stats'],
    ['persistant-conn', 'persistent-conn'],
    ['lis', 'list'],
    ['thresh', 'thresholds'],
  ])('%s may be meant to be %s', (typed, meant) => {
    expect(suggestLong(typed)).toBe(meant);
  });

  it.each(['foo', 'x', '', 'add', 'something-else-entirely', 'x'.repeat(10_000)])('is not guessed from %.20j', (typed) => {
    expect(suggestLong(typed)).toBeNull();
  });

  it('is never one that people should not know', () => {
    expect(suggestLong('complet')).toBe('completion');
  });

  it('is reported as ever; the hint is a line of its own', () => {
    const error = errorOf('-L', '--numric=3');
    expect([error.message, error.exitCode, error.hint]).toEqual(['--numric=3: unknown option', 255, 'Did you mean --numeric?']);
    expect(errorOf('-L', '--foo').hint).toBeUndefined();
  });

  it('has its hint also in the place of the command', () => {
    const error = errorOf('--lst', '-n');
    expect([error.message, error.exitCode, error.hint]).toEqual(["Try `ipvsadm -h' or 'ipvsadm --help' for more information.", 255, 'Did you mean --list?']);
  });
});
