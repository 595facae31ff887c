// SPDX-License-Identifier: Apache-2.0
// Writes what is made from the tables of the commands: man pages, completions, the tables of docs/ipvsadm.md.
// With --check it writes nothing and fails when a file is not what it would write.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { dpipPages } from './docs/dpip.mjs';
import { manPages } from './docs/man.mjs';
import { withReference } from './docs/reference.mjs';
import { loadObjects, loadTable } from './docs/table.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const REFERENCE = 'docs/ipvsadm.md';

function read(file) {
  try {
    return readFileSync(path.join(root, file), 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return '';
  }
}

/** Texts of all generated files by name. */
export async function generate() {
  const table = await loadTable();
  const objects = await loadObjects();
  return {
    ...manPages(table),
    ...dpipPages(objects),
    'completions/dpip.bash': objects.completionOf('bash'),
    'completions/_dpip': objects.completionOf('zsh'),
    'completions/dpip.fish': objects.completionOf('fish'),
    'completions/ipvsadm.bash': table.bashCompletion(),
    'completions/_ipvsadm': table.zshCompletion(),
    'completions/ipvsadm.fish': table.fishCompletion(),
    [REFERENCE]: withReference(read(REFERENCE), table),
  };
}

/** Names of files that are not what they should be. */
export async function outdated() {
  return Object.entries(await generate()).filter(([file, text]) => read(file) !== text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const old = await outdated();
  if (process.argv.includes('--check')) {
    for (const [file] of old) process.stderr.write(`${file} is older than the tables of the commands; run: npm run docs\n`);
    if (old.length > 0) process.exitCode = 1;
  } else {
    for (const [file, text] of old) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
      process.stdout.write(`${file}: written\n`);
    }
  }
}
