// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/ipvsadm/errors';
import { tokenise } from '../../../src/cli/ipvsadm/tokens';

/** Tokens as text: command, option=value, word. */
function tokens(line: string): string[] {
  return [...tokenise(line.split(' ').filter((word) => word !== ''), 'ipvsadm')].map((token) => {
    if (token.kind === 'word') return token.word;
    const value = token.value === null ? '' : `=${token.value}`;
    return `${token.kind === 'command' ? token.row.id : token.row.long}${value}`;
  });
}

function failure(line: string): { readonly message: string; readonly exitCode: number } {
  try {
    tokens(line);
  } catch (error) {
    if (error instanceof UsageError) return { message: error.message, exitCode: error.exitCode };
    throw error;
  }
  throw new Error(`${line} was accepted`);
}

const TRY = { message: "Try `ipvsadm -h' or 'ipvsadm --help' for more information.", exitCode: 255 };

describe('IA-005 IA-006 IA-007 IA-008 IA-009 IA-015 what is accepted', () => {
  it.each([
    ['-ln', 'list numeric'],
    ['-Lnc', 'list numeric connection'],
    ['-l -n', 'list numeric'],
    ['--list --numeric', 'list numeric'],
    ['-At 10.0.0.1:80 -s rr', 'add-service tcp-service=10.0.0.1:80 scheduler=rr'],
    ['-Pt 10.0.0.1:80 -z 10.0.0.9', 'add-laddr tcp-service=10.0.0.1:80 laddr=10.0.0.9'],
    ['-A -t10.0.0.1:80 -srr', 'add-service tcp-service=10.0.0.1:80 scheduler=rr'],
    ['-A -t=10.0.0.1:80', 'add-service tcp-service=10.0.0.1:80'],
    ['-A -p=100', 'add-service persistent=100'],
    ['-A -p100', 'add-service persistent=100'],
    ['-A -p 50', 'add-service persistent=50'],
    ['-A -p -s rr', 'add-service persistent scheduler=rr'],
    ['-A -p', 'add-service persistent'],
    ['-A --persistent=7 --dest-check=1,3s', 'add-service persistent=7 dest-check=1,3s'],
    ['-A --dest-check tcp', 'add-service dest-check=tcp'],
    ['-a -w -1', 'add-server weight=-1'],
    ['-A -s -rr', 'add-service scheduler=-rr'],
    ['-A -s --', 'add-service scheduler=--'],
    ['-O -1 [::1]:0 -2 1.2.3.4', 'add-whtlst icmpv6-service=[::1]:0 whtlst=1.2.3.4'],
    ['-A -f 1 -6', 'add-service fwmark-service=1 ipv6'],
    ['-L --', 'list'],
    ['-L -- -n', 'list -n'],
    ['-L -', 'list -'],
    ['foo -L', 'foo list'],
    ['--set 1 2 3', 'set 1 2 3'],
    ['--start-daemon=master', 'start-daemon=master'],
    ['-Ln --sort --stats --sort', 'list numeric sort stats sort'],
  ])('%s', (line, expected) => {
    expect(tokens(line).join(' ')).toBe(expected);
  });
});

describe('IA-004 IA-010 what does not start with a command', () => {
  it.each(['-n -L', '-t 1.1.1.1:80 -L', '--exact -L', '-nL', 'foo', '--li', '--List', '--foo -L', '-t', '--', '--exact=3'])('%s', (line) => {
    expect(failure(line)).toEqual(TRY);
  });
});

describe('IA-010 IA-013 IA-014 what is wrong after the command', () => {
  it.each([
    ['-L -A', "invalid option `-A'", 2],
    ['-ALn', "invalid option `-ALn'", 2],
    ['-l -n -h', "invalid option `-h'", 2],
    ['-L --clear', "invalid option `--clear'", 2],
    ['-L --foo', '--foo: unknown option', 255],
    ['-L --stat', '--stat: unknown option', 255],
    ['-L --foo=1', '--foo=1: unknown option', 255],
    ['-LnK', '-LnK: unknown option', 255],
    ['-L -t', '-t: missing argument', 255],
    ['-L --tcp-service', '--tcp-service: missing argument', 255],
    ['-L --exact=3', '--exact=3: option does not take an argument', 255],
    ['-Ln=', '-Ln=: option does not take an argument', 255],
    ['-L --foo --bar -A', '--foo: unknown option', 255],
  ])('%s', (line, message, exitCode) => {
    expect(failure(line)).toEqual({ message, exitCode });
  });
});

it('IA-013 tells options from left to right, before an error behind them', () => {
  const seen: string[] = [];
  expect(() => {
    for (const token of tokenise(['-L', '-n', '--foo'], 'ipvsadm')) seen.push(token.kind);
  }).toThrow('--foo: unknown option');
  expect(seen).toEqual(['command', 'option']);
});
