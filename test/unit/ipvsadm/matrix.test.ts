// SPDX-License-Identifier: Apache-2.0
// The validity matrix, written down a second time as the compatibility contract has it and compared cell by cell; the
// extensions stand in a table of their own, so that none of them can creep into the compatible part.
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

const EVERYWHERE = 'socket timeout-ms color json pretty no-resolve-timeout';
const TABLES = `${EVERYWHERE} watch count proto vip`;
const MAKES = `${EVERYWHERE} if-not-exists`;
const DELETES = `${EVERYWHERE} if-exists`;

/** Columns that neither LVS nor DPVS has, by the commands that take them; nothing else takes them. */
const EXTENSION_COLUMNS: Readonly<Record<string, string>> = {
  'add-service': `${MAKES} conn-limit limit-proportion sched-flags`,
  'edit-service': `${DELETES} conn-limit limit-proportion sched-flags`,
  'delete-service': DELETES,
  flush: EVERYWHERE,
  list: `${TABLES} prom bits details summary lvs-format rs state sched client`,
  'add-server': MAKES,
  'delete-server': DELETES,
  'edit-server': DELETES,
  set: EVERYWHERE,
  'start-daemon': EVERYWHERE,
  'stop-daemon': EVERYWHERE,
  restore: `${EVERYWHERE} atomic keep-going dry-run`,
  save: `${EVERYWHERE} compat-save`,
  zero: EVERYWHERE,
  'add-laddr': MAKES,
  'del-laddr': DELETES,
  'get-laddr': TABLES,
  'add-blklst': MAKES,
  'del-blklst': DELETES,
  'get-blklst': TABLES,
  'add-whtlst': MAKES,
  'del-whtlst': DELETES,
  'get-whtlst': TABLES,
};

/** Commands that neither LVS nor DPVS has: what they must have, and what they may have beside what all commands take. */
const EXTENSION_COMMANDS: Readonly<Record<string, readonly [required: string, optional: string]>> = {
  apply: ['', 'dry-run'],
  drain: ['service-address', 'real-server deadline'],
  'replace-server': ['service-address real-server replacement', ''],
  'flush-laddr': ['service-address', ''],
  'flush-blklst': ['service-address', ''],
  'flush-whtlst': ['service-address', ''],
  completion: ['', ''],
  complete: ['', 'service-address'],
};

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
const extensions = COLUMNS.filter((column) => !columns.includes(column) && !(changing as readonly Column[]).includes(column));

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

describe.each(Object.entries(ROWS))('IA-082 %s', (name, row) => {
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

  it('IA-083 takes attributes of services only if it makes or changes one', () => {
    const takes = name === 'add-service' || name === 'edit-service';
    for (const column of changing) {
      const expected = takes ? 'fine' : `Illegal '${column}' option with the '${name}' command`;
      expect(verdict(name, [...required, column])).toBe(expected);
    }
  });
});

describe.each(Object.keys(ROWS))('%s', (name) => {
  it('takes the extensions that are declared for it, and no others', () => {
    const required = columns.filter((_, i) => ROWS[name]?.split(' ')[i] === '+');
    const declared = words(EXTENSION_COLUMNS[name] ?? '');
    for (const column of extensions) {
      const expected = declared.includes(column) ? 'fine' : `Illegal '${column}' option with the '${name}' command`;
      expect(`${column}: ${verdict(name, [...required, column])}`).toBe(`${column}: ${expected}`);
    }
  });
});

describe.each(Object.entries(EXTENSION_COMMANDS))('%s', (name, [required, optional]) => {
  it('takes what it must have and may have, and nothing else', () => {
    const must = words(required) as Column[];
    const may = words(`${optional} ${EVERYWHERE}`);
    expect(verdict(name, must)).toBe('fine');
    for (const column of must) {
      const others = must.filter((other) => other !== column);
      expect(verdict(name, others)).toBe(`You need to supply the '${column}' option for the '${name}' command`);
    }
    for (const column of COLUMNS) {
      const expected = must.includes(column) || may.includes(column) ? 'fine' : `Illegal '${column}' option with the '${name}' command`;
      expect(`${column}: ${verdict(name, [...must, column])}`).toBe(`${column}: ${expected}`);
    }
  });
});

describe('IA-082 choices', () => {
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

it('IA-082 knows no command and no column that is not written down here', () => {
  const named = (extension: boolean): string[] =>
    COMMANDS.filter((row) => (row.extension ?? false) === extension).map((row) => row.name).filter((name) => name !== 'help' && name !== 'version').sort();
  expect(named(false)).toEqual(Object.keys(ROWS).sort());
  expect(named(true)).toEqual(Object.keys(EXTENSION_COMMANDS).sort());
  expect(Object.keys(EXTENSION_COLUMNS).sort()).toEqual(Object.keys(ROWS).sort());
  expect(COLUMNS.slice(0, columns.length)).toEqual(columns);
  expect(COLUMNS.slice(columns.length, columns.length + changing.length)).toEqual(changing);
  const declared = new Set(words([...Object.values(EXTENSION_COLUMNS), ...Object.values(EXTENSION_COMMANDS).flat()].join(' ')));
  expect(extensions.filter((column) => !declared.has(column))).toEqual([]);
});

it('IA-082 reports the first column that is violated', () => {
  expect(verdict('add-server', ['pe', 'numeric'])).toBe("Illegal 'numeric' option with the 'add-server' command");
  expect(verdict('add-server', ['pe'])).toBe("You need to supply the 'service-address' option for the 'add-server' command");
});
