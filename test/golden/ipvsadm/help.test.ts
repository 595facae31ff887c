// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { COMMANDS, OPTIONS, type CommandRow, type OptionRow } from '../../../src/cli/ipvsadm/options';
import { ipvsadm } from './run';

const noDaemon = {
  request: () => {
    throw new Error('the help needs no daemon');
  },
};

/** Lines of the help by the title above them. */
async function sections(): Promise<Map<string, string[]>> {
  const { stdout, code, stderr } = await ipvsadm(['-h'], noDaemon);
  expect([code, stderr]).toEqual([0, '']);
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of stdout.split('\n').slice(1)) {
    if (/^[A-Z]\w+:$/.test(line)) found.set(line, (lines = []));
    else lines.push(line);
  }
  return found;
}

it('IA-124 the version is the second word of one line, behind the name', async () => {
  const { stdout, code } = await ipvsadm(['-v'], noDaemon);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ipvsadm v\d+\.\d+\.\d+ \d{4}\/\d{1,2}\/\d{1,2} \(.*\)\n$/);
  expect((await ipvsadm(['-h'], noDaemon)).stdout.startsWith(stdout)).toBe(true);
});

describe('IA-125 the help', () => {
  const rows: readonly (CommandRow | OptionRow)[] = [...COMMANDS, ...(OPTIONS as readonly OptionRow[])];
  const isCommand = (row: CommandRow | OptionRow): boolean => 'id' in row;

  it('has its sections in the order of old, extensions behind them', async () => {
    expect([...(await sections()).keys()]).toEqual(['Usage:', 'Commands:', 'Options:', 'Extensions:']);
  });

  it.each([
    ['Commands:', (row: CommandRow | OptionRow) => isCommand(row) && row.extension !== true],
    ['Options:', (row: CommandRow | OptionRow) => !isCommand(row) && row.extension !== true],
    ['Extensions:', (row: CommandRow | OptionRow) => row.extension === true],
  ])('lists under %s what belongs there, with its letter, and nothing that is hidden', async (title, belongs) => {
    const names = ((await sections()).get(title) ?? []).flatMap((line) => /^ {2}(--[\w-]+(?:, -\w)?)/.exec(line)?.[1] ?? []);
    const wanted = rows.filter((row) => row.hidden !== true && belongs(row));
    expect(names).toEqual(wanted.map(({ short, long }) => `--${long}${short === undefined ? '' : `, -${short}`}`));
  });

  it('explains values of --dest-check in the three lines below it', async () => {
    const lines = (await sections()).get('Options:') ?? [];
    const at = lines.findIndex((line) => line.startsWith('  --dest-check'));
    const text = lines.slice(at, at + 4).join('\n');
    for (const value of ['disable', 'default', 'DOWN,UP,WAITs,MIN-MAXs', 'tcp, udp, sctp or ping']) expect(text).toContain(value);
  });
});
