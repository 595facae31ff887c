// SPDX-License-Identifier: Apache-2.0
// What is written from the option table: man pages, completions, docs/ipvsadm.md.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { inline, section } from '../../scripts/docs/roff.mjs';
import { loadObjects, loadTable } from '../../scripts/docs/table.mjs';
import { outdated } from '../../scripts/generate-docs.mjs';

const root = path.join(import.meta.dirname, '../..');
const pages = ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'].map((name) => path.join(root, `man/man8/${name}.8`));

it('IB-16 IB-15 DB-18 DB-19 files are as old as the option table (npm run docs)', async () => {
  expect((await outdated()).map(([file]) => file)).toEqual([]);
});

describe('IB-16 man pages', () => {
  it('have nothing that mandoc warns of', () => {
    const { status, stdout } = spawnSync('mandoc', ['-Tlint', '-W', 'warning', ...pages], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  });

  it('show every command and option that is not hidden', async () => {
    const { COMMANDS, OPTIONS } = await loadTable();
    const { stdout } = spawnSync('mandoc', ['-Tutf8', '-Owidth=200', pages[0]], { encoding: 'utf8' });
    const text = stdout.replace(/.\u0008/g, '');
    for (const { long, short, hidden } of [...COMMANDS, ...OPTIONS]) {
      const term = new RegExp(`^ {5,8}${short === undefined ? '' : `-${short}, `}(-l, )?--${long}\\b`, 'm');
      if (hidden === true) expect(text).not.toMatch(term);
      else expect(text).toMatch(term);
    }
    for (const title of ['SYNOPSIS', 'EXTENSIONS', 'EXIT STATUS', 'ENVIRONMENT', 'FILES', 'EXAMPLES']) expect(text).toContain(`\n${title}\n`);
  });
});

describe('DB-19 man pages of dpip', () => {
  const folder = path.join(root, 'man/man8');
  const shown = (name) => spawnSync('mandoc', ['-Tutf8', '-Owidth=200', path.join(folder, name)], { encoding: 'utf8' }).stdout.replace(/.\u0008/g, '');

  it('are one for each object, in the package, and mandoc warns of nothing', async () => {
    const { OBJECTS } = await loadObjects();
    const names = readdirSync(folder).filter((name) => name.startsWith('dpip'));
    expect(names.sort()).toEqual(['dpip.8', ...OBJECTS.map(({ name }) => `dpip-${name}.8`)].sort());
    const { status, stdout } = spawnSync('mandoc', ['-Tlint', '-W', 'warning', ...names.map((name) => path.join(folder, name))], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
    const { man } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    expect(man).toEqual(expect.arrayContaining(names.map((name) => `man/man8/${name}`)));
  });

  it('have every option, and the grammar of every verb as the help has it', async () => {
    const { OBJECTS, OPTION_ROWS, usageOfVerb } = await loadObjects();
    const main = shown('dpip.8');
    for (const { short, long } of OPTION_ROWS) expect(main).toMatch(new RegExp(`^ +${[...(short === '' ? [] : [`-${short}`]), ...long.map((name) => `--${name}`)].join(', ')}`, 'm'));
    for (const object of OBJECTS) {
      const text = shown(`dpip-${object.name}.8`).replaceAll(/\s+/g, ' ');
      for (const verb of Object.keys(object.verbs)) expect(text).toMatch(new RegExp(` ${object.name} ${verb}[| ]`));
      for (const spec of Object.values(object.verbs)) expect(text).toContain(usageOfVerb(spec).replaceAll(/\s+/g, ' '));
      for (const title of ['SYNOPSIS', 'DESCRIPTION', 'EXAMPLES', 'SEE ALSO']) expect(text).toContain(title);
    }
  });
});

describe('roff', () => {
  it('takes no character for a request or an escape', () => {
    expect(inline("a\\n -x 'q' `g` *bold -b* _it_ snake_case_name")).toBe('a\\en \\-x \\(aqq\\(aq \\(gag\\(ga \\fBbold \\-b\\fR \\fIit\\fR snake_case_name');
    expect(section('T', '.TH is text\n\n    .SH too')).toBe('.SH T\n\\&.TH is text\n.PP\n.RS 4\n.nf\n\\&.SH too\n.fi\n.RE\n');
  });
});

it('docs/ipvsadm.md says what others make of each option, and with what extensions go', async () => {
  const { COMMANDS, OPTIONS } = await loadTable();
  const text = readFileSync(path.join(root, 'docs/ipvsadm.md'), 'utf8');
  for (const { long, hidden } of [...COMMANDS, ...OPTIONS]) {
    const row = new RegExp(`^\\| \`--${long}[, \`]`, 'gm');
    expect([long, text.match(row)?.length ?? 0]).toEqual([long, hidden === true ? 0 : 1]);
  }
  expect(text).toContain('| `--fullnat, -b` | NAT of both ends; between IPv6 and IPv4 too | -b: scheduler flags | yes | the meaning of DPVS |');
});
