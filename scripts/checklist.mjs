// SPDX-License-Identifier: Apache-2.0
// npm run checklist [-- --missing] [ipvsadm|dataplane]: the rows of the checklists and the tests that prove them, as a table in
// Markdown; --missing: only the ids that no test names. Fails when there are any.
import { parseArgs } from 'node:util';
import { CHECKLISTS, checklist, mentions } from './lib/checklist.mjs';

const { values, positionals } = parseArgs({ options: { missing: { type: 'boolean' } }, allowPositionals: true });
const names = positionals.length > 0 ? positionals : CHECKLISTS;
const stranger = names.find((name) => !CHECKLISTS.includes(name));
if (stranger !== undefined) {
  process.stderr.write(`no checklist ${stranger}: there are ${CHECKLISTS.join(' and ')}\n`);
  process.exit(2);
}
const found = mentions();
const rows = names.flatMap(checklist).map((row) => ({ ...row, tests: found.filter(({ id }) => id === row.id) }));
const missing = rows.filter(({ tests }) => tests.length === 0);

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** One line for each file, with its first test of a row. */
function byFile(tests) {
  return [...new Set(tests.map(({ file }) => file))].map((file) => {
    const [{ title }, ...more] = tests.filter((test) => test.file === file);
    return `${file}: ${title}${more.length > 0 ? ` (and ${more.length} more)` : ''}`;
  });
}

if (values.missing) {
  for (const { id, feature } of missing) process.stdout.write(`${id} ${feature}\n`);
} else {
  process.stdout.write('| id | feature | tests |\n| --- | --- | --- |\n');
  for (const { id, feature, tests } of rows) {
    process.stdout.write(`| ${id} | ${cell(feature)} | ${tests.length === 0 ? '**none**' : byFile(tests).map(cell).join('<br>')} |\n`);
  }
}
process.stderr.write(`${rows.length} rows, ${missing.length} without a test\n`);
if (missing.length > 0) process.exitCode = 1;
