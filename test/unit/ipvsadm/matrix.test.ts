// SPDX-License-Identifier: Apache-2.0
// The validity matrix, written down a second time as the compatibility contract has it and compared cell by cell.
import { describe, expect, it } from 'vitest';
import { checkMatrix } from '../../../src/cli/ipvsadm/matrix';
import { COLUMNS, COMMANDS, type Column } from '../../../src/cli/ipvsadm/options';

const HEAD =
  'numeric connection service-address scheduler persistent netmask real-server forwarding-method weight u-threshold l-threshold mcast-interface timeout daemon stats rate thresholds persistent-conn nosort syncid exact ops pe local-address blklst-address synproxy ifname sockpair hash-target cpu expire-quiescent whtlst-address';

// . rejected, + required, o optional, 1 at most one of these
const ROWS: Readonly<Record<string, string>> = {
  'add-service': '. . + o o o . . . . . . . . . . . . . . . o . . . o . . o . o .',
  'edit-service': '. . + o o o . . . . . . . . . . . . . . . o . . . o . . o . o .',
  'delete-service': '. . + . . . . . . . . . . . . . . . . . . . . . . . . . . . . .',
  flush: '. . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . .',
  list: 'o 1 1 . . . . . . . . . 1 1 o o o o o o o . . . . . . o . o . .',
  'add-server': '. . + . . . + o o o o . . . . . . . . . . . . . . . . . . . . .',
  'delete-server': '. . + . . . + . . . . . . . . . . . . . . . . . . . . . . . . .',
  'edit-server': '. . + . . . + o o o o . . . . . . . . . . . . . . . . . . . . .',
  set: '. . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . .',
  'start-daemon': '. . . . . . . . . . . o . . . . . . . o . . . . . . . . . . . .',
  'stop-daemon': '. . . . . . . . . . . . . . . . . . . o . . . . . . . . . . . .',
  restore: '. . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . .',
  save: 'o . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . .',
  zero: '. . o . . . . . . . . . . . . . . . . . . . . . . . . . . . . .',
  'add-laddr': '. . + . . . . . . . . . . . . . . . . . . . . + . . + . . . . .',
  'del-laddr': '. . + . . . . . . . . . . . . . . . . . . . . + . . + . . . . .',
  'get-laddr': '. . o . . . . . . . . . . . . . . . . . . . . . . . . . . o . .',
  'add-blklst': '. . + . . . . . . . . . . . . . . . . . . . . . + . . . . . . .',
  'del-blklst': '. . + . . . . . . . . . . . . . . . . . . . . . + . . . . . . .',
  'get-blklst': '. . o . . . . . . . . . . . . . . . . . . . . . . . . . . . . .',
  'add-whtlst': '. . + . . . . . . . . . . . . . . . . . . . . . . . . . . . . +',
  'del-whtlst': '. . + . . . . . . . . . . . . . . . . . . . . . . . . . . . . +',
  'get-whtlst': '. . o . . . . . . . . . . . . . . . . . . . . . . . . . . . . .',
};

const columns = HEAD.split(' ') as Column[];
const changing = ['quic', 'dest-check', 'conn-timeout', 'proxy-protocol'] as const;

function verdict(name: string, given: readonly Column[]): string {
  const command = COMMANDS.find((row) => row.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  try {
    checkMatrix(command, new Set(given));
    return 'fine';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe.each(Object.entries(ROWS))('%s', (name, row) => {
  const cells = row.split(' ');
  const required = columns.filter((_, i) => cells[i] === '+');

  it('takes what it must have and may have, and nothing else', () => {
    expect(cells).toHaveLength(columns.length);
    expect(verdict(name, required)).toBe('fine');
    for (const [i, column] of columns.entries()) {
      const expected = cells[i] === '.' ? `Illegal '${column}' option with the '${name}' command` : 'fine';
      expect(`${column}: ${verdict(name, [...required, column])}`).toBe(`${column}: ${expected}`);
    }
  });

  it('misses what it must have', () => {
    for (const column of required) {
      const others = required.filter((other) => other !== column);
      expect(verdict(name, others)).toBe(`You need to supply the '${column}' option for the '${name}' command`);
    }
  });

  it('takes attributes of services only if it makes or changes one', () => {
    const takes = name === 'add-service' || name === 'edit-service';
    for (const column of changing) {
      const expected = takes ? 'fine' : `Illegal '${column}' option with the '${name}' command`;
      expect(verdict(name, [...required, column])).toBe(expected);
    }
  });
});

describe('choices', () => {
  const choices = columns.filter((_, i) => ROWS['list']?.split(' ')[i] === '1');

  it('exclude each other', () => {
    expect(choices).toEqual(['connection', 'service-address', 'timeout', 'daemon']);
    for (const [i, a] of choices.entries()) {
      for (const b of choices.slice(i + 1)) {
        expect(verdict('list', [b, a])).toBe(`The option '${b}' conflicts with the '${a}' option in the 'list' command`);
      }
    }
  });
});

it('knows no command and no column that is not written down here', () => {
  const named = COMMANDS.map((row) => row.name).filter((name) => name !== 'help' && name !== 'version');
  expect([...named].sort()).toEqual(Object.keys(ROWS).sort());
  expect(COLUMNS.slice(0, columns.length)).toEqual(columns);
  expect(COLUMNS.slice(columns.length)).toEqual([...changing, 'compat-save']);
});

it('reports the first column that is violated', () => {
  expect(verdict('add-server', ['pe', 'numeric'])).toBe("Illegal 'numeric' option with the 'add-server' command");
  expect(verdict('add-server', ['pe'])).toBe("You need to supply the 'service-address' option for the 'add-server' command");
});
